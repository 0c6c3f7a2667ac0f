use super::*;
use crate::diagnosis::observed::{Observation, Question};
use crate::diagnosis::wording::say;
use crate::diagnosis::{AskFailure, Verdict, diagnose, questions as all_questions};
use crate::records::DomainName;
use crate::records::plan::{CnameOffer, PlanInput, SendingProfile, plan};

/// Judges DMARC of `mail.example.com`; each line of `zone` is a name and its TXT, `!` stands for a timeout.
fn judged(zone: &[(&str, &str)]) -> (Verdict, Vec<Finding>, bool) {
    let domain = DomainName::parse("mail.example.com").expect("a name");
    let profile = SendingProfile { return_path: CnameOffer::parse("bounce rp.mta.example").ok(), ..Default::default() };
    let plan =
        plan(&PlanInput { domain: &domain, profile: &profile, keys: &[], older_keys: &[], is_mx_required: None });
    let mut observed = Observed::default();
    loop {
        let asks = all_questions(&plan, &observed);
        if asks.is_empty() {
            break;
        }
        for ask in asks {
            let reply = answer(&ask.question, zone);
            observed.replies.insert(ask.question, Observation { servers: Vec::new(), resolver: Some(reply) });
        }
    }
    let diagnosis = diagnose(&plan, &observed);
    let record = diagnosis.records.into_iter().find(|record| record.key == RecordKey::Dmarc).expect("it is planned");
    (record.verdict, record.findings, record.is_inherited)
}

fn answer(question: &Question, zone: &[(&str, &str)]) -> Reply {
    let here = zone.iter().filter(|(name, _)| question.rtype == RecordType::Txt && *name == question.name.as_str());
    let texts: Vec<&str> = here.map(|(_, text)| *text).collect();
    match texts.as_slice() {
        [] => Reply { answer: Answer::NoData, aliases: Vec::new(), ttl_s: 60 },
        ["!"] => Reply::failed(AskFailure::Timeout),
        texts => Reply::found(texts.iter().map(|text| RecordData::Txt(vec![text.as_bytes().to_vec()])).collect(), 60),
    }
}

/// A zone's texts by name, and what is to be said of them.
type World<'a> = (Vec<(&'a str, &'a str)>, Verdict, Vec<Code>);

const OWN: &str = "_dmarc.mail.example.com";
const ABOVE: &str = "_dmarc.example.com";
const RUA: &str = "rua=mailto:a@mail.example.com";

#[test]
fn each_world_gets_its_verdict_and_codes() {
    let with_rua = |tags: &str| format!("v=DMARC1; {tags}; {RUA}");
    let (reject, weak, strict) = (with_rua("p=reject"), with_rua("p=reject; sp=none"), with_rua("p=reject; aspf=s"));
    let (bad, pct) = (with_rua("p=reject; adkim=x"), with_rua("p=reject; pct=50"));
    let elsewhere = "v=DMARC1; p=reject; rua=mailto:a@reports.example";
    let quoted = format!("\"{reject}\"");
    let cases: Vec<World<'_>> = vec![
        (vec![], Verdict::Missing, vec![Code::DmarcMissing]),
        (vec![(OWN, "hello")], Verdict::Missing, vec![Code::DmarcMissing]),
        (vec![(OWN, &reject)], Verdict::Pass, vec![]),
        (vec![(OWN, "v=DMARC1; p=none")], Verdict::Pass, vec![Code::DmarcNotEnforced, Code::DmarcNoReports]),
        (vec![(OWN, &reject), (OWN, &weak)], Verdict::Conflict, vec![Code::DmarcMultiple]),
        (
            vec![(OWN, &reject), (OWN, &weak), (ABOVE, &reject)],
            Verdict::Warn,
            vec![Code::DmarcMultiple, Code::DmarcInherited],
        ),
        (vec![(ABOVE, &reject)], Verdict::Pass, vec![Code::DmarcInherited]),
        (
            vec![(ABOVE, &weak)],
            Verdict::Warn,
            vec![Code::DmarcInherited, Code::DmarcWeakSubdomain, Code::DmarcNotEnforced],
        ),
        (vec![(OWN, &weak), (ABOVE, &reject)], Verdict::Pass, vec![]),
        (vec![(ABOVE, "!")], Verdict::Unknown, vec![Code::DnsTimeout]),
        (vec![(OWN, &reject), (ABOVE, "!")], Verdict::Pass, vec![]),
        (vec![(ABOVE, "v=DMARC1; p=block")], Verdict::Mismatch, vec![Code::DmarcSyntax]),
        (vec![(OWN, "v=DMARC1; p=block")], Verdict::Mismatch, vec![Code::DmarcSyntax]),
        (vec![(OWN, "v=DMARC1 p=none")], Verdict::Mismatch, vec![Code::DmarcSyntax]),
        (
            vec![(OWN, "v=DMARC1 p=none"), (ABOVE, &reject)],
            Verdict::Warn,
            vec![Code::DmarcSyntax, Code::DmarcInherited],
        ),
        (vec![(OWN, &quoted)], Verdict::Mismatch, vec![Code::ValueQuoted]),
        (vec![(OWN, &bad)], Verdict::Warn, vec![Code::DmarcSyntax]),
        (vec![(OWN, &pct)], Verdict::Pass, vec![Code::DmarcObsoleteTag]),
        (vec![(OWN, &strict)], Verdict::Warn, vec![Code::DmarcStrictAlignment]),
        (vec![(OWN, elsewhere)], Verdict::Warn, vec![Code::DmarcReportUnauthorized]),
        (
            vec![(OWN, elsewhere), ("mail.example.com._report._dmarc.reports.example", "v=DMARC1")],
            Verdict::Pass,
            vec![],
        ),
        (vec![(OWN, elsewhere), ("mail.example.com._report._dmarc.reports.example", "!")], Verdict::Pass, vec![]),
    ];
    for (zone, verdict, codes) in cases {
        let (seen, findings, is_inherited) = judged(&zone);
        let seen_codes: Vec<Code> = findings.iter().map(|finding| finding.code).collect();
        assert_eq!((seen, &seen_codes), (verdict, &codes), "{zone:?}");
        assert_eq!(is_inherited, codes.contains(&Code::DmarcInherited), "{zone:?}");
        for finding in &findings {
            let sentences = say(finding);
            assert!(sentences.summary.contains(' ') && !sentences.summary.contains("{$"), "{finding:?}: {sentences:?}");
            assert!(!finding.is_error() || sentences.fix.is_some() && finding.suggested_value.is_some(), "{finding:?}");
        }
    }
}

#[test]
fn of_several_records_the_strictest_is_kept() {
    let (_, findings, _) = judged(&[(OWN, "v=DMARC1; p=none"), (OWN, "v=DMARC1; p=reject")]);
    assert_eq!(findings[0].suggested_value.as_deref(), Some("v=DMARC1; p=reject"));
}

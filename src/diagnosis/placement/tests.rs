//! Records put elsewhere, and MX and CNAME records, judged from small worlds.

use super::super::observed::{Answer, Observation, Question};
use super::super::{Diagnosis, RecordDiagnosis, diagnose};
use super::values::{without_blanks, without_quotes};
use super::*;
use crate::records::DomainName;
use crate::records::plan::{BounceMx, CnameOffer, PlanInput, SendingProfile, plan};

fn mail_plan() -> Plan {
    let host = |text: &str| DomainName::parse(text).unwrap();
    let profile = SendingProfile {
        mx: Some(BounceMx { priority: 10, host: host("bounce.mta.example") }),
        return_path: Some(CnameOffer { label: "rp".into(), target: host("rp.mta.example") }),
        ..SendingProfile::default()
    };
    let domain = host("mail.example.com");
    plan(&PlanInput { domain: &domain, profile: &profile, keys: &[], older_keys: &[], is_mx_required: Some(true) })
}

fn txt(text: &str) -> RecordData {
    RecordData::Txt(vec![text.as_bytes().to_vec()])
}

fn to(host: &str) -> RecordData {
    RecordData::Mx { preference: 10, exchange: OwnerName::new(host) }
}

fn alias(host: &str) -> RecordData {
    RecordData::Cname(OwnerName::new(host))
}

/// Answers every question that is asked out of `world`, whatever is not there with no data.
fn look(plan: &Plan, world: &[(&str, RecordType, RecordData)]) -> Diagnosis {
    let mut observed = Observed::default();
    loop {
        let asks = super::super::questions(plan, &observed);
        if asks.is_empty() {
            return diagnose(plan, &observed);
        }
        for ask in asks {
            let reply = answer(world, &ask.question);
            observed.replies.insert(ask.question, Observation { servers: Vec::new(), resolver: Some(reply) });
        }
    }
}

fn answer(world: &[(&str, RecordType, RecordData)], question: &Question) -> Reply {
    let at = |name: &str| question.name.as_str() == name;
    let records: Vec<RecordData> = world
        .iter()
        .filter(|(name, rtype, _)| at(name) && *rtype == question.rtype)
        .map(|(.., data)| data.clone())
        .collect();
    let answer = if records.is_empty() { Answer::NoData } else { Answer::Found(records) };
    Reply { answer, aliases: Vec::new(), ttl_s: 60 }
}

fn record<'a>(diagnosis: &'a Diagnosis, key: &str) -> &'a RecordDiagnosis {
    diagnosis.records.iter().find(|record| record.key.to_string() == key).expect("the plan has the record")
}

#[test]
fn mail_hosts_are_told_apart() {
    let cases: &[(&[&str], &[&str], Verdict, bool)] = &[
        (&[], &["mx-missing"], Verdict::Missing, false),
        (&["bounce.mta.example"], &[], Verdict::Pass, false),
        (&["bounce.mta.example", "mx.other.test"], &["mx-others"], Verdict::Warn, true),
        (&["mx.other.test"], &["mx-wrong-target"], Verdict::Mismatch, true),
        (&["bounce.mta.example.example.com"], &["mx-wrong-target--appended"], Verdict::Mismatch, false),
        (&["bounces.mta.example"], &["mx-wrong-target--mistyped"], Verdict::Mismatch, false),
        (&["192.0.2.1"], &["mx-wrong-target--address"], Verdict::Mismatch, false),
        (&[""], &["mx-wrong-target--null"], Verdict::Mismatch, false),
    ];
    for (hosts, codes, verdict, is_elsewhere) in cases {
        let mut world: Vec<_> = hosts.iter().map(|host| ("mail.example.com", RecordType::Mx, to(host))).collect();
        world.push(("bounce.mta.example", RecordType::A, RecordData::A([192, 0, 2, 25].into())));
        let diagnosis = look(&mail_plan(), &world);
        let mx = record(&diagnosis, "mx");
        assert_eq!(ids(&mx.findings), *codes, "{hosts:?}");
        assert_eq!((mx.verdict, diagnosis.has_mail_elsewhere), (*verdict, Some(*is_elsewhere)), "{hosts:?}");
    }
}

#[test]
fn mail_that_lives_elsewhere_is_no_error_once_our_host_is_not_required() {
    let mut plan = mail_plan();
    plan.records.iter_mut().filter(|record| record.key.purpose() == "mx").for_each(|mx| mx.is_required = false);
    let diagnosis = look(&plan, &[("mail.example.com", RecordType::Mx, to("mx.other.test"))]);
    assert_eq!(ids(&record(&diagnosis, "mx").findings), ["mx-others--elsewhere"]);
    assert_eq!(record(&diagnosis, "mx").verdict, Verdict::Warn);
    assert_eq!(ids(&diagnosis.findings), ["existing-mail"]);
}

#[test]
fn aliases_are_told_apart() {
    use RecordType::{A, Cname, Mx, Txt};
    let address = || RecordData::A([192, 0, 2, 1].into());
    let rp = "rp.mail.example.com";
    let cases = [
        (vec![], vec!["cname-missing"]),
        (vec![(rp, Cname, alias("rp.mta.example"))], vec![]),
        (vec![(rp, Cname, alias("rp.other.test"))], vec!["cname-wrong-target"]),
        (vec![(rp, Cname, alias("rp.mta.example.example.com"))], vec!["cname-wrong-target--appended"]),
        (vec![(rp, Cname, alias("rp.mta.example")), (rp, Txt, txt("x"))], vec!["cname-conflict"]),
        (vec![(rp, A, address())], vec!["cname-proxied"]),
        (vec![(rp, Txt, txt("x"))], vec!["cname-missing--occupied"]),
        (vec![(rp, Txt, txt("rp.mta.example"))], vec!["wrong-type"]),
        (vec![(rp, Mx, to("rp.mta.example"))], vec!["wrong-type"]),
        (vec![("rp.mail.example.com.example.com", Cname, alias("rp.mta.example"))], vec!["name-doubled"]),
        (vec![("rp.example.com", Cname, alias("rp.mta.example"))], vec!["wrong-host--above"]),
    ];
    for (world, codes) in cases {
        assert_eq!(ids(&record(&look(&mail_plan(), &world), "return-path").findings), codes, "{world:?}");
    }
}

#[test]
fn a_policy_put_elsewhere_is_found() {
    use RecordType::{Cname, Txt};
    let policy = || txt("v=DMARC1; p=none");
    let cases = [
        ("_dmarc.mail.example.com.example.com", Txt, policy(), "name-doubled"),
        ("mail.example.com", Txt, policy(), "wrong-host--itself"),
        ("dmarc.mail.example.com", Txt, policy(), "wrong-host--underscore"),
        ("_dmarc.mail.mail.example.com", Txt, policy(), "wrong-host--subdomain-twice"),
        ("_dmarc.mail.example.com", Cname, alias("v=dmarc1;\\032p=none.example.com"), "wrong-type"),
    ];
    for (name, rtype, data, code) in cases {
        let plan = mail_plan();
        let dmarc = plan.records.iter().find(|record| record.key.purpose() == "dmarc").expect("always planned");
        let reply = answer(&[], &Question::new(dmarc.owner.clone(), Txt));
        let mut observed = Observed::default();
        let seen = Observation { servers: Vec::new(), resolver: Some(Reply::found(vec![data], 60)) };
        observed.replies.insert(Question::new(OwnerName::new(name), rtype), seen);
        let case =
            Case { plan: &plan, record: dmarc, reply: &reply, observed: &Gathered::of(&observed), depth: Depth::Whole };
        let mut judgement = Judgement { findings: vec![Finding::error(Code::DmarcMissing)], ..Judgement::default() };
        explain(&case, &mut judgement);
        assert_eq!(ids(&judgement.findings), [code], "{name}");
        assert_eq!(judgement.findings[0].suggested_value.as_deref(), Some("v=DMARC1; p=none"), "{name}");
    }
}

#[test]
fn what_was_typed_elsewhere_is_offered_as_it_stands_there_unless_it_serves_that_place() {
    use RecordType::Txt;
    let mut plan = mail_plan();
    let spf = plan.records.iter_mut().find(|record| record.key.purpose() == "spf").expect("always planned");
    let mechanisms = crate::records::spf::ProfileMechanism::parse_list("ip4:192.0.2.0/24").unwrap();
    spf.wanted = Wanted::Spf { mechanisms };
    for (name, offered) in [
        ("mail.example.com.example.com", "v=spf1 mx ip4:192.0.2.0/24 -all"),
        ("example.com", "v=spf1 ip4:192.0.2.0/24 ~all"),
    ] {
        let diagnosis = look(&plan, &[(name, Txt, txt("\"v=spf1  mx ip4:192.0.2.0/24 -all\""))]);
        let found = &record(&diagnosis, "spf").findings[0];
        assert_eq!(found.suggested_value.as_deref(), Some(offered), "{name}: {found:?}");
    }
    let diagnosis = look(&plan, &[("rp.mail.example.com.example.com", RecordType::Cname, alias("rp.mta.example"))]);
    let found = &record(&diagnosis, "return-path").findings[0];
    assert_eq!(found.suggested_value.as_deref(), Some("rp.mta.example"));
}

#[test]
fn quotes_and_blanks_that_break_a_value_are_taken_off() {
    assert_eq!(without_quotes("“v=spf1 -all\\”".as_bytes()), b"v=spf1 -all");
    assert_eq!(without_blanks("\u{a0}v=spf1\n -all\u{200b} ".as_bytes()), b"v=spf1 -all");
}

#[test]
fn a_wildcard_that_does_not_do_the_job_is_called_one() {
    let names = ["rp.mail.example.com", "wildcard-test-.mail.example.com"];
    let world = names.map(|name| (name, RecordType::Cname, alias("parking.test")));
    let diagnosis = look(&mail_plan(), &world);
    assert_eq!(ids(&record(&diagnosis, "return-path").findings).first().map(String::as_str), Some("wildcard"));
}

#[test]
fn every_finding_of_these_worlds_can_be_said_and_errors_say_what_to_do() {
    let world = [("mail.example.com", RecordType::Mx, to("mx.other.test"))];
    let diagnosis = look(&mail_plan(), &world);
    for finding in diagnosis.records.iter().flat_map(|record| &record.findings).chain(&diagnosis.findings) {
        let sentences = wording::say(finding);
        assert!(!sentences.summary.contains('{'), "{sentences:?}");
        assert!(sentences.fix.is_some() || !finding.is_error(), "{finding:?}");
    }
}

fn ids(findings: &[Finding]) -> Vec<String> {
    let id = |finding: &Finding| match &finding.variant {
        Some(variant) => format!("{}--{variant}", finding.code.as_str()),
        None => finding.code.as_str().to_owned(),
    };
    findings.iter().map(id).collect()
}

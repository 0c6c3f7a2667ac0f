use proptest::prelude::*;

use super::*;
use crate::diagnosis::observed::{Answer, Observation, Question};
use crate::diagnosis::wording::say;
use crate::diagnosis::{AskFailure, Observed, RecordDiagnosis, Reply, Verdict, diagnose, questions as all_questions};
use crate::records::DomainName;
use crate::records::dmarc::DmarcOffer;
use crate::records::plan::{CnameOffer, PlanInput, SendingProfile, plan};

/// `mail.example.com` with a return path at `bounce` below it.
fn profile() -> SendingProfile {
    SendingProfile { return_path: CnameOffer::parse("bounce rp.mta.example").ok(), ..Default::default() }
}

/// Judges DMARC; each line of `zone` is a name and its TXT: `!` stands for a timeout, `-` for a name that does not exist.
fn looked(domain: &str, profile: &SendingProfile, zone: &[(&str, &str)]) -> RecordDiagnosis {
    let domain = DomainName::parse(domain).expect("a name");
    looked_at(&plan(&PlanInput { domain: &domain, profile, keys: &[], older_keys: &[], is_mx_required: None }), zone)
}

fn looked_at(plan: &Plan, zone: &[(&str, &str)]) -> RecordDiagnosis {
    let mut observed = Observed::default();
    loop {
        let asks = all_questions(plan, &observed);
        if asks.is_empty() {
            break;
        }
        for ask in asks {
            let reply = answer(&ask.question, zone);
            observed.replies.insert(ask.question, Observation { servers: Vec::new(), resolver: Some(reply) });
        }
    }
    let records = diagnose(plan, &observed).records;
    records.into_iter().find(|record| record.key == RecordKey::Dmarc).expect("it is planned")
}

fn answer(question: &Question, zone: &[(&str, &str)]) -> Reply {
    let here = zone.iter().filter(|(name, _)| question.rtype == RecordType::Txt && *name == question.name.as_str());
    let texts: Vec<&str> = here.map(|(_, text)| *text).collect();
    match texts.as_slice() {
        [] => Reply { answer: Answer::NoData, aliases: Vec::new(), ttl_s: 60 },
        ["-"] => Reply { answer: Answer::NoSuchName, aliases: Vec::new(), ttl_s: 60 },
        ["!"] => Reply::failed(AskFailure::Timeout),
        texts => Reply::found(texts.iter().map(|text| RecordData::Txt(vec![text.as_bytes().to_vec()])).collect(), 60),
    }
}

fn ids(findings: &[Finding]) -> Vec<String> {
    let id = |finding: &Finding| match &finding.variant {
        Some(variant) => format!("{}--{variant}", finding.code.as_str()),
        None => finding.code.as_str().to_owned(),
    };
    findings.iter().map(id).collect()
}

const OWN: &str = "_dmarc.mail.example.com";
const ABOVE: &str = "_dmarc.example.com";
const RUA: &str = "rua=mailto:a@mail.example.com";

/// Every sentence is there; an error says what to do; what is offered passes where nothing else stands at the name.
fn check_findings(seen: &RecordDiagnosis, zone: &[(&str, &str)]) {
    for finding in &seen.findings {
        let sentences = say(finding);
        assert!(sentences.summary.contains(' ') && sentences.why.is_some(), "{finding:?}");
        assert!(!finding.is_error() || sentences.fix.is_some() && finding.suggested_value.is_some(), "{finding:?}");
        if let Some(value) = &finding.suggested_value {
            let others = zone.iter().filter(|(name, _)| *name != OWN).copied();
            let mended: Vec<(&str, &str)> = others.chain([(OWN, value.as_str())]).collect();
            let again = looked("mail.example.com", &profile(), &mended);
            assert!(again.verdict.is_good(), "{value}: {again:?}");
            let is_gone =
                !again.findings.iter().any(|other| (other.code, &other.variant) == (finding.code, &finding.variant));
            assert!(is_gone, "{value} still has {finding:?}");
        }
    }
}

/// A zone, the verdict, and the id of every finding but the remarks on `p=none` and `rua`.
type World<'a> = (Vec<(&'a str, &'a str)>, Verdict, Vec<&'a str>);

fn check(cases: &[World<'_>]) {
    for (zone, verdict, wanted) in cases {
        let seen = looked("mail.example.com", &profile(), zone);
        let is_remark = |id: &String| id.starts_with("dmarc-not-enforced") || id == "dmarc-no-reports";
        let told: Vec<String> = ids(&seen.findings).into_iter().filter(|id| !is_remark(id)).collect();
        assert_eq!((seen.verdict, &told), (*verdict, &wanted.iter().map(|id| (*id).to_owned()).collect()), "{zone:?}");
        assert_eq!(seen.is_inherited, wanted.iter().any(|id| id.starts_with("dmarc-inherited")), "{zone:?}");
        check_findings(&seen, zone);
    }
}

fn with_rua(tags: &str) -> String {
    format!("v=DMARC1; {tags}; {RUA}")
}

#[test]
fn a_record_of_its_own_goes_before_any_other() {
    let reject = with_rua("p=reject");
    check(&[
        (vec![(OWN, &reject)], Verdict::Pass, vec![]),
        (vec![(OWN, "v=DMARC1; p=none")], Verdict::Pass, vec![]),
        (vec![(OWN, "v=DMARC1")], Verdict::Pass, vec![]),
        (vec![(OWN, &reject), (ABOVE, "!")], Verdict::Pass, vec![]),
        (vec![(OWN, &reject), (OWN, "hello"), (OWN, "v=spf1 -all")], Verdict::Pass, vec![]),
        (vec![(OWN, &reject), (OWN, "v=dmarc1; p=none")], Verdict::Pass, vec![]),
        (vec![(OWN, &with_rua("p=reject; sp=none")), (ABOVE, &reject)], Verdict::Pass, vec![]),
        (vec![(OWN, &with_rua("p=reject; sp=none"))], Verdict::Warn, vec!["dmarc-weak-subdomain--own"]),
        (vec![(OWN, &with_rua("p=reject; np=quarantine"))], Verdict::Warn, vec!["dmarc-weak-subdomain--own"]),
        (vec![(OWN, &with_rua("p=none; sp=reject; np=reject"))], Verdict::Pass, vec![]),
    ]);
}

#[test]
fn nothing_at_all_is_missing_and_a_failure_on_the_way_concludes_nothing() {
    check(&[
        (vec![], Verdict::Missing, vec!["dmarc-missing"]),
        (vec![(OWN, "hello")], Verdict::Missing, vec!["dmarc-missing--unrelated"]),
        (vec![(OWN, "v=spf1 -all")], Verdict::Missing, vec!["dmarc-missing--unrelated"]),
        (vec![(ABOVE, "!")], Verdict::Unknown, vec!["dns-timeout--beyond"]),
        (vec![("_dmarc.com", "!")], Verdict::Unknown, vec!["dns-timeout--beyond"]),
        (vec![(OWN, "v=dmarc1; p=none"), (ABOVE, "!")], Verdict::Unknown, vec!["dns-timeout--beyond"]),
        (
            vec![(OWN, "v=DMARC1"), (OWN, "v=DMARC1; p=none"), (ABOVE, "!")],
            Verdict::Unknown,
            vec!["dns-timeout--beyond"],
        ),
        // psd=n ends the walk before the name that cannot be asked.
        (vec![(ABOVE, &with_rua("p=reject; psd=n")), ("_dmarc.com", "!")], Verdict::Pass, vec!["dmarc-inherited"]),
    ]);
}

#[test]
fn an_alias_that_leads_to_no_policy_is_named_with_what_to_do_about_it() {
    let domain = DomainName::parse("mail.example.com").expect("a name");
    let plan =
        plan(&PlanInput { domain: &domain, profile: &profile(), keys: &[], older_keys: &[], is_mx_required: None });
    let mut observed = Observed::default();
    for name in dmarc_walk::names(&domain.owner()) {
        let question = Question::new(name.prefixed("_dmarc"), RecordType::Txt);
        let resolver = Some(answer(&question, &[]));
        observed.replies.insert(question, Observation { servers: Vec::new(), resolver });
    }
    let record = plan.records.iter().find(|record| record.key == RecordKey::Dmarc).expect("it is planned");
    let aliases = vec![OwnerName::new("policy.other.test")];
    let reply = Reply { answer: Answer::NoSuchName, aliases, ttl_s: 60 };
    let found = judge(&Case {
        plan: &plan,
        record,
        reply: &reply,
        observed: &Gathered::of(&observed),
        depth: crate::diagnosis::Depth::Whole,
    })
    .findings;
    assert_eq!(ids(&found), ["dmarc-missing--alias"]);
    let fix = say(&found[0]).fix.expect("an error has one");
    assert!(fix.contains("remove the CNAME with the host _dmarc.mail (to policy.other.test)"), "{fix}");
}

#[test]
fn what_receivers_do_not_take_for_a_record_says_why() {
    let above = with_rua("p=reject");
    let quoted = format!("\"{above}\"");
    for (text, id) in [
        ("v=DMARC1 p=none", "dmarc-syntax--semicolon"),
        ("v=dmarc1; p=reject", "dmarc-syntax--case"),
        ("p=reject; v=DMARC1", "dmarc-syntax--order"),
        ("p=quarantine; rua=mailto:a@mail.example.com", "dmarc-syntax--no-version"),
        ("v=DMARC2; p=none", "dmarc-syntax"),
        ("v=DMARC1; p=block", "dmarc-syntax--policy"),
        ("v=DMARC1; p=", "dmarc-syntax--policy"),
        ("v=DMARC1; p=none; sp=p", "dmarc-syntax--policy"),
    ] {
        check(&[(vec![(OWN, text)], Verdict::Mismatch, vec![id])]);
        let is_record = id.ends_with("--policy");
        let inherited = vec!["dmarc-syntax--inherited", "dmarc-inherited"];
        let (verdict, ids) = if is_record { (Verdict::Mismatch, vec![id]) } else { (Verdict::Warn, inherited) };
        check(&[(vec![(OWN, text), (ABOVE, &above)], verdict, ids)]);
    }
    check(&[
        (vec![(OWN, &quoted)], Verdict::Mismatch, vec!["value-quoted"]),
        (vec![(OWN, &format!(" {above}"))], Verdict::Mismatch, vec!["value-whitespace"]),
        (vec![(OWN, "v=DMARC1; p=none\n")], Verdict::Mismatch, vec!["value-whitespace"]),
        (vec![(ABOVE, "v=DMARC1; p=block")], Verdict::Mismatch, vec!["dmarc-syntax--above"]),
    ]);
}

#[test]
fn each_tag_that_receivers_pass_over_is_named_with_what_they_make_of_it() {
    for (tags, id) in [
        ("p=reject; adkim=relaxed", "dmarc-syntax--tag"),
        ("p=reject; t=yes; psd=x; fo=all", "dmarc-syntax--tag"),
        ("p=quarentine", "dmarc-syntax--policy-none"),
        ("p=reject; sp=block", "dmarc-syntax--policy-none"),
        ("p=reject; p=none", "dmarc-syntax--repeated"),
        ("P=reject", "dmarc-syntax--capital"),
        ("p=reject; hello", "dmarc-syntax--piece"),
        ("p=reject; ruf=a@mail.example.com", "dmarc-syntax--address"),
    ] {
        check(&[(vec![(OWN, &with_rua(tags))], Verdict::Warn, vec![id])]);
    }
    check(&[
        (
            vec![(OWN, &with_rua("p=reject; fo=1:d:s; note=ours; v=DMARC1"))],
            Verdict::Warn,
            vec!["dmarc-syntax--repeated"],
        ),
        (vec![(OWN, &with_rua("p=reject; fo=d:s; note=ours"))], Verdict::Pass, vec![]),
        (vec![(OWN, &with_rua("p=reject; pct=50; ri=1"))], Verdict::Pass, vec!["dmarc-obsolete-tag--pct"]),
        (vec![(OWN, &with_rua("p=reject; pct=100"))], Verdict::Pass, vec!["dmarc-obsolete-tag"]),
        (
            vec![(OWN, "v=DMARC1; p=reject; rua=mailto:a@mail.example.com!10m")],
            Verdict::Pass,
            vec!["dmarc-obsolete-tag--size"],
        ),
    ]);
    let seen = looked("mail.example.com", &profile(), &[(OWN, &with_rua("p=reject; adkim=relaxed"))]);
    assert_eq!(
        say(&seen.findings[0]).summary,
        "The DMARC record at _dmarc.mail.example.com has “adkim=relaxed”, which does not exist and counts as adkim=r."
    );
}

#[test]
fn a_letter_that_looks_like_another_is_shown_with_its_number() {
    for (text, shown) in [
        ("v=DMARC1; p=reject; \u{440}ua=mailto:a@mail.example.com", "“\u{440}[U+0440]ua=mailto"),
        ("v=DMARC1; p=rej\u{435}ct", "p=rej\u{435}[U+0435]ct"),
        ("v=DMAR\u{421}1; p=reject; rua=mailto:a@mail.example.com", "v=DMAR\u{421}[U+0421]1"),
    ] {
        let seen = looked("mail.example.com", &profile(), &[(OWN, text)]);
        let summary = say(&seen.findings[0]).summary;
        assert!(summary.contains(shown), "{summary}");
        check_findings(&seen, &[(OWN, text)]);
    }
}

#[test]
fn several_records_are_all_dropped() {
    let (none, reject) = (with_rua("p=none"), with_rua("p=reject; pct=10"));
    check(&[
        (vec![(OWN, &none), (OWN, &reject)], Verdict::Conflict, vec!["dmarc-multiple"]),
        (
            vec![(OWN, &none), (OWN, &reject), (ABOVE, &none)],
            Verdict::Warn,
            vec!["dmarc-multiple--inherited", "dmarc-inherited"],
        ),
        (vec![(ABOVE, &none), (ABOVE, &reject)], Verdict::Missing, vec!["dmarc-missing"]),
        (vec![(OWN, "v=DMARC1; p=x"), (OWN, "v=DMARC1; p=y")], Verdict::Conflict, vec!["dmarc-multiple"]),
    ]);
    let seen = looked("mail.example.com", &profile(), &[(OWN, &none), (OWN, &reject)]);
    assert_eq!(seen.findings[0].suggested_value.as_deref(), Some("v=DMARC1; p=reject; rua=mailto:a@mail.example.com"));
}

#[test]
fn an_inherited_policy_says_whose_it_is_and_what_it_means_here() {
    let name = "mail.example.com";
    check(&[
        (vec![(ABOVE, &with_rua("p=reject"))], Verdict::Pass, vec!["dmarc-inherited"]),
        (vec![(ABOVE, &with_rua("p=none; sp=reject"))], Verdict::Pass, vec!["dmarc-inherited--sp"]),
        (
            vec![(ABOVE, &with_rua("p=reject; sp=none"))],
            Verdict::Warn,
            vec!["dmarc-inherited--sp", "dmarc-weak-subdomain"],
        ),
        (vec![(ABOVE, &with_rua("p=reject; np=none"))], Verdict::Pass, vec!["dmarc-inherited"]),
        (
            vec![(ABOVE, &with_rua("p=reject; np=none")), (name, "-")],
            Verdict::Warn,
            vec!["dmarc-inherited--np", "dmarc-weak-subdomain"],
        ),
        (
            vec![(ABOVE, &with_rua("p=reject; sp=none; np=reject")), (name, "-")],
            Verdict::Pass,
            vec!["dmarc-inherited--np"],
        ),
        (vec![("_dmarc.com", &with_rua("p=reject; psd=y"))], Verdict::Pass, vec!["dmarc-inherited--suffix"]),
        (vec![(ABOVE, &with_rua("p=block"))], Verdict::Warn, vec!["dmarc-syntax--above-none", "dmarc-inherited"]),
    ]);
    let summary = |zone: &[(&str, &str)]| say(&looked(name, &profile(), zone).findings[0]).summary;
    let sp = with_rua("p=reject; sp=quarantine; np=reject");
    assert_eq!(
        summary(&[(ABOVE, &sp)]),
        "The DMARC policy that example.com has for the names below it (sp) applies to mail.example.com: quarantine."
    );
    assert_eq!(
        summary(&[(ABOVE, &sp), (name, "-")]),
        "The DMARC policy that example.com has for names that do not exist (np) applies to mail.example.com: reject."
    );
    assert_eq!(
        summary(&[(ABOVE, &with_rua("p=reject; t=y"))]),
        "The DMARC policy of example.com applies to mail.example.com: quarantine."
    );
}

#[test]
fn what_is_asked_of_receivers_is_told() {
    for (tags, id) in [
        ("p=none", Some("dmarc-not-enforced")),
        ("sp=reject", Some("dmarc-not-enforced")),
        ("p=quarantine; t=y", Some("dmarc-not-enforced--test")),
        ("p=reject; t=y", None),
        ("p=quarantine", None),
    ] {
        let seen = looked("mail.example.com", &profile(), &[(OWN, &with_rua(tags))]);
        let told = ids(&seen.findings).into_iter().find(|id| id.starts_with("dmarc-not-enforced"));
        assert_eq!((seen.verdict, told.as_deref()), (Verdict::Pass, id), "{tags}");
    }
    let reports = |text: &str| ids(&looked("mail.example.com", &profile(), &[(OWN, text)]).findings);
    assert_eq!(reports("v=DMARC1; p=reject"), ["dmarc-no-reports"]);
    assert_eq!(reports("v=DMARC1; p=reject; ruf=mailto:a@mail.example.com"), ["dmarc-no-reports"]);
    assert_eq!(
        reports("v=DMARC1; p=reject; rua=https://mail.example.com/"),
        ["dmarc-syntax--address", "dmarc-no-reports"]
    );
}

/// MAIL FROM is the domain itself, or the return path below it; `d=` of our signatures is the domain itself.
#[test]
fn strict_alignment_fails_our_spf_only_where_there_is_a_return_path() {
    let (aspf, adkim) = (with_rua("p=reject; aspf=s"), with_rua("p=reject; adkim=s"));
    check(&[
        (vec![(OWN, &aspf)], Verdict::Warn, vec!["dmarc-strict-alignment--own"]),
        (vec![(OWN, &adkim)], Verdict::Pass, vec![]),
        (vec![(ABOVE, &aspf)], Verdict::Warn, vec!["dmarc-inherited", "dmarc-strict-alignment--inherited"]),
        (vec![(ABOVE, &adkim)], Verdict::Pass, vec!["dmarc-inherited"]),
        (vec![(OWN, &with_rua("p=reject; psd=y"))], Verdict::Warn, vec!["dmarc-strict-alignment--suffix"]),
        (vec![(OWN, &with_rua("p=reject; psd=n"))], Verdict::Pass, vec![]),
    ]);
    for text in [&aspf, &adkim, &with_rua("p=reject; psd=y")] {
        let seen = looked("mail.example.com", &SendingProfile::default(), &[(OWN, text)]);
        assert_eq!((seen.verdict, seen.findings), (Verdict::Pass, vec![]), "{text}");
    }
}

#[test]
fn reports_elsewhere_need_a_yes_at_the_name_of_the_domain_where_the_policy_was_found() {
    let (own, above) =
        ("v=DMARC1; p=reject; rua=mailto:a@reports.test", with_rua("p=reject; ruf=mailto:a@reports.test"));
    let (own_yes, above_yes) =
        ("mail.example.com._report._dmarc.reports.test", "example.com._report._dmarc.reports.test");
    let refused = "dmarc-report-unauthorized";
    check(&[
        (vec![(OWN, own)], Verdict::Warn, vec![refused]),
        (vec![(OWN, own), (own_yes, "v=DMARC1")], Verdict::Pass, vec![]),
        (vec![(OWN, own), (own_yes, "v=DMARC1; rua=mailto:b@reports.test")], Verdict::Pass, vec![]),
        (vec![(OWN, own), (own_yes, "v=DMARC1"), (own_yes, "v=DMARC1;")], Verdict::Pass, vec![]),
        (vec![(OWN, own), (own_yes, "yes")], Verdict::Warn, vec![refused]),
        (vec![(OWN, own), (own_yes, "!")], Verdict::Pass, vec![]),
        (vec![(OWN, own), (above_yes, "v=DMARC1")], Verdict::Warn, vec![refused]),
        (vec![(ABOVE, &above)], Verdict::Warn, vec!["dmarc-inherited", refused]),
        (vec![(ABOVE, &above), (above_yes, "v=DMARC1")], Verdict::Pass, vec!["dmarc-inherited"]),
        (vec![(ABOVE, &above), (own_yes, "v=DMARC1")], Verdict::Warn, vec!["dmarc-inherited", refused]),
        // The parent is the same organisation where it has a policy, and another one where it has none.
        (
            vec![(OWN, "v=DMARC1; p=reject; rua=mailto:a@example.com")],
            Verdict::Warn,
            vec!["dmarc-report-unauthorized--parent"],
        ),
        (vec![(OWN, "v=DMARC1; p=reject; rua=mailto:a@example.com"), (ABOVE, "v=DMARC1")], Verdict::Pass, vec![]),
        (vec![(OWN, "v=DMARC1; p=reject; rua=mailto:a@x.mail.example.com")], Verdict::Pass, vec![]),
    ]);
}

#[test]
fn a_broken_address_of_the_profile_is_no_fault_of_the_customer_and_hides_nobody_elses() {
    let offer = DmarcOffer::parse("p=reject; rua=mailto:dmarc@mta.test").expect("a good offer");
    let text = format!("{},mailto:a@reports.test", offer.render());
    let profile = SendingProfile { dmarc: offer, ..SendingProfile::default() };
    let domain = DomainName::parse("mail.example.com").expect("a name");
    let mut plan =
        plan(&PlanInput { domain: &domain, profile: &profile, keys: &[], older_keys: &[], is_mx_required: None });
    let refused = |plan: &Plan| -> Vec<String> {
        let seen = looked_at(plan, &[(OWN, &text)]);
        seen.findings.iter().filter_map(|finding| finding.args.get("elsewhere").cloned()).collect()
    };
    assert_eq!(refused(&plan), ["mta.test", "reports.test"]);
    plan.broken = vec![RecordKey::Dmarc];
    assert_eq!(refused(&plan), ["reports.test"]);
}

#[test]
fn a_record_that_does_its_job_is_offered_again_and_never_ours_in_its_place() {
    let text = with_rua("p=reject");
    let seen = looked("mail.example.com", &profile(), &[(OWN, &text)]);
    assert_eq!(seen.suggested_value, Some(text));
    let quoted = looked("mail.example.com", &profile(), &[(OWN, "\"v=DMARC1; p=reject\"")]);
    assert_eq!(quoted.findings[0].suggested_value.as_deref(), Some("v=DMARC1; p=reject"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn whatever_stands_there_is_judged_and_what_is_offered_passes(
        own in prop::collection::vec("(v=DMARC1; ?|[vV]=dmarc1 )?([a-zA-Z]{1,5} ?= ?(none|reject|quarantine|[rsyn]|mailto:a@mail.example.com|a@b.test|[a-z]{0,4})[;, ]{0,2}){0,5}|.{0,40}", 0..3),
        above in prop::option::of("v=DMARC1; ?(p=(none|reject|x);?)? ?(sp=(none|reject|y);?)?( rua=mailto:a@example.com)?"),
    ) {
        let mut zone: Vec<(&str, &str)> = own.iter().map(|text| (OWN, text.as_str())).collect();
        zone.extend(above.iter().map(|text| (ABOVE, text.as_str())));
        zone.retain(|(_, text)| !matches!(*text, "!" | "-"));
        let seen = looked("mail.example.com", &profile(), &zone);
        check_findings(&seen, &zone);
        let has_error = seen.findings.iter().any(Finding::is_error);
        prop_assert_eq!(seen.verdict.is_good(), !has_error);
    }
}

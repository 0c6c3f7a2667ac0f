use super::*;
use crate::diagnosis::observed::{Answer, Observation, Reply};
use crate::diagnosis::spf_eval::SpfMark;
use crate::diagnosis::wording::say;
use crate::diagnosis::{Question, Severity, Verdict};
use crate::records::DomainName;
use crate::records::plan::{CnameOffer, Plan, PlanInput, SendingProfile, plan};

/// A world in lines `NAME TYPE DATA`; any other name does not exist, and `FAIL` is a timeout.
const WORLD: &[&str] = &[
    "spf.mta.example TXT v=spf1 ip4:192.0.2.0/24 ip6:2001:db8:1::/48 -all",
    "rp.mta.example TXT v=spf1 ip4:192.0.2.7 -all",
    "google.example TXT v=spf1 include:one.google.example include:two.google.example ~all",
    "one.google.example TXT v=spf1 ip4:198.51.100.0/25 -all",
    "two.google.example TXT v=spf1 ip4:198.51.100.128/25 -all",
    "four.example TXT v=spf1 include:one.google.example include:two.google.example include:one.google.example -all",
    "bad.example TXT v=spf1 ip4:300.1.1.1 -all",
    "twice.example TXT v=spf1 -all",
    "twice.example TXT v=spf1 mx -all",
    "dead-inside.example TXT v=spf1 include:nobody.example -all",
    "loop.example TXT v=spf1 include:loop.example -all",
    "text.example TXT hello",
    "slow.example TXT FAIL",
    "host.example A 203.0.113.5",
    "host.example AAAA 2001:db8:5::5",
    "four-only.example A 203.0.113.6",
    "many.example MX 10 host.example",
];

fn data(rtype: &str, text: &str) -> (RecordType, Answer) {
    let found = |data| Answer::Found(vec![data]);
    match (rtype, text) {
        ("TXT", "FAIL") => (RecordType::Txt, Answer::Failed(AskFailure::Timeout)),
        ("TXT", text) => (RecordType::Txt, found(RecordData::Txt(vec![text.as_bytes().to_vec()]))),
        ("A", text) => (RecordType::A, found(RecordData::A(text.parse().unwrap()))),
        ("AAAA", text) => (RecordType::Aaaa, found(RecordData::Aaaa(text.parse().unwrap()))),
        ("MX", text) => {
            let (preference, host) = text.split_once(' ').unwrap();
            let preference = preference.parse().unwrap();
            (RecordType::Mx, found(RecordData::Mx { preference, exchange: OwnerName::new(host) }))
        }
        other => panic!("{other:?}"),
    }
}

fn answer(lines: &[String], question: &Question) -> Reply {
    let mut answer = Answer::NoSuchName;
    for line in lines {
        let mut words = line.splitn(3, ' ');
        let (name, rtype, text) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        if OwnerName::new(name) != question.name {
            continue;
        }
        let (rtype, next) = data(rtype, text);
        answer = match (answer, next) {
            (answer, _) if rtype != question.rtype => {
                if answer == Answer::NoSuchName {
                    Answer::NoData
                } else {
                    answer
                }
            }
            (Answer::Found(mut all), Answer::Found(more)) => {
                all.extend(more);
                Answer::Found(all)
            }
            (_, next) => next,
        };
    }
    Reply { answer, aliases: Vec::new(), ttl_s: 300 }
}

fn plan_of(spf: &str) -> Plan {
    let profile = SendingProfile {
        spf: if spf.is_empty() { Vec::new() } else { ProfileMechanism::parse_list(spf).unwrap() },
        return_path: Some(CnameOffer::parse("bounce rp.mta.example").unwrap()),
        ..SendingProfile::default()
    };
    let domain = DomainName::parse("mail.example.com").unwrap();
    plan(&PlanInput { domain: &domain, profile: &profile, keys: &[], older_keys: &[], is_mx_required: None })
}

/// Judges records at `mail.example.com`, after all questions were answered.
fn judged(spf: &str, records: &[&str], more: &[&str]) -> Judgement {
    let plan = plan_of(spf);
    let record = plan.records.iter().find(|record| matches!(record.wanted, Wanted::Spf { .. })).unwrap();
    let own = records.iter().map(|text| format!("mail.example.com TXT {text}"));
    let lines: Vec<String> = WORLD.iter().chain(more).map(|line| (*line).to_owned()).chain(own).collect();
    let mut observed = Observed::default();
    let mut open = vec![Question::new(record.owner.clone(), RecordType::Txt)];
    for _ in 0..40 {
        for question in open.drain(..) {
            let reply = answer(&lines, &question);
            observed.replies.insert(question, Observation { servers: Vec::new(), resolver: Some(reply) });
        }
        let mut asks = Asks::default();
        questions(record, &Gathered::of(&observed), &mut asks);
        open = asks.not_yet_in(&observed).into_iter().map(|ask| ask.question).collect();
        if open.is_empty() {
            let reply = observed.reply(&record.owner, RecordType::Txt).unwrap();
            return judge(&Case {
                plan: &plan,
                record,
                reply,
                observed: &Gathered::of(&observed),
                depth: Depth::Whole,
            });
        }
    }
    panic!("the questions never end");
}

const OURS: &str = "include:spf.mta.example";

fn first(judgement: &Judgement) -> String {
    let Some(finding) = judgement.findings.first() else { return "pass".to_owned() };
    match &finding.variant {
        Some(variant) => format!("{}--{variant}", finding.code.as_str()),
        None => finding.code.as_str().to_owned(),
    }
}

/// A record, what is said first of it, and what is offered.
const CASES: &[(&str, &str, &str)] = &[
    ("v=spf1 {OURS} -all", "pass", ""),
    ("V=SPF1 INCLUDE:SPF.MTA.EXAMPLE. ~ALL", "pass", ""),
    ("v=spf1 ip4:192.0.2.0/25 ip4:192.0.2.128/25 ip6:2001:db8:1::/48 -all", "pass", ""),
    ("v=spf1 redirect=spf.mta.example", "pass", ""),
    ("v=spf1 -all", "spf-not-authorized--decided", "v=spf1 include:spf.mta.example -all"),
    ("v=spf1", "spf-not-authorized", "v=spf1 include:spf.mta.example ~all"),
    (
        "v=spf1 ip4:192.0.2.0/25 ip4:192.0.2.129 ip6:2001:db8:1::/48 -all",
        "spf-not-authorized--partly",
        "v=spf1 ip4:192.0.2.0/25 ip4:192.0.2.129 ip6:2001:db8:1::/48 include:spf.mta.example -all",
    ),
    (
        "v=spf1 ip4:192.0.2.0/24 -all",
        "spf-not-authorized--family",
        "v=spf1 ip4:192.0.2.0/24 include:spf.mta.example -all",
    ),
    (
        "v=spf1 ip4:192.0.2.0/25 ip6:2001:db8:1::/48",
        "spf-not-authorized--partly-end",
        "v=spf1 ip4:192.0.2.0/25 ip6:2001:db8:1::/48 include:spf.mta.example ~all",
    ),
    (
        "v=spf1 mx:many.example -all {OURS}",
        "spf-not-authorized--after-all",
        "v=spf1 include:spf.mta.example mx:many.example -all",
    ),
    ("v=spf1 ~{OURS} -all", "spf-not-authorized--qualifier", "v=spf1 include:spf.mta.example -all"),
    (
        "v=spf1 -all redirect=spf.mta.example",
        "spf-not-authorized--redirect-ignored",
        "v=spf1 include:spf.mta.example -all",
    ),
    ("v=spf1 include=spf.mta.example -all", "spf-not-authorized--modifier", "v=spf1 include:spf.mta.example -all"),
    (
        "v=spf1 include:rp.mta.example -all",
        "spf-not-authorized--return-path",
        "v=spf1 include:spf.mta.example include:rp.mta.example -all",
    ),
    ("v=spf1 include:spf.mta.exmaple -all", "spf-not-authorized--misspelt", "v=spf1 include:spf.mta.example -all"),
    ("v=spf1 include:nobody.example {OURS} -all", "spf-not-authorized--nowhere", "v=spf1 include:spf.mta.example -all"),
    ("v=spf1 {OURS} include:nobody.example -all", "pass", ""),
    ("v=spf1 include:text.example {OURS} -all", "spf-not-authorized--nowhere", "v=spf1 include:spf.mta.example -all"),
    (
        "v=spf1 include:dead-inside.example {OURS} -all",
        "spf-not-authorized--nowhere-below",
        "v=spf1 include:spf.mta.example include:dead-inside.example -all",
    ),
    (
        "v=spf1 include:twice.example {OURS} -all",
        "spf-not-authorized--several",
        "v=spf1 include:spf.mta.example include:twice.example -all",
    ),
    ("v=spf1 {OURS} ip4:192.0.2.0/33 -all", "spf-syntax", "v=spf1 include:spf.mta.example -all"),
    (
        "v=spf1 inlcude:google.example {OURS} -all",
        "spf-syntax--misspelt",
        "v=spf1 include:spf.mta.example include:google.example -all",
    ),
    ("v=spf1 ip4:host.example {OURS} -all", "spf-syntax--host", "v=spf1 include:spf.mta.example a:host.example -all"),
    (
        "v=spf1 ip4:203.0.113.9,{OURS} -all",
        "spf-syntax--separator",
        "v=spf1 ip4:203.0.113.9 include:spf.mta.example -all",
    ),
    ("v=spf1 include: spf.mta.example -all", "spf-syntax--torn", "v=spf1 include:spf.mta.example -all"),
    ("v=spf1 192.0.2.0/24 -all", "spf-syntax--bare", "v=spf1 ip4:192.0.2.0/24 include:spf.mta.example -all"),
    ("v=spf1 ip4:2001:db8::9 {OURS} -all", "spf-syntax--family", "v=spf1 ip6:2001:db8::9 include:spf.mta.example -all"),
    ("v=spf1 a:203.0.113.9 {OURS} -all", "spf-syntax--address", "v=spf1 ip4:203.0.113.9 include:spf.mta.example -all"),
    ("v=spf1 {OURS} –all", "spf-syntax--dash", "v=spf1 include:spf.mta.example -all"),
    (
        "v=spf1 include:bad.example {OURS} -all",
        "spf-syntax--below",
        "v=spf1 include:spf.mta.example include:bad.example -all",
    ),
    ("v=spf1 {OURS} include:bad.example -all", "pass", ""),
    ("v=spf1 include:mail.example.com {OURS} -all", "spf-loop", "v=spf1 include:spf.mta.example -all"),
    (
        "v=spf1 include:loop.example {OURS} -all",
        "spf-loop--below",
        "v=spf1 include:spf.mta.example include:loop.example -all",
    ),
    (
        "v=spf1 {TEN} {OURS} -all",
        "spf-lookup-limit",
        "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8:1::/48 include:google.example include:four.example a:host.example a:four-only.example mx:many.example a:host.example/24 -all",
    ),
    (
        "v=spf1 a:x.nobody.example a:y.nobody.example a:z.nobody.example {OURS} -all",
        "spf-void-limit",
        "v=spf1 include:spf.mta.example a:x.nobody.example a:y.nobody.example a:z.nobody.example -all",
    ),
    ("v=spf1 a:x.nobody.example a:y.nobody.example {OURS} -all", "pass", ""),
    ("v=spf1 {OURS} a:x.nobody.example a:y.nobody.example a:z.nobody.example -all", "pass", ""),
    ("v=spf1 include:slow.example {OURS} -all", "dns-timeout--beyond", ""),
    ("v=spf1 {OURS} include:slow.example -all", "pass", ""),
    ("v=spf1 {OURS} +all", "spf-plus-all", ""),
    ("v=spf1 {OURS} all", "spf-plus-all", ""),
    ("v=spf1 {OURS}", "spf-no-all", ""),
    ("v=spf1 {OURS} ptr -all", "spf-ptr", ""),
    ("v=spf1 {OURS} -all mx:many.example", "spf-after-all", ""),
    ("v=spf1 {OURS} include:google.example include:google.example a:host.example -all", "spf-lookups-near-limit", ""),
    ("v=spf1 {OURS} include:google.example include:google.example -all", "pass", ""),
    (
        "v=spf1 {OURS} include:google.example include:four.example include:four.example -all",
        "spf-lookups-near-limit--past",
        "",
    ),
    (
        "v=spf1 redirect=google.example",
        "spf-not-authorized--decided",
        "v=spf1 include:spf.mta.example redirect=google.example",
    ),
    (
        "v=spf1 exists:%{i}.x.example ?all",
        "spf-not-authorized--decided",
        "v=spf1 include:spf.mta.example exists:%{i}.x.example ?all",
    ),
    ("v=spf1;include:spf.mta.example -all", "spf-missing--attempt", "v=spf1 include:spf.mta.example -all"),
    (
        "spf1 include:google.example ~all",
        "spf-missing--attempt",
        "v=spf1 include:spf.mta.example include:google.example ~all",
    ),
    ("hello", "spf-missing", ""),
];

/// Ten lookups.
const TEN: &str = "include:google.example include:four.example a:host.example a:four-only.example mx:many.example \
                   a:host.example/24";

/// Every code and its near miss.
#[test]
fn each_record_gets_its_sentence_and_a_record_that_works() {
    for (record, wanted, offered) in CASES {
        let record = record.replace("{OURS}", OURS).replace("{TEN}", TEN);
        let (wanted, offered) = (*wanted, *offered);
        let judgement = judged(OURS, &[&record], &[]);
        assert_eq!(first(&judgement), wanted, "{record}");
        assert_eq!(judgement.suggested_value.as_deref().unwrap_or_default(), offered, "{record}");
        for finding in &judgement.findings {
            let said = say(finding);
            assert!(!said.summary.contains("{ $") && !said.summary.starts_with("spf-"), "{}", said.summary);
            assert!(said.fix.is_some() && said.why.is_some(), "{}", said.summary);
            if finding.severity == Severity::Error && !offered.is_empty() {
                assert!(said.fix.unwrap().contains(offered), "{record}");
            }
        }
        if !offered.is_empty() {
            let again = judged(OURS, &[offered], &[]);
            assert!(Verdict::of(&again.findings).is_good(), "{offered}: {}", first(&again));
        }
    }
}

#[test]
fn several_records_are_merged_into_one_with_the_lookups_told() {
    let judgement = judged(OURS, &["v=spf1 include:google.example -all", "v=spf1 include:spf.mta.example ~all"], &[]);
    assert_eq!(first(&judgement), "spf-multiple");
    assert_eq!(
        judgement.suggested_value.as_deref(),
        Some("v=spf1 include:spf.mta.example include:google.example ~all")
    );
    let said = say(&judgement.findings[0]);
    assert!(said.why.unwrap().contains("4 in all of them, 4 of the 10 allowed in the merged one."), "{}", said.summary);
}

#[test]
fn whoever_one_of_several_records_lets_pass_is_turned_away_by_none_in_the_merged_one() {
    for (records, merged) in [
        (
            ["v=spf1 -ip4:198.51.100.7 ip4:198.51.100.0/24 -all", "v=spf1 ip4:198.51.100.7 -all"],
            "v=spf1 ip4:198.51.100.0/24 ip4:198.51.100.7 -ip4:198.51.100.7 include:spf.mta.example -all",
        ),
        (
            ["v=spf1 -ip4:198.51.100.7 -all", "v=spf1 ip4:198.51.100.7 -all"],
            "v=spf1 ip4:198.51.100.7 -ip4:198.51.100.7 include:spf.mta.example -all",
        ),
    ] {
        let judgement = judged(OURS, &records, &[]);
        assert_eq!(judgement.suggested_value.as_deref(), Some(merged));
    }
}

#[test]
fn nobody_is_advised_to_publish_a_record_that_authorises_nobody() {
    for records in [&["v=spf1 -all", "v=spf1 -all "][..], &["v=spf1 -all", "v=spf1 ~all"]] {
        let judgement = judged("", records, &[]);
        assert_eq!((first(&judgement).as_str(), judgement.suggested_value), ("spf-multiple", None));
    }
}

#[test]
fn a_profile_that_does_not_expand_is_not_the_domains_fault() {
    for (profile, more) in [
        ("include:nobody.example", &[][..]),
        ("include:slow.example", &[]),
        ("include:world.example", &["world.example TXT v=spf1 +all"]),
    ] {
        let judgement = judged(profile, &["v=spf1 -all"], more);
        assert_eq!(first(&judgement), "dns-profile", "{profile}");
        assert_eq!(Verdict::of(&judgement.findings), Verdict::Unknown);
    }
}

#[test]
fn a_record_too_large_to_follow_is_told_and_ours_go_in_front() {
    let addresses: Vec<String> = (0..2_001).map(|n| format!("ip4:10.{}.{}.1", n / 250, n % 250)).collect();
    let huge = format!("huge.example TXT v=spf1 {} -all", addresses.join(" "));
    let judgement = judged(OURS, &[&format!("v=spf1 include:huge.example {OURS} -all")], &[&huge]);
    assert_eq!(first(&judgement), "spf-too-large");
    assert_eq!(judgement.suggested_value.as_deref(), Some("v=spf1 include:spf.mta.example include:huge.example -all"));
}

#[test]
fn where_no_record_can_hold_everybody_a_subdomain_is_offered() {
    let networks: Vec<String> = (0..40).map(|n| format!("ip4:192.0.2.{}", n * 3)).collect();
    let ours = format!("spread.example TXT v=spf1 {} -all", networks.join(" "));
    let theirs =
        "v=spf1 include:google.example include:four.example a:host.example a:four-only.example mx:many.example -all";
    let judgement = judged("include:spread.example", &[theirs], &[&ours]);
    assert_eq!(first(&judgement), "spf-not-authorized--decided");
    // Ten lookups are theirs: with ours the last of them is lost.
    let full = theirs.replace(" -all", " a:host.example/24 -all");
    let judgement = judged("include:spread.example", &[&full], &[&ours]);
    assert_eq!(judgement.suggested_value, None);
    let fix = say(&judgement.findings[0]).fix.unwrap();
    assert!(fix.contains("Add send.mail.example.com as a domain here and send from it"), "{fix}");
    assert!(fix.contains("at the host send.mail, is then v=spf1 include:spread.example ~all"), "{fix}");
}

#[test]
fn the_tree_marks_where_our_servers_are_found_and_lost() {
    let tree = judged(OURS, &[&format!("v=spf1 ip4:192.0.2.0/25 mx:many.example {OURS} -all")], &[]).spf_tree.unwrap();
    let marks: Vec<_> = tree.terms.iter().map(|term| (term.term.as_str(), term.lookups, term.mark)).collect();
    assert_eq!(
        marks,
        [
            ("ip4:192.0.2.0/25", 0, Some(SpfMark::Found)),
            ("mx:many.example", 1, None),
            ("include:spf.mta.example", 2, Some(SpfMark::Found)),
            ("-all", 2, None),
        ]
    );
    assert_eq!(tree.terms[0].decided, ["192.0.2.0/25"]);
    assert_eq!(tree.terms[1].found, ["203.0.113.5", "2001:db8:5::5"]);
    let child = tree.terms[2].child.as_ref().unwrap();
    assert_eq!((child.name.as_str(), child.terms.len()), ("spf.mta.example", 3));
}

#[test]
fn the_tree_stays_small_whatever_the_records_hold() {
    let addresses: Vec<String> = (0..1_900).map(|n| format!("a:h{n}.example")).collect();
    let tree = judged(OURS, &[&format!("v=spf1 {OURS} {} -all", addresses.join(" "))], &[]).spf_tree.unwrap();
    assert!(tree.terms.len() <= 260 && tree.omitted > 1_500, "{} {}", tree.terms.len(), tree.omitted);
    let folded: Vec<String> = (0..300).map(|n| format!("ip4:10.0.{}.{}", n / 250, n % 250)).collect();
    let tree = judged(OURS, &[&format!("v=spf1 {OURS} {} -all", folded.join(" "))], &[]).spf_tree.unwrap();
    assert_eq!((tree.terms.len(), tree.terms[1].more), (3, 299));
}

#[test]
fn the_first_sentence_names_the_term_and_the_address() {
    for (record, wanted) in [
        (
            "v=spf1 include:google.example -all",
            "The SPF record at mail.example.com does not authorise our servers: at “-all” mail from 192.0.2.0 ends in fail.",
        ),
        (
            "v=spf1 ip4:192.0.2.0/24 ~all",
            "The SPF record at mail.example.com covers our IPv4 servers and none of our IPv6 servers (2001:db8:1::/48).",
        ),
    ] {
        assert_eq!(say(&judged(OURS, &[record], &[]).findings[0]).summary, wanted);
    }
}

#[test]
fn a_temporary_error_names_who_could_not_be_asked() {
    let judgement = judged(OURS, &[&format!("v=spf1 include:slow.example {OURS} -all")], &[]);
    assert!(say(&judgement.findings[0]).summary.contains("include:slow.example"));
    // One family is lost for certain, whatever the slow one would say of the other.
    let judgement = judged("ip4:192.0.2.1 ip6:2001:db8::1", &["v=spf1 -ip4:192.0.2.1 include:slow.example -all"], &[]);
    assert_eq!(first(&judgement), "spf-not-authorized--qualifier");
}

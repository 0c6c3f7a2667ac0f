use super::super::observed::{Observation, Question};
use super::super::{AskFailure, wording};
use super::*;
use crate::diagnosis::Verdict;
use crate::records::dmarc::DmarcOffer;
use crate::records::plan::{BounceMx, CnameOffer};
use crate::records::spf::ProfileMechanism;

/// The platform with everything in place, a record a line: name, type, data.
const WHOLE: &str = "\
spf TXT v=spf1 ip4:192.0.2.0/24 include:v6.mta.example -all
v6 TXT v=spf1 ip6:2001:db8::/48 -all
bounce AAAA 2001:db8::25
rp MX 10 bounce.mta.example
rp TXT v=spf1 include:spf.mta.example -all
track A 192.0.2.80
any-customer.example._report._dmarc TXT v=DMARC1
any-customer.example.com._report._dmarc TXT v=DMARC1";

fn profile() -> SendingProfile {
    SendingProfile {
        spf: ProfileMechanism::parse_list("include:spf.mta.example").unwrap(),
        mx: Some(BounceMx::parse("10 bounce.mta.example").unwrap()),
        return_path: Some(CnameOffer::parse("bounce rp.mta.example").unwrap()),
        tracking: Some(CnameOffer::parse("click track.mta.example").unwrap()),
        dmarc: DmarcOffer::parse("p=none; rua=mailto:dmarc@mta.example").unwrap(),
        selector_prefix: "s".into(),
    }
}

fn data(rtype: &str, text: &str) -> (RecordType, RecordData) {
    match rtype {
        "A" => (RecordType::A, RecordData::A(text.parse().unwrap())),
        "AAAA" => (RecordType::Aaaa, RecordData::Aaaa(text.parse().unwrap())),
        "MX" => {
            let (preference, host) = text.split_once(' ').unwrap();
            let exchange = OwnerName::new(host);
            (RecordType::Mx, RecordData::Mx { preference: preference.parse().unwrap(), exchange })
        }
        _ => (RecordType::Txt, RecordData::Txt(vec![text.as_bytes().to_vec()])),
    }
}

/// Asks a zone until nothing is left to ask; a name in `silent` answers nothing, and one without records is not there.
fn gather(profile: &SendingProfile, zone: &str, silent: &str) -> Observed {
    let lines: Vec<(OwnerName, RecordType, RecordData)> = zone
        .lines()
        .map(|line| {
            let mut words = line.splitn(3, ' ');
            let name = OwnerName::new(&format!("{}.mta.example", words.next().unwrap()));
            let (rtype, data) = data(words.next().unwrap(), words.next().unwrap());
            (name, rtype, data)
        })
        .collect();
    let mut observed = Observed::default();
    for _ in 0..40 {
        let asks = profile_questions(profile, &observed);
        if asks.is_empty() {
            return observed;
        }
        for ask in asks {
            let Question { name, rtype } = ask.question.clone();
            let at_name = || lines.iter().filter(|(at, ..)| *at == name);
            let found: Vec<RecordData> =
                at_name().filter(|(_, of, _)| *of == rtype).map(|(.., data)| data.clone()).collect();
            let answer = match () {
                () if !silent.is_empty() && name.as_str() == format!("{silent}.mta.example") => {
                    Answer::Failed(AskFailure::Servfail)
                }
                () if !found.is_empty() => Answer::Found(found),
                () if at_name().next().is_some() => Answer::NoData,
                () => Answer::NoSuchName,
            };
            let reply = Reply { answer, aliases: Vec::new(), ttl_s: 60 };
            observed.replies.insert(ask.question, Observation { servers: Vec::new(), resolver: Some(reply) });
        }
    }
    panic!("the questions do not end");
}

/// The zone with the lines that begin with `without` taken out and `with` put in.
fn zone(without: &str, with: &str) -> String {
    let kept = WHOLE.lines().filter(|line| without.is_empty() || !line.starts_with(without));
    kept.chain(with.lines()).collect::<Vec<_>>().join("\n")
}

fn judged(profile: &SendingProfile, zone: &str, silent: &str) -> Vec<(String, PartState, Vec<String>)> {
    let parts = diagnose_profile(profile, &gather(profile, zone, silent));
    let variants = |part: &PartDiagnosis| {
        let known = part.findings.iter().inspect(|finding| {
            assert_eq!(finding.code, Code::ProfileBroken);
            let said = wording::say(finding);
            assert!(said.fix.is_some() && !said.summary.contains("--") && !said.summary.contains('{'), "{said:?}");
        });
        known.map(|finding| finding.variant.clone().unwrap()).collect()
    };
    parts.iter().map(|part| (part.key.to_string(), part.state, variants(part))).collect()
}

#[test]
fn a_whole_profile_has_no_finding() {
    for (key, state, _) in judged(&profile(), WHOLE, "") {
        assert_eq!(state, PartState::Whole, "{key}");
    }
    let terms = ProfileMechanism::parse_list("ip4:192.0.2.0/24 ip6:2001:db8::/48").unwrap();
    let small = SendingProfile { spf: terms, selector_prefix: "s".into(), ..SendingProfile::default() };
    let parts = judged(&small, "", "");
    assert!(parts.iter().all(|(_, state, _)| *state == PartState::Whole) && parts.len() == 2, "{parts:?}");
}

#[test]
fn each_part_is_broken_by_its_own_fault_and_by_no_other() {
    let many = (0..11).map(|n| format!("include:i{n}.mta.example")).collect::<Vec<_>>().join(" ");
    let each: String = (0..11).map(|n| format!("\ni{n} TXT v=spf1 ip4:192.0.2.{n} -all")).collect();
    let long = format!("spf TXT v=spf1 {many} -all{each}");
    for (without, with, key, variant) in [
        ("spf", "", "spf", "spf-no-record"),
        ("spf", "spf TXT v=spf1 ip4:192.0.2.0/24\nspf TXT v=spf1 -all", "spf", "spf-no-record"),
        ("spf", "spf TXT v=spf1 ip4:192.0.2.300 -all", "spf", "spf-syntax"),
        ("spf", "spf TXT v=spf1 include:spf.mta.example -all", "spf", "spf-loop"),
        ("spf", long.as_str(), "spf", "spf-lookups"),
        ("spf", "spf TXT v=spf1 a:x.mta.example a:y.mta.example a:z.mta.example -all", "spf", "spf-voids"),
        ("spf", "spf TXT v=spf1 -all", "spf", "spf-empty"),
        ("bounce", "", "mx", "mx"),
        ("bounce", "bounce TXT hello", "mx", "mx"),
        ("track", "", "tracking", "tracking"),
        ("rp", "", "return-path", "return-path"),
        ("rp TXT", "", "return-path", "return-path-spf-missing"),
        ("rp TXT", "rp TXT v=spf1 ip4:192.0.2.0/25 -all", "return-path", "return-path-spf"),
        ("", "rp TXT v=spf1 -all", "return-path", "return-path-spf-multiple"),
        ("rp MX", "", "return-path", "return-path-mx"),
        ("rp MX", "rp MX 0 .", "return-path", "return-path-mx"),
        ("any-customer", "", "dmarc", "reports"),
        ("any-customer.example.com", "", "dmarc", "reports"),
        ("any-customer.example._report", "", "dmarc", "reports"),
    ] {
        let parts = judged(&profile(), &zone(without, with), "");
        let broken: Vec<_> = parts.iter().filter(|(_, state, _)| *state == PartState::Broken).collect();
        let of_key = broken.iter().find(|(part, ..)| part == key);
        assert!(of_key.is_some_and(|(.., variants)| *variants == [variant]), "{without} → {with}: {parts:?}");
        // A return path whose SPF includes ours hangs on it as well.
        let is_alone = broken.len() == 1 || key == "spf";
        assert!(is_alone, "{without} → {with}: {parts:?}");
    }
}

#[test]
fn a_temporary_failure_is_evidence_of_nothing() {
    for (silent, keys) in [
        ("spf", vec!["spf", "return-path"]),
        ("v6", vec!["spf", "return-path"]),
        ("bounce", vec!["mx"]),
        ("rp", vec!["return-path"]),
        ("track", vec!["tracking"]),
        ("any-customer.example._report._dmarc", vec!["dmarc"]),
    ] {
        let parts = judged(&profile(), WHOLE, silent);
        assert!(parts.iter().all(|(_, state, _)| *state != PartState::Broken), "{silent}: {parts:?}");
        let unasked: Vec<&str> =
            parts.iter().filter(|(_, state, _)| *state == PartState::Unasked).map(|(key, ..)| key.as_str()).collect();
        assert_eq!(unasked, keys, "{silent}");
    }
}

#[test]
fn what_could_not_be_asked_stays_as_it_was_known() {
    let part = |key, state| PartDiagnosis { key, state, findings: Vec::new() };
    let before = [part(RecordKey::Mx, PartState::Broken), part(RecordKey::Spf, PartState::Broken)];
    let seen = vec![
        part(RecordKey::Mx, PartState::Unasked),
        part(RecordKey::Spf, PartState::Whole),
        part(RecordKey::Tracking, PartState::Unasked),
    ];
    let known: Vec<PartState> = remember(seen, &before).into_iter().map(|part| part.state).collect();
    assert_eq!(known, [PartState::Broken, PartState::Whole, PartState::Unasked]);
}

/// A customer's records as the profile wants them, judged while these parts are broken.
fn customer(broken: Vec<RecordKey>) -> Vec<(String, Verdict, Vec<Code>)> {
    use super::super::{diagnose, questions};
    use crate::records::DomainName;
    use crate::records::plan::{Plan, PlanInput, plan};
    let (domain, profile) = (DomainName::parse("mail.example.com").unwrap(), profile());
    let input =
        PlanInput { domain: &domain, profile: &profile, keys: &[], older_keys: &[], is_mx_required: Some(true) };
    let plan = Plan { broken, ..plan(&input) };
    let target = |name: &str| RecordData::Cname(OwnerName::new(name));
    let mail = |label: &str| OwnerName::new(&format!("{label}mail.example.com"));
    let txt = |text: &str| RecordData::Txt(vec![text.as_bytes().to_vec()]);
    let published = [
        (mail(""), RecordType::Txt, txt("v=spf1 include:spf.mta.example ~all")),
        (OwnerName::new("spf.mta.example"), RecordType::Txt, txt("v=spf1 ip4:192.0.2.0/24 -all")),
        (mail("_dmarc."), RecordType::Txt, txt("v=DMARC1; p=none; rua=mailto:dmarc@mta.example")),
        (mail(""), RecordType::Mx, data("MX", "10 bounce.mta.example").1),
        (OwnerName::new("bounce.mta.example"), RecordType::A, data("A", "192.0.2.25").1),
        (mail("bounce."), RecordType::Cname, target("rp.mta.example")),
        // The tracking record is the customer's own fault.
        (mail("click."), RecordType::Cname, target("somebody.example")),
    ];
    let mut observed = Observed::default();
    loop {
        let asks = questions(&plan, &observed);
        if asks.is_empty() {
            break;
        }
        for ask in asks {
            let found = published.iter().find(|(name, rtype, _)| Question::new(name.clone(), *rtype) == ask.question);
            let reply = match found {
                Some((.., data)) => Reply::found(vec![data.clone()], 60),
                None => Reply { answer: Answer::NoData, aliases: Vec::new(), ttl_s: 60 },
            };
            observed.replies.insert(ask.question, Observation { servers: Vec::new(), resolver: Some(reply) });
        }
    }
    let seen = diagnose(&plan, &observed).records.into_iter();
    seen.map(|seen| (seen.key.to_string(), seen.verdict, seen.findings.iter().map(|found| found.code).collect()))
        .collect()
}

#[test]
fn customers_are_not_blamed_for_what_is_broken_on_our_side() {
    let verdict = |broken: &[RecordKey], key: &str| {
        customer(broken.to_vec()).into_iter().find(|(one, ..)| one == key).expect("it is planned")
    };
    assert_eq!(verdict(&[], "mx").1, Verdict::Pass);
    assert_eq!(verdict(&[], "return-path").1, Verdict::Pass);
    let all = [RecordKey::Mx, RecordKey::ReturnPath, RecordKey::Tracking, RecordKey::Dmarc];
    for key in ["mx", "return-path"] {
        let (_, seen, codes) = verdict(&all, key);
        assert_eq!((seen, codes), (Verdict::Unknown, vec![Code::DnsProfile]), "{key}");
    }
    // One part does not hide another, and a wrong record stays wrong whatever it should lead to.
    assert_eq!(verdict(&[RecordKey::Mx], "return-path").1, Verdict::Pass);
    assert_eq!(verdict(&all, "tracking").1, Verdict::Mismatch);
    let has_report = |broken: &[RecordKey]| verdict(broken, "dmarc").2.contains(&Code::DmarcReportUnauthorized);
    assert!(has_report(&[]) && !has_report(&all));
}

//! The standard's own test suite: every case of every scenario, its zone fed as gathered data to the pure evaluator
//! until that needs nothing more.

#![expect(clippy::unwrap_used, reason = "a suite that cannot be read has failed")]

mod zone;

use signet::diagnosis::Observed;
use signet::diagnosis::observed::Observation;
use signet::diagnosis::spf_eval::{CheckResult, Checked, Message, check_host};
use yaml_rust2::{Yaml, YamlLoader};

use zone::Zone;

const SUITE: &str = include_str!("rfc7208-tests.yml");
/// What the suite holds: none left out.
const CASES: usize = 203;

fn text(yaml: &Yaml) -> String {
    match yaml {
        Yaml::String(text) | Yaml::Real(text) => text.clone(),
        Yaml::Integer(number) => number.to_string(),
        other => panic!("no text: {other:?}"),
    }
}

/// One or several texts.
fn texts(yaml: &Yaml) -> Vec<String> {
    yaml.as_vec().map_or_else(|| vec![text(yaml)], |list| list.iter().map(text).collect())
}

fn check(zone: &Zone, case: &Yaml) -> Checked {
    let helo = text(&case["helo"]);
    let mail_from = text(&case["mailfrom"]);
    // RFC 7208 section 2.4: an empty MAIL FROM is postmaster at the HELO name.
    let sender = if mail_from.is_empty() { format!("postmaster@{helo}") } else { mail_from };
    let domain = sender.rsplit_once('@').map_or(sender.as_str(), |(_, domain)| domain).to_owned();
    let ip = text(&case["host"]).parse().unwrap();
    let message = Message { ip, sender, helo, receiver: "receiver.example".to_owned(), time_s: 1_700_000_000 };
    let mut observed = Observed::default();
    for _ in 0..60 {
        let checked = check_host(&observed, &domain, &message);
        if checked.needs.is_empty() {
            return checked;
        }
        for question in checked.needs {
            let reply = zone.answer(&question);
            observed.replies.insert(question, Observation { servers: Vec::new(), resolver: Some(reply) });
        }
    }
    panic!("the evaluator never has enough");
}

fn name(result: CheckResult) -> &'static str {
    match result {
        CheckResult::None => "none",
        CheckResult::Neutral => "neutral",
        CheckResult::Pass => "pass",
        CheckResult::Fail => "fail",
        CheckResult::SoftFail => "softfail",
        CheckResult::TempError => "temperror",
        CheckResult::PermError => "permerror",
    }
}

/// What is wrong with one case's result, if anything.
fn complaint(case: &Yaml, checked: &Checked) -> Option<String> {
    let wanted = texts(&case["result"]);
    if !wanted.iter().any(|result| result == name(checked.result)) {
        return Some(format!("{} instead of {}", name(checked.result), wanted.join(" or ")));
    }
    let explanation = match &case["explanation"] {
        Yaml::BadValue => return None,
        wanted => Some(text(wanted)).filter(|wanted| wanted != "DEFAULT"),
    };
    (checked.explanation != explanation)
        .then(|| format!("the explanation {:?} instead of {explanation:?}", checked.explanation))
}

#[test]
fn every_case_of_the_suite_comes_out_as_the_standard_says() {
    let mut count = 0;
    let mut wrong = Vec::new();
    for scenario in YamlLoader::load_from_str(SUITE).unwrap() {
        let zone = Zone::read(&scenario["zonedata"]);
        for (id, case) in scenario["tests"].as_hash().unwrap() {
            count += 1;
            let checked = check(&zone, case);
            wrong.extend(complaint(case, &checked).map(|complaint| format!("{}: {complaint}", text(id))));
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(count, CASES);
}

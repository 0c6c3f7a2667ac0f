//! Judges SPF: does mail from our servers pass, along the way that a receiver takes (RFC 7208).

use super::observed::{Observed, RecordData};
use super::spf_eval::{AddressSet, Evaluation, Stop, evaluate, evaluate_terms};
use super::wording::quote;
use super::{Asks, Case, Code, Finding, Judgement, RecordType, reach};
use crate::records::OwnerName;
use crate::records::plan::{Plan, PlannedRecord, Wanted};
use crate::records::spf::{self, Mechanism, ProfileMechanism, Qualifier, SpfRecord};

/// Lookups from which a record is near the limit of ten.
const NEAR_LIMIT: u32 = 8;

/// What the evaluation of ours and of theirs still needs.
pub fn questions(_plan: &Plan, record: &PlannedRecord, observed: &Observed, asks: &mut Asks) {
    let Wanted::Spf { mechanisms } = &record.wanted else { return };
    let ours = our_servers(observed, &record.owner, mechanisms);
    let mut needs = ours.needs.clone();
    let texts = observed
        .get(&record.owner, RecordType::Txt)
        .and_then(|observation| observation.best())
        .map(|reply| spf_texts(reply.records()));
    for text in texts.unwrap_or_default() {
        let Some(parsed) = spf::parse(text.as_bytes()) else { continue };
        needs.extend(evaluate(observed, &record.owner, &parsed, &text, &AddressSet::all()).needs);
    }
    for question in needs {
        asks.resolver(&question.name, question.rtype);
    }
}

/// Judges one answer; never called with a failed one.
pub fn judge(case: &Case<'_>) -> Judgement {
    let Wanted::Spf { mechanisms } = &case.record.wanted else { return Judgement::default() };
    let texts = spf_texts(case.reply.records());
    match texts.as_slice() {
        [] => Judgement {
            findings: vec![finding(case, Finding::error(Code::SpfMissing)).arg("value", case.record.value())],
            ..Judgement::default()
        },
        [text] => judge_record(case, mechanisms, text),
        several => {
            let merged = merge(several, mechanisms);
            let error = finding(case, Finding::error(Code::SpfMultiple))
                .arg("count", several.len())
                .arg("value", &merged)
                .suggest(&merged);
            Judgement { findings: vec![error], suggested_value: Some(merged), ..Judgement::default() }
        }
    }
}

fn judge_record(case: &Case<'_>, mechanisms: &[ProfileMechanism], text: &str) -> Judgement {
    let observed = case.observed;
    let record = spf::parse(text.as_bytes()).unwrap_or_default();
    let whole = evaluate(observed, &case.record.owner, &record, text, &AddressSet::all());
    let mut findings = Vec::new();
    let mut tree = whole.tree.clone();
    let mut suggested = None;
    if mechanisms.is_empty() {
        findings.extend(whole.stop.as_ref().map(|stop| stopped(case, stop, None)));
    } else {
        let ours = our_servers(observed, &case.record.owner, mechanisms);
        if let Some(stop) = &ours.stop {
            let unknown =
                Finding::warning(Code::DnsProfile).arg("reason", describe(stop)).arg("name", &case.record.owner);
            return Judgement { findings: vec![unknown], spf_tree: tree, ..Judgement::default() };
        }
        let judged = evaluate(observed, &case.record.owner, &record, text, &ours.passed);
        if !judged.lost.is_empty() {
            let value = merge(&[text.to_owned()], mechanisms);
            findings.push(lost(case, &judged, &value, text));
            suggested = Some(value);
        }
        tree = judged.tree;
    }
    if !findings.iter().any(Finding::is_error) {
        findings.extend(weaknesses(case, &record, &whole));
    }
    Judgement { findings, suggested_value: suggested, spf_tree: tree, is_inherited: false }
}

/// Our servers, as the profile's mechanisms stand for them.
fn our_servers(observed: &Observed, owner: &OwnerName, mechanisms: &[ProfileMechanism]) -> Evaluation {
    let terms: Vec<String> = mechanisms.iter().map(ToString::to_string).collect();
    evaluate_terms(observed, owner, &terms.join(" "))
}

/// Why some of our servers do not pass.
fn lost(case: &Case<'_>, judged: &Evaluation, value: &str, text: &str) -> Finding {
    if let Some(stop) = &judged.stop {
        return stopped(case, stop, Some(value));
    }
    let address = judged.lost.first().map(|address| address.to_string()).unwrap_or_default();
    let error = finding(case, Finding::error(Code::SpfNotAuthorized))
        .arg("current", quote(text.as_bytes()))
        .arg("address", address)
        .arg("value", value)
        .suggest(value);
    match (&judged.lost_at, judged.passed.is_empty()) {
        (Some(term), true) => error.variant("decided").arg("term", term),
        (Some(term), false) => error.variant("partly").arg("term", term),
        (None, _) => error,
    }
}

fn stopped(case: &Case<'_>, stop: &Stop, value: Option<&str>) -> Finding {
    let error = |code| {
        let error = finding(case, Finding::error(code)).arg("value", value.unwrap_or("v=spf1 … ~all"));
        value.map_or(error.clone(), |value| error.suggest(value))
    };
    match stop {
        Stop::Syntax { term, name } => {
            let at = if *name == case.record.owner.to_string() { "" } else { "below" };
            let error =
                finding(case, Finding::error(Code::SpfSyntax)).arg("term", quote(term.as_bytes())).arg("where", name);
            if at.is_empty() { error } else { error.variant(at) }
        }
        Stop::LookupLimit { term } => error(Code::SpfLookupLimit).arg("term", term),
        Stop::VoidLimit { term } => error(Code::SpfVoidLimit).arg("term", term),
        Stop::Loop { name } => finding(case, Finding::error(Code::SpfLoop)).arg("where", name),
        Stop::NoRecord { term, name } => {
            finding(case, Finding::error(Code::SpfSyntax)).variant("no-record").arg("term", term).arg("where", name)
        }
        Stop::MxLimit { term } => finding(case, Finding::error(Code::SpfTooLarge)).arg("term", term),
        Stop::Unanswered { failure, .. } => reach::failure_finding(*failure, case),
        Stop::Incomplete => reach::failure_finding(super::AskFailure::Local, case),
    }
}

/// What does no harm to our mail and is worth a look.
fn weaknesses(case: &Case<'_>, record: &SpfRecord, whole: &Evaluation) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut warn = |code| found.push(finding(case, Finding::warning(code)));
    let all = record.directives.iter().position(|(directive, _)| directive.mechanism == Mechanism::All);
    if let Some(at) = all {
        if record.directives[at].0.qualifier == Qualifier::Pass {
            warn(Code::SpfPlusAll);
        }
        if at + 1 < record.directives.len() {
            warn(Code::SpfAfterAll);
        }
    } else if record.redirect.is_none() {
        warn(Code::SpfNoAll);
    }
    if record.directives.iter().any(|(directive, _)| matches!(directive.mechanism, Mechanism::Ptr(_))) {
        warn(Code::SpfPtr);
    }
    if whole.lookups >= NEAR_LIMIT {
        let near = finding(case, Finding::warning(Code::SpfLookupsNearLimit)).arg("count", whole.lookups);
        found.push(if matches!(whole.stop, Some(Stop::LookupLimit { .. })) { near.variant("past") } else { near });
    }
    found
}

/// One record out of several and ours: theirs in order, ours in front of the strictest `all`, duplicates gone.
fn merge(texts: &[String], mechanisms: &[ProfileMechanism]) -> String {
    let mut terms: Vec<String> = mechanisms.iter().map(ToString::to_string).collect();
    let mut all = None;
    let mut redirect = None;
    for record in texts.iter().filter_map(|text| spf::parse(text.as_bytes())) {
        let upto = record.directives.iter().position(|(directive, _)| directive.mechanism == Mechanism::All);
        for (directive, text) in &record.directives[..upto.unwrap_or(record.directives.len())] {
            let text = if directive.qualifier == Qualifier::Pass { text.trim_start_matches('+') } else { text };
            if !terms.iter().any(|term| term.eq_ignore_ascii_case(text)) {
                terms.push(text.to_owned());
            }
        }
        if let Some(at) = upto {
            all = all.or_else(|| Some(record.directives[at].1.clone()));
        }
        redirect = redirect.or(record.redirect);
    }
    let end = match (all, redirect) {
        (Some(all), _) if !all.starts_with(['+', 'a', 'A']) => all,
        (None, Some(target)) => format!("redirect={target}"),
        _ => "~all".to_owned(),
    };
    format!("v=spf1 {} {end}", terms.join(" "))
}

fn spf_texts(records: &[RecordData]) -> Vec<String> {
    let joined = records.iter().filter_map(RecordData::txt_joined);
    joined.filter(|text| spf::parse(text).is_some()).map(|text| String::from_utf8_lossy(&text).into_owned()).collect()
}

fn finding(case: &Case<'_>, finding: Finding) -> Finding {
    finding.arg("name", &case.record.owner).arg("host", case.host())
}

fn describe(stop: &Stop) -> String {
    match stop {
        Stop::Unanswered { name, .. } => format!("{name} could not be asked"),
        Stop::NoRecord { name, .. } => format!("{name} has no SPF record"),
        Stop::Incomplete => "not everything was asked".to_owned(),
        Stop::Syntax { name, .. } => format!("the record of {name} cannot be read"),
        Stop::LookupLimit { .. } | Stop::VoidLimit { .. } | Stop::MxLimit { .. } | Stop::Loop { .. } => {
            "it does not evaluate within the limits of RFC 7208".to_owned()
        }
    }
}

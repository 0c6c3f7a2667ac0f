//! Judges SPF: does mail from our servers pass, along the way that a receiver takes (RFC 7208).

mod lost;
mod ours;
mod remedy;
mod repair;
mod same;
mod suggest;
mod weakness;

use std::collections::BTreeSet;
use std::rc::Rc;

use super::gathered::Servers;
use super::observed::{Observed, RecordData};
use super::placement::{without_blanks, without_quotes};
use super::spf_eval::{AddressSet, evaluate_and_draw, spf_texts};
use super::wording::quote;
use super::{AskFailure, Asks, Case, Code, Depth, Finding, Gathered, Judgement, RecordType, reach};
use crate::records::OwnerName;
use crate::records::plan::{PlannedRecord, Wanted};
use crate::records::spf::{self, ProfileMechanism};
pub use ours::OurServers;
use remedy::{Remedy, Suggestion};
pub use same::same_term;
use suggest::{Basis, suggest};

/// Different answers of nameservers whose includes are followed.
const MAX_ANSWERS: usize = 4;

/// What the evaluation of ours and of theirs still needs.
pub fn questions(record: &PlannedRecord, observed: &Gathered<'_>, asks: &mut Asks) {
    let Wanted::Spf { mechanisms } = &record.wanted else { return };
    let mut needs = BTreeSet::new();
    let servers = observed.servers(&record.owner, mechanisms);
    if let OurServers::Unknown(open) = &servers.ours {
        needs.extend(open.iter().cloned());
    }
    let (ours, is_known) = (servers.set(), needs.is_empty());
    for texts in answers(observed, &record.owner) {
        let mut is_suggested = false;
        for text in &texts {
            let judged = servers.evaluate(observed, text);
            let is_settled = texts.len() == 1 && ours.without(&judged.passed()).is_empty();
            is_suggested |= is_known && judged.needs.is_empty() && !is_settled;
            needs.extend(judged.needs.iter().cloned());
        }
        if is_suggested {
            let basis = Basis { observed, owner: &record.owner, texts: &texts, mechanisms, ours };
            needs.extend(suggest(&basis).needs);
        }
    }
    for question in needs {
        asks.resolver(&question.name, question.rtype);
    }
}

/// The SPF records of each different answer, as they stand and as they read once mended.
fn answers(observed: &Observed, owner: &OwnerName) -> Vec<Vec<String>> {
    let candidates = observed.get(owner, RecordType::Txt).map(|observation| observation.candidates());
    let mut found: Vec<Vec<String>> = Vec::new();
    for (reply, _) in candidates.unwrap_or_default().into_iter().take(MAX_ANSWERS) {
        let mut read = vec![spf_texts(reply.records()), attempts(reply.records())];
        let texts: Vec<Vec<u8>> = reply.records().iter().filter_map(RecordData::txt_joined).collect();
        if texts.iter().any(|text| !is_plain(text)) {
            let mended = |mend: fn(&[u8]) -> Vec<u8>| {
                spf_texts(&texts.iter().map(|text| RecordData::Txt(vec![mend(text)])).collect::<Vec<_>>())
            };
            let both = |text: &[u8]| without_blanks(&without_quotes(text));
            read.extend([mended(without_blanks), mended(without_quotes), mended(both)]);
        }
        for texts in read {
            if !texts.is_empty() && !found.contains(&texts) {
                found.push(texts);
            }
        }
    }
    found
}

/// No quotes or blanks can be taken out of the text.
fn is_plain(text: &[u8]) -> bool {
    let is_edge = |end: Option<&u8>| end.is_some_and(|byte| matches!(byte, b' ' | b'\'' | b'`'));
    let is_odd = |byte: &u8| !matches!(byte, b' '..=b'~') || matches!(byte, b'"' | b'\\');
    !is_edge(text.first())
        && !is_edge(text.last())
        && !text.iter().any(is_odd)
        && !text.windows(2).any(|two| two == b"  ")
}

/// What almost begins as an SPF record, as the records that were meant.
fn attempts(records: &[RecordData]) -> Vec<String> {
    let texts = records.iter().filter_map(RecordData::txt_joined);
    texts.filter_map(|text| repair::attempt(&String::from_utf8_lossy(&text))).collect()
}

/// Judges one answer; never called with a failed one.
pub fn judge(case: &Case<'_>) -> Judgement {
    let Wanted::Spf { mechanisms } = &case.record.wanted else { return Judgement::default() };
    let texts = spf_texts(case.reply.records());
    if texts.is_empty() {
        return absent(case, mechanisms);
    }
    let servers = case.observed.servers(&case.record.owner, mechanisms);
    match (&servers.ours, texts.as_slice()) {
        (OurServers::Unknown(_), _) => unknown(case),
        (OurServers::Broken(reason), [text]) => profile_broken(case, text, reason),
        (OurServers::Known(_), [text]) => judge_record(case, mechanisms, &servers, text),
        // Several records fail whoever we are.
        (_, several) => conflict(case, mechanisms, servers.set(), several),
    }
}

/// No SPF record; perhaps an attempt at one.
fn absent(case: &Case<'_>, mechanisms: &[ProfileMechanism]) -> Judgement {
    let missing = finding(case, Finding::error(Code::SpfMissing));
    let meant = attempts(case.reply.records());
    let seen = case.reply.records().iter().filter_map(RecordData::txt_joined);
    let seen = seen.into_iter().find(|text| repair::attempt(&String::from_utf8_lossy(text)).is_some());
    let Some(seen) = seen else {
        let missing = missing.arg("value", case.record.value());
        let missing = if mechanisms.is_empty() { missing.variant("anybody") } else { missing };
        return Judgement { findings: vec![missing], ..Judgement::default() };
    };
    let servers = case.observed.servers(&case.record.owner, mechanisms);
    let ours = if mechanisms.is_empty() { &NOBODY } else { servers.set() };
    let suggestion = suggestion(case, mechanisms, ours, &meant);
    let value = suggestion.value.clone().unwrap_or_else(|| meant.first().cloned().unwrap_or_default());
    let missing = missing.variant("attempt").arg("seen", quote(&seen)).arg("value", &value).suggest(&value);
    Judgement { findings: vec![missing], suggested_value: Some(value), ..Judgement::default() }
}

fn profile_broken(case: &Case<'_>, text: &str, reason: &str) -> Judgement {
    let tree = evaluate_and_draw(case.observed, &case.record.owner, text, &AddressSet::default()).tree;
    let finding = Finding::warning(Code::DnsProfile).arg("reason", reason).arg("name", &case.record.owner);
    Judgement { findings: vec![finding], spf_tree: Some(tree), ..Judgement::default() }
}

fn unknown(case: &Case<'_>) -> Judgement {
    Judgement { findings: vec![reach::failure_finding(AskFailure::Local, case)], ..Judgement::default() }
}

fn judge_record(case: &Case<'_>, mechanisms: &[ProfileMechanism], servers: &Servers, text: &str) -> Judgement {
    let ours = servers.set();
    let record = spf::parse(text.as_bytes()).unwrap_or_default();
    let judged = match case.depth {
        Depth::Whole => Rc::new(evaluate_and_draw(case.observed, &case.record.owner, text, ours)),
        Depth::Codes => servers.evaluate(case.observed, text),
    };
    if !judged.needs.is_empty() {
        return unknown(case);
    }
    let mut judgement = Judgement { spf_tree: Some(judged.tree.clone()), ..Judgement::default() };
    let known = !mechanisms.is_empty();
    // Where our servers are not known, a record is wrong where it stops receivers before they come to an end.
    let is_lost = if known { judged.first_lost().is_some() } else { judged.stops().any(|stop| !stop.is_temporary()) };
    if is_lost {
        let suggestion = suggestion(case, mechanisms, if known { ours } else { &NOBODY }, &[text.to_owned()]);
        let seen = lost::Seen { case, mechanisms, ours, record: &record, text, judged: &judged };
        judgement.findings.push(lost::finding(&seen, &suggestion));
        judgement.suggested_value = suggestion.value;
        return judgement;
    }
    if let Some(stop) = judged.stops().next() {
        judgement.findings.push(lost::unanswered(case, stop));
        return judgement;
    }
    judgement.findings = weakness::findings(case, &record, &judged, known);
    judgement
}

static NOBODY: std::sync::LazyLock<AddressSet> = std::sync::LazyLock::new(AddressSet::default);

/// RFC 7208 section 4.5: several records are a permerror.
fn conflict(case: &Case<'_>, mechanisms: &[ProfileMechanism], ours: &AddressSet, texts: &[String]) -> Judgement {
    let ours = if mechanisms.is_empty() { &NOBODY } else { ours };
    let suggestion = suggestion(case, mechanisms, ours, texts);
    let shown: Vec<String> = texts.iter().take(3).map(|text| quote(text.as_bytes())).collect();
    let error = finding(case, Finding::error(Code::SpfMultiple))
        .arg("count", texts.len())
        .arg("seen", shown.join(", "))
        .arg("before", suggestion.before)
        .arg("after", suggestion.lookups);
    let error = remedied(case, error, &suggestion);
    Judgement { findings: vec![error], suggested_value: suggestion.value, ..Judgement::default() }
}

fn suggestion(case: &Case<'_>, mechanisms: &[ProfileMechanism], ours: &AddressSet, texts: &[String]) -> Suggestion {
    if case.depth == Depth::Codes {
        return Suggestion::none();
    }
    suggest(&Basis { observed: case.observed, owner: &case.record.owner, texts, mechanisms, ours })
}

fn finding(case: &Case<'_>, finding: Finding) -> Finding {
    finding.arg("name", &case.record.owner).arg("host", case.host())
}

/// What to publish, and what was changed of theirs.
fn remedied(case: &Case<'_>, finding: Finding, suggestion: &Suggestion) -> Finding {
    let remedy = match suggestion.remedy {
        Remedy::Record => "record",
        Remedy::Addresses => "addresses",
        Remedy::Over => "over",
        Remedy::Subdomain => "subdomain",
    };
    let list = |texts: Vec<String>| if texts.is_empty() { "none".to_owned() } else { texts.join(", ") };
    let left_out = suggestion.changes.left_out.iter().map(|text| quote(text.as_bytes())).collect();
    let corrected = suggestion.changes.corrected.iter();
    let corrected =
        corrected.map(|(was, is)| format!("{} → {}", quote(was.as_bytes()), quote(is.as_bytes()))).collect();
    let subdomain = case.plan.domain.prefixed("send");
    let alone = case.record.value();
    let finding = finding
        .arg("remedy", remedy)
        .arg("left_out", list(left_out))
        .arg("corrected", list(corrected))
        .arg("lookups", suggestion.lookups)
        .arg("subdomain", &subdomain)
        .arg("subdomain_host", super::host_of(case.plan, &subdomain, case.observed))
        .arg("ours_alone", &alone)
        .arg("known", if alone.is_empty() { "no" } else { "yes" })
        .arg("value", suggestion.value.as_deref().unwrap_or_default());
    match &suggestion.value {
        Some(value) => finding.suggest(value),
        None => finding,
    }
}

#[cfg(test)]
mod tests;

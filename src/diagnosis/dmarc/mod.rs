//! Judges the DMARC policy that applies to a domain: its own record, or the one that RFC 9989 finds above it.

use std::rc::Rc;

use super::dmarc_walk::{self, Walk};
use super::gathered::{Gathered, PolicyText};
use super::observed::{RecordData, RecordType};
use super::wording::{quote, quote_record};
use super::{Asks, Case, Code, Finding, Judgement, reach};
use crate::records::OwnerName;
use crate::records::dmarc::{self, AttemptFlaw, DmarcRecord, Policy};
use crate::records::plan::{Plan, PlannedRecord, RecordKey};

mod inherited;
mod own;
pub mod reports;

/// The policies above the name, and whether foreign report addresses accept them.
pub fn questions(plan: &Plan, record: &PlannedRecord, observed: &Gathered<'_>, asks: &mut Asks) {
    let start = plan.domain.owner();
    for name in dmarc_walk::names(&start).iter().skip(1) {
        asks.resolver(&name.prefixed("_dmarc"), RecordType::Txt);
    }
    let Some(observation) = observed.get(&record.owner, RecordType::Txt) else { return };
    for (own, _) in observation.candidates() {
        let Ok(walk) = dmarc_walk::walk(&start, own, observed) else { continue };
        if let Some((domain, policy)) = applied(&walk, &start) {
            for name in reports::below(policy, &walk.organisation) {
                asks.resolver(&name.prefixed("_dmarc"), RecordType::Txt);
            }
            for asked in reports::to_be_accepted(&domain, policy, &walk.organisation, observed) {
                asks.resolver(&asked.owner, RecordType::Txt);
            }
        }
    }
}

/// The record that applies, and the domain where it was found.
fn applied<'a>(walk: &'a Walk, start: &OwnerName) -> Option<(OwnerName, &'a DmarcRecord)> {
    let own = walk.own.as_deref().map(|record| (start.clone(), record));
    own.or_else(|| walk.above.as_ref().map(|above| (above.domain.clone(), &*above.record)))
}

/// Judges one answer; never called with a failed one.
pub fn judge(case: &Case<'_>) -> Judgement {
    let start = case.plan.domain.owner();
    let own = dmarc_walk::records(case.reply, case.observed);
    if let [record] = own.as_slice() {
        return own::judge(case, record);
    }
    match dmarc_walk::walk(&start, case.reply, case.observed) {
        // A policy may stand above; nobody knows (RFC 9989 section 4.10).
        Err(failure) => Judgement { findings: vec![reach::failure_finding(failure, case)], ..Judgement::default() },
        Ok(walk) => match &walk.above {
            Some(above) => inherited::judge(case, &walk, above, &own),
            None => {
                let finding = nothing(case, &own);
                let suggested_value = finding.suggested_value.clone().filter(|value| *value != case.record.value());
                Judgement { findings: vec![finding], suggested_value, ..Judgement::default() }
            }
        },
    }
}

/// No policy applies: why the name's own text does not count.
fn nothing(case: &Case<'_>, own: &[Rc<DmarcRecord>]) -> Finding {
    if own.len() > 1 {
        return error(case, Code::DmarcMultiple, &kept(case, own)).arg("count", own.len());
    }
    if let Some((flaw, text)) = attempt(case) {
        let error = error(case, Code::DmarcSyntax, &dmarc::mended(&text)).arg("current", quote_record(text.as_bytes()));
        return match flaw {
            AttemptFlaw::Case => error.variant("case"),
            AttemptFlaw::Order => error.variant("order"),
            AttemptFlaw::Semicolon => error.variant("semicolon"),
            AttemptFlaw::NoVersion => error.variant("no-version"),
            AttemptFlaw::Other => error,
        };
    }
    let missing = error(case, Code::DmarcMissing, &case.record.value());
    let first = case.reply.records().iter().find_map(RecordData::txt_joined);
    match first {
        Some(text) => missing.variant("unrelated").arg("current", quote(&text)),
        None if !case.reply.aliases.is_empty() => missing.variant("alias"),
        None => missing,
    }
}

/// Of several records the strictest is kept, since nobody should be protected less than they meant to be.
fn kept(case: &Case<'_>, own: &[Rc<DmarcRecord>]) -> String {
    let strictest = own.iter().filter(|record| !record.is_ignored).max_by_key(|record| record.p);
    strictest.map_or_else(|| case.record.value(), |record| record.mended())
}

/// The first text that was meant as DMARC and is none.
fn attempt(case: &Case<'_>) -> Option<(AttemptFlaw, String)> {
    let texts = case.reply.records().iter().filter_map(RecordData::txt_joined);
    texts.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).find_map(|text| match case.observed.policy(&text) {
        PolicyText::Attempt(flaw) => Some((flaw, text)),
        _ => None,
    })
}

/// Our signatures carry the domain itself, so that `adkim=s` never fails. The return path lies below it, so that SPF
/// never aligns with `aspf=s` (RFC 9989 section 4.4), nor where `psd=y` makes the names below it other organisations.
/// Without a return path of its own, mail goes out from the domain itself, and SPF aligns in any mode.
fn strict_alignment(case: &Case<'_>, record: &DmarcRecord, variant: &str) -> Option<Finding> {
    let return_path = case.plan.records.iter().find(|planned| planned.key == RecordKey::ReturnPath)?;
    let found = || warning(case, Code::DmarcStrictAlignment).arg("return_path", &return_path.owner);
    record.is_spf_strict.then(|| found().variant(variant))
}

/// What is good to know of the policy that applies.
fn remarks(case: &Case<'_>, record: &DmarcRecord, policy: Policy) -> Vec<Finding> {
    let mut found = Vec::new();
    if record.asked(policy) == Policy::None {
        let is_lowered = policy != Policy::None;
        let none = told(case, Finding::info(Code::DmarcNotEnforced)).arg("policy", policy.as_str());
        found.push(if is_lowered { none.variant("test") } else { none });
    }
    if record.rua.is_empty() {
        found.push(told(case, Finding::info(Code::DmarcNoReports)));
    }
    found
}

fn error(case: &Case<'_>, code: Code, value: &str) -> Finding {
    told(case, Finding::error(code)).arg("value", value).suggest(value)
}

fn warning(case: &Case<'_>, code: Code) -> Finding {
    told(case, Finding::warning(code))
}

fn told(case: &Case<'_>, finding: Finding) -> Finding {
    let zone = super::zone_of_record(case.plan, &case.record.owner, case.observed);
    let alias = case.reply.aliases.last().map_or_else(|| "none".to_owned(), ToString::to_string);
    finding
        .arg("name", &case.record.owner)
        .arg("host", case.host())
        .arg("zone", zone)
        .arg("alias", alias)
        .arg("mail", &case.plan.domain)
}

#[cfg(test)]
mod tests;

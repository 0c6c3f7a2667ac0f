//! Judges a DKIM key record (RFC 6376 sections 3.6.1 and 6.1.2, RFC 8301, RFC 8463).

use super::observed::{Observed, RecordData};
use super::wording::quote;
use super::{Asks, Case, Code, Finding, Judgement};
use crate::records::Selector;
use crate::records::dkim::{self, DkimPublicKey};
use crate::records::plan::{Plan, PlannedRecord, Wanted};

mod key;
mod several;
mod text;

pub use text::is_private_key;

/// So many last characters of a value tell it from others; all RSA keys of a size begin alike.
const SHOWN_END: usize = 14;

/// The record's own question is all that is needed.
pub fn questions(_plan: &Plan, _record: &PlannedRecord, _observed: &Observed, _asks: &mut Asks) {}

/// The keys that a text is compared with.
#[derive(Debug, Clone)]
struct Keys<'a> {
    /// The one that we sign with; `None` where any valid key does.
    ours: Option<&'a DkimPublicKey>,
    /// Keys that this domain had before, at any selector.
    older: &'a [DkimPublicKey],
    /// The keys that this domain has at other selectors.
    elsewhere: Vec<(&'a Selector, &'a DkimPublicKey)>,
}

/// Judges one answer; never called with a failed one.
pub fn judge(case: &Case<'_>) -> Judgement {
    let Some(keys) = keys_of(case) else { return Judgement::default() };
    let texts: Vec<Vec<u8>> = case.reply.records().iter().filter_map(RecordData::txt_joined).collect();
    let findings = match texts.as_slice() {
        [] => vec![missing(case)],
        [text] => text::faults(text, &keys),
        several => several::faults(several, &keys),
    };
    let findings = findings.into_iter().map(|finding| told(case, &keys, &texts, finding)).collect();
    Judgement { findings, ..Judgement::default() }
}

fn missing(case: &Case<'_>) -> Finding {
    let missing = Finding::error(Code::DkimMissing);
    if case.reply.aliases.is_empty() { missing } else { missing.variant("alias") }
}

fn keys_of<'a>(case: &Case<'a>) -> Option<Keys<'a>> {
    let Wanted::Dkim { public, older, .. } = &case.record.wanted else { return None };
    let elsewhere = case.plan.records.iter().filter(|record| record.key != case.record.key);
    let elsewhere = elsewhere.filter_map(|record| match &record.wanted {
        Wanted::Dkim { selector, public: Some(public), .. } => Some((selector, public)),
        _ => None,
    });
    Some(Keys { ours: public.as_ref(), older, elsewhere: elsewhere.collect() })
}

/// Completes a finding by what every sentence may name: the record's place, and the text to publish there.
fn told(case: &Case<'_>, keys: &Keys<'_>, texts: &[Vec<u8>], finding: Finding) -> Finding {
    let owner = &case.record.owner;
    let zone = super::zone_of_record(case.plan, owner, case.observed);
    let Wanted::Dkim { selector, .. } = &case.record.wanted else { return finding };
    let alias = case.reply.aliases.last().map_or_else(|| "none".to_owned(), ToString::to_string);
    let is_private = finding.variant.as_deref().is_some_and(|variant| variant.starts_with("private"));
    let seen = texts.first().filter(|_| !is_private).map(|text| quote(text)).unwrap_or_default();
    let value = suggestion(keys, texts, &finding);
    let finding = finding
        .arg("name", owner)
        .arg("host", case.host())
        .arg("zone", zone)
        .arg("selector", selector)
        .arg("alias", alias)
        .arg("current", seen)
        .arg("known", if value.is_some() { "yes" } else { "no" })
        .arg("end", value.as_deref().map(|value| &value[value.len().saturating_sub(SHOWN_END)..]).unwrap_or_default())
        .arg("length", value.as_deref().map(str::len).unwrap_or_default());
    match value {
        Some(value) => finding.suggest(value),
        None => finding,
    }
}

/// Our record; where any valid key does, the one that is meant by what stands there, written as it should be. Nothing
/// where only another key would help.
fn suggestion(keys: &Keys<'_>, texts: &[Vec<u8>], finding: &Finding) -> Option<String> {
    if let Some(ours) = keys.ours {
        return (finding.code != Code::DkimWeak).then(|| ours.render());
    }
    if matches!(finding.code, Code::DkimWeak | Code::DkimRevoked | Code::DkimMissing) {
        return None;
    }
    let meant = texts.iter().find_map(|text| text::key_meant(text));
    meant.map(|key| key.render()).filter(|value| {
        let faults = text::faults(value.as_bytes(), keys);
        !faults.iter().any(Finding::is_error)
    })
}

#[cfg(test)]
mod tests;

//! Whether a record at some place is recognisably the one that belongs elsewhere.

use super::super::mx;
use super::super::observed::{RecordData, Reply};
use super::values::{without_blanks, without_quotes};
use crate::records::OwnerName;
use crate::records::plan::{Plan, PlannedRecord, Wanted};

/// The part of a key's text that tells it from others: what stands before is the same for all of its kind, and what
/// stands behind may have been cut off.
const TELLING: std::ops::Range<usize> = 44..120;

/// `is_sure`: the place itself says that the record was meant for here, so that any of the kind will do where ours is
/// not known.
pub fn holds_ours(plan: &Plan, record: &PlannedRecord, reply: &Reply, is_sure: bool) -> bool {
    let aliases = reply.aliases.iter().take(1).map(|name| RecordData::Cname(name.clone()));
    let mut all = reply.records().iter().cloned().chain(aliases);
    all.any(|data| is_ours(plan, record, &data, is_sure))
}

/// As [`holds_ours`], of one record.
pub fn is_ours(plan: &Plan, record: &PlannedRecord, data: &RecordData, is_sure: bool) -> bool {
    let text = squeezed(data);
    match &record.wanted {
        Wanted::Dkim { public: Some(public), .. } => {
            let rendered = public.render();
            let key = rendered.rsplit("p=").next().unwrap_or(&rendered).to_ascii_lowercase();
            text.contains(key.get(TELLING).unwrap_or(&key))
        }
        Wanted::Dkim { public: None, .. } => is_sure && text.starts_with("v=dkim1"),
        Wanted::Spf { mechanisms } if mechanisms.is_empty() => is_sure && text.starts_with("v=spf1"),
        Wanted::Spf { mechanisms } => {
            let mut terms = mechanisms.iter().map(|term| term.to_string().to_ascii_lowercase());
            text.starts_with("v=spf1") && terms.all(|term| text.contains(&term))
        }
        Wanted::Dmarc { .. } => text.starts_with("v=dmarc1"),
        Wanted::Mx { offer: Some(offer), .. } => is_host(plan, &offer.host.owner(), data),
        Wanted::Mx { offer: None, .. } => false,
        Wanted::Cname { target, .. } => is_host(plan, &target.owner(), data),
    }
}

/// The text in lower case without blanks, quotes and the escapes of names.
fn squeezed(data: &RecordData) -> String {
    let bytes = match data {
        RecordData::Cname(name) | RecordData::Mx { exchange: name, .. } => {
            name.as_str().replace("\\032", "").into_bytes()
        }
        other => other.txt_joined().unwrap_or_default(),
    };
    let bare = without_blanks(&without_quotes(&bytes));
    let text = String::from_utf8_lossy(&bare).to_ascii_lowercase();
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

fn is_host(plan: &Plan, ours: &OwnerName, data: &RecordData) -> bool {
    let named = match data {
        RecordData::Cname(name) | RecordData::Mx { exchange: name, .. } => name.clone(),
        RecordData::Txt(strings) => {
            let text = String::from_utf8_lossy(&without_quotes(&strings.concat())).trim().to_owned();
            OwnerName::new(text.rsplit(' ').next().unwrap_or_default())
        }
        _ => return false,
    };
    named == *ours || mx::is_appended(plan, ours, &named)
}

//! One record as the domain's page shows it: what to type, what is there, what to do.

use crate::console::RecordView;
use crate::diagnosis::Verdict;
use crate::lifecycle::Status;
use crate::records::plan::RecordKey;
use crate::web::findings::FindingView;
use crate::web::moment::Moment;
use crate::web::pill::{Pill, Tone, status_word};

pub struct RecordRow {
    pub key: String,
    pub title: &'static str,
    /// What the record is for, in a few words.
    pub purpose: &'static str,
    /// Empty but for DKIM.
    pub selector: String,
    pub rtype: &'static str,
    pub name: String,
    pub host: String,
    /// What to copy; empty where there is nothing to publish.
    pub value: String,
    /// `value` is ours merged with what stands there, which it replaces.
    pub is_merged: bool,
    pub is_inherited: bool,
    pub is_required: bool,
    pub priority: Option<u16>,
    pub pill: Pill,
    /// For scripts and tests: the contract's words.
    pub verdict: &'static str,
    pub status: &'static str,
    /// Empty where the pill says as much.
    pub status_note: &'static str,
    pub current: Vec<String>,
    pub checked_at: Option<Moment>,
    pub findings: Vec<FindingView>,
}

impl RecordRow {
    pub fn new(record: &RecordView) -> Self {
        let pill = Pill::of_record(record);
        let key = record.key.to_string();
        let (title, purpose) = titles(&record.key);
        Self {
            title,
            purpose,
            selector: selector(&record.key),
            rtype: record.rtype.as_str(),
            name: record.name.clone(),
            host: record.host.clone(),
            value: shown_value(record),
            is_merged: is_merged(record),
            is_inherited: record.is_inherited,
            is_required: record.is_required,
            priority: record.priority,
            pill,
            verdict: record.verdict.map_or("none", Verdict::as_str),
            status: record.status.as_str(),
            status_note: status_note(record, pill),
            current: record.current.clone(),
            checked_at: Moment::maybe(record.checked_at),
            findings: FindingView::all(&record.findings, &key),
            key,
        }
    }

    /// All of a domain's records, those that need a fix first.
    pub fn all(records: &[RecordView]) -> Vec<Self> {
        let mut rows: Vec<Self> = records.iter().map(Self::new).collect();
        rows.sort_by_key(|row| match row.pill.tone {
            Tone::Bad => 0,
            Tone::Wait if row.is_required => 1,
            Tone::Warn | Tone::Good => 2,
            Tone::Wait => 3,
        });
        rows
    }

    pub fn is_bad(&self) -> bool {
        self.pill.tone == Tone::Bad
    }

    pub fn is_good(&self) -> bool {
        matches!(self.pill.tone, Tone::Good | Tone::Warn)
    }

    /// The finding that people read first.
    pub fn first(&self) -> Option<&FindingView> {
        self.findings.first()
    }

    pub fn further_count(&self) -> usize {
        self.findings.len().saturating_sub(1)
    }

    /// What is there now is worth showing beside what is wanted.
    pub fn has_other_current(&self) -> bool {
        !self.current.is_empty() && !self.is_good() && self.current != [self.value.as_str()]
    }
}

fn titles(key: &RecordKey) -> (&'static str, &'static str) {
    match key {
        RecordKey::Dkim(_) => ("DKIM", "lets receivers check the signature under your mail"),
        RecordKey::Spf => ("SPF", "says that our servers may send for you"),
        RecordKey::Dmarc => ("DMARC", "tells receivers what to do with mail that is not yours"),
        RecordKey::Mx => ("Bounce MX", "brings bounces back to us"),
        RecordKey::ReturnPath => ("Return path", "aligns the bounce address with your domain"),
        RecordKey::Tracking => ("Tracking", "lets links in your mail carry your own name"),
    }
}

fn selector(key: &RecordKey) -> String {
    match key {
        RecordKey::Dkim(selector) => selector.to_string(),
        _ => String::new(),
    }
}

/// A good SPF or DMARC record may hold more than ours: what stands there is right, and must not be overwritten.
pub(super) fn shown_value(record: &RecordView) -> String {
    if record.is_inherited {
        return String::new();
    }
    if record.is_full() {
        return record.current.first().cloned().unwrap_or_default();
    }
    let is_good = record.verdict.is_some_and(Verdict::is_good);
    let may_hold_more = matches!(record.key, RecordKey::Spf | RecordKey::Dmarc);
    match (&record.suggested_value, record.current.as_slice()) {
        (_, [current]) if is_good && may_hold_more => current.clone(),
        (Some(merged), _) => merged.clone(),
        _ => record.value.clone(),
    }
}

fn is_merged(record: &RecordView) -> bool {
    let is_good = record.verdict.is_some_and(Verdict::is_good);
    !is_good && record.suggested_value.as_ref().is_some_and(|merged| *merged != record.value)
}

fn status_note(record: &RecordView, pill: Pill) -> &'static str {
    let is_said = matches!((record.status, pill.tone), (Status::Verified, Tone::Good | Tone::Warn));
    if is_said { "" } else { status_word(record.status) }
}

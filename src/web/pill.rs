//! A status or verdict as colour, icon and word, never colour alone.

use askama::Template;

use crate::console::RecordView;
use crate::diagnosis::{Code, Verdict};
use crate::lifecycle::Status;

/// One of the four status colours, each with its own icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Good,
    Warn,
    Bad,
    Wait,
}

impl Tone {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Wait => "wait",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Template)]
#[template(path = "pill.html")]
pub struct Pill {
    pub tone: Tone,
    pub word: &'static str,
}

impl Pill {
    pub fn of_status(status: Status) -> Self {
        let tone = match status {
            Status::Verified => Tone::Good,
            Status::AtRisk => Tone::Warn,
            Status::Failed => Tone::Bad,
            Status::Pending => Tone::Wait,
        };
        Self { tone, word: status_word(status) }
    }

    /// What the last check saw of a record. Nothing published yet is no mistake: it waits; a record that is there
    /// and does not do its job is one, and so is one that was verified and is gone.
    pub fn of_record(record: &RecordView) -> Self {
        let word = verdict_word(record.verdict);
        let tone = match record.verdict {
            None | Some(Verdict::Unknown) => Tone::Wait,
            Some(Verdict::Pass) => Tone::Good,
            Some(Verdict::Warn) => Tone::Warn,
            Some(Verdict::Missing) if is_not_published_yet(record) => Tone::Wait,
            Some(Verdict::Missing | Verdict::Mismatch | Verdict::Conflict) => Tone::Bad,
        };
        Self { tone, word }
    }
}

impl Pill {
    /// A verdict alone, of a check that is still under way.
    pub fn of_verdict(verdict: Verdict) -> Self {
        let tone = match verdict {
            Verdict::Pass => Tone::Good,
            Verdict::Warn => Tone::Warn,
            Verdict::Mismatch | Verdict::Conflict => Tone::Bad,
            Verdict::Missing | Verdict::Unknown => Tone::Wait,
        };
        Self { tone, word: verdict_word(Some(verdict)) }
    }
}

pub fn status_word(status: Status) -> &'static str {
    match status {
        Status::Pending => "Pending",
        Status::Verified => "Verified",
        Status::AtRisk => "At risk",
        Status::Failed => "Failed",
    }
}

pub fn verdict_word(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        None => "Not checked yet",
        Some(Verdict::Pass) => "Pass",
        Some(Verdict::Warn) => "Pass, with a warning",
        Some(Verdict::Missing) => "Missing",
        Some(Verdict::Mismatch) => "Mismatch",
        Some(Verdict::Conflict) => "Conflict",
        Some(Verdict::Unknown) => "Could not ask",
    }
}

/// Nothing is there, nothing was there before, and nothing of it stands at a wrong place.
fn is_not_published_yet(record: &RecordView) -> bool {
    let is_plain = |code: Code| code.as_str().ends_with("-missing");
    let first = record.findings.iter().find(|finding| finding.is_error());
    !record.is_required || record.status == Status::Pending && first.is_none_or(|finding| is_plain(finding.code))
}

//! What may be offered in place of a record that does not do the job.

use crate::diagnosis::Question;

/// How the offered record helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// It holds everything and stays within ten lookups.
    Record,
    /// Our addresses stand in it, for our own terms would be one lookup too many.
    Addresses,
    /// As `Addresses`; the others' terms alone need more than ten lookups.
    Over,
    /// No such record exists.
    Subdomain,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Changes {
    /// Terms that nobody can use, as written.
    pub left_out: Vec<String>,
    /// Terms corrected, as written and as they are now.
    pub corrected: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
pub(super) struct Suggestion {
    pub value: Option<String>,
    pub remedy: Remedy,
    pub changes: Changes,
    /// Lookups that the offered record needs.
    pub lookups: u32,
    /// Lookups of the records as they stand.
    pub before: u32,
    pub needs: Vec<Question>,
}

impl Suggestion {
    /// Where none is sought.
    pub fn none() -> Self {
        let remedy = Remedy::Subdomain;
        Self { value: None, remedy, changes: Changes::default(), lookups: 0, before: 0, needs: Vec::new() }
    }
}

//! Judges the dkim record.

use super::{Asks, Case, Judgement, Observed};
use crate::records::plan::{Plan, PlannedRecord};

/// What this judge still needs, beyond the record's own question.
pub fn questions(_plan: &Plan, _record: &PlannedRecord, _observed: &Observed, _asks: &mut Asks) {}

/// Judges one answer; never called with a failed one.
pub fn judge(_case: &Case<'_>) -> Judgement {
    Judgement::default()
}

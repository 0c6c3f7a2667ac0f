//! Where a record went instead: doubled names, wrong hosts, wrong types, wildcards, quotes.

use super::{Asks, Case, Judgement, Observed};
use crate::records::plan::Plan;

/// The likely other places, in one round, only when something is missing.
pub fn questions(_plan: &Plan, _observed: &Observed, _asks: &mut Asks) {}

/// Puts the finding that explains a missing or broken record first; the kind's own `…-missing` or `…-malformed` goes
/// where one does.
pub fn explain(_case: &Case<'_>, _judgement: &mut Judgement) {}

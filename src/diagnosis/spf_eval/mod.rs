//! RFC 7208 section 4 over gathered data: which of a set of addresses pass, along the way that a receiver takes,
//! limits included, and the tree of how it came about. One walk serves a single message ([`check_host`]) and every
//! address of a set at once ([`evaluate`]).
//!
//! A walk that met an unanswered question goes on as if nothing had matched, to learn what else to ask; what it says
//! counts only once `needs` is empty.

pub mod addresses;
mod check_host;
mod expand;
mod groups;
mod intervals;
mod mechanisms;
mod outcome;
mod referral;
mod tree;
mod walk;

pub use addresses::{AddressSet, Family};
pub use check_host::{CheckResult, Checked, Message, check_host};
pub use expand::owner_of;
pub use outcome::{Decided, Evaluation, Outcome, Place, Stop};
pub use referral::spf_texts;
pub use tree::{SpfMark, SpfOutcome, SpfTree, SpfTreeTerm};
pub use walk::MAX_LOOKUPS;

use crate::diagnosis::observed::Observed;
use crate::records::OwnerName;

/// Evaluates a record that stands at `domain`, for every one of `addresses`; the lookups behind the last of them are
/// counted too. The tree stays empty.
pub fn evaluate(observed: &Observed, domain: &OwnerName, text: &str, addresses: &AddressSet) -> Evaluation {
    walk::Walk::for_any_message(observed, domain, Some(0)).whole(domain, text, addresses)
}

/// As [`evaluate`], with the tree.
pub fn evaluate_and_draw(observed: &Observed, domain: &OwnerName, text: &str, addresses: &AddressSet) -> Evaluation {
    walk::Walk::for_any_message(observed, domain, Some(0)).drawn().whole(domain, text, addresses)
}

/// The addresses that terms authorise by themselves: what the sending profile stands for.
pub fn expand_terms(observed: &Observed, domain: &OwnerName, terms: &str) -> Evaluation {
    let text = format!("v=spf1 {terms}");
    walk::Walk::for_any_message(observed, domain, None).whole(domain, &text, &AddressSet::all())
}

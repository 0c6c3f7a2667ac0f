//! What comes of an evaluation, for each address of a set.

use super::addresses::{AddressSet, Family};
use super::intervals::Intervals;
use super::tree::SpfTree;
use crate::diagnosis::{AskFailure, Question};
use crate::records::OwnerName;
use crate::records::spf::Qualifier;

/// A term, and the name whose record it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub domain: OwnerName,
    pub term: String,
}

/// Why an evaluation ends without a result of the record's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// A term that no receiver can read (RFC 7208 section 4.6).
    Syntax(Place),
    /// An eleventh lookup (section 4.6.4).
    LookupLimit(Place),
    /// An `mx` with more than ten hosts (section 4.6.4).
    MxLimit(Place),
    /// A third lookup that finds nothing (section 4.6.4).
    VoidLimit(Place),
    /// An include or redirect leads to a record that is being evaluated.
    Loop { at: Place, target: String },
    /// An include or redirect leads to a name without an SPF record (sections 5.2 and 6.1).
    NoRecord { at: Place, target: String },
    /// An include or redirect leads to a name with several (section 4.5).
    SeveralRecords { at: Place, target: String },
    /// Over our own bounds.
    TooLarge(Place),
    /// A temporary error: evidence of nothing.
    Unanswered { at: Place, name: OwnerName, failure: AskFailure },
}

impl Stop {
    pub fn place(&self) -> &Place {
        match self {
            Self::Syntax(at) | Self::LookupLimit(at) | Self::MxLimit(at) | Self::VoidLimit(at) | Self::TooLarge(at) => {
                at
            }
            Self::Loop { at, .. } | Self::NoRecord { at, .. } | Self::SeveralRecords { at, .. } => at,
            Self::Unanswered { at, .. } => at,
        }
    }

    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Unanswered { .. })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A mechanism matched.
    Matched(Qualifier, Place),
    /// Nothing did: neutral (RFC 7208 section 4.7).
    Unmatched,
    Stopped(Stop),
}

/// Addresses with the same outcome, reached with the same count of lookups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    pub family: Family,
    pub set: Intervals,
    pub lookups: u32,
    pub voids: u32,
    pub outcome: Outcome,
}

impl Decided {
    pub fn has_passed(&self) -> bool {
        matches!(self.outcome, Outcome::Matched(Qualifier::Pass, _))
    }
}

/// What came of an evaluation; valid once `needs` is empty.
#[derive(Debug, Clone, Default)]
pub struct Evaluation {
    /// Every address asked about, once, in the order of decision.
    pub decided: Vec<Decided>,
    /// Questions still to be asked.
    pub needs: Vec<Question>,
    /// The lookups of a message that nothing matches.
    pub lookups: u32,
    /// The record's own terms from the one on that takes that message past the limit.
    pub past_limit: Vec<String>,
    pub tree: SpfTree,
}

impl Evaluation {
    pub fn passed(&self) -> AddressSet {
        self.select(Decided::has_passed)
    }

    /// What did not pass, and why is known.
    pub fn lost(&self) -> AddressSet {
        self.select(|decided| !decided.has_passed() && !is_temporary(decided))
    }

    pub fn select(&self, is_wanted: impl Fn(&Decided) -> bool) -> AddressSet {
        let mut set = AddressSet::default();
        self.decided.iter().filter(|decided| is_wanted(decided)).for_each(|some| set.add(some.family, &some.set));
        set
    }

    /// The first outcome of addresses that did not pass for a reason that is known.
    pub fn first_lost(&self) -> Option<&Decided> {
        self.decided.iter().find(|decided| !decided.has_passed() && !is_temporary(decided))
    }

    pub fn stops(&self) -> impl Iterator<Item = &Stop> {
        self.decided.iter().filter_map(|decided| match &decided.outcome {
            Outcome::Stopped(stop) => Some(stop),
            _ => None,
        })
    }
}

fn is_temporary(decided: &Decided) -> bool {
    matches!(&decided.outcome, Outcome::Stopped(stop) if stop.is_temporary())
}

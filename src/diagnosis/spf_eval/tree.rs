//! The tree of an evaluation, to be drawn: each term, the lookups so far, what came of it and what stood there. Its
//! size is bounded, whatever the records hold.

use serde::{Deserialize, Serialize};

use super::addresses::{AddressSet, written};
use super::mechanisms::Stage;
use super::outcome::{Decided, Outcome, Stop};
use super::walk::Role;
use crate::records::spf::Qualifier;

/// Terms drawn in the whole tree.
const MAX_TERMS: usize = 250;
/// Addresses or hosts told of one term.
pub const MAX_FOUND: usize = 8;
/// Characters of a record or a term that are kept.
const MAX_TEXT: usize = 600;

/// How a record was evaluated, term by term.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpfTree {
    pub name: String,
    /// The record as it stood there.
    pub record: String,
    pub terms: Vec<SpfTreeTerm>,
    /// Terms that are not drawn, for there are too many.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub omitted: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpfTreeTerm {
    /// The term as written; empty for the end of a record.
    pub term: String,
    /// Further `ip4` and `ip6` terms of which the same is to be said.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: usize,
    /// DNS lookups used in the whole evaluation once this term is done.
    pub lookups: u32,
    /// What came of it, for our servers.
    pub outcome: SpfOutcome,
    /// Which of our addresses it decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decided: Vec<String>,
    /// The addresses and hosts that stood there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<String>,
    /// Our servers are found here, or lost here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<SpfMark>,
    /// The record that an include or redirect led to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child: Option<Box<SpfTree>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SpfMark {
    Found,
    Lost,
}

/// What came of a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpfOutcome {
    NoMatch,
    Pass,
    Fail,
    SoftFail,
    Neutral,
    /// Hangs on sender or client, so it does not match for us.
    Depends,
    /// Every address of ours was decided before; its lookups count for others.
    NotNeeded,
    /// Receivers never come here.
    NotReached,
    /// The record that a redirect leads to decides.
    Passed,
    Syntax,
    LookupLimit,
    VoidLimit,
    MxLimit,
    Loop,
    NoRecord,
    SeveralRecords,
    TooLarge,
    Unanswered,
}

impl SpfTree {
    pub fn new(name: String, record: &str) -> Self {
        Self { name, record: shortened(record), ..Self::default() }
    }
}

/// What is left of the tree's size.
#[derive(Debug)]
pub struct Canvas {
    terms_left: usize,
}

impl Default for Canvas {
    fn default() -> Self {
        Self { terms_left: MAX_TERMS }
    }
}

impl Canvas {
    /// Adds a term, folded into the one before where both are addresses of which the same is to be said.
    pub fn draw(&mut self, tree: &mut SpfTree, mut term: SpfTreeTerm) {
        let is_plain = |term: &SpfTreeTerm| {
            let text = term.term.trim_start_matches(['+', '-', '~', '?']);
            let head = text.get(..4).unwrap_or_default();
            term.mark.is_none() && (head.eq_ignore_ascii_case("ip4:") || head.eq_ignore_ascii_case("ip6:"))
        };
        if let Some(last) = tree.terms.last_mut()
            && (is_plain(last) && is_plain(&term))
            && (last.outcome, last.lookups) == (term.outcome, term.lookups)
        {
            last.more += 1;
            return;
        }
        if self.terms_left == 0 && term.mark.is_none() {
            tree.omitted += 1;
            return;
        }
        self.terms_left = self.terms_left.saturating_sub(1);
        term.term = shortened(&term.term);
        tree.terms.push(term);
    }
}

/// One term as it is drawn.
pub(super) fn term(
    text: &str,
    lookups: u32,
    outcome: SpfOutcome,
    decided: &[Decided],
    role: Role,
    stage: Stage,
) -> SpfTreeTerm {
    let mut set = AddressSet::default();
    decided.iter().for_each(|some| set.add(some.family, &some.set));
    let is_lost = |some: &Decided| match some.outcome {
        Outcome::Stopped(_) => true,
        _ => role == Role::Final && !some.has_passed(),
    };
    let is_found = |some: &Decided| some.has_passed() && role != Role::Included { is_pass: false };
    let mark = if decided.iter().any(is_lost) {
        Some(SpfMark::Lost)
    } else {
        decided.iter().any(is_found).then_some(SpfMark::Found)
    };
    SpfTreeTerm {
        term: text.to_owned(),
        more: 0,
        lookups,
        outcome,
        decided: set.networks(MAX_FOUND).into_iter().map(written).collect(),
        found: stage.found,
        mark,
        child: stage.child.map(Box::new),
    }
}

pub(super) fn outcome_of(outcome: &Outcome) -> SpfOutcome {
    match outcome {
        Outcome::Matched(Qualifier::Pass, _) => SpfOutcome::Pass,
        Outcome::Matched(Qualifier::Fail, _) => SpfOutcome::Fail,
        Outcome::Matched(Qualifier::SoftFail, _) => SpfOutcome::SoftFail,
        Outcome::Matched(Qualifier::Neutral, _) | Outcome::Unmatched => SpfOutcome::Neutral,
        Outcome::Stopped(stop) => stop_outcome(stop),
    }
}

pub(super) fn stop_outcome(stop: &Stop) -> SpfOutcome {
    match stop {
        Stop::Syntax(_) => SpfOutcome::Syntax,
        Stop::LookupLimit(_) => SpfOutcome::LookupLimit,
        Stop::MxLimit(_) => SpfOutcome::MxLimit,
        Stop::VoidLimit(_) => SpfOutcome::VoidLimit,
        Stop::Loop { .. } => SpfOutcome::Loop,
        Stop::NoRecord { .. } => SpfOutcome::NoRecord,
        Stop::SeveralRecords { .. } => SpfOutcome::SeveralRecords,
        Stop::TooLarge(_) => SpfOutcome::TooLarge,
        Stop::Unanswered { .. } => SpfOutcome::Unanswered,
    }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= MAX_TEXT {
        return text.to_owned();
    }
    let head: String = text.chars().take(MAX_TEXT).collect();
    format!("{head} …")
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

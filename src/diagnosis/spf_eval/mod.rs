//! RFC 7208 section 4 over gathered data: which of a set of addresses pass, along the way that a receiver takes,
//! limits included, and the tree of how it came about.

pub mod addresses;
mod walk;

pub use addresses::AddressSet;
pub use walk::{Evaluation, Stop, evaluate, evaluate_terms};

use serde::{Deserialize, Serialize};

/// How a record was evaluated, term by term, to be drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpfTree {
    pub name: String,
    /// The record as it stood there.
    pub record: String,
    pub terms: Vec<SpfTreeTerm>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpfTreeTerm {
    /// The term as written.
    pub term: String,
    /// DNS lookups used in the whole evaluation once this term is done.
    pub lookups: u32,
    /// What came of it, for our servers, in a few words.
    pub result: String,
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

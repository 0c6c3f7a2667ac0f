//! Our servers: what the sending profile's mechanisms stand for, as sets of addresses.

use crate::diagnosis::observed::Observed;
use crate::diagnosis::spf_eval::{AddressSet, Family, Stop, expand_terms};
use crate::diagnosis::{AskFailure, Question};
use crate::records::OwnerName;
use crate::records::spf::ProfileMechanism;

/// What is known of our servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OurServers {
    Known(AddressSet),
    /// Still to be asked.
    Unknown(Vec<Question>),
    /// The profile does not expand; why, in a few words.
    Broken(String),
}

impl OurServers {
    /// Our servers; every server in the world where ours are not known, since each may be.
    pub fn find(observed: &Observed, owner: &OwnerName, mechanisms: &[ProfileMechanism]) -> Self {
        if mechanisms.is_empty() { Self::Known(AddressSet::all()) } else { our_servers(observed, owner, mechanisms) }
    }
}

/// Expands the profile's mechanisms.
fn our_servers(observed: &Observed, owner: &OwnerName, mechanisms: &[ProfileMechanism]) -> OurServers {
    let terms: Vec<String> = mechanisms.iter().map(ToString::to_string).collect();
    let expanded = expand_terms(observed, owner, &terms.join(" "));
    if !expanded.needs.is_empty() {
        return OurServers::Unknown(expanded.needs);
    }
    if let Some(stop) = expanded.stops().next() {
        return OurServers::Broken(describe(stop));
    }
    let set = expanded.passed();
    if set.is_empty() {
        return OurServers::Broken("it authorises no server".to_owned());
    }
    // Nobody can cover the whole world, and nobody should be asked to.
    if Family::BOTH.into_iter().any(|family| *set.of(family) == family.all()) {
        return OurServers::Broken("it authorises every server in the world".to_owned());
    }
    OurServers::Known(set)
}

fn describe(stop: &Stop) -> String {
    let term = &stop.place().term;
    match stop {
        Stop::Unanswered { name, failure: AskFailure::Local, .. } => format!("{name} could not be asked from here"),
        Stop::Unanswered { name, .. } => format!("{name} could not be asked"),
        Stop::NoRecord { target, .. } => format!("{target} has no SPF record"),
        Stop::SeveralRecords { target, .. } => format!("{target} has several SPF records"),
        Stop::Syntax(at) => format!("the record of {} has a term that cannot be read", at.domain),
        Stop::Loop { target, .. } => format!("it leads back to {target}"),
        Stop::LookupLimit(_) => format!("it needs more than 10 lookups, at {term}"),
        Stop::VoidLimit(_) => format!("more than 2 of its lookups find nothing, at {term}"),
        Stop::MxLimit(_) => format!("{term} stands for more than 10 hosts"),
        Stop::TooLarge(_) => "it is too large".to_owned(),
    }
}

//! Addresses on their way: those of one family that came so far at the same cost.

use super::addresses::{AddressSet, Family};
use super::intervals::Intervals;
use super::outcome::{Decided, Outcome};

/// Addresses that are still open, with what it took to come so far.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub family: Family,
    pub set: Intervals,
    pub lookups: u32,
    pub voids: u32,
}

impl Group {
    pub fn decide(self, outcome: Outcome) -> Decided {
        Decided { family: self.family, set: self.set, lookups: self.lookups, voids: self.voids, outcome }
    }
}

pub(super) fn groups(addresses: &AddressSet) -> Vec<Group> {
    let of = |family: Family| Group { family, set: addresses.of(family).clone(), lookups: 0, voids: 0 };
    Family::BOTH.into_iter().map(of).filter(|group| !group.set.is_empty()).collect()
}

/// Groups that came at the same cost are one, so that there are never more than the limits allow.
pub(super) fn merged(groups: Vec<Group>) -> Vec<Group> {
    let mut out: Vec<Group> = Vec::with_capacity(groups.len());
    for group in groups.into_iter().filter(|group| !group.set.is_empty()) {
        let is_same = |other: &&mut Group| {
            (other.family, other.lookups, other.voids) == (group.family, group.lookups, group.voids)
        };
        match out.iter_mut().find(is_same) {
            Some(other) => other.set = other.set.union(&group.set),
            None => out.push(group),
        }
    }
    out
}

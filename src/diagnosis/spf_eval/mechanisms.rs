//! What each mechanism matches (RFC 7208 section 5).

use std::net::IpAddr;

use super::addresses::{AddressSet, Family, written};
use super::expand::{Expanded, dotted, owner_of};
use super::groups::Group;
use super::intervals::Intervals;
use super::outcome::{Decided, Outcome, Place, Stop};
use super::tree::stop_outcome;
use super::tree::{MAX_FOUND, SpfOutcome, SpfTree};
use super::walk::{Here, Missing, Role, Walk};
use crate::diagnosis::RecordType;
use crate::diagnosis::observed::RecordData;
use crate::records::OwnerName;
use crate::records::spf::{Directive, MacroString, Mechanism, Qualifier, Term};

/// Lookups that find nothing (section 4.6.4).
const MAX_VOIDS: u32 = 2;
/// Hosts of one `mx`, and names of one `ptr` or `%{p}` (section 4.6.4).
const MAX_HOSTS: usize = 10;

/// One term at work.
#[derive(Debug, Default)]
pub(super) struct Stage {
    pub open: Vec<Group>,
    pub matched: Vec<Group>,
    pub stopped: Vec<Decided>,
    /// What stood there, to be drawn.
    pub found: Vec<String>,
    pub child: Option<SpfTree>,
    /// What would be drawn where nothing was decided.
    pub trouble: Option<SpfOutcome>,
}

impl Stage {
    /// Stops what is open of a family, or all of it.
    pub fn stop(&mut self, family: Option<Family>, stop: &Stop) {
        self.trouble = Some(stop_outcome(stop));
        self.stop_where(|group| family.is_none_or(|family| group.family == family), || stop.clone());
    }

    pub fn stop_where(&mut self, is_meant: impl Fn(&Group) -> bool, stop: impl Fn() -> Stop) {
        if !self.open.iter().any(&is_meant) {
            return;
        }
        let (ended, open): (Vec<Group>, _) = std::mem::take(&mut self.open).into_iter().partition(is_meant);
        self.open = open;
        self.stopped.extend(ended.into_iter().map(|group| group.decide(Outcome::Stopped(stop()))));
    }

    /// A lookup that found nothing, for a family or for all; the third is one too many.
    fn void(&mut self, family: Option<Family>, at: impl Fn() -> Place) {
        let is_meant = |group: &Group| family.is_none_or(|family| group.family == family);
        self.open.iter_mut().filter(|group| is_meant(group)).for_each(|group| group.voids += 1);
        self.stop_where(|group| group.voids > MAX_VOIDS, || Stop::VoidLimit(at()));
    }

    fn take(&mut self, family: Family, set: &Intervals) {
        for group in self.open.iter_mut().filter(|group| group.family == family) {
            let taken = group.set.take(set);
            if !taken.is_empty() {
                self.matched.push(Group { set: taken, ..*group });
            }
        }
        self.open.retain(|group| !group.set.is_empty());
    }

    fn take_all(&mut self) {
        self.matched.append(&mut self.open);
    }

    fn families(&self) -> Vec<Family> {
        let is_open = |family: &Family| self.open.iter().any(|group| group.family == *family);
        Family::BOTH.into_iter().filter(is_open).collect()
    }

    fn note(&mut self, set: &Intervals, family: Family) {
        let mut told = AddressSet::default();
        told.add(family, set);
        let left = MAX_FOUND.saturating_sub(self.found.len());
        self.found.extend(told.networks(left).into_iter().map(written));
    }
}

impl Walk<'_> {
    /// Moves what the mechanism matches from `open` to `matched`, and whom it stops to `stopped`.
    pub(super) fn mechanism(&mut self, here: &Here, (term, directive): (&Term, &Directive), stage: &mut Stage) {
        match &directive.mechanism {
            Mechanism::All => stage.take_all(),
            Mechanism::Ip4 { address, prefix } => {
                let (low, high) = Family::V4.network(u128::from(u32::from(*address)), *prefix);
                stage.take(Family::V4, &Intervals::one(low, high));
            }
            Mechanism::Ip6 { address, prefix } => {
                let (low, high) = Family::V6.network(u128::from(*address), *prefix);
                stage.take(Family::V6, &Intervals::one(low, high));
            }
            Mechanism::Include(target) => self.include(here, (term, target), directive.qualifier, stage),
            Mechanism::A { name, prefix4, prefix6 } => {
                if let Some(host) = self.counted(here, term, name.as_ref(), stage) {
                    self.hosts(here, term, &host, (*prefix4, *prefix6), stage);
                }
            }
            Mechanism::Mx { name, prefix4, prefix6 } => {
                if let Some(host) = self.counted(here, term, name.as_ref(), stage) {
                    self.mail_hosts(here, term, &host, (*prefix4, *prefix6), stage);
                }
            }
            Mechanism::Exists(name) => self.exists(here, term, name, stage),
            Mechanism::Ptr(name) => self.ptr(here, term, name.as_ref(), stage),
        }
    }

    /// Section 5.2: a pass below is a match; fail, softfail and neutral go on.
    fn include(&mut self, here: &Here, target: (&Term, &MacroString), qualifier: Qualifier, stage: &mut Stage) {
        let is_pass = qualifier == Qualifier::Pass && here.role != Role::Included { is_pass: false };
        let below = self.referral(here, target, Role::Included { is_pass }, stage);
        for decided in below.into_iter().flatten() {
            let group =
                Group { family: decided.family, set: decided.set, lookups: decided.lookups, voids: decided.voids };
            match decided.outcome {
                Outcome::Matched(Qualifier::Pass, _) => stage.matched.push(group),
                Outcome::Matched(..) | Outcome::Unmatched => stage.open.push(group),
                stopped @ Outcome::Stopped(_) => stage.stopped.push(group.decide(stopped)),
            }
        }
    }

    /// Counts the term and gives the name to look up; `None` where there is nothing to be looked up.
    fn counted(
        &mut self,
        here: &Here,
        term: &Term,
        spec: Option<&MacroString>,
        stage: &mut Stage,
    ) -> Option<OwnerName> {
        self.count(stage, here, term);
        match self.target(spec, here) {
            Expanded::Text(text) => Some(owner_of(&text)).filter(|_| !stage.open.is_empty()),
            Expanded::Depends => {
                stage.trouble = Some(SpfOutcome::Depends);
                None
            }
            Expanded::Unknown => None,
        }
    }

    /// Section 5.3: the addresses of one host, of the family that is asked for.
    fn hosts(&mut self, here: &Here, term: &Term, host: &OwnerName, prefixes: (u8, u8), stage: &mut Stage) {
        for family in stage.families() {
            let prefix = if family == Family::V4 { prefixes.0 } else { prefixes.1 };
            match self.addresses(host, family, prefix) {
                Ok(set) if set.is_empty() => stage.void(Some(family), || here.place(term)),
                Ok(set) => {
                    if self.canvas.is_some() {
                        stage.note(&set, family);
                    }
                    stage.take(family, &set);
                }
                Err(Missing::Impossible | Missing::Unknown) => {}
                Err(Missing::Failed(failure)) => {
                    let stop = Stop::Unanswered { at: here.place(term), name: host.clone(), failure };
                    stage.stop(Some(family), &stop);
                }
            }
        }
    }

    /// Section 5.4: the hosts in order of preference, no more than ten.
    fn mail_hosts(&mut self, here: &Here, term: &Term, host: &OwnerName, prefixes: (u8, u8), stage: &mut Stage) {
        let at = || here.place(term);
        let records = match self.lookup(host, RecordType::Mx) {
            Ok(records) => records,
            Err(Missing::Impossible | Missing::Unknown) => return,
            Err(Missing::Failed(failure)) => {
                return stage.stop(None, &Stop::Unanswered { at: at(), name: host.clone(), failure });
            }
        };
        let exchanges = records.iter().filter_map(|record| match record {
            RecordData::Mx { preference, exchange } => Some((*preference, exchange)),
            _ => None,
        });
        let mut hosts: Vec<(u16, &OwnerName)> = exchanges.collect();
        hosts.sort_by_key(|(preference, _)| *preference);
        if hosts.is_empty() {
            stage.void(None, at);
        } else if hosts.len() > MAX_HOSTS {
            stage.stop(None, &Stop::MxLimit(at()));
        } else {
            hosts.iter().for_each(|(_, host)| self.hosts(here, term, host, prefixes, stage));
        }
    }

    /// Section 5.7: any A record, whatever the client's family. Where the name hangs on the message it does not match
    /// for us, which is a lookup that finds nothing.
    fn exists(&mut self, here: &Here, term: &Term, spec: &MacroString, stage: &mut Stage) {
        let at = || here.place(term);
        let Some(name) = self.counted(here, term, Some(spec), stage) else {
            if stage.trouble == Some(SpfOutcome::Depends) {
                stage.void(None, at);
            }
            return;
        };
        match self.lookup(&name, RecordType::A) {
            Ok([]) => stage.void(None, at),
            Ok(_) => stage.take_all(),
            Err(Missing::Impossible | Missing::Unknown) => {}
            Err(Missing::Failed(failure)) => stage.stop(None, &Stop::Unanswered { at: at(), name, failure }),
        }
    }

    /// Section 5.5: a validated name of the client at the target or below it.
    fn ptr(&mut self, here: &Here, term: &Term, spec: Option<&MacroString>, stage: &mut Stage) {
        let Some(target) = self.counted(here, term, spec, stage) else { return };
        match self.message.map(|message| message.ip) {
            None => stage.trouble = Some(SpfOutcome::Depends),
            Some(ip) => match self.validated_names(ip) {
                Some(names) if names.iter().any(|name| name.is_within(&target)) => stage.take_all(),
                _ => {}
            },
        }
    }

    /// `%{p}`: the domain itself, a name below it, any validated name, in this order (section 7.3).
    pub(super) fn validated_name(&mut self, here: &Here) -> Expanded {
        let Some(ip) = self.message.map(|message| message.ip) else { return Expanded::Depends };
        let Some(names) = self.validated_names(ip) else { return Expanded::Unknown };
        let best = names
            .iter()
            .find(|name| **name == here.name)
            .or_else(|| names.iter().find(|name| name.is_within(&here.name)))
            .or(names.first());
        Expanded::Text(best.map_or_else(|| "unknown".to_owned(), ToString::to_string))
    }

    /// The client's names that lead back to its address; errors on the way leave a name out (section 5.5). `None`:
    /// something is still to be asked.
    fn validated_names(&mut self, ip: IpAddr) -> Option<Vec<OwnerName>> {
        let (family, number) = Family::number(ip);
        let text = dotted(ip);
        let labels: Vec<&str> = text.split('.').rev().collect();
        let zone = if family == Family::V4 { "in-addr" } else { "ip6" };
        let records = match self.lookup(&OwnerName::new(&format!("{}.{zone}.arpa", labels.join("."))), RecordType::Ptr)
        {
            Ok(records) => records,
            Err(Missing::Unknown) => return None,
            Err(_) => &[],
        };
        let names = records.iter().filter_map(|record| match record {
            RecordData::Ptr(name) => Some(name),
            _ => None,
        });
        let mut is_known = true;
        let mut valid = Vec::new();
        for name in names.take(MAX_HOSTS) {
            match self.addresses(name, family, family.bits()) {
                Ok(set) if set.contains(number) => valid.push(name.clone()),
                Err(Missing::Unknown) => is_known = false,
                _ => {}
            }
        }
        is_known.then_some(valid)
    }

    /// The networks around a host's addresses of one family.
    fn addresses(&mut self, host: &OwnerName, family: Family, prefix: u8) -> Result<Intervals, Missing> {
        let rtype = if family == Family::V4 { RecordType::A } else { RecordType::Aaaa };
        let number = |record: &RecordData| match record {
            RecordData::A(address) => Some(u128::from(u32::from(*address))),
            RecordData::Aaaa(address) => Some(u128::from(*address)),
            _ => None,
        };
        let found = self.lookup(host, rtype)?;
        Ok(Intervals::collect(found.iter().filter_map(number).map(|n| family.network(n, prefix)).collect()))
    }
}

//! What each server holds: the script's zones with parents, glue and addresses filled in; and the resolver's view.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;

use super::WorldError;
use super::faults::Faults;
use super::script::Script;
use super::zone::{Said, Zone, alias_target};
use crate::records::OwnerName;

/// Delegations and CNAMEs that the resolver follows.
const MAX_STEPS: usize = 12;

#[derive(Debug, Clone)]
pub struct ServerContent {
    pub faults: Faults,
    zones: Vec<Zone>,
}

/// All that the world can say.
#[derive(Debug, Clone)]
pub struct Content {
    pub servers: BTreeMap<OwnerName, ServerContent>,
    pub resolver: Faults,
    /// Every zone's servers.
    zones: BTreeMap<OwnerName, Vec<OwnerName>>,
    bogus: Vec<OwnerName>,
    cached: Zone,
    absent: BTreeSet<OwnerName>,
}

impl ServerContent {
    /// As the server means it, its faults of transport aside.
    pub fn answer(&self, name: &OwnerName, rtype: RecordType) -> Said {
        if self.faults.is_failing {
            return Said::only(ResponseCode::ServFail);
        }
        if self.faults.is_lame {
            return Said::only(ResponseCode::NoError);
        }
        let holding = self.zones.iter().filter(|zone| name.is_within(&zone.origin));
        let Some(zone) = holding.max_by_key(|zone| zone.origin.as_str().len()).filter(|_| !self.faults.is_refusing)
        else {
            return Said::only(ResponseCode::Refused);
        };
        let mut said = zone.answer(name, rtype);
        if self.faults.denies_empty_names && zone.is_empty_name(name) {
            said.code = ResponseCode::NXDomain;
        }
        said
    }
}

impl Content {
    /// Fills in what the script leaves out. Every server must have an address.
    pub fn build(script: &Script, addresses: &BTreeMap<OwnerName, Ipv4Addr>, serial: u32) -> Result<Self, WorldError> {
        let zones: BTreeMap<OwnerName, Vec<OwnerName>> =
            script.zones().into_iter().map(|zone| (zone.clone(), script.servers_of(&zone))).collect();
        let filling = Filling { script, addresses, zones: &zones, serial };
        let mut servers = BTreeMap::new();
        for name in script.servers() {
            if !addresses.contains_key(&name) {
                return Err(WorldError::script(format!("the server {name} was not there at the start")));
            }
            let faults = script.faults.get(&name).copied().unwrap_or_default();
            let mut held = Vec::new();
            for (zone, _) in zones.iter().filter(|(_, servers)| servers.contains(&name)) {
                held.push(filling.zone(zone, script.text_at(zone, &name).unwrap_or(""))?);
            }
            servers.insert(name, ServerContent { faults, zones: held });
        }
        let cached = Zone::parse(&OwnerName::new("invalid"), &script.cached)?;
        let (bogus, absent) = (script.bogus.clone(), script.absent.clone());
        Ok(Self { servers, resolver: script.resolver, zones, bogus, cached, absent })
    }

    /// What a recursive resolver makes of it: RFC 1034 section 5.3.3 over all zones.
    pub fn resolve(&self, name: &OwnerName, rtype: RecordType, is_checking_disabled: bool) -> Said {
        let mut whole = Said::only(ResponseCode::NoError);
        let mut at = name.clone();
        for _ in 0..MAX_STEPS {
            if !is_checking_disabled && self.bogus.iter().any(|bogus| at.is_within(bogus)) {
                return Said::only(ResponseCode::ServFail);
            }
            let said = self.resolve_one(&at, rtype);
            whole.code = said.code;
            let last = said.answers.last().cloned();
            whole.answers.extend(said.answers);
            whole.authorities = said.authorities;
            match last.filter(|record| record.record_type() != rtype).as_ref().and_then(alias_target) {
                // The nameserver followed the alias as far as it could: go on from there, unless it said how it ends.
                Some(target) if whole.authorities.is_empty() => at = target,
                _ => return whole,
            }
        }
        Said::only(ResponseCode::ServFail)
    }

    fn resolve_one(&self, name: &OwnerName, rtype: RecordType) -> Said {
        let kept = self.cached.of(name, rtype);
        if !kept.is_empty() {
            return Said { answers: kept, ..Said::only(ResponseCode::NoError) };
        }
        if self.absent.contains(name) || (self.resolver.believes_denials && self.is_denied_above(name)) {
            let zone = self.zones.keys().filter(|zone| name.is_within(zone)).max_by_key(|zone| zone.as_str().len());
            let authorities = zone.map(|zone| self.ask(zone, RecordType::SOA).answers).unwrap_or_default();
            return Said { authorities, ..Said::only(ResponseCode::NXDomain) };
        }
        self.ask(name, rtype)
    }

    /// Whether a name above does not exist as its nameservers tell it.
    fn is_denied_above(&self, name: &OwnerName) -> bool {
        let above =
            std::iter::successors(name.parent(), OwnerName::parent).take_while(|above| above.labels().len() > 1);
        above.into_iter().any(|above| self.ask(&above, RecordType::TXT).code == ResponseCode::NXDomain)
    }

    /// From the top down to whoever answers.
    fn ask(&self, name: &OwnerName, rtype: RecordType) -> Said {
        let top =
            self.zones.iter().filter(|(zone, _)| name.is_within(zone)).min_by_key(|(zone, _)| zone.as_str().len());
        let Some((_, servers)) = top else { return Said::only(ResponseCode::NXDomain) };
        let mut servers = servers.clone();
        for _ in 0..MAX_STEPS {
            let usable =
                servers.iter().filter_map(|server| self.servers.get(server)).filter(|held| held.faults.is_usable());
            let mut said =
                usable.map(|held| held.answer(name, rtype)).filter(|said| said.code != ResponseCode::Refused);
            let Some(said) = said.next() else { break };
            match said.referred_to() {
                next if next.is_empty() => return said,
                next => servers = next,
            }
        }
        Said::only(ResponseCode::ServFail)
    }
}

struct Filling<'a> {
    script: &'a Script,
    addresses: &'a BTreeMap<OwnerName, Ipv4Addr>,
    zones: &'a BTreeMap<OwnerName, Vec<OwnerName>>,
    serial: u32,
}

impl Filling<'_> {
    fn zone(&self, origin: &OwnerName, text: &str) -> Result<Zone, WorldError> {
        let mut zone = Zone::parse(origin, text)?;
        zone.add_apex(&self.zones[origin], self.serial)?;
        let children = self.zones.iter().filter(|(child, _)| self.parent_of(child) == Some(origin));
        for (child, servers) in children.filter(|(child, _)| !self.script.undelegated.contains(*child)) {
            let servers = self.script.delegations.get(child).unwrap_or(servers);
            zone.delegate(child, servers)?;
            self.add_addresses(&mut zone, servers.iter().filter(|server| server.is_within(origin)))?;
        }
        self.add_addresses(&mut zone, self.addresses.keys().filter(|server| self.holder_of(server) == Some(origin)))?;
        Ok(zone)
    }

    fn add_addresses<'s>(
        &self,
        zone: &mut Zone,
        servers: impl Iterator<Item = &'s OwnerName>,
    ) -> Result<(), WorldError> {
        for server in servers {
            if let Some(address) = self.addresses.get(server) {
                zone.add_address(server, *address)?;
            }
        }
        Ok(())
    }

    fn parent_of(&self, zone: &OwnerName) -> Option<&OwnerName> {
        let above = self.zones.keys().filter(|other| *other != zone && zone.is_within(other));
        above.max_by_key(|other| other.as_str().len())
    }

    fn holder_of(&self, name: &OwnerName) -> Option<&OwnerName> {
        self.zones.keys().filter(|zone| name.is_within(zone)).max_by_key(|zone| zone.as_str().len())
    }
}

//! One zone's records and what they answer (RFC 1034 section 4.3.2, RFC 2308, RFC 4592).

use std::collections::BTreeMap;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::rdata::{A, CNAME, NS, SOA};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::super::wire_name::{from_wire as owner, to_wire};
use super::{WorldError, master};
use crate::records::OwnerName;

/// Seconds; of records that name none.
const TTL_S: u32 = 300;
/// CNAMEs followed inside one zone.
const MAX_ALIASES: usize = 16;

/// What a server or resolver says, before it is put in a packet.
#[derive(Debug, Clone)]
pub struct Said {
    pub code: ResponseCode,
    pub is_authoritative: bool,
    pub answers: Vec<Record>,
    pub authorities: Vec<Record>,
    pub additionals: Vec<Record>,
}

impl Said {
    /// Nothing but a code.
    pub fn only(code: ResponseCode) -> Self {
        Self { code, is_authoritative: false, answers: vec![], authorities: vec![], additionals: vec![] }
    }

    /// The nameservers that a referral names.
    pub fn referred_to(&self) -> Vec<OwnerName> {
        if self.is_authoritative || !self.answers.is_empty() || self.code != ResponseCode::NoError {
            return Vec::new();
        }
        self.authorities.iter().filter_map(ns_name).collect()
    }
}

#[derive(Debug, Clone)]
pub struct Zone {
    pub origin: OwnerName,
    records: BTreeMap<OwnerName, Vec<Record>>,
}

impl Zone {
    /// Reads records as in a zone file, relative to `origin`.
    pub fn parse(origin: &OwnerName, text: &str) -> Result<Self, WorldError> {
        let records = master::read(&wire(origin)?, TTL_S, text)
            .map_err(|error| WorldError::script(format!("the zone {origin}: {error}")))?;
        let mut zone = Self { origin: origin.clone(), records: BTreeMap::new() };
        records.into_iter().for_each(|record| zone.insert(record));
        Ok(zone)
    }

    fn insert(&mut self, record: Record) {
        self.records.entry(owner(&record.name)).or_default().push(record);
    }

    /// The SOA and NS that the text does not have.
    pub fn add_apex(&mut self, servers: &[OwnerName], serial: u32) -> Result<(), WorldError> {
        let (origin, apex) = (self.origin.clone(), wire(&self.origin)?);
        if self.of(&origin, RecordType::NS).is_empty() {
            self.add_ns(&origin, servers)?;
        }
        if self.of(&origin, RecordType::SOA).is_empty() {
            let first = servers.first().map_or_else(|| Ok(apex.clone()), wire)?;
            let soa = SOA::new(first, wire(&origin.prefixed("hostmaster"))?, serial, 7200, 900, 1_209_600, TTL_S);
            self.insert(Record::from_rdata(apex, TTL_S, RData::SOA(soa)));
        }
        Ok(())
    }

    /// A delegation, unless the text has one.
    pub fn delegate(&mut self, child: &OwnerName, servers: &[OwnerName]) -> Result<(), WorldError> {
        if self.of(child, RecordType::NS).is_empty() { self.add_ns(child, servers) } else { Ok(()) }
    }

    fn add_ns(&mut self, at: &OwnerName, servers: &[OwnerName]) -> Result<(), WorldError> {
        for server in servers {
            let ns = RData::NS(NS(wire(server)?));
            self.insert(Record::from_rdata(wire(at)?, TTL_S, ns));
        }
        Ok(())
    }

    pub fn add_address(&mut self, server: &OwnerName, address: std::net::Ipv4Addr) -> Result<(), WorldError> {
        if self.of(server, RecordType::A).is_empty() {
            self.insert(Record::from_rdata(wire(server)?, TTL_S, RData::A(A(address))));
        }
        Ok(())
    }

    /// The records of one name and type.
    pub fn of(&self, name: &OwnerName, rtype: RecordType) -> Vec<Record> {
        let here = self.records.get(name).into_iter().flatten();
        here.filter(|record| record.record_type() == rtype).cloned().collect()
    }

    /// What this zone says to a question about a name in it.
    pub fn answer(&self, name: &OwnerName, rtype: RecordType) -> Said {
        let mut said = Said { is_authoritative: true, ..Said::only(ResponseCode::NoError) };
        let mut at = name.clone();
        for _ in 0..MAX_ALIASES {
            if let Some(cut) = self.cut_above(&at) {
                return if said.answers.is_empty() { self.referral(&cut) } else { said };
            }
            let Some(here) = self.node(&at) else {
                said.code = ResponseCode::NXDomain;
                return self.negative(said);
            };
            let found: Vec<Record> = here.iter().filter(|record| record.record_type() == rtype).cloned().collect();
            if !found.is_empty() {
                said.answers.extend(found);
                return said;
            }
            let Some(alias) = here.iter().find(|record| record.record_type() == RecordType::CNAME) else {
                return self.negative(said);
            };
            said.answers.push(alias.clone());
            let Some(target) = alias_target(alias).filter(|target| target.is_within(&self.origin)) else { return said };
            at = target;
        }
        said
    }

    /// The highest delegation at or above a name, below the zone's own.
    fn cut_above(&self, name: &OwnerName) -> Option<OwnerName> {
        let mut cut = None;
        let mut at = name.clone();
        while at != self.origin {
            if !self.of(&at, RecordType::NS).is_empty() {
                cut = Some(at.clone());
            }
            at = at.parent()?;
        }
        cut
    }

    /// The records of a name: its own, none where only names below exist, else a wildcard's; `None`: no such name.
    fn node(&self, name: &OwnerName) -> Option<Vec<Record>> {
        if self.exists(name) {
            return Some(self.records.get(name).cloned().unwrap_or_default());
        }
        let mut encloser = name.parent()?;
        while !self.exists(&encloser) {
            encloser = encloser.parent()?;
        }
        let covered = self.records.get(&encloser.prefixed("*")).filter(|_| encloser.is_within(&self.origin))?;
        let name = wire(name).ok()?;
        Some(covered.iter().map(|record| Record::from_rdata(name.clone(), record.ttl, record.data.clone())).collect())
    }

    fn exists(&self, name: &OwnerName) -> bool {
        *name == self.origin || self.records.contains_key(name) || self.is_empty_name(name)
    }

    /// Whether a name has no records, and one below it has.
    pub fn is_empty_name(&self, name: &OwnerName) -> bool {
        !self.records.contains_key(name) && self.records.keys().any(|known| known.is_within(name))
    }

    fn negative(&self, mut said: Said) -> Said {
        said.authorities = self.of(&self.origin, RecordType::SOA);
        said
    }

    fn referral(&self, cut: &OwnerName) -> Said {
        let authorities = self.of(cut, RecordType::NS);
        let servers = authorities.iter().filter_map(ns_name);
        let additionals = servers.flat_map(|server| self.of(&server, RecordType::A)).collect();
        Said { authorities, additionals, ..Said::only(ResponseCode::NoError) }
    }
}

/// The name for a packet.
pub fn wire(name: &OwnerName) -> Result<Name, WorldError> {
    to_wire(name.as_str()).ok_or_else(|| WorldError::script(format!("{name} is no name")))
}

pub fn alias_target(record: &Record) -> Option<OwnerName> {
    match &record.data {
        RData::CNAME(CNAME(target)) => Some(owner(target)),
        _ => None,
    }
}

fn ns_name(record: &Record) -> Option<OwnerName> {
    match &record.data {
        RData::NS(NS(server)) => Some(owner(server)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> Zone {
        let text = "@ MX 10 mx\nmx A 192.0.2.1\na.b.c TXT \"deep\"\n*.wild TXT \"any\"\nx.wild A 192.0.2.2\n\
                    www CNAME mx\nout CNAME there.example.net.\nsub NS ns.sub\nns.sub A 192.0.2.3\n";
        let mut zone = Zone::parse(&OwnerName::new("example.com"), text).unwrap();
        zone.add_apex(&[OwnerName::new("ns1.example.com")], 1).unwrap();
        zone
    }

    fn ask(name: &str, rtype: RecordType) -> Said {
        zone().answer(&OwnerName::new(name), rtype)
    }

    #[test]
    fn a_zone_tells_no_data_from_no_name() {
        for (name, code) in [
            ("mx.example.com", ResponseCode::NoError),
            ("b.c.example.com", ResponseCode::NoError),
            ("nowhere.example.com", ResponseCode::NXDomain),
            ("sub.mx.example.com", ResponseCode::NXDomain),
            ("y.wild.example.com", ResponseCode::NoError),
        ] {
            let said = ask(name, RecordType::SRV);
            assert_eq!((said.code, said.is_authoritative, said.answers.len()), (code, true, 0), "{name}");
            assert_eq!(said.authorities.len(), 1, "{name} brings the SOA");
        }
    }

    #[test]
    fn a_wildcard_answers_only_below_its_closest_encloser() {
        assert_eq!(ask("y.wild.example.com", RecordType::TXT).answers.len(), 1);
        assert_eq!(ask("y.z.wild.example.com", RecordType::TXT).answers.len(), 1);
        assert_eq!(ask("x.wild.example.com", RecordType::TXT).answers.len(), 0);
        assert_eq!(ask("y.x.wild.example.com", RecordType::TXT).code, ResponseCode::NXDomain);
    }

    #[test]
    fn an_alias_is_followed_inside_the_zone_alone() {
        assert_eq!(ask("www.example.com", RecordType::A).answers.len(), 2);
        assert_eq!(ask("out.example.com", RecordType::A).answers.len(), 1);
        assert_eq!(ask("www.example.com", RecordType::CNAME).answers.len(), 1);
    }

    #[test]
    fn a_delegation_is_passed_on_with_glue() {
        let said = ask("deep.sub.example.com", RecordType::TXT);
        assert!(!said.is_authoritative);
        assert_eq!(said.referred_to(), [OwnerName::new("ns.sub.example.com")]);
        assert_eq!(said.additionals.len(), 1);
    }
}

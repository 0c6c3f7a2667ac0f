//! What a reply says to its question, as values. Data from outside the asked zone is never used.

use hickory_proto::op::{Message, Metadata, ResponseCode};
use hickory_proto::rr::{DNSClass, RData, Record, RecordType as WireType};

use super::wire_name::from_wire as owner;
use crate::diagnosis::observed::{Answer, RecordData};
use crate::diagnosis::{AskFailure, Question, RecordType, Reply};
use crate::records::OwnerName;

/// The code of the SPF type, which the codec has no name for.
pub const SPF_TYPE: u16 = 99;
/// More CNAMEs than this are a loop or an abuse (contract, section 5).
pub const MAX_ALIASES: usize = 11;

/// What a reply says to its question.
#[derive(Debug, Clone)]
pub enum Outcome {
    Reply(Reply),
    /// A chain of CNAMEs whose last target is still to be asked: it left the zone, or the server did not go on.
    Alias(Vec<OwnerName>),
    /// The asked server passes on to a zone below: its name, its nameservers, their addresses.
    Referral {
        zone: OwnerName,
        servers: Vec<OwnerName>,
        glue: Vec<(OwnerName, std::net::IpAddr)>,
    },
    Failed(AskFailure),
}

/// Whether the server may be choking on EDNS (RFC 6891 section 7).
pub fn may_dislike_edns(message: &Message) -> bool {
    matches!(message.metadata.response_code, ResponseCode::FormErr | ResponseCode::NotImp)
}

/// Reads what a resolver answered: the CNAME chain is followed within the message.
pub fn read_recursive(message: &Message, question: &Question) -> Outcome {
    match failure(&message.metadata) {
        Some(failure) => Outcome::Failed(failure),
        None => follow(message, question, &OwnerName::new("")),
    }
}

/// Reads what a nameserver of `zone` answered.
pub fn read_authoritative(message: &Message, question: &Question, zone: &OwnerName) -> Outcome {
    if let Some(failure) = failure(&message.metadata) {
        return Outcome::Failed(failure);
    }
    let is_positive = message.answers.iter().any(|record| owner(&record.name) == question.name);
    if !message.metadata.authoritative && !is_positive {
        return referral(message, question, zone).unwrap_or(Outcome::Failed(AskFailure::Refused));
    }
    if !message.metadata.authoritative {
        return Outcome::Failed(AskFailure::Refused);
    }
    follow(message, question, zone)
}

fn referral(message: &Message, question: &Question, zone: &OwnerName) -> Option<Outcome> {
    let ns: Vec<(OwnerName, OwnerName)> = message
        .authorities
        .iter()
        .filter_map(|record| match &record.data {
            RData::NS(ns) => Some((owner(&record.name), owner(&ns.0))),
            _ => None,
        })
        .filter(|(cut, _)| cut != zone && cut.is_within(zone) && question.name.is_within(cut))
        .collect();
    let cut = ns.first()?.0.clone();
    let servers: Vec<OwnerName> = ns.into_iter().filter(|(name, _)| *name == cut).map(|(_, server)| server).collect();
    // Addresses of names below the asked zone are its to tell (RFC 9471); others' are not.
    let glue = message
        .additionals
        .iter()
        .filter_map(|record| match &record.data {
            RData::A(a) => Some((owner(&record.name), a.0.into())),
            RData::AAAA(aaaa) => Some((owner(&record.name), aaaa.0.into())),
            _ => None,
        })
        .filter(|(name, _)| servers.contains(name) && name.is_within(zone))
        .collect();
    Some(Outcome::Referral { zone: cut, servers, glue })
}

/// The zone whose SOA stands beside a negative answer (RFC 2308 section 3).
pub fn denying_zone(message: &Message) -> Option<OwnerName> {
    let soa = message.authorities.iter().find(|record| matches!(record.data, RData::SOA(_)))?;
    Some(owner(&soa.name))
}

/// Follows CNAMEs inside `zone` within the message; records of other names are not looked at.
fn follow(message: &Message, question: &Question, zone: &OwnerName) -> Outcome {
    let mut at = question.name.clone();
    let mut aliases = Vec::new();
    loop {
        let here: Vec<&Record> = message.answers.iter().filter(|record| is_of(record, &at)).collect();
        let found: Vec<RecordData> = here
            .iter()
            .filter(|record| record.record_type() == wire_type(question.rtype))
            .filter_map(|record| data(&record.data))
            .collect();
        if !found.is_empty() {
            let ttl_s = here.iter().map(|record| record.ttl).min().unwrap_or(0);
            return Outcome::Reply(Reply { answer: Answer::Found(found), aliases, ttl_s });
        }
        let target = here.iter().find_map(|record| match &record.data {
            RData::CNAME(target) => Some(owner(&target.0)),
            _ => None,
        });
        match target {
            Some(target) if aliases.len() >= MAX_ALIASES || aliases.contains(&target) || target == question.name => {
                return Outcome::Failed(AskFailure::Malformed);
            }
            Some(target) if target.is_within(zone) => {
                aliases.push(target.clone());
                at = target;
            }
            Some(target) => {
                aliases.push(target);
                return Outcome::Alias(aliases);
            }
            // Neither data nor a SOA that denies it: the target lies below a cut, or the server leaves it to us.
            None if !aliases.is_empty() && !zone.is_root() && !is_denied(message) => return Outcome::Alias(aliases),
            None => return Outcome::Reply(negative(message, aliases)),
        }
    }
}

fn is_of(record: &Record, name: &OwnerName) -> bool {
    record.dns_class == DNSClass::IN && owner(&record.name) == *name
}

fn is_denied(message: &Message) -> bool {
    message.metadata.response_code == ResponseCode::NXDomain || denying_zone(message).is_some()
}

fn negative(message: &Message, aliases: Vec<OwnerName>) -> Reply {
    let answer =
        if message.metadata.response_code == ResponseCode::NXDomain { Answer::NoSuchName } else { Answer::NoData };
    // The lesser of the SOA's TTL and its minimum (RFC 2308 section 5).
    let ttl_s = message
        .authorities
        .iter()
        .find_map(|record| match &record.data {
            RData::SOA(soa) => Some(soa.minimum.min(record.ttl)),
            _ => None,
        })
        .unwrap_or(0);
    Reply { answer, aliases, ttl_s }
}

fn failure(metadata: &Metadata) -> Option<AskFailure> {
    match metadata.response_code {
        ResponseCode::NoError | ResponseCode::NXDomain => None,
        ResponseCode::ServFail => Some(AskFailure::Servfail),
        ResponseCode::Refused | ResponseCode::NotAuth | ResponseCode::NotImp => Some(AskFailure::Refused),
        _ => Some(AskFailure::Malformed),
    }
}

fn data(data: &RData) -> Option<RecordData> {
    Some(match data {
        RData::A(a) => RecordData::A(a.0),
        RData::AAAA(aaaa) => RecordData::Aaaa(aaaa.0),
        RData::CNAME(name) => RecordData::Cname(owner(&name.0)),
        RData::NS(name) => RecordData::Ns(owner(&name.0)),
        RData::PTR(name) => RecordData::Ptr(owner(&name.0)),
        RData::MX(mx) => RecordData::Mx { preference: mx.preference, exchange: owner(&mx.exchange) },
        RData::SOA(soa) => RecordData::Soa {
            serial: soa.serial,
            refresh_s: u32::try_from(soa.refresh).unwrap_or(0),
            minimum_s: soa.minimum,
        },
        RData::TXT(txt) => RecordData::Txt(txt.txt_data.iter().map(|string| string.to_vec()).collect()),
        RData::Unknown { code: WireType::Unknown(SPF_TYPE), rdata } => RecordData::Txt(strings(&rdata.anything)),
        _ => return None,
    })
}

/// Character-strings (RFC 1035 section 3.3), as far as they go.
fn strings(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut strings = Vec::new();
    while let Some((string, rest)) =
        bytes.split_first().and_then(|(length, rest)| rest.split_at_checked((*length).into()))
    {
        strings.push(string.to_vec());
        bytes = rest;
    }
    strings
}

pub fn wire_type(rtype: RecordType) -> WireType {
    match rtype {
        RecordType::A => WireType::A,
        RecordType::Aaaa => WireType::AAAA,
        RecordType::Cname => WireType::CNAME,
        RecordType::Mx => WireType::MX,
        RecordType::Ns => WireType::NS,
        RecordType::Ptr => WireType::PTR,
        RecordType::Soa => WireType::SOA,
        RecordType::Spf => WireType::Unknown(SPF_TYPE),
        RecordType::Txt => WireType::TXT,
    }
}

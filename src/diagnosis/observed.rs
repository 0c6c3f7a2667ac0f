//! What DNS said: answers, and who gave them. Plain data that `dns` fills and the judges read.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

pub use super::delegation::{NotDelegated, ServerFacts, ServerState, ZoneFacts};
use super::dkim::is_private_key;
use super::question::Asked;
pub use super::question::{Ask, Question, RecordType, Whom};
use super::wording;
use crate::records::OwnerName;

/// One record's data. TXT keeps its strings apart and as bytes, for how they are cut is part of the diagnosis.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RecordData {
    A(Ipv4Addr),
    Aaaa(Ipv6Addr),
    Cname(OwnerName),
    Mx { preference: u16, exchange: OwnerName },
    Ns(OwnerName),
    Ptr(OwnerName),
    Soa { serial: u32, refresh_s: u32, minimum_s: u32 },
    Txt(Vec<Vec<u8>>),
}

impl RecordData {
    /// The strings of a TXT record joined without a blank (RFC 7208 section 3.3, RFC 6376 section 3.6.2.2).
    pub fn txt_joined(&self) -> Option<Vec<u8>> {
        match self {
            Self::Txt(strings) => Some(strings.concat()),
            _ => None,
        }
    }

    /// The data as `current` of the API shows it: TXT strings joined, bytes that are not UTF-8 replaced. A private key
    /// is not repeated.
    pub fn display(&self) -> String {
        match self {
            Self::Txt(strings) if is_private_key(&strings.concat()) => wording::MASKED.to_owned(),
            Self::A(address) => address.to_string(),
            Self::Aaaa(address) => address.to_string(),
            Self::Cname(name) | Self::Ns(name) | Self::Ptr(name) => name.to_string(),
            Self::Mx { preference, exchange } => format!("{preference} {exchange}"),
            Self::Soa { serial, minimum_s, .. } => format!("serial {serial}, minimum {minimum_s}"),
            Self::Txt(strings) => String::from_utf8_lossy(&strings.concat()).into_owned(),
        }
    }
}

/// Why there is no answer: evidence of nothing. The codes `dns-*` of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AskFailure {
    /// No reply in time.
    Timeout,
    /// SERVFAIL that stays with the CD bit set.
    Servfail,
    /// REFUSED, NOTAUTH or NOTIMP.
    Refused,
    /// SERVFAIL that vanishes with the CD bit: validation fails.
    Bogus,
    /// No route to any server, or no server at an address that may be asked.
    Unreachable,
    /// Nothing but unusable replies: FORMERR, garbage, truncated by TCP too, CNAME loops.
    Malformed,
    /// Our own sockets or bounds.
    Local,
}

/// What one server said to one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// At least one record of the asked type, after CNAMEs.
    Found(Vec<RecordData>),
    /// The name exists, without the asked type (RFC 2308 section 2.2).
    NoData,
    /// NXDOMAIN (RFC 2308 section 2.1).
    NoSuchName,
    Failed(AskFailure),
}

/// An answer and how it came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    pub answer: Answer,
    /// The CNAME targets that were followed, in order; the last one is where the answer stood. Empty where none was.
    pub aliases: Vec<OwnerName>,
    /// Seconds that the answer may still be kept: the least TTL of its records, or the negative TTL (RFC 2308
    /// section 5). 0 where unknown.
    pub ttl_s: u32,
}

/// What there is to go by where a bound of ours was reached before the question was asked.
pub static NEVER_ASKED: Reply = Reply { answer: Answer::Failed(AskFailure::Local), aliases: Vec::new(), ttl_s: 0 };

impl Reply {
    pub fn found(records: Vec<RecordData>, ttl_s: u32) -> Self {
        Self { answer: Answer::Found(records), aliases: Vec::new(), ttl_s }
    }

    pub fn failed(failure: AskFailure) -> Self {
        Self { answer: Answer::Failed(failure), aliases: Vec::new(), ttl_s: 0 }
    }

    /// The records found; none where the answer is negative or failed.
    pub fn records(&self) -> &[RecordData] {
        match &self.answer {
            Answer::Found(records) => records,
            _ => &[],
        }
    }

    pub fn failure(&self) -> Option<AskFailure> {
        match self.answer {
            Answer::Failed(failure) => Some(failure),
            _ => None,
        }
    }
}

/// What one nameserver of the zone said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerReply {
    pub server: OwnerName,
    pub address: IpAddr,
    pub reply: Reply,
}

/// Everything that was said to one question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// Each nameserver of the zone that was asked; empty where only the resolver was.
    pub servers: Vec<ServerReply>,
    pub resolver: Option<Reply>,
}

/// Who gave the answer that is judged: the contract's `answered_by`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnsweredBy {
    Authoritative,
    Recursive,
}

impl Observation {
    /// The resolver's SERVFAIL vanished with the CD bit, so receivers that validate see nothing.
    pub fn is_bogus(&self) -> bool {
        self.resolver.as_ref().and_then(Reply::failure) == Some(AskFailure::Bogus)
    }

    /// The distinct replies that may be judged, with who gave them: bogus before all; then what the nameservers
    /// answered; where none of them did, what the resolver answered; else the first failure.
    pub fn candidates(&self) -> Vec<(&Reply, AnsweredBy)> {
        let resolver = self.resolver.as_ref().map(|reply| (reply, AnsweredBy::Recursive));
        if self.is_bogus() {
            return resolver.into_iter().collect();
        }
        let mut distinct: Vec<(&Reply, AnsweredBy)> = Vec::new();
        for server in self.servers.iter().filter(|server| server.reply.failure().is_none()) {
            let is_new = !distinct.iter().any(|(reply, _)| same_answer(reply, &server.reply));
            if is_new {
                distinct.push((&server.reply, AnsweredBy::Authoritative));
            }
        }
        if !distinct.is_empty() {
            return distinct;
        }
        match resolver {
            Some((reply, by)) if reply.failure().is_none() => vec![(reply, by)],
            _ => {
                let server = self.servers.first().map(|server| (&server.reply, AnsweredBy::Authoritative));
                server.or(resolver).into_iter().collect()
            }
        }
    }

    /// The first candidate; for questions whose answers no judge chooses between.
    pub fn best(&self) -> Option<&Reply> {
        let resolver = self.resolver.as_ref();
        if self.is_bogus() {
            return resolver;
        }
        let mut servers = self.servers.iter().map(|said| &said.reply);
        let is_answered = |reply: &&Reply| reply.failure().is_none();
        let answered = servers.clone().find(is_answered).or_else(|| resolver.filter(is_answered));
        answered.or_else(|| servers.next()).or(resolver)
    }
}

fn sorted(records: &[RecordData]) -> Vec<&RecordData> {
    let mut records: Vec<&RecordData> = records.iter().collect();
    records.sort();
    records
}

/// Whether two replies say the same, order of records, letter case of text kept, and TTLs aside.
pub fn same_answer(one: &Reply, other: &Reply) -> bool {
    match (&one.answer, &other.answer) {
        (Answer::Found(a), Answer::Found(b)) => {
            one.aliases == other.aliases && a.len() == b.len() && (a == b || sorted(a) == sorted(b))
        }
        (a, b) => a == b,
    }
}

/// All that one check gathered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    pub replies: BTreeMap<Question, Observation>,
    /// Every zone that was met, in any order.
    pub zones: Vec<ZoneFacts>,
    pub not_delegated: Option<NotDelegated>,
    /// Letters and digits drawn anew for each check, for a name that nobody publishes.
    pub nonce: String,
    /// A bound of the contract was reached: what has no entry in `replies` could not be asked.
    pub is_exhausted: bool,
}

impl Observed {
    /// `nonce` is drawn at random; letters and digits.
    pub fn new(nonce: String) -> Self {
        Self { nonce, ..Self::default() }
    }

    /// A label that nobody publishes: only a wildcard answers for it (RFC 4592).
    pub fn stranger(&self) -> String {
        format!("wildcard-test-{}", self.nonce)
    }

    pub fn get(&self, name: &OwnerName, rtype: RecordType) -> Option<&Observation> {
        self.replies.get(&(name, rtype) as &dyn Asked)
    }

    /// The reply to go by for a question; `Failed(Local)` where it was not asked because a bound was reached.
    pub fn reply(&self, name: &OwnerName, rtype: RecordType) -> Option<&Reply> {
        let reply = self.get(name, rtype).and_then(Observation::best);
        reply.or_else(|| self.is_exhausted.then_some(&NEVER_ASKED))
    }

    /// The deepest known zone that holds `name`.
    pub fn zone_of(&self, name: &OwnerName) -> Option<&ZoneFacts> {
        self.zones.iter().filter(|facts| name.is_within(&facts.zone)).max_by_key(|facts| facts.zone.as_str().len())
    }
}

//! What is asked of DNS, and of whom.

use std::borrow::Borrow;
use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::records::OwnerName;

/// The record types that signet asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RecordType {
    A,
    Aaaa,
    Cname,
    Mx,
    Ns,
    Ptr,
    Soa,
    /// The type of SPF records before RFC 7208 section 3.1 did away with it.
    Spf,
    Txt,
}

impl RecordType {
    /// The type as `dig` takes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
            Self::Mx => "MX",
            Self::Ns => "NS",
            Self::Ptr => "PTR",
            Self::Soa => "SOA",
            Self::Spf => "SPF",
            Self::Txt => "TXT",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Question {
    pub name: OwnerName,
    pub rtype: RecordType,
}

impl Question {
    pub fn new(name: OwnerName, rtype: RecordType) -> Self {
        Self { name, rtype }
    }
}

/// A question by its parts, to be looked up without a copy of the name.
pub(super) trait Asked {
    fn parts(&self) -> (&OwnerName, RecordType);
}

impl Asked for Question {
    fn parts(&self) -> (&OwnerName, RecordType) {
        (&self.name, self.rtype)
    }
}

impl Asked for (&OwnerName, RecordType) {
    fn parts(&self) -> (&OwnerName, RecordType) {
        *self
    }
}

impl<'a> Borrow<dyn Asked + 'a> for Question {
    fn borrow(&self) -> &(dyn Asked + 'a) {
        self
    }
}

impl PartialEq for dyn Asked + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for dyn Asked + '_ {}

impl PartialOrd for dyn Asked + '_ {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for dyn Asked + '_ {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts().cmp(&other.parts())
    }
}

/// Who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Whom {
    /// Each nameserver of the zone that holds the name, and the resolver beside them.
    Zone,
    /// One nameserver of the zone, the resolver where none can be asked: places where a record may have gone. No cache
    /// stands between, and it costs one packet.
    One,
    /// The resolver alone: names of others, where what receivers see counts.
    Resolver,
}

/// Something still to be asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ask {
    pub question: Question,
    pub whom: Whom,
}

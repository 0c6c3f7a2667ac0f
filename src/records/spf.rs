//! SPF records (RFC 7208 sections 4.5, 4.6, 5, 7 and 12): text to value and back.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// A mechanism of the sending profile: authorises servers of this platform, without qualifier or macro (contract:
/// `ip4:`, `ip6:`, `include:`, `a:` and `mx:` with a name).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ProfileMechanism {
    Ip4 { address: Ipv4Addr, prefix: u8 },
    Ip6 { address: Ipv6Addr, prefix: u8 },
    Include(super::OwnerName),
    A { name: super::OwnerName, prefix4: u8, prefix6: u8 },
    Mx { name: super::OwnerName, prefix4: u8, prefix6: u8 },
}

impl ProfileMechanism {
    /// Reads one term; the error says what is accepted.
    pub fn parse(_term: &str) -> Result<Self, String> {
        todo!("records::spf")
    }

    /// Reads blank-separated terms; at least one is needed.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, String> {
        let list: Vec<Self> = text.split_whitespace().map(Self::parse).collect::<Result<_, _>>()?;
        if list.is_empty() {
            Err("names no mechanism; terms such as include:spf.mta.example are accepted".into())
        } else {
            Ok(list)
        }
    }
}

impl fmt::Display for ProfileMechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lengths = |f: &mut fmt::Formatter<'_>, prefix4: u8, prefix6: u8| {
            if prefix4 < 32 {
                write!(f, "/{prefix4}")?;
            }
            if prefix6 < 128 { write!(f, "//{prefix6}") } else { Ok(()) }
        };
        match self {
            Self::Ip4 { address, prefix: 32 } => write!(f, "ip4:{address}"),
            Self::Ip4 { address, prefix } => write!(f, "ip4:{address}/{prefix}"),
            Self::Ip6 { address, prefix: 128 } => write!(f, "ip6:{address}"),
            Self::Ip6 { address, prefix } => write!(f, "ip6:{address}/{prefix}"),
            Self::Include(name) => write!(f, "include:{name}"),
            Self::A { name, prefix4, prefix6 } => write!(f, "a:{name}").and_then(|()| lengths(f, *prefix4, *prefix6)),
            Self::Mx { name, prefix4, prefix6 } => write!(f, "mx:{name}").and_then(|()| lengths(f, *prefix4, *prefix6)),
        }
    }
}

impl TryFrom<String> for ProfileMechanism {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<ProfileMechanism> for String {
    fn from(mechanism: ProfileMechanism) -> Self {
        mechanism.to_string()
    }
}

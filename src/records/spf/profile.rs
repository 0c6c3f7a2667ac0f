//! What the sending profile says of this platform's servers, as SPF mechanisms.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use super::{Directive, Mechanism, Qualifier};
use crate::records::OwnerName;

/// A mechanism of the sending profile: authorises servers of this platform, without qualifier or macro (contract:
/// `ip4:`, `ip6:`, `include:`, `a:` and `mx:` with a name).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ProfileMechanism {
    Ip4 { address: Ipv4Addr, prefix: u8 },
    Ip6 { address: Ipv6Addr, prefix: u8 },
    Include(OwnerName),
    A { name: OwnerName, prefix4: u8, prefix6: u8 },
    Mx { name: OwnerName, prefix4: u8, prefix6: u8 },
}

impl ProfileMechanism {
    /// Reads one term; the error says what is accepted.
    pub fn parse(term: &str) -> Result<Self, String> {
        let refused = |why: &str| {
            let accepted = "ip4:, ip6:, include:, a: and mx: with a value, without qualifier or macro, are accepted";
            Err(format!("has the term {term:?}, which {why}; {accepted}"))
        };
        let Some(Directive { qualifier: Qualifier::Pass, mechanism }) = Directive::parse(term) else {
            return refused("is no mechanism that authorises servers");
        };
        if term.starts_with('+') || term.contains('%') {
            return refused("has a qualifier or a macro");
        }
        Ok(match mechanism {
            Mechanism::Ip4 { address, prefix } => Self::Ip4 { address, prefix },
            Mechanism::Ip6 { address, prefix } => Self::Ip6 { address, prefix },
            Mechanism::Include(name) => Self::Include(OwnerName::new(name.as_str())),
            Mechanism::A { name: Some(name), prefix4, prefix6 } => {
                Self::A { name: OwnerName::new(name.as_str()), prefix4, prefix6 }
            }
            Mechanism::Mx { name: Some(name), prefix4, prefix6 } => {
                Self::Mx { name: OwnerName::new(name.as_str()), prefix4, prefix6 }
            }
            _ => return refused("is not one of those"),
        })
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

    /// The name that is looked up for it.
    pub fn name(&self) -> Option<&OwnerName> {
        match self {
            Self::Include(name) | Self::A { name, .. } | Self::Mx { name, .. } => Some(name),
            Self::Ip4 { .. } | Self::Ip6 { .. } => None,
        }
    }
}

impl fmt::Display for ProfileMechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip4 { address, prefix } => Mechanism::Ip4 { address: *address, prefix: *prefix }.fmt(f),
            Self::Ip6 { address, prefix } => Mechanism::Ip6 { address: *address, prefix: *prefix }.fmt(f),
            Self::Include(name) => write!(f, "include:{name}"),
            Self::A { name, prefix4, prefix6 } => {
                write!(f, "a:{name}").and_then(|()| super::write_lengths(f, *prefix4, *prefix6))
            }
            Self::Mx { name, prefix4, prefix6 } => {
                write!(f, "mx:{name}").and_then(|()| super::write_lengths(f, *prefix4, *prefix6))
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_takes_what_authorises_servers_and_nothing_else() {
        for term in [
            "ip4:192.0.2.0/24",
            "ip6:2001:db8::/32",
            "include:spf.mta.example",
            "a:mail.mta.example/28",
            "mx:mta.example//64",
        ] {
            assert_eq!(ProfileMechanism::parse(term).map(|read| read.to_string()), Ok(term.to_owned()));
        }
        for term in [
            "all",
            "+ip4:192.0.2.1",
            "-ip4:192.0.2.1",
            "ptr",
            "exists:a.example",
            "a",
            "include:%{d}.example",
            "redirect=a.example",
        ] {
            assert!(ProfileMechanism::parse(term).is_err(), "{term}");
        }
    }
}

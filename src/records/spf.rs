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
    pub fn parse(term: &str) -> Result<Self, String> {
        let refused = |why: &str| {
            let accepted = "ip4:, ip6:, include:, a: and mx: with a value, without qualifier or macro, are accepted";
            Err(format!("has the term {term:?}, which {why}; {accepted}"))
        };
        let Ok(Directive { qualifier: Qualifier::Pass, mechanism }) = Directive::parse(term) else {
            return refused("is no mechanism that authorises servers");
        };
        if term.starts_with('+') || term.contains('%') {
            return refused("has a qualifier or a macro");
        }
        Ok(match mechanism {
            Mechanism::Ip4 { address, prefix } => Self::Ip4 { address, prefix },
            Mechanism::Ip6 { address, prefix } => Self::Ip6 { address, prefix },
            Mechanism::Include(name) => Self::Include(super::OwnerName::new(&name)),
            Mechanism::A { name: Some(name), prefix4, prefix6 } => {
                Self::A { name: super::OwnerName::new(&name), prefix4, prefix6 }
            }
            Mechanism::Mx { name: Some(name), prefix4, prefix6 } => {
                Self::Mx { name: super::OwnerName::new(&name), prefix4, prefix6 }
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

/// What a matching mechanism means (RFC 7208 section 4.6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qualifier {
    Pass,
    Fail,
    SoftFail,
    Neutral,
}

/// A mechanism of anybody's record (RFC 7208 section 5). Names stand as written, macros and all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mechanism {
    All,
    Include(String),
    A { name: Option<String>, prefix4: u8, prefix6: u8 },
    Mx { name: Option<String>, prefix4: u8, prefix6: u8 },
    Ptr(Option<String>),
    Ip4 { address: Ipv4Addr, prefix: u8 },
    Ip6 { address: Ipv6Addr, prefix: u8 },
    Exists(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    pub qualifier: Qualifier,
    pub mechanism: Mechanism,
}

/// A record, read: its terms in order, the modifiers that count, and what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpfRecord {
    /// With the text of each term.
    pub directives: Vec<(Directive, String)>,
    pub redirect: Option<String>,
    /// The terms that make the record a permerror (RFC 7208 section 4.6).
    pub broken_terms: Vec<String>,
}

/// Reads a TXT record's joined text. `None`: no SPF record (RFC 7208 section 4.5: `v=spf1`, in any case, then a blank
/// or the end).
pub fn parse(text: &[u8]) -> Option<SpfRecord> {
    let text = String::from_utf8_lossy(text);
    let head = text.get(..6)?;
    let rest = &text[6..];
    if !head.eq_ignore_ascii_case("v=spf1") || !(rest.is_empty() || rest.starts_with(' ')) {
        return None;
    }
    let mut record = SpfRecord::default();
    for term in rest.split(' ').filter(|term| !term.is_empty()) {
        match modifier(term) {
            Some((name, value)) if name.eq_ignore_ascii_case("redirect") => {
                if record.redirect.is_some() || !is_domain_spec(value) {
                    record.broken_terms.push(term.to_owned());
                }
                record.redirect = Some(value.to_owned());
            }
            Some(_) => {}
            None => match Directive::parse(term) {
                Ok(directive) => record.directives.push((directive, term.to_owned())),
                Err(()) => record.broken_terms.push(term.to_owned()),
            },
        }
    }
    Some(record)
}

/// `name=value` (RFC 7208 section 4.6.1: the name begins with a letter).
fn modifier(term: &str) -> Option<(&str, &str)> {
    let (name, value) = term.split_once('=')?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    is_name.then_some((name, value))
}

impl Directive {
    fn parse(term: &str) -> Result<Self, ()> {
        let (qualifier, rest) = match term.as_bytes().first() {
            Some(b'+') => (Qualifier::Pass, &term[1..]),
            Some(b'-') => (Qualifier::Fail, &term[1..]),
            Some(b'~') => (Qualifier::SoftFail, &term[1..]),
            Some(b'?') => (Qualifier::Neutral, &term[1..]),
            _ => (Qualifier::Pass, term),
        };
        Ok(Self { qualifier, mechanism: Mechanism::parse(rest)? })
    }
}

impl Mechanism {
    fn parse(text: &str) -> Result<Self, ()> {
        let at = text.find([':', '/']).unwrap_or(text.len());
        let (name, rest) = text.split_at(at);
        let value = rest.strip_prefix(':');
        let required = |value: Option<&str>| value.filter(|value| is_domain_spec(value)).map(str::to_owned).ok_or(());
        match name.to_ascii_lowercase().as_str() {
            "all" if rest.is_empty() => Ok(Self::All),
            "include" => Ok(Self::Include(required(value)?)),
            "exists" => Ok(Self::Exists(required(value)?)),
            "ptr" if rest.is_empty() => Ok(Self::Ptr(None)),
            "ptr" => Ok(Self::Ptr(Some(required(value)?))),
            "a" => host_with_prefixes(rest).map(|(name, prefix4, prefix6)| Self::A { name, prefix4, prefix6 }),
            "mx" => host_with_prefixes(rest).map(|(name, prefix4, prefix6)| Self::Mx { name, prefix4, prefix6 }),
            "ip4" => {
                let (address, prefix) = network(value.ok_or(())?, 32)?;
                Ok(Self::Ip4 { address: address.parse().map_err(drop)?, prefix })
            }
            "ip6" => {
                let (address, prefix) = network(value.ok_or(())?, 128)?;
                Ok(Self::Ip6 { address: address.parse().map_err(drop)?, prefix })
            }
            _ => Err(()),
        }
    }
}

fn network(text: &str, longest: u8) -> Result<(&str, u8), ()> {
    match text.split_once('/') {
        None => Ok((text, longest)),
        Some((address, length)) => Ok((address, prefix_length(length, longest)?)),
    }
}

/// Digits without a leading zero (RFC 7208 section 5.6 and appendix A, errata included).
fn prefix_length(text: &str, longest: u8) -> Result<u8, ()> {
    let is_plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    let length: u8 = text.parse().map_err(drop)?;
    if is_plain && length <= longest { Ok(length) } else { Err(()) }
}

/// `[:name][/cidr4][//cidr6]` (RFC 7208 section 5.3).
fn host_with_prefixes(rest: &str) -> Result<(Option<String>, u8, u8), ()> {
    let (head, prefix6) = match rest.split_once("//") {
        Some((head, length)) => (head, prefix_length(length, 128)?),
        None => (rest, 128),
    };
    let (head, prefix4) = match head.split_once('/') {
        Some((head, length)) => (head, prefix_length(length, 32)?),
        None => (head, 32),
    };
    if head.is_empty() {
        return Ok((None, prefix4, prefix6));
    }
    let name = head.strip_prefix(':').filter(|name| is_domain_spec(name)).ok_or(())?;
    Ok((Some(name.to_owned()), prefix4, prefix6))
}

/// A domain-spec (RFC 7208 section 7.1): visible ASCII that ends in a name of two labels or in a macro.
fn is_domain_spec(text: &str) -> bool {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return false;
    }
    if text.contains('%') {
        return has_whole_macros(text);
    }
    let name = text.strip_suffix('.').unwrap_or(text);
    let top = name.rsplit('.').next().unwrap_or_default();
    let is_top = !top.bytes().all(|b| b.is_ascii_digit())
        && top.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !top.starts_with('-')
        && !top.ends_with('-');
    name.contains('.') && is_top
}

/// Every `%` begins `%{…}`, `%%`, `%_` or `%-`.
fn has_whole_macros(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        rest = &rest[at + 1..];
        match rest.as_bytes().first() {
            Some(b'%' | b'_' | b'-') => rest = &rest[1..],
            Some(b'{') => match rest.split_once('}') {
                Some((body, tail)) if body[1..].starts_with(|c: char| "slodiphvSLODIPHV".contains(c)) => rest = tail,
                _ => return false,
            },
            _ => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_v_spf1_and_a_blank_or_the_end_begin_a_record() {
        for (text, is_spf) in
            [("v=spf1", true), ("V=SPF1 -all", true), ("v=spf10", false), (" v=spf1", false), ("v=DMARC1", false)]
        {
            assert_eq!(parse(text.as_bytes()).is_some(), is_spf, "{text:?}");
        }
    }

    #[test]
    fn broken_terms_are_named_and_the_rest_is_read() {
        let record = parse(b"v=spf1 include:a.example ip4:192.0.2.0/33 inlcude:b.example a/24//64 -all").unwrap();
        assert_eq!(record.broken_terms, ["ip4:192.0.2.0/33", "inlcude:b.example"]);
        assert_eq!(record.directives.len(), 3);
    }

    #[test]
    fn a_profile_takes_what_authorises_servers_and_nothing_else() {
        for term in [
            "ip4:192.0.2.0/24",
            "ip6:2001:db8::/32",
            "include:spf.mta.example",
            "a:mail.mta.example/28",
            "mx:mta.example",
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

//! SPF records (RFC 7208 sections 4.5, 4.6, 5, 7 and 12): text to value and back.
//!
//! Reading never fails once a text is an SPF record at all: a term that no receiver can read stands there as broken.

mod grammar;
mod macros;
mod profile;

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

pub use macros::{MacroExpand, MacroPart, MacroString, Scope};
pub use profile::ProfileMechanism;

/// What a matching mechanism means (RFC 7208 section 4.6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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
    Include(MacroString),
    A { name: Option<MacroString>, prefix4: u8, prefix6: u8 },
    Mx { name: Option<MacroString>, prefix4: u8, prefix6: u8 },
    Ptr(Option<MacroString>),
    Ip4 { address: Ipv4Addr, prefix: u8 },
    Ip6 { address: Ipv6Addr, prefix: u8 },
    Exists(MacroString),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    pub qualifier: Qualifier,
    pub mechanism: Mechanism,
}

/// What a term is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    Directive(Directive),
    Redirect(MacroString),
    Exp(MacroString),
    /// An unknown modifier: receivers pass over it (RFC 7208 section 6).
    Modifier,
    /// Makes the whole record a permerror (RFC 7208 section 4.6).
    Broken,
}

/// A term with its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// As written; bytes that are not UTF-8 replaced.
    pub text: String,
    pub reading: Reading,
}

/// A record, read: its terms in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpfRecord {
    pub terms: Vec<Term>,
}

/// Reads a TXT record's joined text. `None`: no SPF record (RFC 7208 section 4.5: `v=spf1`, in any case, then a blank
/// or the end).
pub fn parse(text: &[u8]) -> Option<SpfRecord> {
    Some(SpfRecord::parse_terms(&String::from_utf8_lossy(terms_of(text)?)))
}

/// Whether a TXT record's joined text is an SPF record, whatever its terms hold.
pub fn is_record(text: &[u8]) -> bool {
    terms_of(text).is_some()
}

fn terms_of(text: &[u8]) -> Option<&[u8]> {
    let (head, rest) = text.split_at_checked(6)?;
    let is_record = head.eq_ignore_ascii_case(b"v=spf1") && (rest.is_empty() || rest.starts_with(b" "));
    is_record.then_some(rest)
}

impl SpfRecord {
    /// Reads blank-separated terms. A second `redirect` or `exp` is broken (RFC 7208 section 6).
    pub fn parse_terms(text: &str) -> Self {
        let mut record = Self::default();
        for text in text.split(' ').filter(|term| !term.is_empty()) {
            let mut term = Term::parse(text);
            let is_repeated = match term.reading {
                Reading::Redirect(_) => record.redirect().is_some(),
                Reading::Exp(_) => record.exp().is_some(),
                _ => false,
            };
            if is_repeated {
                term.reading = Reading::Broken;
            }
            record.terms.push(term);
        }
        record
    }

    /// The mechanisms in order, with their terms.
    pub fn directives(&self) -> impl Iterator<Item = (&Term, &Directive)> {
        self.terms.iter().filter_map(|term| match &term.reading {
            Reading::Directive(directive) => Some((term, directive)),
            _ => None,
        })
    }

    /// The first `all`: what stands behind it is never reached (RFC 7208 section 5.1).
    pub fn all(&self) -> Option<&Directive> {
        self.directives().map(|(_, directive)| directive).find(|directive| directive.mechanism == Mechanism::All)
    }

    pub fn redirect(&self) -> Option<(&Term, &MacroString)> {
        self.terms.iter().find_map(|term| match &term.reading {
            Reading::Redirect(target) => Some((term, target)),
            _ => None,
        })
    }

    pub fn exp(&self) -> Option<&MacroString> {
        self.terms.iter().find_map(|term| match &term.reading {
            Reading::Exp(target) => Some(target),
            _ => None,
        })
    }

    /// The first term that no receiver can read.
    pub fn broken(&self) -> Option<&Term> {
        self.terms.iter().find(|term| term.reading == Reading::Broken)
    }
}

impl fmt::Display for SpfRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("v=spf1")?;
        self.terms.iter().try_for_each(|term| write!(f, " {term}"))
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reading {
            Reading::Directive(directive) => directive.fmt(f),
            Reading::Redirect(target) => write!(f, "redirect={target}"),
            Reading::Exp(target) => write!(f, "exp={target}"),
            Reading::Modifier | Reading::Broken => f.write_str(&self.text),
        }
    }
}

impl fmt::Display for Directive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.qualifier {
            Qualifier::Pass => "",
            Qualifier::Fail => "-",
            Qualifier::SoftFail => "~",
            Qualifier::Neutral => "?",
        })?;
        self.mechanism.fmt(f)
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts = |f: &mut fmt::Formatter<'_>, kind: &str, name: &Option<MacroString>, prefix4, prefix6| {
            f.write_str(kind)?;
            name.iter().try_for_each(|name| write!(f, ":{name}"))?;
            write_lengths(f, prefix4, prefix6)
        };
        match self {
            Self::All => f.write_str("all"),
            Self::Include(name) => write!(f, "include:{name}"),
            Self::A { name, prefix4, prefix6 } => hosts(f, "a", name, *prefix4, *prefix6),
            Self::Mx { name, prefix4, prefix6 } => hosts(f, "mx", name, *prefix4, *prefix6),
            Self::Ptr(None) => f.write_str("ptr"),
            Self::Ptr(Some(name)) => write!(f, "ptr:{name}"),
            Self::Ip4 { address, prefix: 32 } => write!(f, "ip4:{address}"),
            Self::Ip4 { address, prefix } => write!(f, "ip4:{address}/{prefix}"),
            Self::Ip6 { address, prefix: 128 } => write!(f, "ip6:{address}"),
            Self::Ip6 { address, prefix } => write!(f, "ip6:{address}/{prefix}"),
            Self::Exists(name) => write!(f, "exists:{name}"),
        }
    }
}

/// `/CIDR4//CIDR6`, where they are not the full length.
fn write_lengths(f: &mut fmt::Formatter<'_>, prefix4: u8, prefix6: u8) -> fmt::Result {
    if prefix4 < 32 {
        write!(f, "/{prefix4}")?;
    }
    if prefix6 < 128 { write!(f, "//{prefix6}") } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        let broken: Vec<_> = record.terms.iter().filter(|term| term.reading == Reading::Broken).collect();
        assert_eq!(
            broken.iter().map(|term| term.text.as_str()).collect::<Vec<_>>(),
            ["ip4:192.0.2.0/33", "inlcude:b.example"]
        );
        assert_eq!(record.directives().count(), 3);
    }

    #[test]
    fn bytes_outside_ascii_break_their_term_and_no_other() {
        let record = parse(b"v=spf1 a:example.net \x96all").unwrap();
        assert_eq!(record.broken().unwrap().text, "\u{fffd}all");
        assert_eq!(record.directives().count(), 1);
    }

    fn spec() -> impl Strategy<Value = String> {
        prop_oneof!["[a-z0-9_]{1,8}\\.[a-z]{2,5}\\.?", "%\\{[slodiphv][1-9]?r?[-.+_=]{0,2}\\}", "[a-z]{1,3}\\.%\\{d\\}"]
    }

    fn term() -> impl Strategy<Value = String> {
        let named = prop_oneof![Just("include:"), Just("exists:"), Just("redirect="), Just("exp="), Just("x-y=")];
        let host = prop_oneof![Just("a"), Just("mx"), Just("A"), Just("ptr")];
        let body = prop_oneof![
            (named, spec()).prop_map(|(kind, spec)| format!("{kind}{spec}")),
            (host.clone(), spec()).prop_map(|(kind, spec)| format!("{kind}:{spec}")),
            (host, 0u8..40, 0u8..140).prop_map(|(kind, four, six)| format!("{kind}/{four}//{six}")),
            (any::<u32>(), 0u8..=32).prop_map(|(ip, prefix)| format!("ip4:{}/{prefix}", Ipv4Addr::from(ip))),
            (any::<u128>(), 0u8..=128).prop_map(|(ip, prefix)| format!("ip6:{}/{prefix}", Ipv6Addr::from(ip))),
            Just("all".to_owned()),
            "[ -~]{0,12}",
        ];
        ("[-+~?]?", body).prop_map(|(qualifier, body)| format!("{qualifier}{body}"))
    }

    proptest! {
        #[test]
        fn what_is_rendered_reads_as_what_it_was(terms in proptest::collection::vec(term(), 0..8)) {
            let read = parse(format!("v=spf1 {}", terms.join(" ")).as_bytes()).unwrap();
            let again = parse(read.to_string().as_bytes()).unwrap();
            let readings = |record: &SpfRecord| record.terms.iter().map(|term| term.reading.clone()).collect::<Vec<_>>();
            prop_assert_eq!(readings(&read), readings(&again));
        }

        #[test]
        fn reading_never_panics(text in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&[b"v=spf1 ".as_slice(), &text].concat());
        }
    }
}

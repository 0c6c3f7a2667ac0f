//! The grammar of single terms (RFC 7208 section 12, errata included).

use super::{Directive, MacroString, Mechanism, Qualifier, Reading, Scope, Term};

impl Term {
    /// Reads one term, which holds no blank.
    pub fn parse(text: &str) -> Self {
        Self { text: text.to_owned(), reading: reading(text) }
    }
}

fn reading(text: &str) -> Reading {
    let Some((name, value)) = modifier(text) else {
        return Directive::parse(text).map_or(Reading::Broken, Reading::Directive);
    };
    // A known modifier is never taken for an unknown one (erratum 1596).
    let known = |reading: fn(MacroString) -> Reading| MacroString::parse_domain_spec(value).map(reading);
    let read = if name.eq_ignore_ascii_case("redirect") {
        known(Reading::Redirect)
    } else if name.eq_ignore_ascii_case("exp") {
        known(Reading::Exp)
    } else {
        MacroString::parse(value, Scope::Explanation).filter(|_| !value.contains(' ')).map(|_| Reading::Modifier)
    };
    read.unwrap_or(Reading::Broken)
}

/// `name=value` (RFC 7208 section 4.6.1: the name begins with a letter).
fn modifier(term: &str) -> Option<(&str, &str)> {
    let (name, value) = term.split_once('=')?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    is_name.then_some((name, value))
}

impl Directive {
    /// Reads a qualifier and a mechanism; `None` where it is neither.
    pub fn parse(term: &str) -> Option<Self> {
        let (qualifier, rest) = match term.as_bytes().first() {
            Some(b'+') => (Qualifier::Pass, &term[1..]),
            Some(b'-') => (Qualifier::Fail, &term[1..]),
            Some(b'~') => (Qualifier::SoftFail, &term[1..]),
            Some(b'?') => (Qualifier::Neutral, &term[1..]),
            _ => (Qualifier::Pass, term),
        };
        Some(Self { qualifier, mechanism: Mechanism::parse(rest)? })
    }
}

impl Mechanism {
    fn parse(text: &str) -> Option<Self> {
        let at = text.find([':', '/']).unwrap_or(text.len());
        let (name, rest) = text.split_at(at);
        let spec = || MacroString::parse_domain_spec(rest.strip_prefix(':')?);
        match name.to_ascii_lowercase().as_str() {
            "all" if rest.is_empty() => Some(Self::All),
            "include" => Some(Self::Include(spec()?)),
            "exists" => Some(Self::Exists(spec()?)),
            "ptr" if rest.is_empty() => Some(Self::Ptr(None)),
            "ptr" => Some(Self::Ptr(Some(spec()?))),
            "a" => hosts(rest).map(|(name, prefix4, prefix6)| Self::A { name, prefix4, prefix6 }),
            "mx" => hosts(rest).map(|(name, prefix4, prefix6)| Self::Mx { name, prefix4, prefix6 }),
            "ip4" => {
                let (address, prefix) = network(rest.strip_prefix(':')?, 32)?;
                Some(Self::Ip4 { address: address.parse().ok()?, prefix })
            }
            "ip6" => {
                let (address, prefix) = network(rest.strip_prefix(':')?, 128)?;
                Some(Self::Ip6 { address: address.parse().ok()?, prefix })
            }
            _ => None,
        }
    }
}

fn network(text: &str, longest: u8) -> Option<(&str, u8)> {
    match text.split_once('/') {
        None => Some((text, longest)),
        Some((address, length)) => Some((address, prefix_length(length, longest)?)),
    }
}

/// Digits without a leading zero (RFC 7208 section 5.6).
fn prefix_length(text: &str, longest: u8) -> Option<u8> {
    let is_plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    let length: u8 = text.parse().ok()?;
    (is_plain && length <= longest).then_some(length)
}

/// `[:name][/cidr4][//cidr6]` (RFC 7208 section 5.3). A name may hold slashes, so lengths are read from the end.
fn hosts(rest: &str) -> Option<(Option<MacroString>, u8, u8)> {
    let (head, prefix6) = match trailing_length(rest, "//") {
        Some((head, length)) => (head, prefix_length(length, 128)?),
        None => (rest, 128),
    };
    let (head, prefix4) = match trailing_length(head, "/") {
        Some((head, length)) => (head, prefix_length(length, 32)?),
        None => (head, 32),
    };
    if head.is_empty() {
        return Some((None, prefix4, prefix6));
    }
    Some((Some(MacroString::parse_domain_spec(head.strip_prefix(':')?)?), prefix4, prefix6))
}

/// The digits behind the last slashes.
fn trailing_length<'a>(text: &'a str, slashes: &str) -> Option<(&'a str, &'a str)> {
    let (head, digits) = text.rsplit_once(slashes)?;
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then_some((head, digits))
}

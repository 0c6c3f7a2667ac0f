//! Macro expansion (RFC 7208 section 7).

use super::check_host::Message;
use super::walk::{Here, Walk};
use crate::records::OwnerName;
use crate::records::name::MAX_NAME_LENGTH;
use crate::records::spf::{MacroExpand, MacroPart, MacroString};

/// What a macro string stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expanded {
    Text(String),
    /// Hangs on a message, and no single one is looked at.
    Depends,
    /// Something is still to be asked.
    Unknown,
}

impl Walk<'_> {
    /// The name that a domain-spec stands for; the record's own without one.
    pub(super) fn target(&mut self, spec: Option<&MacroString>, here: &Here) -> Expanded {
        let Some(spec) = spec else { return Expanded::Text(here.domain.clone()) };
        match self.expand(spec, here) {
            Expanded::Text(text) => Expanded::Text(shortened(&text).to_owned()),
            other => other,
        }
    }

    pub(super) fn expand(&mut self, spec: &MacroString, here: &Here) -> Expanded {
        let mut out = String::new();
        for part in &spec.parts {
            match part {
                MacroPart::Literal(text) => out.push_str(text),
                MacroPart::Expand(expand) => match self.value(expand.letter, here) {
                    Expanded::Text(value) => out.push_str(&transformed(&value, expand)),
                    other => return other,
                },
            }
        }
        Expanded::Text(out)
    }

    fn value(&mut self, letter: char, here: &Here) -> Expanded {
        let message = match (letter, self.message) {
            ('d', _) => return Expanded::Text(here.domain.clone()),
            // The sender's domain is the one that the check began with (RFC 7208 section 2.4).
            ('o', None) => return Expanded::Text(self.first_domain()),
            (_, None) => return Expanded::Depends,
            ('p', Some(_)) => return self.validated_name(here),
            (_, Some(message)) => message,
        };
        Expanded::Text(message.value(letter))
    }
}

impl Message {
    /// The macros that the message alone decides (RFC 7208 section 7.2).
    fn value(&self, letter: char) -> String {
        let (local, domain) = self.sender.rsplit_once('@').unwrap_or(("", &self.sender));
        match letter {
            's' if local.is_empty() => format!("postmaster@{domain}"),
            's' => self.sender.clone(),
            'l' if local.is_empty() => "postmaster".to_owned(),
            'l' => local.to_owned(),
            'o' => domain.to_owned(),
            'h' => self.helo.clone(),
            'r' => self.receiver.clone(),
            't' => self.time_s.to_string(),
            'c' => self.ip.to_canonical().to_string(),
            'v' if self.ip.to_canonical().is_ipv4() => "in-addr".to_owned(),
            'v' => "ip6".to_owned(),
            'i' => dotted(self.ip),
            _ => String::new(),
        }
    }
}

/// `192.0.2.1`, or every nibble of an IPv6 address (RFC 7208 section 7.3).
pub(super) fn dotted(ip: std::net::IpAddr) -> String {
    match ip.to_canonical() {
        std::net::IpAddr::V4(ip) => ip.to_string(),
        std::net::IpAddr::V6(ip) => {
            let nibbles: Vec<String> =
                format!("{:032X}", u128::from(ip)).chars().map(|nibble| nibble.to_string()).collect();
            nibbles.join(".")
        }
    }
}

/// Splits, reverses, keeps parts from the right, joins with dots, escapes (RFC 7208 section 7.3).
fn transformed(value: &str, expand: &MacroExpand) -> String {
    let mut parts: Vec<&str> = value.split(|c| expand.delimiters.contains(c)).collect();
    if expand.is_reversed {
        parts.reverse();
    }
    let keep = expand.keep.and_then(|keep| usize::try_from(keep).ok()).unwrap_or(usize::MAX);
    let joined = parts[parts.len().saturating_sub(keep)..].join(".");
    if expand.is_escaped { url_escaped(&joined) } else { joined }
}

/// Everything but RFC 3986's unreserved characters.
fn url_escaped(text: &str) -> String {
    let escaped = |b: u8| match b {
        b if b.is_ascii_alphanumeric() || b"-._~".contains(&b) => char::from(b).to_string(),
        b => format!("%{b:02X}"),
    };
    text.bytes().map(escaped).collect()
}

/// Labels are dropped from the left until the name fits (RFC 7208 section 7.3).
fn shortened(text: &str) -> &str {
    let mut name = text.strip_suffix('.').unwrap_or(text);
    while name.len() > MAX_NAME_LENGTH {
        match name.split_once('.') {
            Some((_, rest)) => name = rest,
            None => return name,
        }
    }
    name
}

/// A name out of text: a byte that is no printable ASCII stands escaped as it does in names out of DNS packets, in
/// decimal (RFC 1035 section 5.1).
pub fn owner_of(text: &str) -> OwnerName {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'\\' => out.push_str("\\\\"),
            b'!'..=b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("\\{other:03}")),
        }
    }
    OwnerName::new(&out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::spf::Scope;

    fn applied(value: &str, text: &str) -> String {
        let spec = MacroString::parse(text, Scope::Explanation).unwrap();
        let MacroPart::Expand(expand) = &spec.parts[0] else { panic!("{text} begins with a macro") };
        transformed(value, expand)
    }

    /// The table of RFC 7208 section 7.4.
    #[test]
    fn the_examples_of_the_standard_come_out() {
        for (value, text, wanted) in [
            ("strong-bad@email.example.com", "%{s}", "strong-bad@email.example.com"),
            ("email.example.com", "%{d}", "email.example.com"),
            ("email.example.com", "%{d4}", "email.example.com"),
            ("email.example.com", "%{d2}", "example.com"),
            ("email.example.com", "%{d1}", "com"),
            ("email.example.com", "%{dr}", "com.example.email"),
            ("email.example.com", "%{d2r}", "example.email"),
            ("strong-bad", "%{l}", "strong-bad"),
            ("strong-bad", "%{l-}", "strong.bad"),
            ("strong-bad", "%{lr}", "strong-bad"),
            ("strong-bad", "%{lr-}", "bad.strong"),
            ("strong-bad", "%{l1r-}", "strong"),
            ("~jack&jill=up", "%{L}", "~jack%26jill%3Dup"),
        ] {
            assert_eq!(applied(value, text), wanted, "{text}");
        }
    }

    #[test]
    fn a_name_too_long_loses_labels_from_the_left() {
        let long = format!("{}tail.example.", "label.".repeat(60));
        assert!(shortened(&long).len() <= MAX_NAME_LENGTH && shortened(&long).ends_with(".tail.example"));
        assert_eq!(shortened("a.example."), "a.example");
    }

    #[test]
    fn odd_bytes_stand_escaped_as_in_names_out_of_packets() {
        assert_eq!(owner_of("-a.B c/d\\é").as_str(), "-a.b\\032c/d\\\\\\195\\169");
    }
}

//! Names: what a person types, what DNS is asked, and what a DNS provider's form wants.
//!
//! Knows the Public Suffix List and IDNA, and nothing of what a name publishes. Raw strings stop here: inside the
//! program there are only [`DomainName`] (a host name, RFC 1123 section 2.1), [`OwnerName`] (any DNS name, RFC 1035
//! section 2.3.4) and [`Selector`] (RFC 6376 section 3.1).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The longest name in presentation form without the final dot, in bytes (RFC 1035 section 2.3.4: 255 on the wire).
pub const MAX_NAME_LENGTH: usize = 253;
/// The longest label, in bytes (RFC 1035 section 2.3.4).
pub const MAX_LABEL_LENGTH: usize = 63;

/// A sender domain: at least two labels of letters, digits and hyphens, lower-case ASCII, no final dot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DomainName(String);

/// Why a text is no usable sender domain. The message completes the sentence "this name …".
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    #[error("is empty; type a domain such as mail.example.com")]
    Empty,
    #[error("is {0} bytes long; a domain name has at most {MAX_NAME_LENGTH}")]
    TooLong(usize),
    #[error("has an empty label (two dots in a row, or a dot in front)")]
    EmptyLabel,
    #[error("has a label of {0} bytes; a label has at most {MAX_LABEL_LENGTH}")]
    LabelTooLong(usize),
    #[error("holds {0}, which no host name may contain; letters, digits, hyphens and dots are accepted")]
    Character(String),
    #[error("has a label that begins or ends with a hyphen")]
    Hyphen,
    #[error("is a wildcard; add each sending domain by its own name")]
    Wildcard,
    #[error("is not a valid internationalised domain name")]
    Idna,
    #[error("is an IP address; a domain name such as mail.example.com is needed")]
    IpAddress,
    #[error("has one label only; a domain name such as example.com is needed")]
    SingleLabel,
    #[error("is a public suffix, under which others register their domains; add the domain below it that is yours")]
    PublicSuffix,
    #[error("belongs to a mailbox provider, so its DNS records are not yours to publish; add a domain of your own")]
    MailboxProvider,
}

/// What the browser's form makes of pasted text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleaned {
    pub name: DomainName,
    /// Whether anything but case and one final dot was removed, so that the page can say so.
    pub was_changed: bool,
}

impl DomainName {
    /// Reads a host name as the API and the command line accept it: case and one final dot are folded and IDNA
    /// (UTS 46, nontransitional) is applied; anything else that is not a host name is an error. Public suffixes and
    /// mailbox providers are no error here, see [`DomainName::parse_sender`].
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.parse::<std::net::IpAddr>().is_ok() || text.starts_with('[') {
            return Err(NameError::IpAddress);
        }
        if text.split('.').any(|label| label == "*") {
            return Err(NameError::Wildcard);
        }
        let ascii = to_ascii(text)?;
        check_host_name(&ascii)?;
        Ok(Self(ascii))
    }

    /// [`DomainName::parse`], and refuses what nobody can send from: public suffixes (the list's ICANN section) and
    /// mailbox providers' domains.
    pub fn parse_sender(text: &str) -> Result<Self, NameError> {
        let name = Self::parse(text)?;
        if name.is_public_suffix() {
            return Err(NameError::PublicSuffix);
        }
        if super::mailbox_providers::contains(name.as_str()) {
            return Err(NameError::MailboxProvider);
        }
        Ok(name)
    }

    /// What the browser's form does: takes scheme, path, port, blanks, `user@` and stray quotes off first.
    pub fn clean(text: &str) -> Result<Cleaned, NameError> {
        let trimmed = text.trim().trim_matches(['"', '\'', '<', '>', ',', ';']).trim();
        let rest = trimmed.split_once("://").map_or(trimmed, |(_, rest)| rest);
        let rest = rest.strip_prefix("mailto:").unwrap_or(rest);
        let rest = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        let rest = match rest.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') && port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => rest,
        };
        let joined: String = rest.chars().filter(|c| !c.is_whitespace() && !is_invisible(*c)).collect();
        let name = Self::parse_sender(&joined)?;
        let was_changed = joined != text;
        Ok(Cleaned { name, was_changed })
    }

    /// The name in lower-case ASCII (A-labels), without a final dot.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name in Unicode (U-labels); the same as ASCII where nothing is internationalised.
    pub fn unicode(&self) -> String {
        idna::domain_to_unicode(&self.0).0
    }

    /// The registrable domain by the Public Suffix List; a private suffix (`github.io`) and a name that the list
    /// does not cover count as registrable themselves.
    pub fn registrable(&self) -> Self {
        psl::domain_str(&self.0).map_or_else(|| self.clone(), |name| Self(name.to_owned()))
    }

    /// Whether others register their names directly below: the list's ICANN section, and top-level names.
    pub fn is_public_suffix(&self) -> bool {
        psl::suffix(self.0.as_bytes())
            .is_some_and(|suffix| suffix.as_bytes() == self.0.as_bytes() && suffix.typ() != Some(psl::Type::Private))
    }

    /// `label.self`; the label is checked by whoever made it.
    pub fn prefixed(&self, prefix: &str) -> OwnerName {
        OwnerName(format!("{}.{}", prefix.to_ascii_lowercase(), self.0))
    }

    /// This name as the owner of DNS records.
    pub fn owner(&self) -> OwnerName {
        OwnerName(self.0.clone())
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for DomainName {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for DomainName {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl From<DomainName> for String {
    fn from(name: DomainName) -> Self {
        name.0
    }
}

/// Any DNS name: lower-case presentation form (RFC 4343 folds ASCII case), no final dot, the root is empty. Bytes
/// outside printable ASCII, dots and backslashes inside a label stand escaped (`\DDD`, `\.`), as in a zone file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OwnerName(String);

impl OwnerName {
    /// Takes presentation text as the caller has it; folds ASCII case and one final dot. Nothing else is checked:
    /// names out of DNS packets and out of SPF macros may be anything.
    pub fn new(text: &str) -> Self {
        let text = if text.ends_with("\\.") { text } else { text.strip_suffix('.').unwrap_or(text) };
        Self(text.to_ascii_lowercase())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The labels from left to right, escapes kept.
    pub fn labels(&self) -> Vec<&str> {
        let mut labels = Vec::new();
        let mut start = 0;
        let mut is_escaped = false;
        for (at, byte) in self.0.bytes().enumerate() {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'.' => {
                    labels.push(&self.0[start..at]);
                    start = at + 1;
                }
                _ => {}
            }
        }
        if !self.0.is_empty() {
            labels.push(&self.0[start..]);
        }
        labels
    }

    /// The name without its leftmost label; `None` at the root.
    pub fn parent(&self) -> Option<Self> {
        let first = self.labels().first()?.len();
        Some(Self(self.0.get(first + 1..).unwrap_or("").to_owned()))
    }

    /// Whether this name is `zone` or lies below it.
    pub fn is_within(&self, zone: &Self) -> bool {
        zone.is_root()
            || self.0 == zone.0
            || self.0.strip_suffix(&zone.0).is_some_and(|rest| rest.ends_with('.') && !rest.ends_with("\\."))
    }

    pub fn prefixed(&self, prefix: &str) -> Self {
        if self.is_root() { Self::new(prefix) } else { Self(format!("{}.{}", prefix.to_ascii_lowercase(), self.0)) }
    }

    /// Whether the name can be put on the wire: labels of 1 to 63 bytes, 253 in all, escapes counted as one byte.
    pub fn fits_the_wire(&self) -> bool {
        let length = |label: &str| {
            let mut bytes = label.bytes().peekable();
            let mut count = 0usize;
            while let Some(byte) = bytes.next() {
                if byte == b'\\' {
                    let skip = if bytes.peek().is_some_and(u8::is_ascii_digit) { 3 } else { 1 };
                    bytes.by_ref().take(skip).for_each(drop);
                }
                count += 1;
            }
            count
        };
        let lengths: Vec<usize> = self.labels().into_iter().map(length).collect();
        lengths.iter().all(|&n| (1..=MAX_LABEL_LENGTH).contains(&n))
            && lengths.iter().map(|n| n + 1).sum::<usize>() <= MAX_NAME_LENGTH + 1
    }

    /// The host as typed at the DNS provider: relative to `zone`, `@` at the zone itself; the whole name where it
    /// does not lie in the zone.
    pub fn host_in(&self, zone: &Self) -> String {
        if self == zone {
            return "@".to_owned();
        }
        if !self.is_within(zone) || zone.is_root() {
            return self.0.clone();
        }
        self.0[..self.0.len() - zone.0.len() - 1].to_owned()
    }
}

impl fmt::Display for OwnerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "." } else { &self.0 })
    }
}

impl From<&DomainName> for OwnerName {
    fn from(name: &DomainName) -> Self {
        name.owner()
    }
}

/// A DKIM selector: one or more host-name labels (RFC 6376 section 3.1), at most 63 bytes in all here, lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Selector(String);

/// Why a text is no selector.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not a selector; 1 to 63 letters, digits, hyphens and single dots are accepted")]
pub struct SelectorError(pub String);

impl Selector {
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let lower = text.to_ascii_lowercase();
        let is_label = |label: &str| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        if lower.len() <= MAX_LABEL_LENGTH && lower.split('.').all(is_label) {
            return Ok(Self(lower));
        }
        Err(SelectorError(text.chars().take(80).collect()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `SELECTOR._domainkey.DOMAIN` (RFC 6376 section 3.6.2.1).
    pub fn owner(&self, domain: &DomainName) -> OwnerName {
        domain.prefixed(&format!("{}._domainkey", self.0))
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Selector {
    type Error = SelectorError;
    fn try_from(text: String) -> Result<Self, SelectorError> {
        Self::parse(&text)
    }
}

impl From<Selector> for String {
    fn from(selector: Selector) -> Self {
        selector.0
    }
}

/// Applies IDNA (UTS 46) where the text is not plain ASCII; plain ASCII is folded only, so that the message for a
/// forbidden character can name it. A-labels are checked to decode.
fn to_ascii(text: &str) -> Result<String, NameError> {
    if let Some(control) = text.chars().find(|c| c.is_control() || c.is_whitespace()) {
        return Err(NameError::Character(describe(control)));
    }
    if text.is_ascii() && !text.to_ascii_lowercase().split('.').any(|label| label.starts_with("xn--")) {
        return Ok(text.to_ascii_lowercase());
    }
    idna::domain_to_ascii_cow(text.as_bytes(), idna::AsciiDenyList::STD3)
        .map(|ascii| ascii.to_ascii_lowercase())
        .map_err(|_| NameError::Idna)
}

fn check_host_name(ascii: &str) -> Result<(), NameError> {
    if ascii.len() > MAX_NAME_LENGTH {
        return Err(NameError::TooLong(ascii.len()));
    }
    let labels: Vec<&str> = ascii.split('.').collect();
    for label in &labels {
        if label.is_empty() {
            return Err(NameError::EmptyLabel);
        }
        if let Some(odd) = label.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-') {
            return Err(NameError::Character(describe(odd)));
        }
        if label.len() > MAX_LABEL_LENGTH {
            return Err(NameError::LabelTooLong(label.len()));
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err(NameError::Hyphen);
        }
    }
    let last = labels.last().copied().unwrap_or_default();
    if last.bytes().all(|b| b.is_ascii_digit()) {
        // An address, or its beginning: no top-level name is all digits (RFC 3696 section 2).
        return Err(NameError::IpAddress);
    }
    if labels.len() < 2 { Err(NameError::SingleLabel) } else { Ok(()) }
}

/// A character as a person can see it: itself in quotes, or its code point where it has no picture.
fn describe(c: char) -> String {
    match c {
        ' ' => "a blank".to_owned(),
        '_' => "an underscore".to_owned(),
        c if c.is_control() || c.is_whitespace() || is_invisible(c) => {
            format!("the invisible character U+{:04X}", c as u32)
        }
        c => format!("“{c}”"),
    }
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_one_final_dot_and_idna_are_folded() {
        for (text, name) in [
            ("Mail.Example.COM.", "mail.example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(DomainName::parse(text).map(String::from), Ok(name.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_host_name_is_refused_by_name() {
        for (text, error) in [
            ("", NameError::Empty),
            (".", NameError::Empty),
            ("a..example", NameError::EmptyLabel),
            ("example.com..", NameError::EmptyLabel),
            ("*.example.com", NameError::Wildcard),
            ("_dmarc.example.com", NameError::Character("an underscore".into())),
            ("exa mple.com", NameError::Character("a blank".into())),
            ("exa\u{0}mple.com", NameError::Character("the invisible character U+0000".into())),
            ("192.0.2.1", NameError::IpAddress),
            ("2001:db8::1", NameError::IpAddress),
            ("-a.example", NameError::Hyphen),
            ("localhost", NameError::SingleLabel),
            ("xn--a.example", NameError::Idna),
        ] {
            assert_eq!(DomainName::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn pasted_junk_is_cleaned_and_said_so() {
        for (text, was_changed) in [
            ("https://Mail.Example.com/", true),
            ("me@mail.example.com", true),
            (" mail.example.com\n", true),
            ("mail.example.com:443", true),
            ("mail.example.com", false),
        ] {
            let cleaned = DomainName::clean(text).unwrap();
            assert_eq!((cleaned.name.as_str(), cleaned.was_changed), ("mail.example.com", was_changed), "{text:?}");
        }
    }

    #[test]
    fn nobody_sends_from_a_public_suffix_or_a_mailbox_providers_domain() {
        assert_eq!(DomainName::parse_sender("co.uk"), Err(NameError::PublicSuffix));
        assert_eq!(DomainName::parse_sender("gmail.com"), Err(NameError::MailboxProvider));
        assert!(DomainName::parse_sender("github.io").is_ok());
    }

    #[test]
    fn the_registrable_domain_comes_from_the_public_suffix_list() {
        for (name, registrable) in [
            ("a.b.example.co.uk", "example.co.uk"),
            ("mail.example.com", "example.com"),
            ("github.io", "github.io"),
            ("x.y.github.io", "y.github.io"),
        ] {
            assert_eq!(DomainName::parse(name).unwrap().registrable().as_str(), registrable);
        }
    }

    #[test]
    fn the_host_is_relative_to_the_zone() {
        let zone = OwnerName::new("example.com");
        for (name, host) in [
            ("s1._domainkey.mail.example.com", "s1._domainkey.mail"),
            ("example.com", "@"),
            ("badexample.com", "badexample.com"),
        ] {
            assert_eq!(OwnerName::new(name).host_in(&zone), host);
        }
    }

    #[test]
    fn escaped_dots_do_not_end_a_label() {
        let name = OwnerName::new("a\\.b.example");
        assert_eq!(name.labels(), ["a\\.b", "example"]);
        assert_eq!(name.parent(), Some(OwnerName::new("example")));
        assert!(!OwnerName::new("x\\.example").is_within(&OwnerName::new("example")));
    }
}

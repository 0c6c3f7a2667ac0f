//! Names: what a person types, what DNS is asked, and what a DNS provider's form wants.
//!
//! Knows the Public Suffix List and IDNA, and nothing of what a name publishes. Raw strings stop here: inside the
//! program there are only [`DomainName`] (a host name, RFC 1123 section 2.1), [`OwnerName`] (any DNS name, RFC 1035
//! section 2.3.4) and [`Selector`] (RFC 6376 section 3.1).

mod grammar;
mod owner;
mod selector;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use self::grammar::NameError;
use self::grammar::{check_host_name, is_invisible, to_ascii};
pub use self::owner::OwnerName;
pub use self::selector::{Selector, SelectorError};

/// The longest name in presentation form without the final dot, in bytes (RFC 1035 section 2.3.4: 255 on the wire).
pub const MAX_NAME_LENGTH: usize = 253;
/// The longest label, in bytes (RFC 1035 section 2.3.4).
pub const MAX_LABEL_LENGTH: usize = 63;

/// A sender domain: at least two labels of letters, digits and hyphens, lower-case ASCII, no final dot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DomainName(String);

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
            ("a\u{2260}.example", NameError::Idna),
            ("xn--a-2eb240v.example", NameError::Idna),
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

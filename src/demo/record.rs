//! A record as the form of a DNS provider takes and keeps it. Like many of them, it appends the zone to every host,
//! and keeps a text exactly as it was typed.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde::Deserialize;

use crate::console::{RecordView, fingerprint};
use crate::failure::FieldError;
use crate::records::OwnerName;
use crate::records::plan::PlannedType;
use crate::records::zonefile::{self, ZoneEntry};

/// The longest text that the form takes, in bytes.
const MAX_VALUE: usize = 2000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    A,
    Aaaa,
    Cname,
    Mx,
    Txt,
}

impl Kind {
    pub const ALL: [Self; 5] = [Self::Txt, Self::Cname, Self::Mx, Self::A, Self::Aaaa];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
            Self::Mx => "MX",
            Self::Txt => "TXT",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PanelRecord {
    /// Relative to the zone, `@` at the zone itself.
    pub host: String,
    pub kind: Kind,
    pub value: String,
    /// Of an MX.
    pub priority: Option<u16>,
}

/// The fields of the form, as typed.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Typed {
    #[serde(default)]
    pub host: String,
    #[serde(default)]
    pub kind: String,
    #[serde(default)]
    pub value: String,
    #[serde(default)]
    pub priority: String,
    /// The id of the record that this one takes the place of; empty for a new one.
    #[serde(default)]
    pub replaces: String,
}

impl PanelRecord {
    pub fn new(host: &str, kind: Kind, value: impl Into<String>) -> Self {
        Self { host: host.into(), kind, value: value.into(), priority: (kind == Kind::Mx).then_some(10) }
    }

    /// What signet asks for: the merged value where there is one.
    pub fn wanted(record: &RecordView) -> Self {
        Self {
            host: record.host.clone(),
            kind: match record.rtype {
                PlannedType::Txt => Kind::Txt,
                PlannedType::Mx => Kind::Mx,
                PlannedType::Cname => Kind::Cname,
            },
            value: record.suggested_value.clone().unwrap_or_else(|| record.value.clone()),
            priority: record.priority,
        }
    }

    /// Reads the form; the mistakes stand beside their fields.
    pub fn read(typed: &Typed, zone: &OwnerName) -> Result<Self, Vec<FieldError>> {
        let mut mistakes = Vec::new();
        let mut note = |field: &str, message: &str| {
            mistakes.push(FieldError { field: field.into(), message: message.into(), code: None });
        };
        let host = match typed.host.trim() {
            "" => "@".to_owned(),
            host => host.to_ascii_lowercase(),
        };
        if !is_host(&host) || !owner(&host, zone).fits_the_wire() {
            note("host", "A host has letters, digits, hyphens, underscores and dots; @ is the zone itself.");
        }
        let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == typed.kind).unwrap_or(Kind::Txt);
        let value = match kind {
            Kind::Txt => typed.value.clone(),
            _ => typed.value.trim().to_owned(),
        };
        if let Some(objection) = objection(kind, &value) {
            note("value", objection);
        }
        let priority = match (kind, typed.priority.trim()) {
            (Kind::Mx, "") => Some(10),
            (Kind::Mx, text) => text.parse().ok(),
            _ => None,
        };
        if kind == Kind::Mx && priority.is_none() {
            note("priority", "A priority is a number from 0 to 65535.");
        }
        if mistakes.is_empty() { Ok(Self { host, kind, value, priority }) } else { Err(mistakes) }
    }

    /// Tells records apart in the forms of one page.
    pub fn id(&self) -> String {
        let text = format!("{}\n{}\n{:?}\n{}", self.host, self.kind.as_str(), self.priority, self.value);
        fingerprint(&text)[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub fn owner(&self, zone: &OwnerName) -> OwnerName {
        owner(&self.host, zone)
    }

    /// As a line of a zone file.
    pub fn line(&self, zone: &OwnerName) -> String {
        let rtype = match self.kind {
            Kind::A | Kind::Aaaa => {
                return format!("{}. 300 IN {} {}\n", self.owner(zone), self.kind.as_str(), self.value);
            }
            Kind::Cname => PlannedType::Cname,
            Kind::Mx => PlannedType::Mx,
            Kind::Txt => PlannedType::Txt,
        };
        let (name, value) = (self.owner(zone).to_string(), self.value.clone());
        zonefile::render(&[ZoneEntry { name, rtype, value, priority: self.priority, replaces: None }])
    }

    /// Whether the other must go where this one is published: a CNAME stands alone, and of a kind of text there is one.
    pub fn displaces(&self, other: &Self, zone: &OwnerName) -> bool {
        if self.owner(zone) != other.owner(zone) {
            return false;
        }
        let begins = |record: &Self, tag: &str| record.value.to_ascii_lowercase().contains(tag);
        let is_same_text = |tag: &str| begins(self, tag) && begins(other, tag);
        match (self.kind, other.kind) {
            (Kind::Cname, _) | (_, Kind::Cname) => true,
            (Kind::Txt, Kind::Txt) => {
                self.host.contains("_domainkey") || is_same_text("v=spf1") || is_same_text("v=dmarc1")
            }
            _ => false,
        }
    }
}

fn owner(host: &str, zone: &OwnerName) -> OwnerName {
    if host == "@" { zone.clone() } else { zone.prefixed(host) }
}

fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_*".contains(&byte))
    };
    text == "@" || text.split('.').all(is_label)
}

/// What is wrong with a value, if anything is.
fn objection(kind: Kind, value: &str) -> Option<&'static str> {
    let is_target = || {
        let name = OwnerName::new(value);
        is_host(name.as_str()) && name.as_str() != "@" && name.fits_the_wire()
    };
    match kind {
        _ if value.is_empty() => Some("A record needs a value."),
        _ if value.len() > MAX_VALUE => Some("A value has at most 2000 characters here."),
        Kind::A if value.parse::<Ipv4Addr>().is_err() => Some("An A record holds an IPv4 address, such as 192.0.2.1."),
        Kind::Aaaa if value.parse::<Ipv6Addr>().is_err() => {
            Some("An AAAA record holds an IPv6 address, such as 2001:db8::1.")
        }
        Kind::Cname | Kind::Mx if !is_target() => Some("This record names a host, such as host.example.com."),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> OwnerName {
        OwnerName::new("florist.example")
    }

    fn typed(host: &str, kind: &str, value: &str) -> Typed {
        Typed { host: host.into(), kind: kind.into(), value: value.into(), ..Typed::default() }
    }

    #[test]
    fn the_zone_is_appended_to_whatever_host_is_typed() {
        for (host, owner) in [
            ("", "florist.example"),
            ("@", "florist.example"),
            ("News", "news.florist.example"),
            ("_dmarc.news", "_dmarc.news.florist.example"),
            ("news.florist.example", "news.florist.example.florist.example"),
        ] {
            let record = PanelRecord::read(&typed(host, "TXT", "x"), &zone()).unwrap();
            assert_eq!(record.owner(&zone()).as_str(), owner, "{host}");
        }
    }

    #[test]
    fn mistakes_are_told_by_field() {
        for (host, kind, value, field) in [
            ("a b", "TXT", "x", "host"),
            ("a..b", "TXT", "x", "host"),
            ("a\n; x", "TXT", "x", "host"),
            ("a", "TXT", "", "value"),
            ("a", "A", "mail.example.com", "value"),
            ("a", "AAAA", "192.0.2.1", "value"),
            ("a", "CNAME", "not a host", "value"),
            ("a", "MX", "@", "value"),
        ] {
            let mistakes = PanelRecord::read(&typed(host, kind, value), &zone()).unwrap_err();
            assert_eq!(mistakes[0].field, field, "{host} {kind} {value}");
        }
        let mx = Typed { priority: "high".into(), ..typed("a", "MX", "mx.example.com") };
        assert_eq!(PanelRecord::read(&mx, &zone()).unwrap_err()[0].field, "priority");
    }

    #[test]
    fn a_text_stays_as_it_was_typed_and_cannot_end_its_line() {
        let record = PanelRecord::read(&typed("a", "TXT", " \"v=spf1\"\r\nb A 192.0.2.1 "), &zone()).unwrap();
        assert_eq!(record.value, " \"v=spf1\"\r\nb A 192.0.2.1 ");
        assert_eq!(record.line(&zone()).lines().count(), 1);
    }

    #[test]
    fn publishing_displaces_what_would_spoil_it_and_nothing_else() {
        let spf = PanelRecord::new("news", Kind::Txt, "v=spf1 include:a.example -all");
        let theirs = PanelRecord::new("news", Kind::Txt, "V=SPF1 -all");
        let note = PanelRecord::new("news", Kind::Txt, "site-verification=1");
        let elsewhere = PanelRecord::new("@", Kind::Txt, "v=spf1 -all");
        let alias = PanelRecord::new("bounce.news", Kind::Cname, "rp.mta.example");
        let address = PanelRecord::new("bounce.news", Kind::A, "203.0.113.1");
        let mx = PanelRecord::new("news", Kind::Mx, "bounce.mta.example");
        let other_mx = PanelRecord::new("news", Kind::Mx, "mx.other.example");
        for (new, old, is_displaced) in [
            (&spf, &theirs, true),
            (&spf, &note, false),
            (&spf, &elsewhere, false),
            (&alias, &address, true),
            (&mx, &other_mx, false),
        ] {
            assert_eq!(new.displaces(old, &zone()), is_displaced, "{old:?}");
        }
    }
}

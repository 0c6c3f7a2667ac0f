//! DMARC policy records (RFC 9989 section 4.7): text to value and back.

use serde::{Deserialize, Serialize};

use super::tags::TagList;

/// The policy tags that the sending profile offers, as a valid record's text after `v=DMARC1; `, e.g.
/// `p=none; rua=mailto:dmarc@mta.example`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DmarcOffer(String);

impl DmarcOffer {
    /// Reads an operator's setting; the error continues "this setting …" and says what is accepted.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim().trim_end_matches(';').trim();
        let text = text.strip_prefix("v=DMARC1;").map_or(text, str::trim);
        let list = TagList::parse(text);
        if let Some(junk) = list.junk.first() {
            return Err(format!(
                "holds {junk:?}, which is no tag; tags such as p=none; rua=mailto:a@b.example are accepted"
            ));
        }
        if list.tags.is_empty() {
            return Err("is empty; policy tags such as p=none are accepted".into());
        }
        for (name, value) in &list.tags {
            check_tag(name, value)?;
        }
        let tags: Vec<String> = list.tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
        Ok(Self(tags.join("; ")))
    }

    /// The tags alone, as an operator edits them.
    pub fn tags(&self) -> &str {
        &self.0
    }

    /// The record to publish.
    pub fn render(&self) -> String {
        format!("v=DMARC1; {}", self.0)
    }
}

impl Default for DmarcOffer {
    fn default() -> Self {
        Self("p=none".to_owned())
    }
}

fn check_tag(name: &str, value: &str) -> Result<(), String> {
    let accepted = match name {
        "p" | "sp" | "np" => Policy::parse(value).map(drop).ok_or("none, quarantine or reject"),
        "adkim" | "aspf" if matches!(value, "r" | "s") => Ok(()),
        "adkim" | "aspf" => Err("r or s"),
        "t" if matches!(value, "y" | "n") => Ok(()),
        "t" => Err("y or n"),
        "rua" | "ruf" if !value.is_empty() && uris(value).len() == value.split(',').count() => Ok(()),
        "rua" | "ruf" => Err("mailto: addresses separated by commas"),
        "fo" if value.split(':').all(|part| matches!(part, "0" | "1" | "d" | "s")) => Ok(()),
        "fo" => Err("0, 1, d or s separated by colons"),
        _ => return Err(format!("holds the tag {name:?}; p, sp, np, adkim, aspf, t, rua, ruf and fo are accepted")),
    };
    accepted.map_err(|accepted| format!("holds {name}={value:?}; {accepted} is accepted"))
}

/// What a domain owner asks of receivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Policy {
    None,
    Quarantine,
    Reject,
}

impl Policy {
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "none" => Some(Self::None),
            "quarantine" => Some(Self::Quarantine),
            "reject" => Some(Self::Reject),
            _ => None,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }
}

/// `psd=` (RFC 9989 section 4.7): whether the name is a public suffix domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Psd {
    Yes,
    No,
    Unknown,
}

/// A record that begins with `v=DMARC1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DmarcRecord {
    pub tags: TagList,
    pub p: Policy,
    pub sp: Option<Policy>,
    pub np: Option<Policy>,
    pub psd: Psd,
    pub rua: Vec<String>,
    pub ruf: Vec<String>,
    /// Tags whose value is none of theirs, so that the default counts.
    pub bad_tags: Vec<String>,
    /// A policy tag is invalid and no usable `rua` saves the record: receivers do no DMARC for it.
    pub is_void: bool,
}

/// Reads a TXT record's joined text. `None`: no DMARC record (`v=DMARC1`, case-sensitive, is the first tag).
pub fn parse(text: &str) -> Option<DmarcRecord> {
    let tags = TagList::parse(text);
    let first = tags.tags.first()?;
    let begins = text.trim_start().starts_with('v');
    if first.0 != "v" || first.1 != "DMARC1" || !begins {
        return None;
    }
    let mut bad_tags = Vec::new();
    let mut policy = |name: &str| {
        let value = tags.get(name)?;
        let policy = Policy::parse(value);
        if policy.is_none() {
            bad_tags.push(format!("{name}={value}"));
        }
        policy
    };
    let (p, sp, np) = (policy("p"), policy("sp"), policy("np"));
    let rua = uris(tags.get("rua").unwrap_or_default());
    let is_policy_bad = !bad_tags.is_empty();
    for (name, accepted) in
        [("adkim", &["r", "s"][..]), ("aspf", &["r", "s"]), ("t", &["y", "n"]), ("psd", &["y", "n", "u"])]
    {
        if let Some(value) = tags.get(name).filter(|value| !accepted.contains(value)) {
            bad_tags.push(format!("{name}={value}"));
        }
    }
    let psd = match tags.get("psd") {
        Some("y") => Psd::Yes,
        Some("n") => Psd::No,
        _ => Psd::Unknown,
    };
    Some(DmarcRecord {
        // A bad policy beside a usable rua counts as p=none (RFC 9989 section 4.7).
        p: if is_policy_bad { Policy::None } else { p.unwrap_or(Policy::None) },
        sp: if is_policy_bad { None } else { sp },
        np: if is_policy_bad { None } else { np },
        psd,
        ruf: uris(tags.get("ruf").unwrap_or_default()),
        is_void: is_policy_bad && rua.is_empty(),
        rua,
        bad_tags,
        tags,
    })
}

/// The `mailto:` addresses of a URI list, without obsolete size limits.
fn uris(list: &str) -> Vec<String> {
    let address = |uri: &str| {
        let uri = uri.trim();
        let (scheme, rest) = uri.split_once(':')?;
        let address = rest.split('!').next().unwrap_or(rest);
        let (local, host) = address.split_once('@')?;
        let is_whole = scheme.eq_ignore_ascii_case("mailto") && !local.is_empty() && host.contains('.');
        is_whole.then(|| address.to_owned())
    };
    list.split(',').filter_map(address).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operators_tags_are_checked_one_by_one() {
        for text in ["p=none", "p=reject; rua=mailto:dmarc@mta.example", "v=DMARC1; p=quarantine; adkim=s;"] {
            let offer = DmarcOffer::parse(text).unwrap();
            assert!(parse(&offer.render()).is_some_and(|record| record.bad_tags.is_empty()), "{text}");
        }
        for text in ["", "none", "p=maybe", "p=none; rua=dmarc@mta.example", "p=none; pct=50", "aspf=x"] {
            assert!(DmarcOffer::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_does_not_begin_with_the_version_is_no_dmarc_record() {
        for text in ["v=dmarc1; p=none", "p=none; v=DMARC1", "v=spf1 -all", ""] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse("v=DMARC1").map(|record| record.p), Some(Policy::None));
    }

    #[test]
    fn a_bad_policy_needs_a_usable_report_address() {
        let read = |text| parse(text).unwrap();
        assert!(read("v=DMARC1; p=qarantine").is_void);
        let saved = read("v=DMARC1; p=qarantine; rua=mailto:a@b.example");
        assert_eq!((saved.is_void, saved.p), (false, Policy::None));
    }
}

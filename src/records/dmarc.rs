//! DMARC policy records (RFC 9989 section 4.7): text to value and back. What is not DMARC, what is an attempt at it,
//! and what is valid are kept apart; a bad tag falls back as receivers let it.

use serde::{Deserialize, Serialize};

use super::tags::TagList;

/// What receivers are asked to do with mail that fails, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Policy {
    None,
    Quarantine,
    Reject,
}

impl Policy {
    /// The values of `p`, `sp` and `np`; letter case does not count (RFC 5234 section 2.3).
    pub fn parse(text: &str) -> Option<Self> {
        [Self::None, Self::Quarantine, Self::Reject]
            .into_iter()
            .find(|policy| text.eq_ignore_ascii_case(policy.as_str()))
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }
}

/// `psd=`: whether the name is a public suffix, an organisational domain, or neither is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Psd {
    Yes,
    No,
    Unsaid,
}

/// A text that stands at a `_dmarc` name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DmarcText {
    /// Nothing that was meant as DMARC.
    Unrelated,
    /// Meant as DMARC, and receivers do not see it as such: `v=DMARC1` is not its first tag.
    Attempt,
    Record(DmarcRecord),
}

/// A record that begins with `v=DMARC1`, after the fallbacks of RFC 9989 section 4.7.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DmarcRecord {
    pub text: String,
    pub p: Policy,
    pub sp: Option<Policy>,
    pub np: Option<Policy>,
    pub psd: Psd,
    pub is_spf_strict: bool,
    pub is_dkim_strict: bool,
    /// Report URIs that can be used, without obsolete size limits.
    pub rua: Vec<String>,
    pub ruf: Vec<String>,
    /// `pct`, `rf`, `ri`, as written.
    pub obsolete: Vec<String>,
    /// Pieces that receivers pass over, as written.
    pub bad: Vec<String>,
    /// A policy tag is invalid and there is no usable `rua`: receivers do no DMARC at all.
    pub is_ignored: bool,
}

/// Reads the text of one TXT record.
pub fn parse(text: &str) -> DmarcText {
    let tags = TagList::parse(text);
    let is_first =
        text.starts_with('v') && tags.tags.first().is_some_and(|(name, value)| name == "v" && value == "DMARC1");
    let is_before_junk = text.split(';').next().is_some_and(|piece| piece.contains('='));
    if is_first && is_before_junk {
        return DmarcText::Record(DmarcRecord::read(text, &tags));
    }
    let folded: String = text.chars().filter(|c| !c.is_whitespace() && !is_wrapping(*c)).collect();
    let folded = folded.to_ascii_lowercase();
    if folded.starts_with("v=dmarc") || folded.starts_with("dmarc1") || folded.contains(";v=dmarc1") {
        DmarcText::Attempt
    } else {
        DmarcText::Unrelated
    }
}

/// What people paste around a value.
pub fn is_wrapping(c: char) -> bool {
    matches!(c, '"' | '\'' | '\\' | '“' | '”' | '„' | '‘' | '’')
}

impl DmarcRecord {
    fn read(text: &str, tags: &TagList) -> Self {
        let mut bad = tags.junk.clone();
        for (at, (name, value)) in tags.tags.iter().enumerate() {
            let is_repeated = tags.position(name) != Some(at);
            if is_repeated || !is_good(name, value) {
                bad.push(format!("{name}={value}"));
            }
        }
        let policy = |name| tags.get(name).and_then(Policy::parse);
        let is_invalid = |name| tags.get(name).is_some() && policy(name).is_none();
        let (rua, ruf) = (uris(tags.get("rua")), uris(tags.get("ruf")));
        let is_bad_policy = ["p", "sp", "np"].into_iter().any(is_invalid);
        // RFC 9989 section 4.7: a bad policy with a usable rua counts as p=none.
        let given = |name| if is_bad_policy { None } else { policy(name) };
        let is = |name, letter| tags.get(name).is_some_and(|value| value.eq_ignore_ascii_case(letter));
        Self {
            text: text.trim().to_owned(),
            p: given("p").unwrap_or(Policy::None),
            sp: given("sp"),
            np: given("np"),
            psd: match () {
                () if is("psd", "y") => Psd::Yes,
                () if is("psd", "n") => Psd::No,
                () => Psd::Unsaid,
            },
            is_spf_strict: is("aspf", "s"),
            is_dkim_strict: is("adkim", "s"),
            is_ignored: is_bad_policy && rua.is_empty(),
            rua,
            ruf,
            obsolete: tags.tags.iter().filter(|(name, _)| is_obsolete(name)).map(|(n, v)| format!("{n}={v}")).collect(),
            bad,
        }
    }
}

fn is_obsolete(name: &str) -> bool {
    matches!(name, "pct" | "rf" | "ri")
}

/// Whether the tag's value is one that RFC 9989 section 4.7 lists; unknown tags are none of our business.
fn is_good(name: &str, value: &str) -> bool {
    let is_one_of = |list: &[&str]| list.iter().any(|one| value.eq_ignore_ascii_case(one));
    match name {
        "p" | "sp" | "np" => Policy::parse(value).is_some(),
        "adkim" | "aspf" => is_one_of(&["r", "s"]),
        "t" => is_one_of(&["y", "n"]),
        "psd" => is_one_of(&["y", "n", "u"]),
        "rua" | "ruf" => value.split(',').all(|uri| usable_uri(uri).is_some()),
        "fo" => value.split(':').all(|one| ["0", "1", "d", "s"].iter().any(|o| one.trim().eq_ignore_ascii_case(o))),
        _ => true,
    }
}

fn uris(value: Option<&str>) -> Vec<String> {
    value.unwrap_or_default().split(',').filter_map(usable_uri).map(str::to_owned).collect()
}

/// A `mailto:` URI without its obsolete `!10m`; no other scheme is used by receivers.
fn usable_uri(text: &str) -> Option<&str> {
    let uri = text.trim();
    let uri = uri.split_once('!').map_or(uri, |(uri, _)| uri);
    let is_mailto = uri.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
    (is_mailto && report_host(uri).is_some() && !uri.contains(char::is_whitespace)).then_some(uri)
}

/// The domain that a `mailto:` URI sends to.
pub fn report_host(uri: &str) -> Option<super::DomainName> {
    let address = uri.get(7..)?.split('?').next()?;
    let (local, host) = address.rsplit_once('@')?;
    if local.is_empty() { None } else { super::DomainName::parse(host).ok() }
}

/// The policy tags that the sending profile offers, as a valid record's text after `v=DMARC1; `, e.g.
/// `p=none; rua=mailto:dmarc@mta.example`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DmarcOffer(String);

impl DmarcOffer {
    /// Reads an operator's setting strictly; the error continues "this setting …" and says which tag, what it held, and what is accepted.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim().trim_end_matches(';').trim();
        let text = text.strip_prefix("v=DMARC1;").map_or(text, str::trim);
        if text.is_empty() {
            return Err("is empty; policy tags such as p=none are accepted".into());
        }
        let tags = TagList::parse(text);
        if let Some(junk) = tags.junk.first() {
            return Err(format!("has the piece {junk:?}; tags such as p=none, separated by semicolons, are accepted"));
        }
        for (at, (name, value)) in tags.tags.iter().enumerate() {
            if tags.position(name) != Some(at) {
                return Err(format!("has the tag {name} twice; each tag may stand once"));
            }
            check_offered(name, value)?;
        }
        if tags.get("p").is_none() {
            return Err("has no p tag; p=none, p=quarantine or p=reject is needed".into());
        }
        let tags: Vec<String> = tags.tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
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

fn check_offered(name: &str, value: &str) -> Result<(), String> {
    let accepted = match name {
        "p" | "sp" | "np" => "none, quarantine or reject",
        "adkim" | "aspf" => "r or s",
        "t" => "y or n",
        "rua" | "ruf" => "mailto: addresses separated by commas",
        "fo" => "0, 1, d and s, separated by colons",
        "pct" | "rf" | "ri" => return Err(format!("has the tag {name}, which RFC 9989 removed; leave it out")),
        _ => return Err(format!("has the tag {name}; p, sp, np, t, adkim, aspf, rua, ruf and fo are accepted")),
    };
    if is_good(name, value) && !value.contains(['!', '"', '\\']) && value.is_ascii() {
        return Ok(());
    }
    Err(format!("has {name}={value:?}; {accepted} is accepted"))
}

impl Default for DmarcOffer {
    fn default() -> Self {
        Self("p=none".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(text: &str) -> DmarcRecord {
        match parse(text) {
            DmarcText::Record(record) => record,
            other => panic!("{text:?} is {other:?}"),
        }
    }

    #[test]
    fn only_a_first_tag_of_v_dmarc1_makes_a_record() {
        for text in [
            "v=dmarc1; p=none",
            " v=DMARC1; p=none",
            "p=none; v=DMARC1",
            "v=DMARC1 p=none",
            "\"v=DMARC1; p=none\"",
            "junk; v=DMARC1",
        ] {
            assert_eq!(parse(text), DmarcText::Attempt, "{text}");
        }
        for text in ["", "v=spf1 -all", "hello"] {
            assert_eq!(parse(text), DmarcText::Unrelated, "{text}");
        }
        assert_eq!(record("v = DMARC1").p, Policy::None);
    }

    #[test]
    fn a_bad_policy_counts_as_none_where_reports_can_be_sent() {
        let told = record("v=DMARC1; p=block; sp=reject; rua=mailto:a@example.com!10m");
        assert_eq!((told.p, told.sp, told.is_ignored), (Policy::None, None, false));
        assert_eq!(told.rua, ["mailto:a@example.com"]);
        assert!(record("v=DMARC1; p=block").is_ignored);
        assert!(record("v=DMARC1; p=none; sp=block; rua=a@example.com").is_ignored);
    }

    #[test]
    fn bad_and_obsolete_tags_are_named() {
        let seen = record("v=DMARC1; p=None; aspf=x; pct=50; extra=1");
        assert_eq!(
            (seen.p, seen.bad, seen.obsolete),
            (Policy::None, vec!["aspf=x".to_owned()], vec!["pct=50".to_owned()])
        );
    }

    #[test]
    fn an_offer_names_the_tag_that_is_wrong() {
        for (text, part) in [
            ("", "is empty"),
            ("p=block", "p=\"block\""),
            ("rua=mailto:a@example.com", "no p tag"),
            ("p=none; pct=50", "the tag pct"),
            ("p=none; rua=a@example.com", "mailto:"),
            ("p=none; p=reject", "twice"),
            ("p=none; hello", "\"hello\""),
        ] {
            let error = DmarcOffer::parse(text).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn an_offer_survives_rendering(p in "none|quarantine|reject", aspf in proptest::option::of("r|s"), local in "[a-z]{1,8}") {
            let aspf = aspf.map(|aspf| format!("; aspf={aspf}")).unwrap_or_default();
            let offer = DmarcOffer(format!("p={p}{aspf}; rua=mailto:{local}@mta.example"));
            prop_assert_eq!(DmarcOffer::parse(&offer.render()), Ok(offer));
        }

        #[test]
        fn any_text_is_read(text in ".*") {
            parse(&text);
        }
    }
}

//! DMARC policy records (RFC 9989 section 4.7): text to value and back. What is not DMARC, what is an attempt at it,
//! and what is valid are kept apart; a bad tag falls back as receivers let it.

use super::tags::{Blanks, Flaw, Tag, TagList};

mod address;
mod mend;
mod offer;

pub use address::report_host;
pub use mend::mended;
pub use offer::DmarcOffer;

use address::{is_uri, trim, uris, usable_uri, without_limit};

/// What receivers are asked to do with mail that fails, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Policy {
    None,
    Quarantine,
    Reject,
}

impl Policy {
    const ALL: [Self; 3] = [Self::None, Self::Quarantine, Self::Reject];

    /// The values of `p`, `sp` and `np`; letter case does not count (RFC 5234 section 2.3).
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| text.eq_ignore_ascii_case(policy.as_str()))
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }

    /// One level below, as `t=y` asks (RFC 9989 section 4.7).
    fn lowered(self) -> Self {
        if self == Self::Reject { Self::Quarantine } else { Self::None }
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
    Attempt(AttemptFlaw),
    Record(DmarcRecord),
}

/// Why receivers see no DMARC record in a text that was meant as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptFlaw {
    /// `v=dmarc1`: the version is compared as written.
    Case,
    /// Other tags stand before `v=DMARC1`.
    Order,
    /// No semicolon behind `v=DMARC1`.
    Semicolon,
    /// Policy tags without any `v=`.
    NoVersion,
    Other,
}

/// What receivers pass over in a record, or replace by a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlawKind {
    /// `p`, `sp` or `np` is no policy.
    Policy,
    /// Another tag's value does not exist; receivers take this one.
    Value(&'static str),
    /// A report address that cannot be used.
    Address,
    /// A tag that stood before.
    Repeated,
    /// A known tag, not in small letters: to receivers an unknown one.
    Capital,
    /// A piece that is no tag.
    Piece,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DmarcFlaw {
    pub kind: FlawKind,
    /// The piece of the record, as written.
    pub text: String,
}

/// A record that begins with `v=DMARC1`, after the fallbacks of RFC 9989 section 4.7.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DmarcRecord {
    pub text: String,
    /// What counts as `p`: none where it is left out.
    pub p: Policy,
    pub sp: Option<Policy>,
    pub np: Option<Policy>,
    /// `t=y`: receivers are asked for one level below.
    pub is_test: bool,
    pub psd: Psd,
    pub is_spf_strict: bool,
    pub is_dkim_strict: bool,
    /// Report URIs that can be used, without obsolete size limits.
    pub rua: Vec<String>,
    pub ruf: Vec<String>,
    /// `pct`, `rf`, `ri`, as written.
    pub obsolete: Vec<String>,
    /// A report URI has a size limit (`!10m`), which RFC 9989 lets receivers ignore.
    pub has_size_limit: bool,
    pub flaws: Vec<DmarcFlaw>,
    /// A policy tag is invalid and there is no usable `rua`: receivers do no DMARC at all.
    pub is_ignored: bool,
}

/// Reads the text of one TXT record.
pub fn parse(text: &str) -> DmarcText {
    let tags = TagList::parse(text, Blanks::Plain);
    let is_record =
        tags.tags.first().is_some_and(|first| first.span.start == 0 && first.name == "v" && first.value == "DMARC1");
    if is_record {
        return DmarcText::Record(DmarcRecord::read(text, &tags));
    }
    attempt(text, &tags).map_or(DmarcText::Unrelated, DmarcText::Attempt)
}

fn attempt(text: &str, tags: &TagList) -> Option<AttemptFlaw> {
    let version = tags.tags.iter().find(|tag| tag.name.eq_ignore_ascii_case("v"));
    if let Some(tag) = version.filter(|tag| starts_like_version(&tag.value)) {
        return Some(match tag.value.get(6..).unwrap_or_default() {
            "" if tag.value != "DMARC1" || tag.name != "v" => AttemptFlaw::Case,
            "" if tags.tags[0] != *tag => AttemptFlaw::Order,
            rest if rest.starts_with([' ', ',', '.', ':']) && rest.contains('=') => AttemptFlaw::Semicolon,
            _ => AttemptFlaw::Other,
        });
    }
    let kept = text.chars().filter(|c| !c.is_whitespace() && !is_wrapping(*c));
    let folded = kept.collect::<String>().to_ascii_lowercase();
    if folded.starts_with("v=dm") || folded.contains("v=dmarc") {
        return Some(AttemptFlaw::Other);
    }
    let has_policy = |tag: &Tag| match tag.name.as_str() {
        "p" => Policy::parse(&tag.value).is_some(),
        "rua" | "ruf" => !uris(Some(&tag.value)).is_empty(),
        _ => false,
    };
    (version.is_none() && tags.tags.iter().any(has_policy)).then_some(AttemptFlaw::NoVersion)
}

fn starts_like_version(value: &str) -> bool {
    value.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("DMARC1"))
}

/// What people paste around a value.
pub fn is_wrapping(c: char) -> bool {
    matches!(c, '"' | '\'' | '\\' | '“' | '”' | '„' | '‘' | '’')
}

impl DmarcRecord {
    fn read(text: &str, tags: &TagList) -> Self {
        let policy = |name| tags.get(name).and_then(Policy::parse);
        let is_invalid = |name| tags.get(name).is_some() && policy(name).is_none();
        let is_bad_policy = ["p", "sp", "np"].into_iter().any(is_invalid);
        // RFC 9989 section 4.10.1: a bad policy with a valid report URI counts as p=none.
        let given = |name| if is_bad_policy { None } else { policy(name) };
        let is = |name, letter| tags.get(name).is_some_and(|value| value.eq_ignore_ascii_case(letter));
        let reports = || ["rua", "ruf"].into_iter().filter_map(|name| tags.get(name));
        let can_report = tags.get("rua").is_some_and(|list| list.split(',').any(|uri| is_uri(trim(uri))));
        Self {
            text: trim(text).to_owned(),
            p: given("p").unwrap_or(Policy::None),
            sp: given("sp"),
            np: given("np"),
            is_test: is("t", "y"),
            psd: match () {
                () if is("psd", "y") => Psd::Yes,
                () if is("psd", "n") => Psd::No,
                () => Psd::Unsaid,
            },
            is_spf_strict: is("aspf", "s"),
            is_dkim_strict: is("adkim", "s"),
            is_ignored: is_bad_policy && !can_report,
            rua: uris(tags.get("rua")),
            ruf: uris(tags.get("ruf")),
            obsolete: tags.tags.iter().filter(|tag| is_obsolete(&tag.name)).map(written).collect(),
            has_size_limit: reports().flat_map(|list| list.split(',')).any(|uri| without_limit(uri) != uri),
            flaws: flaws(text, tags),
        }
    }

    /// What is asked for mail that fails: `t=y` asks for one level below (RFC 9989 section 4.7).
    pub fn asked(&self, policy: Policy) -> Policy {
        if self.is_test { policy.lowered() } else { policy }
    }
}

impl DmarcRecord {
    /// The record's text, tags at their defaults left out.
    pub fn render(&self) -> String {
        let policy = |name: &str, policy: Option<Policy>| policy.map(|policy| format!("; {name}={}", policy.as_str()));
        let flag = |is: bool, text: &str| is.then(|| text.to_owned());
        let addresses =
            |name: &str, list: &[String]| (!list.is_empty()).then(|| format!("; {name}={}", list.join(",")));
        let psd = match self.psd {
            Psd::Yes => Some("; psd=y".to_owned()),
            Psd::No => Some("; psd=n".to_owned()),
            Psd::Unsaid => None,
        };
        let tags = [
            policy("p", Some(self.p)),
            policy("sp", self.sp),
            policy("np", self.np),
            flag(self.is_test, "; t=y"),
            psd,
            flag(self.is_dkim_strict, "; adkim=s"),
            flag(self.is_spf_strict, "; aspf=s"),
            addresses("rua", &self.rua),
            addresses("ruf", &self.ruf),
        ];
        std::iter::once("v=DMARC1".to_owned()).chain(tags.into_iter().flatten()).collect()
    }
}

fn written(tag: &Tag) -> String {
    format!("{}={}", tag.name, tag.value)
}

fn flaws(text: &str, tags: &TagList) -> Vec<DmarcFlaw> {
    let pieces = tags.problems.iter().filter(|problem| problem.flaw == Flaw::NotATag);
    let piece = |span: &std::ops::Range<usize>| text[span.clone()].to_owned();
    let mut flaws: Vec<DmarcFlaw> =
        pieces.map(|problem| DmarcFlaw { kind: FlawKind::Piece, text: piece(&problem.span) }).collect();
    for (at, tag) in tags.tags.iter().enumerate() {
        let kind = if tags.position(&tag.name) == Some(at) {
            flaw_of(&tag.name, &tag.value)
        } else {
            Some(FlawKind::Repeated)
        };
        flaws.extend(kind.map(|kind| DmarcFlaw { kind, text: written(tag) }));
    }
    flaws
}

/// What is wrong with a tag, after RFC 9989 section 4.7; unknown tags are none of our business.
fn flaw_of(name: &str, value: &str) -> Option<FlawKind> {
    let unless = |is_good: bool, kind| (!is_good).then_some(kind);
    let is_one_of = |list: &[&str]| list.iter().any(|one| value.eq_ignore_ascii_case(one));
    match name {
        "p" | "sp" | "np" => unless(Policy::parse(value).is_some(), FlawKind::Policy),
        "adkim" | "aspf" => unless(is_one_of(&["r", "s"]), FlawKind::Value("r")),
        "t" => unless(is_one_of(&["y", "n"]), FlawKind::Value("n")),
        "psd" => unless(is_one_of(&["y", "n", "u"]), FlawKind::Value("u")),
        "rua" | "ruf" => unless(value.split(',').all(|uri| usable_uri(uri).is_some()), FlawKind::Address),
        "fo" => {
            let is_option =
                |one: &str| ["0", "1", "d", "s"].iter().any(|option| trim(one).eq_ignore_ascii_case(option));
            unless(value.split(':').all(is_option), FlawKind::Value("0"))
        }
        _ => {
            let is_known = KNOWN.iter().any(|known| known.eq_ignore_ascii_case(name));
            (is_known && !KNOWN.contains(&name)).then_some(FlawKind::Capital)
        }
    }
}

const KNOWN: &[&str] = &["v", "p", "sp", "np", "t", "psd", "adkim", "aspf", "rua", "ruf", "fo", "pct", "rf", "ri"];

fn is_obsolete(name: &str) -> bool {
    matches!(name, "pct" | "rf" | "ri")
}

#[cfg(test)]
mod tests;

//! Where what stands in DNS differs from what is asked for, by meaning: terms and tags as sets, so that another order,
//! other blanks, letter case that does not count and defaults written out are no difference.

use std::ops::Range;

use super::spf::same_term;
use crate::records::plan::RecordKey;

/// A piece of a record's text. All pieces of a side, one after the other, are its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub text: String,
    /// The other side has it too, or it is only what stands between two pieces.
    pub is_shared: bool,
}

/// Both sides in pieces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    pub expected: Vec<Part>,
    pub current: Vec<Part>,
}

/// Compares the value asked for with one that stands there.
pub fn between(key: &RecordKey, expected: &str, current: &str) -> Difference {
    let (ours, theirs) = (pieces(key, expected), pieces(key, current));
    let mut difference =
        Difference { expected: parts(expected, &ours, &theirs), current: parts(current, &theirs, &ours) };
    if matches!(key, RecordKey::Dkim(_)) {
        share_beginning(&mut difference);
    }
    difference
}

impl Difference {
    pub fn is_none(&self) -> bool {
        self.expected.iter().chain(&self.current).all(|part| part.is_shared)
    }

    /// What is asked for and does not stand there.
    pub fn only_expected(&self) -> impl Iterator<Item = &str> {
        own(&self.expected)
    }

    /// What stands there and is not asked for.
    pub fn only_current(&self) -> impl Iterator<Item = &str> {
        own(&self.current)
    }
}

fn own(parts: &[Part]) -> impl Iterator<Item = &str> {
    parts.iter().filter(|part| !part.is_shared).map(|part| part.text.as_str())
}

/// A piece, where it stands, and what it means. `None`: it means nothing (a note, a default written out).
struct Piece {
    span: Range<usize>,
    meaning: Option<String>,
}

fn pieces(key: &RecordKey, text: &str) -> Vec<Piece> {
    match key {
        RecordKey::Spf => spans(text, ' ').map(|span| piece(span, text, spf_meaning)).collect(),
        RecordKey::Dkim(_) => spans(text, ';').map(|span| piece(span, text, dkim_meaning)).collect(),
        RecordKey::Dmarc => spans(text, ';').map(|span| piece(span, text, dmarc_meaning)).collect(),
        // The preference of an MX is the sender's own choice.
        RecordKey::Mx => spans(text, ' ').map(|span| piece(span, text, host_meaning)).collect(),
        RecordKey::ReturnPath | RecordKey::Tracking => {
            spans(text, ' ').map(|span| piece(span, text, host_meaning)).collect()
        }
    }
}

fn piece(span: Range<usize>, text: &str, meaning: fn(&str) -> Option<String>) -> Piece {
    Piece { meaning: meaning(&text[span.clone()]), span }
}

/// The trimmed pieces between separators, without the empty ones.
fn spans(text: &str, separator: char) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    text.split(separator).filter_map(move |piece| {
        let from = start + piece.len() - piece.trim_start().len();
        start += piece.len() + separator.len_utf8();
        let piece = piece.trim();
        (!piece.is_empty()).then(|| from..from + piece.len())
    })
}

fn parts(text: &str, own: &[Piece], others: &[Piece]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut at = 0;
    let mut add = |range: Range<usize>, is_shared| {
        if !range.is_empty() {
            parts.push(Part { text: text[range].to_owned(), is_shared });
        }
    };
    for piece in own {
        add(at..piece.span.start, true);
        let is_shared = piece.meaning.is_none() || others.iter().any(|other| other.meaning == piece.meaning);
        add(piece.span.clone(), is_shared);
        at = piece.span.end;
    }
    add(at..text.len(), true);
    parts
}

fn spf_meaning(term: &str) -> Option<String> {
    if term.eq_ignore_ascii_case("v=spf1") { Some("v=spf1".to_owned()) } else { Some(same_term(term)) }
}

/// RFC 6376 section 3.6.1: `v`, `k`, `s` and `t` have defaults, `n` is for people, blanks in `p` do not count.
fn dkim_meaning(tag: &str) -> Option<String> {
    let (name, value) = named(tag);
    let folded: String = value.chars().filter(|c| !c.is_whitespace()).collect();
    match (name, folded.as_str()) {
        ("v", "DKIM1") | ("k", "rsa") | ("s", "*") | ("n", _) => None,
        ("h" | "s" | "t", list) => Some(format!("{name}={}", set(list, ':'))),
        (name, value) => Some(format!("{name}={value}")),
    }
}

/// RFC 9989 section 4.7: defaults, words in any case, lists of addresses as sets.
fn dmarc_meaning(tag: &str) -> Option<String> {
    let (name, value) = named(tag);
    let value = value.trim();
    match (name, value.to_ascii_lowercase().as_str()) {
        ("adkim" | "aspf", "r") | ("fo", "0") | ("t", "n") | ("psd", "u") => None,
        ("v", _) => Some(format!("v={value}")),
        ("rua" | "ruf", _) => Some(format!("{name}={}", set(value, ','))),
        (name, folded) => Some(format!("{name}={folded}")),
    }
}

fn host_meaning(host: &str) -> Option<String> {
    let is_preference = host.bytes().all(|byte| byte.is_ascii_digit());
    let host = host.strip_suffix('.').unwrap_or(host);
    (!is_preference).then(|| host.to_ascii_lowercase())
}

fn named(tag: &str) -> (&str, &str) {
    tag.split_once('=').map_or((tag, ""), |(name, value)| (name.trim(), value))
}

fn set(list: &str, separator: char) -> String {
    let mut items: Vec<&str> = list.split(separator).map(str::trim).filter(|item| !item.is_empty()).collect();
    items.sort_unstable();
    items.dedup();
    items.join(",")
}

/// Two keys that begin alike: only where they part is marked, so that a key cut short shows its cut.
fn share_beginning(difference: &mut Difference) {
    let place = |parts: &[Part]| parts.iter().position(|part| !part.is_shared && named(&part.text).0 == "p");
    let (Some(ours), Some(theirs)) = (place(&difference.expected), place(&difference.current)) else { return };
    let (one, other) = (&difference.expected[ours].text, &difference.current[theirs].text);
    let alike = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let alike = (0..=alike).rev().find(|at| one.is_char_boundary(*at) && other.is_char_boundary(*at)).unwrap_or(0);
    split(&mut difference.expected, ours, alike);
    split(&mut difference.current, theirs, alike);
}

fn split(parts: &mut Vec<Part>, at: usize, shared: usize) {
    let rest = parts[at].text.split_off(shared);
    parts[at].is_shared = true;
    if !rest.is_empty() {
        parts.insert(at + 1, Part { text: rest, is_shared: false });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Selector;

    /// Expected, there, only expected, only there.
    type Case<'a> = (&'a str, &'a str, &'a [&'a str], &'a [&'a str]);

    fn check(key: &RecordKey, cases: &[Case<'_>]) {
        for (expected, current, missing, extra) in cases {
            let difference = between(key, expected, current);
            let text = |parts: &[Part]| parts.iter().map(|part| part.text.as_str()).collect::<String>();
            assert_eq!(text(&difference.expected), *expected, "nothing is lost of what is copied");
            assert_eq!(text(&difference.current), *current);
            assert_eq!(difference.only_expected().collect::<Vec<_>>(), *missing, "{expected} | {current}");
            assert_eq!(difference.only_current().collect::<Vec<_>>(), *extra, "{expected} | {current}");
            assert_eq!(difference.is_none(), missing.is_empty() && extra.is_empty());
        }
    }

    #[test]
    fn terms_of_spf_are_a_set() {
        check(
            &RecordKey::Spf,
            &[
                ("v=spf1 include:a.example ~all", "v=spf1 include:a.example ~all", &[], &[]),
                ("v=spf1 mx include:a.example ~all", "V=SPF1  +include:A.example. MX ~ALL", &[], &[]),
                ("v=spf1 ip4:192.0.2.1/24 -all", "v=spf1 ip4:192.0.2.0/24 -all", &[], &[]),
                ("v=spf1 include:a.example ~all", "v=spf1 -all", &["include:a.example", "~all"], &["-all"]),
                ("v=spf1 a ~all", "v=spf1 ?a ~all", &["a"], &["?a"]),
                ("v=spf1 a ~all", "", &["v=spf1", "a", "~all"], &[]),
                ("v=spf1 a ~all", "v=spf1 ipv4:1.2.3.4 a ~all", &[], &["ipv4:1.2.3.4"]),
            ],
        );
    }

    #[test]
    fn tags_of_a_key_are_a_set_with_defaults() {
        let key = RecordKey::Dkim(Selector::parse("s1").unwrap());
        check(
            &key,
            &[
                ("v=DKIM1; k=rsa; p=MIIBAA", "p=MII BAA;v=DKIM1;", &[], &[]),
                ("v=DKIM1; k=rsa; p=MIIBAA", "k=rsa; n=a note; p=MIIBAA", &[], &[]),
                ("v=DKIM1; k=rsa; p=MIIBAACC", "v=DKIM1; k=rsa; p=MIIBAA", &["CC"], &[]),
                ("v=DKIM1; k=rsa; p=MIIBAA", "v=DKIM1; k=ed25519; p=MIIBZZ", &["AA"], &["k=ed25519", "ZZ"]),
                ("v=DKIM1; p=MIIBAA", "v=DKIM1; t=y; p=MIIBAA; h=sha256:sha1", &[], &["t=y", "h=sha256:sha1"]),
                ("v=DKIM1; p=é", "v=DKIM1; p=è", &["é"], &["è"]),
            ],
        );
    }

    #[test]
    fn tags_of_a_policy_are_a_set_with_defaults() {
        check(
            &RecordKey::Dmarc,
            &[
                ("v=DMARC1; p=none; rua=mailto:a@b", "v=DMARC1;rua=mailto:a@b;p=NONE; aspf=r", &[], &[]),
                ("v=DMARC1; rua=mailto:a@b, mailto:c@d", "v=DMARC1; rua=mailto:c@d,mailto:a@b", &[], &[]),
                ("v=DMARC1; p=none", "v=dmarc1; p=reject", &["v=DMARC1", "p=none"], &["v=dmarc1", "p=reject"]),
            ],
        );
    }

    #[test]
    fn hosts_are_the_same_in_any_case_with_and_without_the_last_dot() {
        check(
            &RecordKey::Mx,
            &[
                ("bounce.mta.example", "10 Bounce.MTA.example.", &[], &[]),
                ("bounce.mta.example", "10 mx.other.example", &["bounce.mta.example"], &["mx.other.example"]),
            ],
        );
        check(&RecordKey::Tracking, &[("t.example", "u.example", &["t.example"], &["u.example"])]);
    }
}

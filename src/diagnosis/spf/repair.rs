//! What people meant: terms that no receiver can read, and texts that almost begin as an SPF record.

use std::net::IpAddr;

use crate::records::spf::{Directive, Reading, Term};

/// What a broken term was probably meant to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Meant {
    /// The variant of the sentence that says what is wrong with it.
    pub kind: &'static str,
    pub terms: Vec<String>,
    /// The term behind it belongs to it.
    pub takes_next: bool,
}

impl Meant {
    fn one(kind: &'static str, term: String) -> Option<Self> {
        is_readable(&term).then(|| Self { kind, terms: vec![term], takes_next: false })
    }
}

/// The likeliest reading of a broken term, with the term behind it. `None`: nothing can be made of it.
pub(super) fn meant(text: &str, next: Option<&str>) -> Option<Meant> {
    dash(text)
        .or_else(|| separated(text))
        .or_else(|| torn(text, next))
        .or_else(|| bare(text))
        .or_else(|| crossed(text))
        .or_else(|| misspelt(text))
}

fn is_readable(term: &str) -> bool {
    !matches!(Term::parse(term).reading, Reading::Broken | Reading::Modifier)
}

/// `–all`: a word processor's dash.
fn dash(text: &str) -> Option<Meant> {
    let plain = text.replace(['–', '—', '−', '‐', '‑'], "-");
    if plain == text { None } else { Meant::one("dash", plain) }
}

/// `ip4:192.0.2.1,ip4:192.0.2.2`, `-all;`
fn separated(text: &str) -> Option<Meant> {
    let mut pieces = text.split([',', ';']).filter(|piece| !piece.is_empty());
    if !text.contains([',', ';']) || pieces.clone().next().is_none() {
        return None;
    }
    let terms = pieces.try_fold(Vec::new(), |mut terms, piece| {
        match is_readable(piece) {
            true => terms.push(piece.to_owned()),
            false => terms.extend(bare(piece).or_else(|| crossed(piece)).or_else(|| misspelt(piece))?.terms),
        }
        Some(terms)
    })?;
    Some(Meant { kind: "separator", terms, takes_next: false })
}

/// `ip4: 192.0.2.1`: a blank behind the colon.
fn torn(text: &str, next: Option<&str>) -> Option<Meant> {
    let joined = format!("{text}{}", next.filter(|_| text.ends_with([':', '=']))?);
    let found = Meant::one("torn", joined.clone()).or_else(|| crossed(&joined))?;
    Some(Meant { kind: "torn", takes_next: true, ..found })
}

/// `192.0.2.1`
fn bare(text: &str) -> Option<Meant> {
    let (qualifier, rest) = qualified(text);
    let address: IpAddr = rest.split('/').next()?.parse().ok()?;
    Meant::one("bare", format!("{qualifier}{}:{rest}", family(address)))
}

/// A host where an address stands, an address where a host stands, the other family.
fn crossed(text: &str) -> Option<Meant> {
    let (qualifier, rest) = qualified(text);
    let (name, value) = rest.split_once(':')?;
    let name = name.to_ascii_lowercase();
    let address = value.split('/').next()?.parse::<IpAddr>().ok();
    match (name.as_str(), address) {
        ("ip4" | "ip6", Some(address)) if family(address) != name => {
            Meant::one("family", format!("{qualifier}{}:{value}", family(address)))
        }
        ("ip4" | "ip6", None) if value.contains(|c: char| c.is_ascii_alphabetic()) && !value.contains(':') => {
            Meant::one("host", format!("{qualifier}a:{value}"))
        }
        ("a" | "mx" | "include" | "exists" | "ptr", Some(address)) => {
            Meant::one("address", format!("{qualifier}{}:{value}", family(address)))
        }
        _ => None,
    }
}

/// `inlcude:`, `ipv4:`, `redirect:`, `-all.`
fn misspelt(text: &str) -> Option<Meant> {
    let (qualifier, rest) = qualified(text);
    let at = rest.find([':', '=']).unwrap_or(rest.len());
    let (name, value) = (rest[..at].to_ascii_lowercase(), rest.get(at + 1..).unwrap_or_default());
    let value = value.trim_end_matches(['.', '"', '\'']);
    let near = |known: &&str| {
        let distance = strsim::damerau_levenshtein(&name, known);
        distance <= if known.len() > 4 { 2 } else { 1 }
    };
    for known in ["include", "redirect", "exists", "ip4", "ip6", "all", "ptr"].into_iter().filter(near) {
        let term = match known {
            "all" if value.is_empty() => format!("{qualifier}all"),
            "all" => continue,
            "redirect" => format!("redirect={value}"),
            known => format!("{qualifier}{known}:{value}"),
        };
        if let Some(found) = Meant::one("misspelt", term.clone()).or_else(|| crossed(&term)) {
            return Some(Meant { kind: "misspelt", ..found });
        }
    }
    None
}

fn qualified(text: &str) -> (&str, &str) {
    text.split_at(usize::from(text.starts_with(['+', '-', '~', '?'])))
}

fn family(address: IpAddr) -> &'static str {
    if address.is_ipv4() { "ip4" } else { "ip6" }
}

/// A modifier that receivers pass over, and that reads as a mechanism with a colon in place of the equals sign.
pub(super) fn meant_modifier(text: &str) -> Option<String> {
    let (name, value) = text.split_once('=')?;
    let term = format!("{name}:{value}");
    Directive::parse(&term).filter(|_| name.len() > 1).map(|_| term)
}

/// A text that almost begins as an SPF record, as the record that was meant. `None`: it is none, or it is one.
pub(super) fn attempt(text: &str) -> Option<String> {
    const HEADS: [&str; 14] = [
        "v=spf1", "v= spf1", "v =spf1", "v = spf1", "v=spf 1", "v=spf-1", "v=spf", "v:spf1", "v-spf1", "v=sfp1",
        "v=spfl", "spf=1", "spf1", "vspf1",
    ];
    let unquoted =
        text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '“' | '”' | '\\' | '\u{feff}'));
    let is_head = |head: &&&str| {
        unquoted.as_bytes().get(..head.len()).is_some_and(|start| start.eq_ignore_ascii_case(head.as_bytes()))
    };
    let head = HEADS.iter().filter(is_head).max_by_key(|head| head.len())?;
    let rest = unquoted[head.len()..].trim_start_matches(|c: char| c.is_whitespace() || ";:,.=10".contains(c));
    if unquoted[head.len()..].starts_with("2.0") {
        return None;
    }
    let first = rest.split_whitespace().next()?;
    let is_term = is_readable(first) || meant(first, None).is_some();
    let record = format!("v=spf1 {}", rest.split_whitespace().collect::<Vec<_>>().join(" "));
    (is_term && record != text).then_some(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_is_read_as_they_meant_it() {
        for (text, next, kind, wanted) in [
            ("inlcude:a.example", None, "misspelt", "include:a.example"),
            ("ipv4:192.0.2.1", None, "misspelt", "ip4:192.0.2.1"),
            ("ip:2001:db8::1", None, "misspelt", "ip6:2001:db8::1"),
            ("-all.", None, "misspelt", "-all"),
            ("~al", None, "misspelt", "~all"),
            ("redirect:a.example", None, "misspelt", "redirect=a.example"),
            ("–all", None, "dash", "-all"),
            ("-all;", None, "separator", "-all"),
            ("ip4:192.0.2.1,192.0.2.2", None, "separator", "ip4:192.0.2.1 ip4:192.0.2.2"),
            ("include:a.example,include:b.example", None, "separator", "include:a.example include:b.example"),
            ("ip4:", Some("192.0.2.1"), "torn", "ip4:192.0.2.1"),
            ("include:", Some("a.example"), "torn", "include:a.example"),
            ("192.0.2.0/24", None, "bare", "ip4:192.0.2.0/24"),
            ("ip4:mail.example.com", None, "host", "a:mail.example.com"),
            ("ip4:2001:db8::1", None, "family", "ip6:2001:db8::1"),
            ("a:192.0.2.1", None, "address", "ip4:192.0.2.1"),
        ] {
            let found = meant(text, next).unwrap_or_else(|| panic!("nothing made of {text}"));
            assert_eq!((found.kind, found.terms.join(" ").as_str()), (kind, wanted), "{text}");
        }
        for text in ["ip4:192.0.2.0/33", "foo", "include", "ip4:192.0.2", "moo.cow/far"] {
            assert_eq!(meant(text, None), None, "{text}");
        }
    }

    #[test]
    fn a_text_that_almost_begins_as_spf_is_read_as_one() {
        for (text, wanted) in [
            ("v=spf1;include:a.example -all", "v=spf1 include:a.example -all"),
            ("v=spf1include:a.example ~all", "v=spf1 include:a.example ~all"),
            ("spf1 include:a.example", "v=spf1 include:a.example"),
            ("v=spf 1 mx -all", "v=spf1 mx -all"),
            ("v=spf10 mx -all", "v=spf1 mx -all"),
            ("\"v=spf1 mx -all\"", "v=spf1 mx -all"),
            (" v=spf1  a  -all", "v=spf1 a -all"),
        ] {
            assert_eq!(attempt(text).as_deref(), Some(wanted), "{text}");
        }
        for text in
            ["v=spf1 -all", "google-site-verification=x", "spf2.0/pra include:a.example", "v=DMARC1; p=none", "spf"]
        {
            assert_eq!(attempt(text), None, "{text}");
        }
    }

    #[test]
    fn an_equals_sign_in_place_of_a_colon_is_seen() {
        assert_eq!(meant_modifier("include=a.example").as_deref(), Some("include:a.example"));
        assert_eq!(meant_modifier("ra=postmaster"), None);
    }
}

//! A flawed record as it was meant: what receivers pass over is mended or left out, the rest stays as its owner wrote
//! it.

use super::address::{trim, usable_uri};
use super::{DmarcRecord, FlawKind, KNOWN, Policy, flaw_of, is_obsolete, is_wrapping, written};
use crate::records::tags::{Blanks, Tag, TagList};

/// A misspelt policy this many letters off is taken for the policy.
const MOST_TYPING_ERRORS: usize = 3;

impl DmarcRecord {
    /// The record without flaws and without what RFC 9989 removed: `v=DMARC1; p=…; …`.
    pub fn mended(&self) -> String {
        mended(&self.text)
    }

    /// The record without that tag, otherwise as it stands.
    pub fn without(&self, name: &str) -> String {
        let tags = TagList::parse(&self.text, Blanks::Plain).tags;
        let kept: Vec<String> = tags.iter().filter(|tag| tag.name != name).map(written).collect();
        kept.join("; ")
    }
}

/// Reads any text that was meant as a policy.
pub fn mended(text: &str) -> String {
    let plain = |c: char| if c.is_whitespace() || c.is_control() { ' ' } else { c };
    let text: String = text.chars().filter(|c| !is_wrapping(*c)).map(plain).collect();
    let mut kept: Vec<(String, String)> = Vec::new();
    for tag in TagList::parse(&separated(&text), Blanks::Plain).tags {
        let Some((name, value)) = mended_tag(&tag) else { continue };
        if !kept.iter().any(|(seen, _)| *seen == name) {
            kept.push((name, value));
        }
    }
    let at = kept.iter().position(|(name, _)| name == "p");
    let (_, p) = at.map_or_else(|| (String::new(), Policy::None.as_str().to_owned()), |at| kept.remove(at));
    let rest = kept.iter().map(|(name, value)| format!("; {name}={value}"));
    std::iter::once(format!("v=DMARC1; p={p}")).chain(rest).collect()
}

/// A semicolon behind the version, where a blank or another sign stands in its place.
fn separated(text: &str) -> String {
    let folded = text.to_ascii_lowercase();
    let is_version = |at: usize| folded[..at].split_whitespace().collect::<String>().ends_with("v=");
    let version = folded.match_indices("dmarc1").find(|(at, _)| is_version(*at));
    match version.map(|(at, name)| at + name.len()) {
        Some(end) if !trim(&text[end..]).starts_with(';') => {
            format!("{};{}", &text[..end], text[end..].trim_start_matches([' ', ',', '.', ':']))
        }
        _ => text.to_owned(),
    }
}

/// `None` where nothing of the tag can be kept.
fn mended_tag(tag: &Tag) -> Option<(String, String)> {
    let folded = tag.name.to_ascii_lowercase();
    let name = if KNOWN.contains(&folded.as_str()) { folded } else { tag.name.clone() };
    let value = match name.as_str() {
        "v" => return None,
        name if is_obsolete(name) => return None,
        "rua" | "ruf" => mended_addresses(&tag.value)?,
        name => match flaw_of(name, &tag.value) {
            None if tag.value.bytes().all(|byte| matches!(byte, b' '..=b'~')) && !tag.value.is_empty() => {
                tag.value.clone()
            }
            Some(FlawKind::Policy) => nearest_policy(&tag.value)?.as_str().to_owned(),
            _ => return None,
        },
    };
    Some((name, value))
}

fn nearest_policy(text: &str) -> Option<Policy> {
    let text = text.to_ascii_lowercase();
    let distance = |policy: &Policy| strsim::levenshtein(&text, policy.as_str());
    Policy::ALL
        .into_iter()
        .min_by_key(distance)
        .filter(|policy| distance(policy) <= MOST_TYPING_ERRORS.min(policy.as_str().len() / 2))
}

/// The addresses that can be used, `mailto:` put in front of those that lack it.
fn mended_addresses(list: &str) -> Option<String> {
    let mend = |uri: &str| {
        let uri = trim(uri);
        let named = format!("mailto:{uri}");
        usable_uri(uri).or_else(|| usable_uri(&named)).map(str::to_owned)
    };
    let kept: Vec<String> = list.split([',', ' ']).filter(|uri| !uri.is_empty()).filter_map(mend).collect();
    (!kept.is_empty()).then(|| kept.join(","))
}

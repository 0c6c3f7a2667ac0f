//! Several TXT records at one selector: which of them receivers take is undefined (RFC 6376 section 3.6.2.2), so that
//! even a good one among them is chance.

use super::super::wording::quote;
use super::super::{Code, Finding};
use super::{Keys, dkim, text};

/// So many pieces are put together in every order.
const MOST_PIECES: usize = 4;
/// So many others are named.
const MOST_NAMED: usize = 3;

/// What is said of two texts or more.
pub fn faults(texts: &[Vec<u8>], keys: &Keys<'_>) -> Vec<Finding> {
    let is_good = |bytes: &[u8]| !text::faults(bytes, keys).iter().any(Finding::is_error);
    if let Some(private) = texts.iter().find_map(|bytes| private_among(bytes, keys)) {
        return vec![Finding::error(Code::DkimMultiple).variant("private").arg("count", texts.len()), private];
    }
    let is_attempt = |bytes: &[u8]| dkim::parse(&String::from_utf8_lossy(bytes)).is_attempt();
    let (good, others): (Vec<&Vec<u8>>, Vec<&Vec<u8>>) = texts.iter().partition(|bytes| is_good(bytes));
    if good.is_empty() && texts.len() <= MOST_PIECES && orders(texts).iter().any(|whole| is_good(whole)) {
        return vec![several(texts, "pieces")];
    }
    match (good.as_slice(), others.as_slice()) {
        ([_], [first, ..]) => {
            vec![several(texts, "beside").arg("kind", kind_of(first, keys)).arg("others", named(&others))]
        }
        ([_, _, ..], []) if keys.ours.is_some() => vec![several(texts, "same")],
        ([_, ..], _) => vec![several(texts, "any")],
        ([], _) if !texts.iter().any(|bytes| is_attempt(bytes)) => {
            vec![Finding::error(Code::DkimKeyMalformed).variant("unrelated-all").arg("count", texts.len())]
        }
        ([], _) => {
            let first = others.iter().find(|bytes| is_attempt(bytes)).copied().unwrap_or(&texts[0]);
            vec![several(texts, "none").arg("kind", kind_of(first, keys)).arg("others", named(&others))]
        }
    }
}

fn several(texts: &[Vec<u8>], variant: &str) -> Finding {
    Finding::error(Code::DkimMultiple).variant(variant).arg("count", texts.len())
}

fn private_among(bytes: &[u8], keys: &Keys<'_>) -> Option<Finding> {
    let is_private = |found: &Finding| found.variant.as_deref().is_some_and(|variant| variant.starts_with("private"));
    text::faults(bytes, keys).into_iter().find(is_private)
}

fn named(others: &[&Vec<u8>]) -> String {
    let shown: Vec<String> = others.iter().take(MOST_NAMED).map(|bytes| quote(bytes)).collect();
    shown.join(", ")
}

/// What the record that is too many is.
fn kind_of(bytes: &[u8], keys: &Keys<'_>) -> &'static str {
    let found = text::faults(bytes, keys).into_iter().next();
    match found.as_ref().map(|found| (found.code, found.variant.as_deref())) {
        Some((Code::DkimKeyMismatch, Some("older"))) => "older",
        Some((Code::DkimKeyMismatch, Some("swapped"))) => "swapped",
        Some((Code::DkimKeyMismatch | Code::DkimWrongType, _)) => "another",
        Some((Code::DkimKeyTruncated, _)) => "cut",
        Some((Code::DkimRevoked, _)) => "revoked",
        Some((Code::DkimKeyMalformed, Some("unrelated"))) => "unrelated",
        _ => "broken",
    }
}

/// The texts joined in every order.
fn orders(texts: &[Vec<u8>]) -> Vec<Vec<u8>> {
    if texts.len() <= 1 {
        return vec![texts.concat()];
    }
    let mut joined = Vec::new();
    for first in 0..texts.len() {
        let mut rest = texts.to_vec();
        let first = rest.remove(first);
        joined.extend(orders(&rest).into_iter().map(|rest| [first.clone(), rest].concat()));
    }
    joined
}

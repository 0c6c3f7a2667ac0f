//! What is wrong with the key in `p=`: cut, changed, another one, of another shape.

use super::super::wording::quote;
use super::super::{Code, Finding};
use super::Keys;
use crate::records::dkim::{Base64Flaw, DkimPublicKey, KeyMaterial, decode, decode_beginning, material, mend};

/// Under this receivers must fail the key (RFC 8301 section 3.2).
pub const LEAST_BITS: usize = 1024;
pub const NORMAL_BITS: usize = 2048;
/// A piece of our key shorter than this could be anybody's, for all RSA keys of a size begin and end alike.
const LEAST_PIECE: usize = 64;
/// A difference longer than this is another key.
const MOST_CHANGED: usize = 8;

/// Why `p`, blanks taken out, is not the key that is wanted; `None` where it is, or where any valid one does.
pub fn fault(p: &str, kind: &str, keys: &Keys<'_>) -> Option<Finding> {
    let decoded = decode(p);
    match (&decoded, keys.ours) {
        (Ok(bytes), Some(ours)) if *bytes == ours.bytes => return None,
        // The key whole, in a wrapping that receivers do not read: no piece of it is missing.
        (Ok(bytes), Some(ours)) if mend(bytes).as_ref() == Some(ours) => {
            return Some(misshapen(material(bytes), bytes, kind, keys));
        }
        (_, Some(ours)) => {
            if let Some(found) = piece_of(p, &ours.base64()) {
                return Some(found);
            }
        }
        _ => {}
    }
    let bytes = match decoded {
        Ok(bytes) => bytes,
        Err(flaw) => return Some(undecodable(p, flaw, keys)),
    };
    if let Some(known) = known_elsewhere(&bytes, keys) {
        return Some(known);
    }
    let is_sound = match (kind, material(&bytes)) {
        ("ed25519", _) if bytes.len() == 32 => true,
        ("rsa", KeyMaterial::Rsa { .. }) => true,
        (_, found) => return Some(changed(p, keys, false).unwrap_or_else(|| misshapen(found, &bytes, kind, keys))),
    };
    match keys.ours {
        Some(_) if is_sound => Some(changed(p, keys, true).unwrap_or_else(|| Finding::error(Code::DkimKeyMismatch))),
        _ => None,
    }
}

fn malformed(variant: &str) -> Finding {
    Finding::error(Code::DkimKeyMalformed).variant(variant)
}

/// Our key with something missing: its end, its beginning, or a piece in between.
fn piece_of(p: &str, whole: &str) -> Option<Finding> {
    let missing = whole.len().checked_sub(p.len()).filter(|missing| *missing > 0)?;
    if p == whole.trim_end_matches('=') {
        return Some(malformed("length").arg("count", p.len()));
    }
    let truncated =
        Finding::error(Code::DkimKeyTruncated).arg("seen", p.len()).arg("total", whole.len()).arg("missing", missing);
    let (front, back) = (shared(p.bytes(), whole.bytes()), shared(p.bytes().rev(), whole.bytes().rev()));
    if front == p.len() && front >= 4 {
        Some(truncated)
    } else if back == p.len() && back >= LEAST_PIECE {
        Some(truncated.variant("beginning"))
    } else if front + back >= p.len() && p.len() >= LEAST_PIECE && whole.replace('+', "") != p {
        Some(truncated.variant("gap").arg("at", front))
    } else {
        None
    }
}

fn shared(one: impl Iterator<Item = u8>, other: impl Iterator<Item = u8>) -> usize {
    one.zip(other).take_while(|(a, b)| a == b).count()
}

/// Our key with its letters changed on the way: by the provider's form, or by hand.
fn changed(p: &str, keys: &Keys<'_>, is_sound: bool) -> Option<Finding> {
    let whole = keys.ours?.base64();
    let code = if is_sound { Code::DkimKeyMismatch } else { Code::DkimKeyMalformed };
    if p.eq_ignore_ascii_case(&whole) {
        return Some(Finding::error(code).variant("case"));
    }
    if whole.contains('+') && whole.replace('+', "") == p {
        return Some(malformed("plus"));
    }
    let (front, back) = (shared(p.bytes(), whole.bytes()), shared(p.bytes().rev(), whole.bytes().rev()));
    let longer = p.len().max(whole.len());
    if front + back < longer.saturating_sub(MOST_CHANGED) || longer < LEAST_PIECE {
        return None;
    }
    // Where both ends overlap, the front counts.
    let back = back.min(p.len().min(whole.len()) - front);
    let middle = |text: &str| quote(&text.as_bytes()[front..text.len() - back]);
    // With something too much the lengths that DER announces are wrong.
    let is_surplus = front + back == whole.len();
    let changed = if is_surplus { malformed("surplus") } else { Finding::error(code).variant("altered") };
    Some(changed.arg("at", front + 1).arg("seen", middle(p)).arg("wanted", middle(&whole)))
}

fn undecodable(p: &str, flaw: Base64Flaw, keys: &Keys<'_>) -> Finding {
    if let Some(found) = changed(p, keys, false) {
        return found;
    }
    // A key that was cut in the middle of a group says so better than the missing padding does.
    if let (Base64Flaw::Length(_), KeyMaterial::Cut { announced, .. }) = (flaw, material(&decode_beginning(p))) {
        return cut(p, announced);
    }
    match flaw {
        Base64Flaw::Character(c, at) => malformed("alphabet").arg("character", c).arg("at", at + 1),
        Base64Flaw::AfterPadding => malformed("after-padding"),
        Base64Flaw::Length(count) => malformed("length").arg("count", count),
        Base64Flaw::Bits => Finding::error(Code::DkimKeyMalformed),
    }
}

fn cut(p: &str, announced: usize) -> Finding {
    malformed("cut").arg("seen", p.len()).arg("total", announced.div_ceil(3) * 4)
}

/// A key of this domain, and not the one that is due here.
fn known_elsewhere(bytes: &[u8], keys: &Keys<'_>) -> Option<Finding> {
    let is_it = |key: &DkimPublicKey| key.bytes == bytes;
    if let Some((selector, _)) = keys.elsewhere.iter().find(|(_, key)| is_it(key)) {
        return Some(Finding::error(Code::DkimKeyMismatch).variant("swapped").arg("other", selector));
    }
    let is_older = keys.older.iter().any(is_it);
    is_older.then(|| Finding::error(Code::DkimKeyMismatch).variant("older"))
}

/// Bytes that are no key of that kind in the shape that receivers read.
fn misshapen(found: KeyMaterial, bytes: &[u8], kind: &str, keys: &Keys<'_>) -> Finding {
    let is_ours = keys.ours.is_some_and(|ours| mend(bytes).as_ref() == Some(ours));
    let whose = if is_ours { "ours" } else { "other" };
    match (kind, found) {
        ("rsa", KeyMaterial::Pkcs1 { .. }) => malformed("pkcs1").arg("whose", whose),
        ("ed25519", KeyMaterial::Ed25519Info) => malformed("ed25519-info").arg("whose", whose),
        ("rsa", KeyMaterial::Ed25519Info | KeyMaterial::Raw32) => {
            malformed("kind").arg("found", "Ed25519").arg("kind", kind)
        }
        ("ed25519", KeyMaterial::Rsa { .. } | KeyMaterial::Pkcs1 { .. }) => {
            malformed("kind").arg("found", "RSA").arg("kind", kind)
        }
        (_, KeyMaterial::OtherInfo { kind: found }) => malformed("kind").arg("found", found).arg("kind", kind),
        (_, KeyMaterial::Certificate) => malformed("certificate"),
        (_, KeyMaterial::Cut { announced, .. }) => {
            malformed("cut").arg("seen", bytes.len().div_ceil(3) * 4).arg("total", announced.div_ceil(3) * 4)
        }
        (_, KeyMaterial::Trailing { bytes }) => malformed("trailing").arg("count", bytes).arg("whose", whose),
        ("ed25519", _) => malformed("ed25519-length").arg("count", bytes.len()),
        _ => Finding::error(Code::DkimKeyMalformed),
    }
}

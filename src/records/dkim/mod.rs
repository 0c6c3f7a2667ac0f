//! DKIM key records (RFC 6376 section 3.6.1, RFC 8301, RFC 8463): text to value and back. What is no key record, what
//! is an attempt at one, and what is wrong with it are kept apart; judging is for others.

use base64::Engine;
use serde::{Deserialize, Serialize};

use super::tags::{Blanks, TagList};

mod der;
mod key;

pub use key::{Base64Flaw, KeyMaterial, decode, decode_beginning, material, mend};

/// The kind of a key that signet makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyAlgorithm {
    Rsa,
    Ed25519,
}

impl KeyAlgorithm {
    /// The value of `k=`; compared as written (RFC 6376 section 3.2).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rsa => "rsa",
            Self::Ed25519 => "ed25519",
        }
    }
}

/// A public key as it stands in `p=`, decoded: SubjectPublicKeyInfo in DER for RSA (RFC 6376 section 3.6.1, erratum
/// 3017), the raw 32 bytes for Ed25519 (RFC 8463 section 4.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DkimPublicKey {
    pub algorithm: KeyAlgorithm,
    pub bytes: Vec<u8>,
}

impl DkimPublicKey {
    /// The record to publish: `v=DKIM1; k=rsa; p=BASE64`.
    pub fn render(&self) -> String {
        format!("v=DKIM1; k={}; p={}", self.algorithm.as_str(), self.base64())
    }

    /// The value of `p=`.
    pub fn base64(&self) -> String {
        base64::engine::general_purpose::STANDARD.encode(&self.bytes)
    }
}

/// A TXT record's text as a key record: its tags, whatever is wrong with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DkimRecord {
    pub tags: TagList,
    /// `p=` without blanks; `None` where there is no such tag.
    pub p: Option<String>,
}

/// What `v=` says; where present it must be DKIM1, as written, and the first tag (RFC 6376 section 3.6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version<'a> {
    Absent,
    Good,
    NotFirst,
    Wrong(&'a str),
}

/// Reads any text; whether it is a key record is for [`DkimRecord::is_attempt`] to say.
pub fn parse(text: &str) -> DkimRecord {
    let tags = TagList::parse(text, Blanks::Folded);
    let p = tags.get("p").map(|p| p.chars().filter(|c| !matches!(c, ' ' | '\t' | '\r' | '\n')).collect());
    DkimRecord { tags, p }
}

impl DkimRecord {
    /// Recognisably meant as a DKIM key. A policy or another protocol's record at a selector is not, though it may have
    /// a tag `p`.
    pub fn is_attempt(&self) -> bool {
        let has = |name: &str| self.tags.tags.iter().any(|tag| tag.name.eq_ignore_ascii_case(name));
        let has_key = self.p.as_deref().is_some_and(|p| p.len() >= 40);
        let version = self.tags.tags.iter().find(|tag| tag.name.eq_ignore_ascii_case("v"));
        match version {
            Some(v) => v.value.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("DKIM")) || has_key,
            None => has("p") || has("k"),
        }
    }

    /// `k=` as written, rsa where absent (RFC 6376 section 3.6.1).
    pub fn kind(&self) -> &str {
        self.tags.get("k").unwrap_or("rsa")
    }

    pub fn version(&self) -> Version<'_> {
        match (self.tags.position("v"), self.tags.get("v")) {
            (None, _) | (_, None) => Version::Absent,
            (_, Some(value)) if value != "DKIM1" => Version::Wrong(value),
            (Some(0), _) => Version::Good,
            _ => Version::NotFirst,
        }
    }

    /// The items of a colon-separated list tag (`h`, `s`, `t`), as written; `None` where there is no such tag.
    pub fn list(&self, tag: &str) -> Option<Vec<&str>> {
        let is_blank = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n');
        self.tags.get(tag).map(|list| list.split(':').map(|item| item.trim_matches(is_blank)).collect())
    }

    /// `t=y`: the domain is testing, and receivers treat its mail as unsigned (RFC 6376 section 3.6.1).
    pub fn is_testing(&self) -> bool {
        self.list("t").is_some_and(|flags| flags.contains(&"y"))
    }

    /// The key of a record that receivers can use, as far as grammar, `v`, `k` and `p` go; `None` otherwise.
    pub fn public_key(&self) -> Option<DkimPublicKey> {
        let is_read = self.tags.problems.is_empty() && matches!(self.version(), Version::Absent | Version::Good);
        let bytes = decode(self.p.as_deref().filter(|_| is_read)?).ok()?;
        let algorithm = match (self.kind(), material(&bytes)) {
            ("rsa", KeyMaterial::Rsa { .. }) => KeyAlgorithm::Rsa,
            ("ed25519", _) if bytes.len() == 32 => KeyAlgorithm::Ed25519,
            _ => return None,
        };
        Some(DkimPublicKey { algorithm, bytes })
    }
}

#[cfg(test)]
pub mod samples;
#[cfg(test)]
mod tests;

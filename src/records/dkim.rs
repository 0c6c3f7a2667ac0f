//! DKIM key records (RFC 6376 section 3.6.1, RFC 8301, RFC 8463): text to value and back.

use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Serialize};

use super::tags::TagList;

/// The kind of a key that signet makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyAlgorithm {
    Rsa,
    Ed25519,
}

/// A public key as it stands in `p=`, decoded: SubjectPublicKeyInfo in DER for RSA (RFC 6376 section 3.6.1), the raw
/// 32 bytes for Ed25519 (RFC 8463 section 4.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DkimPublicKey {
    pub algorithm: KeyAlgorithm,
    pub bytes: Vec<u8>,
}

impl DkimPublicKey {
    /// The record to publish: `v=DKIM1; k=rsa; p=BASE64`.
    pub fn render(&self) -> String {
        let kind = match self.algorithm {
            KeyAlgorithm::Rsa => "rsa",
            KeyAlgorithm::Ed25519 => "ed25519",
        };
        format!("v=DKIM1; k={kind}; p={}", base64::engine::general_purpose::STANDARD.encode(&self.bytes))
    }
}

/// Base64 as people publish it: with or without padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
);

/// A TXT record's text as a key record: its tags, whatever is wrong with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DkimRecord {
    pub tags: TagList,
    /// `p=` without blanks; `None` where there is no such tag.
    pub p: Option<String>,
}

/// Reads any text; whether it is a key record is for [`DkimRecord::is_attempt`] to say.
pub fn parse(text: &str) -> DkimRecord {
    let tags = TagList::parse(text);
    let p = tags.get("p").map(|p| p.chars().filter(|c| !c.is_whitespace()).collect());
    DkimRecord { tags, p }
}

impl DkimRecord {
    /// Recognisably meant as a DKIM key.
    pub fn is_attempt(&self) -> bool {
        self.p.is_some() || self.tags.get("v").is_some_and(|v| v.to_ascii_uppercase().starts_with("DKIM"))
    }

    /// `k=`, rsa where absent (RFC 6376 section 3.6.1).
    pub fn kind(&self) -> String {
        self.tags.get("k").unwrap_or("rsa").to_ascii_lowercase()
    }

    /// `v=`, where present, is DKIM1 and the first tag (RFC 6376 section 3.6.1).
    pub fn has_good_version(&self) -> bool {
        match self.tags.position("v") {
            None => true,
            Some(at) => at == 0 && self.tags.get("v") == Some("DKIM1"),
        }
    }

    /// Whether a colon-separated list tag, where present, holds one of `wanted`.
    pub fn allows(&self, tag: &str, wanted: &[&str]) -> bool {
        let holds =
            |list: &str| list.split(':').any(|item| wanted.contains(&item.trim().to_ascii_lowercase().as_str()));
        self.tags.get(tag).is_none_or(holds)
    }

    pub fn is_testing(&self) -> bool {
        self.tags.get("t").is_some_and(|t| t.split(':').any(|flag| flag.trim() == "y"))
    }

    /// The key in `p=`; `None` where it is no base64.
    pub fn key_bytes(&self) -> Option<Vec<u8>> {
        LENIENT.decode(self.p.as_deref()?).ok().filter(|bytes| !bytes.is_empty())
    }
}

/// The modulus of an RSA public key in bits: SubjectPublicKeyInfo, or the bare PKCS#1 that is met in the wild. `None`
/// where it is neither.
pub fn rsa_bits(der: &[u8]) -> Option<usize> {
    let (body, _) = element(der, 0x30)?;
    let modulus = match element(body, 0x30) {
        Some((_, rest)) => {
            let (bits, _) = element(rest, 0x03)?;
            let (key, _) = element(bits.strip_prefix(&[0])?, 0x30)?;
            element(key, 0x02)?.0
        }
        None => element(body, 0x02)?.0,
    };
    let significant: &[u8] = &modulus[modulus.iter().position(|byte| *byte != 0)?..];
    let leading = significant.first()?.leading_zeros() as usize;
    Some(significant.len() * 8 - leading)
}

/// One DER element of that tag, whole, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    if found != tag {
        return None;
    }
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        if count == 0 || count > 4 || rest.len() < count {
            return None;
        }
        let length = rest[..count].iter().fold(0usize, |sum, byte| sum << 8 | usize::from(*byte));
        (length, &rest[count..])
    };
    (rest.len() >= length).then(|| rest.split_at(length))
}

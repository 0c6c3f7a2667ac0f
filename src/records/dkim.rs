//! DKIM key records (RFC 6376 section 3.6.1, RFC 8301, RFC 8463): text to value and back.

use serde::{Deserialize, Serialize};

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
        use base64::Engine;
        let kind = match self.algorithm {
            KeyAlgorithm::Rsa => "rsa",
            KeyAlgorithm::Ed25519 => "ed25519",
        };
        format!("v=DKIM1; k={kind}; p={}", base64::engine::general_purpose::STANDARD.encode(&self.bytes))
    }
}

//! What stands in `p=`: base64 (RFC 4648 section 4), and the key in it, usable or not.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{self, GeneralPurpose, GeneralPurposeConfig};

use super::der;
use super::{DkimPublicKey, KeyAlgorithm};

/// Why a text is no base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base64Flaw {
    /// A character that base64 does not know, and how many stand before it.
    Character(char, usize),
    /// Something stands behind the padding.
    AfterPadding,
    /// The number of characters is not a multiple of four: `=` is missing, or characters are.
    Length(usize),
    /// Bits of the last character that must be zero are not.
    Bits,
}

/// The bytes of `p=`, blanks already taken out. Padding is required, as many verifiers require it.
pub fn decode(p: &str) -> Result<Vec<u8>, Base64Flaw> {
    let is_known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    if let Some((at, stray)) = p.chars().enumerate().find(|(_, c)| !is_known(*c)) {
        return Err(Base64Flaw::Character(stray, at));
    }
    let unpadded = p.trim_end_matches('=');
    if unpadded.contains('=') {
        return Err(Base64Flaw::AfterPadding);
    }
    general_purpose::STANDARD.decode(p).map_err(|_| match p.len().is_multiple_of(4) && p.len() - unpadded.len() <= 2 {
        true => Base64Flaw::Bits,
        false => Base64Flaw::Length(p.len()),
    })
}

/// The bytes of as much of a text as is base64, its last incomplete group left out.
pub fn decode_beginning(p: &str) -> Vec<u8> {
    const LENIENT: GeneralPurpose =
        GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));
    let is_known = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/');
    let known = p.chars().take_while(is_known).count();
    let whole = if p[known..] == *"=" || p[known..] == *"==" { p.len() } else { known };
    LENIENT.decode(&p[..whole / 4 * 4]).unwrap_or_default()
}

/// What some bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyMaterial {
    /// An RSA key in SubjectPublicKeyInfo, as receivers read it.
    Rsa {
        bits: usize,
    },
    /// A bare RSAPublicKey (PKCS#1).
    Pkcs1 {
        bits: usize,
    },
    /// An Ed25519 key in SubjectPublicKeyInfo, where its 32 bytes alone are due (RFC 8463 section 4.2).
    Ed25519Info,
    /// A public key of a kind that DKIM does not know.
    OtherInfo {
        kind: &'static str,
    },
    /// A private key, whole or cut.
    Private,
    Certificate,
    /// DER that announces more bytes than there are.
    Cut {
        bytes: usize,
        announced: usize,
    },
    /// DER with something behind it.
    Trailing {
        bytes: usize,
    },
    /// Exactly 32 bytes, which may be an Ed25519 key.
    Raw32,
    Unreadable,
}

/// Tells what the bytes are.
pub fn material(bytes: &[u8]) -> KeyMaterial {
    if is_private(bytes) {
        return KeyMaterial::Private;
    }
    if let Some(modulus) = der::rsa_modulus(bytes) {
        return KeyMaterial::Pkcs1 { bits: bit_length(modulus) };
    }
    if let Some((oid, parameters, key)) = der::public_key_info(bytes) {
        return match der::rsa_modulus(key) {
            Some(modulus) if oid == der::RSA && parameters == [5, 0] => KeyMaterial::Rsa { bits: bit_length(modulus) },
            _ if oid == der::ED25519 && key.len() == 32 => KeyMaterial::Ed25519Info,
            _ => kind_of(oid).map_or(KeyMaterial::Unreadable, |kind| KeyMaterial::OtherInfo { kind }),
        };
    }
    match der::header(bytes) {
        Some((der::SEQUENCE, start, length)) if length > 0 => {
            let whole = start + length;
            let body = &bytes[start..];
            let inner = der::header(body).and_then(|(_, start, _)| body.get(start..));
            if inner.is_some_and(|inner| inner.starts_with(&[0xa0, 0x03, 0x02, 0x01, 0x02])) {
                return KeyMaterial::Certificate;
            }
            let begins_a_key = matches!(body.first(), None | Some(&der::SEQUENCE | &der::INTEGER));
            match bytes.len().cmp(&whole) {
                std::cmp::Ordering::Less if begins_a_key => KeyMaterial::Cut { bytes: bytes.len(), announced: whole },
                std::cmp::Ordering::Greater if material(&bytes[..whole]) != KeyMaterial::Unreadable => {
                    KeyMaterial::Trailing { bytes: bytes.len() - whole }
                }
                _ => raw(bytes),
            }
        }
        _ => raw(bytes),
    }
}

fn raw(bytes: &[u8]) -> KeyMaterial {
    if bytes.len() == 32 { KeyMaterial::Raw32 } else { KeyMaterial::Unreadable }
}

/// The shapes of private keys: PKCS#8 (RFC 5958), plain and encrypted, PKCS#1 (RFC 8017 appendix A.1.2), SEC 1 (RFC
/// 5915), OpenSSH. A key that was cut is told by its beginning.
fn is_private(bytes: &[u8]) -> bool {
    if bytes.starts_with(b"openssh-key-v1") {
        return true;
    }
    let Some((der::SEQUENCE, start, _)) = der::header(bytes) else { return false };
    let body = &bytes[start..];
    let version = |number: u8, next: u8| body.starts_with(&[der::INTEGER, 1, number, next]);
    let is_plain = version(0, der::SEQUENCE) || version(1, der::SEQUENCE) || version(0, der::INTEGER);
    // An encrypted one names an algorithm of PKCS#5.
    let is_encrypted = body.get(2..10).is_some_and(|oid| oid == [der::OID, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d])
        && body.get(10..12) == Some(&[1, 5]);
    is_plain || version(1, der::OCTET_STRING) || is_encrypted
}

fn kind_of(oid: &[u8]) -> Option<&'static str> {
    const KINDS: &[(&[u8], &str)] = &[
        (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01], "EC"),
        (&[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01], "DSA"),
        (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a], "RSA-PSS"),
        (&[0x2b, 0x65, 0x6e], "X25519"),
        (&[0x2b, 0x65, 0x71], "Ed448"),
    ];
    KINDS.iter().find(|(known, _)| *known == oid).map(|(_, kind)| *kind)
}

fn bit_length(modulus: &[u8]) -> usize {
    modulus.len() * 8 - modulus.first().map_or(0, |byte| byte.leading_zeros() as usize)
}

/// The key that is meant, in the form that receivers read: bare PKCS#1 wrapped, an Ed25519 key's 32 bytes taken out,
/// what stands behind a key left away. `None` where there is none.
pub fn mend(bytes: &[u8]) -> Option<DkimPublicKey> {
    let key = |algorithm, bytes: &[u8]| Some(DkimPublicKey { algorithm, bytes: bytes.to_vec() });
    match material(bytes) {
        KeyMaterial::Rsa { .. } => key(KeyAlgorithm::Rsa, bytes),
        KeyMaterial::Pkcs1 { .. } => key(KeyAlgorithm::Rsa, &der::wrapped_rsa(bytes)),
        KeyMaterial::Ed25519Info => key(KeyAlgorithm::Ed25519, der::public_key_info(bytes)?.2),
        KeyMaterial::Raw32 => key(KeyAlgorithm::Ed25519, bytes),
        KeyMaterial::Trailing { bytes: behind } => mend(&bytes[..bytes.len() - behind]),
        _ => None,
    }
}

impl DkimPublicKey {
    /// The size of an RSA key; `None` for another kind, or where the bytes are no key.
    pub fn rsa_bits(&self) -> Option<usize> {
        match material(&self.bytes) {
            KeyMaterial::Rsa { bits } => Some(bits),
            _ => None,
        }
    }

    /// Whether these bytes, a private key or whatever else, hold this RSA key's modulus, or its beginning where they
    /// were cut.
    pub fn is_held_by(&self, bytes: &[u8]) -> bool {
        const ENOUGH: usize = 32;
        let modulus = der::public_key_info(&self.bytes).and_then(|(.., key)| der::rsa_modulus(key));
        let beginning = modulus.and_then(|modulus| modulus.get(..ENOUGH));
        beginning.is_some_and(|beginning| bytes.windows(ENOUGH).any(|window| window == beginning))
    }
}

//! As much of DER (ITU-T X.690) as tells what a key is: elements, and the shapes that keys come in.

pub const INTEGER: u8 = 0x02;
pub const BIT_STRING: u8 = 0x03;
pub const OCTET_STRING: u8 = 0x04;
pub const OID: u8 = 0x06;
pub const SEQUENCE: u8 = 0x30;

/// rsaEncryption, 1.2.840.113549.1.1.1.
pub const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// id-Ed25519, 1.3.101.112 (RFC 8410 section 3).
pub const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
/// What stands between a sequence's header and an RSA key in SubjectPublicKeyInfo: the algorithm, with NULL for
/// parameters (RFC 3279 section 2.3.1).
const RSA_ALGORITHM: &[u8] =
    &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// Tag, length of the header, announced length of the content; `None` where that is no DER header.
pub fn header(der: &[u8]) -> Option<(u8, usize, usize)> {
    let (&tag, &first) = (der.first()?, der.get(1)?);
    if first < 0x80 {
        return Some((tag, 2, usize::from(first)));
    }
    let count = usize::from(first & 0x7f);
    let bytes = der.get(2..2 + count).filter(|_| (1..=3).contains(&count))?;
    let length = bytes.iter().fold(0usize, |sum, byte| sum << 8 | usize::from(*byte));
    // The shortest form alone is DER (X.690 section 10.1).
    (length >= 0x80 && bytes[0] != 0).then_some((tag, 2 + count, length))
}

/// One element of that tag, whole, and what follows it.
pub fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, start, length) = header(der)?;
    let content = der.get(start..start + length)?;
    (found == tag).then(|| (content, &der[start + length..]))
}

/// The content of the one element that the bytes consist of.
pub fn only(der: &[u8], tag: u8) -> Option<&[u8]> {
    element(der, tag).and_then(|(content, rest)| rest.is_empty().then_some(content))
}

/// An algorithm's OID and parameters, and the key's bits, of a SubjectPublicKeyInfo (RFC 5280 section 4.1).
pub fn public_key_info(der: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (algorithm, key) = element(only(der, SEQUENCE)?, SEQUENCE)?;
    let (oid, parameters) = element(algorithm, OID)?;
    Some((oid, parameters, only(key, BIT_STRING)?.strip_prefix(&[0])?))
}

/// The modulus of an RSAPublicKey (RFC 8017 appendix A.1.1), without leading zeroes.
pub fn rsa_modulus(der: &[u8]) -> Option<&[u8]> {
    let (modulus, exponent) = element(only(der, SEQUENCE)?, INTEGER)?;
    let exponent = only(exponent, INTEGER)?;
    // Both are positive, and an RSA modulus is odd.
    let is_positive = |number: &[u8]| number.first().is_some_and(|byte| byte & 0x80 == 0);
    let is_sound = is_positive(modulus) && is_positive(exponent) && modulus.last().is_some_and(|byte| byte & 1 == 1);
    let start = modulus.iter().position(|byte| *byte != 0)?;
    is_sound.then(|| &modulus[start..])
}

/// An RSAPublicKey wrapped into SubjectPublicKeyInfo.
pub fn wrapped_rsa(key: &[u8]) -> Vec<u8> {
    let bits = with_header(BIT_STRING, &[&[0], key].concat());
    with_header(SEQUENCE, &[RSA_ALGORITHM, &bits].concat())
}

fn with_header(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant = &length[length.iter().position(|byte| *byte != 0).unwrap_or(length.len() - 1)..];
    let mut der = vec![tag];
    if content.len() >= 0x80 {
        der.push(0x80 | u8::try_from(significant.len()).expect("a length has at most eight bytes"));
    }
    der.extend(significant);
    der.extend(content);
    der
}

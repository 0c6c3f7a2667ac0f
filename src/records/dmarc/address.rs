//! Report addresses: the URIs of `rua` and `ruf` (RFC 9989 section 4.6).

use crate::records::DomainName;

pub(super) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

pub(super) fn uris(value: Option<&str>) -> Vec<String> {
    value.unwrap_or_default().split(',').filter_map(usable_uri).map(str::to_owned).collect()
}

/// The URI without an obsolete size limit (`!10m`); an exclamation mark in a URI itself is encoded.
pub(super) fn without_limit(uri: &str) -> &str {
    uri.split_once('!').map_or(uri, |(uri, _)| uri)
}

/// Syntactically a URI (RFC 3986 section 3), of whatever scheme; a `mailto:` one names an address.
pub(super) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = without_limit(text).split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    let is_rest =
        !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\'));
    is_scheme && is_rest && (!scheme.eq_ignore_ascii_case("mailto") || usable_uri(text).is_some())
}

/// A `mailto:` URI without its obsolete `!10m`; no other scheme is used by receivers.
pub(super) fn usable_uri(text: &str) -> Option<&str> {
    let uri = without_limit(trim(text));
    let is_mailto = uri.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
    let is_printable = uri.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'));
    (is_mailto && is_printable && report_host(uri).is_some()).then_some(uri)
}

/// The domain that a `mailto:` URI sends to.
pub fn report_host(uri: &str) -> Option<DomainName> {
    let address = uri.get(7..)?.split('?').next()?;
    let (local, host) = address.rsplit_once('@')?;
    if local.is_empty() { None } else { DomainName::parse(host).ok() }
}

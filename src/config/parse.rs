//! The grammar of each setting. An error is a clause that says what is wrong and what is accepted.

use std::net::{IpAddr, SocketAddr};

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ipnet::IpNet;

use super::secret::Secret;
use crate::records::Selector;

type Parsed<T> = Result<T, String>;

pub(super) fn listen(text: &str) -> Parsed<SocketAddr> {
    let text = text.replace("localhost:", "127.0.0.1:");
    text.parse().map_err(|_| "is not an address and port such as 127.0.0.1:8080 or [::]:8080".into())
}

/// `http` or `https`, a host and perhaps a port; one final slash is taken off.
pub(super) fn public_url(text: &str) -> Parsed<String> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let wrong = || "is not a URL such as https://console.example, without path".to_owned();
    let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
    let is_host = !rest.is_empty() && !rest.contains(['/', '?', '#', '@', ' ']);
    let is_url = matches!(scheme, "http" | "https") && is_host && rest.parse::<axum::http::uri::Authority>().is_ok();
    if is_url { Ok(text.to_owned()) } else { Err(wrong()) }
}

pub(super) fn database_url(text: &str) -> Parsed<Secret> {
    let rest = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
    match rest {
        Some(rest) if !rest.is_empty() => Ok(Secret::new(text.to_owned())),
        _ => Err("is not a PostgreSQL URL such as postgres://user:password@host:5432/database".into()),
    }
}

pub(super) fn smtp_url(text: &str) -> Parsed<Secret> {
    let rest = text.strip_prefix("smtp://").or_else(|| text.strip_prefix("smtps://"));
    let authority = rest.map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    match authority.map(str::parse::<axum::http::uri::Authority>) {
        Some(Ok(authority)) if !authority.host().is_empty() => Ok(Secret::new(text.to_owned())),
        _ => Err("is not a URL such as smtps://user:password@mail.example:465".into()),
    }
}

/// Networks or single addresses, separated by commas or blanks.
pub(super) fn networks(text: &str) -> Parsed<Vec<IpNet>> {
    let wrong = |part: &str| format!("has {part:?}; networks such as 10.0.0.0/8 separated by commas are accepted");
    words(text)
        .map(|part| {
            let network = part.parse().or_else(|_| part.parse::<IpAddr>().map(IpNet::from));
            network.map_err(|_| wrong(part))
        })
        .collect()
}

/// `ip[:port]` separated by commas; port 53 where none is named.
pub(super) fn resolvers(text: &str) -> Parsed<Vec<SocketAddr>> {
    let wrong = |part: &str| format!("has {part:?}; addresses such as 192.0.2.53 or 192.0.2.53:5353 are accepted");
    words(text)
        .map(|part| {
            let bare = part.strip_prefix('[').and_then(|part| part.strip_suffix(']')).unwrap_or(part);
            let with_default = bare.parse::<IpAddr>().map(|address| SocketAddr::new(address, 53));
            with_default.or_else(|_| part.parse()).map_err(|_| wrong(part))
        })
        .collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ']).map(str::trim).filter(|part| !part.is_empty())
}

pub(super) fn switch(text: &str) -> Parsed<bool> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" | "1" => Ok(true),
        "off" | "false" | "no" | "0" => Ok(false),
        _ => Err("is neither on (or true) nor off (or false)".into()),
    }
}

pub(super) fn port(text: &str) -> Parsed<u16> {
    match text.parse() {
        Ok(0) | Err(_) => Err("is not a port from 1 to 65535".into()),
        Ok(port) => Ok(port),
    }
}

/// 32 bytes in base64, either alphabet, padded or not.
pub(super) fn secret_key(text: &str) -> Parsed<Secret<[u8; 32]>> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let decode = |alphabet| GeneralPurpose::new(&alphabet, config).decode(text).ok();
    let bytes = decode(alphabet::STANDARD).or_else(|| decode(alphabet::URL_SAFE));
    let key = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    key.map(Secret::new).ok_or_else(|| "is not 32 bytes in base64, such as `openssl rand -base64 32` prints".into())
}

pub(super) fn email(text: &str) -> Parsed<String> {
    let (local, domain) = text.rsplit_once('@').unwrap_or_default();
    let is_address = !local.is_empty() && !text.contains(char::is_whitespace) && is_mail_domain(domain);
    if is_address { Ok(text.to_owned()) } else { Err("is not a mail address such as admin@mta.example".into()) }
}

/// An address, or `Name <address>`.
pub(super) fn mail_from(text: &str) -> Parsed<String> {
    let address = text.strip_suffix('>').and_then(|text| text.rsplit_once('<')).map_or(text, |(_, address)| address);
    email(address).map(|_| text.to_owned()).map_err(|_| "is not a mail address such as signet@mta.example".into())
}

/// `root@localhost` is an address too.
fn is_mail_domain(text: &str) -> bool {
    crate::records::DomainName::parse(text).is_ok() || text.eq_ignore_ascii_case("localhost")
}

/// What generated selectors start with: room for the rest of the label is left.
pub(super) fn selector_prefix(text: &str) -> Parsed<String> {
    let wrong =
        || "is not a selector's beginning; up to 40 letters, digits and hyphens, such as s, are accepted".to_owned();
    let selector = Selector::parse(text).map_err(|_| wrong())?.to_string();
    if selector.len() <= 40 && !selector.contains('.') { Ok(selector) } else { Err(wrong()) }
}

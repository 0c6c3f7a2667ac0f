//! Which URLs a webhook may have.

use std::net::IpAddr;

use reqwest::Url;

use crate::dns;
use crate::failure::Failure;

const LONGEST: usize = 1000;

/// The address that stands in the URL itself, however it is written there.
pub fn literal_address(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok()
}

/// The URL as it is kept. What its name leads to is looked at each time something is sent.
pub(super) fn check(text: &str, allows_private: bool) -> Result<String, Failure> {
    let wrong = |message: &str| Failure::field("url", message);
    let text = text.trim();
    let url =
        Url::parse(text).map_err(|_| wrong("This is no URL; one such as https://example.com/hook is accepted."))?;
    if text.len() > LONGEST {
        return Err(wrong("The URL is too long; up to 1000 characters are accepted."));
    }
    if url.scheme() != "https" && !(allows_private && url.scheme() == "http") {
        return Err(wrong("The URL must begin with https://."));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("The URL has no host."));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("The URL must not hold a user or password; each message is signed instead."));
    }
    if literal_address(&url).is_some_and(|address| !allows_private && !dns::is_global(address)) {
        return Err(wrong("The URL leads to an address that is not reachable from everywhere."));
    }
    Ok(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_encrypted_urls_outside_our_own_network_are_accepted() {
        assert_eq!(check(" https://Hook.example/a?b=c ", false).unwrap(), "https://hook.example/a?b=c");
        assert!(check("https://1.1.1.1:8443/", false).is_ok());
        for text in [
            "",
            "hook.example",
            "http://hook.example/",
            "ftp://hook.example/",
            "file:///etc/passwd",
            "https://user:pw@hook.example/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://169.254.169.254/latest/",
            "https://",
            &format!("https://hook.example/{}", "a".repeat(1000)),
        ] {
            assert!(check(text, false).is_err(), "{text}");
        }
        assert!(check("http://127.0.0.1:8080/hook", true).is_ok());
    }
}

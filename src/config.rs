//! Typed settings (contract, section 2), from environment variables and flags. Secrets never print.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;
use thiserror::Error;

use crate::records::Selector;
use crate::records::dmarc::DmarcOffer;
use crate::records::plan::{BounceMx, CnameOffer, SendingProfile};
use crate::records::spf::ProfileMechanism;

/// A value that must not be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    pub fn new(value: T) -> Self {
        Self(value)
    }

    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// One line for a person: the setting, what it held unless it is a secret or a URL, what is accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// All settings.
#[derive(Debug, Clone)]
pub struct Config {
    pub database_url: Option<Secret<String>>,
    pub data_dir: PathBuf,
    pub listen: SocketAddr,
    /// What links start with, without a final slash.
    pub public_url: String,
    /// No public URL was named: it follows the listen address.
    pub is_public_url_default: bool,
    pub trusted_proxies: Vec<IpNet>,
    pub secret_key: Option<Secret<[u8; 32]>>,
    pub admin_email: Option<String>,
    pub admin_password: Option<Secret<String>>,
    /// What seeds the sending profile; without SPF mechanisms where none are named.
    pub profile: SendingProfile,
    /// Empty: the system's.
    pub dns_resolvers: Vec<SocketAddr>,
    pub dns_direct: bool,
    pub dns_authority_port: u16,
    pub dns_allow_private: bool,
    pub smtp_url: Option<Secret<String>>,
    pub mail_from: Option<String>,
    pub has_verifier: bool,
}

const PLAIN: &[&str] = &[
    "SIGNET_DATA_DIR",
    "SIGNET_LISTEN",
    "SIGNET_PUBLIC_URL",
    "SIGNET_TRUSTED_PROXIES",
    "SIGNET_ADMIN_EMAIL",
    "SIGNET_SPF",
    "SIGNET_MX",
    "SIGNET_RETURN_PATH",
    "SIGNET_TRACKING",
    "SIGNET_DMARC",
    "SIGNET_SELECTOR_PREFIX",
    "SIGNET_DNS_RESOLVERS",
    "SIGNET_DNS_DIRECT",
    "SIGNET_DNS_AUTHORITY_PORT",
    "SIGNET_DNS_ALLOW_PRIVATE",
    "SIGNET_MAIL_FROM",
    "SIGNET_VERIFIER",
];
const SECRET: &[&str] = &["DATABASE_URL", "SIGNET_SECRET_KEY", "SIGNET_ADMIN_PASSWORD", "SIGNET_SMTP_URL"];

impl Config {
    /// Reads the settings; flags come before the environment. The second value holds warnings.
    pub fn load(
        environment: &BTreeMap<String, String>,
        flags: &BTreeMap<String, String>,
    ) -> Result<(Self, Vec<String>), ConfigError> {
        let source = Source { environment, flags };
        let (listen, is_public_url_default) = (
            source.parse("SIGNET_LISTEN", "127.0.0.1:8080", "an address and port such as 127.0.0.1:8080")?,
            source.plain("SIGNET_PUBLIC_URL").is_none(),
        );
        let config = Self {
            database_url: source.secret("DATABASE_URL")?.map(database_url).transpose()?,
            data_dir: source.plain("SIGNET_DATA_DIR").unwrap_or("./data").into(),
            listen,
            public_url: source.public_url(listen)?,
            is_public_url_default,
            trusted_proxies: source.list(
                "SIGNET_TRUSTED_PROXIES",
                network,
                "networks such as 10.0.0.0/8 separated by commas",
            )?,
            secret_key: source.secret("SIGNET_SECRET_KEY")?.map(|text| secret_key(&text)).transpose()?,
            admin_email: source.plain("SIGNET_ADMIN_EMAIL").map(str::to_owned),
            admin_password: source.secret("SIGNET_ADMIN_PASSWORD")?.map(Secret),
            profile: source.profile()?,
            dns_resolvers: source.list("SIGNET_DNS_RESOLVERS", resolver, "ip[:port] separated by commas")?,
            dns_direct: source.switch("SIGNET_DNS_DIRECT", true)?,
            dns_authority_port: source.parse("SIGNET_DNS_AUTHORITY_PORT", "53", "a port, 1 to 65535")?,
            dns_allow_private: source.switch("SIGNET_DNS_ALLOW_PRIVATE", false)?,
            smtp_url: source.secret("SIGNET_SMTP_URL")?.map(smtp_url).transpose()?,
            mail_from: source.plain("SIGNET_MAIL_FROM").map(str::to_owned),
            has_verifier: source.switch("SIGNET_VERIFIER", true)?,
        };
        Ok((config, unknown_names(environment)))
    }
}

/// Where values come from.
struct Source<'a> {
    environment: &'a BTreeMap<String, String>,
    flags: &'a BTreeMap<String, String>,
}

impl<'a> Source<'a> {
    /// The trimmed value; an empty one counts as unset.
    fn plain(&self, name: &str) -> Option<&'a str> {
        let value = self.flags.get(name).or_else(|| self.environment.get(name))?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// A secret's value, or the content of the file that `NAME_FILE` names.
    fn secret(&self, name: &str) -> Result<Option<String>, ConfigError> {
        let file_name = format!("{name}_FILE");
        let Some(path) = self.environment.get(&file_name).filter(|path| !path.is_empty()) else {
            return Ok(self.environment.get(name).filter(|value| !value.is_empty()).cloned());
        };
        if self.environment.get(name).is_some_and(|value| !value.is_empty()) {
            return Err(ConfigError(format!("{name} and {file_name} are both set; set one of them")));
        }
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError(format!("{file_name} names {path:?}, which cannot be read: {error}")))?;
        Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
    }

    fn parse<T: FromStr>(&self, name: &str, default: &str, accepted: &str) -> Result<T, ConfigError> {
        let text = self.plain(name).unwrap_or(default);
        text.parse().map_err(|_| refusal(name, text, accepted))
    }

    fn switch(&self, name: &str, default: bool) -> Result<bool, ConfigError> {
        match self.plain(name).map(str::to_ascii_lowercase).as_deref() {
            None => Ok(default),
            Some("on" | "true" | "yes" | "1") => Ok(true),
            Some("off" | "false" | "no" | "0") => Ok(false),
            Some(other) => Err(refusal(name, other, "on or off")),
        }
    }

    fn list<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>, accepted: &str) -> Result<Vec<T>, ConfigError> {
        let items = self.plain(name).unwrap_or_default().split([',', ' ']).filter(|item| !item.is_empty());
        items.map(|item| read(item).ok_or_else(|| refusal(name, item, accepted))).collect()
    }

    /// The parts of the profile have parsers whose messages continue "SETTING …".
    fn part<T>(&self, name: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, ConfigError> {
        let said = |text: &str, message: String| ConfigError(format!("{name} is {text:?}, which {message}"));
        self.plain(name).map(|text| read(text).map_err(|message| said(text, message))).transpose()
    }

    fn profile(&self) -> Result<SendingProfile, ConfigError> {
        let prefix = self.part("SIGNET_SELECTOR_PREFIX", |text| match Selector::parse(text) {
            Ok(selector) if text.len() <= 40 => Ok(String::from(selector)),
            _ => Err("is no beginning of a selector; 1 to 40 letters, digits and hyphens are accepted".into()),
        })?;
        Ok(SendingProfile {
            spf: self.part("SIGNET_SPF", ProfileMechanism::parse_list)?.unwrap_or_default(),
            mx: self.part("SIGNET_MX", BounceMx::parse)?,
            return_path: self.part("SIGNET_RETURN_PATH", CnameOffer::parse)?,
            tracking: self.part("SIGNET_TRACKING", CnameOffer::parse)?,
            dmarc: self.part("SIGNET_DMARC", DmarcOffer::parse)?.unwrap_or_default(),
            selector_prefix: prefix.unwrap_or_else(|| "s".to_owned()),
        })
    }

    fn public_url(&self, listen: SocketAddr) -> Result<String, ConfigError> {
        let Some(text) = self.plain("SIGNET_PUBLIC_URL") else { return Ok(format!("http://{listen}")) };
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
        let host = host.trim_end_matches('/');
        let is_plain =
            !host.is_empty() && !host.contains(['/', '?', '#', '@']) && host.bytes().all(|b| b.is_ascii_graphic());
        if !is_plain {
            let accepted = "a URL without path or user such as https://signet.example.com is accepted";
            return Err(ConfigError(format!("SIGNET_PUBLIC_URL cannot be used; {accepted}")));
        }
        Ok(text.trim_end_matches('/').to_owned())
    }
}

fn refusal(name: &str, held: &str, accepted: &str) -> ConfigError {
    ConfigError(format!("{name} is {held:?}; {accepted} is accepted"))
}

fn database_url(text: String) -> Result<Secret<String>, ConfigError> {
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Ok(Secret(text));
    }
    Err(ConfigError("DATABASE_URL cannot be used; postgres://user:password@host:port/database is accepted".into()))
}

fn smtp_url(text: String) -> Result<Secret<String>, ConfigError> {
    if text.starts_with("smtp://") || text.starts_with("smtps://") {
        return Ok(Secret(text));
    }
    Err(ConfigError("SIGNET_SMTP_URL cannot be used; smtp[s]://user:password@host:port is accepted".into()))
}

fn secret_key(text: &str) -> Result<Secret<[u8; 32]>, ConfigError> {
    let bytes = STANDARD.decode(text.trim()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let accepted = "32 bytes in base64 are accepted, such as `openssl rand -base64 32` prints";
    bytes.map(Secret).ok_or_else(|| ConfigError(format!("SIGNET_SECRET_KEY cannot be used; {accepted}")))
}

fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

fn resolver(text: &str) -> Option<SocketAddr> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, 53)))
}

/// A warning for each `SIGNET_…` variable that means nothing, with the nearest one that does.
fn unknown_names(environment: &BTreeMap<String, String>) -> Vec<String> {
    let files: Vec<String> = SECRET.iter().map(|name| format!("{name}_FILE")).collect();
    let known: Vec<&str> = PLAIN.iter().chain(SECRET).copied().chain(files.iter().map(String::as_str)).collect();
    let is_unknown = |name: &&String| name.starts_with("SIGNET_") && !known.contains(&name.as_str());
    let nearest = |name: &str| known.iter().copied().min_by_key(|other| strsim::damerau_levenshtein(name, other));
    environment
        .keys()
        .filter(is_unknown)
        .map(|name| format!("{name} is no setting; did you mean {}?", nearest(name).unwrap_or("SIGNET_LISTEN")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(settings: &[(&str, &str)]) -> Result<(Config, Vec<String>), ConfigError> {
        let environment = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Config::load(&environment, &BTreeMap::new())
    }

    #[test]
    fn every_wrong_value_is_named_with_what_is_accepted() {
        for (name, value, part) in [
            ("SIGNET_LISTEN", "8080", "\"8080\""),
            ("SIGNET_TRUSTED_PROXIES", "10.0.0.0/40", "10.0.0.0/8"),
            ("SIGNET_DNS_DIRECT", "maybe", "on or off"),
            ("SIGNET_DNS_RESOLVERS", "resolver.example", "ip[:port]"),
            ("SIGNET_DNS_AUTHORITY_PORT", "70000", "1 to 65535"),
            ("SIGNET_MX", "bounce.mta.example", "PRIORITY HOST"),
            ("SIGNET_RETURN_PATH", "bounce", "LABEL TARGET"),
            ("SIGNET_PUBLIC_URL", "signet.example.com", "https://signet.example.com"),
        ] {
            let error = load(&[(name, value)]).map(|_| ()).unwrap_err().to_string();
            assert!(error.starts_with(name) && error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_secret_never_stands_in_a_message_or_in_debug() {
        for (name, value) in [("SIGNET_SECRET_KEY", "hunter2"), ("DATABASE_URL", "mysql://u:hunter2@h/d")] {
            let error = load(&[(name, value)]).map(|_| ()).unwrap_err().to_string();
            assert!(error.starts_with(name) && !error.contains("hunter2"), "{error}");
        }
        let (config, _) = load(&[("SIGNET_ADMIN_PASSWORD", "hunter2")]).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn an_unknown_name_is_a_warning_that_suggests_the_nearest() {
        let (_, warnings) = load(&[("SIGNET_LISTN", "x")]).unwrap();
        assert_eq!(warnings, ["SIGNET_LISTN is no setting; did you mean SIGNET_LISTEN?"]);
    }
}

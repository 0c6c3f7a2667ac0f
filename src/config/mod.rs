//! Typed settings, read once at start from variables and flags (contract, section 2). Secrets never print.

mod parse;
mod secret;
mod settings;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use ipnet::IpNet;

pub use self::secret::Secret;
pub use self::settings::ConfigError;
use self::settings::Settings;
use crate::records::dmarc::DmarcOffer;
use crate::records::plan::{BounceMx, CnameOffer, SendingProfile};
use crate::records::spf::ProfileMechanism;

/// Everything that an operator may set.
#[derive(Debug, Clone)]
pub struct Config {
    /// `None`: a private cluster is kept under `data_dir`.
    pub database_url: Option<Secret>,
    pub data_dir: PathBuf,
    pub listen: SocketAddr,
    /// What links start with, without a final slash.
    pub public_url: String,
    /// Nobody set `public_url`: it follows the address that is really listened on.
    pub is_public_url_default: bool,
    /// Networks whose `X-Forwarded-*` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Seals DKIM private keys; `None`: one is kept in `data_dir`. See [`Config::check_for_serving`].
    pub secret_key: Option<Secret<[u8; 32]>>,
    pub admin_email: Option<String>,
    pub admin_password: Option<Secret>,
    /// The seed of the sending profile; its `spf` is empty where none was set.
    pub profile: SendingProfile,
    /// Empty: the system's.
    pub dns_resolvers: Vec<SocketAddr>,
    /// False: never ask a zone's nameservers.
    pub dns_direct: bool,
    pub dns_authority_port: u16,
    pub dns_allow_private: bool,
    pub smtp_url: Option<Secret>,
    pub mail_from: Option<String>,
    /// False: this replica serves pages and API only.
    pub has_verifier: bool,
}

impl Config {
    /// Reads the settings. `flags` has the names of variables and counts first. Gives the warnings too; fails with the
    /// first unusable setting.
    pub fn load(
        env: &BTreeMap<String, String>,
        flags: &BTreeMap<String, String>,
    ) -> Result<(Self, Vec<String>), ConfigError> {
        let settings = Settings { env, flags };
        let listen = settings.read("SIGNET_LISTEN", parse::listen)?;
        let listen = listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)));
        let public_url = settings.read_hidden("SIGNET_PUBLIC_URL", parse::public_url)?;
        let config = Self {
            database_url: settings.read_hidden("DATABASE_URL", parse::database_url)?,
            data_dir: settings.read("SIGNET_DATA_DIR", |text| Ok(text.into()))?.unwrap_or_else(|| "./data".into()),
            listen,
            is_public_url_default: public_url.is_none(),
            public_url: public_url.unwrap_or_else(|| format!("http://{listen}")),
            trusted_proxies: settings.read("SIGNET_TRUSTED_PROXIES", parse::networks)?.unwrap_or_default(),
            secret_key: settings.read_hidden("SIGNET_SECRET_KEY", parse::secret_key)?,
            admin_email: settings.read("SIGNET_ADMIN_EMAIL", parse::email)?,
            admin_password: settings.read_hidden("SIGNET_ADMIN_PASSWORD", |text| Ok(Secret::new(text.to_owned())))?,
            profile: read_profile(&settings)?,
            dns_resolvers: settings.read("SIGNET_DNS_RESOLVERS", parse::resolvers)?.unwrap_or_default(),
            dns_direct: settings.read("SIGNET_DNS_DIRECT", parse::switch)?.unwrap_or(true),
            dns_authority_port: settings.read("SIGNET_DNS_AUTHORITY_PORT", parse::port)?.unwrap_or(53),
            dns_allow_private: settings.read("SIGNET_DNS_ALLOW_PRIVATE", parse::switch)?.unwrap_or(false),
            smtp_url: settings.read_hidden("SIGNET_SMTP_URL", parse::smtp_url)?,
            mail_from: settings.read("SIGNET_MAIL_FROM", parse::mail_from)?,
            has_verifier: settings.read("SIGNET_VERIFIER", parse::switch)?.unwrap_or(true),
        };
        config.check_pairs()?;
        Ok((config, settings.warnings()))
    }

    /// What only a command that opens the sealed keys needs: a key of its own beside a database of its own, so that
    /// replicas agree on it.
    pub fn check_for_serving(&self) -> Result<(), ConfigError> {
        if self.database_url.is_some() && self.secret_key.is_none() {
            return Err(ConfigError(
                "SIGNET_SECRET_KEY is not set and is required with DATABASE_URL; 32 bytes in base64, such as `openssl rand -base64 32` prints, are accepted".into(),
            ));
        }
        Ok(())
    }

    fn check_pairs(&self) -> Result<(), ConfigError> {
        let needs = |set: &str, missing: &str| {
            Err(ConfigError(format!("{missing} is not set and {set} is; both or neither are accepted")))
        };
        match (&self.admin_email, &self.admin_password) {
            (Some(_), None) => return needs("SIGNET_ADMIN_EMAIL", "SIGNET_ADMIN_PASSWORD"),
            (None, Some(_)) => return needs("SIGNET_ADMIN_PASSWORD", "SIGNET_ADMIN_EMAIL"),
            _ => {}
        }
        if self.smtp_url.is_some() && self.mail_from.is_none() {
            return needs("SIGNET_SMTP_URL", "SIGNET_MAIL_FROM");
        }
        Ok(())
    }
}

fn read_profile(settings: &Settings<'_>) -> Result<SendingProfile, ConfigError> {
    Ok(SendingProfile {
        spf: settings.read("SIGNET_SPF", ProfileMechanism::parse_list)?.unwrap_or_default(),
        mx: settings.read("SIGNET_MX", BounceMx::parse)?,
        return_path: settings.read("SIGNET_RETURN_PATH", CnameOffer::parse)?,
        tracking: settings.read("SIGNET_TRACKING", CnameOffer::parse)?,
        dmarc: settings.read("SIGNET_DMARC", DmarcOffer::parse)?.unwrap_or_default(),
        selector_prefix: settings.read("SIGNET_SELECTOR_PREFIX", parse::selector_prefix)?.unwrap_or_else(|| "s".into()),
    })
}

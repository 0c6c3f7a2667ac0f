//! The names of the settings, and how one is looked up: flag, variable, or the file that `…_FILE` names.

use std::collections::BTreeMap;
use std::fmt;

/// An unusable setting, in one line: its name, what it held (unless a secret or a URL), what is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(pub(super) String);

impl ConfigError {
    /// `message` is the line: setting, what it held unless it is a secret or a URL, what is accepted.
    pub fn new(message: String) -> Self {
        Self(message)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

/// Settings that may be told in a message.
const OPEN: &[&str] = &[
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

/// Settings that are or hold secrets; each may also be given as a file.
const SECRET: &[&str] = &["DATABASE_URL", "SIGNET_SECRET_KEY", "SIGNET_ADMIN_PASSWORD", "SIGNET_SMTP_URL"];

/// What was set. A flag counts before a variable; what is empty or blank counts as not set.
pub(super) struct Settings<'a> {
    pub env: &'a BTreeMap<String, String>,
    pub flags: &'a BTreeMap<String, String>,
}

impl Settings<'_> {
    fn find(&self, name: &str) -> Option<&str> {
        let set = |map: &'_ BTreeMap<String, String>| map.get(name).is_some_and(|text| !text.trim().is_empty());
        let map = [self.flags, self.env].into_iter().find(|map| set(map))?;
        map.get(name).map(|text| text.trim())
    }

    /// Reads an open setting. `parse` fails with a clause that continues “which …” and says what is accepted.
    pub fn read<T>(&self, name: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, ConfigError> {
        let Some(text) = self.find(name) else { return Ok(None) };
        parse(text).map(Some).map_err(|clause| ConfigError(format!("{name} holds {text:?}, which {clause}")))
    }

    /// Reads a setting whose content is told to nobody. `parse` fails as for [`Settings::read`].
    pub fn read_hidden<T>(
        &self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, ConfigError> {
        let text = match (self.find(name), self.find(&format!("{name}_FILE"))) {
            (Some(_), Some(_)) => {
                return Err(ConfigError(format!("{name} and {name}_FILE are both set; one is accepted")));
            }
            (Some(text), None) => text.to_owned(),
            (None, Some(path)) => read_file(name, path)?,
            (None, None) => return Ok(None),
        };
        parse(&text).map(Some).map_err(|clause| ConfigError(format!("{name} {clause}")))
    }

    /// A sentence for each `SIGNET_…` variable that is no setting.
    pub fn warnings(&self) -> Vec<String> {
        let known: Vec<String> = OPEN
            .iter()
            .chain(SECRET)
            .map(ToString::to_string)
            .chain(SECRET.iter().map(|name| format!("{name}_FILE")))
            .collect();
        let unknown = self.env.keys().filter(|name| name.starts_with("SIGNET_") && !known.contains(name));
        unknown
            .map(|name| {
                let nearest = known.iter().min_by_key(|candidate| strsim::damerau_levenshtein(name, candidate));
                let nearest = nearest.map(String::as_str).unwrap_or_default();
                format!("{name} is not a setting and is ignored; the nearest name is {nearest}")
            })
            .collect()
    }
}

/// The content of a secret's file, without the line break at its end.
fn read_file(name: &str, path: &str) -> Result<String, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError(format!("{name}_FILE holds {path:?}, which cannot be read: {error}")))?;
    let text = text.trim();
    if text.is_empty() {
        return Err(ConfigError(format!(
            "{name}_FILE holds {path:?}, which is empty; a file with the value is accepted"
        )));
    }
    Ok(text.to_owned())
}

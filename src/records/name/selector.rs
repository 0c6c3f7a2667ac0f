//! DKIM selectors (RFC 6376 section 3.1).

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{DomainName, MAX_LABEL_LENGTH, OwnerName};

/// A DKIM selector: one or more host-name labels (RFC 6376 section 3.1), at most 63 bytes in all here, lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Selector(String);

/// Why a text is no selector.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not a selector; 1 to 63 letters, digits, hyphens and single dots are accepted")]
pub struct SelectorError(pub String);

impl Selector {
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let lower = text.to_ascii_lowercase();
        let is_label = |label: &str| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        if lower.len() <= MAX_LABEL_LENGTH && lower.split('.').all(is_label) {
            return Ok(Self(lower));
        }
        Err(SelectorError(text.chars().take(80).collect()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `SELECTOR._domainkey.DOMAIN` (RFC 6376 section 3.6.2.1).
    pub fn owner(&self, domain: &DomainName) -> OwnerName {
        domain.prefixed(&format!("{}._domainkey", self.0))
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Selector {
    type Error = SelectorError;
    fn try_from(text: String) -> Result<Self, SelectorError> {
        Self::parse(&text)
    }
}

impl From<Selector> for String {
    fn from(selector: Selector) -> Self {
        selector.0
    }
}

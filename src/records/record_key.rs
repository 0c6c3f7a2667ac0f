//! Which record of a domain: the `KEY` of pages and API.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Selector;

/// Which record of a domain: the `KEY` of `/domains/NAME/records/KEY`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum RecordKey {
    Dkim(Selector),
    Spf,
    Dmarc,
    Mx,
    ReturnPath,
    Tracking,
}

impl fmt::Display for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dkim(selector) => write!(f, "dkim-{selector}"),
            Self::Spf => f.write_str("spf"),
            Self::Dmarc => f.write_str("dmarc"),
            Self::Mx => f.write_str("mx"),
            Self::ReturnPath => f.write_str("return-path"),
            Self::Tracking => f.write_str("tracking"),
        }
    }
}

impl FromStr for RecordKey {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "spf" => Self::Spf,
            "dmarc" => Self::Dmarc,
            "mx" => Self::Mx,
            "return-path" => Self::ReturnPath,
            "tracking" => Self::Tracking,
            other => {
                let selector = other.strip_prefix("dkim-").ok_or_else(|| format!("{other:?} names no record"))?;
                Self::Dkim(Selector::parse(selector).map_err(|error| error.to_string())?)
            }
        })
    }
}

impl TryFrom<String> for RecordKey {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<RecordKey> for String {
    fn from(key: RecordKey) -> Self {
        key.to_string()
    }
}

impl RecordKey {
    /// The contract's `purpose`.
    pub fn purpose(&self) -> &'static str {
        match self {
            Self::Dkim(_) => "dkim",
            Self::Spf => "spf",
            Self::Dmarc => "dmarc",
            Self::Mx => "mx",
            Self::ReturnPath => "return-path",
            Self::Tracking => "tracking",
        }
    }
}

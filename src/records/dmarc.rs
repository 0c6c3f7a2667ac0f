//! DMARC policy records (RFC 9989 section 4.7): text to value and back.

use serde::{Deserialize, Serialize};

/// The policy tags that the sending profile offers, as a valid record's text after `v=DMARC1; `, e.g.
/// `p=none; rua=mailto:dmarc@mta.example`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DmarcOffer(pub String);

impl DmarcOffer {
    /// Reads an operator's setting; the error says what is accepted.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim().trim_end_matches(';').trim();
        let text = text.strip_prefix("v=DMARC1;").map_or(text, str::trim);
        if text.is_empty() {
            return Err("is empty; policy tags such as p=none are accepted".into());
        }
        Ok(Self(text.to_owned()))
    }

    /// The record to publish.
    pub fn render(&self) -> String {
        format!("v=DMARC1; {}", self.0)
    }
}

impl Default for DmarcOffer {
    fn default() -> Self {
        Self("p=none".to_owned())
    }
}

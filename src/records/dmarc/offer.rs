//! The policy that the sending profile offers to every domain: read strictly, so that no customer publishes a flaw of
//! ours.

use serde::{Deserialize, Serialize};

use super::flaw_of;
use crate::records::tags::{Blanks, Flaw, TagList};

/// The policy tags that the sending profile offers, as a valid record's text after `v=DMARC1; `, e.g.
/// `p=none; rua=mailto:dmarc@mta.example`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DmarcOffer(String);

impl DmarcOffer {
    /// Reads an operator's setting strictly; the error continues "this setting …" and says which tag, what it held, and what is accepted.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim().trim_end_matches(';').trim();
        let text = text.strip_prefix("v=DMARC1;").map_or(text, str::trim);
        if text.is_empty() {
            return Err("is empty; policy tags such as p=none are accepted".into());
        }
        let tags = TagList::parse(text, Blanks::Plain);
        if let Some(piece) = tags.problems.iter().find(|problem| problem.flaw == Flaw::NotATag) {
            let piece = &text[piece.span.clone()];
            return Err(format!("has the piece {piece:?}; tags such as p=none, separated by semicolons, are accepted"));
        }
        for (at, tag) in tags.tags.iter().enumerate() {
            if tags.position(&tag.name) != Some(at) {
                return Err(format!("has the tag {} twice; each tag may stand once", tag.name));
            }
            check_offered(&tag.name, &tag.value)?;
        }
        if tags.get("p").is_none() {
            return Err("has no p tag; p=none, p=quarantine or p=reject is needed".into());
        }
        let tags: Vec<String> = tags.tags.iter().map(|tag| format!("{}={}", tag.name, tag.value)).collect();
        Ok(Self(tags.join("; ")))
    }

    /// The tags alone, as an operator edits them.
    pub fn tags(&self) -> &str {
        &self.0
    }

    /// The record to publish.
    pub fn render(&self) -> String {
        format!("v=DMARC1; {}", self.0)
    }
}

fn check_offered(name: &str, value: &str) -> Result<(), String> {
    let accepted = match name {
        "p" | "sp" | "np" => "none, quarantine or reject",
        "adkim" | "aspf" => "r or s",
        "t" => "y or n",
        "rua" | "ruf" => "mailto: addresses separated by commas",
        "fo" => "0, 1, d and s, separated by colons",
        "pct" | "rf" | "ri" => return Err(format!("has the tag {name}, which RFC 9989 removed; leave it out")),
        _ => return Err(format!("has the tag {name}; p, sp, np, t, adkim, aspf, rua, ruf and fo are accepted")),
    };
    if flaw_of(name, value).is_none() && !value.contains(['!', '"', '\\']) && value.is_ascii() {
        return Ok(());
    }
    Err(format!("has {name}={value:?}; {accepted} is accepted"))
}

impl Default for DmarcOffer {
    fn default() -> Self {
        Self("p=none".to_owned())
    }
}

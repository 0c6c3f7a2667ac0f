//! Any name that DNS knows (RFC 1035 section 2.3.4), as the owner of records.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{DomainName, MAX_LABEL_LENGTH, MAX_NAME_LENGTH};

/// Any DNS name: lower-case presentation form (RFC 4343 folds ASCII case), no final dot, the root is empty. Bytes
/// outside printable ASCII, dots and backslashes inside a label stand escaped (`\DDD`, `\.`), as in a zone file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OwnerName(pub(super) String);

impl OwnerName {
    /// Takes presentation text as the caller has it; folds ASCII case and one final dot. Nothing else is checked:
    /// names out of DNS packets and out of SPF macros may be anything.
    pub fn new(text: &str) -> Self {
        let text = if text.ends_with("\\.") { text } else { text.strip_suffix('.').unwrap_or(text) };
        Self(text.to_ascii_lowercase())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The labels from left to right, escapes kept.
    pub fn labels(&self) -> Vec<&str> {
        let mut labels = Vec::new();
        let mut start = 0;
        let mut is_escaped = false;
        for (at, byte) in self.0.bytes().enumerate() {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'.' => {
                    labels.push(&self.0[start..at]);
                    start = at + 1;
                }
                _ => {}
            }
        }
        if !self.0.is_empty() {
            labels.push(&self.0[start..]);
        }
        labels
    }

    /// The name without its leftmost label; `None` at the root.
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        let mut is_escaped = false;
        let end = self.0.bytes().position(|byte| {
            let is_end = byte == b'.' && !is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            is_end
        });
        Some(Self(end.map_or("", |end| &self.0[end + 1..]).to_owned()))
    }

    /// Whether this name is `zone` or lies below it.
    pub fn is_within(&self, zone: &Self) -> bool {
        zone.is_root()
            || self.0 == zone.0
            || self.0.strip_suffix(&zone.0).is_some_and(|rest| rest.ends_with('.') && !rest.ends_with("\\."))
    }

    pub fn prefixed(&self, prefix: &str) -> Self {
        if self.is_root() { Self::new(prefix) } else { Self(format!("{}.{}", prefix.to_ascii_lowercase(), self.0)) }
    }

    /// Whether the name can be put on the wire: labels of 1 to 63 bytes, 253 in all, escapes counted as one byte.
    pub fn fits_the_wire(&self) -> bool {
        let (mut label, mut whole) = (0, 0);
        let mut bytes = self.0.bytes().peekable();
        while let Some(byte) = bytes.next() {
            match byte {
                b'.' if label == 0 || label > MAX_LABEL_LENGTH => return false,
                b'.' => {
                    whole += label + 1;
                    label = 0;
                    continue;
                }
                b'\\' => {
                    let skip = if bytes.peek().is_some_and(u8::is_ascii_digit) { 3 } else { 1 };
                    bytes.by_ref().take(skip).for_each(drop);
                }
                _ => {}
            }
            label += 1;
        }
        self.is_root() || ((1..=MAX_LABEL_LENGTH).contains(&label) && whole + label <= MAX_NAME_LENGTH)
    }

    /// The host as typed at the DNS provider: relative to `zone`, `@` at the zone itself; the whole name where it
    /// does not lie in the zone.
    pub fn host_in(&self, zone: &Self) -> String {
        if self == zone {
            return "@".to_owned();
        }
        if !self.is_within(zone) || zone.is_root() {
            return self.0.clone();
        }
        self.0[..self.0.len() - zone.0.len() - 1].to_owned()
    }
}

impl fmt::Display for OwnerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "." } else { &self.0 })
    }
}

impl From<&DomainName> for OwnerName {
    fn from(name: &DomainName) -> Self {
        name.owner()
    }
}

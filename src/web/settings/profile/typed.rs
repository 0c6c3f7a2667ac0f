//! The fields of the profile's form, as typed and as read.

use serde::Deserialize;

use crate::records::Selector;
use crate::records::dmarc::DmarcOffer;
use crate::records::plan::{BounceMx, CnameOffer, SendingProfile};
use crate::records::spf::ProfileMechanism;
use crate::web::forms::Mistakes;

const DEFAULT_SELECTOR_PREFIX: &str = "s";

#[derive(Debug, Default, Deserialize)]
pub struct Typed {
    #[serde(default)]
    pub spf: String,
    #[serde(default)]
    pub mx: String,
    #[serde(default)]
    pub return_path: String,
    #[serde(default)]
    pub tracking: String,
    #[serde(default)]
    pub dmarc: String,
    #[serde(default)]
    pub selector_prefix: String,
    /// `2` where the form is setup's second step.
    #[serde(default)]
    pub step: String,
    /// The version that was edited.
    #[serde(default)]
    pub base: String,
    /// The day until whose end old values count, as YYYY-MM-DD.
    #[serde(default)]
    pub cut_over: String,
    /// What was pressed: nothing but `Save` in the form itself, `save` or `edit` below the preview.
    #[serde(default)]
    pub then: String,
}

impl Typed {
    pub fn of(profile: &SendingProfile) -> Self {
        let cname = |offer: &Option<CnameOffer>| {
            offer.as_ref().map(|offer| format!("{} {}", offer.label, offer.target)).unwrap_or_default()
        };
        let prefix = profile.selector_prefix.as_str();
        Self {
            spf: profile.spf.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            mx: profile.mx.as_ref().map(|mx| format!("{} {}", mx.priority, mx.host)).unwrap_or_default(),
            return_path: cname(&profile.return_path),
            tracking: cname(&profile.tracking),
            dmarc: profile.dmarc.tags().to_owned(),
            selector_prefix: if prefix.is_empty() { DEFAULT_SELECTOR_PREFIX } else { prefix }.to_owned(),
            ..Self::default()
        }
    }

    pub fn read(&self) -> Result<SendingProfile, Mistakes> {
        let mut mistakes = Mistakes::default();
        let spf = note(&mut mistakes, "spf", "The SPF field", ProfileMechanism::parse_list(&self.spf));
        let mx = note(&mut mistakes, "mx", "The bounce MX", optional(&self.mx, BounceMx::parse));
        let return_path =
            note(&mut mistakes, "return_path", "The return path", optional(&self.return_path, CnameOffer::parse));
        let tracking = note(&mut mistakes, "tracking", "Tracking", optional(&self.tracking, CnameOffer::parse));
        let dmarc = note(&mut mistakes, "dmarc", "The DMARC field", read_dmarc(&self.dmarc));
        let prefix = note(&mut mistakes, "selector_prefix", "The selector prefix", read_prefix(&self.selector_prefix));
        match (spf, mx, return_path, tracking, dmarc, prefix) {
            (Some(spf), Some(mx), Some(return_path), Some(tracking), Some(dmarc), Some(selector_prefix)) => {
                Ok(SendingProfile { spf, mx, return_path, tracking, dmarc, selector_prefix })
            }
            _ => Err(mistakes),
        }
    }
}

fn note<T>(mistakes: &mut Mistakes, field: &str, label: &str, read: Result<T, String>) -> Option<T> {
    read.map_err(|says| mistakes.add(field, label, &says)).ok()
}

fn optional<T>(text: &str, parse: fn(&str) -> Result<T, String>) -> Result<Option<T>, String> {
    if text.trim().is_empty() { Ok(None) } else { parse(text).map(Some) }
}

/// Empty: `p=none`, as for a setting that is not set.
fn read_dmarc(text: &str) -> Result<DmarcOffer, String> {
    optional(text, DmarcOffer::parse).map(Option::unwrap_or_default)
}

fn read_prefix(text: &str) -> Result<String, String> {
    let text = if text.trim().is_empty() { DEFAULT_SELECTOR_PREFIX } else { text.trim() };
    let is_short = text.len() <= 20;
    Selector::parse(text)
        .ok()
        .filter(|_| is_short)
        .map(String::from)
        .ok_or_else(|| "is not usable; 1 to 20 letters, digits and hyphens are accepted".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_prefix_is_short_and_a_label() {
        assert_eq!(read_prefix(""), Ok("s".into()));
        assert!(read_prefix("a b").is_err() && read_prefix(&"a".repeat(21)).is_err());
    }

    #[test]
    fn a_profile_is_read_as_it_was_shown() {
        let profile = SendingProfile {
            spf: ProfileMechanism::parse_list("include:spf.mta.example ip4:192.0.2.0/24").unwrap(),
            mx: Some(BounceMx::parse("10 bounce.mta.example").unwrap()),
            return_path: Some(CnameOffer::parse("bounce rp.mta.example").unwrap()),
            tracking: None,
            dmarc: DmarcOffer::parse("p=none; rua=mailto:dmarc@mta.example").unwrap(),
            selector_prefix: "mta".into(),
        };
        assert_eq!(Typed::of(&profile).read().unwrap(), profile);
    }
}

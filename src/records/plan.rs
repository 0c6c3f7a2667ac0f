//! Sending profile + domain + keys → the records to publish (contract, section 3).

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::dkim::DkimPublicKey;
use super::dmarc::DmarcOffer;
pub use super::record_key::RecordKey;
use super::spf::ProfileMechanism;
use super::{DomainName, OwnerName, Selector};

/// What this platform asks of every domain. Without an SPF mechanism no domain can be created.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendingProfile {
    pub spf: Vec<ProfileMechanism>,
    pub mx: Option<BounceMx>,
    pub return_path: Option<CnameOffer>,
    pub tracking: Option<CnameOffer>,
    pub dmarc: DmarcOffer,
    /// What generated selectors start with.
    pub selector_prefix: String,
}

/// The bounce host that customers publish as MX.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BounceMx {
    pub priority: u16,
    pub host: DomainName,
}

/// `LABEL.domain CNAME TARGET`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CnameOffer {
    /// One or more labels, lower case.
    pub label: String,
    pub target: DomainName,
}

impl BounceMx {
    /// Reads `PRIORITY HOST`; the error says what is accepted.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let (Some(priority), Some(host), None) = (words.next(), words.next(), words.next()) else {
            return Err("is not PRIORITY HOST, such as 10 bounce.mta.example".into());
        };
        let priority =
            priority.parse().map_err(|_| format!("has the priority {priority:?}; 0 to 65535 is accepted"))?;
        let host = DomainName::parse(host).map_err(|error| format!("has a host that {error}"))?;
        Ok(Self { priority, host })
    }
}

impl CnameOffer {
    /// Reads `LABEL TARGET`; the error says what is accepted.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let (Some(label), Some(target), None) = (words.next(), words.next(), words.next()) else {
            return Err("is not LABEL TARGET, such as bounce rp.mta.example".into());
        };
        let label = Selector::parse(label)
            .map_err(|_| format!("has the label {label:?}; letters, digits and hyphens are accepted"))?;
        let target = DomainName::parse(target).map_err(|error| format!("has a target that {error}"))?;
        Ok(Self { label: label.into(), target })
    }
}

/// A DKIM key of a domain, as far as DNS is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedKey {
    pub selector: Selector,
    pub public: DkimPublicKey,
    /// The first key and any active one are required; an additional Ed25519 key and one being rolled in are not.
    pub is_required: bool,
}

/// What `plan` is made from.
#[derive(Debug, Clone)]
pub struct PlanInput<'a> {
    pub domain: &'a DomainName,
    pub profile: &'a SendingProfile,
    pub keys: &'a [PlannedKey],
    /// Keys that this domain had at any selector before; an answer that is one of them is called by its name.
    pub older_keys: &'a [DkimPublicKey],
    /// False where the name already receives mail elsewhere (decided once, by the first answered check); `None`
    /// before that.
    pub is_mx_required: Option<bool>,
}

/// The records that a domain publishes, in the order that people see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub domain: DomainName,
    pub records: Vec<PlannedRecord>,
    /// Bounce hosts of this platform that the profile no longer names: not ours any more, and nobody's own mail.
    pub former_mx: Vec<OwnerName>,
    /// What the profile's own names are broken for: the verdicts that hang on it are unknown.
    pub broken: Vec<RecordKey>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRecord {
    pub key: RecordKey,
    pub owner: OwnerName,
    pub wanted: Wanted,
    pub is_required: bool,
    /// What an edited profile asked for before, as long as that is accepted too; the newest first.
    pub alternatives: Vec<Alternative>,
}

/// What satisfies a record as well, until a cut-over date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternative {
    pub owner: OwnerName,
    pub wanted: Wanted,
    pub accepted_until: OffsetDateTime,
}

/// What satisfies a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// `public` is `None` where any valid key does (`signet check` has no account).
    Dkim {
        selector: Selector,
        public: Option<DkimPublicKey>,
        older: Vec<DkimPublicKey>,
    },
    /// Every server of these must pass; empty where our servers are not known (`signet check` without `SIGNET_SPF`).
    Spf {
        mechanisms: Vec<ProfileMechanism>,
    },
    Dmarc {
        offer: DmarcOffer,
    },
    /// `None`: no host of ours is known (`signet check` without `SIGNET_MX`), and an absent MX is no error.
    Mx {
        offer: Option<BounceMx>,
        /// An answered check has decided whether our host is required (contract, section 3).
        is_decided: bool,
    },
    Cname {
        target: DomainName,
        is_tracking: bool,
    },
}

/// The DNS type of a planned record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum PlannedType {
    Txt,
    Mx,
    Cname,
}

impl PlannedType {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Txt => "TXT",
            Self::Mx => "MX",
            Self::Cname => "CNAME",
        }
    }
}

impl PlannedRecord {
    /// The record as an edited profile asked for it before.
    pub fn with(&self, alternative: &Alternative) -> Self {
        Self {
            owner: alternative.owner.clone(),
            wanted: alternative.wanted.clone(),
            alternatives: Vec::new(),
            ..self.clone()
        }
    }

    /// Every name at which it may stand.
    pub fn owners(&self) -> impl Iterator<Item = &OwnerName> {
        let old = self.alternatives.iter().map(|old| &old.owner).filter(|owner| **owner != self.owner);
        std::iter::once(&self.owner).chain(old)
    }

    pub fn rtype(&self) -> PlannedType {
        match self.wanted {
            Wanted::Dkim { .. } | Wanted::Spf { .. } | Wanted::Dmarc { .. } => PlannedType::Txt,
            Wanted::Mx { .. } => PlannedType::Mx,
            Wanted::Cname { .. } => PlannedType::Cname,
        }
    }

    /// The value that is ours alone, as typed at the provider; empty where none is known.
    pub fn value(&self) -> String {
        match &self.wanted {
            Wanted::Dkim { public, .. } => public.as_ref().map(DkimPublicKey::render).unwrap_or_default(),
            Wanted::Spf { mechanisms } if mechanisms.is_empty() => String::new(),
            Wanted::Spf { mechanisms } => {
                let terms: Vec<String> = mechanisms.iter().map(ToString::to_string).collect();
                format!("v=spf1 {} ~all", terms.join(" "))
            }
            Wanted::Dmarc { offer } => offer.render(),
            Wanted::Mx { offer, .. } => offer.as_ref().map(|mx| mx.host.to_string()).unwrap_or_default(),
            Wanted::Cname { target, .. } => target.to_string(),
        }
    }

    pub fn priority(&self) -> Option<u16> {
        match &self.wanted {
            Wanted::Mx { offer, .. } => offer.as_ref().map(|mx| mx.priority),
            _ => None,
        }
    }
}

/// The records of a domain: DKIM keys, SPF, DMARC, then MX, return path and tracking where the profile has them.
pub fn plan(input: &PlanInput<'_>) -> Plan {
    let domain = input.domain;
    let record =
        |key, owner, wanted, is_required| PlannedRecord { key, owner, wanted, is_required, alternatives: Vec::new() };
    let mut records: Vec<PlannedRecord> = input
        .keys
        .iter()
        .map(|key| {
            let wanted = Wanted::Dkim {
                selector: key.selector.clone(),
                public: Some(key.public.clone()),
                older: input.older_keys.to_vec(),
            };
            record(RecordKey::Dkim(key.selector.clone()), key.selector.owner(domain), wanted, key.is_required)
        })
        .collect();
    let profile = input.profile;
    records.push(record(RecordKey::Spf, domain.owner(), Wanted::Spf { mechanisms: profile.spf.clone() }, true));
    records.push(record(
        RecordKey::Dmarc,
        domain.prefixed("_dmarc"),
        Wanted::Dmarc { offer: profile.dmarc.clone() },
        true,
    ));
    if let Some(mx) = &profile.mx {
        let is_required = input.is_mx_required.unwrap_or(true);
        let wanted = Wanted::Mx { offer: Some(mx.clone()), is_decided: input.is_mx_required.is_some() };
        records.push(record(RecordKey::Mx, domain.owner(), wanted, is_required));
    }
    for (key, offer, is_tracking) in
        [(RecordKey::ReturnPath, &profile.return_path, false), (RecordKey::Tracking, &profile.tracking, true)]
    {
        if let Some(CnameOffer { label, target }) = offer {
            let wanted = Wanted::Cname { target: target.clone(), is_tracking };
            records.push(record(key, domain.prefixed(label), wanted, !is_tracking));
        }
    }
    Plan { domain: domain.clone(), records, former_mx: Vec::new(), broken: Vec::new() }
}

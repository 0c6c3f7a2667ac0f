//! The names and types under which people publish a record that belongs elsewhere.

use super::super::observed::{Observed, RecordType};
use super::super::primary_type;
use crate::records::OwnerName;
use crate::records::plan::{Plan, PlannedRecord, Wanted};

/// A place where a record may have gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub name: OwnerName,
    pub rtype: RecordType,
    pub slip: Slip,
}

/// What was typed wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slip {
    /// The name ends in the zone twice.
    Doubled,
    /// The subdomain was left out.
    Above,
    /// The subdomain stands there twice.
    SubdomainTwice,
    /// The domain's own name, without what belongs in front.
    Itself,
    UnderscoreLost,
    /// `\_` as in some zone files.
    UnderscoreEscaped,
    /// `SELECTOR.DOMAIN`.
    DomainkeyLeftOut,
    /// `_domainkey.DOMAIN`.
    SelectorLeftOut,
    /// `_domainkey.SELECTOR.DOMAIN`.
    Swapped,
    /// `SELECTOR_domainkey.DOMAIN`.
    DotLost,
    /// A label that is `@`.
    At,
    Www,
    /// The right name, another type.
    Type,
}

impl Slip {
    /// The sentence that says it; `None` for the plain one.
    pub fn variant(self) -> Option<&'static str> {
        match self {
            Self::Above => Some("above"),
            Self::SubdomainTwice => Some("subdomain-twice"),
            Self::Itself => Some("itself"),
            Self::UnderscoreLost => Some("underscore"),
            Self::UnderscoreEscaped => Some("escaped"),
            Self::DomainkeyLeftOut => Some("domainkey"),
            Self::At => Some("at"),
            Self::SelectorLeftOut | Self::Swapped | Self::DotLost | Self::Www | Self::Doubled | Self::Type => None,
        }
    }
}

/// The deepest known zone that holds the name and is not above the registrable domain.
pub fn zone_of(plan: &Plan, owner: &OwnerName, observed: &Observed) -> OwnerName {
    let registrable = plan.domain.registrable().owner();
    let zone = observed.zone_of(owner).map(|facts| &facts.zone).filter(|zone| zone.is_within(&registrable));
    zone.cloned().unwrap_or(registrable)
}

/// The name with its zone behind it once more.
pub fn doubled(plan: &Plan, owner: &OwnerName, observed: &Observed) -> OwnerName {
    OwnerName::new(&format!("{owner}.{}", zone_of(plan, owner, observed)))
}

/// The likely other places of a record, likeliest first.
pub fn of(plan: &Plan, record: &PlannedRecord, observed: &Observed) -> Vec<Place> {
    let rtype = primary_type(record);
    let names = names(plan, record, observed).into_iter();
    let elsewhere = names.filter(|(_, name)| *name != record.owner).map(|(slip, name)| Place { name, rtype, slip });
    let types = other_types(record).iter();
    let retyped = types.map(|rtype| Place { name: record.owner.clone(), rtype: *rtype, slip: Slip::Type });
    elsewhere.chain(retyped).collect()
}

fn names(plan: &Plan, record: &PlannedRecord, observed: &Observed) -> Vec<(Slip, OwnerName)> {
    let domain = plan.domain.owner();
    let domain_zone = zone_of(plan, &domain, observed);
    let prefix = (record.owner != domain).then(|| record.owner.host_in(&domain));
    let below = |name: &OwnerName| prefix.as_ref().map_or_else(|| name.clone(), |prefix| name.prefixed(prefix));
    let mut names = vec![(Slip::Doubled, doubled(plan, &record.owner, observed))];
    // A policy above is inherited, so it is no mistake.
    if !matches!(record.wanted, Wanted::Dmarc { .. }) {
        names.extend(between(&domain, &domain_zone).into_iter().map(|above| (Slip::Above, below(&above))));
    }
    if domain != domain_zone {
        names.push((Slip::SubdomainTwice, below(&domain.prefixed(&domain.host_in(&domain_zone)))));
    }
    match &record.wanted {
        Wanted::Dkim { selector, .. } => names.extend(of_key(&domain, selector.as_str())),
        Wanted::Dmarc { .. } => names.extend([
            (Slip::Itself, domain.clone()),
            (Slip::UnderscoreLost, domain.prefixed("dmarc")),
            (Slip::UnderscoreEscaped, domain.prefixed("\\\\_dmarc")),
        ]),
        Wanted::Spf { .. } | Wanted::Mx { .. } if domain == domain_zone => {
            names.push((Slip::At, domain.prefixed("@")));
        }
        Wanted::Spf { .. } | Wanted::Mx { .. } | Wanted::Cname { .. } => {}
    }
    names.push((Slip::Www, below(&domain.prefixed("www"))));
    names
}

fn of_key(domain: &OwnerName, selector: &str) -> [(Slip, OwnerName); 7] {
    [
        (Slip::DomainkeyLeftOut, domain.prefixed(selector)),
        (Slip::UnderscoreLost, domain.prefixed(&format!("{selector}.domainkey"))),
        (Slip::UnderscoreEscaped, domain.prefixed(&format!("{selector}.\\\\_domainkey"))),
        (Slip::Itself, domain.clone()),
        (Slip::SelectorLeftOut, domain.prefixed("_domainkey")),
        (Slip::DotLost, domain.prefixed(&format!("{selector}_domainkey"))),
        (Slip::Swapped, domain.prefixed(&format!("_domainkey.{selector}"))),
    ]
}

/// The names above `domain` up to `zone`, the zone first.
fn between(domain: &OwnerName, zone: &OwnerName) -> Vec<OwnerName> {
    let mut names = Vec::new();
    let mut at = domain.parent();
    while let Some(name) = at.filter(|name| name.is_within(zone)) {
        at = name.parent();
        names.push(name);
    }
    names.reverse();
    names
}

/// Types under which the same content is entered by mistake.
fn other_types(record: &PlannedRecord) -> &'static [RecordType] {
    match record.wanted {
        Wanted::Spf { .. } => &[RecordType::Spf, RecordType::Cname],
        Wanted::Dkim { .. } | Wanted::Dmarc { .. } => &[RecordType::Cname],
        Wanted::Mx { .. } => &[RecordType::Cname, RecordType::Txt],
        Wanted::Cname { .. } => &[RecordType::Txt, RecordType::Mx],
    }
}

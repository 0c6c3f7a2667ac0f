//! The sending profile over time: which version is in force, what is accepted beside it, and what an edit changes.

use time::{Date, Duration, OffsetDateTime, UtcOffset};

use super::OwnerName;
use super::plan::{Alternative, BounceMx, Plan, PlanInput, PlannedRecord, RecordKey, SendingProfile, Wanted, plan};
use super::spf::ProfileMechanism;

/// How long at least what an edit replaces is accepted beside the new value.
pub const SHORTEST_CUT_OVER: Duration = Duration::days(14);

/// One version of the profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileVersion {
    /// From 1.
    pub number: u32,
    pub profile: SendingProfile,
    pub saved_at: OffsetDateTime,
    /// A user's address, or `settings`.
    pub by: String,
    /// Until then, what satisfies the version before does as well; `None` for the first one.
    pub cut_over_at: Option<OffsetDateTime>,
}

/// A version that no longer counts, and is still accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerProfile {
    pub profile: SendingProfile,
    pub accepted_until: OffsetDateTime,
}

/// What domains are asked to publish now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileInForce {
    /// 0 before the first version.
    pub number: u32,
    pub profile: SendingProfile,
    /// The newest first.
    pub former: Vec<FormerProfile>,
    /// Every bounce host that the profile once named and does not now.
    pub former_mx: Vec<OwnerName>,
    /// The records whose part of the profile was found broken.
    pub broken: Vec<RecordKey>,
}

impl ProfileInForce {
    /// What counts at `now`, of all versions in any order.
    pub fn at(mut versions: Vec<ProfileVersion>, now: OffsetDateTime) -> Self {
        versions.sort_by_key(|version| std::cmp::Reverse(version.number));
        let Some(current) = versions.first().cloned() else { return Self::default() };
        let mut former = Vec::new();
        for pair in versions.windows(2) {
            let Some(accepted_until) = pair[0].cut_over_at.filter(|until| *until > now) else { continue };
            former.push(FormerProfile { profile: pair[1].profile.clone(), accepted_until });
        }
        let host = |profile: &SendingProfile| profile.mx.as_ref().map(|mx| mx.host.owner());
        let mut former_mx: Vec<OwnerName> = versions.iter().filter_map(|version| host(&version.profile)).collect();
        former_mx.retain(|old| Some(old) != host(&current.profile).as_ref());
        former_mx.sort();
        former_mx.dedup();
        Self { number: current.number, profile: current.profile, former, former_mx, broken: Vec::new() }
    }

    /// The plan of a domain with what is accepted beside it; whatever profile `input` names.
    pub fn plan(&self, input: &PlanInput<'_>) -> Plan {
        let mut now = plan(&PlanInput { profile: &self.profile, ..input.clone() });
        for former in &self.former {
            let before = plan(&PlanInput { profile: &former.profile, ..input.clone() });
            for record in &mut now.records {
                let old = before.records.iter().find(|old| old.key == record.key);
                if let Some(old) = old.filter(|old| is_another(record, old)) {
                    let (owner, wanted) = (old.owner.clone(), old.wanted.clone());
                    record.alternatives.push(Alternative { owner, wanted, accepted_until: former.accepted_until });
                }
            }
        }
        Plan { former_mx: self.former_mx.clone(), broken: self.broken.clone(), ..now }
    }
}

/// Whether the old value is satisfied by something else than the new one, and than what is accepted already. Any
/// policy satisfies DMARC, and an MX satisfies by its host.
fn is_another(record: &PlannedRecord, old: &PlannedRecord) -> bool {
    let host = |offer: &Option<BounceMx>| offer.as_ref().map(|mx| mx.host.clone());
    let is_same = |owner: &OwnerName, wanted: &Wanted| match (wanted, &old.wanted) {
        (Wanted::Dmarc { .. }, Wanted::Dmarc { .. }) => true,
        (Wanted::Mx { offer, .. }, Wanted::Mx { offer: old, .. }) => host(offer) == host(old),
        (wanted, old_wanted) => wanted == old_wanted && *owner == old.owner,
    };
    let known = record.alternatives.iter().map(|known| (&known.owner, &known.wanted));
    !known.chain([(&record.owner, &record.wanted)]).any(|(owner, wanted)| is_same(owner, wanted))
}

/// One thing that an edit changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// SPF terms that every domain is asked to publish.
    SpfAdded(Vec<ProfileMechanism>),
    /// SPF terms that no domain needs any more.
    SpfRemoved(Vec<ProfileMechanism>),
    Record {
        key: RecordKey,
        kind: ChangeKind,
    },
    /// The priority of the bounce MX: shown, not judged.
    MxPriority,
    /// The policy offered: any policy satisfies.
    Dmarc,
    SelectorPrefix,
}

/// What an edit does to one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    Added,
    Changed,
    Removed,
}

impl Change {
    /// Whether domains are asked to publish something.
    pub fn is_asked(&self) -> bool {
        match self {
            Self::SpfAdded(_) => true,
            Self::Record { kind, .. } => *kind != ChangeKind::Removed,
            Self::SpfRemoved(_) | Self::MxPriority | Self::Dmarc | Self::SelectorPrefix => false,
        }
    }

    /// Whether something that is published now stops doing its job on the cut-over date.
    pub fn is_cut_over(&self) -> bool {
        matches!(self, Self::SpfAdded(_) | Self::Record { kind: ChangeKind::Changed, .. })
    }
}

/// What differs from `old` in `new`, in the order of the form.
pub fn changes(old: &SendingProfile, new: &SendingProfile) -> Vec<Change> {
    let only_in = |these: &SendingProfile, those: &SendingProfile| -> Vec<ProfileMechanism> {
        these.spf.iter().filter(|term| !those.spf.contains(term)).cloned().collect()
    };
    let (added, removed) = (only_in(new, old), only_in(old, new));
    let mut found = Vec::new();
    if !added.is_empty() {
        found.push(Change::SpfAdded(added));
    }
    if !removed.is_empty() {
        found.push(Change::SpfRemoved(removed));
    }
    let host = |profile: &SendingProfile| profile.mx.as_ref().map(|mx| mx.host.clone());
    let mut record = |key: RecordKey, kind: Option<ChangeKind>| {
        found.extend(kind.map(|kind| Change::Record { key, kind }));
    };
    record(RecordKey::Mx, kind_of(host(old), host(new)));
    record(RecordKey::ReturnPath, kind_of(old.return_path.as_ref(), new.return_path.as_ref()));
    record(RecordKey::Tracking, kind_of(old.tracking.as_ref(), new.tracking.as_ref()));
    if host(old) == host(new) && old.mx != new.mx {
        found.push(Change::MxPriority);
    }
    if old.dmarc != new.dmarc {
        found.push(Change::Dmarc);
    }
    if old.selector_prefix != new.selector_prefix {
        found.push(Change::SelectorPrefix);
    }
    found
}

fn kind_of<T: PartialEq>(old: Option<T>, new: Option<T>) -> Option<ChangeKind> {
    match (old, new) {
        (None, Some(_)) => Some(ChangeKind::Added),
        (Some(_), None) => Some(ChangeKind::Removed),
        (Some(old), Some(new)) if old != new => Some(ChangeKind::Changed),
        _ => None,
    }
}

/// The moment until which the old value is accepted: the end of the day named, which is at least 14 days off; `None`
/// where it is sooner.
pub fn cut_over_at(day: Date, now: OffsetDateTime) -> Option<OffsetDateTime> {
    let end = day.next_day()?.midnight().assume_utc();
    (day >= first_cut_over_day(now)).then_some(end)
}

/// The soonest day of a cut-over.
pub fn first_cut_over_day(now: OffsetDateTime) -> Date {
    now.to_offset(UtcOffset::UTC).date().saturating_add(SHORTEST_CUT_OVER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::DomainName;
    use crate::records::plan::CnameOffer;
    use time::macros::{date, datetime};

    const NOON: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);

    fn profile(spf: &str) -> SendingProfile {
        SendingProfile { spf: ProfileMechanism::parse_list(spf).unwrap(), ..SendingProfile::default() }
    }

    fn version(number: u32, profile: SendingProfile, cut_over_in_days: Option<i64>) -> ProfileVersion {
        let cut_over_at = cut_over_in_days.map(|days| NOON + Duration::days(days));
        ProfileVersion { number, profile, saved_at: NOON, by: "ops@mta.example".into(), cut_over_at }
    }

    fn plan_of(in_force: &ProfileInForce) -> Plan {
        let (domain, profile) = (DomainName::parse("mail.example.com").unwrap(), SendingProfile::default());
        let input = PlanInput { domain: &domain, profile: &profile, keys: &[], older_keys: &[], is_mx_required: None };
        in_force.plan(&input)
    }

    fn record<'a>(plan: &'a Plan, key: &RecordKey) -> &'a PlannedRecord {
        plan.records.iter().find(|record| record.key == *key).unwrap()
    }

    #[test]
    fn an_old_value_is_accepted_until_its_own_cut_over() {
        let versions = vec![
            version(1, profile("include:a.mta.example"), None),
            version(2, profile("include:b.mta.example"), Some(14)),
            version(3, profile("include:c.mta.example"), Some(20)),
        ];
        let accepted = |days: i64| -> Vec<String> {
            let in_force = ProfileInForce::at(versions.clone(), NOON + Duration::days(days));
            let plan = plan_of(&in_force);
            let spf = record(&plan, &RecordKey::Spf);
            assert_eq!(spf.value(), "v=spf1 include:c.mta.example ~all");
            spf.alternatives.iter().map(|old| spf.with(old).value()).collect()
        };
        let (a, b) = ("v=spf1 include:a.mta.example ~all", "v=spf1 include:b.mta.example ~all");
        assert_eq!(accepted(0), [b, a]);
        assert_eq!(accepted(14), [b]);
        assert!(accepted(20).is_empty());
    }

    #[test]
    fn an_edit_that_is_taken_back_leaves_one_value_beside() {
        let (a, b) = (profile("include:a.mta.example"), profile("include:b.mta.example"));
        let versions = vec![version(1, a.clone(), None), version(2, b, Some(14)), version(3, a, Some(14))];
        let plan = plan_of(&ProfileInForce::at(versions, NOON));
        assert_eq!(record(&plan, &RecordKey::Spf).alternatives.len(), 1);
    }

    #[test]
    fn an_old_label_is_looked_for_at_its_own_name() {
        let with = |offer: &str| SendingProfile {
            return_path: Some(CnameOffer::parse(offer).unwrap()),
            ..profile("ip4:192.0.2.1")
        };
        let versions =
            vec![version(1, with("bounce rp.mta.example"), None), version(2, with("back rp.mta.example"), Some(14))];
        let plan = plan_of(&ProfileInForce::at(versions, NOON));
        let return_path = record(&plan, &RecordKey::ReturnPath);
        assert_eq!(return_path.owner.as_str(), "back.mail.example.com");
        assert_eq!(return_path.alternatives[0].owner.as_str(), "bounce.mail.example.com");
    }

    #[test]
    fn policies_and_priorities_are_not_judged_so_they_have_no_alternative() {
        let with = |mx: &str, dmarc: &str| SendingProfile {
            mx: Some(BounceMx::parse(mx).unwrap()),
            dmarc: crate::records::dmarc::DmarcOffer::parse(dmarc).unwrap(),
            ..profile("ip4:192.0.2.1")
        };
        let old = with("10 bounce.mta.example", "p=none");
        let new = with("20 bounce.mta.example", "p=reject");
        assert_eq!(changes(&old, &new), [Change::MxPriority, Change::Dmarc]);
        let plan = plan_of(&ProfileInForce::at(vec![version(1, old, None), version(2, new, Some(14))], NOON));
        assert!(plan.records.iter().all(|record| record.alternatives.is_empty()));
    }

    #[test]
    fn former_bounce_hosts_stay_known_for_ever() {
        let with = |host: &str| SendingProfile {
            mx: Some(BounceMx::parse(&format!("10 {host}")).unwrap()),
            ..profile("ip4:192.0.2.1")
        };
        let versions = vec![
            version(1, with("a.mta.example"), None),
            version(2, with("b.mta.example"), Some(14)),
            version(3, with("a.mta.example"), Some(14)),
        ];
        let in_force = ProfileInForce::at(versions, NOON + Duration::days(900));
        assert_eq!(in_force.former_mx, [OwnerName::new("b.mta.example")]);
        assert!(in_force.former.is_empty());
    }

    #[test]
    fn changes_are_told_apart_by_what_they_ask() {
        let old = profile("include:a.mta.example ip4:192.0.2.1");
        let mut new = profile("ip4:192.0.2.1 include:b.mta.example");
        new.tracking = Some(CnameOffer::parse("click t.mta.example").unwrap());
        let found = changes(&old, &new);
        let tracking = Change::Record { key: RecordKey::Tracking, kind: ChangeKind::Added };
        assert_eq!(
            found,
            [
                Change::SpfAdded(profile("include:b.mta.example").spf),
                Change::SpfRemoved(profile("include:a.mta.example").spf),
                tracking
            ]
        );
        assert_eq!(found.iter().map(Change::is_asked).collect::<Vec<_>>(), [true, false, true]);
        assert_eq!(found.iter().map(Change::is_cut_over).collect::<Vec<_>>(), [true, false, false]);
        assert!(changes(&old, &profile("ip4:192.0.2.1 include:a.mta.example")).is_empty());
    }

    #[test]
    fn a_cut_over_is_at_least_fourteen_whole_days_off() {
        assert_eq!(cut_over_at(date!(2026 - 06 - 14), NOON), None);
        assert_eq!(cut_over_at(date!(2026 - 06 - 15), NOON), Some(datetime!(2026-06-16 00:00 UTC)));
        assert_eq!(cut_over_at(Date::MAX, NOON), None);
        assert_eq!(first_cut_over_day(datetime!(2026-06-01 23:30 -2)), date!(2026 - 06 - 16));
    }
}

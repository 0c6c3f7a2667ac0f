//! The sending profile's own names: asked, judged, and the answer kept for everybody's verdicts.

use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};
use tokio::time::Instant;
use uuid::Uuid;

use super::{GATHERING_BUDGET, gather};
use crate::diagnosis::Observed;
use crate::diagnosis::profile::{PartDiagnosis, PartState, diagnose_profile, profile_questions, remember};
use crate::dns::Dns;
use crate::dns::observe::Gathering;
use crate::lifecycle::notice::{Facts, Notice, NoticeKind};
use crate::records::DomainName;
use crate::records::plan::{RecordKey, SendingProfile};
use crate::records::profile::ProfileInForce;
use crate::store::profile::ProfileCheckRow;
use crate::store::{self, StoreError};

/// A whole profile is looked at daily.
const WHOLE_FOR: Duration = Duration::DAY;
/// While anything is wrong, or could not be asked, customers wait for it.
const BROKEN_FOR: Duration = Duration::minutes(10);

/// Asks resolvers about a profile's names and judges them. Touches no database.
pub async fn look(dns: &Dns, profile: &SendingProfile) -> Vec<PartDiagnosis> {
    let deadline = Instant::now() + GATHERING_BUDGET;
    let mut observed = Observed::default();
    let any = DomainName::parse("mta.invalid").expect("it is the name of a host");
    let mut gathering = Gathering::new(dns, &any, &[], deadline);
    gather(&mut gathering, |observed| profile_questions(profile, observed), &mut observed, |_| {}).await;
    diagnose_profile(profile, &observed)
}

/// What counts now: the versions, and what the last look found of the newest.
pub async fn in_force(connection: &mut PgConnection, now: OffsetDateTime) -> Result<ProfileInForce, StoreError> {
    Ok(in_force_and_look(connection, now).await?.0)
}

/// As [`in_force`], beside the last look at the newest version itself.
pub async fn in_force_and_look(
    connection: &mut PgConnection,
    now: OffsetDateTime,
) -> Result<(ProfileInForce, Option<ProfileCheckRow>), StoreError> {
    let versions = store::profile::list_versions(&mut *connection).await?;
    let check = store::profile::find_check(connection).await?;
    let mut in_force = ProfileInForce::at(versions, now);
    let check = check.filter(|check| check.version == in_force.number);
    in_force.broken = check.as_ref().map(broken_keys).unwrap_or_default();
    Ok((in_force, check))
}

/// Keeps a look; what it could not ask stays as it was known of the same version. Tells administrators what is broken
/// that was not before, whatever the version. The caller has a transaction.
pub async fn save(
    connection: &mut PgConnection,
    version: u32,
    seen: Vec<PartDiagnosis>,
    now: OffsetDateTime,
) -> Result<ProfileCheckRow, StoreError> {
    store::profile::lock_check(&mut *connection).await?;
    let last = store::profile::find_check(&mut *connection).await?;
    let was_broken = last.as_ref().map(broken_keys).unwrap_or_default();
    let before = last.filter(|check| check.version == version);
    let parts = remember(seen, &before.map(|check| check.parts).unwrap_or_default());
    let check = ProfileCheckRow { version, checked_at: now, parts };
    store::profile::save_check(&mut *connection, &check).await?;
    tell(connection, &check, &was_broken, now).await?;
    Ok(check)
}

/// How long until the profile is to be looked at again; zero where it is due. `last` is the last look at this
/// version. A clock that was set back does not put it off.
pub fn next_look_in(last: Option<&ProfileCheckRow>, now: OffsetDateTime) -> Duration {
    let Some(last) = last else { return Duration::ZERO };
    let is_whole = last.parts.iter().all(|part| part.state == PartState::Whole);
    let pause = if is_whole { WHOLE_FOR } else { BROKEN_FOR };
    (last.checked_at + pause - now).clamp(Duration::ZERO, pause)
}

async fn tell(
    connection: &mut PgConnection,
    check: &ProfileCheckRow,
    was_broken: &[RecordKey],
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let newly = |part: &&PartDiagnosis| part.state == PartState::Broken && !was_broken.contains(&part.key);
    let findings: Vec<_> = check.parts.iter().filter(newly).flat_map(|part| part.findings.clone()).collect();
    if findings.is_empty() {
        return Ok(());
    }
    let facts = Facts { findings, ..Facts::default() };
    let notice = Notice { id: Uuid::now_v7(), kind: NoticeKind::ProfileBroken, at: now, facts };
    store::notices::insert(connection, None, &notice).await
}

fn broken_keys(check: &ProfileCheckRow) -> Vec<RecordKey> {
    let broken = check.parts.iter().filter(|part| part.state == PartState::Broken);
    broken.map(|part| part.key.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOON: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);

    #[test]
    fn a_whole_profile_is_looked_at_daily_and_a_broken_one_until_it_works() {
        let check = |state, ago| ProfileCheckRow {
            version: 1,
            checked_at: NOON - ago,
            parts: vec![PartDiagnosis { key: RecordKey::Mx, state, findings: Vec::new() }],
        };
        let hours = Duration::hours;
        for (last, expected) in [
            (None, Duration::ZERO),
            (Some(check(PartState::Whole, hours(1))), hours(23)),
            (Some(check(PartState::Whole, hours(25))), Duration::ZERO),
            (Some(check(PartState::Broken, Duration::ZERO)), BROKEN_FOR),
            (Some(check(PartState::Unasked, hours(1))), Duration::ZERO),
            (Some(check(PartState::Whole, hours(-900))), WHOLE_FOR),
        ] {
            assert_eq!(next_look_in(last.as_ref(), NOON), expected, "{last:?}");
        }
    }
}

//! Makes deliveries of notices: one a receiver, or one digest where much happened at once. A notice is handed on once,
//! in one transaction.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::Outbox;
use crate::lifecycle::notice::{Notice, NoticeKind};
use crate::store::deliveries::{Message, NewDelivery, Target};
use crate::store::{self, StoreError};

/// A team is told so many things one by one within [`WINDOW`]; more become one digest.
const ONE_BY_ONE: usize = 10;
const WINDOW: Duration = Duration::minutes(10);
/// Teams looked at in one round, and notices of each; what is left waits for the next.
const TEAMS: i64 = 100;
const NOTICES: i64 = 10_000;

/// What becomes of the notices that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    OneByOne,
    Digest,
    /// More may come: the digest is made when the window closes.
    Wait,
}

/// `handed` were handed on within the last [`WINDOW`], `waiting` wait, the oldest since then.
fn plan(handed: usize, waiting: usize, oldest: OffsetDateTime, now: OffsetDateTime) -> Plan {
    if handed + waiting <= ONE_BY_ONE {
        return Plan::OneByOne;
    }
    // A clock that was set back makes nobody wait for longer.
    let waits = (now - oldest).abs();
    if waits >= WINDOW { Plan::Digest } else { Plan::Wait }
}

impl Outbox {
    /// Hands on what waits. Gives how many deliveries were made.
    pub async fn hand_on(&self, now: OffsetDateTime) -> Result<usize, StoreError> {
        let mut conn = self.pool.acquire().await?;
        let teams = store::notices::list_waiting_teams(&mut conn, TEAMS).await?;
        drop(conn);
        let mut made = 0;
        for team_id in teams {
            made += self.hand_on_team(team_id, now).await?;
        }
        Ok(made)
    }

    async fn hand_on_team(&self, team_id: Option<Uuid>, now: OffsetDateTime) -> Result<usize, StoreError> {
        let mut tx = store::begin(&self.pool).await?;
        if !store::notices::try_lock(&mut tx, team_id).await? {
            return Ok(0);
        }
        let notices = store::notices::list_waiting(&mut tx, team_id, NOTICES).await?;
        let Some(oldest) = notices.first() else { return Ok(0) };
        let plan = match team_id {
            Some(_) => {
                let handed = store::notices::count_handed(&mut tx, team_id, now - WINDOW).await?;
                plan(handed, notices.len(), oldest.at, now)
            }
            // Of the platform, there is never much to tell.
            None => Plan::OneByOne,
        };
        if plan == Plan::Wait {
            return Ok(0);
        }
        let mut made = Vec::new();
        if self.mailer.is_some() {
            for row in store::alert_addresses::list_living(&mut tx, team_id).await? {
                let target = Target::Address(row.id);
                let wanted = wanted(&notices, &row.kinds);
                made.extend(messages(row.team_id, target, &row.address, wanted, plan));
            }
        }
        for row in store::webhooks::list_living(&mut tx, team_id).await? {
            let wanted = wanted(&notices, &row.kinds);
            // Programs read one thing at a time, however much happens.
            made.extend(messages(row.team_id, Target::Webhook(row.id), &row.url, wanted, Plan::OneByOne));
        }
        store::deliveries::insert(&mut tx, &made, now).await?;
        let ids: Vec<Uuid> = notices.iter().map(|notice| notice.id).collect();
        store::notices::set_handed(&mut tx, &ids, now).await?;
        store::commit(tx).await?;
        Ok(made.len())
    }
}

fn wanted(notices: &[Notice], kinds: &[NoticeKind]) -> Vec<Notice> {
    notices.iter().filter(|notice| kinds.contains(&notice.kind)).cloned().collect()
}

fn messages(team_id: Uuid, target: Target, recipient: &str, notices: Vec<Notice>, plan: Plan) -> Vec<NewDelivery> {
    let delivery = |message, notices| NewDelivery {
        id: Uuid::now_v7(),
        team_id: Some(team_id),
        target,
        recipient: recipient.to_owned(),
        message,
        notices,
    };
    match plan {
        Plan::Digest if notices.len() > 1 => vec![delivery(Message::Digest, notices)],
        _ => notices.into_iter().map(|notice| delivery(Message::Alert, vec![notice])).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOON: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);

    #[test]
    fn more_than_ten_in_ten_minutes_become_one_digest() {
        let minutes = |count| NOON - Duration::minutes(count);
        for (handed, waiting, oldest, expected) in [
            (0, 1, NOON, Plan::OneByOne),
            (0, 10, minutes(5), Plan::OneByOne),
            (9, 1, NOON, Plan::OneByOne),
            (0, 11, NOON, Plan::Wait),
            (10, 1, NOON, Plan::Wait),
            (10, 400, minutes(9), Plan::Wait),
            (10, 400, minutes(10), Plan::Digest),
            (0, 11, NOON + Duration::days(400), Plan::Digest),
        ] {
            assert_eq!(plan(handed, waiting, oldest, NOON), expected, "{handed} {waiting} {oldest}");
        }
    }
}

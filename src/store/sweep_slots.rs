//! The slots of verified domains: each is leased whole, walked by id, and written back in batches under its fence.

use std::collections::HashMap;

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::text::read_word;
use super::{StoreError, lease};
use crate::diagnosis::Verdict;
use crate::lifecycle::Status;
use crate::records::plan::RecordKey;

/// A leased slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotLease {
    pub slot: i16,
    pub fence: i64,
    /// The last id that its walk is done with.
    pub cursor: Option<Uuid>,
    /// When the walk was to begin.
    pub next_at: OffsetDateTime,
}

/// A verified domain as the walk meets it, with what is known of its answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Met {
    pub id: Uuid,
    pub name: String,
    /// See [`super::look_prints`].
    pub touched: i64,
    pub asked: Option<String>,
    pub print: Option<Vec<u8>>,
    pub judged_by: Option<Vec<u8>>,
    pub judged_at: Option<OffsetDateTime>,
}

/// What is remembered of a record, as far as telling a change needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    pub key: RecordKey,
    pub status: Status,
    pub verdict: Option<Verdict>,
    pub current: Vec<String>,
}

/// Leases the slot that is due at `now` for the longest time, for `lease_s` seconds; `None` where none is.
pub async fn lease(
    connection: &mut PgConnection,
    now: OffsetDateTime,
    lease_s: f64,
) -> Result<Option<SlotLease>, StoreError> {
    let row = sqlx::query_as!(
        SlotLease,
        "WITH taken AS (
             SELECT slot
             FROM sweep_slots
             WHERE next_at <= $1
               AND (leased_until IS NULL OR leased_until < clock_timestamp())
             ORDER BY next_at
             LIMIT 1
             FOR UPDATE SKIP LOCKED
         )
         UPDATE sweep_slots
         SET fence = fence + 1,
             leased_until = clock_timestamp() + make_interval(secs => $2)
         FROM taken
         WHERE sweep_slots.slot = taken.slot
         RETURNING sweep_slots.slot, sweep_slots.fence, sweep_slots.cursor, sweep_slots.next_at",
        now,
        lease_s,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row)
}

/// The next verified domains of the slot, by id.
pub async fn walk(connection: &mut PgConnection, lease: &SlotLease, limit: i64) -> Result<Vec<Met>, StoreError> {
    // The bound on the id is a constant where the walk begins, so that one plan serves.
    let after = lease.cursor.unwrap_or(Uuid::nil());
    let rows = sqlx::query_as!(
        Met,
        r#"SELECT
             domains.id,
             domains.name,
             COALESCE(look_prints.touched, 0) AS "touched!",
             look_prints.asked AS "asked?",
             look_prints.print AS "print?",
             look_prints.judged_by AS "judged_by?",
             look_prints.judged_at AS "judged_at?"
         FROM domains
         LEFT JOIN look_prints ON look_prints.domain_id = domains.id
         WHERE (get_byte(uuid_send(domains.id), 14) * 256 + get_byte(uuid_send(domains.id), 15)) % 720 = $1
           AND domains.id > $2
           AND domains.status = 'verified'
         ORDER BY domains.id
         LIMIT $3"#,
        i32::from(lease.slot),
        after,
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows)
}

/// What is remembered of the domains' records.
pub async fn remembered(
    connection: &mut PgConnection,
    domain_ids: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Remembered>>, StoreError> {
    let rows = sqlx::query!(
        "SELECT domain_id, key, status, verdict, current FROM records WHERE domain_id = ANY($1)",
        domain_ids,
    )
    .fetch_all(connection)
    .await?;
    let mut by_domain: HashMap<Uuid, Vec<Remembered>> = HashMap::new();
    for row in rows {
        let remembered = Remembered {
            key: read_word("key", row.key)?,
            status: read_word("status", row.status)?,
            verdict: row.verdict.map(|word| read_word("verdict", word)).transpose()?,
            current: row.current,
        };
        by_domain.entry(row.domain_id).or_default().push(remembered);
    }
    Ok(by_domain)
}

/// Whether the lease still stands; held until the transaction ends.
pub async fn is_held(connection: &mut PgConnection, lease: &SlotLease) -> Result<bool, StoreError> {
    lease::is_held!(connection, "sweep_slots", "slot", lease.slot, lease.fence)
}

/// Notes that domains were seen unchanged at `at`, where no later look was noted; one that seems to lie far ahead was
/// made under a clock that was wrong. No indexed column is written.
pub async fn note_unchanged(
    connection: &mut PgConnection,
    domain_ids: &[Uuid],
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE domains
         SET last_checked_at = $2,
             unknown_since = NULL,
             looked_days = looked_with(looked_days, looked_until, ($2 AT TIME ZONE 'UTC')::date),
             looked_until = looked_until_with(looked_until, ($2 AT TIME ZONE 'UTC')::date)
         WHERE id = ANY($1)
           AND status = 'verified'
           AND (last_checked_at IS NULL OR last_checked_at < $2 OR last_checked_at > $2 + interval '30 seconds')",
        domain_ids,
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Moves the walk on and the lease with it; the caller holds the slot.
pub async fn advance(
    connection: &mut PgConnection,
    lease: &SlotLease,
    cursor: Uuid,
    lease_s: f64,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE sweep_slots
         SET cursor = $3,
             leased_until = clock_timestamp() + make_interval(secs => $4)
         WHERE slot = $1
           AND fence = $2",
        lease.slot,
        lease.fence,
        cursor,
        lease_s,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends the walk: the slot is free, and due again at `next_at`. False where the lease was another's already.
pub async fn finish(
    connection: &mut PgConnection,
    lease: &SlotLease,
    next_at: OffsetDateTime,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE sweep_slots
         SET cursor = NULL,
             leased_until = NULL,
             next_at = $3
         WHERE slot = $1
           AND fence = $2",
        lease.slot,
        lease.fence,
        next_at,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Gives the slot back where it stands, to nobody for `delay_s` seconds.
pub async fn release(connection: &mut PgConnection, lease: &SlotLease, delay_s: f64) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE sweep_slots
         SET leased_until = clock_timestamp() + make_interval(secs => $3)
         WHERE slot = $1
           AND fence = $2",
        lease.slot,
        lease.fence,
        delay_s,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// When each of the domains is looked at next: by its own date, else by its slot.
pub async fn next_looks(
    connection: &mut PgConnection,
    domain_ids: &[Uuid],
) -> Result<HashMap<Uuid, OffsetDateTime>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT
             domains.id AS "id!",
             COALESCE(due_looks.due_at, sweep_slots.next_at) AS "at!"
         FROM domains
         JOIN sweep_slots
             ON sweep_slots.slot = (get_byte(uuid_send(domains.id), 14) * 256 + get_byte(uuid_send(domains.id), 15)) % 720
         LEFT JOIN due_looks ON due_looks.domain_id = domains.id
         WHERE domains.id = ANY($1)"#,
        domain_ids,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.at)).collect())
}

/// Brings back slots that are planned further ahead than any walk plans them, each to its own minute within
/// `period_s` from `now`, and frees those that are leased for longer than any lease lasts. Gives how many.
pub async fn mend(connection: &mut PgConnection, now: OffsetDateTime, period_s: f64) -> Result<u64, StoreError> {
    let planned = sqlx::query!(
        "UPDATE sweep_slots
         SET next_at = next_at - make_interval(secs => $2 * ceil(EXTRACT(EPOCH FROM next_at - $1::timestamptz)::float8 / $2 - 1))
         WHERE next_at > $1::timestamptz + make_interval(secs => $2)",
        now,
        period_s,
    )
    .execute(&mut *connection)
    .await?;
    let leased = sqlx::query!(
        "UPDATE sweep_slots
         SET leased_until = NULL,
             fence = fence + 1
         WHERE leased_until > clock_timestamp() + interval '10 minutes'",
    )
    .execute(connection)
    .await?;
    Ok(planned.rows_affected() + leased.rows_affected())
}

/// The latest date that any slot is planned for: half a day after that of the slot that was walked last.
pub async fn newest_plan(connection: &mut PgConnection) -> Result<Option<OffsetDateTime>, StoreError> {
    Ok(sqlx::query_scalar!("SELECT max(next_at) FROM sweep_slots").fetch_one(connection).await?)
}

/// How many slots are overdue at `now`, and since when the oldest one is.
pub async fn overdue(
    connection: &mut PgConnection,
    now: OffsetDateTime,
) -> Result<(i64, Option<OffsetDateTime>), StoreError> {
    let row = sqlx::query!(
        r#"SELECT count(*) AS "count!", min(next_at) AS oldest FROM sweep_slots WHERE next_at <= $1"#,
        now
    )
    .fetch_one(connection)
    .await?;
    Ok((row.count, row.oldest))
}

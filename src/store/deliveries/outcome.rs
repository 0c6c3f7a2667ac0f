//! What became of a message, noted under its lease.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::super::StoreError;
use super::super::text::storable;
use super::DeliveryLease;

/// Ends a message under its lease: it was taken, or never will be. False where the lease was another's already.
pub async fn end(
    connection: &mut PgConnection,
    lease: DeliveryLease,
    is_sent: bool,
    answer: &str,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE deliveries
         SET state = CASE WHEN $3 THEN 'sent' ELSE 'failed' END,
             ended_at = $5,
             answer = $4,
             leased_until = NULL
         WHERE id = $1
           AND fence = $2
           AND state = 'waiting'",
        lease.id,
        lease.fence,
        is_sent,
        storable(answer),
        now,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Puts a message off under its lease. False where the lease was another's already.
pub async fn put_off(
    connection: &mut PgConnection,
    lease: DeliveryLease,
    answer: &str,
    due_at: OffsetDateTime,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE deliveries
         SET due_at = $4,
             answer = $3,
             leased_until = NULL
         WHERE id = $1
           AND fence = $2
           AND state = 'waiting'",
        lease.id,
        lease.fence,
        storable(answer),
        due_at,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Nothing else is sent to a webhook before `due_at`.
pub async fn put_off_webhook(
    connection: &mut PgConnection,
    webhook_id: Uuid,
    due_at: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE deliveries SET due_at = $2 WHERE webhook_id = $1 AND state = 'waiting' AND due_at < $2",
        webhook_id,
        due_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends what waits for an address to which nothing is sent any more.
pub async fn give_up_address(
    connection: &mut PgConnection,
    address_id: Uuid,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE deliveries SET state = 'failed', ended_at = $2 WHERE address_id = $1 AND state = 'waiting'",
        address_id,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends what waits for a webhook to which nothing is sent any more.
pub async fn give_up_webhook(
    connection: &mut PgConnection,
    webhook_id: Uuid,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE deliveries SET state = 'failed', ended_at = $2 WHERE webhook_id = $1 AND state = 'waiting'",
        webhook_id,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn delete(connection: &mut PgConnection, id: Uuid) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM deliveries WHERE id = $1", id).execute(connection).await?;
    Ok(())
}

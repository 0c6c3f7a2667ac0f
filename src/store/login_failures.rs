//! Failed sign-ins, counted in the database so that replicas share the count.

use std::net::IpAddr;

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::StoreError;
use super::text::storable;

/// How often signing in to the account failed from the address, at `since` or later.
pub async fn count_since(
    connection: &mut PgConnection,
    account: &str,
    address: IpAddr,
    since: OffsetDateTime,
) -> Result<u32, StoreError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*)::integer AS "count!"
           FROM login_failures
           WHERE account = $1
             AND address = $2
             AND at >= $3"#,
        account_key(account),
        address.to_string(),
        since,
    )
    .fetch_one(connection)
    .await?;
    super::text::read_count("count", count)
}

pub async fn insert(
    connection: &mut PgConnection,
    account: &str,
    address: IpAddr,
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO login_failures (account, address, at) VALUES ($1, $2, $3)",
        account_key(account),
        address.to_string(),
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets the failures of an account from an address: somebody knew the password.
pub async fn clear(connection: &mut PgConnection, account: &str, address: IpAddr) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM login_failures WHERE account = $1 AND address = $2",
        account_key(account),
        address.to_string(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets what is older than anybody counts.
pub async fn delete_before(connection: &mut PgConnection, before: OffsetDateTime) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM login_failures WHERE at < $1", before).execute(connection).await?;
    Ok(())
}

/// What was typed, as it is counted: lower case, and no longer than an address can be, for an index row has bounds.
fn account_key(account: &str) -> String {
    storable(&account.to_lowercase()).chars().take(320).collect()
}

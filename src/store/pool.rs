//! The pool of connections, its time limits, and the migrations.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, Postgres, Transaction};

use super::StoreError;

/// The pool that the program shares; cheap to clone.
pub type Pool = sqlx::PgPool;

/// How long a request waits for a connection before it is answered 503.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
const MAX_CONNECTIONS: u32 = 16;

/// Set at each connection by a statement and not by start-up options, which connection poolers refuse.
const SESSION_SETTINGS: &str = "SET statement_timeout = '10s';
    SET lock_timeout = '5s';
    SET idle_in_transaction_session_timeout = '30s';
    SET TIME ZONE 'UTC'";

/// Connects to a `postgres://` URL. Fails with `Other` where the URL is none, `Unavailable` where nobody answers.
pub async fn connect(url: &str) -> Result<Pool, StoreError> {
    connect_with(PgConnectOptions::from_str(url)?).await
}

/// Connects, and asks once, so that a wrong password shows at the start.
pub async fn connect_with(options: PgConnectOptions) -> Result<Pool, StoreError> {
    let pool = PgPoolOptions::new()
        .min_connections(1)
        .max_connections(MAX_CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .after_connect(|connection, _| {
            Box::pin(async move {
                sqlx::raw_sql(SESSION_SETTINGS).execute(connection).await?;
                Ok(())
            })
        })
        .connect_with(options.application_name("signet"))
        .await?;
    Ok(pool)
}

/// Applies the migrations that are missing; replicas that start together take turns. Long ones are not cut off by
/// the time limits of ordinary connections.
pub async fn migrate(pool: &Pool) -> Result<(), StoreError> {
    let mut connection = pool.acquire().await?.detach();
    sqlx::raw_sql("SET statement_timeout = 0; SET lock_timeout = 0").execute(&mut connection).await?;
    let outcome = sqlx::migrate!().run_direct(None, &mut connection, false).await;
    connection.close().await.ok();
    outcome.map_err(|error| match error {
        sqlx::migrate::MigrateError::Execute(cause) => cause.into(),
        other => StoreError::Other(sqlx::Error::Migrate(Box::new(other))),
    })
}

/// Opens a transaction; dropped without [`commit`], it is rolled back.
pub async fn begin(pool: &Pool) -> Result<Transaction<'static, Postgres>, StoreError> {
    Ok(pool.begin().await?)
}

pub async fn commit(transaction: Transaction<'static, Postgres>) -> Result<(), StoreError> {
    Ok(transaction.commit().await?)
}

/// Whether the database answers.
pub async fn is_ready(pool: &Pool) -> bool {
    sqlx::query_scalar!(r#"SELECT 1 AS "one!""#).fetch_one(pool).await.is_ok()
}

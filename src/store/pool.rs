//! The pools of connections, their time limits, and the migrations.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, Postgres, Transaction};

use super::StoreError;
use super::roles::{self, Role};

/// A pool that the program shares; cheap to clone.
pub type Pool = sqlx::PgPool;

/// How long a request waits for a connection before it is answered 503.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
const MAX_CONNECTIONS: u32 = 16;
/// A connection that was used so lately is handed out again without asking whether it still works.
const TRUSTED_FOR: Duration = Duration::from_secs(1);
/// A database that takes longer to say that it is there is not.
const READY_TIMEOUT: Duration = Duration::from_secs(2);

/// Set at each connection by a statement and not by start-up options, which connection poolers refuse.
const SESSION_SETTINGS: &str = "SET statement_timeout = '10s';
    SET lock_timeout = '5s';
    SET idle_in_transaction_session_timeout = '30s';
    SET TIME ZONE 'UTC'";

/// Migrating takes as long as it takes, and replicas and commands that start together take turns. The number is ours.
pub(super) const TAKE_TURNS: &str =
    "SET statement_timeout = 0; SET lock_timeout = 0; SELECT pg_advisory_lock(126930316223860)";

/// A migrated database, to open pools on.
#[derive(Debug, Clone)]
pub struct Migrated {
    options: PgConnectOptions,
    has_roles: bool,
}

/// Reads a `postgres://` URL. Fails with `Other` where it is none.
pub fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    Ok(PgConnectOptions::from_str(url)?)
}

/// Makes the database roles if that is possible and applies the migrations that are missing. Fails with `Unavailable`
/// where nobody answers.
pub async fn migrate(options: PgConnectOptions) -> Result<Migrated, StoreError> {
    let options = options.application_name("signet");
    let mut connection = PgConnection::connect_with(&options).await?;
    let outcome = migrate_on(&mut connection).await;
    connection.close().await.ok();
    Ok(Migrated { options, has_roles: outcome? })
}

/// One connection as the owner of the tables, without time limits; whether there are roles. Nothing is migrated.
pub(super) async fn connect_as_owner(options: PgConnectOptions) -> Result<(PgConnection, bool), StoreError> {
    let mut connection = PgConnection::connect_with(&options.application_name("signet")).await?;
    sqlx::raw_sql("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET TIME ZONE 'UTC'")
        .execute(&mut connection)
        .await?;
    let has_roles = roles::become_owner(&mut connection).await?;
    Ok((connection, has_roles))
}

async fn migrate_on(connection: &mut PgConnection) -> Result<bool, StoreError> {
    sqlx::raw_sql(TAKE_TURNS).execute(&mut *connection).await?;
    let has_roles = roles::become_owner(connection).await?;
    sqlx::migrate!().run_direct(None, connection, false).await.map_err(|error| match error {
        sqlx::migrate::MigrateError::Execute(cause) => cause.into(),
        other => StoreError::Other(sqlx::Error::Migrate(Box::new(other))),
    })?;
    if has_roles {
        roles::grant(connection).await?;
    }
    Ok(has_roles)
}

/// Migrates, and opens the pool that serves teams.
pub async fn open(options: PgConnectOptions) -> Result<Pool, StoreError> {
    migrate(options).await?.pool(Role::App).await
}

impl Migrated {
    /// Whether the roles are set; without them everything is done as the user of the connection.
    pub fn has_roles(&self) -> bool {
        self.has_roles
    }

    /// Connects as `role`, once at least, so that what is wrong shows at the start.
    pub async fn pool(&self, role: Role) -> Result<Pool, StoreError> {
        let act_as = self.has_roles.then(|| role.statements());
        let pool = PgPoolOptions::new()
            .min_connections(1)
            .max_connections(MAX_CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .before_acquire(|connection, usage| {
                Box::pin(async move {
                    if usage.idle_for < TRUSTED_FOR {
                        return Ok(true);
                    }
                    Ok(connection.ping().await.is_ok())
                })
            })
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    sqlx::raw_sql(SESSION_SETTINGS).execute(&mut *connection).await?;
                    if let Some(act_as) = act_as {
                        sqlx::raw_sql(act_as).execute(connection).await?;
                    }
                    Ok(())
                })
            })
            .connect_with(self.options.clone())
            .await?;
        Ok(pool)
    }
}

/// Opens a transaction; dropped without [`commit`], it is rolled back.
pub async fn begin(pool: &Pool) -> Result<Transaction<'static, Postgres>, StoreError> {
    Ok(pool.begin().await?)
}

pub async fn commit(transaction: Transaction<'static, Postgres>) -> Result<(), StoreError> {
    Ok(transaction.commit().await?)
}

/// Whether the database answers and has room on its disk.
pub async fn is_ready(pool: &Pool) -> bool {
    tokio::time::timeout(READY_TIMEOUT, use_some_room(pool)).await.is_ok_and(|used| used.is_ok())
}

/// A database on a full disk still answers what it has read before. Asked for more than its memory may hold, it puts
/// half a megabyte down for a moment.
async fn use_some_room(pool: &Pool) -> Result<(), StoreError> {
    let mut transaction = begin(pool).await?;
    sqlx::raw_sql("SET LOCAL work_mem = '64kB'").execute(&mut *transaction).await?;
    sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM generate_series(1, 16384)"#)
        .fetch_one(&mut *transaction)
        .await?;
    Ok(transaction.rollback().await?)
}

//! Users and their teams. Addresses are kept in lower case; nobody is deleted, only disabled.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;

#[derive(Clone, PartialEq, Eq)]
pub struct UserRow {
    pub id: Uuid,
    pub team_id: Uuid,
    /// The team's name.
    pub team: String,
    pub email: String,
    pub password_hash: String,
    pub is_admin: bool,
    pub created_at: OffsetDateTime,
    pub disabled_at: Option<OffsetDateTime>,
}

impl std::fmt::Debug for UserRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserRow").field("id", &self.id).field("email", &self.email).finish_non_exhaustive()
    }
}

/// The id of the team of that name, made with `id` where there is none.
pub async fn find_or_insert_team(
    connection: &mut PgConnection,
    id: Uuid,
    name: &str,
    now: OffsetDateTime,
) -> Result<Uuid, StoreError> {
    let team_id = sqlx::query_scalar!(
        "INSERT INTO teams (id, name, created_at) VALUES ($1, $2, $3)
         ON CONFLICT ON CONSTRAINT teams_name DO UPDATE SET name = excluded.name
         RETURNING id",
        id,
        name,
        now,
    )
    .fetch_one(connection)
    .await?;
    Ok(team_id)
}

/// Adds a user; the team must exist. `Duplicate` where somebody has the address.
pub async fn insert(connection: &mut PgConnection, row: &UserRow) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO users (id, team_id, email, password_hash, is_admin, created_at, disabled_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        row.id,
        row.team_id,
        row.email.to_lowercase(),
        row.password_hash,
        row.is_admin,
        row.created_at,
        row.disabled_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

macro_rules! select_users {
    ($tail:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            UserRow,
            "SELECT
                 users.id,
                 users.team_id,
                 teams.name AS team,
                 users.email,
                 users.password_hash,
                 users.is_admin,
                 users.created_at,
                 users.disabled_at
             FROM users
             JOIN teams ON teams.id = users.team_id " + $tail
            $(, $argument)*
        )
    };
}

/// The user of that address, disabled ones too; case does not matter.
pub async fn find_by_email(connection: &mut PgConnection, email: &str) -> Result<Option<UserRow>, StoreError> {
    if email.contains('\0') {
        return Ok(None);
    }
    Ok(select_users!("WHERE users.email = $1", email.to_lowercase()).fetch_optional(connection).await?)
}

pub async fn find(connection: &mut PgConnection, id: Uuid) -> Result<Option<UserRow>, StoreError> {
    Ok(select_users!("WHERE users.id = $1", id).fetch_optional(connection).await?)
}

/// Everybody, by address.
pub async fn list(connection: &mut PgConnection) -> Result<Vec<UserRow>, StoreError> {
    Ok(select_users!("ORDER BY users.email").fetch_all(connection).await?)
}

pub async fn set_password(connection: &mut PgConnection, id: Uuid, password_hash: &str) -> Result<(), StoreError> {
    sqlx::query!("UPDATE users SET password_hash = $2 WHERE id = $1", id, password_hash).execute(connection).await?;
    Ok(())
}

/// Disables the user and ends their sessions and tokens' use; the first time stays.
pub async fn disable(connection: &mut PgConnection, id: Uuid, now: OffsetDateTime) -> Result<(), StoreError> {
    sqlx::query!("UPDATE users SET disabled_at = coalesce(disabled_at, $2) WHERE id = $1", id, now)
        .execute(&mut *connection)
        .await?;
    sqlx::query!("DELETE FROM sessions WHERE user_id = $1", id).execute(connection).await?;
    Ok(())
}

/// How many administrators can sign in.
pub async fn count_admins(connection: &mut PgConnection) -> Result<u32, StoreError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*)::integer AS "count!" FROM users WHERE is_admin AND disabled_at IS NULL"#
    )
    .fetch_one(connection)
    .await?;
    super::text::read_count("count", count)
}

/// Waits for others who add administrators, until the transaction ends: two programs that start together make one.
pub async fn lock_administrators(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query!(r#"SELECT pg_advisory_xact_lock(7235419) AS "void: ()""#).fetch_one(connection).await?;
    Ok(())
}

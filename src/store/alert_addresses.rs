//! The addresses that a team has alerts sent to.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use super::text::{read_word, storable};
use crate::lifecycle::notice::NoticeKind;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertAddressRow {
    pub id: Uuid,
    pub team_id: Uuid,
    /// In lower case.
    pub address: String,
    pub kinds: Vec<NoticeKind>,
    pub created_at: OffsetDateTime,
    /// Since when nothing more is sent, and why.
    pub dead: Option<(OffsetDateTime, String)>,
}

/// Adds an address; `Duplicate` where the team has it.
pub async fn insert(connection: &mut PgConnection, row: &AlertAddressRow) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO alert_addresses (id, team_id, address, kinds, created_at) VALUES ($1, $2, $3, $4, $5)",
        row.id,
        row.team_id,
        storable(&row.address),
        &words(&row.kinds),
        row.created_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds the address of a new user; nothing where the team has it already.
pub async fn insert_of_user(
    connection: &mut PgConnection,
    id: Uuid,
    team_id: Uuid,
    address: &str,
    kinds: &[NoticeKind],
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO alert_addresses (id, team_id, address, kinds, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT ON CONSTRAINT alert_addresses_team_address DO NOTHING",
        id,
        team_id,
        storable(&address.to_lowercase()),
        &words(kinds),
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The team's addresses.
pub async fn list(connection: &mut PgConnection, team_id: Uuid) -> Result<Vec<AlertAddressRow>, StoreError> {
    let rows = sqlx::query_as!(
        StoredAddress,
        "SELECT id, team_id, address, kinds, created_at, dead_since, dead_reason
         FROM alert_addresses
         WHERE team_id = $1
         ORDER BY address",
        team_id,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(AlertAddressRow::try_from).collect()
}

pub async fn find(
    connection: &mut PgConnection,
    team_id: Uuid,
    id: Uuid,
) -> Result<Option<AlertAddressRow>, StoreError> {
    let row = sqlx::query_as!(
        StoredAddress,
        "SELECT id, team_id, address, kinds, created_at, dead_since, dead_reason
         FROM alert_addresses
         WHERE team_id = $1
           AND id = $2",
        team_id,
        id,
    )
    .fetch_optional(connection)
    .await?;
    row.map(AlertAddressRow::try_from).transpose()
}

/// An address by its id alone: whoever asks was given it by us.
pub async fn find_by_id(connection: &mut PgConnection, id: Uuid) -> Result<Option<AlertAddressRow>, StoreError> {
    let row = sqlx::query_as!(
        StoredAddress,
        "SELECT id, team_id, address, kinds, created_at, dead_since, dead_reason FROM alert_addresses WHERE id = $1",
        id,
    )
    .fetch_optional(connection)
    .await?;
    row.map(AlertAddressRow::try_from).transpose()
}

/// The addresses that are sent something: of a team, or of everybody who is sent what is of the platform (`None`).
pub async fn list_living(
    connection: &mut PgConnection,
    team_id: Option<Uuid>,
) -> Result<Vec<AlertAddressRow>, StoreError> {
    let platform = words(&NoticeKind::OF_PLATFORM);
    let rows = sqlx::query_as!(
        StoredAddress,
        "SELECT id, team_id, address, kinds, created_at, dead_since, dead_reason
         FROM alert_addresses
         WHERE dead_since IS NULL
           AND CASE WHEN $1::uuid IS NULL THEN kinds && $2 ELSE team_id = $1 END",
        team_id,
        &platform,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(AlertAddressRow::try_from).collect()
}

/// False where the team has no such address.
pub async fn set_kinds(
    connection: &mut PgConnection,
    team_id: Uuid,
    id: Uuid,
    kinds: &[NoticeKind],
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE alert_addresses SET kinds = $3 WHERE team_id = $1 AND id = $2",
        team_id,
        id,
        &words(kinds)
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Nothing more is sent to it from now on; the first reason stays.
pub async fn bury(
    connection: &mut PgConnection,
    id: Uuid,
    reason: &str,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE alert_addresses SET dead_since = $2, dead_reason = $3 WHERE id = $1 AND dead_since IS NULL",
        id,
        now,
        storable(reason),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// It is sent something again.
pub async fn revive(connection: &mut PgConnection, id: Uuid) -> Result<(), StoreError> {
    sqlx::query!("UPDATE alert_addresses SET dead_since = NULL, dead_reason = NULL WHERE id = $1", id)
        .execute(connection)
        .await?;
    Ok(())
}

/// False where the team has no such address.
pub async fn delete(connection: &mut PgConnection, team_id: Uuid, id: Uuid) -> Result<bool, StoreError> {
    let done = sqlx::query!("DELETE FROM alert_addresses WHERE team_id = $1 AND id = $2", team_id, id)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Forgets an address by what it is.
pub async fn delete_address(connection: &mut PgConnection, team_id: Uuid, address: &str) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM alert_addresses WHERE team_id = $1 AND address = $2", team_id, storable(address))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) fn words(kinds: &[NoticeKind]) -> Vec<String> {
    kinds.iter().map(|kind| kind.as_str().to_owned()).collect()
}

pub(super) fn read_kinds(words: Vec<String>) -> Result<Vec<NoticeKind>, StoreError> {
    words.into_iter().map(|word| read_word("kinds", word)).collect()
}

/// A row as PostgreSQL has it.
struct StoredAddress {
    id: Uuid,
    team_id: Uuid,
    address: String,
    kinds: Vec<String>,
    created_at: OffsetDateTime,
    dead_since: Option<OffsetDateTime>,
    dead_reason: Option<String>,
}

impl TryFrom<StoredAddress> for AlertAddressRow {
    type Error = StoreError;
    fn try_from(row: StoredAddress) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            team_id: row.team_id,
            address: row.address,
            kinds: read_kinds(row.kinds)?,
            created_at: row.created_at,
            dead: row.dead_since.zip(row.dead_reason),
        })
    }
}

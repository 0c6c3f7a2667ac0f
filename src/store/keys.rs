//! A domain's DKIM keys. The private half is sealed before it comes here.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use super::text::read_word;
use crate::records::Selector;
use crate::records::dkim::{DkimPublicKey, KeyAlgorithm};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    pub id: Uuid,
    pub domain_id: Uuid,
    pub selector: Selector,
    pub public: DkimPublicKey,
    /// The private key as `seal` made it.
    pub sealed: Vec<u8>,
    pub is_required: bool,
    pub state: KeyState,
    pub created_at: OffsetDateTime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Signs.
    Active,
    /// Is being rolled in.
    Next,
    /// Signed once, and its record may still stand.
    Retired,
}

impl KeyState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Next => "next",
            Self::Retired => "retired",
        }
    }

    fn read(word: &str) -> Result<Self, StoreError> {
        [Self::Active, Self::Next, Self::Retired]
            .into_iter()
            .find(|state| state.as_str() == word)
            .ok_or_else(|| StoreError::unreadable("state", word))
    }
}

/// Some sealed key, to tell by which secret key; `None` where nothing is sealed.
pub async fn find_any_sealed(connection: &mut PgConnection) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(sqlx::query_scalar!(r#"SELECT sealed AS "sealed!" FROM (SELECT sealed FROM dkim_keys UNION ALL SELECT sealed FROM webhooks) AS any_sealed LIMIT 1"#)
            .fetch_optional(connection)
            .await?)
}

/// Adds a key; `Duplicate` where the domain has the selector already.
pub async fn insert(connection: &mut PgConnection, row: &KeyRow) -> Result<(), StoreError> {
    let algorithm = match row.public.algorithm {
        KeyAlgorithm::Rsa => "rsa",
        KeyAlgorithm::Ed25519 => "ed25519",
    };
    sqlx::query!(
        "WITH touched AS (
             INSERT INTO look_prints (domain_id, touched)
             VALUES ($2, 1)
             ON CONFLICT (domain_id) DO UPDATE SET touched = look_prints.touched + 1, print = NULL
         )
         INSERT INTO dkim_keys (id, domain_id, selector, algorithm, public, sealed, is_required, state, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        row.id,
        row.domain_id,
        row.selector.as_str(),
        algorithm,
        row.public.bytes,
        row.sealed,
        row.is_required,
        row.state.as_str(),
        row.created_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The keys of the team's domain, oldest first.
pub async fn list(connection: &mut PgConnection, team_id: Uuid, domain_id: Uuid) -> Result<Vec<KeyRow>, StoreError> {
    let rows = sqlx::query_as!(
        StoredKey,
        "SELECT
             dkim_keys.id,
             dkim_keys.domain_id,
             dkim_keys.selector,
             dkim_keys.algorithm,
             dkim_keys.public,
             dkim_keys.sealed,
             dkim_keys.is_required,
             dkim_keys.state,
             dkim_keys.created_at
         FROM dkim_keys
         JOIN domains ON domains.id = dkim_keys.domain_id
         WHERE domains.team_id = $1
           AND domains.id = $2
         ORDER BY dkim_keys.id",
        team_id,
        domain_id,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(KeyRow::try_from).collect()
}

/// The keys of domains of any team, for the background verifier; oldest first.
pub async fn list_of_domains(connection: &mut PgConnection, domain_ids: &[Uuid]) -> Result<Vec<KeyRow>, StoreError> {
    let rows = sqlx::query_as!(
        StoredKey,
        "SELECT
             id,
             domain_id,
             selector,
             algorithm,
             public,
             sealed,
             is_required,
             state,
             created_at
         FROM dkim_keys
         WHERE domain_id = ANY($1)
         ORDER BY id",
        domain_ids,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(KeyRow::try_from).collect()
}

/// A row as PostgreSQL has it.
struct StoredKey {
    id: Uuid,
    domain_id: Uuid,
    selector: String,
    algorithm: String,
    public: Vec<u8>,
    sealed: Vec<u8>,
    is_required: bool,
    state: String,
    created_at: OffsetDateTime,
}

impl TryFrom<StoredKey> for KeyRow {
    type Error = StoreError;
    fn try_from(row: StoredKey) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            domain_id: row.domain_id,
            selector: read_word("selector", row.selector)?,
            public: DkimPublicKey { algorithm: read_word("algorithm", row.algorithm)?, bytes: row.public },
            sealed: row.sealed,
            is_required: row.is_required,
            state: KeyState::read(&row.state)?,
            created_at: row.created_at,
        })
    }
}

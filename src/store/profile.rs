//! The sending profile: one row, or none before an SPF mechanism is known.

use sqlx::PgConnection;

use super::StoreError;
use super::text::{read_json, storable_json};
use crate::records::plan::SendingProfile;

pub async fn get(connection: &mut PgConnection) -> Result<Option<SendingProfile>, StoreError> {
    let stored = sqlx::query_scalar!("SELECT profile FROM sending_profile").fetch_optional(connection).await?;
    stored.map(|json| read_json("profile", json)).transpose()
}

/// Replaces the profile.
pub async fn put(connection: &mut PgConnection, profile: &SendingProfile) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO sending_profile (profile) VALUES ($1)
         ON CONFLICT (id) DO UPDATE SET profile = excluded.profile",
        storable_json("profile", profile)?,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes the profile where there is none yet; false where there is one.
pub async fn seed(connection: &mut PgConnection, profile: &SendingProfile) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "INSERT INTO sending_profile (profile) VALUES ($1) ON CONFLICT (id) DO NOTHING",
        storable_json("profile", profile)?,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

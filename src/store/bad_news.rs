//! The bad news of a domain that was told and not taken back. Few domains have a row.

use sqlx::PgConnection;
use uuid::Uuid;

use super::StoreError;
use super::text::read_word;
use crate::lifecycle::notice::BadNews;

/// What is out about a domain that the caller holds.
pub async fn find(connection: &mut PgConnection, domain_id: Uuid) -> Result<Option<BadNews>, StoreError> {
    let told = sqlx::query_scalar!("SELECT told FROM bad_news WHERE domain_id = $1", domain_id)
        .fetch_optional(connection)
        .await?;
    told.map(|word| read_word("told", word)).transpose()
}

/// Notes what is out from now on.
pub async fn set(connection: &mut PgConnection, domain_id: Uuid, out: Option<BadNews>) -> Result<(), StoreError> {
    match out {
        Some(told) => {
            sqlx::query!(
                "INSERT INTO bad_news (domain_id, told) VALUES ($1, $2)
             ON CONFLICT (domain_id) DO UPDATE SET told = excluded.told",
                domain_id,
                told.as_str(),
            )
            .execute(connection)
            .await?
        }
        None => sqlx::query!("DELETE FROM bad_news WHERE domain_id = $1", domain_id).execute(connection).await?,
    };
    Ok(())
}

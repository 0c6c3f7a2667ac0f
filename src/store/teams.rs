//! In which language and at which clock a team reads what it is sent.

use sqlx::PgConnection;
use uuid::Uuid;

use super::StoreError;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamPlace {
    /// A language tag such as `en`.
    pub language: String,
    /// A name of the IANA time zone database.
    pub time_zone: String,
}

pub async fn find_place(connection: &mut PgConnection, team_id: Uuid) -> Result<Option<TeamPlace>, StoreError> {
    let place = sqlx::query_as!(TeamPlace, "SELECT language, time_zone FROM teams WHERE id = $1", team_id)
        .fetch_optional(connection)
        .await?;
    Ok(place)
}

pub async fn set_place(connection: &mut PgConnection, team_id: Uuid, place: &TeamPlace) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE teams SET language = $2, time_zone = $3 WHERE id = $1",
        team_id,
        place.language,
        place.time_zone,
    )
    .execute(connection)
    .await?;
    Ok(())
}

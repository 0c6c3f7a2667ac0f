//! The days on which a domain was looked at, of the last 90. They are written with the look itself.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::lifecycle::history::LookedDays;
use crate::store::StoreError;

/// The days of a domain; `None` where it is gone.
pub async fn looked_days(connection: &mut PgConnection, domain_id: Uuid) -> Result<Option<LookedDays>, StoreError> {
    let row =
        sqlx::query!(r#"SELECT looked_days::text AS "digits!", looked_until FROM domains WHERE id = $1"#, domain_id,)
            .fetch_optional(connection)
            .await?;
    Ok(row.map(|row| LookedDays::new(row.looked_until, &row.digits)))
}

//! What the database says of itself.

use sqlx::PgConnection;

use super::StoreError;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// PostgreSQL's version.
    pub version: String,
    pub size_bytes: u64,
    /// Connections of all programs to this database, and how many the server takes.
    pub connections: u32,
    pub max_connections: u32,
}

pub async fn about(connection: &mut PgConnection) -> Result<About, StoreError> {
    let row = sqlx::query!(
        r#"SELECT
             current_setting('server_version') AS "version!",
             pg_database_size(current_database()) AS "size_bytes!",
             (SELECT numbackends FROM pg_stat_database WHERE datname = current_database()) AS "connections!",
             current_setting('max_connections')::integer AS "max_connections!""#,
    )
    .fetch_one(connection)
    .await?;
    Ok(About {
        version: row.version,
        size_bytes: u64::try_from(row.size_bytes).unwrap_or(0),
        connections: u32::try_from(row.connections).unwrap_or(0),
        max_connections: u32::try_from(row.max_connections).unwrap_or(0),
    })
}

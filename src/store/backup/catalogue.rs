//! What stands in the database, by its own catalogue: tables, their columns, who refers to whom, counters, migrations.

use sqlx::{AssertSqlSafe, PgConnection};

use super::BackupError;
use super::container::{AppliedMigration, Sequence, Table};

/// The list of migrations, kept by sqlx; restored by migrating.
const LIST: &str = "_sqlx_migrations";
/// Tables that a migration fills: rows in them are no sign that anybody works here.
pub(super) const FILLED_AT_BIRTH: [&str; 1] = ["sweep_slots"];

/// A name as SQL writes it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `table (column, …)`, for `COPY`.
pub(super) fn table_and_columns(table: &Table) -> String {
    let columns: Vec<String> = table.columns.iter().map(|name| quoted(name)).collect();
    format!("{} ({})", quoted(&table.name), columns.join(", "))
}

/// Our tables in the order in which they can be filled. What belongs to somebody else, or to an extension, is none.
pub(super) async fn tables(connection: &mut PgConnection) -> Result<Vec<Table>, BackupError> {
    let rows = sqlx::query!(
        r#"SELECT
             pg_class.relname::text AS "name!",
             ARRAY(
                 SELECT attname::text
                 FROM pg_attribute
                 WHERE attrelid = pg_class.oid
                   AND attnum > 0
                   AND NOT attisdropped
                   AND attgenerated = ''
                 ORDER BY attnum) AS "columns!",
             ARRAY(
                 SELECT confrelid::regclass::oid::bigint
                 FROM pg_constraint
                 WHERE conrelid = pg_class.oid
                   AND contype = 'f'
                   AND confrelid <> conrelid) AS "refers_to!",
             pg_class.oid::bigint AS "oid!"
         FROM pg_class
         WHERE pg_class.relnamespace = current_schema()::regnamespace
           AND pg_class.relkind = 'r'
           AND pg_class.relowner = current_user::regrole
           AND pg_class.relname <> $1
           AND NOT EXISTS (
               SELECT FROM pg_depend
               WHERE pg_depend.classid = 'pg_class'::regclass
                 AND pg_depend.objid = pg_class.oid
                 AND pg_depend.deptype = 'e')
         ORDER BY pg_class.relname"#,
        LIST,
    )
    .fetch_all(connection)
    .await?;
    let mut waiting: Vec<_> =
        rows.into_iter().map(|row| (row.oid, row.refers_to, Table { name: row.name, columns: row.columns })).collect();
    let mut ordered = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let left: Vec<i64> = waiting.iter().map(|(oid, _, _)| *oid).collect();
        let is_ready = |refers_to: &[i64]| refers_to.iter().all(|oid| !left.contains(oid));
        let (ready, others): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(_, refers, _)| is_ready(refers));
        if ready.is_empty() {
            let names: Vec<String> = others.into_iter().map(|(_, _, table)| table.name).collect();
            let circle = format!("the tables {} refer to one another in a circle", names.join(", "));
            return Err(sqlx::Error::Protocol(circle).into());
        }
        ordered.extend(ready.into_iter().map(|(_, _, table)| table));
        waiting = others;
    }
    Ok(ordered)
}

/// Whether signet's list of migrations stands in the schema.
pub(super) async fn is_ours(connection: &mut PgConnection) -> Result<bool, BackupError> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (
             SELECT FROM pg_class
             WHERE relnamespace = current_schema()::regnamespace
               AND relname = $1) AS "is_ours!""#,
        LIST,
    );
    Ok(found.fetch_one(connection).await?)
}

/// The names of all tables of the schema, whoever owns them, without those of extensions.
pub(super) async fn names_of_anybody(connection: &mut PgConnection) -> Result<Vec<String>, BackupError> {
    let names = sqlx::query_scalar!(
        r#"SELECT pg_class.relname::text AS "name!"
         FROM pg_class
         WHERE pg_class.relnamespace = current_schema()::regnamespace
           AND pg_class.relkind IN ('r', 'p', 'v', 'm', 'f')
           AND NOT EXISTS (
               SELECT FROM pg_depend
               WHERE pg_depend.classid = 'pg_class'::regclass
                 AND pg_depend.objid = pg_class.oid
                 AND pg_depend.deptype = 'e')
         ORDER BY pg_class.relname"#,
    );
    Ok(names.fetch_all(connection).await?)
}

/// The migrations that were applied, by number.
pub(super) async fn migrations(connection: &mut PgConnection) -> Result<Vec<AppliedMigration>, BackupError> {
    // The table is sqlx's own and unknown to `query!`.
    let rows: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY version")
            .fetch_all(connection)
            .await?;
    Ok(rows.into_iter().map(|(version, sum)| AppliedMigration { version, checksum: hexadecimal(&sum) }).collect())
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Counters and where they stand.
pub(super) async fn sequences(connection: &mut PgConnection) -> Result<Vec<Sequence>, BackupError> {
    let names = sqlx::query_scalar!(
        r#"SELECT relname::text AS "name!"
         FROM pg_class
         WHERE relnamespace = current_schema()::regnamespace
           AND relkind = 'S'
           AND relowner = current_user::regrole
         ORDER BY relname"#,
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut sequences = Vec::with_capacity(names.len());
    for name in names {
        let ask = format!("SELECT last_value, is_called FROM {}", quoted(&name));
        let (last_value, is_called) = sqlx::query_as(AssertSqlSafe(ask)).fetch_one(&mut *connection).await?;
        sequences.push(Sequence { name, last_value, is_called });
    }
    Ok(sequences)
}

/// Whether a table has rows.
pub(super) async fn has_rows(connection: &mut PgConnection, table: &str) -> Result<bool, BackupError> {
    let ask = format!("SELECT EXISTS (SELECT FROM {})", quoted(table));
    Ok(sqlx::query_scalar(AssertSqlSafe(ask)).fetch_one(connection).await?)
}

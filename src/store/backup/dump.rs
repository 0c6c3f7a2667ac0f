//! Out of the database into a file.

use std::io::Write;

use futures_util::TryStreamExt;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use time::OffsetDateTime;

use super::container::{Contents, Table, Writer};
use super::{BackupError, Summary, catalogue};
use crate::store::pool;

/// One moment of the database, for however long the reading takes; values are written alike whatever the database's
/// own settings are.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    SET LOCAL bytea_output = 'hex';
    SET LOCAL DateStyle = 'ISO';
    SET LOCAL IntervalStyle = 'postgres';
    SET LOCAL extra_float_digits = 1";

/// Writes what the database holds now to `out`, which is then complete but not yet on the disk. Nothing is migrated or
/// changed, and a server may go on working. Fails with `NothingThere` where signet never was.
pub async fn dump(
    options: PgConnectOptions,
    key_fingerprint: &str,
    made_at: OffsetDateTime,
    out: impl Write,
) -> Result<Summary, BackupError> {
    let (mut connection, _) = pool::connect_as_owner(options).await?;
    sqlx::raw_sql(SNAPSHOT).execute(&mut connection).await?;
    if !catalogue::is_ours(&mut connection).await? {
        return Err(BackupError::NothingThere);
    }
    let contents = Contents {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        made_at,
        key_fingerprint: key_fingerprint.to_owned(),
        migrations: catalogue::migrations(&mut connection).await?,
        tables: catalogue::tables(&mut connection).await?,
        sequences: catalogue::sequences(&mut connection).await?,
    };
    let mut writer = Writer::begin(out, &contents)?;
    let mut rows = 0;
    for table in &contents.tables {
        rows += dump_table(&mut connection, table, &mut writer).await?;
    }
    writer.finish()?;
    connection.close().await?;
    Ok(Summary { made_at, tables: contents.tables.len(), rows })
}

/// Gives how many rows there were.
async fn dump_table(
    connection: &mut PgConnection,
    table: &Table,
    writer: &mut Writer<impl Write>,
) -> Result<u64, BackupError> {
    let copy = format!("COPY {} TO STDOUT", catalogue::table_and_columns(table));
    let mut stream = connection.copy_out_raw(&copy).await?;
    let mut rows = 0;
    // The server sends each row by itself.
    while let Some(row) = stream.try_next().await? {
        writer.rows(&row)?;
        rows += 1;
    }
    writer.end_table()?;
    Ok(rows)
}

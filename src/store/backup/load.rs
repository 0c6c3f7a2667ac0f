//! Out of a file into an empty database, in one transaction.

use std::io::{Read, Seek};

use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::container::{Contents, Reader};
use super::{BackupError, Summary, catalogue};
use crate::store::{StoreError, pool, roles};

/// Fills an empty database from a file that [`super::check`] has found whole, and brings it up to this program's
/// schema. Fails with `NotEmpty` where anything is there, with `Newer` where the file knows migrations that this
/// program does not; nothing is changed then.
pub async fn load(options: PgConnectOptions, file: impl Read + Seek) -> Result<Summary, BackupError> {
    let (contents, mut reader) = Reader::open(file)?;
    let schema_of_file = schema(&contents)?;
    let (mut connection, has_roles) = pool::connect_as_owner(options).await?;
    sqlx::raw_sql(pool::TAKE_TURNS).execute(&mut connection).await?;
    let mut transaction = connection.begin().await?;
    check_empty(&mut transaction, &contents).await?;
    // As the file has it first: what later migrations do to rows, they do to these rows.
    migrate(&mut transaction, &schema_of_file).await?;
    let rows = fill(&mut transaction, &contents, &mut reader).await?;
    migrate(&mut transaction, &everything()).await?;
    if has_roles {
        roles::grant(&mut transaction).await?;
    }
    transaction.commit().await?;
    connection.close().await?;
    Ok(Summary { made_at: contents.made_at, tables: contents.tables.len(), rows })
}

/// Every migration that this program knows; the caller has taken its turn.
fn everything() -> Migrator {
    Migrator { locking: false, ..sqlx::migrate!() }
}

/// The migrations that the file had seen.
fn schema(contents: &Contents) -> Result<Migrator, BackupError> {
    let mut known = everything().migrations.into_owned();
    for applied in &contents.migrations {
        let is_same = |sum: &[u8]| catalogue::hexadecimal(sum) == applied.checksum;
        if !known.iter().any(|one| one.version == applied.version && is_same(&one.checksum)) {
            let newer = format!("version {} with migration {}", contents.program, applied.version);
            return Err(BackupError::Newer(newer));
        }
    }
    known.retain(|one| contents.migrations.iter().any(|applied| applied.version == one.version));
    Ok(Migrator { locking: false, ..Migrator::with_migrations(known) })
}

async fn migrate(connection: &mut PgConnection, migrator: &Migrator) -> Result<(), BackupError> {
    let done = migrator.run_direct(None, connection, false).await;
    Ok(done.map_err(|error| StoreError::from(sqlx::Error::Migrate(Box::new(error))))?)
}

/// Whether nothing is there but, at most, what `signet migrate` of the same version makes. Other programs are kept out
/// until the transaction ends.
async fn check_empty(connection: &mut PgConnection, contents: &Contents) -> Result<(), BackupError> {
    if !catalogue::is_ours(connection).await? {
        let strangers = catalogue::names_of_anybody(connection).await?;
        return match strangers.is_empty() {
            true => Ok(()),
            false => Err(BackupError::NotEmpty(format!("another program's tables: {}", strangers.join(", ")))),
        };
    }
    let tables = catalogue::tables(connection).await?;
    lock(connection, tables.iter().map(|table| table.name.as_str())).await?;
    let mut filled = Vec::new();
    for table in &tables {
        let is_born_so = catalogue::FILLED_AT_BIRTH.contains(&table.name.as_str());
        if !is_born_so && catalogue::has_rows(connection, &table.name).await? {
            filled.push(table.name.clone());
        }
    }
    if !filled.is_empty() {
        return Err(BackupError::NotEmpty(format!("rows in {}", filled.join(", "))));
    }
    match catalogue::migrations(connection).await? == contents.migrations {
        true => Ok(()),
        false => Err(BackupError::OtherSchema),
    }
}

async fn lock(connection: &mut PgConnection, tables: impl Iterator<Item = &str>) -> Result<(), BackupError> {
    let names: Vec<String> = tables.map(catalogue::quoted).collect();
    if !names.is_empty() {
        let lock = format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", names.join(", "));
        sqlx::raw_sql(AssertSqlSafe(lock)).execute(connection).await?;
    }
    Ok(())
}

/// Gives how many rows were written.
async fn fill(
    connection: &mut PgConnection,
    contents: &Contents,
    reader: &mut Reader<impl Read + Seek>,
) -> Result<u64, BackupError> {
    let mut there = catalogue::tables(connection).await?;
    let mut listed = contents.tables.clone();
    there.sort_by(|a, b| a.name.cmp(&b.name));
    listed.sort_by(|a, b| a.name.cmp(&b.name));
    if there != listed {
        return Err(BackupError::Damaged("its tables are not those of its own schema"));
    }
    let mut rows = 0;
    for table in &contents.tables {
        let name = catalogue::quoted(&table.name);
        // What migrations put there is in the file as well; what triggers would do was done before the backup.
        let clear = format!("DELETE FROM {name}; ALTER TABLE {name} DISABLE TRIGGER USER");
        sqlx::raw_sql(AssertSqlSafe(clear)).execute(&mut *connection).await?;
        let copy = format!("COPY {} FROM STDIN", catalogue::table_and_columns(table));
        let mut sink = connection.copy_in_raw(&copy).await?;
        while let Some(piece) = reader.piece()? {
            sink.send(piece).await?;
        }
        rows += sink.finish().await?;
        let enable = format!("ALTER TABLE {name} ENABLE TRIGGER USER");
        sqlx::raw_sql(AssertSqlSafe(enable)).execute(&mut *connection).await?;
    }
    for sequence in &contents.sequences {
        sqlx::query("SELECT setval($1::regclass, $2, $3)")
            .bind(catalogue::quoted(&sequence.name))
            .bind(sequence.last_value)
            .bind(sequence.is_called)
            .execute(&mut *connection)
            .await?;
    }
    Ok(rows)
}

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use time::OffsetDateTime;
use time::macros::datetime;
use uuid::Uuid;

use super::container::Writer;
use super::*;
use crate::store::embedded::Embedded;
use crate::store::{self, pool};

const NOON: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);
const KEY: &str = "00ff";

/// A cluster with databases to back up and to fill.
struct Cluster {
    embedded: Option<Embedded>,
    directory: PathBuf,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.embedded.take());
        std::fs::remove_dir_all(&self.directory).ok();
    }
}

impl Cluster {
    async fn new() -> Self {
        let directory = std::env::temp_dir().join(format!("signet-backup-{}", Uuid::now_v7()));
        Self { embedded: Some(Embedded::start(&directory).await.unwrap()), directory }
    }

    fn options(&self) -> PgConnectOptions {
        self.embedded.as_ref().unwrap().options()
    }

    /// A new database without any table.
    async fn empty(&self, name: &str) -> PgConnectOptions {
        run(&self.options(), &format!("CREATE DATABASE {name}")).await;
        self.options().database(name)
    }

    /// A migrated database in which one of everything stands.
    async fn filled(&self, name: &str) -> PgConnectOptions {
        let options = self.empty(name).await;
        store::migrate(options.clone()).await.unwrap();
        run(&options, FILL).await;
        options
    }
}

/// Texts with what `COPY` has to escape, JSON, arrays, bytes, nulls.
const FILL: &str = r#"
    INSERT INTO teams VALUES (gen_random_uuid(), E'a\tb\\n\n"team"', '2026-06-01 12:00:00.123456+02'),
                             (gen_random_uuid(), 'zwei', 'infinity');
    INSERT INTO users SELECT gen_random_uuid(), id, 'u' || md5(name) || '@example.com', 'hash', true, now(), NULL FROM teams;
    INSERT INTO sessions SELECT sha256(id::text::bytea), id, now(), now() FROM users;
    INSERT INTO login_failures VALUES ('a@example.com', '192.0.2.1', now());
    INSERT INTO setup_links VALUES (sha256('x'), now());
    INSERT INTO tokens SELECT gen_random_uuid(), team_id, id, 'ci', sha256(email::bytea), now(), NULL FROM users;
    INSERT INTO profile_versions VALUES (1, '{"spf": ["include:spf.mta.example"], "x": null}', now(), 'settings', NULL);
    INSERT INTO profile_check VALUES (true, 1, now(), '[]');
    INSERT INTO domains (id, team_id, name, unicode_name, zone, status, tags, created_at)
        SELECT gen_random_uuid(), teams.id, 'd' || n || '.example.com', 'dü', 'example.com', 'pending', '{"k": "\u00fc"}', now()
        FROM teams, generate_series(1, 300) AS n;
    INSERT INTO dkim_keys SELECT gen_random_uuid(), id, 's1', 'rsa', '\x00ff', sha256(name::bytea), true, 'active', now() FROM domains;
    INSERT INTO records (domain_id, key, status, is_required, current)
        SELECT id, 'spf', 'pending', true, ARRAY['v=spf1 "x" \ {a,b}', '', NULL] FROM domains;
    INSERT INTO events SELECT gen_random_uuid(), id, now(), 'created', 'x', NULL, NULL, NULL, '{}' FROM domains;
    INSERT INTO due_looks SELECT id, now(), 0, now() FROM domains;
    UPDATE sweep_slots SET fence = 7, cursor = gen_random_uuid() WHERE slot % 2 = 0;
"#;

async fn run(options: &PgConnectOptions, statement: &str) {
    let mut connection = PgConnection::connect_with(options).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn ask(options: &PgConnectOptions, question: &str) -> Vec<String> {
    let mut connection = PgConnection::connect_with(options).await.unwrap();
    let rows = sqlx::query_scalar(AssertSqlSafe(question)).fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    rows
}

const TABLES: &str = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1";

/// Every row of every table as text, the list of migrations without its times.
async fn everything(options: &PgConnectOptions) -> BTreeMap<String, Vec<String>> {
    let mut rows = BTreeMap::new();
    for table in ask(options, TABLES).await {
        let columns = if table == "_sqlx_migrations" { "(version, checksum, success)" } else { "held" };
        let all = ask(options, &format!("SELECT {columns}::text FROM {table} AS held ORDER BY 1")).await;
        rows.insert(table, all);
    }
    rows
}

async fn backup(options: &PgConnectOptions) -> Vec<u8> {
    let mut file = Vec::new();
    dump(options.clone(), KEY, NOON, &mut file).await.unwrap();
    file
}

async fn restore(options: &PgConnectOptions, file: &[u8]) -> Result<Summary, BackupError> {
    check(Cursor::new(file))?;
    load(options.clone(), Cursor::new(file)).await
}

#[tokio::test]
async fn a_restored_database_has_every_row_of_every_table() {
    let cluster = Cluster::new().await;
    let source = cluster.filled("source").await;
    let file = backup(&source).await;
    let contents = check(Cursor::new(&file)).unwrap();
    assert_eq!((contents.key_fingerprint.as_str(), contents.made_at), (KEY, NOON));

    let (bare, migrated) = (cluster.empty("bare").await, cluster.empty("migrated").await);
    store::migrate(migrated.clone()).await.unwrap();
    let before = everything(&source).await;
    assert!(before["domains"].len() == 600 && before["sessions"].len() == 2);
    let rows: usize = before.iter().filter(|(name, _)| *name != "_sqlx_migrations").map(|(_, rows)| rows.len()).sum();
    for target in [&bare, &migrated] {
        let summary = restore(target, &file).await.unwrap();
        assert_eq!((summary.rows, summary.tables), (rows as u64, before.len() - 1));
        assert_eq!(everything(target).await, before);
    }
    // The roles may work on it as on any other.
    let app = store::migrate(bare.clone()).await.unwrap().pool(store::Role::App).await.unwrap();
    sqlx::raw_sql("DELETE FROM teams WHERE false").execute(&app).await.unwrap();
    let owners = "SELECT DISTINCT tableowner::text FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(ask(&bare, owners).await, ["signet_owner"]);
    app.close().await;
    assert_eq!(everything(&source).await, before, "the source is as it was");
}

#[tokio::test]
async fn a_user_who_can_make_no_roles_backs_up_and_restores_as_well() {
    let cluster = Cluster::new().await;
    let source = cluster.filled("source").await;
    run(&source, "CREATE ROLE plain LOGIN PASSWORD 'x'").await;
    for name in ["one", "two"] {
        run(&source, &format!("CREATE DATABASE {name} OWNER plain")).await;
    }
    let plain = |name: &str| cluster.options().username("plain").password("x").database(name);
    restore(&plain("one"), &backup(&source).await).await.unwrap();
    restore(&plain("two"), &backup(&plain("one")).await).await.unwrap();
    assert_eq!(everything(&plain("two")).await, everything(&source).await);
}

#[tokio::test]
async fn what_is_not_empty_is_refused_and_stays_as_it_is() {
    let cluster = Cluster::new().await;
    let source = cluster.filled("source").await;
    let file = backup(&source).await;
    let before = everything(&source).await;
    let refused = restore(&source, &file).await.unwrap_err();
    assert!(matches!(&refused, BackupError::NotEmpty(tables) if tables.contains("domains")), "{refused}");
    assert_eq!(everything(&source).await, before);

    let theirs = cluster.empty("theirs").await;
    run(&theirs, "CREATE TABLE ledger (n integer)").await;
    let refused = restore(&theirs, &file).await.unwrap_err();
    assert!(matches!(&refused, BackupError::NotEmpty(tables) if tables.contains("ledger")), "{refused}");
    assert_eq!(ask(&theirs, TABLES).await, ["ledger"]);

    let nothing = dump(cluster.empty("nothing").await, KEY, NOON, Vec::new()).await.unwrap_err();
    assert!(matches!(nothing, BackupError::NothingThere));
}

/// A file of the same schema whose rows are these.
fn file_with(contents: &Contents, rows: impl Fn(&str) -> &'static [u8]) -> Vec<u8> {
    let mut writer = Writer::begin(Vec::new(), contents).unwrap();
    for table in &contents.tables {
        writer.rows(rows(&table.name)).unwrap();
        writer.end_table().unwrap();
    }
    writer.finish().unwrap()
}

#[tokio::test]
async fn a_restore_that_fails_on_the_way_leaves_nothing() {
    let cluster = Cluster::new().await;
    let source = cluster.empty("source").await;
    store::migrate(source.clone()).await.unwrap();
    let contents = check(Cursor::new(backup(&source).await)).unwrap();
    let target = cluster.empty("target").await;
    let team = b"0190a3c4-0000-7000-8000-000000000001\tone\t2026-06-01 12:00:00+00\ten\tUTC\n";
    let orphan = b"\\\\x00\t0190a3c4-0000-7000-8000-000000000001\t2026-06-01 12:00:00+00\t2026-06-01 12:00:00+00\n";
    let broken = file_with(&contents, |table| match table {
        "teams" => team,
        "sessions" => orphan,
        _ => b"",
    });
    assert!(matches!(restore(&target, &broken).await, Err(BackupError::Store(_))));
    assert_eq!(ask(&target, TABLES).await, [""; 0]);

    let mut other = contents.clone();
    other.tables.retain(|table| table.name != "sessions");
    assert!(matches!(restore(&target, &file_with(&other, |_| b"")).await, Err(BackupError::Damaged(_))));
    assert_eq!(ask(&target, TABLES).await, [""; 0]);

    for (version, checksum) in [(9999, "00"), (1, "00")] {
        let mut newer = contents.clone();
        newer.program = "7.0.0".into();
        newer.migrations.push(container::AppliedMigration { version, checksum: checksum.into() });
        let refused = restore(&target, &file_with(&newer, |_| b"")).await.unwrap_err();
        assert!(matches!(&refused, BackupError::Newer(what) if what.contains("7.0.0")), "{refused}");
    }
    assert_eq!(ask(&target, TABLES).await, [""; 0]);
    restore(&target, &file_with(&contents, |table| if table == "teams" { team } else { b"" })).await.unwrap();
    assert_eq!(ask(&target, "SELECT name FROM teams").await, ["one"]);
}

#[tokio::test]
async fn a_file_of_an_older_schema_is_brought_up_by_the_migrations_since() {
    let cluster = Cluster::new().await;
    let (old, target) = (cluster.empty("old").await, cluster.empty("target").await);
    let (mut connection, _) = pool::connect_as_owner(old.clone()).await.unwrap();
    let known = sqlx::migrate!().migrations.into_owned();
    let first: Vec<_> = known.iter().filter(|migration| migration.version < 5).cloned().collect();
    Migrator::with_migrations(first).run_direct(None, &mut connection, false).await.unwrap();
    connection.close().await.unwrap();
    run(&old, "INSERT INTO teams VALUES (gen_random_uuid(), 'one', now())").await;
    run(
        &old,
        "INSERT INTO domains (id, team_id, name, unicode_name, zone, status, created_at)
         SELECT gen_random_uuid(), id, 'example.com', 'example.com', 'example.com', 'at_risk', now() FROM teams",
    )
    .await;
    let file = backup(&old).await;
    restore(&target, &file).await.unwrap();
    assert_eq!(ask(&target, "SELECT rank::text FROM due_looks").await, ["1"], "0005 plans its looks");
    assert_eq!(ask(&target, "SELECT count(*)::text FROM _sqlx_migrations").await, [known.len().to_string()]);

    let newer = cluster.empty("newer").await;
    store::migrate(newer.clone()).await.unwrap();
    assert!(matches!(restore(&newer, &file).await, Err(BackupError::OtherSchema)));
}

#[tokio::test]
async fn a_table_and_a_counter_that_nobody_listed_are_in_the_file() {
    let cluster = Cluster::new().await;
    let source = cluster.filled("source").await;
    let (mut owner, _) = pool::connect_as_owner(source.clone()).await.unwrap();
    let later = "CREATE TABLE \"a \"\"later\"\" one\" (
             n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
             domain_id uuid REFERENCES domains,
             twice bigint GENERATED ALWAYS AS (length(domain_id::text) * 2) STORED,
             parent bigint REFERENCES \"a \"\"later\"\" one\");
         INSERT INTO \"a \"\"later\"\" one\" (domain_id) SELECT id FROM domains";
    sqlx::raw_sql(later).execute(&mut owner).await.unwrap();
    owner.close().await.unwrap();
    let contents = check(Cursor::new(backup(&source).await)).unwrap();
    let place = |name: &str| contents.tables.iter().position(|table| table.name == name).unwrap();
    assert!(place("a \"later\" one") > place("domains"));
    assert_eq!(contents.tables[place("a \"later\" one")].columns, ["n", "domain_id", "parent"]);
    assert_eq!(contents.sequences.iter().map(|one| (one.last_value, one.is_called)).collect::<Vec<_>>(), [(600, true)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_writes_is_one_moment() {
    let cluster = Cluster::new().await;
    let source = cluster.filled("source").await;
    let is_over = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn({
        let (options, is_over) = (source.clone(), is_over.clone());
        async move {
            let mut connection = PgConnection::connect_with(&options).await.unwrap();
            let mut written = 0;
            while !is_over.load(Ordering::Relaxed) {
                // Whoever sees one of these without the others has not seen one moment.
                let together = "BEGIN;
                     INSERT INTO login_failures VALUES ('together', '192.0.2.1', now());
                     INSERT INTO setup_links VALUES (sha256(gen_random_uuid()::text::bytea), now());
                     INSERT INTO teams VALUES (gen_random_uuid(), gen_random_uuid()::text, now());
                     INSERT INTO events SELECT gen_random_uuid(), id, now(), 'key', 'together', NULL, NULL, NULL, NULL
                         FROM (SELECT id FROM domains LIMIT 1) AS one;
                     COMMIT";
                sqlx::raw_sql(together).execute(&mut connection).await.unwrap();
                written += 1;
            }
            written
        }
    });
    let mut files = Vec::new();
    for _ in 0..5 {
        let before = ask(&source, "SELECT count(*)::text FROM login_failures").await;
        files.push(backup(&source).await);
        // The next one sees more.
        while ask(&source, "SELECT count(*)::text FROM login_failures").await == before {
            tokio::task::yield_now().await;
        }
    }
    is_over.store(true, Ordering::Relaxed);
    assert!(writer.await.unwrap() >= 5);
    let mut seen = Vec::new();
    for (n, file) in files.iter().enumerate() {
        let target = cluster.empty(&format!("target{n}")).await;
        restore(&target, file).await.unwrap();
        let counts = "SELECT format('%s %s %s %s',
             (SELECT count(*) FROM login_failures) - 1, (SELECT count(*) FROM setup_links) - 1,
             (SELECT count(*) FROM teams) - 2, (SELECT count(*) FROM events WHERE by_whom = 'together'))";
        let counts = ask(&target, counts).await.remove(0);
        let counts: Vec<u32> = counts.split(' ').map(|count| count.parse().unwrap()).collect();
        assert!(counts.iter().all(|count| *count == counts[0]), "{counts:?}");
        seen.push(counts[0]);
    }
    assert!(seen.windows(2).all(|pair| pair[0] < pair[1]), "{seen:?}");
}

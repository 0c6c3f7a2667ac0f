//! Databases for tests: all of one run share a cluster, and each test has a database of its own in it.

use std::path::{Path, PathBuf};

use signet::store;
use signet::store::embedded::Embedded;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::OnceCell;

/// The cluster, and in it a migrated database to copy. The system stops it with us.
static CLUSTER: OnceCell<Embedded> = OnceCell::const_new();
const TEMPLATE: &str = "template_signet";

/// A migrated, empty database.
pub async fn new_database() -> PgConnectOptions {
    let cluster = CLUSTER.get_or_init(start_cluster).await;
    let name = format!("test_{}", uuid::Uuid::now_v7().simple());
    on_cluster(&format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}")).await;
    cluster.options().database(&name)
}

async fn on_cluster(statement: &str) {
    let mut connection = PgConnection::connect_with(&CLUSTER.get().unwrap().options()).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// In the build's folder, which cargo marks, for the next run as well; else where the system keeps what may go.
fn parent() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let built = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    built.map_or_else(std::env::temp_dir, Path::to_owned).join("tmp")
}

/// A second run at the same time has a cluster of its own.
async fn start_cluster() -> Embedded {
    let parent = parent();
    std::fs::create_dir_all(&parent).unwrap();
    for number in 0..8 {
        let Ok(cluster) = Embedded::start(&parent.join(format!("cluster-{number}"))).await else { continue };
        let mut connection = PgConnection::connect_with(&cluster.options()).await.unwrap();
        let left_behind: Vec<String> = sqlx::query_scalar(
            "SELECT datname::text FROM pg_database WHERE datname LIKE 'test\\_%' OR datname = 'template_signet'",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap();
        for name in left_behind {
            let drop = format!("DROP DATABASE \"{name}\" WITH (FORCE)");
            sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut connection).await.unwrap();
        }
        let create = format!("CREATE DATABASE {TEMPLATE}");
        sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        store::migrate(cluster.options().database(TEMPLATE)).await.unwrap();
        return cluster;
    }
    panic!("no cluster starts below {}", parent.display());
}

use std::path::PathBuf;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use super::embedded::Embedded;
use super::*;

/// A cluster that has seen no signet yet.
struct Cluster {
    embedded: Option<Embedded>,
    directory: PathBuf,
}

impl Cluster {
    async fn new() -> Self {
        let directory = std::env::temp_dir().join(format!("signet-test-{}", Uuid::now_v7()));
        Self { embedded: Some(Embedded::start(&directory).await.unwrap()), directory }
    }

    fn options(&self) -> PgConnectOptions {
        self.embedded.as_ref().unwrap().options()
    }

    async fn run(&self, statement: &str) {
        let mut connection = PgConnection::connect_with(&self.options()).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    /// A database of its own for a user who may do nothing else.
    async fn owned_by(&self, user: &str) -> PgConnectOptions {
        self.run(&format!("CREATE ROLE {user} LOGIN PASSWORD 'x'")).await;
        self.run(&format!("CREATE DATABASE {user} OWNER {user}")).await;
        self.options().username(user).password("x").database(user)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.embedded.take());
        std::fs::remove_dir_all(&self.directory).ok();
    }
}

async fn ask(pool: &Pool, question: &'static str) -> Result<String, sqlx::Error> {
    sqlx::query_scalar(question).fetch_one(pool).await
}

const OWNER: &str = "SELECT tableowner::text FROM pg_tables WHERE tablename = 'domains'";

#[tokio::test]
async fn each_pool_acts_as_its_role_and_neither_may_change_a_table() {
    let cluster = Cluster::new().await;
    let migrated = migrate(cluster.options()).await.unwrap();
    assert!(migrated.has_roles());
    for (role, name) in [(Role::App, "signet_app"), (Role::Sweep, "signet_sweep")] {
        let pool = migrated.pool(role).await.unwrap();
        assert_eq!(ask(&pool, "SELECT current_user::text").await.unwrap(), name);
        assert_eq!(ask(&pool, OWNER).await.unwrap(), "signet_owner");
        assert!(ask(&pool, "SELECT count(*)::text FROM domains").await.is_ok());
        for refused in [
            "ALTER TABLE domains ADD COLUMN x integer",
            "DROP TABLE login_failures",
            "CREATE TABLE x (x integer)",
            "DELETE FROM _sqlx_migrations",
        ] {
            let error = sqlx::raw_sql(refused).execute(&pool).await.unwrap_err();
            assert_eq!(error.as_database_error().unwrap().code().as_deref(), Some("42501"), "{name}: {refused}");
        }
        assert!(is_ready(&pool).await);
        pool.close().await;
    }
}

#[tokio::test]
async fn a_user_who_can_set_no_role_does_everything_itself() {
    let cluster = Cluster::new().await;
    let alone = cluster.owned_by("alone").await;
    migrate(cluster.options()).await.unwrap();
    for _ in 0..2 {
        let migrated = migrate(alone.clone()).await.unwrap();
        assert!(!migrated.has_roles());
        let pool = migrated.pool(Role::App).await.unwrap();
        assert_eq!(ask(&pool, "SELECT current_user::text").await.unwrap(), "alone");
        assert_eq!(ask(&pool, OWNER).await.unwrap(), "alone");
        pool.close().await;
    }
    // Somebody lets it, and the tables that it has already go to the owner.
    cluster.run("GRANT signet_owner, signet_app, signet_sweep TO alone").await;
    let pool = open(alone).await.unwrap();
    assert_eq!(ask(&pool, "SELECT current_user::text").await.unwrap(), "signet_app");
    assert_eq!(ask(&pool, OWNER).await.unwrap(), "signet_owner");
    pool.close().await;
}

#[tokio::test]
async fn replicas_and_databases_of_one_cluster_may_start_together() {
    let cluster = Cluster::new().await;
    let first = cluster.owned_by("first").await;
    let second = cluster.owned_by("second").await;
    cluster.run("ALTER ROLE first CREATEROLE; ALTER ROLE second CREATEROLE").await;
    let starts: Vec<_> = (0..6).map(|n| tokio::spawn(migrate([&first, &second][n % 2].clone()))).collect();
    for start in starts {
        start.await.unwrap().unwrap();
    }
    for options in [first, second] {
        let pool = open(options).await.unwrap();
        assert_eq!(ask(&pool, "SELECT count(*)::text FROM domains").await.unwrap(), "0");
        pool.close().await;
    }
}

//! The database of a command: `DATABASE_URL`, or the private cluster under the data directory.

use anyhow::Context;
use sqlx::PgPool;

use crate::config::Config;
use crate::store;
use crate::store::embedded::Embedded;

/// An open, migrated database.
pub struct Database {
    pub pool: PgPool,
    pub migrated: store::Migrated,
    embedded: Option<Embedded>,
}

/// For `serve`: the private cluster belongs to this process alone, a second one is refused.
pub async fn open(config: &Config) -> anyhow::Result<Database> {
    let embedded = match &config.database_url {
        Some(_) => None,
        None => Some(Embedded::start(&config.data_dir).await?),
    };
    connect(config, embedded).await
}

/// For the other commands, which also work while a server runs.
pub async fn attach(config: &Config) -> anyhow::Result<Database> {
    let embedded = match &config.database_url {
        Some(_) => None,
        None => Some(Embedded::attach(&config.data_dir).await?),
    };
    connect(config, embedded).await
}

async fn connect(config: &Config, embedded: Option<Embedded>) -> anyhow::Result<Database> {
    let options = match (&embedded, &config.database_url) {
        (Some(embedded), _) => embedded.options(),
        (None, Some(url)) => store::options(url.expose()).context("DATABASE_URL cannot be used")?,
        (None, None) => unreachable!("without DATABASE_URL there is an embedded cluster"),
    };
    let migrated = store::migrate(options).await.context("the database cannot be opened or migrated")?;
    let pool = migrated.pool(store::Role::App).await?;
    Ok(Database { pool, migrated, embedded })
}

impl Database {
    pub async fn close(self) {
        self.pool.close().await;
        if let Some(embedded) = self.embedded {
            embedded.stop().await;
        }
    }
}

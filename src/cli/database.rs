//! The database of a command: `DATABASE_URL`, or the private cluster under the data directory.

use anyhow::Context;
use sqlx::PgPool;

use crate::config::Config;
use crate::store;
use crate::store::embedded::Embedded;

/// An open, migrated database.
pub struct Database {
    pub pool: PgPool,
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
    let pool = match (&embedded, &config.database_url) {
        (Some(embedded), _) => store::connect_with(embedded.options()).await?,
        (None, Some(url)) => store::connect(url.expose()).await.context("DATABASE_URL cannot be used")?,
        (None, None) => unreachable!("without DATABASE_URL there is an embedded cluster"),
    };
    store::migrate(&pool).await.context("the database cannot be migrated")?;
    Ok(Database { pool, embedded })
}

impl Database {
    pub async fn close(self) {
        self.pool.close().await;
        if let Some(embedded) = self.embedded {
            embedded.stop().await;
        }
    }
}

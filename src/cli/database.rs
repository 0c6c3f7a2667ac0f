//! The database of a command: `DATABASE_URL`, or the private cluster under the data directory.

use anyhow::Context;
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;

use crate::config::Config;
use crate::store;
use crate::store::embedded::Embedded;

/// Where the database is; nothing of it is read yet.
pub struct Place {
    options: PgConnectOptions,
    embedded: Option<Embedded>,
}

/// An open, migrated database.
pub struct Database {
    pub pool: PgPool,
    pub migrated: store::Migrated,
    place: Place,
}

/// For `serve` and `restore`: the private cluster belongs to this process alone, a second one is refused.
pub async fn take(config: &Config) -> anyhow::Result<Place> {
    let embedded = match &config.database_url {
        Some(_) => None,
        None => Some(Embedded::start(&config.data_dir).await?),
    };
    Place::of(config, embedded)
}

/// For the other commands, which also work while a server runs.
pub async fn share(config: &Config) -> anyhow::Result<Place> {
    let embedded = match &config.database_url {
        Some(_) => None,
        None => Some(Embedded::attach(&config.data_dir).await?),
    };
    Place::of(config, embedded)
}

/// As [`take`], migrated.
pub async fn open(config: &Config) -> anyhow::Result<Database> {
    take(config).await?.migrate().await
}

/// As [`share`], migrated.
pub async fn attach(config: &Config) -> anyhow::Result<Database> {
    share(config).await?.migrate().await
}

impl Place {
    fn of(config: &Config, embedded: Option<Embedded>) -> anyhow::Result<Self> {
        let options = match (&embedded, &config.database_url) {
            (Some(embedded), _) => embedded.options(),
            (None, Some(url)) => store::options(url.expose()).context("DATABASE_URL cannot be used")?,
            (None, None) => unreachable!("without DATABASE_URL there is an embedded cluster"),
        };
        Ok(Self { options, embedded })
    }

    async fn migrate(self) -> anyhow::Result<Database> {
        let migrated = store::migrate(self.options()).await.context("the database cannot be opened or migrated")?;
        let pool = migrated.pool(store::Role::App).await?;
        Ok(Database { pool, migrated, place: self })
    }

    /// How to connect.
    pub fn options(&self) -> PgConnectOptions {
        self.options.clone()
    }

    pub async fn close(self) {
        if let Some(embedded) = self.embedded {
            embedded.stop().await;
        }
    }
}

impl Database {
    pub async fn close(self) {
        self.pool.close().await;
        self.place.close().await;
    }
}

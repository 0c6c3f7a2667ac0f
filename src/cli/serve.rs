//! `signet serve`.

use std::process::ExitCode;

use super::database;
use crate::app;
use crate::config::Config;
use crate::store::Role;

pub async fn run(config: Config) -> anyhow::Result<ExitCode> {
    config.check_for_serving()?;
    let database = database::open(&config).await?;
    let background = database.migrated.pool(Role::Sweep).await?;
    let served = app::serve(&config, &database.pool, background.clone()).await;
    background.close().await;
    database.close().await;
    served?;
    Ok(ExitCode::SUCCESS)
}

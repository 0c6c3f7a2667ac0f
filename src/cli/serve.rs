//! `signet serve`.

use std::process::ExitCode;

use super::database;
use crate::app;
use crate::config::Config;

pub async fn run(config: Config) -> anyhow::Result<ExitCode> {
    let database = database::open(&config).await?;
    let served = app::serve(&config, &database.pool, None).await;
    database.close().await;
    served?;
    Ok(ExitCode::SUCCESS)
}

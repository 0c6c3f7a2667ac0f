//! `signet migrate`.

use std::process::ExitCode;

use super::database;
use crate::config::Config;

pub async fn run(config: Config) -> anyhow::Result<ExitCode> {
    let database = database::attach(&config).await?;
    database.close().await;
    println!("the database is up to date");
    Ok(ExitCode::SUCCESS)
}

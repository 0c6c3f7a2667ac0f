//! `signet demo`.

use std::process::ExitCode;

use crate::config::Config;

pub async fn run(_config: Config) -> anyhow::Result<ExitCode> {
    anyhow::bail!("the demo is not built yet")
}

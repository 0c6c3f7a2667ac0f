//! `signet restore`.

use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use super::database;
use crate::config::Config;
use crate::{app, store};

#[derive(Args)]
pub struct Restore {
    /// The file that `signet backup` wrote
    file: PathBuf,
}

impl Restore {
    /// The whole file is read and the key compared before the database is touched.
    pub async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let name = self.file.display().to_string();
        let file = File::open(&self.file).with_context(|| name.clone())?;
        let contents = store::backup::check(&file).with_context(|| name.clone())?;
        let held = app::key::find(&config)?;
        if held.as_ref().is_none_or(|sealer| sealer.fingerprint() != contents.key_fingerprint) {
            return Err(app::key::refusal(&config, held.as_ref(), contents.key_id()).into());
        }
        let place = database::take(&config).await?;
        let loaded = store::backup::load(place.options(), &file).await;
        place.close().await;
        let summary = loaded.context("nothing was restored")?;
        println!("restored {} rows of {} tables, as they stood at {}", summary.rows, summary.tables, summary.made_at);
        Ok(ExitCode::SUCCESS)
    }
}

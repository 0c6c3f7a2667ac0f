//! `signet backup`.

use std::fs::{self, File, OpenOptions};
use std::io::BufWriter;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use time::OffsetDateTime;

use super::database;
use crate::config::Config;
use crate::{app, store};

#[derive(Args)]
pub struct Backup {
    /// The file to write; one that is there is replaced once the new one is whole
    file: PathBuf,
}

impl Backup {
    pub async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let Some(sealer) = app::key::find(&config)? else {
            return Err(app::key::refusal(&config, None, "of the console").into());
        };
        if fs::metadata(&self.file).is_ok_and(|there| !there.is_file()) {
            bail!("{} is no file; name one that is to be written", self.file.display());
        }
        let place = database::share(&config).await?;
        let draft = Draft::create(&self.file).with_context(|| self.file.display().to_string())?;
        let out = BufWriter::new(&draft.file);
        let dumped = store::backup::dump(place.options(), &sealer.fingerprint(), OffsetDateTime::now_utc(), out).await;
        let kept = match dumped.context("no backup was made") {
            Ok(summary) => draft.keep().with_context(|| self.file.display().to_string()).map(|()| summary),
            Err(error) => Err(error),
        };
        if let Ok(summary) = &kept
            && let Err(error) = store::backup::note(place.options(), summary.made_at).await
        {
            tracing::warn!("the file is whole, but the console was not told of it: {error}");
        }
        place.close().await;
        let summary = kept?;
        println!(
            "wrote {}: {} rows of {} tables; the secret key (fingerprint {}) is not in it and is kept apart",
            self.file.display(),
            summary.rows,
            summary.tables,
            sealer.key_id(),
        );
        Ok(ExitCode::SUCCESS)
    }
}

/// A file of mode 0600 beside the one to write; it goes away unless it is kept.
struct Draft<'a> {
    file: File,
    path: PathBuf,
    target: &'a Path,
    is_kept: bool,
}

impl<'a> Draft<'a> {
    fn create(target: &'a Path) -> std::io::Result<Self> {
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.new", uuid::Uuid::now_v7().simple()));
        let path = target.with_file_name(name);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Self { file, path, target, is_kept: false })
    }

    /// Puts it on the disk and in the place of the target.
    fn keep(mut self) -> std::io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, self.target)?;
        self.is_kept = true;
        let parent = self.target.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if !self.is_kept {
            fs::remove_file(&self.path).ok();
        }
    }
}

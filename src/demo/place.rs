//! The demo's throw-away directory. It goes with the program; what a killed demo left is taken away by the next one.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use uuid::Uuid;

use crate::store::embedded::Embedded;

const PREFIX: &str = "signet-demo-";
const LOCK: &str = "lock";

/// A directory that is ours for as long as this lives.
#[derive(Debug)]
pub struct Place {
    path: PathBuf,
    _lock: File,
}

impl Place {
    /// Makes one below `parent`. It gets its name once it is locked, so that no other demo takes it for a leftover.
    pub fn make(parent: &Path) -> anyhow::Result<Self> {
        let id = Uuid::now_v7();
        let draft = parent.join(format!("{PREFIX}new-{id}"));
        let path = parent.join(format!("{PREFIX}{id}"));
        // PostgreSQL's own user must get through; what is secret inside is closed by itself.
        DirBuilder::new().mode(0o755).create(&draft).with_context(|| format!("{} cannot be made", draft.display()))?;
        let lock = File::create(draft.join(LOCK))?;
        lock.try_lock().context("the lock of a new directory is not to be had")?;
        fs::rename(&draft, &path)?;
        Ok(Self { path, _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the directory away.
    pub fn remove(self) -> anyhow::Result<()> {
        fs::remove_dir_all(&self.path).with_context(|| format!("{} is left behind", self.path.display()))
    }
}

/// Takes away what demos left below `parent` that were killed; those that live are let be. Says how many went.
pub async fn remove_left(parent: &Path) -> usize {
    let mut gone = 0;
    for path in left(parent) {
        match remove_one(&path).await {
            Ok(true) => gone += 1,
            Ok(false) => {}
            Err(error) => tracing::warn!(path = %path.display(), "what a killed demo left stays: {error:#}"),
        }
    }
    gone
}

/// Directories of this user that are called like a demo's.
fn left(parent: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    paths.filter(|path| is_named_like_ours(path) && is_own_directory(path)).collect()
}

fn is_named_like_ours(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.and_then(|name| name.strip_prefix(PREFIX)).is_some_and(|id| Uuid::try_parse(id).is_ok())
}

/// No link, and not somebody else's: `/tmp` is open to everybody.
fn is_own_directory(path: &Path) -> bool {
    let uid = nix::unistd::geteuid().as_raw();
    fs::symlink_metadata(path).is_ok_and(|held| held.is_dir() && held.uid() == uid)
}

/// False: its program lives.
async fn remove_one(path: &Path) -> anyhow::Result<bool> {
    let lock = File::open(path.join(LOCK)).context("it has no lock")?;
    if lock.try_lock().is_err() {
        return Ok(false);
    }
    if !Embedded::remove_left(path).await? {
        return Ok(false);
    }
    fs::remove_dir_all(path)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Parent(PathBuf);

    impl Parent {
        fn new() -> Self {
            let path = std::env::temp_dir().join(format!("signet-test-{}", Uuid::now_v7()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Parent {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).ok();
        }
    }

    #[tokio::test]
    async fn what_a_killed_demo_left_goes_and_a_living_one_stays() {
        let parent = Parent::new();
        let living = Place::make(&parent.0).unwrap();
        let killed = Place::make(&parent.0).unwrap().path().to_owned();
        fs::write(killed.join("secret.key"), "x").unwrap();
        let strangers = [format!("{PREFIX}notes"), "signet-test".to_owned()].map(|name| parent.0.join(name));
        strangers.iter().for_each(|path| fs::create_dir(path).unwrap());
        assert_eq!(remove_left(&parent.0).await, 1);
        assert!(!killed.exists() && living.path().exists() && strangers.iter().all(|path| path.exists()));
        let path = living.path().to_owned();
        living.remove().unwrap();
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_link_called_like_ours_is_not_followed() {
        let parent = Parent::new();
        let elsewhere = parent.0.join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        fs::write(elsewhere.join(LOCK), "").unwrap();
        std::os::unix::fs::symlink(&elsewhere, parent.0.join(format!("{PREFIX}{}", Uuid::now_v7()))).unwrap();
        assert_eq!(remove_left(&parent.0).await, 0);
        assert!(elsewhere.join(LOCK).exists());
    }
}

//! Who PostgreSQL runs as: ourselves, or the user `postgres` where we are root, as which it refuses to run.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::unistd::{Uid, User};

use super::EmbeddedError;

/// What Debian and most others, and what some BSDs and macOS packages, call the account.
const NAMES: [&str; 2] = ["postgres", "_postgres"];

#[derive(Debug, Clone, Copy)]
pub(super) struct Account {
    pub(super) uid: u32,
    /// The group to change to; `None` where we are not root and change nothing.
    pub(super) drop_to_gid: Option<u32>,
}

impl Account {
    pub(super) fn find() -> Result<Self, EmbeddedError> {
        let ours = Uid::effective();
        if !ours.is_root() {
            return Ok(Self { uid: ours.as_raw(), drop_to_gid: None });
        }
        let user = NAMES.iter().find_map(|name| User::from_name(name).ok().flatten());
        let user = user.ok_or(EmbeddedError::NoAccount)?;
        Ok(Self { uid: user.uid.as_raw(), drop_to_gid: Some(user.gid.as_raw()) })
    }

    /// A command that runs as this account, in that directory, with none of our environment (which holds secrets).
    pub(super) fn command(&self, program: &Path, directory: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("LC_ALL", "C").env("TZ", "UTC");
        command.current_dir(directory);
        if let Some(gid) = self.drop_to_gid {
            command.uid(self.uid).gid(gid);
        }
        command
    }

    /// Gives a path of ours to the account.
    pub(super) fn own(&self, path: &Path) -> std::io::Result<()> {
        match self.drop_to_gid {
            Some(gid) => std::os::unix::fs::chown(path, Some(self.uid), Some(gid)),
            None => Ok(()),
        }
    }

    /// Whether the account can enter the directory, by trying.
    pub(super) fn can_enter(&self, directory: &Path) -> bool {
        self.drop_to_gid.is_none()
            || self.command(Path::new("/bin/sh"), directory).args(["-c", ":"]).status().is_ok_and(|s| s.success())
    }
}

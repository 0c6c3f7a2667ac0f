//! The directory that holds the cluster and all that belongs to it, and the lock on it.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::EmbeddedError;
use super::account::Account;

/// Where root keeps the cluster of a data directory that PostgreSQL's user cannot reach.
const ELSEWHERE: &str = "/var/lib/signet";
/// The longest directory that leaves room for `/.s.PGSQL.5432` in a socket's address (103 bytes on macOS).
const MAX_SOCKET_DIRECTORY: usize = 85;

#[derive(Debug, Clone)]
pub(super) struct Home {
    path: PathBuf,
    sockets: PathBuf,
    pub(super) account: Account,
}

/// Held while the cluster is ours to start and stop; the system gives it back when the program dies.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Home {
    /// Finds or makes the home of a data directory.
    pub(super) fn find(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let account = Account::find()?;
        fs::create_dir_all(data_dir).map_err(file(data_dir))?;
        let data_dir = fs::canonicalize(data_dir).map_err(file(data_dir))?;
        let path = if account.can_enter(&data_dir) {
            data_dir.join("postgres")
        } else {
            fs::create_dir_all(ELSEWHERE).map_err(file(Path::new(ELSEWHERE)))?;
            let path = Path::new(ELSEWHERE).join(short_hash(&data_dir));
            tracing::info!(path = %path.display(), "PostgreSQL cannot reach the data directory; the database is kept elsewhere");
            path
        };
        make_private(&path, &account)?;
        let sockets = socket_directory(&path);
        make_private(&sockets, &account)?;
        Ok(Self { path, sockets, account })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn sockets(&self) -> &Path {
        &self.sockets
    }

    /// The cluster itself.
    pub(super) fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    pub(super) fn password(&self) -> PathBuf {
        self.path.join("password")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.path.join("postgres.log")
    }

    /// The lock, or `None` while another program has it.
    pub(super) fn try_lock(&self) -> Result<Option<Lock>, EmbeddedError> {
        let path = self.path.join("lock");
        let opened = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let mut held = opened.map_err(file(&path))?;
        match held.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(file(&path)(error)),
        }
        held.set_len(0).map_err(file(&path))?;
        write!(held, "{}", std::process::id()).map_err(file(&path))?;
        Ok(Some(Lock { _file: held }))
    }

    /// The process that has the lock.
    pub(super) fn holder(&self) -> String {
        fs::read_to_string(self.path.join("lock")).unwrap_or_default()
    }
}

/// Takes away a home and its sockets; what is gone already is no failure.
pub(super) fn remove(path: &Path, sockets: &Path) -> Result<(), EmbeddedError> {
    for directory in [path, sockets] {
        match fs::remove_dir_all(directory) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(file(directory)(error)),
            _ => {}
        }
    }
    Ok(())
}

/// Says which file it was.
pub(super) fn file(path: &Path) -> impl Fn(std::io::Error) -> EmbeddedError + '_ {
    |source| EmbeddedError::File { path: path.to_owned(), source }
}

/// Makes the directory with mode 0700, or makes sure that it is one and belongs to the account.
fn make_private(path: &Path, account: &Account) -> Result<(), EmbeddedError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => return account.own(path).map_err(file(path)),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(file(path)(error)),
    }
    let held = fs::symlink_metadata(path).map_err(file(path))?;
    if !held.is_dir() || held.uid() != account.uid || held.mode() & 0o077 != 0 {
        return Err(EmbeddedError::Unsafe { path: path.to_owned() });
    }
    Ok(())
}

fn socket_directory(home: &Path) -> PathBuf {
    let beside = home.join("run");
    if beside.as_os_str().len() <= MAX_SOCKET_DIRECTORY {
        return beside;
    }
    Path::new("/tmp").join(format!("signet-{}", short_hash(home)))
}

fn short_hash(path: &Path) -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, path.as_os_str().as_bytes());
    hash.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

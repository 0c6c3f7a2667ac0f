//! The private PostgreSQL of an instance without `DATABASE_URL`: started and stopped with the program.
//!
//! Everything of it stands in one directory of mode 0700, its home: the cluster, the socket, the password, the log,
//! and a lock that says who runs it. It listens on no network, trusts nobody without the password, and syncs to disk.

mod account;
mod cluster;
mod home;
mod programs;
mod server;
mod supervisor;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use thiserror::Error;

use home::{Home, Lock};
use supervisor::{Recipe, Supervisor};

/// How long `serve` waits for a command that holds the cluster for a moment.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);
/// How long a command waits for a cluster that another program is starting.
const READY_PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(10);

#[derive(Debug, Error)]
pub enum EmbeddedError {
    #[error(
        "no PostgreSQL {} or newer was found on this machine: install it (Debian, Ubuntu: apt install postgresql; \
         Fedora: dnf install postgresql-server; macOS: brew install postgresql), or set DATABASE_URL",
        programs::OLDEST
    )]
    NotInstalled,
    #[error(
        "{home} was made by PostgreSQL {made}, and this machine has {found}: install version {made} beside it, or \
         start there and use `signet backup` and `signet restore`", home = home.display()
    )]
    OtherVersion { home: PathBuf, made: u32, found: String },
    #[error("PostgreSQL does not run as root, and there is no user named postgres to run it as")]
    NoAccount,
    #[error("another signet (process {holder}) runs on {home}; stop it first, or use its pages", home = home.display())]
    InUse { home: PathBuf, holder: String },
    #[error("{path} belongs to somebody else or is open to others; remove it or choose another SIGNET_DATA_DIR", path = path.display())]
    Unsafe { path: PathBuf },
    #[error("{program} failed: {message}")]
    Program { program: &'static str, message: String },
    #[error("PostgreSQL did not get ready; its log is {log}", log = log.display())]
    NotReady { log: PathBuf },
    #[error("{path}: {source}", path = path.display())]
    File { path: PathBuf, source: std::io::Error },
}

/// The running private cluster. A server that dies is started again. Dropped, it stops if it was started here.
#[derive(Debug)]
pub struct Embedded {
    home: Home,
    password: String,
    /// `None` where another program runs it.
    _running: Option<Supervisor>,
}

impl Embedded {
    /// Starts the cluster for `serve`, making it first where there is none. Refused while another program runs it.
    pub async fn start(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let data_dir = data_dir.to_owned();
        off_the_async_threads(move || start(&data_dir)).await
    }

    /// Uses the cluster that a server runs, or starts it for as long as this value lives: for commands.
    pub async fn attach(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let data_dir = data_dir.to_owned();
        off_the_async_threads(move || attach(&data_dir)).await
    }

    /// Where the cluster is kept: below the data directory, or elsewhere where PostgreSQL cannot reach that.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// How to connect, for [`super::open`].
    pub fn options(&self) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(self.home.sockets())
            .username(cluster::USER)
            .password(&self.password)
            .database(cluster::DATABASE)
    }

    /// The same as a URL; it holds the password.
    pub fn url(&self) -> String {
        let sockets = self.home.sockets().to_string_lossy().into_owned();
        let sockets = percent_encoding::utf8_percent_encode(&sockets, percent_encoding::NON_ALPHANUMERIC);
        format!("postgres://{}:{}@localhost/{}?host={sockets}", cluster::USER, self.password, cluster::DATABASE)
    }

    /// Stops the cluster and takes away all of it, wherever it was kept: for throw-away instances.
    pub async fn remove(self) -> Result<(), EmbeddedError> {
        off_the_async_threads(move || {
            let (path, sockets) = (self.home.path().to_owned(), self.home.sockets().to_owned());
            drop(self);
            home::remove(&path, &sockets)
        })
        .await
    }

    /// Takes away the cluster of a data directory whose program was killed. False, and nothing done: it runs.
    pub async fn remove_left(data_dir: &Path) -> Result<bool, EmbeddedError> {
        let data_dir = data_dir.to_owned();
        off_the_async_threads(move || {
            let home = Home::find(&data_dir)?;
            let Some(_lock) = home.try_lock()? else { return Ok(false) };
            server::stop_stale(&home)?;
            home::remove(home.path(), home.sockets()).map(|()| true)
        })
        .await
    }

    /// Stops the cluster if it was started here, and waits until it has.
    pub async fn stop(self) {
        tokio::task::spawn_blocking(move || drop(self)).await.ok();
    }
}

async fn off_the_async_threads<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, EmbeddedError> + Send + 'static,
) -> Result<T, EmbeddedError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

fn start(data_dir: &Path) -> Result<Embedded, EmbeddedError> {
    let home = Home::find(data_dir)?;
    let patient_until = Instant::now() + LOCK_PATIENCE;
    loop {
        if let Some(lock) = home.try_lock()? {
            return run(home, lock, server::Stop::AtOnce);
        }
        if Instant::now() >= patient_until {
            return Err(EmbeddedError::InUse { holder: home.holder(), home: home.path().to_owned() });
        }
        std::thread::sleep(POLL);
    }
}

fn attach(data_dir: &Path) -> Result<Embedded, EmbeddedError> {
    let home = Home::find(data_dir)?;
    let patient_until = Instant::now() + READY_PATIENCE;
    loop {
        if let Some(lock) = home.try_lock()? {
            return run(home, lock, server::Stop::AfterOthers);
        }
        if server::is_ready(&home) {
            let password = cluster::read_password(&home)?;
            return Ok(Embedded { home, password, _running: None });
        }
        if Instant::now() >= patient_until {
            return Err(EmbeddedError::NotReady { log: home.log() });
        }
        std::thread::sleep(POLL);
    }
}

fn run(home: Home, lock: Lock, stop: server::Stop) -> Result<Embedded, EmbeddedError> {
    let programs = cluster::prepare(&home)?;
    let password = cluster::read_password(&home)?;
    let running = Supervisor::start(Recipe { home: home.clone(), programs, stop, _lock: lock })?;
    Ok(Embedded { home, password, _running: Some(running) })
}

#[cfg(test)]
mod tests;

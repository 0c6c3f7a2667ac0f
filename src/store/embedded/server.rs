//! The running `postgres`: started, waited for, and stopped, also when our program is killed.

use std::fs::{self, OpenOptions};
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::EmbeddedError;
use super::home::{Home, file};
use super::programs::Programs;

const POLL: Duration = Duration::from_millis(5);
/// Recovery after a crash may take its time.
const START_TIMEOUT: Duration = Duration::from_secs(120);
/// After this a server that was asked to stop is asked more firmly.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
/// A log larger than this (bytes) is begun anew.
const MAX_LOG_SIZE: u64 = 10 * 1024 * 1024;

/// Small enough for a small machine. Durable: neither fsync nor full_page_writes may be turned off in the files.
const SETTINGS: [&str; 9] = [
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "fsync=on",
    "full_page_writes=on",
    "shared_buffers=64MB",
    "max_connections=150",
    "max_wal_senders=0",
    "log_timezone=UTC",
    "logging_collector=off",
];

/// How the server is stopped.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stop {
    /// Others lose their connections.
    AtOnce,
    /// Others may finish what they do.
    AfterOthers,
}

#[derive(Debug)]
pub(super) struct Server {
    postgres: Child,
    /// Stops `postgres` when its standard input ends, which the system sees to even where we are killed.
    watcher: Child,
    stop: Stop,
}

impl Server {
    /// Starts the server and waits until it answers.
    pub(super) fn start(home: &Home, programs: &Programs, stop: Stop) -> Result<Self, EmbeddedError> {
        let mut server = Self::spawn(home, programs, stop)?;
        let patient_until = Instant::now() + START_TIMEOUT;
        while !server.is_ready(home) {
            if !server.is_running() || Instant::now() >= patient_until {
                return Err(not_ready(home));
            }
            std::thread::sleep(POLL);
        }
        Ok(server)
    }

    /// Starts the server and does not wait.
    pub(super) fn spawn(home: &Home, programs: &Programs, stop: Stop) -> Result<Self, EmbeddedError> {
        let mut postgres = spawn(home, programs)?;
        let watcher = match watch(home, &postgres) {
            Ok(watcher) => watcher,
            Err(error) => {
                postgres.kill().ok();
                postgres.wait().ok();
                return Err(error);
            }
        };
        Ok(Self { postgres, watcher, stop })
    }

    pub(super) fn is_running(&mut self) -> bool {
        matches!(self.postgres.try_wait(), Ok(None))
    }

    /// Whether this server, and not one before it, answers.
    pub(super) fn is_ready(&self, home: &Home) -> bool {
        PidFile::read(home).is_some_and(|file| file.is_ready && file.pid == pid_of(&self.postgres))
    }

    fn has_ended_in(&mut self, patience: Duration) -> bool {
        let patient_until = Instant::now() + patience;
        while self.is_running() {
            if Instant::now() >= patient_until {
                return false;
            }
            std::thread::sleep(POLL);
        }
        true
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.watcher.kill().ok();
        self.watcher.wait().ok();
        let polite = match self.stop {
            Stop::AtOnce => Signal::SIGINT,
            Stop::AfterOthers => Signal::SIGTERM,
        };
        for signal in [polite, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGKILL] {
            if self.has_ended_in(Duration::ZERO) {
                return;
            }
            kill(pid_of(&self.postgres), signal).ok();
            if self.has_ended_in(STOP_TIMEOUT) {
                return;
            }
        }
    }
}

/// Whether the cluster answers, whoever started it.
pub(super) fn is_ready(home: &Home) -> bool {
    PidFile::read(home).is_some_and(|file| file.is_ready)
}

/// Stops the server that a killed program left behind. The caller holds the lock, so that nobody needs it.
pub(super) fn stop_stale(home: &Home) -> Result<(), EmbeddedError> {
    for signal in [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGKILL] {
        let Some(pid) = PidFile::read(home).map(|file| file.pid).filter(|pid| is_server_of(home, *pid)) else {
            return Ok(());
        };
        kill(pid, signal).ok();
        let patient_until = Instant::now() + STOP_TIMEOUT;
        while is_server_of(home, pid) && Instant::now() < patient_until {
            std::thread::sleep(POLL);
        }
    }
    Ok(())
}

fn spawn(home: &Home, programs: &Programs) -> Result<Child, EmbeddedError> {
    let log = home.log();
    let is_large = fs::metadata(&log).is_ok_and(|held| held.len() > MAX_LOG_SIZE);
    let opened = OpenOptions::new().create(true).write(true).append(!is_large).truncate(is_large).open(&log);
    let errors = opened.map_err(file(&log))?;
    let mut command = home.account.command(&programs.postgres, home.path());
    command.arg("-D").arg(home.data()).arg("-k").arg(home.sockets());
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    // A group of its own: ctrl-C in the terminal is for us, who then stop it in order.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors).process_group(0);
    command.spawn().map_err(file(&programs.postgres))
}

fn watch(home: &Home, postgres: &Child) -> Result<Child, EmbeddedError> {
    let shell = std::path::Path::new("/bin/sh");
    home.account
        .command(shell, home.path())
        .args(["-c", r#"read -r _; kill -INT "$1""#, "signet-postgres-watcher"])
        .arg(postgres.id().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(file(shell))
}

pub(super) fn not_ready(home: &Home) -> EmbeddedError {
    let log = fs::read_to_string(home.log()).unwrap_or_default();
    match log.lines().rev().find(|line| line.contains("FATAL")) {
        Some(line) => EmbeddedError::Program { program: "postgres", message: line.to_owned() },
        None => EmbeddedError::NotReady { log: home.log() },
    }
}

fn pid_of(child: &Child) -> Pid {
    Pid::from_raw(child.id() as i32)
}

/// `postmaster.pid`: the process on the first line, its state on the eighth.
struct PidFile {
    pid: Pid,
    is_ready: bool,
}

impl PidFile {
    fn read(home: &Home) -> Option<Self> {
        let text = fs::read_to_string(home.data().join("postmaster.pid")).ok()?;
        let mut lines = text.lines();
        let pid = lines.next()?.trim().parse().ok().filter(|pid| *pid > 1)?;
        let is_ready = lines.nth(6).is_some_and(|state| state.trim() == "ready");
        Some(Self { pid: Pid::from_raw(pid), is_ready })
    }
}

/// Whether the process lives and is the cluster's server: numbers are used again. Where the system does not tell what
/// directory a process works in, being alive has to do.
fn is_server_of(home: &Home, pid: Pid) -> bool {
    match fs::read_link(format!("/proc/{pid}/cwd")) {
        Ok(directory) => directory == home.data(),
        Err(_) if fs::exists("/proc/self/cwd").unwrap_or(false) => false,
        Err(_) => kill(pid, None).is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::embedded::cluster;

    fn start(home: &Home) -> Server {
        Server::start(home, &cluster::prepare(home).unwrap(), Stop::AtOnce).unwrap()
    }

    #[test]
    fn the_server_ends_when_the_program_is_killed() {
        let directory = std::env::temp_dir().join(format!("signet-test-{}", uuid::Uuid::now_v7()));
        let home = Home::find(&directory).unwrap();
        let mut server = start(&home);
        // The system closes our end of the pipe when we are killed.
        drop(server.watcher.stdin.take());
        let has_ended = server.has_ended_in(STOP_TIMEOUT);
        drop(server);
        std::fs::remove_dir_all(&directory).unwrap();
        assert!(has_ended);
    }

    #[test]
    fn a_server_that_nobody_stopped_is_stopped_before_the_next_start() {
        let directory = std::env::temp_dir().join(format!("signet-test-{}", uuid::Uuid::now_v7()));
        let home = Home::find(&directory).unwrap();
        let mut server = start(&home);
        stop_stale(&home).unwrap();
        let has_ended = server.has_ended_in(Duration::ZERO);
        drop(start(&home));
        std::fs::remove_dir_all(&directory).unwrap();
        assert!(has_ended);
    }
}

//! The real program, started as an operator starts it, on a data directory of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use signet::dns::zone_world::World;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// However busy the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

/// A directory that goes away with the test.
pub struct Directory(pub PathBuf);

impl Directory {
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("signet-program-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// Settings of a program that asks `world` alone.
pub fn settings(data_dir: &Path, world: &World) -> BTreeMap<String, String> {
    let pairs = [
        ("SIGNET_DATA_DIR", data_dir.display().to_string()),
        ("SIGNET_LISTEN", "127.0.0.1:0".into()),
        ("SIGNET_SPF", "include:spf.mta.example".into()),
        ("SIGNET_ADMIN_EMAIL", crate::server::EMAIL.into()),
        ("SIGNET_ADMIN_PASSWORD", crate::server::PASSWORD.into()),
        ("SIGNET_DNS_RESOLVERS", world.resolver.to_string()),
        ("SIGNET_DNS_AUTHORITY_PORT", world.authority_port.to_string()),
        ("SIGNET_DNS_ALLOW_PRIVATE", "true".into()),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The command with these settings and none of the environment's.
pub fn command(arguments: &[&str], settings: &BTreeMap<String, String>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_signet"));
    command.args(arguments).env_clear().envs(settings);
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Runs a command to its end.
pub async fn run(arguments: &[&str], settings: &BTreeMap<String, String>) -> Output {
    let ended = tokio::time::timeout(PATIENCE, command(arguments, settings).output()).await;
    ended.expect("the command ends").unwrap()
}

/// A running `signet serve`.
pub struct Program {
    pub child: Child,
    pub base: String,
    /// From the start to the line that says where it listens.
    pub start_took: Duration,
    log: tokio::task::JoinHandle<String>,
}

impl Program {
    pub async fn start(settings: &BTreeMap<String, String>) -> Self {
        let began = Instant::now();
        let mut child = command(&["serve"], settings).spawn().unwrap();
        let mut errors = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = tokio::spawn(async move {
            let mut log = String::new();
            while let Ok(Some(line)) = errors.next_line().await {
                log.push_str(&line);
                log.push('\n');
            }
            log
        });
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("it gets ready").unwrap();
        let Some(line) = line else { panic!("it ended: {}", log.await.unwrap()) };
        let base = line.strip_prefix("listening on ").unwrap_or_else(|| panic!("{line}")).to_owned();
        Self { child, base, start_took: began.elapsed(), log }
    }

    pub fn pid(&self) -> nix::unistd::Pid {
        nix::unistd::Pid::from_raw(i32::try_from(self.child.id().unwrap()).unwrap())
    }

    /// As the system kills: nothing of the program runs any more. Gives what it logged.
    pub async fn kill(mut self) -> String {
        self.child.kill().await.unwrap();
        self.log.await.unwrap()
    }

    /// As an operator stops it. Gives what it logged.
    pub async fn stop(mut self) -> String {
        nix::sys::signal::kill(self.pid(), nix::sys::signal::Signal::SIGTERM).unwrap();
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it stops").unwrap();
        let log = self.log.await.unwrap();
        assert!(ended.success(), "{ended}: {log}");
        log
    }

    /// The status of `GET path`, without a token.
    pub async fn status(&self, path: &str) -> u16 {
        let answer = reqwest::get(format!("{}{path}", self.base)).await.unwrap();
        answer.status().as_u16()
    }

    /// Asks until `path` answers with the status; how long that took.
    pub async fn until_status(&self, path: &str, status: u16) -> Duration {
        let began = Instant::now();
        while self.status(path).await != status {
            assert!(began.elapsed() < PATIENCE, "{path} never answers {status}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        began.elapsed()
    }
}

/// A new API token, by the command line, which works beside a running server.
pub async fn token(settings: &BTreeMap<String, String>) -> String {
    let arguments = ["token", "create", "--user", crate::server::EMAIL, "--name", "test"];
    let made = run(&arguments, settings).await;
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let secret = String::from_utf8(made.stdout).unwrap();
    assert_eq!(secret.lines().count(), 1, "the secret stands alone");
    secret.trim().to_owned()
}

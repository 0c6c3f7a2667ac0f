//! The real program, started for a test, with a temporary directory of its own.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const PATIENCE: Duration = Duration::from_secs(60);

/// A directory that goes with its value.
pub struct Temporary(pub PathBuf);

impl Temporary {
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("signet-test-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

pub struct Program {
    child: Child,
    /// Where it listens.
    pub base: String,
    /// The link that it printed: the demo's entrance, or the setup of a first start.
    pub link: String,
    _temporary: Temporary,
}

impl Program {
    pub fn demo() -> Self {
        Self::start("demo", |said| said.split_once("signed in: ").map(|(_, link)| link.to_owned()))
    }

    /// `serve` on an empty data directory, with a resolver that refuses at once.
    pub fn serve() -> Self {
        let link = |said: &str| said.strip_prefix("first start: open ")?.split(' ').next().map(str::to_owned);
        Self::start("serve", link)
    }

    fn start(command: &str, link_in: impl Fn(&str) -> Option<String>) -> Self {
        let temporary = Temporary::new();
        let (reader, writer) = std::io::pipe().unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_signet"))
            .args([command, "--listen", "127.0.0.1:0", "--dns-resolvers", "127.0.0.1:9"])
            .env("TMPDIR", &temporary.0)
            .env("SIGNET_DATA_DIR", temporary.0.join("data"))
            .env_remove("DATABASE_URL")
            .stdin(Stdio::null())
            .stdout(writer.try_clone().unwrap())
            .stderr(writer)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(reader);
        let (mut base, mut link, mut said) = (None, None, String::new());
        while base.is_none() || link.is_none() {
            let mut line = String::new();
            assert!(lines.read_line(&mut line).unwrap() > 0, "{command} ended:\n{said}");
            base = base.or(line.strip_prefix("listening on ").map(|base| base.trim().to_owned()));
            link = link.or(link_in(line.trim()));
            said.push_str(&line);
        }
        // What it logs later must not fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut lines.by_ref(), &mut std::io::sink()));
        let (Some(base), Some(link)) = (base, link) else { unreachable!("the loop ends with both") };
        Self { child, base, link, _temporary: temporary }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}

/// Asks a child to end, and waits for that.
pub fn stop(child: &mut Child) {
    let _ = kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM);
    let patient_until = Instant::now() + PATIENCE;
    while matches!(child.try_wait(), Ok(None)) {
        if Instant::now() > patient_until {
            child.kill().ok();
        }
        std::thread::yield_now();
    }
}

//! The demo as people run it: the real program, its link, its DNS panel, and what it leaves behind.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::{Client, StatusCode};

const PATIENCE: Duration = Duration::from_secs(60);

/// A directory for temporary files that is the test's own.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("signet-test-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn demos(&self) -> Vec<PathBuf> {
        std::fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

struct Demo {
    program: Child,
    base: String,
    link: String,
}

impl Demo {
    fn start(temporary: &Path) -> Self {
        let mut program = command(temporary).args(["--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(program.stdout.take().unwrap()).lines().map(|line| line.unwrap());
        let mut said = Vec::new();
        for line in lines {
            said.push(line);
            if said.last().is_some_and(|line| line.starts_with("listening on ")) {
                break;
            }
        }
        let after = |start: &str| said.iter().find_map(|line| line.strip_prefix(start)).unwrap().to_owned();
        Self { base: after("listening on "), link: after("sample account, signed in: "), program }
    }

    fn stop(&mut self, signal: Signal) -> ExitStatus {
        kill(Pid::from_raw(self.program.id() as i32), signal).unwrap();
        let patient_until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.program.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < patient_until, "the demo does not stop");
            std::thread::yield_now();
        }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        if matches!(self.program.try_wait(), Ok(None)) {
            self.stop(Signal::SIGTERM);
        }
    }
}

fn command(temporary: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_signet"));
    command.arg("demo").env("TMPDIR", temporary).env_remove("DATABASE_URL").stderr(Stdio::null());
    command
}

async fn signed_in(demo: &Demo) -> Client {
    let client = Client::builder().cookie_store(true).build().unwrap();
    let list = client.get(&demo.link).send().await.unwrap();
    assert_eq!(list.url().path(), "/domains");
    client
}

async fn page(client: &Client, url: String) -> String {
    client.get(url).send().await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn a_domain_is_published_in_the_panel_and_then_verified_for_real() {
    let temporary = Temporary::new();
    let demo = Demo::start(&temporary.0);
    let client = signed_in(&demo).await;
    let domain = format!("{}/domains/news.florist.example", demo.base);
    assert!(page(&client, domain.clone()).await.contains("data-status=\"pending\""));
    let form = [("domain", "news.florist.example")];
    let publish = client.post(format!("{}/demo/dns/florist.example/publish", demo.base)).form(&form);
    assert!(publish.send().await.unwrap().text().await.unwrap().contains("Published."));
    let verified = client.post(format!("{domain}/verify")).send().await.unwrap().text().await.unwrap();
    assert!(verified.contains("class=\"name\" data-status=\"verified\""));
    assert!(!verified.contains("data-verdict=\"missing\""));
}

#[tokio::test]
async fn the_panel_asks_for_a_session_and_refuses_other_sites() {
    let temporary = Temporary::new();
    let demo = Demo::start(&temporary.0);
    let panel = format!("{}/demo/dns/florist.example", demo.base);
    let stranger = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    assert_eq!(stranger.get(&panel).send().await.unwrap().status(), StatusCode::SEE_OTHER);
    let guess = stranger.get(format!("{}/demo/enter/{}", demo.base, "0".repeat(64))).send().await.unwrap();
    assert_eq!((guess.status(), guess.headers().get("set-cookie")), (StatusCode::NOT_FOUND, None));
    let client = signed_in(&demo).await;
    let form = [("host", "a"), ("kind", "TXT"), ("value", "x")];
    let foreign = client.post(&panel).header("origin", "https://evil.example").form(&form).send().await.unwrap();
    assert_eq!(foreign.status(), StatusCode::FORBIDDEN);
    let own = client.get(&panel).send().await.unwrap();
    assert!(own.headers().contains_key("content-security-policy"));
    assert!(!own.text().await.unwrap().contains("data-host=\"a\""));
    let mistyped = [("host", "a b"), ("kind", "A"), ("value", "nowhere")];
    let again = client.post(&panel).form(&mistyped).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let again = again.text().await.unwrap();
    assert!(again.contains("value=\"a b\"") && again.contains("An A record holds an IPv4 address"));
}

#[test]
fn the_demo_leaves_nothing_behind_and_takes_away_what_a_killed_one_left() {
    let temporary = Temporary::new();
    let mut living = Demo::start(&temporary.0);
    let first = temporary.demos();
    let mut killed = Demo::start(&temporary.0);
    assert_eq!(temporary.demos().len(), 2);
    killed.stop(Signal::SIGKILL);
    assert_eq!(temporary.demos().len(), 2);
    let mut next = Demo::start(&temporary.0);
    assert_eq!(temporary.demos().len(), 2, "the living one's and the next one's");
    assert!(first.iter().all(|path| path.exists()));
    for demo in [&mut living, &mut next] {
        assert_eq!(demo.stop(Signal::SIGTERM).code(), Some(0));
    }
    assert!(temporary.demos().is_empty(), "{:?}", temporary.demos());
}

#[test]
fn an_address_that_others_can_reach_is_refused() {
    let temporary = Temporary::new();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8080"] {
        let output = command(&temporary.0).args(["--listen", address]).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{address}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("loopback"), "{address}");
    }
    assert!(temporary.demos().is_empty());
}

use std::path::PathBuf;

use super::*;
use crate::store;

struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("signet-test-{}", uuid::Uuid::now_v7())))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

async fn answers(embedded: &Embedded) -> bool {
    let Ok(pool) = store::open(embedded.options()).await else { return false };
    let is_ready = store::is_ready(&pool).await;
    pool.close().await;
    is_ready
}

#[tokio::test]
async fn a_cluster_is_made_shared_with_commands_refused_to_a_second_server_and_started_again() {
    let directory = Directory::new();
    let serving = Embedded::start(&directory.0).await.unwrap();
    assert!(answers(&serving).await);
    let by_url = store::options(&serving.url()).unwrap();
    store::open(by_url).await.unwrap().close().await;
    let strangers = serving.options().password("guessed");
    assert!(store::migrate(strangers).await.is_err(), "the password counts");

    let command = Embedded::attach(&directory.0).await.unwrap();
    assert!(answers(&command).await);
    command.stop().await;
    assert!(answers(&serving).await, "a command that goes does not take the server along");

    let Err(EmbeddedError::InUse { holder, .. }) = Embedded::start(&directory.0).await else {
        panic!("two servers on one cluster");
    };
    assert_eq!(holder, std::process::id().to_string());

    serving.stop().await;
    let again = Instant::now();
    let command = Embedded::attach(&directory.0).await.unwrap();
    assert!(answers(&command).await);
    assert!(again.elapsed() < Duration::from_secs(5), "{:?}", again.elapsed());
}

#[tokio::test]
async fn a_throw_away_cluster_goes_and_a_running_one_is_let_be() {
    let directory = Directory::new();
    let running = Embedded::start(&directory.0).await.unwrap();
    let home = running.home().to_owned();
    assert!(!Embedded::remove_left(&directory.0).await.unwrap());
    assert!(answers(&running).await);
    running.remove().await.unwrap();
    assert!(!home.exists());
    drop(Embedded::start(&directory.0).await.unwrap());
    assert!(Embedded::remove_left(&directory.0).await.unwrap());
    assert!(!home.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_comes_back_by_itself() {
    let directory = Directory::new();
    let embedded = Embedded::start(&directory.0).await.unwrap();
    let pool = store::open(embedded.options()).await.unwrap();
    let pid_file = embedded.home().join("data/postmaster.pid");
    let pid = || std::fs::read_to_string(&pid_file).ok().and_then(|text| text.lines().next()?.parse::<i32>().ok());
    let killed = pid().unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(killed), nix::sys::signal::Signal::SIGKILL).unwrap();
    let patient_until = Instant::now() + Duration::from_secs(20);
    while pid().is_none_or(|pid| pid == killed) || !store::is_ready(&pool).await {
        assert!(Instant::now() < patient_until, "the server stays away");
        tokio::time::sleep(POLL).await;
    }
    pool.close().await;
    embedded.stop().await;
}

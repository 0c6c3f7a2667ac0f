//! Keeps the server up for as long as the program runs: one that dies is started again, as often as it takes. What
//! its clients see meanwhile is a database that does not answer.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::EmbeddedError;
use super::home::{Home, Lock};
use super::programs::Programs;
use super::server::{self, Server, Stop};

/// How often the server is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long after a server that died, or would not start, the next one is tried: first and at most.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The thread that watches. Dropped, it stops the server and then gives the lock back.
#[derive(Debug)]
pub(super) struct Supervisor {
    /// Closed to end the thread.
    going_on: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What a server is started from.
#[derive(Debug)]
pub(super) struct Recipe {
    pub(super) home: Home,
    pub(super) programs: Programs,
    pub(super) stop: Stop,
    /// Held for as long as the server may be started again.
    pub(super) _lock: Lock,
}

impl Supervisor {
    /// Starts the server, waits until it answers, and watches it from then on.
    pub(super) fn start(recipe: Recipe) -> Result<Self, EmbeddedError> {
        server::stop_stale(&recipe.home)?;
        let server = Server::start(&recipe.home, &recipe.programs, recipe.stop)?;
        let (going_on, ended) = channel();
        let thread = std::thread::Builder::new()
            .name("postgres".into())
            .spawn(move || watch(&recipe, server, &ended))
            .map_err(|error| EmbeddedError::Program { program: "the system", message: error.to_string() })?;
        Ok(Self { going_on: Some(going_on), thread: Some(thread) })
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.going_on.take());
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

fn watch(recipe: &Recipe, mut server: Server, ended: &Receiver<()>) {
    while goes_on(ended, LOOK_EVERY) {
        if server.is_running() {
            continue;
        }
        tracing::error!("the private PostgreSQL has died; it is started again");
        drop(server);
        let Some(next) = start_again(recipe, ended) else { return };
        server = next;
        tracing::info!("the private PostgreSQL answers again");
    }
}

/// Tries until a server answers; `None` once the program stops.
fn start_again(recipe: &Recipe, ended: &Receiver<()>) -> Option<Server> {
    let mut wait = FIRST_WAIT;
    while goes_on(ended, wait) {
        wait = LONGEST_WAIT.min(wait * 2);
        match try_start(recipe, ended) {
            Ok(server) => return server,
            Err(error) => tracing::error!("the private PostgreSQL does not start: {error}"),
        }
    }
    None
}

/// `None` once the program stops, however long the server recovers.
fn try_start(recipe: &Recipe, ended: &Receiver<()>) -> Result<Option<Server>, EmbeddedError> {
    server::stop_stale(&recipe.home)?;
    let mut server = Server::spawn(&recipe.home, &recipe.programs, recipe.stop)?;
    while !server.is_ready(&recipe.home) {
        if !server.is_running() {
            return Err(server::not_ready(&recipe.home));
        }
        if !goes_on(ended, LOOK_EVERY) {
            return Ok(None);
        }
    }
    Ok(Some(server))
}

/// Waits; false as soon as the program stops.
fn goes_on(ended: &Receiver<()>, wait: Duration) -> bool {
    matches!(ended.recv_timeout(wait), Err(RecvTimeoutError::Timeout))
}

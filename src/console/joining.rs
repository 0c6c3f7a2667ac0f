//! Checks that run: a call joins one of the same domain that began less than a second ago (contract, section 5).

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio::time::{Duration, Instant};
use uuid::Uuid;

const JOINED_WITHIN: Duration = Duration::from_secs(1);

/// When a check began, and what tells that it is done.
type Check = (Instant, watch::Receiver<bool>);

/// Running checks by domain.
#[derive(Clone, Default)]
pub struct Running(Arc<Mutex<HashMap<Uuid, Check>>>);

impl Running {
    /// A receiver that turns true (or closes) when the check is done. `check` runs in a task of its own, so it goes
    /// on when the caller leaves.
    pub fn join_or_start<F>(&self, domain: Uuid, check: impl FnOnce() -> F) -> watch::Receiver<bool>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((began, done)) = running.get(&domain) {
            let is_still_running = !*done.borrow() && done.has_changed().is_ok();
            if is_still_running && began.elapsed() < JOINED_WITHIN {
                return done.clone();
            }
        }
        let (tell, done) = watch::channel(false);
        let began = Instant::now();
        running.insert(domain, (began, done.clone()));
        drop(running);
        let task = check();
        let all = self.clone();
        tokio::spawn(async move {
            task.await;
            tell.send_replace(true);
            let mut running = all.0.lock().unwrap_or_else(PoisonError::into_inner);
            if running.get(&domain).is_some_and(|(at, _)| *at == began) {
                running.remove(&domain);
            }
        });
        done
    }
}

/// Waits until the check is done, however it ended.
pub async fn until_done(mut done: watch::Receiver<bool>) {
    // A closed channel means that the task is gone; that ends the wait as well.
    let _ = done.wait_for(|is_done| *is_done).await;
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_second_click_joins_the_check_that_runs() {
        let running = Running::default();
        let started = Arc::new(AtomicU32::new(0));
        let go = Arc::new(tokio::sync::Notify::new());
        let check = || {
            started.fetch_add(1, Ordering::SeqCst);
            let go = Arc::clone(&go);
            async move { go.notified().await }
        };
        let first = running.join_or_start(Uuid::nil(), check);
        let second = running.join_or_start(Uuid::nil(), check);
        go.notify_one();
        until_done(first).await;
        until_done(second).await;
        assert_eq!(started.load(Ordering::SeqCst), 1);
    }
}

//! Checks that run: a call joins one of the same domain that began less than a second ago (contract, section 5).

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio::time::{Duration, Instant};
use uuid::Uuid;

use crate::diagnosis::Verdict;
use crate::records::plan::RecordKey;
use crate::verify::Progress;

const JOINED_WITHIN: Duration = Duration::from_secs(1);

/// A check of a domain, to be waited for and watched.
#[derive(Clone)]
pub struct Check {
    began: Instant,
    done: watch::Receiver<bool>,
    seen: watch::Receiver<Vec<(RecordKey, Verdict)>>,
}

/// Running checks by domain.
#[derive(Clone, Default)]
pub struct Running(Arc<Mutex<HashMap<Uuid, Check>>>);

impl Running {
    /// The check that runs already, or a new one. It runs in a task of its own, so it goes on when the caller leaves.
    pub fn join_or_start<F>(&self, domain: Uuid, check: impl FnOnce(Progress) -> F) -> Check
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = running.get(&domain)
            && !found.is_done()
            && found.began.elapsed() < JOINED_WITHIN
        {
            return found.clone();
        }
        let (tell, done) = watch::channel(false);
        let (progress, seen) = watch::channel(Vec::new());
        let started = Check { began: Instant::now(), done, seen };
        running.insert(domain, started.clone());
        drop(running);
        let task = check(progress);
        let (all, began) = (self.clone(), started.began);
        tokio::spawn(async move {
            task.await;
            tell.send_replace(true);
            let mut running = all.0.lock().unwrap_or_else(PoisonError::into_inner);
            if running.get(&domain).is_some_and(|check| check.began == began) {
                running.remove(&domain);
            }
        });
        started
    }
}

impl Check {
    /// A closed channel means that the task is gone; that ends a check as well.
    fn is_done(&self) -> bool {
        *self.done.borrow() || self.done.has_changed().is_err()
    }

    /// Waits until the check is done, however it ended.
    pub async fn until_done(mut self) {
        let _ = self.done.wait_for(|is_done| *is_done).await;
    }

    /// The verdicts that are settled, whenever there is one more; `None` once the check is done.
    pub async fn next_seen(&mut self) -> Option<Vec<(RecordKey, Verdict)>> {
        tokio::select! {
            biased;
            changed = self.seen.changed() => {
                if changed.is_ok() {
                    return Some(self.seen.borrow_and_update().clone());
                }
            }
            _ = self.done.wait_for(|is_done| *is_done) => return None,
        }
        // The check's own end of the channel is gone; only its end is to be waited for.
        self.clone().until_done().await;
        None
    }
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
        let check = |_| {
            started.fetch_add(1, Ordering::SeqCst);
            let go = Arc::clone(&go);
            async move { go.notified().await }
        };
        let first = running.join_or_start(Uuid::nil(), check);
        let second = running.join_or_start(Uuid::nil(), check);
        go.notify_one();
        first.until_done().await;
        second.until_done().await;
        assert_eq!(started.load(Ordering::SeqCst), 1);
    }
}

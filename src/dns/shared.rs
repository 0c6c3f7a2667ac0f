//! What the background sweep asks once for many domains: the platform's own names, the policies and zones above them.
//!
//! Who asks while the same question is under way waits for its answer; an answer is then kept for as long as it says
//! that it may be (its TTL; a negative one by its SOA, RFC 2308 section 5), a failure not at all. In size it is
//! bounded by two generations: when the young one is full, the old one is dropped, but for what was asked for again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;
use tokio::time::{Duration, Instant};

use super::recursive::Said;
use crate::diagnosis::Question;

/// Questions in a generation.
const GENERATION: usize = 8_192;
/// A day's TTL must not hide a change from the sweep for a day.
const KEPT_AT_MOST: Duration = Duration::from_secs(3_600);

type Cell = Arc<OnceCell<Kept>>;

#[derive(Debug)]
struct Kept {
    said: Said,
    until: Instant,
}

/// Answers by question.
#[derive(Debug, Default)]
pub struct Shared(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Question, Cell>,
    old: HashMap<Question, Cell>,
}

impl Shared {
    /// The answer to `question` at `now`: as it is kept, or as whoever asks already will hear it, else by `ask`.
    pub async fn get(&self, question: &Question, now: Instant, ask: impl Future<Output = Said>) -> Said {
        let cell = self.all().cell(question, now);
        let asking = || async {
            let said = ask.await;
            Kept { until: now + kept_for(&said), said }
        };
        cell.get_or_init(asking).await.said.clone()
    }

    fn all(&self) -> std::sync::MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    /// A cell that is still being asked for, or may still be read.
    fn cell(&mut self, question: &Question, now: Instant) -> Cell {
        let is_usable = |cell: &&Cell| cell.get().is_none_or(|kept| kept.until > now);
        if let Some(cell) = self.young.get(question).filter(is_usable) {
            return Arc::clone(cell);
        }
        let cell = self.old.remove(question).filter(|cell| is_usable(&cell)).unwrap_or_default();
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(question.clone(), Arc::clone(&cell));
        cell
    }
}

fn kept_for(said: &Said) -> Duration {
    match said.reply.failure() {
        Some(_) => Duration::ZERO,
        None => Duration::from_secs(said.reply.ttl_s.into()).min(KEPT_AT_MOST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::observed::Answer;
    use crate::diagnosis::{AskFailure, RecordType, Reply};
    use crate::records::OwnerName;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn question(n: usize) -> Question {
        Question::new(OwnerName::new(&format!("n{n}.example.com")), RecordType::Txt)
    }

    fn said(answer: Answer, ttl_s: u32) -> Said {
        Said { reply: Reply { answer, aliases: Vec::new(), ttl_s }, denying_zone: None }
    }

    /// Asks the same so often, one after the other, a minute between them; gives how often it went out.
    async fn asked(answer: Answer, ttl_s: u32, times: usize) -> usize {
        let (shared, asked) = (Shared::default(), AtomicUsize::new(0));
        let mut now = Instant::now();
        for _ in 0..times {
            let ask = async { (asked.fetch_add(1, Ordering::Relaxed), said(answer.clone(), ttl_s)).1 };
            shared.get(&question(1), now, ask).await;
            now += Duration::from_secs(60);
        }
        asked.into_inner()
    }

    #[tokio::test]
    async fn an_answer_is_kept_for_its_ttl_and_a_failure_not_at_all() {
        assert_eq!(asked(Answer::Found(Vec::new()), 300, 10).await, 2);
        assert_eq!(asked(Answer::NoSuchName, 120, 10).await, 5, "a negative one as well");
        assert_eq!(asked(Answer::NoData, 0, 10).await, 10);
        assert_eq!(asked(Answer::Found(Vec::new()), 604_800, 120).await, 2, "an hour at most");
        assert_eq!(asked(Answer::Failed(AskFailure::Timeout), 300, 10).await, 10);
    }

    #[tokio::test]
    async fn who_asks_meanwhile_waits_for_the_same_answer_even_a_failure() {
        let (shared, asked) = (Arc::new(Shared::default()), Arc::new(AtomicUsize::new(0)));
        let mut open = tokio::task::JoinSet::new();
        for _ in 0..100 {
            let (shared, asked) = (Arc::clone(&shared), Arc::clone(&asked));
            let ask = async move {
                tokio::task::yield_now().await;
                asked.fetch_add(1, Ordering::Relaxed);
                said(Answer::Failed(AskFailure::Servfail), 0)
            };
            open.spawn(async move { shared.get(&question(1), Instant::now(), ask).await.reply.failure() });
        }
        assert_eq!(open.join_all().await, [Some(AskFailure::Servfail); 100]);
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn who_gives_up_leaves_the_question_to_whoever_waits() {
        let shared = Shared::default();
        let (one, two) = (question(1), question(1));
        let now = Instant::now();
        let given_up = shared.get(&one, now, std::future::pending());
        let heard = shared.get(&two, now, async { said(Answer::NoData, 60) });
        let (nothing, heard) = tokio::join!(tokio::time::timeout(Duration::from_millis(20), given_up), heard);
        assert!(nothing.is_err());
        assert_eq!(heard.reply.answer, Answer::NoData);
    }

    #[tokio::test]
    async fn a_hundred_thousand_questions_push_out_nothing_that_is_asked_for_again_and_fill_no_memory() {
        let (shared, often, now) = (Shared::default(), AtomicUsize::new(0), Instant::now());
        for n in 1..100_000 {
            shared.get(&question(n), now, async { said(Answer::NoData, 300) }).await;
            let ask = async { (often.fetch_add(1, Ordering::Relaxed), said(Answer::NoData, 300)).1 };
            shared.get(&question(0), now, ask).await;
        }
        assert_eq!(often.into_inner(), 1);
        let all = shared.all();
        assert!(all.young.len() + all.old.len() <= 2 * GENERATION);
    }
}

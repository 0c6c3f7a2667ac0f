//! What one check may spend: questions, packets, time (contract, section 5).

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use crate::diagnosis::{AskFailure, Question};

const MAX_QUESTIONS: usize = 250;
const MAX_PACKETS: u32 = 400;

/// Shared by the questions of one check; cheap to clone.
#[derive(Debug, Clone)]
pub struct Budget {
    questions: Arc<Mutex<HashSet<Question>>>,
    packets: Arc<AtomicU32>,
    pub deadline: Instant,
}

impl Budget {
    pub fn new(deadline: Instant) -> Self {
        Self { questions: Arc::default(), packets: Arc::default(), deadline }
    }

    /// Counts a question once, however many servers are asked. `Local` where the bound is reached.
    pub fn take_question(&self, question: &Question) -> Result<(), AskFailure> {
        let mut taken = self.questions.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.contains(question) {
            return Ok(());
        }
        if taken.len() >= MAX_QUESTIONS {
            return Err(AskFailure::Local);
        }
        taken.insert(question.clone());
        Ok(())
    }

    /// Counts a datagram, or a question over TCP. `Local` where the bound is reached.
    pub fn take_packet(&self) -> Result<(), AskFailure> {
        let is_left = self.packets.fetch_add(1, Ordering::Relaxed) < MAX_PACKETS;
        if is_left { Ok(()) } else { Err(AskFailure::Local) }
    }

    /// Packets that may still be sent.
    pub fn packets_left(&self) -> u32 {
        MAX_PACKETS.saturating_sub(self.packets.load(Ordering::Relaxed))
    }

    pub fn is_spent(&self) -> bool {
        let questions = self.questions.lock().unwrap_or_else(PoisonError::into_inner).len();
        Instant::now() >= self.deadline || questions >= MAX_QUESTIONS || self.packets_left() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::RecordType;
    use crate::records::OwnerName;

    fn question(n: usize) -> Question {
        Question::new(OwnerName::new(&format!("n{n}.example.com")), RecordType::Txt)
    }

    #[test]
    fn a_question_counts_once_and_the_251st_is_refused() {
        let budget = Budget::new(Instant::now() + std::time::Duration::from_secs(60));
        for n in 0..MAX_QUESTIONS {
            assert!(!budget.is_spent());
            assert_eq!(budget.take_question(&question(n)), Ok(()));
            assert_eq!(budget.take_question(&question(n)), Ok(()));
        }
        assert_eq!(budget.take_question(&question(MAX_QUESTIONS)), Err(AskFailure::Local));
        assert_eq!(budget.take_question(&question(0)), Ok(()));
        assert!(budget.is_spent());
    }
}

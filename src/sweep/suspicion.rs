//! When many domains turn bad at once, the sweep suspects itself: its resolver, its network, somebody's whole platform.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use uuid::Uuid;

/// How many looks back the share is taken over.
const WINDOW: usize = 500;
/// Fewer than so many bad ones are ordinary life.
const ENOUGH: usize = 20;
/// From this share of bad ones on, it is suspicious: one in five.
const ONE_IN: usize = 5;
/// Domains seen good lately that are asked for again.
const WITNESSES: usize = 8;

/// The latest looks at verified domains.
#[derive(Debug, Default)]
pub struct Suspicion(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// True: it turned bad, or could not be asked.
    latest: VecDeque<bool>,
    witnesses: VecDeque<Uuid>,
}

impl Suspicion {
    /// Notes looks that found everything as before.
    pub fn note_good(&self, ids: &[Uuid]) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for id in ids {
            state.note(false);
            // One in sixteen is enough to witness, and spreads them over slices.
            if id.as_bytes()[13] % 16 == 0 || state.witnesses.len() < WITNESSES {
                state.witnesses.push_back(*id);
            }
        }
        while state.witnesses.len() > WITNESSES {
            state.witnesses.pop_front();
        }
    }

    /// Notes looks that found something worse than before. True: there are too many of them to be believed at once.
    pub fn note_bad(&self, count: usize) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (0..count).for_each(|_| state.note(true));
        let bad = state.latest.iter().filter(|is_bad| **is_bad).count();
        bad >= ENOUGH && bad * ONE_IN >= state.latest.len()
    }

    /// Domains that were seen good lately.
    pub fn witnesses(&self) -> Vec<Uuid> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).witnesses.iter().copied().collect()
    }

    /// The looks so far count no more.
    pub fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).latest.clear();
    }
}

impl State {
    fn note(&mut self, is_bad: bool) {
        self.latest.push_back(is_bad);
        if self.latest.len() > WINDOW {
            self.latest.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(count: u128) -> Vec<Uuid> {
        (0..count).map(Uuid::from_u128).collect()
    }

    #[test]
    fn a_few_bad_ones_are_ordinary_life() {
        let suspicion = Suspicion::default();
        assert!(!suspicion.note_bad(ENOUGH - 1));
        suspicion.note_good(&ids(400));
        assert!(!suspicion.note_bad(30));
    }

    #[test]
    fn many_bad_ones_among_the_latest_are_suspicious() {
        let suspicion = Suspicion::default();
        suspicion.note_good(&ids(1000));
        assert!(!suspicion.note_bad(99), "of 500, 99 are bad");
        assert!(suspicion.note_bad(1), "of 500, a fifth is bad");
        suspicion.forget();
        assert!(!suspicion.note_bad(1));
        assert_eq!(suspicion.witnesses().len(), WITNESSES);
    }
}

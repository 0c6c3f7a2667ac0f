//! Questions of one round that are under way, each to be answered by one or two.

use std::collections::HashMap;

use tokio::task::JoinSet;

use crate::diagnosis::{Observation, Question};

/// Questions under way. One is answered whole once everybody who was asked has answered or failed.
pub struct UnderWay<S> {
    tasks: JoinSet<(Question, S)>,
    answers: HashMap<Question, (usize, Observation)>,
}

impl<S> Default for UnderWay<S> {
    fn default() -> Self {
        Self { tasks: JoinSet::new(), answers: HashMap::new() }
    }
}

impl<S: Send + 'static> UnderWay<S> {
    /// One more is asked.
    pub fn spawn(&mut self, question: &Question, asking: impl Future<Output = S> + Send + 'static) {
        self.answers.entry(question.clone()).or_default().0 += 1;
        let question = question.clone();
        self.tasks.spawn(async move { (question, asking.await) });
    }

    /// As they come in; one task that panics takes the check with it.
    pub async fn next(&mut self) -> Option<(Question, S)> {
        self.tasks.join_next().await.map(|joined| match joined {
            Ok(said) => said,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(error) => panic!("nobody aborts these tasks: {error}"),
        })
    }

    /// What is known of a question so far, for one more answer to be added.
    pub fn observation(&mut self, question: &Question) -> &mut Observation {
        let (left, observation) = self.answers.entry(question.clone()).or_default();
        *left = left.saturating_sub(1);
        observation
    }

    /// The observation, once nobody is left to answer.
    pub fn take_whole(&mut self, question: &Question) -> Option<Observation> {
        let is_whole = self.answers.get(question).is_some_and(|(left, _)| *left == 0);
        if is_whole { self.answers.remove(question).map(|(_, observation)| observation) } else { None }
    }
}

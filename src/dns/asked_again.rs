//! What was asked before, asked again, for many domains at once: only whether the answers are the same is wanted.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::{Duration, Instant};

use super::Dns;
use super::engine::Budget;
use super::print::{self, Print};
use super::recursive::Resolvers;
use crate::diagnosis::Question;
use crate::records::OwnerName;

/// A name that many domains share is waited for so long; what is not known then is asked by each look itself.
const SHARED_TAKES: Duration = Duration::from_secs(2);

/// What a look at a domain asked.
#[derive(Debug, Clone)]
pub struct Asked {
    pub domain: OwnerName,
    pub questions: Vec<Question>,
}

impl Dns {
    /// The print of each domain's answers, in order: the domain's own names asked anew, those of others as they were
    /// said to this sweep lately. `None` where something was not answered plainly in time.
    pub async fn ask_again(&self, all: &[Asked]) -> Vec<Option<Print>> {
        let is_own = |asked: &Asked, question: &Question| question.name.is_within(&asked.domain);
        let each = || all.iter().flat_map(|asked| asked.questions.iter().map(move |question| (asked, question)));
        let own: Vec<Question> =
            each().filter(|(asked, question)| is_own(asked, question)).map(|(_, question)| question.clone()).collect();
        let mut others: HashMap<&Question, Option<Print>> =
            each().filter(|(asked, question)| !is_own(asked, question)).map(|(_, question)| (question, None)).collect();
        let (own, shared) = tokio::join!(self.prints(own), self.ask_shared(others.keys().copied()));
        for (question, print) in &shared {
            others.insert(question, *print);
        }
        let mut own = own.into_iter();
        let print_of = |asked: &Asked| {
            let prints: Vec<Option<Print>> = asked
                .questions
                .iter()
                .map(|question| if is_own(asked, question) { own.next().flatten() } else { others[question] })
                .collect();
            let prints: Option<Vec<Print>> = prints.into_iter().collect();
            prints.map(|prints| print::of_all(&prints))
        };
        all.iter().map(print_of).collect()
    }

    async fn ask_shared(&self, questions: impl Iterator<Item = &Question>) -> Vec<(Question, Option<Print>)> {
        let Some(shared) = &self.shared else { return Vec::new() };
        let deadline = Instant::now() + SHARED_TAKES;
        let mut open = JoinSet::new();
        for question in questions.cloned() {
            let mut resolvers =
                Resolvers::new(&self.settings.resolvers, Arc::clone(&self.engine), Budget::new(deadline));
            resolvers.share_all(Arc::clone(shared));
            open.spawn(async move { (print::of_reply(&resolvers.ask(&question).await.reply), question) });
        }
        open.join_all().await.into_iter().map(|(print, question)| (question, print)).collect()
    }
}

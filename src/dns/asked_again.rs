//! What was asked before, asked again, for many domains at once: only whether the answers are the same is wanted.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::{Duration, Instant};

use super::Dns;
use super::engine::Budget;
use super::print::{self, Heard, Print};
use super::recursive::Resolvers;
use crate::diagnosis::{AskFailure, Question};
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
    /// said to this sweep lately. Nothing is heard of a domain where one of its questions was not answered.
    pub async fn ask_again(&self, all: &[Asked]) -> Vec<Heard> {
        let is_own = |asked: &Asked, question: &Question| question.name.is_within(&asked.domain);
        let mut own: Vec<Question> = Vec::new();
        let mut others: HashMap<&Question, Heard> = HashMap::new();
        for asked in all {
            for question in &asked.questions {
                if is_own(asked, question) {
                    own.push(question.clone());
                } else {
                    others.insert(question, Heard::Nothing);
                }
            }
        }
        let (own, shared) = tokio::join!(self.prints(own), self.ask_shared(others.keys().copied()));
        for (question, heard) in &shared {
            others.insert(question, *heard);
        }
        let mut own = own.into_iter();
        let mut heard_of = |asked: &Asked, question: &Question| match is_own(asked, question) {
            true => own.next().unwrap_or(Heard::Nothing),
            false => others[question],
        };
        let all = all.iter().map(|asked| {
            let heard = asked.questions.iter().map(|question| heard_of(asked, question)).collect::<Vec<_>>();
            whole(&heard)
        });
        all.collect()
    }

    async fn ask_shared(&self, questions: impl Iterator<Item = &Question>) -> Vec<(Question, Heard)> {
        let Some(shared) = &self.shared else { return Vec::new() };
        let deadline = Instant::now() + SHARED_TAKES;
        let mut open = JoinSet::new();
        for question in questions.cloned() {
            let mut resolvers =
                Resolvers::new(&self.settings.resolvers, Arc::clone(&self.engine), Budget::new(deadline));
            resolvers.share_all(Arc::clone(shared));
            open.spawn(async move {
                let reply = resolvers.ask(&question).await.reply;
                let is_heard = !matches!(reply.failure(), Some(AskFailure::Timeout));
                (question, if is_heard { Heard::of(print::of_reply(&reply)) } else { Heard::Nothing })
            });
        }
        open.join_all().await
    }
}

/// What was heard of several questions together.
fn whole(heard: &[Heard]) -> Heard {
    if heard.contains(&Heard::Nothing) {
        return Heard::Nothing;
    }
    let prints = heard.iter().map(|heard| match heard {
        Heard::Print(print) => Some(*print),
        _ => None,
    });
    Heard::of(prints.collect::<Option<Vec<Print>>>().map(|prints| print::of_all(&prints)))
}

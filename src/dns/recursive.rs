//! The configured resolvers, and the system's.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, timeout_at};

use super::engine::{Budget, Engine, Query};
use super::once::Once;
use super::packet::{self, Outcome};
use super::shared::Shared;
use crate::diagnosis::{AskFailure, Question, Reply};
use crate::records::OwnerName;

/// A resolver that is silent for so long is no longer waited for alone.
const HEDGE: Duration = Duration::from_millis(500);
/// After so many silences without one answer, a resolver is left alone for the rest of the check.
const MAX_SILENCES: u32 = 2;

/// The resolvers of `/etc/resolv.conf`; the local one where that names none.
pub fn system_resolvers() -> Vec<SocketAddr> {
    let text = std::fs::read("/etc/resolv.conf").unwrap_or_default();
    let servers: Vec<SocketAddr> = resolv_conf::Config::parse(&text)
        .map(|config| config.nameservers.iter().map(|ip| SocketAddr::new(ip.into(), 53)).collect())
        .unwrap_or_default();
    if servers.is_empty() { vec![SocketAddr::from(([127, 0, 0, 1], 53))] } else { servers }
}

/// The resolvers as one check knows them.
#[derive(Debug, Clone)]
pub struct Resolvers {
    known: Arc<[Resolver]>,
    engine: Arc<Engine>,
    budget: Budget,
    said: Once<Question, Said>,
    /// What is kept for other checks, and the domain whose own names are not.
    shared: Option<(Arc<Shared>, Option<OwnerName>)>,
}

#[derive(Debug)]
struct Resolver {
    address: SocketAddr,
    has_answered: AtomicBool,
    delays: AtomicU32,
    silences: AtomicU32,
}

/// What a resolver said.
#[derive(Debug, Clone)]
pub struct Said {
    pub reply: Reply,
    /// The zone whose SOA stands beside a negative answer.
    pub denying_zone: Option<OwnerName>,
}

impl Said {
    fn failed(failure: AskFailure) -> Self {
        Self { reply: Reply::failed(failure), denying_zone: None }
    }

    /// Whether another resolver need not be asked. Bogus is an answer: receivers that validate get the same.
    fn is_final(&self) -> bool {
        matches!(self.reply.failure(), None | Some(AskFailure::Bogus))
    }
}

impl Resolvers {
    pub fn new(addresses: &[SocketAddr], engine: Arc<Engine>, budget: Budget) -> Self {
        let resolver = |address: &SocketAddr| Resolver {
            address: *address,
            has_answered: AtomicBool::new(false),
            delays: AtomicU32::new(0),
            silences: AtomicU32::new(0),
        };
        Self { known: addresses.iter().map(resolver).collect(), engine, budget, said: Once::default(), shared: None }
    }

    /// Of names outside `domain`, what was said to other checks lately is enough.
    pub fn share(&mut self, shared: Arc<Shared>, domain: OwnerName) {
        self.shared = Some((shared, Some(domain)));
    }

    /// Of any name, what was said to other checks lately is enough.
    pub fn share_all(&mut self, shared: Arc<Shared>) {
        self.shared = Some((shared, None));
    }

    /// What the resolvers say; each question is asked once a check.
    pub async fn ask(&self, question: &Question) -> Said {
        let asking = async {
            match self.budget.take_question(question) {
                Ok(()) => self.ask_or_share(question).await,
                Err(failure) => Said::failed(failure),
            }
        };
        self.said.get(question.clone(), asking).await
    }

    async fn ask_or_share(&self, question: &Question) -> Said {
        match &self.shared {
            Some((shared, domain)) if domain.as_ref().is_none_or(|domain| !question.name.is_within(domain)) => {
                shared.get(question, Instant::now(), self.ask_in_turn(question)).await
            }
            _ => self.ask_in_turn(question).await,
        }
    }

    /// The next resolver as soon as one fails or keeps silent for a while; the first that answers counts, else the
    /// last failure.
    async fn ask_in_turn(&self, question: &Question) -> Said {
        let mut waiting = self.usable().into_iter();
        let mut open = JoinSet::new();
        let mut worst = Said::failed(if self.known.is_empty() { AskFailure::Unreachable } else { AskFailure::Timeout });
        loop {
            let begun = waiting.next();
            if let Some(at) = begun {
                let (resolvers, question) = (self.clone(), question.clone());
                open.spawn(async move { resolvers.known[at].ask(&resolvers, &question).await });
            }
            let patience = if waiting.len() > 0 { Instant::now() + HEDGE } else { self.budget.deadline };
            match timeout_at(patience.min(self.budget.deadline), open.join_next()).await {
                Ok(Some(Ok(said))) if said.is_final() => return said,
                Ok(Some(Ok(said))) => worst = said,
                Ok(Some(Err(_))) => worst = Said::failed(AskFailure::Local),
                Ok(None) => return worst,
                Err(_) if Instant::now() >= self.budget.deadline => return worst,
                Err(_) => self.note_delay(begun),
            }
        }
    }

    fn note_delay(&self, at: Option<usize>) {
        if let Some(resolver) = at.and_then(|at| self.known.get(at)) {
            resolver.delays.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// In the configured order, those that were slow and never answered last, those that are dead not at all.
    fn usable(&self) -> Vec<usize> {
        let is_known_good = |at: &usize| self.known[*at].has_answered.load(Ordering::Relaxed);
        let is_dead =
            |at: &usize| !is_known_good(at) && self.known[*at].silences.load(Ordering::Relaxed) >= MAX_SILENCES;
        let is_slow = |at: &usize| !is_known_good(at) && self.known[*at].delays.load(Ordering::Relaxed) > 0;
        let mut order: Vec<usize> = (0..self.known.len()).filter(|at| !is_dead(at)).collect();
        order.sort_by_key(is_slow);
        order
    }
}

impl Resolver {
    /// A SERVFAIL that vanishes with the CD bit is bogus DNSSEC (RFC 4035 section 3.2.2); one that stays is SERVFAIL.
    async fn ask(&self, all: &Resolvers, question: &Question) -> Said {
        let query = Query { question, server: self.address, is_recursive: true, is_checking_disabled: false };
        let message = match all.engine.exchange(&all.budget, &query).await {
            Ok(message) => message,
            Err(failure) => {
                self.silences.fetch_add(u32::from(failure == AskFailure::Timeout), Ordering::Relaxed);
                return Said::failed(failure);
            }
        };
        self.has_answered.store(true, Ordering::Relaxed);
        match packet::read_recursive(&message, question) {
            Outcome::Reply(reply) => Said { reply, denying_zone: packet::denying_zone(&message) },
            Outcome::Failed(AskFailure::Servfail) => {
                let query = Query { is_checking_disabled: true, ..query };
                match all
                    .engine
                    .exchange(&all.budget, &query)
                    .await
                    .map(|message| packet::read_recursive(&message, question))
                {
                    Ok(Outcome::Reply(_)) => Said::failed(AskFailure::Bogus),
                    _ => Said::failed(AskFailure::Servfail),
                }
            }
            Outcome::Failed(failure) => Said::failed(failure),
            Outcome::Alias(_) | Outcome::Referral { .. } => Said::failed(AskFailure::Malformed),
        }
    }
}

//! Many questions on few sockets: one question to one server, with retries, EDNS fallback and TCP.
//!
//! # Why few sockets
//!
//! A socket a question costs a descriptor and four system calls each, and descriptors run out under a sweep. So
//! thousands of questions share a pool of sockets ([`ports`]), and one loop a socket hands out the replies ([`port`]).
//! The price is that a forger off the path has less to guess (RFC 5452): with a port a question, about 15 bits of
//! port; here which of 32 ports, 5 bits, once he has found them, for which he has a minute before they change. What
//! he must guess beside: 16 bits of id and the case of every letter (0x20), some 12 bits for the names asked here
//! (`_dmarc.example.com`), 33 in all, in the few milliseconds before the true reply. And what he would win is little:
//! a first pass counts only after TCP said the same, and no single negative look fails anything.
//!
//! Who is not on the path of a socket's own question is no longer dropped by the kernel, so the match is strict here:
//! source address and port, id, question, case; whatever does not fit is dropped and the wait goes on. Ports that are
//! closed show at once by the socket's error queue ([`errors`]), where the system has one.

mod budget;
mod bulk;
mod errors;
mod limits;
mod port;
mod ports;
mod tcp;

use std::net::SocketAddr;
use std::sync::OnceLock;

use hickory_proto::op::Message;
use nix::errno::Errno;
use rand::RngExt;
use tokio::sync::Semaphore;
use tokio::time::{Duration, Instant};

pub use self::budget::Budget;
use self::bulk::Bulk;
use self::limits::Limits;
use self::ports::Ports;
use super::packet;
use super::print::Heard;
use super::query::{self, Flags, Match, Sent};
use super::tally::Tally;
use crate::diagnosis::{AskFailure, Question};

/// How long each try waits. Nameservers come several to a zone, so a silent one is given up sooner.
const NAMESERVER_TRIES: &[Duration] = &[Duration::from_millis(600), Duration::from_millis(1000)];
const RESOLVER_TRIES: &[Duration] =
    &[Duration::from_millis(900), Duration::from_millis(1300), Duration::from_millis(1500)];
/// TCP connections open at once, well below the 1024 files that a process commonly may open.
const MAX_CONNECTIONS: usize = 300;

/// The sockets of the whole program, and who is being asked.
#[derive(Debug)]
pub struct Engine {
    ports: Ports,
    limits: Limits,
    connections: Semaphore,
    /// Started when first needed.
    bulk: OnceLock<Option<Bulk>>,
    tally: Tally,
}

#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    pub question: &'a Question,
    pub server: SocketAddr,
    /// Asked of a configured resolver, which no limit an address holds for.
    pub is_recursive: bool,
    pub is_checking_disabled: bool,
}

impl Engine {
    /// Fails where no socket can be opened at all. Of the `resolvers` it is told when each was heard.
    pub fn start(resolvers: &[SocketAddr]) -> std::io::Result<Self> {
        let connections = Semaphore::new(MAX_CONNECTIONS);
        let (limits, tally) = (Limits::default(), Tally::new(resolvers));
        Ok(Self { ports: Ports::open()?, limits, connections, bulk: OnceLock::new(), tally })
    }

    /// What came of all questions since the start.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The matching answer, whole: a truncated one is asked again over TCP.
    pub async fn exchange(&self, budget: &Budget, query: &Query<'_>) -> Result<Message, AskFailure> {
        self.within_limits(budget, query, self.over_udp(budget, query)).await
    }

    /// The same over TCP alone (RFC 7766).
    pub async fn exchange_over_tcp(&self, budget: &Budget, query: &Query<'_>) -> Result<Message, AskFailure> {
        self.within_limits(budget, query, self.over_tcp(budget, query, true)).await
    }

    /// Asks a resolver many questions at the least cost; what was heard, in their order.
    pub async fn prints(&self, server: SocketAddr, questions: Vec<Question>) -> Vec<Heard> {
        let heard = match self.bulk.get_or_init(|| Bulk::start().ok()) {
            Some(bulk) => bulk.ask(server, questions).await,
            None => vec![Heard::Nothing; questions.len()],
        };
        let answered = heard.iter().filter(|heard| **heard != Heard::Nothing).count();
        self.tally.note_bulk(server, answered, heard.len() - answered);
        heard
    }

    async fn within_limits(
        &self,
        budget: &Budget,
        query: &Query<'_>,
        asking: impl Future<Output = Result<Message, AskFailure>>,
    ) -> Result<Message, AskFailure> {
        let slot = match query.is_recursive {
            true => None,
            false => Some(self.limits.enter(query.server.ip(), budget.deadline).await?),
        };
        let began = Instant::now();
        let heard = asking.await;
        self.tally.note(query.server, query.is_recursive, &heard, began.elapsed());
        if let (Some(slot), Ok(_)) = (slot, &heard) {
            slot.note_reply();
        }
        heard
    }

    async fn over_udp(&self, budget: &Budget, query: &Query<'_>) -> Result<Message, AskFailure> {
        let mut has_edns = true;
        let tries = if query.is_recursive { RESOLVER_TRIES } else { NAMESERVER_TRIES };
        for takes in tries {
            if Instant::now() >= budget.deadline {
                break;
            }
            let deadline = (Instant::now() + *takes).min(budget.deadline);
            match self.try_udp(budget, query, has_edns, deadline).await {
                Ok(Match::Yes(message)) if has_edns && packet::may_dislike_edns(&message) => has_edns = false,
                Ok(Match::Yes(message)) => return Ok(*message),
                Ok(Match::Truncated | Match::Folded) => return self.over_tcp(budget, query, has_edns).await,
                Ok(Match::Garbled | Match::No) => return Err(AskFailure::Malformed),
                Err(AskFailure::Timeout) => has_edns = !has_edns,
                Err(other) => return Err(other),
            }
        }
        Err(AskFailure::Timeout)
    }

    async fn try_udp(
        &self,
        budget: &Budget,
        query: &Query<'_>,
        has_edns: bool,
        deadline: Instant,
    ) -> Result<Match, AskFailure> {
        let sent = compose(query, has_edns)?;
        let port = self.ports.pick(query.server)?;
        budget.take_packet()?;
        port.ask(query.server, sent, deadline).await
    }
}

fn compose(query: &Query<'_>, has_edns: bool) -> Result<Sent, AskFailure> {
    let flags = Flags { is_recursive: query.is_recursive, is_checking_disabled: query.is_checking_disabled, has_edns };
    query::compose(query.question, flags, coin()).ok_or(AskFailure::Malformed)
}

/// One fair bit a call.
fn coin() -> impl FnMut() -> bool {
    let mut rng = rand::rng();
    let (mut bits, mut left) = (0u64, 0u32);
    move || {
        if left == 0 {
            (bits, left) = (rng.random(), u64::BITS);
        }
        left -= 1;
        bits >> left & 1 == 1
    }
}

/// Whether what a socket says concerns the way to the server, or this machine.
fn unreachable_or_local(error: &std::io::Error, server: SocketAddr) -> AskFailure {
    match errors::errno(error) {
        Errno::ECONNREFUSED
        | Errno::ECONNRESET
        | Errno::ECONNABORTED
        | Errno::EPIPE
        | Errno::EHOSTUNREACH
        | Errno::EHOSTDOWN
        | Errno::ENETUNREACH
        | Errno::ENETDOWN
        | Errno::EACCES
        | Errno::EPERM
        | Errno::EPROTO
        | Errno::EAFNOSUPPORT
        | Errno::EPROTONOSUPPORT => AskFailure::Unreachable,
        Errno::ETIMEDOUT => AskFailure::Timeout,
        // No address of the family; of IPv4 it means that the ports are used up.
        Errno::EADDRNOTAVAIL if server.is_ipv6() => AskFailure::Unreachable,
        _ => AskFailure::Local,
    }
}

//! One question to one server: random id and port, 0x20, retries, EDNS fallback, TCP, and the bounds of a check.
//!
//! Each try has a connected socket of its own: the system picks a random port, drops what comes from elsewhere, and
//! tells of ports and hosts that cannot be reached. How many are open at once is bounded.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use hickory_proto::op::Message;
use rand::RngExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::Semaphore;
use tokio::time::{Duration, Instant, timeout_at};

use super::packet::{self, Flags, Match, Sent};
use crate::diagnosis::{AskFailure, Question};

/// Bounds of one check (contract, section 5).
const MAX_QUESTIONS: u32 = 250;
const MAX_PACKETS: u32 = 400;
/// How long each try waits. Nameservers come several to a zone, so a silent one is given up sooner.
const NAMESERVER_TRIES: &[Duration] = &[Duration::from_millis(800), Duration::from_millis(1200)];
const RESOLVER_TRIES: &[Duration] =
    &[Duration::from_millis(900), Duration::from_millis(1300), Duration::from_millis(1500)];
const TCP_TAKES: Duration = Duration::from_secs(2);
/// No UDP answer is longer than what a datagram holds.
const MAX_DATAGRAM: usize = 65_535;

/// What one check may still spend; shared by its questions.
#[derive(Debug, Clone)]
pub struct Budget {
    questions: Arc<AtomicU32>,
    packets: Arc<AtomicU32>,
    /// Sockets of the whole program.
    sockets: Arc<Semaphore>,
    pub deadline: Instant,
}

impl Budget {
    pub fn new(deadline: Instant, sockets: Arc<Semaphore>) -> Self {
        Self { questions: Arc::default(), packets: Arc::default(), sockets, deadline }
    }

    /// False where the bound is reached.
    pub fn take_question(&self) -> bool {
        self.questions.fetch_add(1, Ordering::Relaxed) < MAX_QUESTIONS
    }

    fn take_packet(&self) -> Result<(), AskFailure> {
        let is_left = self.packets.fetch_add(1, Ordering::Relaxed) < MAX_PACKETS;
        if is_left { Ok(()) } else { Err(AskFailure::Local) }
    }

    /// Packets that may still be sent.
    pub fn packets_left(&self) -> u32 {
        MAX_PACKETS.saturating_sub(self.packets.load(Ordering::Relaxed))
    }

    pub fn is_spent(&self) -> bool {
        Instant::now() >= self.deadline
            || self.questions.load(Ordering::Relaxed) >= MAX_QUESTIONS
            || self.packets_left() == 0
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    pub question: &'a Question,
    pub server: SocketAddr,
    pub is_recursive: bool,
    pub is_checking_disabled: bool,
}

/// The matching answer, whole: a truncated one is asked again over TCP.
pub async fn exchange(budget: &Budget, query: &Query<'_>) -> Result<Message, AskFailure> {
    let mut has_edns = true;
    let tries = if query.is_recursive { RESOLVER_TRIES } else { NAMESERVER_TRIES };
    for takes in tries {
        if Instant::now() >= budget.deadline {
            break;
        }
        let deadline = (Instant::now() + *takes).min(budget.deadline);
        match over_udp(budget, query, has_edns, deadline).await {
            Ok(Heard::Message(message)) if packet::is_truncated(&message) => {
                return over_tcp(budget, query, has_edns).await;
            }
            Ok(Heard::Message(message)) if has_edns && packet::may_dislike_edns(&message) => has_edns = false,
            Ok(Heard::Message(message)) => return Ok(*message),
            Ok(Heard::Folded) => return over_tcp(budget, query, has_edns).await,
            Err(AskFailure::Timeout) => has_edns = !has_edns,
            Err(other) => return Err(other),
        }
    }
    Err(AskFailure::Timeout)
}

enum Heard {
    Message(Box<Message>),
    Folded,
}

async fn over_udp(budget: &Budget, query: &Query<'_>, has_edns: bool, deadline: Instant) -> Result<Heard, AskFailure> {
    let sent = compose(query, has_edns)?;
    let _permit = timeout_at(deadline, budget.sockets.acquire()).await.map_err(|_| AskFailure::Local)?;
    let local: SocketAddr = if query.server.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let socket = UdpSocket::bind(local).await.map_err(|error| unreachable_or_local(&error))?;
    socket.connect(query.server).await.map_err(|error| unreachable_or_local(&error))?;
    budget.take_packet()?;
    socket.send(&sent.bytes).await.map_err(|error| unreachable_or_local(&error))?;
    let mut buffer = vec![0u8; MAX_DATAGRAM];
    loop {
        let length = match timeout_at(deadline, socket.recv(&mut buffer)).await {
            Ok(received) => received.map_err(|error| unreachable_or_local(&error))?,
            Err(_) => return Err(AskFailure::Timeout),
        };
        // Whatever does not match is dropped, and the wait goes on.
        match packet::matches(&buffer[..length], &sent) {
            Match::Yes(message) => return Ok(Heard::Message(message)),
            Match::Folded => return Ok(Heard::Folded),
            Match::Garbled => return Err(AskFailure::Malformed),
            Match::No => {}
        }
    }
}

/// Asks over TCP (RFC 7766): one message, of 64 KiB at most by its length field. What is truncated there too is
/// unusable.
pub async fn over_tcp(budget: &Budget, query: &Query<'_>, has_edns: bool) -> Result<Message, AskFailure> {
    let sent = compose(query, has_edns)?;
    let deadline = (Instant::now() + TCP_TAKES).min(budget.deadline);
    let _permit = timeout_at(deadline, budget.sockets.acquire()).await.map_err(|_| AskFailure::Local)?;
    budget.take_packet()?;
    timeout_at(deadline, converse(query.server, &sent)).await.unwrap_or(Err(AskFailure::Timeout))
}

async fn converse(server: SocketAddr, sent: &Sent) -> Result<Message, AskFailure> {
    let mut stream = TcpStream::connect(server).await.map_err(|error| unreachable_or_local(&error))?;
    let length = u16::try_from(sent.bytes.len()).map_err(|_| AskFailure::Local)?;
    let framed = [&length.to_be_bytes()[..], &sent.bytes].concat();
    stream.write_all(&framed).await.map_err(|error| unreachable_or_local(&error))?;
    let length = stream.read_u16().await.map_err(|_| AskFailure::Malformed)?;
    let mut answer = vec![0u8; usize::from(length)];
    stream.read_exact(&mut answer).await.map_err(|_| AskFailure::Malformed)?;
    let message = packet::matches_folded(&answer, sent).ok_or(AskFailure::Malformed)?;
    if packet::is_truncated(&message) { Err(AskFailure::Malformed) } else { Ok(message) }
}

fn compose(query: &Query<'_>, has_edns: bool) -> Result<Sent, AskFailure> {
    let mut rng = rand::rng();
    let id = rng.random();
    let cased = mix_case(query.question.name.as_str(), || rng.random());
    let flags = Flags { is_recursive: query.is_recursive, is_checking_disabled: query.is_checking_disabled, has_edns };
    packet::query(id, query.question, &cased, flags).ok_or(AskFailure::Malformed)
}

/// Letters in random case: a forger must guess them too (draft-vixie-dnsext-dns0x20).
fn mix_case(name: &str, mut coin: impl FnMut() -> bool) -> String {
    name.chars().map(|c| if coin() { c.to_ascii_uppercase() } else { c }).collect()
}

fn unreachable_or_local(error: &std::io::Error) -> AskFailure {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::ConnectionRefused
        | ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable
        | ErrorKind::NetworkDown
        | ErrorKind::TimedOut
        | ErrorKind::Unsupported
        | ErrorKind::AddrNotAvailable => AskFailure::Unreachable,
        _ => AskFailure::Local,
    }
}

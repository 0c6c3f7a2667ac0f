//! One question to one server: random id and port, 0x20, retries, EDNS fallback, TCP, and the bounds of a check.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use hickory_proto::op::Message;
use hickory_proto::rr::Name;
use rand::RngExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Duration, Instant, timeout_at};

use super::packet::{self, Flags, Match};
use crate::diagnosis::{AskFailure, Question};

/// Bounds of one check (contract, section 5).
const MAX_QUESTIONS: u32 = 250;
const MAX_PACKETS: u32 = 400;
const TRY_TAKES: [Duration; 3] = [Duration::from_millis(900), Duration::from_millis(1300), Duration::from_millis(1800)];
const TCP_TAKES: Duration = Duration::from_secs(3);

/// What one check may still spend; shared by its questions.
#[derive(Debug, Clone)]
pub struct Budget {
    questions: Arc<AtomicU32>,
    packets: Arc<AtomicU32>,
    pub deadline: Instant,
}

impl Budget {
    pub fn new(deadline: Instant) -> Self {
        Self { questions: Arc::default(), packets: Arc::default(), deadline }
    }

    /// False where the bound is reached.
    pub fn take_question(&self) -> bool {
        self.questions.fetch_add(1, Ordering::Relaxed) < MAX_QUESTIONS
    }

    fn take_packet(&self) -> Result<(), AskFailure> {
        let is_left = self.packets.fetch_add(1, Ordering::Relaxed) < MAX_PACKETS;
        if is_left { Ok(()) } else { Err(AskFailure::Local) }
    }

    pub fn is_spent(&self) -> bool {
        Instant::now() >= self.deadline
            || self.questions.load(Ordering::Relaxed) >= MAX_QUESTIONS
            || self.packets.load(Ordering::Relaxed) >= MAX_PACKETS
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
    let mut failure = AskFailure::Timeout;
    for takes in TRY_TAKES {
        if Instant::now() >= budget.deadline {
            break;
        }
        let deadline = (Instant::now() + takes).min(budget.deadline);
        match over_udp(budget, query, has_edns, deadline).await {
            Ok(Heard::Message(message)) if has_edns && packet::may_dislike_edns(&message) => has_edns = false,
            Ok(Heard::Message(message)) if packet::is_truncated(&message) => return over_tcp(budget, query).await,
            Ok(Heard::Message(message)) => return Ok(*message),
            Ok(Heard::Folded) => return over_tcp(budget, query).await,
            Err(AskFailure::Timeout) => {
                failure = AskFailure::Timeout;
                has_edns = !has_edns;
            }
            Err(other) => return Err(other),
        }
    }
    Err(failure)
}

enum Heard {
    Message(Box<Message>),
    Folded,
}

async fn over_udp(budget: &Budget, query: &Query<'_>, has_edns: bool, deadline: Instant) -> Result<Heard, AskFailure> {
    budget.take_packet()?;
    let (id, bytes, name) = compose(query, has_edns)?;
    let local: SocketAddr = if query.server.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    // A socket a question: the system gives each its own random port.
    let socket = UdpSocket::bind(local).await.map_err(|_| AskFailure::Local)?;
    socket.connect(query.server).await.map_err(|error| unreachable_or_local(&error))?;
    socket.send(&bytes).await.map_err(|error| unreachable_or_local(&error))?;
    let mut buffer = vec![0u8; 4096];
    loop {
        let length = match timeout_at(deadline, socket.recv(&mut buffer)).await {
            Ok(received) => received.map_err(|error| unreachable_or_local(&error))?,
            Err(_) => return Err(AskFailure::Timeout),
        };
        // Whatever does not match is dropped, and the wait goes on.
        match packet::matches(&buffer[..length], id, &name, query.question.rtype) {
            Match::Yes(message) => return Ok(Heard::Message(message)),
            Match::Folded => return Ok(Heard::Folded),
            Match::No => {}
        }
    }
}

/// Asks over TCP (RFC 7766); what is truncated there too is unusable.
pub async fn over_tcp(budget: &Budget, query: &Query<'_>) -> Result<Message, AskFailure> {
    budget.take_packet()?;
    let deadline = (Instant::now() + TCP_TAKES).min(budget.deadline);
    let (id, bytes, name) = compose(query, true)?;
    let whole = async {
        let mut stream = TcpStream::connect(query.server).await.map_err(|error| unreachable_or_local(&error))?;
        let length = u16::try_from(bytes.len()).map_err(|_| AskFailure::Local)?;
        let framed = [&length.to_be_bytes()[..], &bytes].concat();
        stream.write_all(&framed).await.map_err(|error| unreachable_or_local(&error))?;
        let length = stream.read_u16().await.map_err(|_| AskFailure::Malformed)?;
        let mut answer = vec![0u8; usize::from(length)];
        stream.read_exact(&mut answer).await.map_err(|_| AskFailure::Malformed)?;
        match packet::matches(&answer, id, &name, query.question.rtype) {
            Match::Yes(message) if !packet::is_truncated(&message) => Ok(*message),
            // Over TCP nobody off the path answers, so a folded name is a server's habit.
            Match::Folded => Message::from_vec(&answer).map_err(|_| AskFailure::Malformed),
            _ => Err(AskFailure::Malformed),
        }
    };
    timeout_at(deadline, whole).await.unwrap_or(Err(AskFailure::Timeout))
}

fn compose(query: &Query<'_>, has_edns: bool) -> Result<(u16, Vec<u8>, Name), AskFailure> {
    let mut rng = rand::rng();
    let id = rng.random();
    let cased = mix_case(query.question.name.as_str(), || rng.random());
    let flags = Flags { is_recursive: query.is_recursive, is_checking_disabled: query.is_checking_disabled, has_edns };
    let (bytes, name) = packet::query(id, query.question, &cased, flags).ok_or(AskFailure::Local)?;
    Ok((id, bytes, name))
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
        | ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable
        | ErrorKind::NetworkDown
        | ErrorKind::AddrNotAvailable => AskFailure::Unreachable,
        _ => AskFailure::Local,
    }
}

//! One long-lived UDP socket: the questions outstanding on it, and the loop that brings each its reply.
//!
//! The socket is not connected, so that it serves every server. What comes in is told apart by source address and
//! port, id and question; whatever fits none is dropped.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::RngExt;
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};

use super::{errors, unreachable_or_local};
use crate::diagnosis::AskFailure;
use crate::dns::query::{self, Match, Sent};

/// No UDP reply is longer than what a datagram holds.
const MAX_DATAGRAM: usize = 65_535;
/// Datagrams taken before other tasks get their turn.
const BATCH: usize = 64;
/// Draws of an id that no other question to the server has.
const MAX_DRAWS: usize = 64;
/// A send reports what earlier questions met, one error at a time.
const MAX_SENDS: usize = 8;

#[derive(Debug)]
pub struct Port {
    pub opened: Instant,
    shared: Arc<Shared>,
    receiving: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    socket: UdpSocket,
    outstanding: Mutex<HashMap<Key, Waiting>>,
}

/// Unique among what is outstanding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    ip: IpAddr,
    port: u16,
    id: u16,
}

#[derive(Debug)]
struct Waiting {
    sent: Arc<Sent>,
    tell: oneshot::Sender<Result<Vec<u8>, AskFailure>>,
}

/// Ends the wait when dropped.
struct Ticket<'a> {
    shared: &'a Shared,
    key: Key,
}

impl Port {
    /// A socket on a port that the system picks at random. Its loop runs on the current runtime until it is dropped.
    pub fn open(any: IpAddr) -> std::io::Result<Self> {
        let socket = std::net::UdpSocket::bind(SocketAddr::new(any, 0))?;
        socket.set_nonblocking(true)?;
        errors::ask_for(&socket, any)?;
        let shared = Arc::new(Shared { socket: UdpSocket::from_std(socket)?, outstanding: Mutex::default() });
        let receiving = tokio::spawn(receive(Arc::clone(&shared))).abort_handle();
        Ok(Self { opened: Instant::now(), shared, receiving })
    }

    #[cfg(test)]
    pub fn local(&self) -> std::io::Result<SocketAddr> {
        self.shared.socket.local_addr()
    }

    /// Sends under a random id and waits for the reply that matches, a folded one included.
    pub async fn ask(&self, server: SocketAddr, sent: Sent, deadline: Instant) -> Result<Match, AskFailure> {
        let (ticket, sent, hearing) = self.shared.enter(server, sent)?;
        self.shared.send(&sent, server, deadline).await?;
        let heard = timeout_at(deadline, hearing).await.map_err(|_| AskFailure::Timeout)?;
        drop(ticket);
        // The loop ends only with the runtime.
        let bytes = heard.unwrap_or(Err(AskFailure::Local))?;
        Ok(query::matches(&bytes, &sent))
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.receiving.abort();
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.shared.outstanding().remove(&self.key);
    }
}

type Entered<'a> = (Ticket<'a>, Arc<Sent>, oneshot::Receiver<Result<Vec<u8>, AskFailure>>);

impl Shared {
    fn outstanding(&self) -> MutexGuard<'_, HashMap<Key, Waiting>> {
        self.outstanding.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the query its id.
    fn enter(&self, server: SocketAddr, mut sent: Sent) -> Result<Entered<'_>, AskFailure> {
        let mut outstanding = self.outstanding();
        let mut rng = rand::rng();
        for _ in 0..MAX_DRAWS {
            let key = key(server, rng.random());
            if let Entry::Vacant(vacant) = outstanding.entry(key) {
                sent.set_id(key.id);
                let sent = Arc::new(sent);
                let (tell, hearing) = oneshot::channel();
                vacant.insert(Waiting { sent: Arc::clone(&sent), tell });
                return Ok((Ticket { shared: self, key }, sent, hearing));
            }
        }
        Err(AskFailure::Local)
    }

    async fn send(&self, sent: &Sent, server: SocketAddr, deadline: Instant) -> Result<(), AskFailure> {
        let mut tried = 0;
        loop {
            let error = match self.socket.try_send_to(&sent.bytes, server) {
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
            tried += 1;
            if error.kind() == ErrorKind::WouldBlock {
                let is_ready = timeout_at(deadline, self.socket.writable()).await;
                is_ready.map_err(|_| AskFailure::Local)?.map_err(|_| AskFailure::Local)?;
            } else if tried >= MAX_SENDS || !errors::may_be_anothers(&error) {
                return Err(unreachable_or_local(&error, server));
            }
        }
    }

    fn deliver(&self, bytes: &[u8], from: SocketAddr) {
        let Some(id) = query::id_of(bytes) else { return };
        let mut outstanding = self.outstanding();
        if let Entry::Occupied(waiting) = outstanding.entry(key(from, id))
            && query::is_reply_to(bytes, &waiting.get().sent)
        {
            // Whoever asked may have given up.
            let _ = waiting.remove().tell.send(Ok(bytes.to_vec()));
        }
    }

    /// Tells whoever asked that the network brought the datagram back.
    fn return_undelivered(&self) {
        while let Some(undelivered) = errors::next(&self.socket) {
            let Some(id) = query::id_of(&undelivered.bytes) else { continue };
            let mut outstanding = self.outstanding();
            if let Entry::Occupied(waiting) = outstanding.entry(key(undelivered.server, id))
                && waiting.get().sent.bytes.starts_with(&undelivered.bytes)
            {
                let _ = waiting.remove().tell.send(Err(AskFailure::Unreachable));
            }
        }
    }
}

async fn receive(shared: Arc<Shared>) {
    let mut buffer = vec![0u8; MAX_DATAGRAM];
    while shared.socket.ready(Interest::READABLE | Interest::ERROR).await.is_ok() {
        shared.return_undelivered();
        for _ in 0..BATCH {
            match shared.socket.try_recv_from(&mut buffer) {
                Ok((length, from)) => shared.deliver(&buffer[..length], from),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => shared.return_undelivered(),
            }
        }
    }
}

/// An IPv6 source's scope and flow are the system's affair.
fn key(server: SocketAddr, id: u16) -> Key {
    Key { ip: server.ip(), port: server.port(), id }
}

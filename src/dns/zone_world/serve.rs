//! The world's sockets: each server on an address of its own, all on one port, and the resolver.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hickory_proto::op::{Message, ResponseCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use super::super::wire_name::from_wire as owner;
use super::content::Content;
use super::faults::Faults;
use super::zone::Said;
use crate::records::OwnerName;

/// What a UDP answer may measure without EDNS (RFC 1035 section 2.3.4).
const PLAIN_PAYLOAD: u16 = 512;
const HEADER_LENGTH: usize = 12;
/// What a flooding server sends over TCP.
const MEGABYTE: usize = 1 << 20;

pub type Shared = Arc<RwLock<Arc<Content>>>;

/// A pair of sockets on one address and port.
pub struct Sockets {
    pub udp: UdpSocket,
    pub tcp: TcpListener,
}

/// Port 0 takes a free one.
pub async fn bind(address: Ipv4Addr, port: u16) -> std::io::Result<Sockets> {
    let udp = UdpSocket::bind((address, port)).await?;
    let tcp = TcpListener::bind(udp.local_addr()?).await?;
    Ok(Sockets { udp, tcp })
}

/// Who answers at a socket.
#[derive(Debug, Clone)]
pub enum Role {
    Server(OwnerName),
    Resolver,
}

impl Role {
    fn faults(&self, content: &Content) -> Faults {
        match self {
            Self::Server(name) => content.servers.get(name).map(|held| held.faults).unwrap_or_default(),
            Self::Resolver => content.resolver,
        }
    }

    fn say(&self, content: &Content, query: &Message) -> Said {
        let Some(asked) = query.queries.first() else { return Said::only(ResponseCode::FormErr) };
        let name = owner(&asked.name);
        match self {
            Self::Server(server) => match content.servers.get(server) {
                Some(held) => held.answer(&name, asked.query_type),
                None => Said::only(ResponseCode::Refused),
            },
            Self::Resolver if content.resolver.is_failing => Said::only(ResponseCode::ServFail),
            Self::Resolver if content.resolver.is_refusing => Said::only(ResponseCode::Refused),
            Self::Resolver => content.resolve(&name, asked.query_type, query.metadata.checking_disabled),
        }
    }

    /// The answer in a packet's shape, faults of content included.
    fn respond(&self, content: &Content, query: &Message) -> Message {
        let faults = self.faults(content);
        let mut message = Message::response(query.metadata.id, query.metadata.op_code);
        message.metadata.recursion_desired = query.metadata.recursion_desired;
        message.metadata.checking_disabled = query.metadata.checking_disabled;
        message.metadata.recursion_available = matches!(self, Self::Resolver);
        message.queries = query.queries.clone();
        if faults.has_wrong_ids {
            message.metadata.id = query.metadata.id.wrapping_add(1);
        }
        if faults.is_folding {
            message.queries.iter_mut().for_each(|asked| asked.name = asked.name.to_lowercase());
        }
        if faults.dislikes_edns && query.edns.is_some() {
            message.metadata.response_code = ResponseCode::FormErr;
            return message;
        }
        let said = self.say(content, query);
        message.metadata.response_code = said.code;
        message.metadata.authoritative = said.is_authoritative;
        message.answers = said.answers;
        message.authorities = said.authorities;
        message.additionals = said.additionals;
        message.edns.clone_from(&query.edns);
        if faults.has_no_question {
            message.queries.clear();
        }
        message
    }
}

fn current(shared: &Shared) -> Arc<Content> {
    Arc::clone(&shared.read().unwrap_or_else(PoisonError::into_inner))
}

/// Answers datagrams for as long as it is polled.
pub async fn udp(socket: UdpSocket, role: Role, shared: Shared) {
    let socket = Arc::new(socket);
    let mut buffer = vec![0u8; 4096];
    loop {
        // An ICMP error that an earlier answer met shows up here; the socket is still good.
        let Ok((length, peer)) = socket.recv_from(&mut buffer).await else { continue };
        let Ok(query) = Message::from_vec(&buffer[..length]) else { continue };
        let (content, role, socket) = (current(&shared), role.clone(), Arc::clone(&socket));
        tokio::spawn(async move { answer_datagram(&socket, &role, &content, &query, peer).await });
    }
}

async fn answer_datagram(socket: &UdpSocket, role: &Role, content: &Content, query: &Message, peer: SocketAddr) {
    let faults = role.faults(content);
    if faults.is_silent {
        return;
    }
    pause(faults).await;
    let message = role.respond(content, query);
    if faults.is_spoofed {
        let mut forged = message.clone();
        forged.metadata.id = !forged.metadata.id;
        forged.metadata.response_code = ResponseCode::NXDomain;
        forged.answers.clear();
        send(socket, &packet(&forged, faults), peer).await;
    }
    let payload = query.edns.as_ref().map_or(PLAIN_PAYLOAD, |edns| edns.max_payload().max(PLAIN_PAYLOAD));
    let whole = packet(&message, faults);
    let is_too_long = whole.len() > usize::from(payload);
    let sent = if is_too_long || faults.is_truncating { packet(&truncated(message), faults) } else { whole };
    if !faults.is_elsewhere {
        return send(socket, &sent, peer).await;
    }
    let address = socket.local_addr().map(|own| own.ip());
    if let Ok(other) = UdpSocket::bind((address.unwrap_or(Ipv4Addr::LOCALHOST.into()), 0)).await {
        send(&other, &sent, peer).await;
    }
}

/// In bytes, as they leave a server with these faults; empty where the message is none.
fn packet(message: &Message, faults: Faults) -> Vec<u8> {
    let bytes = message.to_vec().unwrap_or_default();
    let labels = |asked: &hickory_proto::op::Query| asked.name.iter().map(|label| label.len() + 1).sum::<usize>();
    let name_length = message.queries.first().map_or(0, |asked| labels(asked) + 1);
    let question_end = HEADER_LENGTH + if message.queries.is_empty() { 0 } else { name_length + 4 };
    match faults.breakage {
        Some(breakage) if bytes.len() >= question_end => breakage.apply(bytes, question_end),
        _ => bytes,
    }
}

fn truncated(mut message: Message) -> Message {
    message.metadata.truncation = true;
    message.answers.clear();
    message.authorities.clear();
    message.additionals.clear();
    message
}

async fn send(socket: &UdpSocket, bytes: &[u8], peer: SocketAddr) {
    // Whoever asked may be gone by now.
    let _ = socket.send_to(bytes, peer).await;
}

async fn pause(faults: Faults) {
    if faults.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(faults.delay_ms)).await;
    }
}

/// Answers connections for as long as it is polled (RFC 7766: several questions a connection).
pub async fn tcp(listener: TcpListener, role: Role, shared: Shared) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        if role.faults(&current(&shared)).has_no_tcp {
            continue;
        }
        let (role, shared) = (role.clone(), Arc::clone(&shared));
        // Ends when the other side has had enough.
        tokio::spawn(async move { answer_stream(stream, role, shared).await });
    }
}

async fn answer_stream(mut stream: TcpStream, role: Role, shared: Shared) -> Option<()> {
    loop {
        let length = stream.read_u16().await.ok()?;
        let mut bytes = vec![0u8; usize::from(length)];
        stream.read_exact(&mut bytes).await.ok()?;
        let query = Message::from_vec(&bytes).ok()?;
        let content = current(&shared);
        let faults = role.faults(&content);
        if faults.is_silent {
            std::future::pending::<()>().await;
        }
        pause(faults).await;
        if faults.is_flooding {
            let nothing = [&u16::MAX.to_be_bytes()[..], &[0; 65_535]].concat();
            for _ in 0..MEGABYTE / 65_535 {
                stream.write_all(&nothing).await.ok()?;
            }
            continue;
        }
        let answer = packet(&role.respond(&content, &query), faults);
        let length = u16::try_from(answer.len()).ok()?;
        stream.write_all(&[&length.to_be_bytes()[..], &answer].concat()).await.ok()?;
    }
}

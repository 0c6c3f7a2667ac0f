//! One question a connection (RFC 7766).

use std::net::SocketAddr;

use hickory_proto::op::Message;
use rand::RngExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Duration, Instant, timeout_at};

use super::{Budget, Engine, Query, compose, unreachable_or_local};
use crate::diagnosis::AskFailure;
use crate::dns::packet;
use crate::dns::query::{self, Sent};

const TCP_TAKES: Duration = Duration::from_secs(2);

impl Engine {
    /// One message, of 64 KiB at most by its length field. What is truncated here too is unusable; a server that chokes
    /// on EDNS is asked again without it (RFC 6891 section 7).
    pub(super) async fn over_tcp(
        &self,
        budget: &Budget,
        query: &Query<'_>,
        has_edns: bool,
    ) -> Result<Message, AskFailure> {
        let heard = self.try_tcp(budget, query, has_edns).await?;
        if has_edns && packet::may_dislike_edns(&heard) { self.try_tcp(budget, query, false).await } else { Ok(heard) }
    }

    async fn try_tcp(&self, budget: &Budget, query: &Query<'_>, has_edns: bool) -> Result<Message, AskFailure> {
        let mut sent = compose(query, has_edns)?;
        sent.set_id(rand::rng().random());
        let deadline = (Instant::now() + TCP_TAKES).min(budget.deadline);
        let _connection = timeout_at(deadline, self.connections.acquire()).await.map_err(|_| AskFailure::Local)?;
        budget.take_packet()?;
        timeout_at(deadline, converse(query.server, &sent)).await.unwrap_or(Err(AskFailure::Timeout))
    }
}

async fn converse(server: SocketAddr, sent: &Sent) -> Result<Message, AskFailure> {
    let mut stream = TcpStream::connect(server).await.map_err(|error| unreachable_or_local(&error, server))?;
    let length = u16::try_from(sent.bytes.len()).map_err(|_| AskFailure::Local)?;
    let framed = [&length.to_be_bytes()[..], &sent.bytes].concat();
    stream.write_all(&framed).await.map_err(|error| unreachable_or_local(&error, server))?;
    let length = stream.read_u16().await.map_err(|_| AskFailure::Malformed)?;
    let mut answer = vec![0u8; usize::from(length)];
    stream.read_exact(&mut answer).await.map_err(|_| AskFailure::Malformed)?;
    query::read_from_stream(&answer, sent).ok_or(AskFailure::Malformed)
}

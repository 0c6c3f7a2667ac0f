//! Asks DNS. Packets stand here and nowhere else; what comes out is `diagnosis::observed`.

mod authority;
mod engine;
pub mod observe;
mod packet;
mod private;
pub mod recursive;
#[cfg(test)]
mod tests;
pub mod zone_world;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::Semaphore;

/// Sockets open at once, well below the 1024 files that a process commonly may open.
const MAX_SOCKETS: usize = 400;

/// Whom to ask, and whom never.
#[derive(Debug, Clone)]
pub struct DnsSettings {
    /// Tried in this order.
    pub resolvers: Vec<SocketAddr>,
    /// False: never ask a zone's nameservers.
    pub is_direct: bool,
    /// Port on which nameservers are asked.
    pub authority_port: u16,
    /// Whether nameservers may be asked at addresses that are not globally reachable.
    pub allows_private: bool,
}

/// The way to DNS; cheap to clone. Nothing that one check learns is kept for the next.
#[derive(Debug, Clone)]
pub struct Dns {
    settings: Arc<DnsSettings>,
    sockets: Arc<Semaphore>,
}

impl Dns {
    /// Fails where no socket can be opened at all.
    pub async fn start(settings: DnsSettings) -> std::io::Result<Self> {
        tokio::net::UdpSocket::bind("127.0.0.1:0").await?;
        Ok(Self { settings: Arc::new(settings), sockets: Arc::new(Semaphore::new(MAX_SOCKETS)) })
    }
}

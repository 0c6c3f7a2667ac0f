//! Asks DNS. Packets stand here and nowhere else; what comes out is `diagnosis::observed`.

pub mod asked_again;
mod authority;
mod delegation;
mod engine;
pub mod observe;
mod once;
mod packet;
pub mod print;
mod private;
mod query;
pub mod recursive;
mod shared;
pub mod tally;
#[cfg(test)]
mod tests;
mod under_way;
mod wire_name;
pub mod zone_world;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use self::engine::Engine;
use self::print::Heard;
pub use self::private::is_global;
use self::shared::Shared;
use self::tally::Tally;
use crate::diagnosis::Question;

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

/// The way to DNS; cheap to clone. Nothing that one check learns is kept for the next, but by
/// [`Dns::for_sweep`].
#[derive(Debug, Clone)]
pub struct Dns {
    settings: Arc<DnsSettings>,
    engine: Arc<Engine>,
    /// `None`: every check asks everything itself.
    shared: Option<Arc<Shared>>,
    /// The resolver that many questions at once go to.
    favourite: Arc<AtomicUsize>,
}

impl Dns {
    /// Fails where no socket can be opened at all. The sockets are served by the current runtime.
    pub async fn start(settings: DnsSettings) -> std::io::Result<Self> {
        let engine = Arc::new(Engine::start(&settings.resolvers)?);
        Ok(Self { settings: Arc::new(settings), engine, shared: None, favourite: Arc::default() })
    }

    /// What came of all questions since the start.
    pub fn tally(&self) -> &Tally {
        self.engine.tally()
    }

    /// The same sockets, and the resolvers alone.
    pub fn without_nameservers(&self) -> Self {
        let settings = DnsSettings { is_direct: false, ..(*self.settings).clone() };
        Self { settings: Arc::new(settings), shared: None, ..self.clone() }
    }

    /// The resolvers alone, and of names outside the checked domain what they said lately: what the sweep of verified
    /// domains asks first. Nobody who waits for an answer may be given one of these.
    pub fn for_sweep(&self) -> Self {
        Self { shared: Some(Arc::default()), ..self.without_nameservers() }
    }

    /// Asks a resolver many questions at the least cost; what was heard, in their order. A resolver that answers nothing is not asked the next time, where there is another one.
    pub async fn prints(&self, questions: Vec<Question>) -> Vec<Heard> {
        let resolvers = &self.settings.resolvers;
        let favourite = self.favourite.load(Ordering::Relaxed);
        let Some(resolver) = resolvers.get(favourite % resolvers.len().max(1)) else {
            return vec![Heard::Nothing; questions.len()];
        };
        let heard = self.engine.prints(*resolver, questions).await;
        if heard.iter().all(|heard| *heard == Heard::Nothing) {
            self.favourite.store(favourite.wrapping_add(1), Ordering::Relaxed);
        }
        heard
    }
}

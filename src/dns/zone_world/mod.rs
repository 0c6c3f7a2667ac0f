//! A private DNS world: answers from zone files over real sockets on loopback, for tests and the demo. Every server
//! has an address of its own and all share one port, so that what is asked there is asked as on port 53.

mod content;
mod faults;
mod master;
mod script;
mod serve;
mod zone;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use thiserror::Error;
use tokio::task::JoinSet;

use self::content::Content;
use self::script::{Script, Section};
use self::serve::{Role, Shared, Sockets};
use super::DnsSettings;
use crate::records::OwnerName;

/// Tries to find a port that is free on every address.
const MAX_TRIES: usize = 50;

#[derive(Debug, Error)]
pub enum WorldError {
    /// The text of the world; says where and why.
    #[error("{0}")]
    Script(String),
    #[error("no port on loopback is to be had")]
    Sockets(#[from] std::io::Error),
}

impl WorldError {
    fn script(message: impl Into<String>) -> Self {
        Self::Script(message.into())
    }
}

/// A running world; it ends when dropped.
#[derive(Debug)]
pub struct World {
    /// Emulates a recursive resolver over all of the world's zones.
    pub resolver: SocketAddr,
    /// The port of every nameserver.
    pub authority_port: u16,
    addresses: BTreeMap<OwnerName, Ipv4Addr>,
    edited: Mutex<Edited>,
    shared: Shared,
    _serving: JoinSet<()>,
}

#[derive(Debug)]
struct Edited {
    script: Script,
    /// Goes up with every edit, as SOA serials do.
    serial: u32,
}

impl World {
    /// Serves the world that `text` describes, see `script`.
    pub async fn start(text: &str) -> Result<Self, WorldError> {
        let script = Script::parse(text)?;
        let addresses = addresses(&script);
        let content = Content::build(&script, &addresses, 1)?;
        let shared: Shared = Arc::new(RwLock::new(Arc::new(content)));
        let (authority_port, bound) = bind_all(&addresses).await?;
        let resolver = bind_free(Ipv4Addr::LOCALHOST).await?;
        let resolver_address = resolver.udp.local_addr()?;
        let mut serving = JoinSet::new();
        let servers = bound.into_iter().map(|(name, sockets)| (Role::Server(name), sockets));
        for (role, sockets) in servers.chain([(Role::Resolver, resolver)]) {
            serving.spawn(serve::udp(sockets.udp, role.clone(), Arc::clone(&shared)));
            serving.spawn(serve::tcp(sockets.tcp, role, Arc::clone(&shared)));
        }
        let edited = Mutex::new(Edited { script, serial: 1 });
        Ok(Self { resolver: resolver_address, authority_port, addresses, edited, shared, _serving: serving })
    }

    /// How to ask this world and nothing else.
    pub fn settings(&self) -> DnsSettings {
        DnsSettings {
            resolvers: vec![self.resolver],
            is_direct: true,
            authority_port: self.authority_port,
            allows_private: true,
        }
    }

    /// Puts another world in the place of this one. Its servers must have been there at the start.
    pub fn replace(&self, text: &str) -> Result<(), WorldError> {
        let script = Script::parse(text)?;
        self.edit(|edited| {
            *edited = script;
            Ok(())
        })
    }

    /// The records of a zone as text, as its first server has them; `None` where there is no such zone.
    pub fn zone_text(&self, zone: &OwnerName) -> Option<String> {
        let edited = self.edited.lock().unwrap_or_else(PoisonError::into_inner);
        edited.script.sections.iter().find(|section| section.zone == *zone).map(|section| section.text.clone())
    }

    /// Puts `text` in the place of a zone's records, on all of its servers. A zone that is new is served by `servers`,
    /// which must have been there at the start. Text that cannot be read changes nothing.
    pub fn set_zone(&self, zone: &OwnerName, text: &str, servers: &[OwnerName]) -> Result<(), WorldError> {
        // What stands in the text must stay in the zone.
        if let Some(line) = text.lines().find(|line| line.starts_with(";;") || line.trim_start().starts_with('$')) {
            return Err(WorldError::script(format!("{line:?} is not accepted among a zone's records")));
        }
        self.edit(|script| {
            let known = script.servers_of(zone);
            let servers = if known.is_empty() { servers.to_vec() } else { known };
            script.sections.retain(|section| section.zone != *zone);
            script.sections.push(Section { zone: zone.clone(), servers, text: text.to_owned() });
            Ok(())
        })
    }

    fn edit(&self, change: impl FnOnce(&mut Script) -> Result<(), WorldError>) -> Result<(), WorldError> {
        let mut edited = self.edited.lock().unwrap_or_else(PoisonError::into_inner);
        let mut script = edited.script.clone();
        change(&mut script)?;
        let serial = edited.serial + 1;
        let content = Content::build(&script, &self.addresses, serial)?;
        *edited = Edited { script, serial };
        *self.shared.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(content);
        Ok(())
    }
}

/// Each server's address, in the order of names.
fn addresses(script: &Script) -> BTreeMap<OwnerName, Ipv4Addr> {
    let nth = |at: usize| {
        let [.., high, low] = (at + 2).to_be_bytes();
        Ipv4Addr::new(127, 53, high, low)
    };
    script.servers().into_iter().enumerate().map(|(at, name)| (name, nth(at))).collect()
}

async fn bind_free(address: Ipv4Addr) -> std::io::Result<Sockets> {
    let mut tried = 0;
    loop {
        match serve::bind(address, 0).await {
            Err(_) if tried < MAX_TRIES => tried += 1,
            other => return other,
        }
    }
}

type Bound = Vec<(OwnerName, Sockets)>;

/// One port that is free on every address.
async fn bind_all(addresses: &BTreeMap<OwnerName, Ipv4Addr>) -> std::io::Result<(u16, Bound)> {
    let mut tried = 0;
    loop {
        match try_bind_all(addresses).await {
            Err(_) if tried < MAX_TRIES => tried += 1,
            other => return other,
        }
    }
}

async fn try_bind_all(addresses: &BTreeMap<OwnerName, Ipv4Addr>) -> std::io::Result<(u16, Bound)> {
    let mut port = 0;
    let mut bound = Vec::new();
    for (name, address) in addresses {
        let sockets = serve::bind(*address, port).await?;
        port = sockets.udp.local_addr()?.port();
        bound.push((name.clone(), sockets));
    }
    Ok((port, bound))
}

#[cfg(test)]
mod tests;

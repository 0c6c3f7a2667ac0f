//! How zones are delegated and who serves them. Plain data that `dns` fills.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::AskFailure;
use crate::records::OwnerName;

/// A zone on the way to the domain, as its parent and its own servers tell it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneFacts {
    pub zone: OwnerName,
    /// The zone that delegates it.
    pub parent: OwnerName,
    /// The NS names that the parent's servers give.
    pub delegation: Vec<OwnerName>,
    /// The NS names that the zone's own servers give; empty where none was asked or none answered.
    pub own_ns: Vec<OwnerName>,
    pub servers: Vec<ServerFacts>,
}

impl ZoneFacts {
    /// Adds zones that were not met before.
    pub fn learn(known: &mut Vec<Self>, met: Vec<Self>) {
        for zone in met {
            if !known.iter().any(|known| known.zone == zone.zone) {
                known.push(zone);
            }
        }
    }
}

/// One address of one nameserver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerFacts {
    pub server: OwnerName,
    /// `None`: the name has no address that may be asked.
    pub address: Option<IpAddr>,
    pub state: ServerState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServerState {
    /// Answers with authority; the serial of its SOA, and how often the others ask for a newer one.
    Serves {
        serial: u32,
        refresh_s: u32,
    },
    /// Answers, and not with authority for the zone.
    Lame,
    Silent(AskFailure),
}

/// The registered name is absent at its parent (`zone-not-delegated`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotDelegated {
    pub registrable: OwnerName,
    pub parent: OwnerName,
    /// The parent's servers that said NXDOMAIN; empty where the resolver said it, with the parent's SOA.
    pub said_by: Vec<OwnerName>,
}

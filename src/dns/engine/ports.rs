//! The UDP sockets that all questions share: a few a family, each on a random port and replaced after a minute.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::RngExt;
use tokio::time::Duration;

use super::port::Port;
use super::unreachable_or_local;
use crate::diagnosis::AskFailure;

/// Sockets a family.
pub const PORTS: usize = 32;
pub const MAX_AGE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub struct Ports {
    v4: Family,
    v6: Family,
}

/// Opened when first needed.
#[derive(Debug)]
struct Family {
    any: IpAddr,
    max_age: Duration,
    slots: [Mutex<Option<Arc<Port>>>; PORTS],
}

impl Ports {
    /// Fails where no socket can be opened at all.
    pub fn open() -> std::io::Result<Self> {
        let ports = Self {
            v4: Family::new(Ipv4Addr::UNSPECIFIED.into(), MAX_AGE),
            v6: Family::new(Ipv6Addr::UNSPECIFIED.into(), MAX_AGE),
        };
        *ports.v4.slot(0) = Some(Arc::new(Port::open(ports.v4.any)?));
        Ok(ports)
    }

    /// A random socket to ask `server` from. `Unreachable` where the machine does not speak the family.
    pub fn pick(&self, server: SocketAddr) -> Result<Arc<Port>, AskFailure> {
        let family = if server.is_ipv4() { &self.v4 } else { &self.v6 };
        family.pick().map_err(|error| unreachable_or_local(&error, server))
    }
}

impl Family {
    fn new(any: IpAddr, max_age: Duration) -> Self {
        Self { any, max_age, slots: std::array::from_fn(|_| Mutex::new(None)) }
    }

    fn pick(&self) -> std::io::Result<Arc<Port>> {
        let at = rand::rng().random_range(0..PORTS);
        let error = {
            let mut slot = self.slot(at);
            match slot.as_ref().filter(|port| port.opened.elapsed() < self.max_age) {
                Some(port) => return Ok(Arc::clone(port)),
                None => match Port::open(self.any) {
                    // Whoever waits at the old one keeps it open until then.
                    Ok(port) => return Ok(Arc::clone(slot.insert(Arc::new(port)))),
                    Err(error) => error,
                },
            }
        };
        // Out of files or ports: an old socket is better than none.
        (0..PORTS).find_map(|step| self.slot((at + step) % PORTS).clone()).ok_or(error)
    }

    fn slot(&self, at: usize) -> MutexGuard<'_, Option<Arc<Port>>> {
        self.slots[at].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[tokio::test]
    async fn questions_leave_from_many_ports_and_old_ones_are_given_up() {
        let picked = |family: &Family| -> BTreeSet<u16> {
            (0..1000).map(|_| family.pick().unwrap().local().unwrap().port()).collect()
        };
        let family = Family::new(Ipv4Addr::LOCALHOST.into(), MAX_AGE);
        let (first, again) = (picked(&family), picked(&family));
        assert_eq!(first.len(), PORTS);
        assert_eq!(first, again);
        let old = Family::new(Ipv4Addr::LOCALHOST.into(), Duration::ZERO);
        assert!(picked(&old).len() > PORTS);
    }
}

//! How much may be outstanding at one nameserver's address, over all checks of the program: a silent provider keeps
//! its own domains waiting and nobody else's.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::diagnosis::AskFailure;

/// Questions outstanding an address (contract, section 5).
const MAX_OUTSTANDING: usize = 16;

/// Addresses that are being asked or waited for.
#[derive(Debug, Default)]
pub struct Limits {
    addresses: Mutex<HashMap<IpAddr, Arc<Address>>>,
}

#[derive(Debug)]
struct Address {
    slots: Arc<Semaphore>,
    /// Replies heard from it, of any kind.
    replies: AtomicU64,
}

/// One of an address's slots, or the wait for one; free again when dropped.
#[derive(Debug)]
pub struct Slot<'a> {
    limits: &'a Limits,
    ip: IpAddr,
    address: Arc<Address>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Limits {
    /// Waits for a slot. Where none gets free before the deadline: `Timeout` if the address said nothing to anybody
    /// meanwhile, else `Local`, for the bound is ours.
    pub async fn enter(&self, ip: IpAddr, deadline: Instant) -> Result<Slot<'_>, AskFailure> {
        let address = Arc::clone(self.all().entry(ip).or_insert_with(|| {
            Arc::new(Address { slots: Arc::new(Semaphore::new(MAX_OUTSTANDING)), replies: AtomicU64::new(0) })
        }));
        let heard_before = address.replies.load(Ordering::Relaxed);
        let mut slot = Slot { limits: self, ip, address, permit: None };
        match timeout_at(deadline, Arc::clone(&slot.address.slots).acquire_owned()).await {
            Ok(permit) => {
                slot.permit = permit.ok();
                Ok(slot)
            }
            Err(_) if slot.address.replies.load(Ordering::Relaxed) == heard_before => Err(AskFailure::Timeout),
            Err(_) => Err(AskFailure::Local),
        }
    }

    fn all(&self) -> std::sync::MutexGuard<'_, HashMap<IpAddr, Arc<Address>>> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot<'_> {
    pub fn note_reply(&self) {
        self.address.replies.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let mut all = self.limits.all();
        // The map's and ours: nobody else asks there or waits to.
        if Arc::strong_count(&self.address) == 2 {
            all.remove(&self.ip);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn a_seventeenth_question_waits_for_a_slot_of_its_own_address() {
        let limits = Limits::default();
        let (full, free) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let soon = || Instant::now() + Duration::from_millis(20);
        let mut held = Vec::new();
        for _ in 0..MAX_OUTSTANDING {
            held.push(limits.enter(full, soon()).await.unwrap());
        }
        assert_eq!(limits.enter(full, soon()).await.unwrap_err(), AskFailure::Timeout);
        assert!(limits.enter(free, soon()).await.is_ok());
        let (waited, ()) = tokio::join!(limits.enter(full, soon()), async { held[0].note_reply() });
        assert_eq!(waited.unwrap_err(), AskFailure::Local);
        let later = Instant::now() + Duration::from_secs(60);
        let (waited, ()) = tokio::join!(limits.enter(full, later), async { drop(held.pop()) });
        drop((waited.unwrap(), held));
        assert!(limits.all().is_empty(), "what nobody asks is forgotten");
    }
}

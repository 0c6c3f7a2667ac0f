//! The sockets of the bulk questions: as many as the other ones, on random ports, and renewed as often.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use rand::RngExt;
use tokio::net::UdpSocket;
use tokio::time::Instant;

use crate::dns::engine::ports::{MAX_AGE, PORTS};

/// Places of IPv4, then those of IPv6; opened when first needed.
#[derive(Debug)]
pub struct Sockets(Vec<Option<Place>>);

#[derive(Debug)]
struct Place {
    socket: Arc<UdpSocket>,
    opened: Instant,
    outstanding: usize,
}

impl Default for Sockets {
    fn default() -> Self {
        Self((0..2 * PORTS).map(|_| None).collect())
    }
}

impl Sockets {
    /// A random place to ask `server` from. One that is too old is renewed once nobody waits at it, and left alone
    /// until then. `None`: no socket is to be had.
    pub fn pick(&mut self, server: SocketAddr, now: Instant) -> Option<usize> {
        let (any, first): (IpAddr, usize) =
            if server.is_ipv4() { (Ipv4Addr::UNSPECIFIED.into(), 0) } else { (Ipv6Addr::UNSPECIFIED.into(), PORTS) };
        let start = rand::rng().random_range(0..PORTS);
        let places = (0..PORTS).map(|step| first + (start + step) % PORTS);
        let mut waited_at = None;
        for at in places {
            match &self.0[at] {
                Some(place) if place.opened + MAX_AGE > now => return Some(at),
                Some(place) if place.outstanding > 0 => waited_at = Some(at),
                _ => match open(any, now) {
                    Ok(place) => {
                        self.0[at] = Some(place);
                        return Some(at);
                    }
                    // Out of files or ports: an old socket is better than none.
                    Err(_) if self.0[at].is_some() => return Some(at),
                    Err(_) => {}
                },
            }
        }
        waited_at
    }

    /// Those that are open.
    pub fn places(&self) -> impl Iterator<Item = usize> + use<> {
        let open: Vec<usize> = (0..self.0.len()).filter(|at| self.0[*at].is_some()).collect();
        open.into_iter()
    }

    /// The socket of a place that was picked.
    pub fn get(&self, place: usize) -> &Arc<UdpSocket> {
        &self.0[place].as_ref().expect("what was picked is open").socket
    }

    pub fn note_sent(&mut self, place: usize) {
        if let Some(place) = &mut self.0[place] {
            place.outstanding += 1;
        }
    }

    pub fn note_answered(&mut self, place: usize) {
        if let Some(place) = &mut self.0[place] {
            place.outstanding -= 1;
        }
    }
}

fn open(any: IpAddr, now: Instant) -> std::io::Result<Place> {
    let socket = std::net::UdpSocket::bind(SocketAddr::new(any, 0))?;
    socket.set_nonblocking(true)?;
    Ok(Place { socket: Arc::new(UdpSocket::from_std(socket)?), opened: now, outstanding: 0 })
}

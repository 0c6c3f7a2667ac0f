//! What the network says of datagrams that did not arrive (ICMP). A socket that is not connected hears of it on Linux
//! only, by its error queue; elsewhere a closed port is a timeout.

use std::io::ErrorKind;
use std::net::SocketAddr;

/// A query that the network brought back.
pub struct Undelivered {
    /// Where it went.
    pub server: SocketAddr,
    /// As much of it as was quoted.
    pub bytes: Vec<u8>,
}

pub use self::system::{ask_for, next};

/// Whether a send may have failed for what an earlier datagram met (udp(7)); trying again tells.
pub fn may_be_anothers(error: &std::io::Error) -> bool {
    use ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable, PermissionDenied};
    matches!(error.kind(), ConnectionRefused | HostUnreachable | NetworkUnreachable | PermissionDenied)
        || errno(error) == nix::errno::Errno::EPROTO
}

pub fn errno(error: &std::io::Error) -> nix::errno::Errno {
    nix::errno::Errno::from_raw(error.raw_os_error().unwrap_or(0))
}

#[cfg(target_os = "linux")]
mod system {
    use std::io::{Error, IoSliceMut};
    use std::net::{IpAddr, SocketAddr};
    use std::os::fd::AsRawFd;

    use nix::sys::socket::sockopt::{Ipv4RecvErr, Ipv6RecvErr};
    use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt};
    use tokio::io::Interest;
    use tokio::net::UdpSocket;

    use super::Undelivered;

    /// A query's header: less than that names no question.
    const QUOTED_AT_LEAST: usize = 12;
    const MAX_QUOTED: usize = 512;

    /// Turns the error queue on.
    pub fn ask_for(socket: &std::net::UdpSocket, any: IpAddr) -> std::io::Result<()> {
        match any {
            IpAddr::V4(_) => setsockopt(socket, Ipv4RecvErr, &true),
            IpAddr::V6(_) => setsockopt(socket, Ipv6RecvErr, &true),
        }
        .map_err(Error::from)
    }

    /// The next query that was brought back; `None` where the queue is empty.
    pub fn next(socket: &UdpSocket) -> Option<Undelivered> {
        loop {
            let read = socket.try_io(Interest::ERROR, || read(socket)).ok()?;
            if read.is_some() {
                return read;
            }
        }
    }

    /// `Ok(None)`: an entry that says nothing of a server.
    fn read(socket: &UdpSocket) -> std::io::Result<Option<Undelivered>> {
        let mut quoted = [0u8; MAX_QUOTED];
        let mut control = [0u8; 256];
        let mut slices = [IoSliceMut::new(&mut quoted)];
        let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
        let read = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut slices, Some(&mut control), flags)?;
        let is_from_network = read.cmsgs()?.any(|message| is_from_network(&message));
        let (length, server) = (read.bytes, read.address.as_ref().and_then(socket_address));
        Ok(server
            .filter(|_| is_from_network && length >= QUOTED_AT_LEAST)
            .map(|server| Undelivered { server, bytes: quoted[..length].to_vec() }))
    }

    /// ICMP that says "cannot be reached", not what is told of packet sizes or by this machine (ip(7), SO_EE_ORIGIN).
    fn is_from_network(message: &ControlMessageOwned) -> bool {
        use nix::errno::Errno;
        const ICMP: u8 = 2;
        const ICMP6: u8 = 3;
        let (ControlMessageOwned::Ipv4RecvErr(error, _) | ControlMessageOwned::Ipv6RecvErr(error, _)) = message else {
            return false;
        };
        let errno = i32::try_from(error.ee_errno).map_or(Errno::UnknownErrno, Errno::from_raw);
        matches!(error.ee_origin, ICMP | ICMP6) && errno != Errno::EMSGSIZE
    }

    fn socket_address(address: &SockaddrStorage) -> Option<SocketAddr> {
        let v4 = address.as_sockaddr_in().map(|v4| SocketAddr::from((v4.ip(), v4.port())));
        v4.or_else(|| address.as_sockaddr_in6().map(|v6| SocketAddr::from((v6.ip(), v6.port()))))
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::net::IpAddr;

    use tokio::io::Interest;
    use tokio::net::UdpSocket;

    use super::Undelivered;

    pub fn ask_for(_: &std::net::UdpSocket, _: IpAddr) -> std::io::Result<()> {
        Ok(())
    }

    /// Takes the error off the socket, so that nobody wakes for it again.
    pub fn next(socket: &UdpSocket) -> Option<Undelivered> {
        let _ = socket.take_error();
        let _ = socket.try_io(Interest::ERROR, || Err::<(), _>(std::io::ErrorKind::WouldBlock.into()));
        None
    }
}

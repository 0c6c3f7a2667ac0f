//! Many datagrams a system call, where the system can (sendmmsg(2), recvmmsg(2)); one by one elsewhere.

/// Datagrams a call.
pub const AT_ONCE: usize = 32;
/// No reply that is asked for over UDP is longer (1232 bytes by EDNS); what is longer is not taken.
const LONGEST: usize = 2_048;

pub use self::system::Many;

#[cfg(target_os = "linux")]
mod system {
    use std::io::{ErrorKind, IoSlice, IoSliceMut};
    use std::net::SocketAddr;
    use std::os::fd::AsRawFd;

    use nix::sys::socket::{ControlMessage, MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, sendmmsg};
    use tokio::io::Interest;
    use tokio::net::UdpSocket;

    use super::{AT_ONCE, LONGEST};

    /// Room for one call's datagrams. Each direction has its own headers: a send leaves addresses of its own in them.
    pub struct Many {
        sending: MultiHeaders<SockaddrStorage>,
        receiving: MultiHeaders<SockaddrStorage>,
        buffers: Vec<[u8; LONGEST]>,
    }

    impl Many {
        pub fn new() -> Self {
            let room = || MultiHeaders::preallocate(AT_ONCE, None);
            Self { sending: room(), receiving: room(), buffers: vec![[0; LONGEST]; AT_ONCE] }
        }

        /// Sends as many as the system takes, [`AT_ONCE`] at most; gives how many.
        pub fn send(&mut self, socket: &UdpSocket, server: SocketAddr, packets: &[&[u8]]) -> std::io::Result<usize> {
            let slices: Vec<[IoSlice<'_>; 1]> = packets.iter().map(|packet| [IoSlice::new(packet)]).collect();
            let to = vec![Some(SockaddrStorage::from(server)); slices.len()];
            let none: [ControlMessage<'_>; 0] = [];
            let flags = MsgFlags::MSG_DONTWAIT;
            Ok(sendmmsg(socket.as_raw_fd(), &mut self.sending, &slices, &to, none, flags)?.count())
        }

        /// Takes what has arrived, [`AT_ONCE`] at most; true where there may be more.
        pub fn receive(&mut self, socket: &UdpSocket, mut take: impl FnMut(&[u8], SocketAddr)) -> bool {
            let told = socket.try_io(Interest::READABLE, || {
                let mut slices: Vec<[IoSliceMut<'_>; 1]> =
                    self.buffers.iter_mut().map(|buffer| [IoSliceMut::new(buffer)]).collect();
                let flags = MsgFlags::MSG_DONTWAIT;
                let received = recvmmsg(socket.as_raw_fd(), &mut self.receiving, &mut slices, flags, None)?;
                let told: Vec<(usize, Option<SocketAddr>)> = received
                    .map(|message| {
                        let is_whole = !message.flags.contains(MsgFlags::MSG_TRUNC);
                        (message.bytes, message.address.as_ref().and_then(socket_address).filter(|_| is_whole))
                    })
                    .collect();
                for (buffer, (length, from)) in self.buffers.iter().zip(&told) {
                    if let Some(from) = from {
                        take(&buffer[..*length], *from);
                    }
                }
                // A batch that is not full has emptied the socket; so its readiness is told to be over.
                if told.len() < AT_ONCE { Err(ErrorKind::WouldBlock.into()) } else { Ok(()) }
            });
            told.is_ok() || told.is_err_and(|error| error.kind() != ErrorKind::WouldBlock)
        }
    }

    fn socket_address(address: &SockaddrStorage) -> Option<SocketAddr> {
        let v4 = address.as_sockaddr_in().map(|v4| SocketAddr::from((v4.ip(), v4.port())));
        v4.or_else(|| address.as_sockaddr_in6().map(|v6| SocketAddr::from((v6.ip(), v6.port()))))
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::io::ErrorKind;
    use std::net::SocketAddr;

    use tokio::net::UdpSocket;

    use super::{AT_ONCE, LONGEST};

    /// Room for one datagram.
    pub struct Many {
        buffer: [u8; LONGEST],
    }

    impl Many {
        pub fn new() -> Self {
            Self { buffer: [0; LONGEST] }
        }

        /// Sends as many as the system takes; gives how many.
        pub fn send(&mut self, socket: &UdpSocket, server: SocketAddr, packets: &[&[u8]]) -> std::io::Result<usize> {
            for (count, packet) in packets.iter().enumerate() {
                match socket.try_send_to(packet, server) {
                    Ok(_) => {}
                    Err(error) if count == 0 => return Err(error),
                    Err(_) => return Ok(count),
                }
            }
            Ok(packets.len())
        }

        /// Takes what has arrived, [`AT_ONCE`] at most; true where there may be more.
        pub fn receive(&mut self, socket: &UdpSocket, mut take: impl FnMut(&[u8], SocketAddr)) -> bool {
            for _ in 0..AT_ONCE {
                match socket.try_recv_from(&mut self.buffer) {
                    Ok((length, from)) => take(&self.buffer[..length], from),
                    Err(error) => return error.kind() != ErrorKind::WouldBlock,
                }
            }
            true
        }
    }
}

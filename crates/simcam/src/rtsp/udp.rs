//! The two sockets from which a server sends over UDP: RTP from an even port,
//! RTCP from the one above it (RFC 3550 §11).
//!
//! One pair serves all viewers; what they send back is not read. A datagram that
//! the kernel does not take is lost, as datagrams are.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;

/// What the kernel keeps of what is sent: a large keyframe.
const SEND_BUFFER_BYTES: usize = 1 << 20;
/// How many ports are tried for one that is even and whose neighbour is free.
const ATTEMPTS: usize = 100;

/// The two sockets.
#[derive(Debug)]
pub(crate) struct Sockets {
    rtp: UdpSocket,
    rtcp: UdpSocket,
    port: u16,
}

/// Where a viewer's datagrams go.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    sockets: Arc<Sockets>,
    rtp: SocketAddr,
    rtcp: SocketAddr,
}

impl Sockets {
    /// Binds a pair of free ports.
    pub(crate) fn bind(host: IpAddr) -> io::Result<Self> {
        let mut last = io::Error::from(io::ErrorKind::AddrInUse);
        for _ in 0..ATTEMPTS {
            let any = UdpSocket::bind((host, 0))?;
            let port = any.local_addr()?.port();
            let beside = if port % 2 == 0 { port.checked_add(1) } else { port.checked_sub(1) };
            match beside.filter(|&beside| beside > 0).map(|beside| UdpSocket::bind((host, beside)))
            {
                Some(Ok(other)) => {
                    let (rtp, rtcp) = if port % 2 == 0 { (any, other) } else { (other, any) };
                    for socket in [&rtp, &rtcp] {
                        socket.set_nonblocking(true)?;
                        rustix::net::sockopt::set_socket_send_buffer_size(
                            socket,
                            SEND_BUFFER_BYTES,
                        )?;
                    }
                    return Ok(Self { rtp, rtcp, port: port & !1 });
                }
                Some(Err(error)) => last = error,
                None => {}
            }
        }
        Err(last)
    }

    /// Returns the port that RTP comes from; RTCP comes from the next.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Destination {
    /// Returns the way from `sockets` to two ports of a host.
    pub(crate) fn new(sockets: &Arc<Sockets>, host: IpAddr, (rtp, rtcp): (u16, u16)) -> Self {
        let sockets = Arc::clone(sockets);
        Self { sockets, rtp: (host, rtp).into(), rtcp: (host, rtcp).into() }
    }

    /// Sends a packet of RTP.
    pub(crate) fn send(&self, packet: &[u8]) {
        let _ = self.sockets.rtp.send_to(packet, self.rtp);
    }

    /// Sends a packet of RTCP.
    pub(crate) fn send_report(&self, packet: &[u8]) {
        let _ = self.sockets.rtcp.send_to(packet, self.rtcp);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn pairs_are_even_and_odd_and_packets_come_from_them() {
        let host = Ipv4Addr::LOCALHOST.into();
        let client = Sockets::bind(host).unwrap();
        for socket in [&client.rtp, &client.rtcp] {
            socket.set_nonblocking(false).unwrap();
        }
        let pairs: Vec<_> = (0..8).map(|_| Sockets::bind(host).unwrap()).collect();
        for sockets in pairs {
            let port = sockets.port();
            assert_eq!(port % 2, 0);
            let to = Destination::new(&Arc::new(sockets), host, (client.port(), client.port() + 1));
            to.send(b"rtp");
            to.send_report(b"rtcp");
            let mut bytes = [0; 16];
            let (length, from) = client.rtp.recv_from(&mut bytes).unwrap();
            assert_eq!((&bytes[..length], from.port()), (&b"rtp"[..], port));
            let (length, from) = client.rtcp.recv_from(&mut bytes).unwrap();
            assert_eq!((&bytes[..length], from.port()), (&b"rtcp"[..], port + 1));
        }
    }
}

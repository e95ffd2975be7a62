//! The sockets of a track that comes by UDP: one for packets, one for reports
//! (RFC 3550 §11: ports beside one another, the first one even).
//!
//! Whoever knows the ports may write to them, so nothing is taken but from the camera's
//! own host, or the one that it names, and from the port there that the first packet came
//! from: cameras behind NAT do not send from the one that they announce. Nothing is sent
//! but to the camera itself, wherever it says that it sends from.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};

use rustix::net::sockopt;
use tokio::io::ReadBuf;
use tokio::net::UdpSocket;

use super::packet::Packet;
use super::transport::Transport;

/// Room in the kernel for a keyframe that comes in one burst; as much of it as the
/// machine gives (`net.core.rmem_max`).
const ROOM: usize = 1 << 20;
/// How often ports are looked for that are free beside one another.
const TRIES: usize = 50;

/// See the module.
#[derive(Debug)]
pub(crate) struct Pair {
    sockets: Sockets,
    /// The port of the first of them.
    pub(crate) port: u16,
    camera: IpAddr,
    /// From where else it says that it sends.
    named: Option<IpAddr>,
    /// From where packets come, once one has.
    from: Option<SocketAddr>,
    /// Where reports go, once it is said.
    reports_to: Option<u16>,
}

/// As [`Socket`](super::Socket): with a runtime, between two, or not come through.
#[derive(Debug)]
enum Sockets {
    Here([UdpSocket; 2]),
    Between([std::net::UdpSocket; 2]),
    Gone,
}

impl Pair {
    /// Binds sockets on the address by which the camera is reached.
    pub(crate) async fn bind(near: IpAddr, camera: IpAddr) -> io::Result<Self> {
        let mut refusal = None;
        for _ in 0..TRIES {
            let first = UdpSocket::bind((near, 0)).await?;
            let port = first.local_addr()?.port();
            // Where it is odd, the even one before it is as good.
            let beside = port ^ 1;
            match UdpSocket::bind((near, beside)).await {
                Ok(second) => {
                    for socket in [&first, &second] {
                        sockopt::set_socket_recv_buffer_size(socket, ROOM)?;
                    }
                    let sockets = if port < beside { [first, second] } else { [second, first] };
                    let port = port.min(beside);
                    return Ok(Self {
                        sockets: Sockets::Here(sockets),
                        port,
                        camera,
                        named: None,
                        from: None,
                        reports_to: None,
                    });
                }
                Err(error) => refusal = Some(error),
            }
        }
        Err(refusal.unwrap_or_else(|| io::ErrorKind::AddrInUse.into()))
    }

    /// Takes what the camera says of where it sends from, and opens the way from there
    /// through whatever only lets answers in.
    pub(crate) async fn begin(&mut self, said: &Transport) {
        self.named = said.source;
        let Some((packets, reports)) = said.ports else { return };
        self.reports_to = Some(reports);
        // An empty packet of RTP; that it does not arrive is of no concern.
        let opening: &[u8] = &[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let Sockets::Here(sockets) = &self.sockets else { return };
        let _ = sockets[0].send_to(opening, (self.camera, packets)).await;
        let _ = sockets[1].send_to(&super::report::sign_of_life(0), (self.camera, reports)).await;
    }

    /// Sends a report, if it is known where to.
    pub(crate) fn report(&self, report: &[u8]) {
        if let (Some(port), Sockets::Here(sockets)) = (self.reports_to, &self.sockets) {
            // The next one may arrive.
            let _ = sockets[1].try_send_to(report, SocketAddr::new(self.camera, port));
        }
    }

    /// Leaves the runtime that reads it.
    pub(crate) fn leave(&mut self) -> io::Result<()> {
        self.sockets = match std::mem::replace(&mut self.sockets, Sockets::Gone) {
            Sockets::Here([first, second]) => {
                Sockets::Between([first.into_std()?, second.into_std()?])
            }
            other => other,
        };
        Ok(())
    }

    /// Joins the runtime that this is called on.
    pub(crate) fn arrive(&mut self) -> io::Result<()> {
        self.sockets = match std::mem::replace(&mut self.sockets, Sockets::Gone) {
            Sockets::Between([first, second]) => {
                Sockets::Here([UdpSocket::from_std(first)?, UdpSocket::from_std(second)?])
            }
            other => other,
        };
        Ok(())
    }

    /// Waits for a packet, of RTP (0) or of reports (1); returns its length.
    pub(crate) fn poll(
        &mut self,
        which: usize,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let Sockets::Here(sockets) = &self.sockets else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        loop {
            let mut read = ReadBuf::new(buffer);
            match sockets[which].poll_recv_from(context, &mut read) {
                Poll::Pending => return Poll::Pending,
                // A camera's host that answers "nobody is there" to a report of ours.
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Ready(Ok(from)) => {
                    let bytes = read.filled();
                    if from.ip() != self.camera && Some(from.ip()) != self.named {
                        continue;
                    }
                    if which == 0 {
                        let known = self.from.or_else(|| Packet::read(bytes).map(|_| from));
                        if known != Some(from) {
                            continue;
                        }
                        self.from = known;
                    }
                    return Poll::Ready(Ok(bytes.len()));
                }
            }
        }
    }
}

//! What goes out by the socket, gathered so that one call sends many packets.
//!
//! ```text
//! to a: 1200 1200 1200 400 │ to a: 90 │ to b: 1200 …
//!       └──── one call ────┘            UDP GSO: equal lengths, a shorter one ends it
//! ```
//!
//! The socket is all viewers': one that takes nothing at this moment loses what
//! was to be sent, and nobody waits. Lost packets are asked for again.

use std::net::{IpAddr, SocketAddr};

use quinn_udp::{Transmit, UdpSockRef, UdpSocketState};
use tokio::net::UdpSocket;

/// The most bytes of one call: less than a UDP datagram could have.
const MOST_BYTES: usize = 60_000;

/// Packets that wait for more of their kind.
pub(crate) struct Outbox {
    bytes: Vec<u8>,
    /// Length of each but perhaps the last.
    each: usize,
    count: usize,
    to: Option<(SocketAddr, Option<IpAddr>)>,
    /// Whether a shorter one has ended the row.
    ended: bool,
    /// Packets that the socket did not take.
    pub(crate) dropped: u64,
}

impl Default for Outbox {
    fn default() -> Self {
        let bytes = Vec::with_capacity(MOST_BYTES);
        Self { bytes, each: 0, count: 0, to: None, ended: false, dropped: 0 }
    }
}

impl Outbox {
    /// Takes a packet of `length` bytes, which `write` appends, or says that it could not;
    /// sends those before it that it does not fit.
    pub(crate) fn put(
        &mut self,
        (socket, state): (&UdpSocket, &UdpSocketState),
        to: (SocketAddr, Option<IpAddr>),
        length: usize,
        write: impl FnOnce(&mut Vec<u8>) -> bool,
    ) {
        if !self.takes(to, length, state.max_gso_segments()) {
            self.flush((socket, state));
        }
        let start = self.bytes.len();
        let is_whole = write(&mut self.bytes) && self.bytes.len() - start == length;
        debug_assert!(is_whole, "a packet that is not what was said");
        if !is_whole {
            self.bytes.truncate(start);
            return;
        }
        if self.count == 0 {
            (self.to, self.each) = (Some(to), length);
        }
        self.ended = length < self.each;
        self.count += 1;
    }

    fn takes(&self, to: (SocketAddr, Option<IpAddr>), length: usize, most: usize) -> bool {
        self.to == Some(to)
            && !self.ended
            && length <= self.each
            && self.count < most
            && self.bytes.len() + length <= MOST_BYTES
    }

    /// Sends what was gathered.
    pub(crate) fn flush(&mut self, (socket, state): (&UdpSocket, &UdpSocketState)) {
        let Some((destination, src_ip)) = self.to.take().filter(|_| self.count > 0) else { return };
        let segment_size = (self.count > 1).then_some(self.each);
        let transmit =
            Transmit { destination, ecn: None, contents: &self.bytes, segment_size, src_ip };
        // Straight to the kernel: whether there is room is asked by trying.
        if let Err(error) = state.try_send(UdpSockRef::from(socket), &transmit) {
            self.dropped += self.count as u64;
            tracing::trace!(%error, packets = self.count, "packets to a viewer were dropped");
        }
        self.bytes.clear();
        (self.count, self.ended) = (0, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn sockets() -> (UdpSocket, UdpSocketState, UdpSocket) {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let state = UdpSocketState::new(UdpSockRef::from(&socket)).unwrap();
        (socket, state, UdpSocket::bind("127.0.0.1:0").await.unwrap())
    }

    #[tokio::test]
    async fn packets_arrive_one_by_one_however_they_were_sent() {
        let (socket, state, viewer) = sockets().await;
        let (to, mut outbox) = ((viewer.local_addr().unwrap(), None), Outbox::default());
        let lengths = [100, 1200, 1200, 1200, 400, 400, 90, 1200];
        for (number, length) in lengths.into_iter().enumerate() {
            outbox.put((&socket, &state), to, length, |out| {
                out.resize(out.len() + length, number as u8);
                true
            });
        }
        outbox.flush((&socket, &state));
        let mut bytes = [0; 2000];
        for (number, length) in lengths.into_iter().enumerate() {
            assert_eq!(viewer.recv(&mut bytes).await.unwrap(), length);
            assert_eq!(bytes[..length], vec![number as u8; length]);
        }
        assert_eq!(outbox.dropped, 0);
    }

    #[test]
    fn a_row_is_of_one_length_and_a_shorter_one_ends_it() {
        let to = (SocketAddr::from(([10, 0, 0, 1], 9)), None);
        let other = (SocketAddr::from(([10, 0, 0, 1], 8)), None);
        let begun = Outbox { to: Some(to), each: 1200, count: 2, ..Outbox::default() };
        assert!(begun.takes(to, 1200, 64) && begun.takes(to, 90, 64));
        assert!(!begun.takes(to, 1201, 64) && !begun.takes(other, 1200, 64));
        assert!(!begun.takes(to, 1200, 2), "the kernel takes so many at once");
        assert!(!Outbox { ended: true, ..begun }.takes(to, 90, 64));
    }
}

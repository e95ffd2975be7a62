//! The report a viewer gets from time to time: which wall time an RTP time is,
//! and the source's name behind it (RFC 3550 §6.4.1, §6.5).

/// What a report says.
pub(super) struct Report<'a> {
    pub(super) ssrc: u32,
    /// The wall time …
    pub(super) wall_us: i64,
    /// … at which it is this RTP time.
    pub(super) rtp_time: u32,
    pub(super) packets: u32,
    pub(super) payload_bytes: u32,
    /// The same for all tracks of a stream, so that players show them together.
    pub(super) name: &'a str,
}

impl Report<'_> {
    /// Returns the RTCP packet.
    pub(super) fn bytes(&self) -> Vec<u8> {
        const UNIX_EPOCH_IN_NTP: i64 = 2_208_988_800;
        let seconds = self.wall_us.div_euclid(1_000_000) + UNIX_EPOCH_IN_NTP;
        let fraction = ((self.wall_us.rem_euclid(1_000_000) as u64) << 32) / 1_000_000;

        let mut packet = vec![0x80, 200, 0, 6];
        packet.extend(self.ssrc.to_be_bytes());
        packet.extend((seconds as u32).to_be_bytes());
        packet.extend((fraction as u32).to_be_bytes());
        packet.extend(self.rtp_time.to_be_bytes());
        packet.extend(self.packets.to_be_bytes());
        packet.extend(self.payload_bytes.to_be_bytes());

        // One chunk: the source, its name, and zeros to the next word.
        let name = &self.name.as_bytes()[..self.name.len().min(255)];
        let mut chunk = self.ssrc.to_be_bytes().to_vec();
        chunk.extend([1, name.len() as u8]);
        chunk.extend(name);
        chunk.resize(chunk.len() / 4 * 4 + 4, 0);
        packet.extend([0x81, 202]);
        packet.extend(((chunk.len() / 4) as u16).to_be_bytes());
        packet.extend(chunk);
        packet
    }
}

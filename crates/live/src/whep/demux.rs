//! Whose a datagram is, of all that come to the one port.
//!
//! ```text
//! first byte   0 … 1      STUN: a check names whom it is for   ──ufrag────▶ session
//!             20 … 63     DTLS   ┐
//!            128 … 191    SRTCP  ┴ of whoever sends from there ──address──▶ session
//!             others      nobody's                             (RFC 7983)
//! ```
//!
//! An address belongs to the session whose authentic check came last from there:
//! whoever claims another's address by mistake or malice loses it with the next
//! check of the rightful one, some seconds later. Whether a check is authentic
//! is the session's to say; nothing here is believed of a datagram.

use std::collections::HashMap;
use std::net::SocketAddr;

/// What a datagram is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Datagram<'a> {
    /// A connectivity check for the session of this name.
    Check {
        /// The session's part of the user name.
        ufrag: &'a str,
        /// Whether the way that it came is the one to be used from now on.
        nominates: bool,
    },
    /// Belongs to whoever sends from there.
    Media,
}

/// How many addresses a session may send from: a viewer tries each of its own
/// against each of ours, and moves at times from one network to another.
const MOST_ADDRESSES: usize = 16;

const STUN_HEADER: usize = 20;
const MAGIC: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const BINDING_REQUEST: [u8; 2] = [0, 1];
const USERNAME: [u8; 2] = [0, 6];
const MESSAGE_INTEGRITY: [u8; 2] = [0, 8];
const USE_CANDIDATE: [u8; 2] = [0, 0x25];

/// Which session has which names and addresses.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    by_ufrag: HashMap<String, u64>,
    by_address: HashMap<SocketAddr, u64>,
}

impl<'a> Datagram<'a> {
    /// Tells what a datagram is; nothing if it is nobody's.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        match bytes.first()? {
            0..=1 => check(bytes),
            20..=63 | 128..=191 => Some(Self::Media),
            _ => None,
        }
    }
}

/// Returns for whom a STUN request is (RFC 8489 §5, §14.3; RFC 8445 §7.1.1, §7.2.2: the
/// user name is that of whom it goes to, a colon, and that of whom it comes from).
fn check(bytes: &[u8]) -> Option<Datagram<'_>> {
    let (head, mut rest) = bytes.split_first_chunk::<STUN_HEADER>()?;
    let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
    if head[..2] != BINDING_REQUEST || head[4..8] != MAGIC || length != rest.len() {
        return None;
    }
    let (mut ufrag, mut nominates) = (None, false);
    while let Some((attribute, after)) = rest.split_first_chunk::<4>() {
        let length = usize::from(u16::from_be_bytes([attribute[2], attribute[3]]));
        let (value, after) = after.split_at_checked(length)?;
        match [attribute[0], attribute[1]] {
            USERNAME => ufrag = Some(std::str::from_utf8(value).ok()?.split_once(':')?.0),
            USE_CANDIDATE => nominates = true,
            // Nothing behind it is vouched for (RFC 8489 §14.5).
            MESSAGE_INTEGRITY => break,
            _ => {}
        }
        // Each attribute fills up to four bytes.
        rest = after.get(length.next_multiple_of(4) - length..)?;
    }
    Some(Datagram::Check { ufrag: ufrag?, nominates })
}

impl Routes {
    /// Adds a session under the name that its checks will bear.
    pub(crate) fn add(&mut self, ufrag: String, session: u64) {
        self.by_ufrag.insert(ufrag, session);
    }

    /// Returns whom a check is for.
    pub(crate) fn named(&self, ufrag: &str) -> Option<u64> {
        self.by_ufrag.get(ufrag).copied()
    }

    /// Returns who sends from an address.
    pub(crate) fn at(&self, address: SocketAddr) -> Option<u64> {
        self.by_address.get(&address).copied()
    }

    /// Notes that an authentic check of `session` came from an address; one too
    /// many takes the place of the session's oldest, which `known` has in order.
    pub(crate) fn claim(&mut self, session: u64, known: &mut Vec<SocketAddr>, address: SocketAddr) {
        let before = self.by_address.insert(address, session);
        if before == Some(session) {
            return;
        }
        known.retain(|other| *other != address);
        if known.len() >= MOST_ADDRESSES {
            let oldest = known.remove(0);
            self.let_go(session, oldest);
        }
        known.push(address);
    }

    /// Forgets a session.
    pub(crate) fn remove(&mut self, session: u64, ufrag: &str, addresses: &[SocketAddr]) {
        self.by_ufrag.remove(ufrag);
        addresses.iter().for_each(|address| self.let_go(session, *address));
    }

    /// Frees an address, unless another session has it by now.
    fn let_go(&mut self, session: u64, address: SocketAddr) {
        if self.by_address.get(&address) == Some(&session) {
            self.by_address.remove(&address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A binding request with these attributes.
    fn request(attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut body = Vec::new();
        for (kind, value) in attributes {
            body.extend_from_slice(&kind.to_be_bytes());
            body.extend_from_slice(&(value.len() as u16).to_be_bytes());
            body.extend_from_slice(value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        let mut bytes = vec![0, 1];
        bytes.extend_from_slice(&(body.len() as u16).to_be_bytes());
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&[7; 12]);
        bytes.extend_from_slice(&body);
        bytes
    }

    #[test]
    fn a_check_names_whom_it_is_for_wherever_the_name_stands_in_it() {
        let first = request(&[(6, b"ours:theirs"), (0x24, &[0, 0, 0, 1])]);
        let later = request(&[(0x8022, b"odd"), (6, b"ours:theirs:more")]);
        for bytes in [first, later] {
            let check = Datagram::Check { ufrag: "ours", nominates: false };
            assert_eq!(Datagram::read(&bytes), Some(check));
        }
    }

    #[test]
    fn a_way_is_nominated_by_what_is_vouched_for() {
        let nominates = |attributes: &[(u16, &[u8])]| {
            matches!(
                Datagram::read(&request(attributes)),
                Some(Datagram::Check { ufrag: "ours", nominates: true })
            )
        };
        let (name, vouched) = ((6, &b"ours:theirs"[..]), (8, &[0; 20][..]));
        assert!(nominates(&[name, (0x25, b""), vouched]));
        assert!(nominates(&[(0x25, b""), name, vouched]));
        assert!(!nominates(&[name, vouched, (0x25, b"")]));
        assert!(!nominates(&[name, vouched]));
    }

    #[test]
    fn media_are_told_by_their_first_byte() {
        let kinds = (0..=255).filter(|first| Datagram::read(&[*first, 0, 0]).is_some());
        let expected: Vec<u8> = (20..=63).chain(128..=191).collect();
        assert_eq!(kinds.collect::<Vec<u8>>(), expected);
    }

    #[test]
    fn what_is_no_whole_check_is_nobodys() {
        let whole = request(&[(0x8022, b"odd"), (6, b"ours:theirs")]);
        for end in 0..whole.len() {
            assert_eq!(Datagram::read(&whole[..end]), None, "{end}");
        }
        let answer = [&[1, 1], &whole[2..]].concat();
        let other_magic = [&whole[..4], &[0; 4], &whole[8..]].concat();
        let nameless = request(&[(0x24, &[0, 0, 0, 1])]);
        let no_colon = request(&[(6, b"ours")]);
        let no_text = request(&[(6, &[0xff, b':'])]);
        for bytes in [answer, other_magic, nameless, no_colon, no_text] {
            assert_eq!(Datagram::read(&bytes), None, "{bytes:?}");
        }
    }

    fn address(port: u16) -> SocketAddr {
        ([10, 0, 0, 1], port).into()
    }

    #[test]
    fn an_address_is_whose_check_came_last_from_there() {
        let mut routes = Routes::default();
        let (mut of_one, mut of_two) = (Vec::new(), Vec::new());
        routes.add("one".to_owned(), 1);
        routes.add("two".to_owned(), 2);
        assert_eq!((routes.named("two"), routes.named("three")), (Some(2), None));
        routes.claim(1, &mut of_one, address(1));
        routes.claim(2, &mut of_two, address(1));
        assert_eq!(routes.at(address(1)), Some(2));
        routes.claim(1, &mut of_one, address(1));
        assert_eq!((routes.at(address(1)), of_one.len()), (Some(1), 1));
        // The one who lost it does not take it away from who has it.
        routes.remove(2, "two", &of_two);
        assert_eq!((routes.at(address(1)), routes.named("two")), (Some(1), None));
        routes.remove(1, "one", &of_one);
        assert!(routes.by_address.is_empty() && routes.by_ufrag.is_empty());
    }

    #[test]
    fn a_session_that_claims_the_world_holds_a_few_addresses_of_it() {
        let mut routes = Routes::default();
        let mut known = Vec::new();
        (0..1000).for_each(|port| routes.claim(1, &mut known, address(port)));
        assert_eq!((routes.by_address.len(), known.len()), (MOST_ADDRESSES, MOST_ADDRESSES));
        assert_eq!(routes.at(address(999)), Some(1));
    }
}

//! Sealing of RTP and RTCP (RFC 3711; RFC 7714 with GCM), in the place that they are
//! sent from.
//!
//! ```text
//! RTP    header │ payload │          ──▶  header │ sealed │ tag
//! RTCP   header, SSRC │ rest         ──▶  header, SSRC │ sealed │ tag │ E, index     (GCM)
//!                                         header, SSRC │ sealed │ E, index │ tag     (CM)
//! ```
//!
//! Opening is str0m's: few datagrams come from viewers.

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{self, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use str0m::crypto::dtls::SrtpProfile;

use super::keys::Agreed;

/// The tags of AES-GCM, and of `SRTP_AES128_CM_HMAC_SHA1_80`.
const GCM_TAG: usize = 16;
const CM_TAG: usize = 10;

/// Bytes of RTCP that are not sealed: the first packet's header and who sends.
const RTCP_OPEN: usize = 8;

/// What is derived from the master key is known by these (RFC 3711 §4.3.2).
const RTP: Labels = Labels { key: 0, authentication: 1, salt: 2 };
const RTCP: Labels = Labels { key: 3, authentication: 4, salt: 5 };

/// What sends by one agreement.
///
/// No number of a source may be used twice with one key (RFC 7714 §8, §9): str0m has the
/// keys, too, and nothing that it would seal with them leaves ([`Session`]).
///
/// [`Session`]: super::session::Session
#[derive(Debug)]
pub(crate) struct Sealer {
    rtp: Seal,
    rtcp: Seal,
    rtcp_index: u32,
}

struct Labels {
    key: u8,
    authentication: u8,
    salt: u8,
}

/// A cipher with its keys.
enum Seal {
    Gcm { key: LessSafeKey, salt: [u8; 12] },
    Cm { key: Box<EncryptingKey>, authentication: Box<hmac::Key>, salt: [u8; 14] },
}

impl Sealer {
    /// Makes it of what was agreed on; `None` if that is not what the profile needs.
    pub(crate) fn new(agreed: &Agreed) -> Option<Self> {
        let (key_bytes, salt_bytes) = match agreed.profile {
            SrtpProfile::AES128_CM_SHA1_80 => (16, 14),
            SrtpProfile::AEAD_AES_128_GCM => (16, 12),
            SrtpProfile::AEAD_AES_256_GCM => (32, 12),
            _ => return None,
        };
        // The client's key, the server's key, the client's salt, the server's salt.
        let (keys, salts) = agreed.material.split_at_checked(2 * key_bytes)?;
        let ours = |both: &[u8], each: usize| {
            let from = if agreed.is_client { 0 } else { each };
            both.get(from..from + each).map(<[u8]>::to_vec)
        };
        let master = Master { key: ours(keys, key_bytes)?, salt: ours(salts, salt_bytes)? };
        let seal = |labels| Seal::new(agreed.profile, &master, &labels);
        Some(Self { rtp: seal(RTP)?, rtcp: seal(RTCP)?, rtcp_index: 0 })
    }

    /// Returns what sealing adds to a packet of RTP.
    pub(crate) fn tag_len(&self) -> usize {
        match self.rtp {
            Seal::Gcm { .. } => GCM_TAG,
            Seal::Cm { .. } => CM_TAG,
        }
    }

    /// Seals the packet of RTP that `out` ends with, from `start` on; its header has
    /// `header_len` bytes. `index` is its number, with how often that counted over.
    ///
    /// Returns whether it was sealed; if not, nothing of it may be sent.
    #[must_use]
    pub(crate) fn rtp(
        &self,
        out: &mut Vec<u8>,
        start: usize,
        header_len: usize,
        ssrc: u32,
        index: u64,
    ) -> bool {
        let Some((header, payload)) =
            out.get_mut(start..).and_then(|packet| packet.split_at_mut_checked(header_len))
        else {
            return false;
        };
        match &self.rtp {
            Seal::Gcm { key, salt } => {
                // RFC 7714 §8.1: two bytes of nought, SSRC, index.
                let mut nonce = [0; 12];
                nonce[2..6].copy_from_slice(&ssrc.to_be_bytes());
                nonce[6..].copy_from_slice(&index.to_be_bytes()[2..]);
                let Some(tag) = gcm(key, salt, nonce, header, payload) else { return false };
                out.extend_from_slice(tag.as_ref());
            }
            Seal::Cm { key, authentication, salt } => {
                if !cm(key, salt, ssrc, index, payload) {
                    return false;
                }
                // RFC 3711 §4.2: how often the number counted over is vouched for, too.
                let over = ((index >> 16) as u32).to_be_bytes();
                let mut tag = hmac::Context::with_key(authentication);
                tag.update(&out[start..]);
                tag.update(&over);
                out.extend_from_slice(&tag.sign().as_ref()[..CM_TAG]);
            }
        }
        true
    }

    /// Seals packets of RTCP; `None` if it cannot be done, and nothing may be sent.
    pub(crate) fn rtcp(&mut self, mut out: Vec<u8>) -> Option<Vec<u8>> {
        let index = self.rtcp_index;
        self.rtcp_index = index.checked_add(1).filter(|next| next >> 31 == 0)?;
        let ssrc = u32::from_be_bytes(*out.get(4..RTCP_OPEN)?.first_chunk()?);
        // The first bit says that it is sealed.
        let told = (index | 1 << 31).to_be_bytes();
        let (open, sealed) = out.split_at_mut(RTCP_OPEN);
        match &self.rtcp {
            Seal::Gcm { key, salt } => {
                // RFC 7714 §9.1: two bytes of nought, SSRC, two of nought, index.
                let mut nonce = [0; 12];
                nonce[2..6].copy_from_slice(&ssrc.to_be_bytes());
                nonce[8..].copy_from_slice(&index.to_be_bytes());
                let mut vouched = [0; RTCP_OPEN + 4];
                vouched[..RTCP_OPEN].copy_from_slice(open);
                vouched[RTCP_OPEN..].copy_from_slice(&told);
                let tag = gcm(key, salt, nonce, &vouched, sealed)?;
                out.extend_from_slice(tag.as_ref());
                out.extend_from_slice(&told);
            }
            Seal::Cm { key, authentication, salt } => {
                if !cm(key, salt, ssrc, index.into(), sealed) {
                    return None;
                }
                out.extend_from_slice(&told);
                let tag = hmac::sign(authentication, &out);
                out.extend_from_slice(&tag.as_ref()[..CM_TAG]);
            }
        }
        Some(out)
    }
}

/// Seals with GCM; the salt goes into the nonce.
fn gcm(
    key: &LessSafeKey,
    salt: &[u8; 12],
    mut nonce: [u8; 12],
    vouched: &[u8],
    sealed: &mut [u8],
) -> Option<aead::Tag> {
    nonce.iter_mut().zip(salt).for_each(|(byte, salt)| *byte ^= salt);
    let nonce = Nonce::assume_unique_for_key(nonce);
    key.seal_in_place_separate_tag(nonce, Aad::from(vouched), sealed).ok()
}

/// Seals with AES in counter mode (RFC 3711 §4.1.1); returns whether it did.
fn cm(key: &EncryptingKey, salt: &[u8; 14], ssrc: u32, index: u64, sealed: &mut [u8]) -> bool {
    let mut counter = [0; 16];
    counter[..14].copy_from_slice(salt);
    for (byte, more) in counter[4..8].iter_mut().zip(ssrc.to_be_bytes()) {
        *byte ^= more;
    }
    for (byte, more) in counter[6..14].iter_mut().zip(index.to_be_bytes()) {
        *byte ^= more;
    }
    let context = EncryptionContext::Iv128(FixedLength::from(counter));
    key.less_safe_encrypt(sealed, context).is_ok()
}

/// What DTLS gave for one direction.
struct Master {
    key: Vec<u8>,
    /// Twelve bytes with GCM, fourteen without.
    salt: Vec<u8>,
}

impl Master {
    /// Derives a key (RFC 3711 §4.3.3; RFC 6188 §3 with keys of 256 bits).
    fn derive(&self, label: u8, out: &mut [u8]) -> Option<()> {
        let mut counter = [0; 16];
        counter[..self.salt.len()].copy_from_slice(&self.salt);
        counter[7] ^= label;
        let algorithm = if self.key.len() == 32 { &cipher::AES_256 } else { &cipher::AES_128 };
        let key = EncryptingKey::ctr(UnboundCipherKey::new(algorithm, &self.key).ok()?).ok()?;
        out.fill(0);
        let context = EncryptionContext::Iv128(FixedLength::from(counter));
        key.less_safe_encrypt(out, context).ok()?;
        Some(())
    }
}

impl Seal {
    fn new(profile: SrtpProfile, master: &Master, labels: &Labels) -> Option<Self> {
        let mut key = vec![0; master.key.len()];
        master.derive(labels.key, &mut key)?;
        if profile == SrtpProfile::AES128_CM_SHA1_80 {
            let (mut authentication, mut salt) = ([0; 20], [0; 14]);
            master.derive(labels.authentication, &mut authentication)?;
            master.derive(labels.salt, &mut salt)?;
            let key = UnboundCipherKey::new(&cipher::AES_128, &key).ok()?;
            return Some(Self::Cm {
                key: Box::new(EncryptingKey::ctr(key).ok()?),
                // RFC 3711 §4.2.1 has no other.
                authentication: Box::new(hmac::Key::new(
                    hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
                    &authentication,
                )),
                salt,
            });
        }
        let mut salt = [0; 12];
        master.derive(labels.salt, &mut salt)?;
        let algorithm = if key.len() == 32 { &aead::AES_256_GCM } else { &aead::AES_128_GCM };
        Some(Self::Gcm { key: LessSafeKey::new(UnboundKey::new(algorithm, &key).ok()?), salt })
    }
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal")
    }
}

#[cfg(test)]
mod tests {
    use str0m::config::KeyingMaterial;

    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<char> = hex.chars().filter(|digit| !digit.is_whitespace()).collect();
        let byte = |pair: &[char]| pair.iter().collect::<String>();
        digits.chunks(2).map(|pair| u8::from_str_radix(&byte(pair), 16).unwrap()).collect()
    }

    /// With these keys and no other, as the examples of RFC 7714 have it.
    fn gcm_sealer(algorithm: &'static aead::Algorithm, rtcp_index: u32) -> Sealer {
        let key: Vec<u8> = (0..algorithm.key_len() as u8).collect();
        let seal = || Seal::Gcm {
            key: LessSafeKey::new(UnboundKey::new(algorithm, &key).unwrap()),
            salt: *b"Quid pro quo",
        };
        Sealer { rtp: seal(), rtcp: seal(), rtcp_index }
    }

    const OPEN: &str = "8040f17b 8041f8d3 5501a0b2
        47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 61727465 73207472 6573";

    #[test]
    fn rtp_is_sealed_with_gcm_as_rfc_7714_shows_it() {
        for (algorithm, sealed) in [
            (
                &aead::AES_128_GCM,
                "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f
                 42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce",
            ),
            (
                &aead::AES_256_GCM,
                "8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3
                 b50b2a02 76ffae0f 1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13",
            ),
        ] {
            let sealer = gcm_sealer(algorithm, 0);
            // Behind what is there already.
            let mut out = [&b"before"[..], &bytes(OPEN)].concat();
            assert!(sealer.rtp(&mut out, 6, 12, 0x5501_a0b2, 0xf17b));
            assert_eq!(out, [&b"before"[..], &bytes(sealed)].concat());
            assert_eq!(out.len(), 6 + bytes(OPEN).len() + sealer.tag_len());
        }
    }

    #[test]
    fn rtcp_is_sealed_with_gcm_as_rfc_7714_shows_it() {
        let open = bytes(
            "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61
             deadbeef deadbeef deadbeef deadbeef deadbeef",
        );
        let sealed = bytes(
            "81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d
             c676a5f1 730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872
             45d9eade 800005d4",
        );
        let mut sealer = gcm_sealer(&aead::AES_128_GCM, 0x5d4);
        assert_eq!(sealer.rtcp(open.clone()).unwrap(), sealed);
        let next = sealer.rtcp(open).unwrap();
        assert_eq!(next[next.len() - 4..], bytes("800005d5"), "no number is used twice");
    }

    #[test]
    fn keys_are_derived_as_rfc_3711_shows_it() {
        let master = Master {
            key: bytes("e1f97a0d 3e018be0 d64fa32c 06de4139"),
            salt: bytes("0ec675ad 498afeeb b6960b3a abe6"),
        };
        let derived = |label, length| {
            let mut out = vec![7; length];
            master.derive(label, &mut out).unwrap();
            out
        };
        assert_eq!(derived(0, 16), bytes("c61e7a93 744f39ee 10734afe 3ff7a087"));
        assert_eq!(derived(2, 14), bytes("30cbbc08 863d8c85 d49db34a 9ae1"));
        assert_eq!(derived(1, 20), bytes("cebe321f 6ff7716b 6fd4ab49 af256a15 6d38baa4"));
    }

    fn agreed(profile: SrtpProfile, length: usize, is_client: bool) -> Agreed {
        let material: Vec<u8> = (0..length as u8).collect();
        Agreed { profile, material: KeyingMaterial::new(&material), is_client }
    }

    /// What libsrtp 2 makes of the same keys and packets, over the last number and on.
    #[test]
    fn all_profiles_seal_as_libsrtp_does_where_a_number_counts_over() {
        use SrtpProfile as P;
        let text = b"Gallia est omnis";
        let head = |number: u16| {
            [&[0x80, 0x60], &number.to_be_bytes()[..], &bytes("8041f8d3 5501a0b2")].concat()
        };
        let report = bytes("80c80006 5501a0b2 00112233 44556677 8041f8d3 00000002 00000020");
        for (profile, length, last, first, reported) in [
            (
                P::AES128_CM_SHA1_80,
                60,
                "fd72556b2e41c965d5c3796fcebb2bbb55fa8d14e072513cf76d",
                "a50fe237265ca0c32649a4ff99a97ca4b58db13b3f07eb27208d",
                "ce8b2a11e626a1f1ff54eb5cac08459f7759b0198000000173a51c0e655f927d6a85",
            ),
            (
                P::AEAD_AES_128_GCM,
                56,
                "f374421c3557caf7fda35d1d96c1fecb96811c53f18c5886b0d75cee88972e01",
                "2fe71e0e0361a9b6143780109c2194c09cbd53e4770e9280e8d697c8df8aaa08",
                "91452d273c3feced7a25574eb1f939d0ccff5dd454a9dd1d318f557162b2cb6acd824fa780000001",
            ),
            (
                P::AEAD_AES_256_GCM,
                88,
                "d3f6657e2850f177d4a76cf0bf102f2f36a589910b2e70ceb4d0a84a1ff43ee7",
                "e87ee9a81bd63c1126fa245300e160d92286144f94630747d39b64e5277bdc25",
                "b259c0c8601f4b3dce711e54add9c6b7bf12759082e53d3899c552b322bfe6fca325484980000001",
            ),
        ] {
            let mut sealer = Sealer::new(&agreed(profile, length, false)).unwrap();
            for (index, sealed) in [(0xffff, last), (0x1_0000, first)] {
                let mut out = [head(index as u16), text.to_vec()].concat();
                assert!(sealer.rtp(&mut out, 0, 12, 0x5501_a0b2, index));
                assert_eq!(out, [head(index as u16), bytes(sealed)].concat(), "{profile:?}");
            }
            // It counts from one.
            sealer.rtcp_index = 1;
            let sealed = sealer.rtcp(report.clone()).unwrap();
            assert_eq!(sealed, [&report[..8], &bytes(reported)].concat(), "{profile:?}");
        }
    }

    #[test]
    fn each_side_has_keys_of_its_own_and_too_few_bytes_are_none() {
        use SrtpProfile as P;
        for (profile, length) in
            [(P::AES128_CM_SHA1_80, 60), (P::AEAD_AES_128_GCM, 56), (P::AEAD_AES_256_GCM, 88)]
        {
            let sealed = |is_client| {
                let sealer = Sealer::new(&agreed(profile, length, is_client)).unwrap();
                let mut out = bytes(OPEN);
                assert!(sealer.rtp(&mut out, 0, 12, 1, 2));
                assert_eq!(out.len(), bytes(OPEN).len() + sealer.tag_len());
                out
            };
            assert_ne!(sealed(true), sealed(false));
            assert!(Sealer::new(&agreed(profile, length - 1, false)).is_none());
        }
    }

    #[test]
    fn what_is_no_packet_is_not_sealed() {
        let mut sealer = Sealer::new(&agreed(SrtpProfile::AEAD_AES_128_GCM, 56, false)).unwrap();
        assert!(!sealer.rtp(&mut vec![0; 11], 0, 12, 1, 2));
        assert!(!sealer.rtp(&mut Vec::new(), 1, 12, 1, 2));
        assert!(sealer.rtcp(vec![0; 7]).is_none());
        sealer.rtcp_index = (1 << 31) - 1;
        assert!(sealer.rtcp(vec![0; 8]).is_none(), "numbers are used up");
    }
}

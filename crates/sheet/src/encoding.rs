//! Which encoding a text is in, and the text.
//!
//! A byte order mark says it, and bytes that are UTF-8 by chance are rare. Otherwise it
//! is one of the three that Viet Nam used before. All three decode any bytes, so they
//! are told apart by what comes out: the words with letters beyond ASCII must be
//! Vietnamese syllables.
//!
//! ```text
//!                 Hà       Nội
//! windows-1258    H à      N ô ̣ i         letters, then marks
//! TCVN3 (ABC)     H µ      N é i           a byte for each letter with its tone
//! VNI             H a ø    N o ä i         a letter, then a byte for its marks
//! ```

use std::fmt;

use unicode_normalization::UnicodeNormalization;

use crate::read::Refusal;
use crate::syllable::is_syllable;

/// An encoding of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Unicode, in bytes.
    Utf8,
    /// Unicode, in pairs of bytes, the lower first.
    Utf16Le,
    /// Unicode, in pairs of bytes, the higher first.
    Utf16Be,
    /// Of Windows, with marks behind letters.
    Windows1258,
    /// TCVN 5712, the fonts `.VnTime` and their like.
    Tcvn3,
    /// The fonts `VNI-Times` and their like.
    Vni,
}

/// Why a text was taken for one encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The form of the file prescribes it.
    Given,
    /// A byte order mark says so.
    Mark,
    /// Every byte fits, which is no accident.
    Valid,
    /// More of its words are Vietnamese than in any other.
    Words(Fits),
}

/// How many words with letters beyond ASCII there are, and how many of them are
/// Vietnamese syllables, in each of the old encodings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fits {
    /// All of them.
    pub words: usize,
    /// In windows-1258.
    pub windows_1258: usize,
    /// In TCVN3.
    pub tcvn3: usize,
    /// In VNI.
    pub vni: usize,
}

/// Returns the text of bytes, composed.
pub(crate) fn decode(bytes: &[u8]) -> Result<(String, Encoding, Reason), Refusal> {
    let utf16 = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, odd) = rest.as_chunks::<2>();
        let text: String = char::decode_utf16(pairs.iter().map(|&pair| unit(pair)))
            .map(|sign| sign.unwrap_or('\u{fffd}'))
            .collect();
        if odd.is_empty() { text } else { text + "\u{fffd}" }
    };
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return Ok((utf16(rest, u16::from_le_bytes), Encoding::Utf16Le, Reason::Mark));
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return Ok((utf16(rest, u16::from_be_bytes), Encoding::Utf16Be, Reason::Mark));
    }
    let (rest, reason) = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => (rest, Reason::Mark),
        None => (bytes, Reason::Valid),
    };
    if rest.contains(&0) {
        return Err(Refusal::Foreign { what: "neither a table nor text" });
    }
    if let Ok(text) = str::from_utf8(rest) {
        return Ok((text.to_owned(), Encoding::Utf8, reason));
    }
    let fits = Fits::count(rest);
    let encoding = fits.clearest().ok_or(Refusal::Encoding { fits })?;
    Ok((encoding.decode(rest), encoding, Reason::Words(fits)))
}

/// Returns the encoding that texts are in if they are Unicode in name only.
pub(crate) fn behind_unicode<'a>(
    texts: impl Iterator<Item = &'a str>,
) -> Option<(Encoding, Reason)> {
    let mut bytes = Vec::new();
    for text in texts.filter(|text| !text.is_ascii()) {
        // One true letter of Vietnamese, and the rest is taken as it is.
        if text.chars().any(is_vietnamese) {
            return None;
        }
        bytes.extend(bytes_behind(text).unwrap_or_default());
        bytes.push(b'\n');
    }
    let fits = Fits::count(&bytes);
    // Text in windows-1258 would have become true Unicode.
    let encoding = fits.clearest().filter(|&encoding| encoding != Encoding::Windows1258)?;
    let said =
        |word: &&[u8]| is_syllable(&word.iter().map(|&byte| western(byte)).collect::<String>());
    let as_it_is = words(&bytes).filter(said).count();
    let is_plenty = fits.of(encoding) > 1 && fits.of(encoding) * 2 > as_it_is * 3;
    is_plenty.then_some((encoding, Reason::Words(fits)))
}

/// Returns the bytes that a Western encoding would have made these characters of.
pub(crate) fn bytes_behind(text: &str) -> Option<Vec<u8>> {
    text.chars()
        .map(|sign| match WESTERN.iter().position(|&western| western == sign) {
            Some(at) => u8::try_from(0x80 + at).ok(),
            None => u8::try_from(sign).ok(),
        })
        .collect()
}

fn is_vietnamese(sign: char) -> bool {
    matches!(sign, 'Ă' | 'ă' | 'Đ' | 'đ' | 'Ĩ' | 'ĩ' | 'Ũ' | 'ũ' | 'Ơ' | 'ơ' | 'Ư' | 'ư')
        || matches!(sign, '\u{1ea0}'..='\u{1ef9}')
}

impl Encoding {
    /// Returns the text of bytes, composed. For Unicode, what does not fit is replaced.
    pub(crate) fn decode(self, bytes: &[u8]) -> String {
        let mut text = String::with_capacity(bytes.len() + bytes.len() / 4);
        match self {
            Self::Windows1258 => text.extend(bytes.iter().map(|&byte| windows_1258(byte))),
            Self::Tcvn3 => text.extend(bytes.iter().map(|&byte| tcvn3(byte))),
            Self::Vni => vni(bytes, &mut text),
            Self::Utf8 | Self::Utf16Le | Self::Utf16Be => {
                return String::from_utf8_lossy(bytes).into_owned();
            }
        }
        text.nfc().collect()
    }
}

impl Fits {
    fn count(bytes: &[u8]) -> Self {
        let mut fits = Self { words: 0, windows_1258: 0, tcvn3: 0, vni: 0 };
        for word in words(bytes) {
            let is_fit = |encoding: Encoding| usize::from(is_syllable(&encoding.decode(word)));
            fits.words += 1;
            fits.windows_1258 += is_fit(Encoding::Windows1258);
            fits.tcvn3 += is_fit(Encoding::Tcvn3);
            fits.vni += is_fit(Encoding::Vni);
        }
        fits
    }

    fn of(&self, encoding: Encoding) -> usize {
        match encoding {
            Encoding::Windows1258 => self.windows_1258,
            Encoding::Tcvn3 => self.tcvn3,
            Encoding::Vni => self.vni,
            Encoding::Utf8 | Encoding::Utf16Le | Encoding::Utf16Be => 0,
        }
    }

    /// Returns the encoding in which most words are Vietnamese and half as many again
    /// as in any other.
    fn clearest(&self) -> Option<Encoding> {
        let mut all = [Encoding::Windows1258, Encoding::Tcvn3, Encoding::Vni];
        all.sort_by_key(|&encoding| std::cmp::Reverse(self.of(encoding)));
        let (best, next) = (self.of(all[0]), self.of(all[1]));
        (best * 5 > self.words * 3 && best * 2 > next * 3).then_some(all[0])
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Le | Self::Utf16Be => "UTF-16",
            Self::Windows1258 => "windows-1258",
            Self::Tcvn3 => "TCVN3",
            Self::Vni => "VNI",
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given => f.write_str("the form of the file prescribes it"),
            Self::Mark => f.write_str("a byte order mark says so"),
            Self::Valid => f.write_str("every byte fits it"),
            Self::Words(fits) => fits.fmt(f),
        }
    }
}

impl fmt::Display for Fits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { words, windows_1258, tcvn3, vni } = self;
        write!(
            f,
            "of {words} words with accents, {tcvn3} are Vietnamese in TCVN3, {vni} in VNI, \
             {windows_1258} in windows-1258"
        )
    }
}

/// Returns the words with letters beyond ASCII, or as many as are enough to judge by.
fn words(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    const ENOUGH: usize = 20_000;
    // No syllable has so many letters and marks; what is longer is no word at all.
    const LONGEST: usize = 16;
    // None of the three has letters from 0x80 to there.
    let in_word = |byte: &u8| byte.is_ascii_alphabetic() || *byte > 0xa0;
    let words = bytes.split(move |byte| !in_word(byte)).filter(|word| !word.is_ascii());
    words.map(|word| &word[..word.len().min(LONGEST)]).take(ENOUGH)
}

/// What windows-1252 has from 0x80 to 0x9f, where Latin-1 has nothing.
const WESTERN: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

fn western(byte: u8) -> char {
    match byte {
        0x80..=0x9f => WESTERN[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

fn windows_1258(byte: u8) -> char {
    match byte {
        0xc3 => 'Ă',
        0xcc => '\u{300}',
        0xd0 => 'Đ',
        0xd2 => '\u{309}',
        0xd5 => 'Ơ',
        0xdd => 'Ư',
        0xde => '\u{303}',
        0xe3 => 'ă',
        0xec => '\u{301}',
        0xf0 => 'đ',
        0xf2 => '\u{323}',
        0xf5 => 'ơ',
        0xfd => 'ư',
        0xfe => '₫',
        _ => western(byte),
    }
}

fn tcvn3(byte: u8) -> char {
    /// From 0xa1 on; a dot where a byte is no letter.
    const LETTERS: &str = "ĂÂÊÔƠƯĐăâêôơưđ......àảãáạ.ằẳẵắ.......ặầẩẫấậè.ẻẽéẹềểễếệìỉ...ĩíịò.\
                           ỏõóọồổỗốộờởỡớợù.ủũúụừửữứựỳỷỹýỵ";
    let letter = byte.checked_sub(0xa1).and_then(|at| LETTERS.chars().nth(usize::from(at)));
    letter.filter(|&letter| letter != '.').unwrap_or_else(|| western(byte))
}

/// Appends letters with their marks behind them.
fn vni(bytes: &[u8], text: &mut String) {
    let mut before = ' ';
    for &byte in bytes {
        let marks = vni_marks(byte, before.to_ascii_lowercase());
        if marks.is_empty() {
            before = vni_letter(byte);
            text.push(before);
        } else {
            text.push_str(marks);
            before = ' ';
        }
    }
}

fn vni_letter(byte: u8) -> char {
    match byte {
        0xd1 => 'Đ',
        0xd4 => 'Ơ',
        0xd6 => 'Ư',
        0xcc => 'Ì',
        0xcd => 'Í',
        0xc6 => 'Ỉ',
        0xd3 => 'Ĩ',
        0xd2 => 'Ị',
        0xce => 'Ỵ',
        0xf1 => 'đ',
        0xf4 => 'ơ',
        0xf6 => 'ư',
        0xec => 'ì',
        0xed => 'í',
        0xe6 => 'ỉ',
        0xf3 => 'ĩ',
        0xf2 => 'ị',
        0xee => 'ỵ',
        _ => western(byte),
    }
}

/// Returns the marks that a byte puts on the letter before it; none, if it is a letter.
fn vni_marks(byte: u8, before: char) -> &'static str {
    // The marks of a capital are 0x20 lower.
    let byte = if byte >= 0xc0 { byte | 0x20 } else { byte };
    match (byte, before) {
        (0xf9, 'a' | 'e' | 'o' | 'u' | 'y' | 'ơ' | 'ư' | 'Ơ' | 'Ư') => "\u{301}",
        (0xf8, 'a' | 'e' | 'o' | 'u' | 'y' | 'ơ' | 'ư' | 'Ơ' | 'Ư') => "\u{300}",
        (0xfb, 'a' | 'e' | 'o' | 'u' | 'y' | 'ơ' | 'ư' | 'Ơ' | 'Ư') => "\u{309}",
        (0xf5, 'a' | 'e' | 'o' | 'u' | 'y' | 'ơ' | 'ư' | 'Ơ' | 'Ư') => "\u{303}",
        (0xef, 'a' | 'e' | 'o' | 'u' | 'y' | 'ơ' | 'ư' | 'Ơ' | 'Ư') => "\u{323}",
        (0xe2, 'a' | 'e' | 'o') => "\u{302}",
        (0xe1, 'a' | 'e' | 'o') => "\u{302}\u{301}",
        (0xe0, 'a' | 'e' | 'o') => "\u{302}\u{300}",
        (0xe5, 'a' | 'e' | 'o') => "\u{302}\u{309}",
        (0xe3, 'a' | 'e' | 'o') => "\u{302}\u{303}",
        (0xe4, 'a' | 'e' | 'o') => "\u{302}\u{323}",
        (0xea, 'a') => "\u{306}",
        (0xe9, 'a') => "\u{306}\u{301}",
        (0xe8, 'a') => "\u{306}\u{300}",
        (0xfa, 'a') => "\u{306}\u{309}",
        (0xfc, 'a') => "\u{306}\u{303}",
        (0xeb, 'a') => "\u{306}\u{323}",
        _ => "",
    }
}

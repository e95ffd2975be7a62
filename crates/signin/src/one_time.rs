//! Passwords made for somebody, to be used once.
//!
//! ```text
//! 7KMQ-XF3D-9TRA-HW4P      16 of 30 letters and digits: 78 bits
//! ```
//!
//! Read from a screen or a slip of paper and typed by hand: nothing in it looks
//! like anything else in it, and case, spaces and hyphens do not matter.

use std::fmt;

/// Without 0 O, 1 I L, and U, which looks like V when written by hand.
const ALPHABET: &[u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";

const LENGTH: usize = 16;

/// A password to be handed to a person; shown once, kept only as a hash.
pub struct OneTimePassword(String);

impl OneTimePassword {
    /// Makes one that nobody can guess.
    pub(crate) fn new() -> Self {
        Self(letters(LENGTH))
    }

    /// Returns the letters that are hashed.
    pub(crate) fn letters(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OneTimePassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, letter) in self.0.chars().enumerate() {
            if position > 0 && position % 4 == 0 {
                f.write_str("-")?;
            }
            write!(f, "{letter}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for OneTimePassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimePassword(hidden)")
    }
}

/// Returns so many letters that nobody can guess.
pub(crate) fn letters(length: usize) -> String {
    let mut letters = String::with_capacity(length);
    while letters.len() < length {
        let mut byte = [0];
        // The system's randomness fails on no machine that got this far.
        aws_lc_rs::rand::fill(&mut byte).expect("the system has randomness");
        // The 16 highest values would make the first letters likelier.
        if byte[0] < 240 {
            letters.push(char::from(ALPHABET[usize::from(byte[0]) % ALPHABET.len()]));
        }
    }
    letters
}

/// Returns what was typed as the letters that are hashed.
pub(crate) fn typed(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_whitespace() && *letter != '-')
        .map(|letter| letter.to_ascii_uppercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_shown_in_groups_and_typed_in_any_way() {
        let password = OneTimePassword::new();
        let shown = password.to_string();
        assert_eq!(shown.split('-').map(str::len).collect::<Vec<_>>(), [4, 4, 4, 4]);
        assert_eq!(typed(&shown), password.letters());
        assert_eq!(typed(&format!(" {} ", shown.to_lowercase().replace('-', " "))), password.0);
    }

    #[test]
    fn every_letter_of_the_alphabet_is_drawn_about_as_often() {
        let mut drawn = std::collections::BTreeMap::<char, u32>::new();
        for _ in 0..3000 {
            for letter in OneTimePassword::new().0.chars() {
                *drawn.entry(letter).or_default() += 1;
            }
        }
        assert_eq!(drawn.len(), ALPHABET.len());
        // 1600 of each are expected; six deviations are 240.
        assert!(drawn.values().all(|count| count.abs_diff(1600) < 240), "{drawn:?}");
        assert!("0O1ILU".chars().all(|letter| !drawn.contains_key(&letter)));
    }

    #[test]
    fn a_log_does_not_show_it() {
        assert_eq!(format!("{:?}", OneTimePassword::new()), "OneTimePassword(hidden)");
    }
}

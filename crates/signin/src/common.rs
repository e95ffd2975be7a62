//! Passwords that are among the first anybody tries: a list of our own, and what
//! people put around the words on it so that a rule is met.
//!
//! ```text
//! Mật-Khẩu@2026!!  ──fold──▶ mat-khau@2026!! ──letters──▶ matkhau            on the list
//! P4ssw0rd P4ssw0rd ─fold──▶ p4ssw0rd…  ──figures as letters──▶ password ×2  on the list
//! cầu Long Biên 1902 ─fold─▶ …          ──letters──▶ caulongbien             not
//! ```
//!
//! A list of a hundred million leaked passwords would be asked over the Internet,
//! which an installation need not have, or weigh more than the program. Nearly all
//! of those are shorter than what is taken here; of the long ones most are a word
//! or two with a year. So the words are kept, and not the passwords.

use std::collections::HashSet;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The words, folded.
static WORDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let lines = include_str!("common.txt").lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).collect()
});

/// The most letters of a word on the list.
const LONGEST: usize = 32;

/// From how many different words on a password is a phrase.
const PHRASE: usize = 3;

/// The fewest figures that are a password without letters.
const FEWEST_FIGURES: usize = 20;

/// Returns what makes a password one of the first to be tried, in words.
pub(crate) fn commonness(password: &str) -> Option<&'static str> {
    let folded: Vec<char> = fold(password);
    let letters = |read: fn(char) -> Option<char>| {
        folded.iter().copied().filter_map(read).collect::<String>()
    };
    let plain = letters(|letter| letter.is_alphabetic().then_some(letter));
    if plain.is_empty() {
        let only_figures = folded.iter().filter(|letter| letter.is_numeric()).count();
        return (only_figures < FEWEST_FIGURES)
            .then_some("the password has no letters; use words, a whole sentence is best");
    }
    let read = letters(|letter| Some(as_letter(letter)).filter(|letter| letter.is_alphabetic()));
    // Figures at the ends are a year and no letters, whatever stands within.
    let ends: String = folded.iter().collect();
    let within = ends.trim_matches(|letter: char| !letter.is_alphabetic());
    let within: String = within.chars().map(as_letter).filter(|l| l.is_alphabetic()).collect();
    let common = [plain, read, within].iter().any(|text| is_few_words(text));
    common.then_some(
        "the password is made of words that are tried first; choose a sentence of your own",
    )
}

/// Lower case, without marks.
fn fold(password: &str) -> Vec<char> {
    let bare = password.nfkd().filter(|letter| !is_combining_mark(*letter));
    bare.flat_map(char::to_lowercase)
        .map(|letter| if letter == 'đ' { 'd' } else { letter })
        .collect()
}

/// The letter that a figure or a sign stands for where people write words by them.
fn as_letter(letter: char) -> char {
    match letter {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// Returns whether all of a text is words of the list, of which fewer differ than
/// make a phrase.
fn is_few_words(text: &str) -> bool {
    let letters: Vec<(usize, char)> = text.char_indices().collect();
    // For each end, the fewest different words that lead there, and which.
    let mut ways: Vec<Option<Vec<&str>>> = vec![None; letters.len() + 1];
    ways[0] = Some(Vec::new());
    let at = |position: usize| letters.get(position).map_or(text.len(), |letter| letter.0);
    for end in 1..=letters.len() {
        for begin in end.saturating_sub(LONGEST)..end {
            let word = &text[at(begin)..at(end)];
            let Some(before) = ways[begin].as_ref().filter(|_| WORDS.contains(word)) else {
                continue;
            };
            let mut way = before.clone();
            if !way.contains(&word) {
                way.push(word);
            }
            if ways[end].as_ref().is_none_or(|other| way.len() < other.len()) {
                ways[end] = Some(way);
            }
        }
    }
    ways.pop().flatten().is_some_and(|way| !way.is_empty() && way.len() < PHRASE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_everybody_takes_is_known_under_what_was_put_around_it() {
        for password in [
            "Password@12345",
            "P4ssw0rd P4ssw0rd",
            "matkhau123456",
            "Mật-Khẩu@2026!!",
            "anh yêu em 1990",
            "AnhYeuEm@1990",
            "Công an Hà Nội 2026",
            "hanoihanoihanoi",
            "qwertyuiop1234",
            "1qaz2wsx3edc!!",
            "Admin@123456789",
            "iloveyou VietNam",
            "đăng nhập 12345",
            "098765432100",
            "19/05/1890-02/09/1945",
        ] {
            assert!(commonness(password).is_some(), "{password}");
        }
    }

    #[test]
    fn a_sentence_of_ones_own_is_not_common() {
        for password in [
            "cầu Long Biên 1902",
            "mưa rào Hà Nội 1954",
            "một mật khẩu mới",
            "correct donkey stapler",
            "kx8!vQ2mRt0pZ",
            "sáng nay trời mưa to",
            "81234097561234509876543",
        ] {
            assert_eq!(commonness(password), None, "{password}");
        }
    }

    #[test]
    fn the_list_is_folded_and_no_word_is_longer_than_is_looked_for() {
        assert!(WORDS.len() > 250, "{}", WORDS.len());
        for word in WORDS.iter() {
            assert!(word.chars().all(|letter| letter.is_ascii_lowercase()), "{word}");
            assert!(word.len() <= LONGEST, "{word}");
        }
    }
}

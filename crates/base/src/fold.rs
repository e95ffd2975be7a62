//! Vietnamese text, folded so that it is found as people type it, and keyed so that
//! it sorts as in their dictionaries. Pure: nothing here knows what is searched.
//!
//! ```text
//! text        "Hoà  Bình"     "hòa bình"     "Đường 10"
//! fold        "hoa binh"      "hoa binh"     "duong 10"
//! sort_key    by the alphabet and by numbers' values; then by tones
//! ```
//!
//! Whether the tone stands on the first vowel or the second (hòa, hoà), and whether
//! a letter is one code point or three, makes no difference anywhere here. Scripts
//! other than the Latin are put in lower case only: their marks are no accents.
//!
//! The client folds by the same rules; the tests of both read
//! `testdata/folding.json`.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What somebody looks for: each word of it must occur, in any order, anywhere in a
/// word. A word typed without marks stands for every way to mark it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needle {
    words: Vec<Word>,
}

/// How well a text fits a needle; the better sorts first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hit {
    /// Each word that was typed with marks occurs with these.
    Exact,
    /// Some word occurs with other marks, or with none.
    Folded,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Word {
    folded: String,
    letters: Vec<Letter>,
}

/// A letter with its marks apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Letter {
    /// What is left without marks, in lower case.
    base: char,
    /// What makes it another letter: circumflex, breve, horn; đ of a stroked d.
    quality: Option<char>,
    /// The tone of its syllable, on the vowel that carries it.
    tone: Tone,
}

/// In the order of dictionaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tone {
    Ngang,
    Huyen,
    Hoi,
    Nga,
    Sac,
    Nang,
}

/// Returns `text` without marks, in lower case, with one space between words and none
/// around them: as it is kept to be searched.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in words(text) {
        if !folded.is_empty() {
            folded.push(' ');
        }
        push_folded(&mut folded, &letters(word));
    }
    folded
}

/// Returns a key that sorts, byte by byte, as a Vietnamese dictionary does.
///
/// Letters count first (a ă â b c d đ e ê …) and numbers by their value, then the
/// tones of the words (ngang, huyền, hỏi, ngã, sắc, nặng). What is neither letter nor
/// digit only parts words. Case makes no difference.
pub fn sort_key(text: &str) -> String {
    let (mut key, mut told) = (String::with_capacity(text.len() * 2), String::new());
    for part in words(text).flat_map(parts) {
        if !key.is_empty() {
            key.push(' ');
            told.push(' ');
        }
        match part {
            Part::Number(digits) => push_number(&mut key, &digits),
            Part::Letters(letters) => {
                key.extend(letters.iter().map(|&letter| place(letter)));
                told.extend(tones(&letters).map(|tone| char::from(b'0' + tone as u8)));
            }
        }
    }
    let told = told.trim_end();
    if !told.is_empty() {
        // Below all that stands in a key, so that the shorter text comes first.
        key.push('\u{1}');
        key.push_str(told);
    }
    key
}

impl Needle {
    /// Takes what somebody typed. Nothing at all is found everywhere.
    pub fn new(text: &str) -> Self {
        let word = |word| {
            let letters = letters(word);
            let mut folded = String::with_capacity(word.len());
            push_folded(&mut folded, &letters);
            Word { folded, letters }
        };
        Self { words: words(text).map(word).collect() }
    }

    /// Returns whether each word occurs in a text that [`fold`] folded.
    pub fn matches(&self, folded: &str) -> bool {
        self.words.iter().all(|word| folded.contains(&word.folded))
    }

    /// Returns whether each word occurs in a folded text, which is made only where there
    /// is a word.
    pub fn matches_made(&self, folded: impl FnOnce() -> String) -> bool {
        self.words.is_empty() || self.matches(&folded())
    }

    /// Returns how well a text fits as it was written; nothing if it does not.
    pub fn hit(&self, text: &str) -> Option<Hit> {
        if !self.matches(&fold(text)) {
            return None;
        }
        let mut marked = self.words.iter().filter(|word| word.has_marks()).peekable();
        if marked.peek().is_none() {
            return Some(Hit::Exact);
        }
        let text: Vec<Vec<Letter>> = words(text).map(letters).collect();
        let is_exact = marked.all(|word| text.iter().any(|text| word.is_in(text)));
        Some(if is_exact { Hit::Exact } else { Hit::Folded })
    }
}

impl Word {
    fn has_marks(&self) -> bool {
        self.letters.iter().any(|letter| letter.quality.is_some() || letter.tone != Tone::Ngang)
    }

    /// Returns whether it occurs with its marks. Tones must be the same, and may stand
    /// on another of its letters.
    fn is_in(&self, text: &[Letter]) -> bool {
        let alike = |(a, b): (&Letter, &Letter)| (a.base, a.quality) == (b.base, b.quality);
        text.windows(self.letters.len()).any(|window| {
            window.iter().zip(&self.letters).all(alike) && tones(window).eq(tones(&self.letters))
        })
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_space = |letter: char| letter.is_whitespace() || letter == '\u{feff}';
    text.split(is_space).filter(|word| !word.is_empty())
}

fn letters(word: &str) -> Vec<Letter> {
    let mut letters: Vec<Letter> = Vec::with_capacity(word.len());
    for sign in word.to_lowercase().nfd() {
        match letters.last_mut() {
            Some(letter) if is_combining_mark(sign) && is_latin(letter.base) => letter.mark(sign),
            _ if sign == 'đ' => {
                letters.push(Letter { base: 'd', quality: Some('đ'), tone: Tone::Ngang });
            }
            _ => letters.push(Letter { base: sign, quality: None, tone: Tone::Ngang }),
        }
    }
    letters
}

impl Letter {
    fn mark(&mut self, sign: char) {
        match sign {
            '\u{300}' => self.tone = Tone::Huyen,
            '\u{309}' => self.tone = Tone::Hoi,
            '\u{303}' => self.tone = Tone::Nga,
            '\u{301}' => self.tone = Tone::Sac,
            '\u{323}' => self.tone = Tone::Nang,
            _ => self.quality = Some(sign),
        }
    }
}

/// Returns whether a letter in lower case is Latin, as far as the client's rule goes.
fn is_latin(letter: char) -> bool {
    matches!(letter, 'a'..='z' | '\u{aa}'..='\u{24f}')
}

fn push_folded(folded: &mut String, letters: &[Letter]) {
    // Marks of other scripts go back to where they were.
    folded.extend(letters.iter().map(|letter| letter.base).nfc());
}

fn tones(letters: &[Letter]) -> impl Iterator<Item = Tone> {
    letters.iter().map(|letter| letter.tone).filter(|&tone| tone != Tone::Ngang)
}

/// What sorts as one thing.
enum Part {
    Number(String),
    Letters(Vec<Letter>),
}

fn parts(word: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut is_apart = true;
    for letter in letters(word) {
        match parts.last_mut() {
            _ if !letter.base.is_alphanumeric() && !is_combining_mark(letter.base) => {
                is_apart = true;
                continue;
            }
            Some(Part::Number(digits)) if !is_apart && letter.base.is_ascii_digit() => {
                digits.push(letter.base);
            }
            Some(Part::Letters(letters)) if !is_apart && !letter.base.is_ascii_digit() => {
                letters.push(letter);
            }
            _ if letter.base.is_ascii_digit() => parts.push(Part::Number(letter.base.into())),
            _ => parts.push(Part::Letters(vec![letter])),
        }
        is_apart = false;
    }
    parts
}

/// Appends a number so that the longer comes after the shorter.
fn push_number(key: &mut String, digits: &str) {
    let digits = digits.trim_start_matches('0');
    let mut length = digits.len();
    while length > 8 {
        key.push('9');
        length -= 8;
    }
    // At most 8 are left.
    key.push(char::from(b'0' + length as u8));
    key.push_str(digits);
}

/// Returns what stands for a letter in a key: from `A` on, in the order of the
/// alphabet; itself, behind all of them, if the alphabet does not have it.
fn place(letter: Letter) -> char {
    const ALPHABET: &str = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz";
    let whole = match (letter.base, letter.quality) {
        ('a', Some('\u{306}')) => 'ă',
        ('a', Some('\u{302}')) => 'â',
        ('d', Some('đ')) => 'đ',
        ('e', Some('\u{302}')) => 'ê',
        ('o', Some('\u{302}')) => 'ô',
        ('o', Some('\u{31b}')) => 'ơ',
        ('u', Some('\u{31b}')) => 'ư',
        (base, _) => base,
    };
    match (b'A'..).zip(ALPHABET.chars()).find(|&(_, letter)| letter == whole) {
        Some((place, _)) => char::from(place),
        None => whole,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// What the client's tests read, too.
    fn examples() -> Value {
        serde_json::from_str(include_str!("testdata/folding.json")).unwrap()
    }

    fn is_sorted(texts: &[&str]) {
        for pair in texts.windows(2) {
            assert!(sort_key(pair[0]) < sort_key(pair[1]), "{} before {}", pair[0], pair[1]);
        }
    }

    #[test]
    fn folds_as_the_client_does() {
        for example in examples()["folded"].as_array().unwrap() {
            let [text, folded] = [&example[0], &example[1]].map(|text| text.as_str().unwrap());
            assert_eq!(fold(text), folded, "{text:?}");
        }
    }

    #[test]
    fn sorts_as_the_client_does() {
        let examples = examples();
        let texts = examples["sorted"].as_array().unwrap().iter();
        is_sorted(&texts.map(|text| text.as_str().unwrap()).collect::<Vec<_>>());
    }

    #[test]
    fn every_letter_of_the_alphabet_has_its_place_with_every_tone() {
        let letters = "a ă â b c d đ e ê g h i k l m n o ô ơ p q r s t u ư v x y";
        is_sorted(&letters.split(' ').collect::<Vec<_>>());
        for vowel in "aăâeêioôơuưy".chars() {
            let marks = ["", "\u{300}", "\u{309}", "\u{303}", "\u{301}", "\u{323}"];
            let toned = marks.map(|mark| format!("{vowel}{mark}").nfc().collect::<String>());
            is_sorted(&toned.each_ref().map(String::as_str));
            for text in &toned {
                assert_eq!(fold(text), fold(&vowel.to_string()));
                assert_eq!(sort_key(&text.to_uppercase()), sort_key(text));
            }
        }
    }

    #[test]
    fn where_the_tone_stands_makes_no_difference() {
        for (old, new) in [("Hòa Bình", "Hoà Bình"), ("Thủy", "Thuỷ"), ("Qúy", "Quý")] {
            assert_eq!(fold(old), fold(new));
            assert_eq!(sort_key(old), sort_key(new));
            assert_eq!(Needle::new(old).hit(new), Some(Hit::Exact));
            assert_eq!(Needle::new(new).hit(old), Some(Hit::Exact));
        }
        is_sorted(&["hoa", "hòa", "hoả", "hóa", "hoạ"]);
    }

    #[test]
    fn every_word_of_a_needle_occurs_somewhere() {
        let text = "Camera 12, ngã tư Hàng Đào – Hàng Ngang";
        let folded = fold(text);
        for found in ["", "  ", "hang dao", "đào hàng", "ngang 12", "NGÃ", "ang", "12,", "cam\tera"]
        {
            assert!(Needle::new(found).matches(&folded), "{found}");
        }
        for missed in ["hang bac", "13", "dao dao bac", "hangdao"] {
            assert!(!Needle::new(missed).matches(&folded), "{missed}");
            assert_eq!(Needle::new(missed).hit(text), None);
        }
    }

    #[test]
    fn marks_that_were_typed_rank_first_where_they_are_met() {
        let rank = |needle: &str| {
            let needle = Needle::new(needle);
            ["Đào Tấn", "Dao Tân", "Đảo Ngọc"].map(|text| needle.hit(text))
        };
        assert_eq!(rank("dao"), [Some(Hit::Exact); 3]);
        assert_eq!(rank("đào"), [Some(Hit::Exact), Some(Hit::Folded), Some(Hit::Folded)]);
        assert_eq!(rank("dao tấn"), [Some(Hit::Exact), Some(Hit::Folded), None]);
        // A word half typed, its marks so far.
        assert_eq!(Needle::new("nguyễ").hit("Nguyễn Trãi"), Some(Hit::Exact));
        assert!(Hit::Exact < Hit::Folded);
    }

    #[test]
    fn numbers_sort_by_their_value_however_long() {
        is_sorted(&["Cổng 0", "Cổng 1", "Cổng 02", "Cổng 10", "Cổng 10a", "Cổng 99999999"]);
        is_sorted(&["7", "99999999", "100000000", "9999999999999999", "10000000000000000"]);
        is_sorted(&["A2-B", "A2-C", "A10-B"]);
        assert_eq!(sort_key("Cổng 02"), sort_key("cổng  2"));
    }

    proptest! {
        #[test]
        fn what_is_folded_stays_as_it_is(text in "\\PC*|[a-zÀ-ỹ\u{300}-\u{323} ]*") {
            let folded = fold(&text);
            prop_assert_eq!(fold(&folded), folded.clone());
            prop_assert!(Needle::new(&text).matches(&folded));
            prop_assert_eq!(Needle::new(&text).hit(&text), Some(Hit::Exact));
        }

        #[test]
        fn composed_or_not_is_the_same(text in "\\PC*|[a-zÀ-ỹ\u{300}-\u{323} ]*") {
            let (composed, apart) = (text.nfc().to_string(), text.nfd().to_string());
            prop_assert_eq!(fold(&composed), fold(&apart));
            prop_assert_eq!(sort_key(&composed), sort_key(&apart));
        }
    }
}

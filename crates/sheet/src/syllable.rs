//! Whether a word is a Vietnamese syllable: an onset, a rime, at most one tone.
//!
//! Tells right from wrong decodings; which syllables mean something is not asked.

use unicode_normalization::UnicodeNormalization;

/// The longer before what they begin with.
const ONSETS: [&str; 28] = [
    "ngh", "ch", "gh", "gi", "kh", "ng", "nh", "ph", "qu", "th", "tr", "b", "c", "d", "đ", "g",
    "h", "k", "l", "m", "n", "p", "q", "r", "s", "t", "v", "x",
];

const RIMES: &str = "a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp \
    ât âu ây e ec em en eng eo ep et ê êch êm ên ênh êp êt êu i ia ich iêc iêm iên iêng iêp iêt \
    iêu im in inh ip it iu o oa oac oach oai oam oan oang oanh oao oap oat oay oăc oăm oăn oăng \
    oăt oc oe oen oeo oet oi om on ong oong op ot ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt u ua \
    uân uâng uât uây uc uê uêch uênh ui um un ung uôc uôi uôm uôn uông uôt uơ up ut uy uya uych \
    uyên uyêt uynh uyt uyu ư ưa ưc ưi ưm ưn ưng ươc ươi ươm ươn ương ươp ươt ươu ưt ưu y yêm yên \
    yêng yêt yêu";

/// Returns whether a word is one, in any case.
pub(crate) fn is_syllable(word: &str) -> bool {
    let is_tone = |sign: &char| "\u{300}\u{301}\u{303}\u{309}\u{323}".contains(*sign);
    let (tones, letters): (Vec<char>, Vec<char>) =
        word.to_lowercase().nfd().partition(|sign| is_tone(sign));
    let letters: String = letters.into_iter().nfc().collect();
    // Stops are said high or low, and nothing between.
    let is_stopped = letters.ends_with(['p', 't', 'c']) || letters.ends_with("ch");
    let is_said = match tones[..] {
        [] => true,
        [tone] => !is_stopped || matches!(tone, '\u{301}' | '\u{323}'),
        _ => false,
    };
    is_said
        && (is_rime(&letters)
            || ONSETS.iter().any(|onset| letters.strip_prefix(onset).is_some_and(is_rime)))
}

fn is_rime(letters: &str) -> bool {
    RIMES.split_ascii_whitespace().any(|rime| rime == letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_a_text_is_a_syllable() {
        let text = "Nước Cộng hòa xã hội chủ nghĩa Việt Nam Độc lập Tự do Hạnh phúc quý gì giếng \
                    nghiêng khuỷu tay thuở uỷ ban nhân dân quận Hoàn Kiếm phường Cửa Nam đường \
                    Nguyễn Trãi ngã tư Khuất Duy Tiến huỳnh huỵch quyết yểu điệu ĐÔNG ANH giữa";
        for word in text.split_whitespace() {
            assert!(is_syllable(word), "{word}");
        }
    }

    #[test]
    fn what_a_wrong_decoding_makes_is_none() {
        for word in ["Hµ", "Néi", "ViÖt", "Noäi", "Haø", "Ñöôøng", "thµnh", "", "h", "hàt", "hàá"]
        {
            assert!(!is_syllable(word), "{word}");
        }
    }
}

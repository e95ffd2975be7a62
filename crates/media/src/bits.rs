//! Reading a parameter set bit by bit, with the numbers that H.264 and H.265
//! share (ITU-T H.264 §9.1, H.265 §9.2: Exp-Golomb codes).

/// Why bits cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BitsError {
    /// They end within a field.
    TooShort,
    /// A number has more than 32 bits.
    TooLarge,
    /// A field says what it cannot, in words.
    Nonsense(&'static str),
}

/// A row of bits, most significant first.
pub(crate) struct Bits<'a> {
    bytes: &'a [u8],
    /// Bits read so far.
    at: usize,
}

impl<'a> Bits<'a> {
    /// Reads `bytes` from the bit of this number on.
    pub(crate) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// Reads one bit.
    pub(crate) fn flag(&mut self) -> Result<bool, BitsError> {
        let byte = self.bytes.get(self.at / 8).ok_or(BitsError::TooShort)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Ok(bit == 1)
    }

    /// Reads a number of so many bits, 32 at most.
    pub(crate) fn read(&mut self, bits: u32) -> Result<u32, BitsError> {
        let mut number = 0;
        for _ in 0..bits {
            number = number << 1 | u32::from(self.flag()?);
        }
        Ok(number)
    }

    /// Passes over so many bits.
    pub(crate) fn skip(&mut self, bits: usize) -> Result<(), BitsError> {
        self.at += bits;
        if self.at > self.bytes.len() * 8 { Err(BitsError::TooShort) } else { Ok(()) }
    }

    /// Reads an Exp-Golomb number: n zeros, a one, n bits.
    pub(crate) fn ue(&mut self) -> Result<u32, BitsError> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 31 {
                return Err(BitsError::TooLarge);
            }
        }
        Ok((1 << zeros) - 1 + self.read(zeros)?)
    }

    /// Reads one that is nonsense above `most`.
    pub(crate) fn ue_up_to(
        &mut self,
        most: u32,
        otherwise: &'static str,
    ) -> Result<u32, BitsError> {
        self.ue().and_then(|n| if n <= most { Ok(n) } else { Err(BitsError::Nonsense(otherwise)) })
    }

    /// Reads a signed Exp-Golomb number: 0, 1, -1, 2, -2, …
    pub(crate) fn se(&mut self) -> Result<i64, BitsError> {
        let code = i64::from(self.ue()?);
        Ok(if code % 2 == 0 { -code / 2 } else { code / 2 + 1 })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_there_is_not_read() {
        let mut bits = Bits::new(&[0xff], 4);
        assert_eq!(bits.read(4), Ok(15));
        assert_eq!(bits.flag(), Err(BitsError::TooShort));
        assert_eq!(Bits::new(&[0], 0).skip(9), Err(BitsError::TooShort));
        assert_eq!(Bits::new(&[0; 9], 0).ue(), Err(BitsError::TooLarge));
    }

    proptest! {
        #[test]
        fn numbers_read_as_they_were_written(numbers in prop::collection::vec(0u32..u32::MAX - 1, 1..20)) {
            let mut bits = Vec::new();
            for &number in &numbers {
                let coded = u64::from(number) + 1;
                let length = 64 - coded.leading_zeros() as usize;
                bits.extend(std::iter::repeat_n(false, length - 1));
                bits.extend((0..length).rev().map(|bit| coded >> bit & 1 == 1));
            }
            let bytes: Vec<u8> = bits
                .chunks(8)
                .map(|chunk| chunk.iter().enumerate().fold(0, |byte, (at, &bit)| byte | u8::from(bit) << (7 - at)))
                .collect();
            let mut bits = Bits::new(&bytes, 0);
            for number in numbers {
                prop_assert_eq!(bits.ue(), Ok(number));
            }
        }
    }
}

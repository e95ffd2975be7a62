//! A set of cameras, by their place in a [`World`](crate::decide::World).
//!
//! Many are bits of a row, few are a list: a grant for three of forty thousand
//! cameras must not weigh five thousand bytes.

/// A camera's place.
pub(crate) type Index = u32;

/// Some cameras.
#[derive(Clone, Debug)]
pub(crate) enum Cameras {
    /// In order, none twice.
    Few(Vec<Index>),
    /// Bit `n % 64` of word `n / 64` is camera `n`.
    Many(Vec<u64>),
}

impl Cameras {
    pub(crate) fn none() -> Self {
        Self::Few(Vec::new())
    }

    /// Returns those given, of so many that there are.
    pub(crate) fn of(there_are: usize, cameras: impl Iterator<Item = Index>) -> Self {
        let mut few: Vec<_> = cameras.collect();
        if few.len() * 32 <= there_are {
            few.sort_unstable();
            few.dedup();
            return Self::Few(few);
        }
        let mut words = vec![0; there_are.div_ceil(64)];
        few.into_iter().for_each(|at| set(&mut words, at));
        Self::Many(words)
    }

    pub(crate) fn contains(&self, at: Index) -> bool {
        match self {
            Self::Few(few) => few.binary_search(&at).is_ok(),
            Self::Many(words) => {
                words.get(at as usize / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
            }
        }
    }

    /// Adds all of `others`.
    pub(crate) fn add(&mut self, others: &Self) {
        match (&mut *self, others) {
            (Self::Many(words), Self::Many(others)) => {
                words.resize(words.len().max(others.len()), 0);
                words.iter_mut().zip(others).for_each(|(word, other)| *word |= other);
            }
            (Self::Many(words), Self::Few(others)) => others.iter().for_each(|&at| set(words, at)),
            (Self::Few(few), Self::Few(others)) => {
                few.extend(others);
                few.sort_unstable();
                few.dedup();
            }
            (Self::Few(few), Self::Many(words)) => {
                let mut words = words.clone();
                few.iter().for_each(|&at| set(&mut words, at));
                *self = Self::Many(words);
            }
        }
    }

    /// Returns those that are in both.
    pub(crate) fn intersection(&self, others: &Self) -> Self {
        match (self, others) {
            (Self::Few(few), others) | (others, Self::Few(few)) => {
                Self::Few(few.iter().filter(|&&at| others.contains(at)).copied().collect())
            }
            (Self::Many(words), Self::Many(others)) => {
                Self::Many(words.iter().zip(others).map(|(word, other)| word & other).collect())
            }
        }
    }
}

impl IntoIterator for Cameras {
    type Item = Index;
    type IntoIter = Box<dyn Iterator<Item = Index>>;

    /// Yields them in order.
    fn into_iter(self) -> Self::IntoIter {
        match self {
            Self::Few(few) => Box::new(few.into_iter()),
            Self::Many(words) => Box::new((0..).zip(words).flat_map(|(at, word): (Index, u64)| {
                (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| at * 64 + bit)
            })),
        }
    }
}

fn set(words: &mut Vec<u64>, at: Index) {
    let word = at as usize / 64;
    if word >= words.len() {
        words.resize(word + 1, 0);
    }
    words[word] |= 1 << (at % 64);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn sets_do_as_plain_sets_do_whether_few_or_many() {
        const THERE_ARE: usize = 200;
        // Every so many, from a first one on: some few, some many.
        let plain: Vec<BTreeSet<Index>> = [1, 3, 63, 64, 65, 100, 300]
            .iter()
            .flat_map(|step| [0, 1, 63, 64, 199].map(|from| (from..200).step_by(*step).collect()))
            .collect();
        let of = |set: &BTreeSet<Index>| Cameras::of(THERE_ARE, set.iter().copied());
        for a in &plain {
            assert_eq!(&of(a).into_iter().collect::<BTreeSet<_>>(), a);
            assert!((0..300).all(|at| of(a).contains(at) == a.contains(&at)));
            for b in &plain {
                let mut sum = of(a);
                sum.add(&of(b));
                assert_eq!(sum.into_iter().collect::<BTreeSet<_>>(), a | b);
                let both = of(a).intersection(&of(b));
                assert_eq!(both.into_iter().collect::<BTreeSet<_>>(), a & b);
            }
        }
    }
}

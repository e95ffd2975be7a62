//! Closed sets whose members stand as one word in rows, tables and the API.

/// Makes enums of which each member has a word.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $member:ident = $word:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$of])* $member,)*
        }

        impl $name {
            /// All of them, in the order in which they are shown.
            pub const ALL: &'static [Self] = &[$(Self::$member,)*];

            /// Returns the word that rows and the API use.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$member => $word,)*
                }
            }

            /// Reads the word that `as_str` writes.
            pub fn of(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == word)
            }
        }
    )*};
}

pub(crate) use words;

#[cfg(test)]
mod tests {
    use crate::{LifeCycle, LinkKind, OrganisationKind, Purpose, SiteCategory};

    #[test]
    fn every_member_reads_back_from_its_word() {
        macro_rules! read_back {
            ($($set:ident)*) => {$(
                for member in $set::ALL {
                    assert_eq!($set::of(member.as_str()), Some(*member));
                }
                assert_eq!($set::of(""), None);
            )*};
        }
        read_back!(LifeCycle LinkKind OrganisationKind Purpose SiteCategory);
    }
}

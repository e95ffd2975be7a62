//! What a player asks for: the names in our playlists, and the question marks
//! behind them.
//!
//! ```text
//! index.m3u8                         the multivariant playlist
//! video.m3u8?_HLS_msn=12&_HLS_part=3 a media playlist, once it has that part
//! video-init-1.mp4                   parameters
//! video-12.m4s · video-12.3.m4s      a segment · a part of it
//! ```

use std::fmt;

/// Which of a playlist's media.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Track {
    /// Pictures.
    Video,
    /// Sound.
    Sound,
}

/// A file of a presentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum File {
    /// The multivariant playlist.
    Index,
    /// A media playlist.
    Playlist(Track),
    /// An initialisation segment, by its number.
    Init(Track, u32),
    /// A whole segment, by its media sequence number.
    Segment(Track, u64),
    /// A part of a segment, counted from 0.
    Part(Track, u64, u32),
}

/// What a playlist must hold before it is given (`_HLS_msn`, `_HLS_part`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reload {
    /// The media sequence number.
    pub msn: u64,
    /// The part of that segment; the whole segment if none is said.
    pub part: Option<u32>,
}

impl Track {
    /// Returns how its files' names begin.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::Sound => "sound",
        }
    }
}

impl File {
    /// Reads a name; whatever is not written as we write it is the name of nothing.
    pub fn parse(name: &str) -> Option<Self> {
        if name == "index.m3u8" {
            return Some(Self::Index);
        }
        let (track, rest) = [Track::Video, Track::Sound]
            .into_iter()
            .find_map(|track| Some((track, name.strip_prefix(track.as_str())?)))?;
        if rest == ".m3u8" {
            return Some(Self::Playlist(track));
        }
        let rest = rest.strip_prefix('-')?;
        if let Some(number) = rest.strip_prefix("init-") {
            return Some(Self::Init(track, number.strip_suffix(".mp4")?.parse().ok()?))
                .filter(|file| file.to_string() == name);
        }
        let numbers = rest.strip_suffix(".m4s")?;
        let file = match numbers.split_once('.') {
            Some((msn, part)) => Self::Part(track, msn.parse().ok()?, part.parse().ok()?),
            None => Self::Segment(track, numbers.parse().ok()?),
        };
        // `+7` and `07` are numbers as well, and no names of ours.
        Some(file).filter(|file| file.to_string() == name)
    }
}

impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Index => f.write_str("index.m3u8"),
            Self::Playlist(track) => write!(f, "{}.m3u8", track.as_str()),
            Self::Init(track, number) => write!(f, "{}-init-{number}.mp4", track.as_str()),
            Self::Segment(track, msn) => write!(f, "{}-{msn}.m4s", track.as_str()),
            Self::Part(track, msn, part) => write!(f, "{}-{msn}.{part}.m4s", track.as_str()),
        }
    }
}

impl Reload {
    /// Reads the directives out of a query; `None` if there are none.
    ///
    /// # Errors
    /// In words, for whoever wrote the player.
    pub fn parse(query: &str) -> Result<Option<Self>, &'static str> {
        let value = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
        };
        let Some(msn) = value("_HLS_msn") else {
            return match value("_HLS_part") {
                Some(_) => Err("_HLS_part needs _HLS_msn beside it"),
                None => Ok(None),
            };
        };
        let msn = msn.parse().map_err(|_| "_HLS_msn is no number of a segment")?;
        let part = value("_HLS_part").map(str::parse).transpose();
        Ok(Some(Self { msn, part: part.map_err(|_| "_HLS_part is no number of a part")? }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_and_nothing_else_is_one() {
        for name in [
            "index.m3u8",
            "video.m3u8",
            "sound.m3u8",
            "video-init-3.mp4",
            "sound-17.m4s",
            "video-218345678.11.m4s",
        ] {
            assert_eq!(File::parse(name).map(|file| file.to_string()).as_deref(), Some(name));
        }
        for name in [
            "",
            "video",
            "video-.m4s",
            "video-07.m4s",
            "video-+7.m4s",
            "video-7.m4s.m4s",
            "video-7.1.2.m4s",
            "video-init-.mp4",
            "sound-init--1.mp4",
            "video-99999999999999999999.m4s",
            "../index.m3u8",
            "INDEX.M3U8",
        ] {
            assert_eq!(File::parse(name), None, "{name}");
        }
    }

    #[test]
    fn a_reload_is_read_among_other_words_and_refused_in_words() {
        let reload = |query| Reload::parse(query);
        assert_eq!(reload(""), Ok(None));
        assert_eq!(reload("a=b&_HLS_skip=YES"), Ok(None));
        assert_eq!(reload("_HLS_msn=7"), Ok(Some(Reload { msn: 7, part: None })));
        let both = Ok(Some(Reload { msn: 7, part: Some(2) }));
        assert_eq!(reload("x&_HLS_part=2&_HLS_msn=7"), both);
        assert_eq!(reload("_HLS_part=2"), Err("_HLS_part needs _HLS_msn beside it"));
        assert!(reload("_HLS_msn=-1").is_err() && reload("_HLS_msn=1&_HLS_part=x").is_err());
    }
}

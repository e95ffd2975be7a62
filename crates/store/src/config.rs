//! What a node's file says of its store: where, and how much.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where recordings lie and what they may take. What is kept how long is not
/// the node's to say: see `Retention`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
    /// The store's folder.
    pub root: PathBuf,
    /// The longest a segment may be, in seconds; it ends with the next keyframe,
    /// and at twice this without one.
    pub segment_s: u32,
    /// The most a segment may hold, in bytes; twice this where no keyframe comes.
    pub segment_bytes: u64,
    /// How often what was written is made to last, in milliseconds; 2000 at most,
    /// so that at most 5 s of recording lie above the watermark.
    pub sync_every_ms: u32,
    /// The most that may wait in memory for the disk, in bytes. One stream may
    /// take an eighth of it, or 16 MiB if that is more.
    pub write_queue_bytes: u64,
    /// Room that recording leaves free on the disk, in bytes.
    pub reserve_bytes: u64,
    /// The most that recordings may take, in bytes.
    pub ceiling_bytes: Option<u64>,
    /// How many threads write. More help where the disk answers slowly.
    pub disk_threads: usize,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            root: PathBuf::from("recordings"),
            segment_s: 600,
            segment_bytes: 256 << 20,
            sync_every_ms: 1000,
            write_queue_bytes: 256 << 20,
            reserve_bytes: 1 << 30,
            ceiling_bytes: None,
            disk_threads: 2,
        }
    }
}

impl StoreConfig {
    /// The longest from one round of syncing to the next, in milliseconds: 2 s are
    /// gathered before they are written, and the disk needs a part of the 5 s.
    const LONGEST_ROUND_MS: u32 = 2000;

    /// Refuses what cannot work; the words name the key and what it may be. Whoever
    /// opens a store without asking, as a test may, gets what it says.
    pub fn check(&self) -> Result<(), String> {
        let leasts = [
            ("segment_s", u64::from(self.segment_s), 1),
            ("segment_bytes", self.segment_bytes, 1 << 20),
            ("sync_every_ms", self.sync_every_ms.into(), 10),
            ("write_queue_bytes", self.write_queue_bytes, 16 << 20),
        ];
        match leasts.into_iter().find(|(_, value, least)| value < least) {
            Some((key, value, least)) => {
                Err(format!("{key} = {value} cannot work; give at least {least}"))
            }
            None if self.sync_every_ms > Self::LONGEST_ROUND_MS => Err(format!(
                "sync_every_ms = {} lets a power cut take more than 5 s of recording; \
                 give at most {}",
                self.sync_every_ms,
                Self::LONGEST_ROUND_MS
            )),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_work_is_refused_with_the_least_that_can() {
        assert_eq!(StoreConfig::default().check(), Ok(()));
        let never = StoreConfig { sync_every_ms: 0, ..StoreConfig::default() };
        let refusal = never.check().unwrap_err();
        assert_eq!(refusal, "sync_every_ms = 0 cannot work; give at least 10");
        for key in ["segment_s", "segment_bytes", "write_queue_bytes"] {
            let text = format!(r#"{{"{key}": 0}}"#);
            let config: StoreConfig = serde_json::from_str(&text).unwrap();
            assert!(config.check().unwrap_err().starts_with(key));
        }
    }

    #[test]
    fn rounds_so_rare_that_more_than_five_seconds_may_be_lost_are_refused() {
        let every = |sync_every_ms| StoreConfig { sync_every_ms, ..StoreConfig::default() };
        assert_eq!(every(2000).check(), Ok(()));
        assert_eq!(
            every(2001).check().unwrap_err(),
            "sync_every_ms = 2001 lets a power cut take more than 5 s of recording; \
             give at most 2000"
        );
    }

    #[test]
    fn an_unknown_key_is_refused_and_a_missing_one_has_its_default() {
        let read = serde_json::from_str::<StoreConfig>;
        assert_eq!(read("{}").unwrap(), StoreConfig::default());
        assert_eq!(read(r#"{"segment_s": 60}"#).unwrap().segment_s, 60);
        assert!(read(r#"{"segmnet_s": 60}"#).is_err());
    }
}

//! A look at a camera before it is written down.

use std::time::Duration;

use tokio::time::timeout;

use crate::clock::Clock;
use crate::connection::{Limits, Session};
use crate::fault::Fault;
use crate::source::Source;

/// What a camera offers.
#[derive(Clone, Debug, PartialEq)]
pub struct Probed {
    /// The codec as RFC 6381 writes it: `avc1.64001f`.
    pub codec: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Frames a second, where that can be told.
    pub fps: Option<f64>,
    /// The codec of the sound that it has too, as the camera names it; it was
    /// not listened to.
    pub sound: Option<String>,
    /// SHA-256 of the certificate that it showed, over `rtsps`.
    pub certificate: Option<[u8; 32]>,
}

/// Tries a source: opens it and looks at its first frames.
pub async fn probe(source: &Source, limits: &Limits) -> Result<Probed, Fault> {
    // Enough to see how far apart they are, and soon there.
    const FRAMES: usize = 15;
    const PATIENCE: Duration = Duration::from_secs(2);

    // Nobody has said yet that this camera may be listened to.
    let source = Source { sound: false, ..source.clone() };
    let mut session = Session::open(&source, Clock::System, limits.clone()).await?;
    let mut frames = session.next_frames().await?;
    let more = async {
        while frames.len() < FRAMES {
            frames.extend(session.next_frames().await?);
        }
        Ok(())
    };
    // Fewer will do: a camera of one frame a second is one too.
    let more = timeout(PATIENCE, more).await;
    let (sound, certificate) = (session.offers_sound().map(str::to_owned), session.certificate());
    session.close().await;
    more.unwrap_or(Ok(()))?;
    let params = &frames[0].params;
    let span_us = frames[frames.len() - 1].wall.micros_since(frames[0].wall);
    let counted = (span_us > 0).then(|| (frames.len() - 1) as f64 * 1e6 / span_us as f64);
    Ok(Probed {
        codec: params.rfc6381(),
        width: params.width,
        height: params.height,
        fps: frame_rate(media::h264::frame_rate(params), counted),
        sound,
        certificate,
    })
}

/// Returns what was announced if that is also what came, else what came.
fn frame_rate(announced: Option<f64>, counted: Option<f64>) -> Option<f64> {
    let Some(counted) = counted else { return announced };
    let rounded = (counted * 10.0).round() / 10.0;
    let agrees = |announced: &f64| (announced - counted).abs() <= counted * 0.05;
    Some(announced.filter(agrees).unwrap_or(rounded))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_rate_announced_is_believed_if_it_is_seen() {
        assert_eq!(frame_rate(Some(25.0), Some(24.6)), Some(25.0));
        assert_eq!(frame_rate(Some(25.0), Some(12.52)), Some(12.5));
        assert_eq!(frame_rate(None, Some(14.98)), Some(15.0));
        assert_eq!(frame_rate(Some(25.0), None), Some(25.0));
        assert_eq!(frame_rate(None, None), None);
    }
}

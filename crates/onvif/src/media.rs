//! What a device shows: its profiles, and where their streams and pictures are.
//!
//! ```text
//! video source ─┬─ profile main ── encoder H.265 2560×1440
//! (a channel)   └─ profile sub ─── encoder H.264 640×360
//! ```
//!
//! The newer service (Media2) is asked first: the older one has no word for H.265. A
//! profile is known by its token, never by its place in the list, which changes with the
//! firmware; and its token counts for the service that told it.

use url::Url;

use crate::client::Client;
use crate::fault::{Fault, FaultKind, short};
use crate::soap::{Operation, Service};
use crate::xml::{Element, escaped};

/// The most profiles of one device: a recorder of 64 channels has some 200.
const MOST: usize = 1024;

/// One way that a device shows one of its sources.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// By what it is asked for.
    pub token: String,
    /// What it is called.
    pub name: String,
    /// Which source it shows: the lens, or the channel of a recorder.
    pub source: Option<String>,
    /// How its pictures are encoded.
    pub encoder: Option<Encoder>,
    /// By what its turning is configured, if it can be turned.
    pub ptz: Option<String>,
    /// Whether it has sound.
    pub has_sound: bool,
    /// Whether it tells what it recognises.
    pub has_metadata: bool,
    /// The service that told of it.
    service: Service,
}

/// How pictures are encoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoder {
    /// As the device says it: `H264`, `H265`, `JPEG`, `MPEG4`, ….
    pub codec: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The most frames a second.
    pub fps: Option<f64>,
    /// The most kbit a second.
    pub bitrate_kbps: Option<u32>,
    /// Frames from one keyframe to the next.
    pub gop: Option<u32>,
}

impl Profile {
    /// Returns how many pixels its pictures have.
    fn pixels(&self) -> u64 {
        let of = |encoder: &Encoder| u64::from(encoder.width) * u64::from(encoder.height);
        self.encoder.as_ref().map_or(0, of)
    }

    /// Returns whether what it shows can be recorded.
    fn is_video(&self) -> bool {
        let codec = self.encoder.as_ref().map(|encoder| encoder.codec.to_ascii_uppercase());
        codec.is_some_and(|codec| {
            let codec: String = codec.chars().filter(char::is_ascii_alphanumeric).collect();
            ["H264", "H265", "HEVC", "AVC"].iter().any(|known| codec.contains(known))
        })
    }
}

/// A source with the profiles that matter.
#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    /// By what the device knows the source, if it says so.
    pub source: Option<String>,
    /// Its best pictures.
    pub main: Profile,
    /// Small ones, if it has them.
    pub sub: Option<Profile>,
}

/// Chooses for each source its best picture, and a small one for many on a screen: of
/// those below it the one nearest to 640 × 360, and none above 1280 × 720.
pub fn channels(profiles: &[Profile]) -> Vec<Channel> {
    const NEAR: u64 = 640 * 360;
    const SMALL: u64 = 1280 * 720;
    let mut sources: Vec<Option<&str>> = Vec::new();
    for profile in profiles.iter().filter(|profile| profile.is_video()) {
        if !sources.contains(&profile.source.as_deref()) {
            sources.push(profile.source.as_deref());
        }
    }
    let of = |source: Option<&str>| {
        let own =
            || profiles.iter().filter(move |one| one.is_video() && one.source.as_deref() == source);
        // The first of equals: devices put what is meant for recording first.
        let main = own().rev().max_by_key(|one| one.pixels())?;
        let smaller = own().filter(|one| {
            one.token != main.token && one.pixels() <= SMALL && one.pixels() < main.pixels()
        });
        // How many times as large or as small; what tells no size comes last.
        let far = |pixels: u64| (pixels.max(NEAR) * 1000).checked_div(pixels.min(NEAR));
        let sub = smaller.min_by_key(|one| far(one.pixels()).unwrap_or(u64::MAX));
        let source = source.map(str::to_owned);
        Some(Channel { source, main: main.clone(), sub: sub.cloned() })
    };
    sources.into_iter().filter_map(of).collect()
}

impl Client {
    /// Returns the profiles of the device.
    ///
    /// # Errors
    ///
    /// If neither service tells of any.
    pub async fn profiles(&mut self) -> Result<Vec<Profile>, Fault> {
        let mut why = None;
        for service in [Service::Media2, Service::Media1] {
            if !self.has(service) {
                continue;
            }
            let inner = match service {
                // Without it there are tokens and names alone.
                Service::Media2 => "<q:Type>All</q:Type>".to_owned(),
                _ => String::new(),
            };
            match self.call(&Operation::new(service, "GetProfiles", inner)).await {
                Ok(answer) => {
                    let profiles = profiles(&answer, service);
                    if profiles.iter().any(|profile| profile.encoder.is_some()) {
                        return Ok(profiles);
                    }
                    why.get_or_insert_with(|| {
                        let words = "the device has no profile with pictures; make one in it";
                        Fault::new(FaultKind::Incomplete, words)
                    });
                }
                Err(fault) if !fault.kind.is_of_one_call() => return Err(fault),
                Err(fault) => why = Some(fault),
            }
        }
        Err(why.unwrap_or_else(|| {
            Fault::new(FaultKind::Unsupported, "the device tells of no media service")
        }))
    }

    /// Returns where a profile's stream may be asked, the likeliest first.
    ///
    /// # Errors
    ///
    /// If the device does not tell, or tells something that is no address.
    pub async fn stream(&mut self, profile: &Profile) -> Result<Vec<Url>, Fault> {
        let token = escaped(&profile.token).into_owned();
        // What travels within the connection passes NAT, and nothing of it is lost.
        let inner = match profile.service {
            Service::Media2 => {
                format!("<q:Protocol>RTSP</q:Protocol><q:ProfileToken>{token}</q:ProfileToken>")
            }
            _ => format!(
                "<q:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream><tt:Transport>\
                 <tt:Protocol>RTSP</tt:Protocol></tt:Transport></q:StreamSetup>\
                 <q:ProfileToken>{token}</q:ProfileToken>"
            ),
        };
        let said = self.uri(profile.service, "GetStreamUri", inner).await?;
        let urls = self.home().streams(&said);
        if urls.is_empty() {
            let words = "the device says something of its stream that is no address";
            return Err(Fault::new(FaultKind::Protocol, words));
        }
        Ok(urls)
    }

    /// Returns a picture of a profile, as JPEG.
    ///
    /// # Errors
    ///
    /// If the device has none, or gives none.
    pub async fn snapshot(&mut self, profile: &Profile) -> Result<bytes::Bytes, Fault> {
        let token = escaped(&profile.token);
        let inner = format!("<q:ProfileToken>{token}</q:ProfileToken>");
        let said = self.uri(profile.service, "GetSnapshotUri", inner).await?;
        self.picture(&said).await
    }

    async fn uri(
        &mut self,
        service: Service,
        name: &'static str,
        inner: String,
    ) -> Result<String, Fault> {
        let answer = self.call(&Operation::new(service, name, inner)).await?;
        // One has it in the answer, the other within an element of its own.
        let said = answer.find("Uri").map(|uri| uri.text.clone());
        said.filter(|said| !said.is_empty()).ok_or_else(|| {
            Fault::new(FaultKind::Unsupported, format!("{name}: the device gives no address"))
        })
    }
}

/// Reads the profiles of an answer; what has no token cannot be asked for.
fn profiles(answer: &Element, service: Service) -> Vec<Profile> {
    let found = answer.all("Profiles").filter_map(|one| profile(one, service));
    found.take(MOST).collect()
}

fn profile(element: &Element, service: Service) -> Option<Profile> {
    let token = element.attribute("token").filter(|token| !token.is_empty())?.to_owned();
    let name = element.text_at(&["Name"]).map(short).unwrap_or_default();
    let part = |new: &str, old: &str| match service {
        Service::Media2 => element.at(&["Configurations", new]).cloned(),
        _ => element.child(old).cloned(),
    };
    let source = part("VideoSource", "VideoSourceConfiguration");
    let source = source.and_then(|source| source.text_at(&["SourceToken"]).map(str::to_owned));
    let encoder = part("VideoEncoder", "VideoEncoderConfiguration");
    let ptz = part("PTZ", "PTZConfiguration");
    Some(Profile {
        token,
        name,
        source,
        encoder: encoder.as_ref().and_then(encoding),
        ptz: ptz.and_then(|ptz| ptz.attribute("token").map(str::to_owned)),
        has_sound: part("AudioEncoder", "AudioEncoderConfiguration").is_some(),
        has_metadata: part("Metadata", "MetadataConfiguration").is_some(),
        service,
    })
}

fn encoding(element: &Element) -> Option<Encoder> {
    let rate =
        |name: &str| element.parsed::<f64>(&["RateControl", name]).filter(|rate| *rate > 0.0);
    let gop = element.attribute("GovLength").map(str::to_owned);
    let older = || {
        ["H264", "MPEG4"]
            .iter()
            .find_map(|codec| element.text_at(&[codec, "GovLength"]).map(str::to_owned))
    };
    Some(Encoder {
        codec: short(element.text_at(&["Encoding"])?),
        width: element.parsed(&["Resolution", "Width"]).unwrap_or(0),
        height: element.parsed(&["Resolution", "Height"]).unwrap_or(0),
        fps: rate("FrameRateLimit"),
        bitrate_kbps: rate("BitrateLimit").map(|rate| rate as u32),
        gop: gop.or_else(older).and_then(|gop| gop.trim().parse().ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn video(token: &str, source: &str, width: u32, height: u32, codec: &str) -> Profile {
        let encoder = Encoder {
            codec: codec.to_owned(),
            width,
            height,
            fps: None,
            bitrate_kbps: None,
            gop: None,
        };
        Profile {
            token: token.to_owned(),
            name: String::new(),
            source: Some(source.to_owned()),
            encoder: Some(encoder),
            ptz: None,
            has_sound: false,
            has_metadata: false,
            service: Service::Media2,
        }
    }

    fn chosen(profiles: &[Profile]) -> Vec<(String, Option<String>)> {
        let all = channels(profiles).into_iter();
        all.map(|one| (one.main.token, one.sub.map(|sub| sub.token))).collect()
    }

    #[test]
    fn each_source_has_its_best_picture_and_a_small_one() {
        let some = |token: &str| Some(token.to_owned());
        let all = [
            video("sub", "a", 704, 576, "H264"),
            video("main", "a", 2560, 1440, "H265"),
            video("third", "a", 1920, 1080, "H264"),
            video("tiny", "a", 320, 180, "H264"),
            video("b", "b", 1920, 1080, "H264"),
            video("b again", "b", 1920, 1080, "H264"),
            video("pictures", "c", 1920, 1080, "JPEG"),
        ];
        assert_eq!(chosen(&all), [("main".to_owned(), some("sub")), ("b".to_owned(), None)]);
        assert_eq!(chosen(&[]), []);
    }

    #[test]
    fn profiles_are_read_from_either_service() {
        let newer = "<r><Profiles token=\"P 1\"><Name>m</Name><Configurations>\
            <VideoSource token=\"v\"><SourceToken>S1</SourceToken></VideoSource>\
            <VideoEncoder token=\"e\" GovLength=\"50\"><Encoding>H265</Encoding><Resolution><Width>2560</Width>\
            <Height>1440</Height></Resolution><RateControl><FrameRateLimit>25.0</FrameRateLimit>\
            <BitrateLimit>4096</BitrateLimit></RateControl></VideoEncoder><PTZ token=\"z\"/></Configurations></Profiles>\
            <Profiles token=\"\"/><Profiles/></r>";
        let older = "<r><Profiles token=\"P 1\"><Name>m</Name>\
            <VideoSourceConfiguration token=\"v\"><SourceToken>S1</SourceToken></VideoSourceConfiguration>\
            <VideoEncoderConfiguration token=\"e\"><Encoding>H265</Encoding><Resolution><Width>2560</Width>\
            <Height>1440</Height></Resolution><RateControl><FrameRateLimit>25</FrameRateLimit>\
            <BitrateLimit>4096</BitrateLimit></RateControl><H264><GovLength>50</GovLength></H264>\
            </VideoEncoderConfiguration><PTZConfiguration token=\"z\"/></Profiles></r>";
        let read =
            |text: &str, service| profiles(&Element::read(text.as_bytes()).unwrap(), service);
        let (newer, older) = (read(newer, Service::Media2), read(older, Service::Media1));
        assert_eq!(newer.len(), 1);
        let encoder = newer[0].encoder.as_ref().unwrap();
        assert_eq!(
            (encoder.width, encoder.height, encoder.fps, encoder.bitrate_kbps, encoder.gop),
            (2560, 1440, Some(25.0), Some(4096), Some(50))
        );
        assert_eq!((newer[0].source.as_deref(), newer[0].ptz.as_deref()), (Some("S1"), Some("z")));
        assert_eq!(older, [Profile { service: Service::Media1, ..newer[0].clone() }]);
    }
}

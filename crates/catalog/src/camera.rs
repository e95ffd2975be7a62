//! A camera, its streams, and what is asked of them.
//!
//! What the camera does at this moment is `recorder`'s to say; what it has
//! recorded, `store`'s.

use std::ops::RangeInclusive;

use base::{CameraId, Day, Link, SiteId, StreamId};
use url::Url;

use crate::{Class, Error, Particulars, ParticularsChange, Secret, error};

/// The numbers of a class: what can still be typed at a desk. Those of defence
/// are apart, so that a number that is taken gives none of them away.
pub fn numbers(class: Class) -> RangeInclusive<u32> {
    match class {
        Class::Ordinary => 1..=8_999_999,
        Class::Defence => 9_000_000..=9_999_999,
    }
}

/// One video source with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Camera {
    /// Its id.
    pub id: CameraId,
    /// The short number typed at the desk; no two cameras share one.
    pub number: u32,
    /// Its name, as it is shown.
    pub name: String,
    /// Where it hangs.
    pub site: SiteId,
    /// Who made it, if that is known.
    pub make: Option<String>,
    /// Whether it shall be recorded.
    pub recording: bool,
    /// How long its recording is kept.
    pub retention: Retention,
    /// How it is reached.
    pub link: Link,
    /// How closely it is guarded.
    pub class: Class,
    /// Whether it may be listened to; its sound is not even fetched before.
    pub sound: bool,
    /// What else is on record of it.
    pub particulars: Particulars,
    /// By when it is to be said what it is for, if it is from before that was asked.
    pub inherited_until: Option<Day>,
    /// What it sends: at most one stream of a role, main before sub.
    pub streams: Vec<Stream>,
}

/// One encoded flow of a camera.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Its id; recordings lie under it.
    pub id: StreamId,
    /// Which of the camera's flows it is.
    pub role: StreamRole,
    /// Where it is asked for; holds no credentials.
    pub url: Url,
    /// The user name the camera wants.
    pub user: Option<String>,
    /// The password the camera wants.
    pub password: Option<Secret>,
    /// What was last seen in it.
    pub facts: Option<Facts>,
}

/// Which of a camera's flows a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamRole {
    /// The best picture.
    Main,
    /// A small one, for many on a screen.
    Sub,
}

/// What a stream last turned out to carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The codec as a browser names it, such as `avc1.640028`.
    pub codec: String,
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
}

/// How long footage is kept, for each stream of a camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// The most days.
    pub days: u16,
    /// The most bytes of one stream, however few days that makes.
    pub bytes: Option<u64>,
}

/// A stream that shall be recorded, with all that is needed to reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntendedStream {
    /// The stream.
    pub stream: StreamId,
    /// Whose it is.
    pub camera: CameraId,
    /// Which of the camera's flows it is.
    pub role: StreamRole,
    /// Where it is asked for; holds no credentials.
    pub url: Url,
    /// The user name the camera wants.
    pub user: Option<String>,
    /// The password the camera wants.
    pub password: Option<Secret>,
    /// How the camera is reached.
    pub link: Link,
    /// Where its sound goes, if it may be listened to and this stream brings it.
    pub sound: Option<StreamId>,
}

/// A camera to be added.
#[derive(Clone, Debug)]
pub struct NewCamera {
    /// The number at the desk; the next free one if none is given.
    pub number: Option<u32>,
    /// Its name.
    pub name: String,
    /// Where it hangs.
    pub site: SiteId,
    /// Who made it.
    pub make: Option<String>,
    /// Whether it shall be recorded.
    pub recording: bool,
    /// How long its recording is kept.
    pub retention: Retention,
    /// How it is reached.
    pub link: Link,
    /// How closely it is guarded.
    pub class: Class,
    /// Whether it may be listened to.
    pub sound: bool,
    /// What else is on record of it.
    pub particulars: Particulars,
    /// What it sends.
    pub streams: Vec<NewStream>,
}

/// A stream to be added with its camera.
#[derive(Clone, Debug)]
pub struct NewStream {
    /// Which of the camera's flows it is.
    pub role: StreamRole,
    /// Where to ask for it: `rtsp://host[:port]/path`, without credentials.
    pub url: String,
    /// The user name the camera wants.
    pub user: Option<String>,
    /// The password the camera wants.
    pub password: Option<Secret>,
    /// What a probe found in it.
    pub facts: Option<Facts>,
}

/// What shall be different about a camera; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct CameraChange {
    /// Another number.
    pub number: Option<u32>,
    /// Another name.
    pub name: Option<String>,
    /// Another place.
    pub site: Option<SiteId>,
    /// Another make, or none.
    pub make: Option<Option<String>>,
    /// Whether it shall be recorded from now on.
    pub recording: Option<bool>,
    /// Another retention.
    pub retention: Option<Retention>,
    /// Another way to reach it.
    pub link: Option<Link>,
    /// Another class.
    pub class: Option<Class>,
    /// Whether it may be listened to from now on.
    pub sound: Option<bool>,
    /// What else is different on record.
    pub particulars: ParticularsChange,
    /// All its streams from now on. A role that stays keeps its stream and with it
    /// its recordings; one that is left out is forgotten.
    pub streams: Option<Vec<StreamChange>>,
}

/// A stream as it shall be.
#[derive(Clone, Debug)]
pub struct StreamChange {
    /// Which of the camera's flows it is.
    pub role: StreamRole,
    /// Where to ask for it.
    pub url: String,
    /// The user name the camera wants.
    pub user: Option<String>,
    /// What becomes of the password.
    pub password: PasswordChange,
}

/// What becomes of a password that can be set and never read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordChange {
    /// The one there is stays.
    Keep,
    /// This one, or none.
    Set(Option<Secret>),
}

impl Camera {
    /// Returns its stream of this role.
    pub fn stream(&self, role: StreamRole) -> Option<&Stream> {
        self.streams.iter().find(|stream| stream.role == role)
    }
}

impl Camera {
    /// Returns whether it was to be said before today what it is for, and was not.
    pub fn is_overdue(&self, today: Day) -> bool {
        self.inherited_until.is_some_and(|until| until < today)
    }

    /// Returns the stream of its sound, if it may be listened to.
    pub fn sound_stream(&self) -> Option<StreamId> {
        self.sound.then(|| StreamId::sound_of(self.id))
    }

    /// Returns all streams that something of it may lie under: those of its
    /// pictures, and that of its sound, which may have been recorded before.
    pub fn recorded_streams(&self) -> impl Iterator<Item = StreamId> {
        let pictures = self.streams.iter().map(|stream| stream.id);
        pictures.chain([StreamId::sound_of(self.id)])
    }
}

impl NewCamera {
    /// Returns it under an id of its own and this number, if it can be kept.
    pub(crate) fn checked(self, number: u32) -> Result<Camera, Error> {
        roles(self.streams.iter().map(|stream| stream.role))?;
        let mut streams = Vec::new();
        for stream in self.streams {
            let url = address(&stream.url)?;
            let (user, password) = credentials(stream.user, stream.password)?;
            let (id, role, facts) = (StreamId::new(), stream.role, stream.facts);
            streams.push(Stream { id, role, url, user, password, facts });
        }
        streams.sort_by_key(|stream| stream.role);
        let particulars = self.particulars.checked()?;
        if self.recording {
            particulars.may_record()?;
        }
        Ok(Camera {
            id: CameraId::new(),
            number,
            name: error::name("name", &self.name)?,
            site: self.site,
            make: make(self.make)?,
            recording: self.recording,
            retention: self.retention.checked()?,
            link: self.link,
            class: self.class,
            sound: self.sound,
            particulars,
            inherited_until: None,
            streams,
        })
    }
}

impl StreamRole {
    /// Returns the word that rows and the API use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Sub => "sub",
        }
    }

    /// Reads the word that [`StreamRole::as_str`] writes.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Main, Self::Sub].into_iter().find(|role| role.as_str() == word)
    }
}

impl Default for Retention {
    /// Returns thirty days, without a ceiling.
    fn default() -> Self {
        Self { days: 30, bytes: None }
    }
}

impl Retention {
    pub(crate) fn checked(self) -> Result<Self, Error> {
        if !(1..=3650).contains(&self.days) {
            let message = format!("retention of {} days; give 1 to 3650", self.days);
            return Err(Error::invalid("retention_days", message));
        }
        // Below this a stream would hardly keep its open segment.
        const LEAST: u64 = 16 * 1024 * 1024;
        if self.bytes.is_some_and(|bytes| !(LEAST..=i64::MAX as u64).contains(&bytes)) {
            let message = format!("retention of so many bytes; give at least {LEAST}, or none");
            return Err(Error::invalid("retention_bytes", message));
        }
        Ok(self)
    }
}

/// Returns `number` if a camera of this class may have it.
pub(crate) fn number(number: u32, class: Class) -> Result<u32, Error> {
    let numbers = numbers(class);
    if numbers.contains(&number) {
        return Ok(number);
    }
    let (first, last) = numbers.into_inner();
    let message = format!("a camera's number is from {first} to {last}");
    Err(Error::invalid("number", message))
}

/// Returns the make, where an empty one is none.
pub(crate) fn make(make: Option<String>) -> Result<Option<String>, Error> {
    make.filter(|make| !make.trim().is_empty()).map(|make| error::name("make", &make)).transpose()
}

/// Returns the address of a stream, if it is one that can be asked and that may
/// be shown to whoever configures cameras.
pub fn address(text: &str) -> Result<Url, Error> {
    let refused = |message: String| Err(Error::invalid("url", message));
    let url = match Url::parse(text.trim()) {
        Ok(url) => url,
        Err(error) => {
            return refused(format!(
                "the address cannot be read ({error}); write rtsp://host/path"
            ));
        }
    };
    if !matches!(url.scheme(), "rtsp" | "rtsps") {
        return refused(format!(
            "{}:// is not spoken here; write rtsp://host/path or rtsps://host/path",
            url.scheme()
        ));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return refused("the address names no host; write rtsp://host/path".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refused(
            "the address holds a user name or password; put them in the fields of their own"
                .to_owned(),
        );
    }
    if url.as_str().len() > 2000 {
        return refused("the address is longer than 2000 characters".to_owned());
    }
    Ok(url)
}

/// Returns the user name for a camera, where an empty one is none.
pub fn credentials(
    user: Option<String>,
    password: Option<Secret>,
) -> Result<(Option<String>, Option<Secret>), Error> {
    let user = user.map(|user| user.trim().to_owned()).filter(|user| !user.is_empty());
    let password = password.filter(|password| !password.expose().is_empty());
    let too_long = |text: &str| text.len() > 256 || text.chars().any(char::is_control);
    if user.as_deref().is_some_and(too_long) {
        return Err(Error::invalid(
            "user",
            "the user name has control characters or over 256 bytes",
        ));
    }
    if password.as_ref().is_some_and(|password| too_long(password.expose())) {
        return Err(Error::invalid(
            "password",
            "the password has control characters or over 256 bytes",
        ));
    }
    if user.is_none() && password.is_some() {
        return Err(Error::invalid("user", "a password without a user name; give both or neither"));
    }
    Ok((user, password))
}

/// Refuses two streams of one role, and a camera without any.
pub(crate) fn roles(roles: impl IntoIterator<Item = StreamRole>) -> Result<(), Error> {
    let mut roles: Vec<_> = roles.into_iter().collect();
    roles.sort();
    if roles.is_empty() {
        return Err(Error::invalid("streams", "a camera needs at least one stream"));
    }
    if let Some(pair) = roles.windows(2).find(|pair| pair[0] == pair[1]) {
        let message =
            format!("two streams are {}; a camera has one of each role", pair[0].as_str());
        return Err(Error::invalid("streams", message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_as_it_was_written() {
        let url = address(" rtsp://10.1.2.3:8554/Streaming/Channels/101?transport=tcp ").unwrap();
        assert_eq!(url.as_str(), "rtsp://10.1.2.3:8554/Streaming/Channels/101?transport=tcp");
    }

    #[test]
    fn an_address_that_cannot_be_asked_is_refused_with_the_cure() {
        let refused = |text: &str| address(text).unwrap_err().to_string();
        assert_eq!(
            refused("10.1.2.3/live"),
            "the address cannot be read (relative URL without a base); write rtsp://host/path"
        );
        assert_eq!(
            refused("http://10.1.2.3/"),
            "http:// is not spoken here; write rtsp://host/path or rtsps://host/path"
        );
        assert_eq!(refused("rtsp:///live"), "the address names no host; write rtsp://host/path");
        assert_eq!(
            refused("rtsp://admin:12345@10.1.2.3/"),
            "the address holds a user name or password; put them in the fields of their own"
        );
        assert!(refused(&format!("rtsp://h/{}", "x".repeat(2000))).contains("2000 characters"));
    }

    #[test]
    fn credentials_come_in_pairs_and_empty_ones_are_none() {
        let secret = |text: &str| Some(Secret::new(text));
        assert_eq!(credentials(Some(" ".into()), secret("")).unwrap(), (None, None));
        let both = credentials(Some(" admin ".into()), secret(" 12 ")).unwrap();
        assert_eq!(both, (Some("admin".to_owned()), secret(" 12 ")));
        let refusal = credentials(None, secret("12345")).unwrap_err().to_string();
        assert_eq!(refusal, "a password without a user name; give both or neither");
        assert!(credentials(Some("a\r\nb".into()), None).is_err());
    }

    #[test]
    fn a_camera_has_one_or_two_streams() {
        use StreamRole::{Main, Sub};
        assert!(roles([Sub, Main]).is_ok() && roles([Sub]).is_ok());
        assert_eq!(roles([]).unwrap_err().to_string(), "a camera needs at least one stream");
        assert_eq!(
            roles([Main, Sub, Main]).unwrap_err().to_string(),
            "two streams are main; a camera has one of each role"
        );
    }

    #[test]
    fn a_retention_that_keeps_nothing_or_never_ends_is_refused() {
        let checked = |days, bytes| Retention { days, bytes }.checked();
        assert!(checked(1, None).is_ok() && checked(3650, Some(1 << 40)).is_ok());
        assert_eq!(
            checked(0, None).unwrap_err().to_string(),
            "retention of 0 days; give 1 to 3650"
        );
        assert!(checked(3651, None).is_err());
        assert!(checked(30, Some(1000)).is_err() && checked(30, Some(u64::MAX)).is_err());
    }
}

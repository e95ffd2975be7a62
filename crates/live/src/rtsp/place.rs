//! What a URL of ours names: `/cameras/7/main`, and a track of it.

use std::fmt;

/// One flow of one camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The camera's number, as it is typed at the desk.
    pub camera: u32,
    /// Which of its flows.
    pub role: Role,
}

/// Which of a camera's flows is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The best picture.
    Main,
    /// A small one.
    Sub,
}

impl Place {
    /// Reads a request's URI, absolute or a path alone; with the number of the
    /// track behind it, if it names one.
    pub fn parse(uri: &str) -> Option<(Self, Option<usize>)> {
        let path = match uri.split_once("://") {
            Some((_, rest)) => rest.split_once('/')?.1,
            None => uri.strip_prefix('/')?,
        };
        let path = path.split(['?', '#']).next()?;
        let mut words = path.trim_end_matches('/').split('/');
        if words.next()? != "cameras" {
            return None;
        }
        let number = words.next()?;
        let camera = number.parse().ok().filter(|camera: &u32| camera.to_string() == number)?;
        let role = match words.next()? {
            "main" => Role::Main,
            "sub" => Role::Sub,
            _ => return None,
        };
        let track = match words.next() {
            None => None,
            Some(word) => Some(word.strip_prefix("trackID=")?.parse().ok()?),
        };
        words.next().is_none().then_some((Self { camera, role }, track))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = match self.role {
            Role::Main => "main",
            Role::Sub => "sub",
        };
        write!(f, "/cameras/{}/{role}", self.camera)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_with_and_without_its_track() {
        let main = Place { camera: 7, role: Role::Main };
        for uri in
            ["rtsp://h:8554/cameras/7/main", "/cameras/7/main/", "rtsps://h/cameras/7/main?x=/y"]
        {
            assert_eq!(Place::parse(uri), Some((main, None)), "{uri}");
        }
        let sub = Place { camera: 12, role: Role::Sub };
        assert_eq!(Place::parse(&format!("rtsp://h{sub}/trackID=1")), Some((sub, Some(1))));
        for uri in [
            "",
            "*",
            "rtsp://h",
            "/cameras/7",
            "/cameras/07/main",
            "/cameras/+7/main",
            "/cameras/7/Main",
            "/cameras/7/main/trackID=x",
            "/cameras/7/main/trackID=0/0",
            "/cameras/99999999999/sub",
            "/cameras//main",
            "cameras/7/main",
        ] {
            assert_eq!(Place::parse(uri), None, "{uri}");
        }
    }
}

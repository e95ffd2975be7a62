//! What opens a camera for a player: media tokens, stream secrets, presentations.

use anyhow::Context;
use serde_json::{Value, json};

use crate::http::Person;

/// What opens a camera for a foreign program over RTSP.
#[derive(Debug)]
pub struct Secret {
    /// By which it is revoked.
    pub id: String,
    /// The name that the program gives.
    pub user: String,
    /// The password that it gives.
    pub password: String,
    urls: Vec<String>,
}

/// Gets a media token of a camera for some actions.
pub fn token(person: &Person, camera: &str, actions: &[&str]) -> anyhow::Result<String> {
    let body =
        json!({ "camera": camera, "actions": actions, "purpose": "kiểm tra", "case": "12/2026" });
    let answer = person.ask("POST", "media-tokens", Some(body))?.ok()?;
    text(&answer, "token")
}

/// Opens a camera's main stream as HLS, for some actions; returns the path of the
/// playlist, and the cookie that opens it.
pub fn hls(person: &Person, camera: &str, actions: &[&str]) -> anyhow::Result<(String, String)> {
    let body = json!({ "token": token(person, camera, actions)?, "role": "main" });
    let (opened, cookie) = person.ask_for_cookie("hls", body)?;
    Ok((text(&opened, "url")?, cookie))
}

impl Secret {
    /// Makes one for a camera.
    pub fn make(person: &Person, camera: &str) -> anyhow::Result<Self> {
        let body = json!({ "camera": camera, "label": "kiểm tra", "days": 1, "case": "12/2026" });
        let made = person.ask("POST", "stream-secrets", Some(body))?.ok()?;
        let urls = made["urls"].as_array().context("urls")?;
        let urls = urls.iter().filter_map(|url| url.as_str().map(str::to_owned)).collect();
        let (user, password) = (text(&made, "user")?, text(&made, "password")?);
        Ok(Self { id: text(&made, "id")?, user, password, urls })
    }

    /// Returns the URL of a scheme and a role, with the secret in it where a
    /// player has no other place for it.
    pub fn url(&self, scheme: &str, role: &str) -> anyhow::Result<String> {
        let secret = format!("://{}:{}@", self.user, self.password);
        Ok(self.bare(scheme, role)?.replace("://", &secret))
    }

    /// Returns the URL of a scheme and a role, without the secret.
    pub fn bare(&self, scheme: &str, role: &str) -> anyhow::Result<String> {
        let found = |url: &&String| url.starts_with(scheme) && url.ends_with(role);
        let url = self.urls.iter().find(found).with_context(|| format!("{:?}", self.urls))?;
        Ok(url.clone())
    }
}

fn text(answer: &Value, field: &str) -> anyhow::Result<String> {
    answer[field].as_str().map(str::to_owned).with_context(|| format!("no {field} in {answer}"))
}

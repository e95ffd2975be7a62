//! The media socket as a browser has it, with a thread of its reader's own.

use std::net::TcpStream;

use anyhow::Context;
use rustls::{ClientConnection, StreamOwned};
use serde_json::Value;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

use crate::http::Person;

/// How long the header before each piece of media is.
const HEADER: usize = 16;

/// An open media socket.
#[derive(Debug)]
pub struct Socket(WebSocket<StreamOwned<ClientConnection, TcpStream>>);

/// What comes on it.
#[derive(Clone, Debug)]
pub enum Told {
    /// A message in JSON.
    Event(Value),
    /// A piece of fragmented MP4.
    Piece {
        /// 1 an init segment, 2 a frame of now, 3 a fragment of the past.
        kind: u8,
        /// Of which channel.
        channel: u32,
        /// The first frame's moment.
        wall_us: i64,
        /// The MP4.
        bytes: Vec<u8>,
    },
}

impl Socket {
    /// Opens one for somebody who is signed in.
    pub fn open(person: &Person) -> anyhow::Result<Self> {
        let url = person.address().replacen("http", "ws", 1) + "/api/v1/media";
        let mut request = url.into_client_request()?;
        let head = request.headers_mut();
        head.insert("cookie", person.cookie()?.parse()?);
        head.insert("origin", person.address().parse()?);
        let (socket, _) = tungstenite::client(request, person.dial()?)
            .map_err(|error| anyhow::anyhow!("the media socket was not opened: {error}"))?;
        Ok(Self(socket))
    }

    /// Asks for something.
    pub fn say(&mut self, op: &Value) -> anyhow::Result<()> {
        Ok(self.0.send(Message::text(op.to_string()))?)
    }

    /// Returns what comes next; nothing once the server has closed it.
    pub fn hear(&mut self) -> anyhow::Result<Option<Told>> {
        loop {
            match self.0.read() {
                Ok(Message::Text(text)) => {
                    return Ok(Some(Told::Event(serde_json::from_str(&text)?)));
                }
                Ok(Message::Binary(bytes)) => return piece(&bytes).map(Some),
                Ok(Message::Close(_)) => return Ok(None),
                Ok(_) => {}
                Err(tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed) => {
                    return Ok(None);
                }
                Err(error) => return Err(error).context("the media socket broke"),
            }
        }
    }

    /// Passes over everything up to the event of a type, and returns that.
    pub fn until(&mut self, kind: &str) -> anyhow::Result<Value> {
        loop {
            match self.hear()?.with_context(|| format!("the socket was closed before {kind}"))? {
                Told::Event(event) if event["type"] == kind => return Ok(event),
                _ => {}
            }
        }
    }
}

fn piece(bytes: &[u8]) -> anyhow::Result<Told> {
    let (header, bytes) = bytes.split_at_checked(HEADER).context("a piece has a header")?;
    let channel = u32::from_be_bytes(header[4..8].try_into()?);
    let wall_us = i64::from_be_bytes(header[8..].try_into()?);
    Ok(Told::Piece { kind: header[0], channel, wall_us, bytes: bytes.to_vec() })
}

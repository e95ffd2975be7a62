//! Switches faults over HTTP, on loopback alone.
//!
//! ```text
//! GET /faults                          200 {"cameras":[{"name":"cam1","fault":"none"}, …]}
//! PUT /cameras/cam1/fault  {"fault":"hang"}
//!                                      200 {"name":"cam1","fault":"hang"}
//! what cannot be done                  400, 404, 405, 409  {"error":"…"}
//! ```
//!
//! What faults there are and what belongs to them says [`Fault`]:
//!
//! ```sh
//! curl -X PUT -d '{"fault":"lose_packets","percent":5}' http://127.0.0.1:8555/cameras/cam1/fault
//! ```
//!
//! There is no password: who may run programs on this machine may do this. Other
//! sites' pages cannot, for a browser would ask first, and gets no leave here.

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::fault::{Fault, FaultError};
use crate::faults::Faults;
use crate::rtsp::message::{self, Request, Response};

/// How long a client may say nothing.
const PATIENCE: Duration = Duration::from_secs(30);

/// Accepts clients until it is stopped.
pub(crate) async fn accept(
    listener: TcpListener,
    faults: Faults,
    stopping: CancellationToken,
    tasks: TaskTracker,
) {
    loop {
        let accepted = tokio::select! {
            () = stopping.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let (faults, stopping) = (faults.clone(), stopping.clone());
                tasks.spawn(async move {
                    tokio::select! {
                        () = stopping.cancelled() => {}
                        served = serve(stream, &faults) => {
                            if let Err(error) = served {
                                tracing::debug!(%error, "client of the control lost");
                            }
                        }
                    }
                });
            }
            Err(error) => {
                // Out of file descriptors, most likely: some become free in time.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve(mut stream: TcpStream, faults: &Faults) -> io::Result<()> {
    let mut received = BytesMut::with_capacity(1024);
    loop {
        loop {
            match message::take_http(&mut received) {
                Ok(None) => break,
                Ok(Some(request)) => {
                    stream.write_all(&answer(&request, faults).http_bytes()).await?;
                }
                Err(error) => {
                    let refusal = refuse(400, &format!("not understood: {error}"));
                    return stream.write_all(&refusal.http_bytes()).await;
                }
            }
        }
        match tokio::time::timeout(PATIENCE, stream.read_buf(&mut received)).await {
            Ok(Ok(1..)) => {}
            Ok(Ok(0)) | Err(_) => return Ok(()),
            Ok(Err(error)) => return Err(error),
        }
    }
}

/// A camera and what it does wrong.
#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    #[serde(flatten)]
    fault: Fault,
}

/// Answers a request.
pub(crate) fn answer(request: &Request, faults: &Faults) -> Response {
    let path: Vec<&str> = request.path().split('/').collect();
    match (request.method.as_str(), &path[..]) {
        ("GET", ["faults"]) => {
            let all = faults.all();
            let rows: Vec<Row<'_>> =
                all.iter().map(|(name, fault)| Row { name, fault: *fault }).collect();
            json(200, &serde_json::json!({ "cameras": rows }))
        }
        ("PUT", ["cameras", name, "fault"]) => match serde_json::from_slice(&request.body) {
            Err(error) => {
                let example = r#"send a fault as {"fault":"hang"}, with Content-Length"#;
                refuse(400, &format!("{error}; {example}"))
            }
            Ok(fault) => match faults.set(name, fault) {
                Ok(()) => json(200, &Row { name, fault }),
                Err(error) => {
                    let status = match error {
                        FaultError::NoCamera { .. } => 404,
                        FaultError::NoOther { .. } => 409,
                        FaultError::Percent { .. } => 400,
                    };
                    refuse(status, &error.to_string())
                }
            },
        },
        (_, ["faults"]) => refuse(405, "faults are read by GET").with("Allow", "GET"),
        (_, ["cameras", _, "fault"]) => {
            refuse(405, "a fault is switched by PUT").with("Allow", "PUT")
        }
        _ => refuse(404, "there are GET /faults and PUT /cameras/NAME/fault"),
    }
}

fn refuse(status: u16, why: &str) -> Response {
    json(status, &serde_json::json!({ "error": why }))
}

fn json(status: u16, value: &impl Serialize) -> Response {
    let text = serde_json::to_string(value).expect("plain values are written to memory");
    Response::new(status).with_body("application/json", text)
}

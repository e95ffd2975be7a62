//! What of a request nobody read, once it is answered.
//!
//! A refusal often comes before its body was read. An HTTP/1 connection cannot go on
//! behind a body that is still on its way: it would be closed, and a client that sends
//! head and body apart, as most do, would lose the answer to the reset, or fail at the
//! next request on what it takes for an open connection. So the rest is taken in first,
//! as far as it is short and comes soon.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, HttpBody};
use axum::extract::Request;
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use futures::stream::{Fuse, StreamExt, poll_fn};

/// The most bytes that are taken in for nothing.
const MOST: usize = 512 << 10;

/// How long one waits for them.
const PATIENCE: Duration = Duration::from_secs(5);

/// A body that is read on here once its reader is gone.
#[derive(Clone)]
struct Shared(Arc<Mutex<Fuse<BodyDataStream>>>);

/// Answers once the whole request is in, or more of it than is waited for.
pub(crate) async fn take_in(request: Request, next: Next) -> Response {
    // A tunnel has no end; and whoever asks first whether to send at all has sent nothing.
    let asks = request.headers().contains_key(header::EXPECT);
    if request.method() == Method::CONNECT || asks || request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (head, body) = request.into_parts();
    let shared = Shared(Arc::new(Mutex::new(body.into_data_stream().fuse())));
    let read = shared.clone();
    let body = Body::from_stream(poll_fn(move |context| read.poll(context)));
    let response = next.run(Request::from_parts(head, body)).await;
    let rest = async {
        let mut rest = poll_fn(|context| shared.poll(context));
        let mut bytes = 0;
        while let Some(Ok(piece)) = rest.next().await {
            bytes += piece.len();
            if bytes > MOST {
                break;
            }
        }
    };
    // Who is slower loses the connection.
    let _ = tokio::time::timeout(PATIENCE, rest).await;
    response
}

impl Shared {
    fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, axum::Error>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).poll_next_unpin(context)
    }
}

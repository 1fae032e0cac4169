//! An answer that is told as it comes: lines of JSON (`application/x-ndjson`), read by `fetch`.

use std::convert::Infallible;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;
use tokio::sync::mpsc;

/// Where events are told. Work never waits for a client that does not read.
#[derive(Clone)]
pub(super) struct Events(mpsc::Sender<String>);

/// Events, and the answer that carries them.
pub(super) fn events() -> (Events, Response) {
    // More lines than any work has, each wait of an import included.
    let (events, lines) = mpsc::channel(64);
    let lines = stream::unfold(lines, |mut lines| async {
        let line = lines.recv().await?;
        Some((Ok::<_, Infallible>(line), lines))
    });
    let answer = (
        [(CONTENT_TYPE, "application/x-ndjson")],
        Body::from_stream(lines),
    );
    (Events(events), answer.into_response())
}

impl Events {
    /// Tells one event. A client that is gone hears nothing, and that is all.
    pub(super) fn tell(&self, event: &impl Serialize) {
        if let Ok(mut line) = serde_json::to_string(event) {
            line.push('\n');
            let _ = self.0.try_send(line);
        }
    }

    /// Tells one event that must not be left out, waiting for a client that reads slowly.
    pub(super) async fn deliver(&self, event: &impl Serialize) {
        if let Ok(mut line) = serde_json::to_string(event) {
            line.push('\n');
            let _ = self.0.send(line).await;
        }
    }

    /// Ends when the client has gone.
    pub(super) async fn closed(&self) {
        self.0.closed().await;
    }
}

//! Figures for a monitoring system, and whether the program answers.

use std::fmt::Write;

use axum::extract::State as Given;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use catalog::Class;

use crate::app::State;
use crate::error::Refusal;
use crate::extract::unknown_path;
use crate::person::{self, Address};

/// Whether the program answers. Says nothing else, to anybody.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// Figures in Prometheus's text form, for this machine and for administrators:
/// how many cameras are down is worth something to a burglar.
pub(crate) async fn metrics(
    Given(state): Given<State>,
    Address(address): Address,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    if !address.is_loopback() {
        let person = person::find(&headers, address, &state).await?;
        let may = |person: person::Person| {
            person.user.role == catalog::Role::Administrator && person.is_in(&state).is_ok()
        };
        if !person.is_some_and(may) {
            return Err(unknown_path());
        }
    }
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((kind, text(&state)).into_response())
}

fn text(state: &State) -> String {
    // Figures are kept and drawn by other programs, where nobody asks who looks:
    // they do not tell how many cameras of defence there are.
    let (states, tables) = (state.recorder.states(), state.catalog.tables());
    let ordinary = tables.cameras.values().filter(|camera| camera.class == Class::Ordinary);
    let counts = recorder::Counts::of(ordinary.filter_map(|camera| states.get(&camera.id)));
    let store = state.store.status();
    let dropped: u64 = store.streams.values().map(|stream| stream.dropped_fragments).sum();
    let failed = store.streams.values().filter(|stream| stream.sync_failed).count();
    let now = state.now();
    let behind = store.streams.values().filter(|stream| stream.recording);
    let behind = behind.filter_map(|stream| stream.synced).map(|synced| now.micros_since(synced));
    let behind_s = behind.max().unwrap_or(0).max(0) as f64 / 1e6;

    let mut text = String::new();
    let mut figure = |name: &str, kind: &str, help: &str, values: &[(&str, f64)]| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in values {
            let _ = writeln!(text, "{name}{labels} {value}");
        }
    };
    figure(
        "khue_cameras",
        "gauge",
        "Cameras by what they do, without those of defence.",
        &[
            ("{state=\"recording\"}", counts.recording as f64),
            ("{state=\"connecting\"}", counts.connecting as f64),
            ("{state=\"faulty\"}", counts.faulty as f64),
        ],
    );
    figure(
        "khue_lost_packets_total",
        "counter",
        "Packets that cameras numbered and that never came.",
        &[("", state.recorder.lost_packets() as f64)],
    );
    figure(
        "khue_viewers",
        "gauge",
        "Live viewers, over all streams.",
        &[("", state.hub.viewers() as f64)],
    );
    figure(
        "khue_store_used_bytes",
        "gauge",
        "Bytes of all recordings.",
        &[("", store.used_bytes as f64)],
    );
    figure(
        "khue_store_free_bytes",
        "gauge",
        "Bytes the disk has left.",
        &[("", store.free_bytes as f64)],
    );
    figure(
        "khue_store_queued_bytes",
        "gauge",
        "Bytes that wait in memory for the disk.",
        &[("", store.queued_bytes as f64)],
    );
    figure(
        "khue_store_full",
        "gauge",
        "Whether recording pauses because nothing may be deleted.",
        &[("", f64::from(u8::from(store.full)))],
    );
    figure(
        "khue_store_dropped_fragments_total",
        "counter",
        "Fragments lost because the disk was too slow or full.",
        &[("", dropped as f64)],
    );
    figure(
        "khue_store_sync_failed_streams",
        "gauge",
        "Streams whose written bytes the disk failed to keep.",
        &[("", failed as f64)],
    );
    figure(
        "khue_store_unreadable_files",
        "gauge",
        "Files and folders of recordings that the disk refused at the start.",
        &[("", store.refused as f64)],
    );
    figure(
        "khue_store_unsynced_seconds",
        "gauge",
        "The most recording of a stream that a power cut would take now.",
        &[("", behind_s)],
    );
    text
}

//! Cameras as they were seen in the field: each dialogue in `testdata/captured`
//! is spoken by a server of our own, and says what is to come of it.
//!
//! No package holds a server of live555, from which most cameras descend, so what
//! it says is kept as text, and what other firmware says beside it. A file names
//! where its form of words is known from; how a file is read is `common/replay`'s.
//! A new oddity is a new file and its name below.

// Also what is no test itself may unwrap: a panic names the line.
#![allow(clippy::unwrap_used)]

mod common;
#[path = "common/replay.rs"]
mod replay;

use std::error::Error;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base::{Link, Switch, Transport};
use bytes::Bytes;
use common::{PASSWORD, encode_as, limits, source, with_password};
use ingest::{Clock, Event, Fault, Limits, Session, Source};
use media::{Codec, Frame, nal};
use replay::{Dialogue, Replay};
use simcam::clip::{Clip, Pattern};

/// A test for each dialogue.
macro_rules! dialogues {
    ($($name:ident)*) => {
        const NAMES: &[&str] = &[$(stringify!($name)),*];
        $(
            #[tokio::test]
            async fn $name() {
                replayed(stringify!($name)).await;
            }
        )*
    };
}

dialogues! {
    aac_in_latm
    aac_without_config
    base_absent
    base_behind_nat
    base_with_two_schemes
    base_without_scheme
    bye
    bye_and_more
    channels_behind_a_source
    channels_odd
    channels_of_its_own
    channels_unsaid
    closed_without_a_word
    control_absent
    control_elsewhere
    cseq_absent
    cseq_of_another
    cseq_with_spaces
    data_before_the_answer
    data_nobody_asked_for
    h265_without_sets
    header_of_a_space
    header_without_name
    header_without_value
    headers_in_lower_case
    keepalive_answered_for_another
    keepalive_asks_for_a_login
    keepalive_by_reports_alone
    keepalive_not_offered
    keepalive_refused
    lines_end_in_lf
    live555_by_tcp
    live555_by_udp
    live555_login
    live555_stale_session
    login_algorithm_in_quotes
    login_algorithm_without_quotes
    login_at_setup
    login_basic_alone
    login_basic_before_digest
    login_digest_and_basic
    login_nonce_of_each_request
    login_realm_in_utf8
    login_realm_with_quotes
    login_stale_midway
    marks_never
    marks_on_packets
    marks_on_sets
    marks_on_slices
    metadata_and_loudspeaker_first
    no_fmtp
    options_without_answer
    padding_and_extension
    pcmu_without_rtpmap
    profile_of_another
    reason_absent
    reason_of_its_own
    report_of_another_source
    sequence_and_time_wrap
    sequence_announced_as_one
    sequence_goes_back
    sequence_leaps
    sequence_of_another_begin
    session_of_each_track
    session_with_a_space_before_timeout
    session_with_a_space_behind
    session_with_spaces
    session_without_timeout
    sets_in_band_alone
    sets_never
    sets_of_three_and_empty
    sets_that_are_none
    sets_without_pps
    sound_between
    sound_said_to_be_sent
    source_changes
    source_cut_short
    source_wrong_in_transport
    teardown_unwanted
    time_stands
    udp_from_another_port
    udp_ports_apart
    udp_ports_unsaid
    udp_reports
    udp_sequence_of_another_begin
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/testdata/captured"))
}

#[test]
fn every_dialogue_is_tried_and_names_its_source() {
    let mut found: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let mut named: Vec<&str> = NAMES.to_vec();
    found.sort_unstable();
    named.sort_unstable();
    assert_eq!(found, named);
    for name in NAMES {
        let comments = read(name).comments;
        assert!(comments.iter().any(|line| line.starts_with("Source: ")), "{name}");
    }
}

fn read(name: &str) -> Dialogue {
    let file = folder().join(format!("{name}.rtsp"));
    Dialogue::read(&std::fs::read_to_string(file).unwrap())
}

/// Speaks a dialogue once for each of its runs, and holds what comes of it against
/// what is written.
async fn replayed(name: &str) {
    let dialogue = Arc::new(read(name));
    let clip = clip_of(dialogue.head("clip").first().copied().unwrap_or("h264"));
    let runs = dialogue.head("run");
    assert!(!runs.is_empty(), "{name} says nothing of what is to come of it");
    for run in runs {
        let (options, outcome) = run.split_once(" => ").expect(run);
        let camera = Replay::start(Arc::clone(&dialogue), Arc::clone(&clip)).await;
        let host = camera.address.to_string();
        let (source, limits) = read_options(options, &host);
        let expected = Expected::read(&outcome.replace("{host}", &host));
        let got = watch(&source, limits, &expected).await;
        expected.compare(&got, &clip, &format!("{name}, {run}"));

        let heard = camera.heard();
        let mut lines = heard.iter();
        for wanted in dialogue.head("heard") {
            let wanted = wanted.replace("{host}", &host);
            let found = lines.any(|line| line.contains(&wanted));
            assert!(found, "{name}, {run}: {wanted} is not heard in its place: {heard:#?}");
        }
        for unwanted in dialogue.head("never") {
            assert!(!heard.iter().any(|line| line.contains(unwanted)), "{name}: {heard:#?}");
        }
    }
}

/// Two seconds of a test picture: as most have it, in H.265, or in three slices.
fn clip_of(kind: &str) -> Arc<Clip> {
    static SLICES: OnceLock<Arc<Clip>> = OnceLock::new();
    let pattern = Pattern { width: 320, height: 180, ..Pattern::default() };
    match kind {
        "h264" => Clip::test_pattern(pattern).unwrap(),
        "h265" => {
            Clip::test_pattern(Pattern { codec: simcam::clip::Codec::H265, ..pattern }).unwrap()
        }
        "slices" => Arc::clone(SLICES.get_or_init(|| {
            let folder = tempfile::tempdir().unwrap();
            let told = ["-bf", "0", "-g", "25", "-x264-params", "slices=3"];
            Arc::new(Clip::from_mp4(&encode_as(folder.path(), "320x180", 2, &told)).unwrap())
        })),
        _ => panic!("no clip is called {kind}"),
    }
}

/// Reads the way, whether a password is known, whether sound is wanted, switches,
/// and whether the test waits for limits to pass.
fn read_options(options: &str, host: &str) -> (Source, Limits) {
    let url = format!("rtsp://{host}/live");
    let (mut source, mut limits) = (source(&url), limits());
    source.link = Link { transport: Transport::Tcp, ..Link::default() };
    for option in options.split(", ") {
        match option {
            "login" => source.credentials = with_password(&url, PASSWORD).credentials,
            "sound" => source.sound = true,
            "soon" => limits.silence = Duration::from_secs(2),
            "keyless" => limits.keyframe = Duration::from_secs(1),
            word if Transport::of(word).is_some() => {
                source.link.transport = Transport::of(word).unwrap();
            }
            word => {
                source.link.switches.insert(Switch::of(word).expect(word));
            }
        }
    }
    (source, limits)
}

/// What is written to come of a run: `25 pictures 320x180; 3 lost; fault silent: …`.
#[derive(Debug, Default)]
struct Expected {
    pictures: usize,
    size: (u32, u32),
    sounds: Option<(usize, Codec)>,
    /// Sound was asked for and is not fetched.
    no_sound: bool,
    lost: u64,
    /// The camera's clock is known.
    clock: bool,
    fault: Option<String>,
}

/// What came.
#[derive(Debug, Default)]
struct Got {
    pictures: Vec<Frame>,
    sounds: Vec<Frame>,
    has_sound: bool,
    lost: u64,
    clock: bool,
    fault: Option<Fault>,
}

impl Expected {
    fn read(outcome: &str) -> Self {
        let mut expected = Self::default();
        let (clauses, fault) = match outcome.find("fault ") {
            Some(at) => (&outcome[..at], Some(outcome[at + "fault ".len()..].to_owned())),
            None => (outcome, None),
        };
        expected.fault = fault;
        for clause in clauses.split("; ").filter(|clause| !clause.is_empty()) {
            match clause.split(' ').collect::<Vec<_>>()[..] {
                [count, "pictures", size] => {
                    let (width, height) = size.split_once('x').expect(outcome);
                    expected.size = (width.parse().unwrap(), height.parse().unwrap());
                    expected.pictures = count.parse().unwrap();
                }
                [count, "sounds", codec] => {
                    let codecs = [Codec::Pcmu, Codec::Pcma, Codec::Aac];
                    let named = |one: &Codec| format!("{one:?}").eq_ignore_ascii_case(codec);
                    let codec = codecs.into_iter().find(named).expect(outcome);
                    expected.sounds = Some((count.parse().unwrap(), codec));
                }
                ["no", "sound"] => expected.no_sound = true,
                [count, "lost"] => expected.lost = count.parse().unwrap(),
                ["clock"] => expected.clock = true,
                _ => panic!("nothing comes that is called {clause:?}"),
            }
        }
        expected
    }

    /// Returns whether all is there that is waited for.
    fn is_met_by(&self, got: &Got) -> bool {
        self.fault.is_none()
            && got.pictures.len() >= self.pictures
            && self.sounds.is_none_or(|(count, _)| got.sounds.len() >= count)
            && got.lost >= self.lost
            && (got.clock || !self.clock)
    }

    fn compare(&self, got: &Got, clip: &Clip, run: &str) {
        match (&self.fault, &got.fault) {
            (None, None) => {}
            (Some(words), Some(fault)) => {
                let told = format!("{}: {fault}", fault.kind.as_str());
                assert_eq!(&told, words, "{run}: {:?}", fault.source().map(ToString::to_string));
            }
            (None, Some(fault)) => {
                panic!("{run}: {fault}: {:?}", fault.source().map(ToString::to_string))
            }
            (Some(words), None) => panic!("{run}: not told: {words}"),
        }
        // Behind a fault nothing comes any more; else a few more may have come.
        let exactly = self.fault.is_none() || got.pictures.len() == self.pictures;
        assert!(exactly && got.pictures.len() >= self.pictures, "{run}: {}", got.pictures.len());
        assert_eq!(got.lost, self.lost, "{run}");
        assert_eq!(got.has_sound, self.sounds.is_some(), "{run}");
        if let Some((_, codec)) = self.sounds {
            assert!(got.sounds.iter().all(|frame| frame.params.codec == codec), "{run}");
        }
        let Some(first) = got.pictures.first() else { return };
        assert!(first.is_key, "{run}");
        assert_eq!((first.params.width, first.params.height), self.size, "{run}");
        if clip.codec == simcam::clip::Codec::H264 {
            let params = media::h264::params(&clip.sps, &clip.pps).unwrap();
            assert_eq!(*first.params, params, "{run}");
        }
        assert!(got.pictures.is_sorted_by(|one, next| one.wall < next.wall), "{run}");
        let all = clip.access_units.iter();
        let nals_of = |frame: &Frame| {
            let nals = nal::length_prefixed(&frame.data).map(Result::unwrap);
            nals.map(Bytes::copy_from_slice).collect::<Vec<_>>()
        };
        let begins = all.clone().position(|unit| unit.nals == nals_of(first)).expect(run);
        let mut units = all.cycle().skip(begins).take(200);
        for (number, frame) in got.pictures.iter().enumerate() {
            let nals = nals_of(frame);
            let same = |unit: &simcam::clip::AccessUnit| unit.nals == nals;
            // Where packets were lost, the frames they belonged to are.
            let found = match self.lost {
                0 => units.next().is_some_and(same),
                _ => units.any(same),
            };
            assert!(found, "{run}: frame {number} is not the clip's");
        }
    }
}

/// Opens a session and reads until all came that is waited for, or it ends.
async fn watch(source: &Source, limits: Limits, expected: &Expected) -> Got {
    let mut got = Got::default();
    let mut session = match Session::open(source, Clock::system(), limits).await {
        Ok(session) => session,
        Err(fault) => return Got { fault: Some(fault), ..got },
    };
    got.has_sound = session.has_sound();
    while !expected.is_met_by(&got) {
        match session.next().await {
            Ok(Event::Frames(frames)) => got.pictures.extend(frames),
            Ok(Event::Sound(frames)) => got.sounds.extend(frames),
            Ok(Event::Lost { packets }) => got.lost += packets,
            Ok(Event::CameraClock { .. }) => got.clock = true,
            Ok(Event::ClockStep { .. }) => {}
            Err(fault) => {
                got.fault = Some(fault);
                break;
            }
        }
    }
    session.close().await;
    got
}

//! What breaks, and what it costs: its own job.
#![allow(clippy::unwrap_used, reason = "a panic names the line, in helpers too")]

mod common;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use base::WallTime;
use bytes::Bytes;
use common::{config, decoder, run, street};
use decode::{Codec, Decoder, Effort, Error, Frame, JpegTask, VideoTask};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

const JPEG: JpegTask = JpegTask { height: 90, quality: 75 };

fn task() -> VideoTask {
    VideoTask {
        height: 352,
        bitrate: 1_000_000,
        gop: 48,
        frame_rate: 24,
        effort: Effort::Superfast,
        texts: Vec::new(),
        covers: Vec::new(),
    }
}

fn pid(id: u32) -> Pid {
    Pid::from_raw(id as i32).unwrap()
}

/// Waits until a process is gone, a minute at most.
fn gone(process: &rustix::fd::OwnedFd) -> bool {
    let limit = Timespec { tv_sec: 60, tv_nsec: 0 };
    poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&limit)).unwrap() == 1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_costs_its_job_alone_and_the_next_one_works() {
    let decoder = decoder();
    let clip = street(Codec::H264, 1);
    let (input, mut job) = decoder.video(task(), &clip.params).unwrap();
    let (other, mut beside) = decoder.video(task(), &clip.params).unwrap();
    for (input, job) in [(&input, &mut job), (&other, &mut beside)] {
        input.push(clip.frames[0].clone()).await.unwrap();
        job.next().await.unwrap().unwrap();
    }
    kill_process(pid(job.process_id().unwrap()), Signal::KILL).unwrap();
    let words = "signal 9 ended it".into();
    assert_eq!(job.next().await, Some(Err(Error::Crashed { words })));
    assert_eq!(job.next().await.map(|_| ()), None);
    assert!(matches!(input.push(clip.frames[1].clone()).await, Err(Error::Crashed { .. })));

    other.push(clip.frames[1].clone()).await.unwrap();
    assert_eq!(beside.next().await.unwrap().unwrap().wall, clip.frames[1].wall);
    let (made, end) = run(decoder.video(task(), &clip.params).unwrap(), clip.frames.clone()).await;
    assert_eq!((made.len(), end), (24, None));
}

/// The processes of a program that are children of this one.
fn children() -> Vec<u32> {
    let me = std::process::id().to_string();
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let numbers = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    numbers
        .filter(|id| {
            let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            stat.contains("(khue-decode)")
                && stat.rsplit_once(')').and_then(|(_, rest)| rest.split(' ').nth(2)) == Some(&me)
        })
        .collect()
}

/// Set for the process that the tests below start of themselves.
const ALONE: &str = "KHUE_DECODE_ALONE";

/// Runs one of the ignored tests of this file in a process of its own, where
/// no other test's workers are.
fn alone(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--ignored", "--nocapture"]).env(ALONE, "1");
    command
}

#[test]
fn a_killed_idle_process_costs_nothing() {
    assert!(alone("idle_processes_are_killed").status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "started by another test"]
async fn idle_processes_are_killed() {
    if std::env::var_os(ALONE).is_none() {
        return;
    }
    let decoder = decoder();
    let key = street(Codec::H264, 1).frames[0].clone();
    decoder.jpeg(key.clone(), JPEG).await.unwrap();
    let before = children();
    assert_eq!(before.len(), 1, "it is kept for the next picture");
    decoder.jpeg(key.clone(), JPEG).await.unwrap();
    assert_eq!(children(), before);
    let process = pidfd_open(pid(before[0]), PidfdFlags::empty()).unwrap();
    kill_process(pid(before[0]), Signal::KILL).unwrap();
    assert!(gone(&process));
    decoder.jpeg(key, JPEG).await.unwrap();
    assert_ne!(children(), before);
}

#[test]
fn a_killed_parent_leaves_no_worker_behind() {
    let mut parent = alone("a_parent_waits_to_be_killed").stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(parent.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut ids = lines.filter_map(|line| line.strip_prefix("worker ")?.parse::<u32>().ok());
    let workers = [ids.next().unwrap(), ids.next().unwrap()]
        .map(|id| pidfd_open(pid(id), PidfdFlags::empty()).unwrap());
    parent.kill().unwrap();
    parent.wait().unwrap();
    assert!(workers.iter().all(gone));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "started by another test"]
async fn a_parent_waits_to_be_killed() {
    if std::env::var_os(ALONE).is_none() {
        return;
    }
    let decoder = decoder();
    let clip = street(Codec::H264, 1);
    // One waits for frames. The other is stopped, so it cannot notice that its
    // socket has ended: the kernel has to end it.
    let mut jobs = Vec::new();
    for _ in 0..2 {
        let (input, mut job) = decoder.video(task(), &clip.params).unwrap();
        input.push(clip.frames[0].clone()).await.unwrap();
        job.next().await.unwrap().unwrap();
        jobs.push((input, job));
    }
    let ids = jobs.iter().map(|(_, job)| job.process_id().unwrap()).collect::<Vec<_>>();
    kill_process(pid(ids[1]), Signal::STOP).unwrap();
    ids.iter().for_each(|id| println!("\nworker {id}"));
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_job_ends_its_process_and_gives_its_share_back() {
    let decoder = decoder();
    let clip = street(Codec::H264, 1);
    let (input, mut job) = decoder.video(task(), &clip.params).unwrap();
    input.push(clip.frames[0].clone()).await.unwrap();
    job.next().await.unwrap().unwrap();
    assert!(decoder.budget().used() > 0);
    let process = pidfd_open(pid(job.process_id().unwrap()), PidfdFlags::empty()).unwrap();
    drop(job);
    assert!(gone(&process));
    assert!(matches!(input.push(clip.frames[1].clone()).await, Err(Error::Crashed { .. })));
    // The share goes right behind the process, on another thread.
    while decoder.budget().used() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stands_still_is_ended() {
    let stall = Duration::from_secs(3);
    let clip = street(Codec::H264, 1);
    let decoder = Decoder::new(decode::Config { stall, ..config() }).unwrap();
    let (input, mut job) = decoder.video(task(), &clip.params).unwrap();
    input.push(clip.frames[0].clone()).await.unwrap();
    job.next().await.unwrap().unwrap();
    let process = pid(job.process_id().unwrap());
    let watched = pidfd_open(process, PidfdFlags::empty()).unwrap();
    kill_process(process, Signal::STOP).unwrap();
    input.push(clip.frames[1].clone()).await.unwrap();
    assert_eq!(job.next().await, Some(Err(Error::TimedOut { limit: stall })));
    assert!(gone(&watched));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_into_the_budget_is_refused_at_once() {
    let clip = street(Codec::H264, 1);
    let one = {
        let decoder = decoder();
        let _job = decoder.video(task(), &clip.params).unwrap();
        decoder.budget().used()
    };
    let cores = one as f32 * 2.5 / 1000.0;
    let decoder = Decoder::new(decode::Config { cores, ..config() }).unwrap();
    let first = decoder.video(task(), &clip.params).unwrap();
    let second = decoder.clone().video(task(), &clip.params).unwrap();
    let refused = decoder.video(task(), &clip.params).map(|_| ()).unwrap_err();
    assert!(matches!(refused, Error::Busy { .. }), "{refused}");
    drop(first);
    // A share is given back when the job's task is gone, which is soon.
    let third = loop {
        match decoder.video(task(), &clip.params) {
            Ok(job) => break job,
            Err(Error::Busy { .. }) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    };
    // A stream that becomes larger than there is room for ends with the same words.
    let mut large = clip.frames[1].clone();
    Arc::make_mut(&mut large.params).width = 7680;
    let (_, end) = run(third, vec![clip.frames[0].clone(), large]).await;
    assert!(matches!(end, Some(Error::Busy { .. })), "{end:?}");
    drop(second);
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_queue_up_to_a_bound() {
    let key = street(Codec::H264, 1).frames[0].clone();
    let few = decode::Config { jpeg_processes: 1, jpegs_waiting: 4, ..config() };
    let decoder = Decoder::new(few).unwrap();
    let asked: Vec<_> = (0..40)
        .map(|_| {
            tokio::spawn({
                let (decoder, key) = (decoder.clone(), key.clone());
                async move { decoder.jpeg(key, JPEG).await }
            })
        })
        .collect();
    let (mut made, mut busy) = (0, 0);
    for answer in asked {
        match answer.await.unwrap() {
            Ok(_) => made += 1,
            Err(Error::Busy { .. }) => busy += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(made >= 4 && busy > 0 && made + busy == 40, "{made} {busy}");
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_under_load_disturbs_nobody_else() {
    let decoder = decoder();
    let clip = street(Codec::H265, 3);
    let good = tokio::spawn(run(decoder.video(task(), &clip.params).unwrap(), clip.frames.clone()));
    let mut bad = Vec::new();
    for seed in 1..=6_u32 {
        let params = clip.params.clone();
        // Some frames are noise, some break off, some have bits turned over.
        let mut random = seed;
        let mut next = move || {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 8) as usize
        };
        let frames: Vec<Frame> = clip
            .frames
            .iter()
            .map(|frame| {
                let mut data = frame.data.to_vec();
                match next() % 3 {
                    0 => data.iter_mut().skip(4).for_each(|byte| *byte = next() as u8),
                    1 => data.truncate(next() % frame.data.len()),
                    _ => {
                        for _ in 0..20 {
                            let at = next() % data.len();
                            data[at] ^= 1 << (next() % 8);
                        }
                    }
                }
                Frame { data: data.into(), ..frame.clone() }
            })
            .collect();
        bad.push(tokio::spawn(run(decoder.video(task(), &params).unwrap(), frames.clone())));
        for frame in frames.into_iter().filter(|frame| frame.is_key) {
            let decoder = decoder.clone();
            bad.push(tokio::spawn(async move {
                let end = decoder.jpeg(frame, JPEG).await.err();
                (Vec::new(), end)
            }));
        }
    }
    for job in bad {
        let end = job.await.unwrap().1;
        // Whatever a bitstream does, it is told in one of these ways.
        assert!(
            matches!(end, None | Some(Error::Refused { .. } | Error::Crashed { .. })),
            "{end:?}"
        );
    }
    let (made, end) = good.await.unwrap();
    assert_eq!((made.len(), end), (72, None));
    assert!(decoder.jpeg(clip.frames[0].clone(), JPEG).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_or_is_something_else_is_said_in_words() {
    let clip = street(Codec::H264, 1);
    let nowhere =
        Decoder::new(decode::Config { program: "/nowhere/khue-decode".into(), ..config() });
    let nowhere = nowhere.unwrap();
    assert!(!nowhere.is_installed());
    let refused = nowhere.jpeg(clip.frames[0].clone(), JPEG).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "/nowhere/khue-decode cannot be used: there is no such file; \
         install khue-decode of the same release beside khue"
    );
    let other = Decoder::new(decode::Config { program: "/bin/true".into(), ..config() }).unwrap();
    for refused in [
        other.status().await.unwrap_err(),
        other.jpeg(clip.frames[0].clone(), JPEG).await.unwrap_err(),
        run(other.video(task(), &clip.params).unwrap(), Vec::new()).await.1.unwrap(),
    ] {
        assert!(matches!(refused, Error::NotInstalled { .. }), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_before_it_greets_is_no_lack_of_the_worker() {
    let clip = street(Codec::H264, 1);
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/common/killed");
    let doomed = Decoder::new(decode::Config { program, ..config() }).unwrap();
    for refused in [
        doomed.jpeg(clip.frames[0].clone(), JPEG).await.unwrap_err(),
        run(doomed.video(task(), &clip.params).unwrap(), Vec::new()).await.1.unwrap(),
    ] {
        assert_eq!(refused, Error::Crashed { words: "signal 9 ended it".into() });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_larger_than_may_be_is_refused_before_it_is_sent() {
    let clip = street(Codec::H264, 1);
    let (input, _job) = decoder().video(task(), &clip.params).unwrap();
    let data = Bytes::from(vec![0; 8 << 20]);
    let wall = WallTime(common::BEGIN);
    let frame = Frame { data, wall, ..clip.frames[0].clone() };
    let refused = input.push(frame).await.unwrap_err();
    assert!(matches!(refused, Error::Refused { .. }), "{refused}");
}

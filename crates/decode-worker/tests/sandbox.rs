//! What a worker cannot do, and what it gives up for its work.
#![allow(clippy::unwrap_used, reason = "a panic names the line, in helpers too")]

mod common;

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use common::{decoder, street};
use decode::{Codec, Effort, Error, Layout, PicturesTask, Sandbox, VideoTask};

#[test]
fn a_worker_can_open_start_and_reach_nothing() {
    let output = Command::new(env!("CARGO_BIN_EXE_khue-decode"))
        .arg("--self-test")
        .stdout(Stdio::piped())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "sandbox: Filtered", "{said}");
    for act in [
        "open a file",
        "make a file",
        "list a folder",
        "open a socket",
        "reach a server",
        "start a thread",
        "start a process",
        "make code",
        "signal the parent",
    ] {
        // EPERM is the filter's answer: without it, there would be another or none.
        let refused = format!("{act}: refused (Operation not permitted (os error 1))");
        assert!(lines.contains(&refused.as_str()), "{act}: {said}");
    }
    assert_eq!(lines.last(), Some(&"become another program: trying"), "{said}");
    const SIGSYS: i32 = 31;
    assert_eq!(output.status.signal(), Some(SIGSYS), "it is ended at once");
}

/// A line of a file that says `name: value`.
fn field(text: &str, name: &str) -> String {
    let line = text.lines().find_map(|line| line.strip_prefix(name)).expect("the kernel says it");
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_at_work_is_filtered_limited_and_ranked_behind() {
    let clip = street(Codec::H264, 1);
    let task = VideoTask {
        height: 180,
        bitrate: 300_000,
        gop: 50,
        frame_rate: 24,
        effort: Effort::Superfast,
        texts: Vec::new(),
        covers: Vec::new(),
    };
    let (input, mut job) = decoder().video(task, &clip.params).unwrap();
    input.push(clip.frames[0].clone()).await.unwrap();
    job.next().await.unwrap().unwrap();
    let folder = format!("/proc/{}", job.process_id().unwrap());
    let read = |name: &str| std::fs::read_to_string(format!("{folder}/{name}")).unwrap();

    let status = read("status");
    assert_eq!(field(&status, "Seccomp:"), "2");
    assert_eq!(field(&status, "NoNewPrivs:"), "1");
    assert_eq!(field(&status, "Threads:"), "1");

    let limits = read("limits");
    assert_eq!(field(&limits, "Max open files"), "0 0 files");
    assert_eq!(field(&limits, "Max processes"), "0 0 processes");
    assert_eq!(field(&limits, "Max core file size"), "0 0 bytes");
    let memory = field(&limits, "Max address space");
    let memory: u64 = memory.split(' ').next().unwrap().parse().unwrap();
    assert!((768 << 20..3 << 30).contains(&memory), "{memory}");

    // Behind the name in brackets: niceness is the 17th field, the policy the 39th.
    let stat = read("stat");
    let stat: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let here = std::fs::read_to_string("/proc/self/stat").unwrap();
    let here: Vec<&str> = here.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let number = |text: &str| text.parse::<i32>().unwrap();
    assert_eq!(number(stat[16]), (number(here[16]) + 10).min(19));
    const BATCH: &str = "3";
    assert_eq!(stat[38], BATCH);

    let mut open: Vec<String> = std::fs::read_dir(format!("{folder}/fd"))
        .unwrap()
        .map(|entry| std::fs::read_link(entry.unwrap().path()).unwrap().display().to_string())
        .map(|name| name.split(':').next().unwrap().to_owned())
        .collect();
    open.sort();
    assert_eq!(open, ["/dev/null", "pipe", "socket", "socket"], "the socket, and where it is read");
    assert_eq!(read("environ"), "", "nothing of our environment goes there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_says_who_it_is() {
    let status = decoder().status().await.unwrap();
    assert_eq!(status.version, env!("CARGO_PKG_VERSION"));
    assert!(status.library.starts_with("libavcodec "), "{}", status.library);
    assert_eq!(status.sandbox, Sandbox::Filtered);
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_beyond_the_limit_ends_the_job_and_says_so() {
    let clip = common::drawn(Codec::H265, "testsrc2=size=3840x2160:rate=2", 2, "1", &["-bf", "0"]);
    let task = PicturesTask { width: 0, height: 2160, interval_us: 0, layout: Layout::Rgb24 };
    // A 4K decoder needs more than 8 MiB.
    for (memory_mib, enough) in [(768, true), (8, false)] {
        let config = decode::Config { memory_mib, ..common::config() };
        let decoder = decode::Decoder::new(config).unwrap();
        let job = decoder.pictures(task, &clip.params, 2).unwrap();
        let (made, end) = common::run(job, clip.frames.clone()).await;
        assert_eq!(made.len(), if enough { 2 } else { 0 });
        match end {
            None => assert!(enough),
            Some(Error::Refused { words }) => assert!(words.contains("memory"), "{words}"),
            Some(Error::Crashed { .. }) => assert!(!enough),
            Some(error) => panic!("{error}"),
        }
    }
}

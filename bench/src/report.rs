//! Figures as people read them: medians, ratios, a page of Markdown.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::peers::Peer;
use crate::record::Figure;
use crate::servers::Server;
use crate::{archive, city, devices, export, fleet, mse, picture, thumbnail, watch, whep};

/// What stands before all figures.
const HEAD: &str = "# Figures\n\nWritten by `make bench`; not to be edited. All of a table was measured in one run on one machine, the \
     peers in turns; each figure is the median of its rounds. CPU time is user and system time of a whole process tree as the kernel \
     counts it. Absolute values move from machine to machine: read the ratios. Each part says when it was measured, on what, and by \
     which command.\n";

/// What a run has measured, a section for each part.
pub(crate) struct Page(String);

impl Page {
    pub(crate) fn begin() -> Self {
        Self(String::new())
    }

    /// Returns a page with these sections in the place of those of the same title.
    pub(crate) fn merged_into(&self, page: &str, provenance: &str) -> String {
        let mut all: Vec<(&str, String)> =
            sections(page).map(|(title, body)| (title, format!("\n## {title}\n{body}"))).collect();
        for (title, body) in sections(&self.0) {
            let section = format!("\n## {title}\n{}\n\n{provenance}\n", body.trim_end());
            match all.iter_mut().find(|(known, _)| *known == title) {
                Some((_, known)) => *known = section,
                None => all.push((title, section)),
            }
        }
        let all = all.into_iter().map(|(_, section)| section);
        HEAD.to_owned() + &all.collect::<String>()
    }

    /// A table of who recorded at what cost.
    pub(crate) fn recording(&mut self, cameras: usize, figures: &BTreeMap<Peer, Vec<Figure>>) {
        let cpu = |peer: Peer| {
            figures.get(&peer).and_then(|all| median(all.iter().map(|one| one.cpu_ms)))
        };
        let to = [Peer::Floor, Peer::FloorCoalesced, Peer::Ffmpeg].map(cpu);
        self.line(&format!(
            "\n## Recording {cameras} cameras\n\nRTSP over TCP on loopback, 1080p25 H.264 of about 2 Mbps, main stream only; nobody \
             watching unless said, and then each camera by the media socket. Last, what the whole machine used without the simulated cameras: \
             in it is what the kernel writes back, which is in nobody's account, and who watches.\n\n| who | CPU ms per camera-second | \
             × floor | × coalesced | × ffmpeg | MB a camera | machine, ms |\n|---|---|---|---|---|---|---|"
        ));
        for (peer, all) in figures {
            let (Some(cpu), Some(memory), Some(machine)) = (
                cpu(*peer),
                median(all.iter().map(|one| one.memory_mb)),
                median(all.iter().map(|one| one.machine_ms)),
            ) else {
                continue;
            };
            let ratio = |to: Option<f64>| {
                to.map_or_else(|| "–".to_owned(), |to| format!("{:.2}", cpu / to))
            };
            self.line(&format!(
                "| {} | {cpu:.3} ({}) | {} | {memory:.2} | {machine:.3} |",
                peer.name(),
                spread(all.iter().map(|one| one.cpu_ms)),
                to.map(ratio).join(" | ")
            ));
        }
        let load = median(figures.values().flatten().map(|one| one.load_ms)).unwrap_or_default();
        self.line(&format!(
            "\nThe simulated cameras themselves: {load:.3} CPU ms per camera-second."
        ));
    }

    /// What looking back costs.
    pub(crate) fn archive(&mut self, figures: &archive::Figures) {
        let at = |of: &[f64], share| percentile(of.iter().copied(), share).unwrap_or_default();
        let archive::Figures { seek_ms, socket_ms, wall_ms, lines_ms, .. } = figures;
        self.line(&format!(
            "\n## Looking back in a month\n\n64 cameras, 30 days, {} segments of ten minutes; each camera's line fails five times a day. \
             A random moment, from the question to the fragment in hand: in the store alone **p50 {:.2} ms, p95 {:.2} ms**, most {:.2} ms; by \
             the media socket, from the word to the fragment at the client, **p50 {:.2} ms, p95 {:.2} ms**, most {:.2} ms. The lines of time \
             of all 64 by HTTPS, as a wall asks for them: **p50 {:.1} ms, most {:.1} ms**, {:.0} kB on the wire; one asked for after the \
             other: p50 {:.1} ms, most {:.1} ms, {:.1} kB each at most. \
             Opening the store: {:.0} ms. Beside the segments lie {:.0} bytes for each, which of ten minutes at 25 frames a second is \
             **{:.3} bytes a frame**.",
            archive::SEGMENTS,
            at(seek_ms, 0.5),
            at(seek_ms, 0.95),
            at(seek_ms, 1.0),
            at(socket_ms, 0.5),
            at(socket_ms, 0.95),
            at(socket_ms, 1.0),
            at(wall_ms, 0.5),
            at(wall_ms, 1.0),
            figures.wall_bytes as f64 / 1e3,
            at(lines_ms, 0.5),
            at(lines_ms, 1.0),
            figures.line_bytes as f64 / 1e3,
            figures.open_ms,
            figures.index_bytes,
            figures.index_bytes / (600.0 * 25.0)
        ));
    }

    /// What taking out costs.
    pub(crate) fn export(&mut self, figures: &export::Figures) {
        let at = |of: &[f64], share| percentile(of.iter().copied(), share).unwrap_or_default();
        self.line(&format!(
            "\n## Taking out a minute\n\n{:.1} MB, {} times each way. To make it, its act in the audit on disk: {:.2} CPU ms, {:.1} ms at \
             p50. Container: {:.3} % of the media. A program that does nothing but read as many bytes and send them: {:.2} CPU ms; one that hands them from \
             the file to the socket (sendfile), with no copy on its side: {:.2}.\n\n| way | CPU ms to fetch it | × sending alone | first byte, ms (p50, p95) | all of it, ms |\n|---|---|---|---|---|",
            figures.size_bytes as f64 / 1e6,
            export::TIMES,
            figures.making_cpu_ms,
            at(&figures.making_ms, 0.5),
            figures.container * 100.0,
            figures.lent_ms,
            figures.uncopied_ms
        ));
        for fetched in &figures.fetched {
            self.line(&format!(
                "| {} | **{:.2}** | {:.1} | {:.1}, {:.1} | {:.1} |",
                fetched.way.name(),
                fetched.cpu_ms,
                fetched.cpu_ms / figures.lent_ms,
                at(&fetched.first_ms, 0.5),
                at(&fetched.first_ms, 0.95),
                at(&fetched.whole_ms, 0.5)
            ));
        }
    }

    /// What viewers by the media socket cost.
    pub(crate) fn relay(&mut self, relayed: &mse::Relayed) {
        let ours = relayed.figures.get(&mse::Who::Khue(mse::Way::Unsealed));
        let Some(first) = ours.and_then(|all| all.first()) else { return };
        let floor_ms = median(relayed.floor_ms.iter().copied()).unwrap_or_default();
        self.line(&format!(
            "\n## {} viewers of {} by the media socket\n\nFragmented MP4 over a WebSocket each, on loopback. Recording without viewers: \
             {:.1} CPU ms a second. A program that does nothing but send frames of this size to as many sockets: {floor_ms:.3} CPU ms per \
             viewer-second ({}).\n\n| who | CPU ms per viewer-second | × sending alone | Mbps each | frames, of the viewer with the fewest | left out | \
             MB a viewer | CPU of the whole machine, ms a second |\n|---|---|---|---|---|---|---|---|",
            first.viewers,
            if first.cameras == 1 { "one camera".to_owned() } else { format!("{} cameras", first.cameras) },
            first.alone_ms,
            spread(relayed.floor_ms.iter().copied())
        ));
        for (who, all) in &relayed.figures {
            let of = |what: fn(&mse::Figures) -> f64| median(all.iter().map(what));
            let of = |what| of(what).unwrap_or_default();
            self.line(&format!(
                "| {} | **{:.3}** ({}) | {:.2} | {:.2} | {:.1} % | {} | {:.2} | {:.0} |",
                who.name(),
                of(|one| one.cpu_ms),
                spread(all.iter().map(|one| one.cpu_ms)),
                of(|one| one.cpu_ms) / floor_ms,
                of(|one| one.mbps),
                all.iter().map(|one| one.least).fold(f64::INFINITY, f64::min) * 100.0,
                all.iter().map(|one| one.dropped).sum::<u64>(),
                of(|one| one.memory_mb),
                of(|one| one.machine_ms)
            ));
        }
    }

    /// What a thousand cameras take.
    pub(crate) fn fleet(&mut self, figures: &fleet::Figures) {
        self.line(&format!(
            "\n## {} cameras on this machine\n\nOf about 2 Mbps each, the simulated cameras beside the program. From the start until all \
             are recorded: **{:.1} s, {:.1} CPU ms a camera**. For {:.0} s after that: **{:.3} CPU ms per camera-second, {:.2} MB a camera**; \
             the cameras themselves {:.3}, the whole machine {:.3}, in which is what the kernel does for nobody. On disk at most {:.1} GB, \
             old recordings making room. Frames found there: {}, each of those that were sent.",
            figures.cameras,
            figures.start_s,
            figures.start_ms,
            figures.lasted_s,
            figures.cpu_ms,
            figures.memory_mb,
            figures.load_ms,
            figures.machine_ms,
            figures.disk_bytes as f64 / 1e9,
            figures.frames
        ));
    }

    /// What viewers by WHEP cost.
    pub(crate) fn whep(&mut self, rounds: &[whep::Figures]) {
        let Some(first) = rounds.first() else { return };
        let of = |what: fn(&whep::Figures) -> f64| median(rounds.iter().map(what));
        let of = |what| of(what).unwrap_or_default();
        self.line(&format!(
            "\n## Watching by WHEP\n\n{} viewers of one camera on loopback, {:.2} Mbps each, encrypted for each: **{:.3} CPU ms per \
             viewer-second** ({}), {:.2} MB a viewer; {:.1} % of all frames arrived whole. Recording that camera alone: {:.1} CPU ms a second. \
             A program that does nothing but send as many packets, not sealed, by as few calls: {:.3} ({}).",
            first.viewers,
            of(|one| one.mbps),
            of(|one| one.cpu_ms),
            spread(rounds.iter().map(|one| one.cpu_ms)),
            of(|one| one.memory_mb),
            rounds.iter().map(|one| one.whole).fold(f64::INFINITY, f64::min) * 100.0,
            of(|one| one.alone_ms),
            of(|one| one.floor_ms),
            spread(rounds.iter().map(|one| one.floor_ms))
        ));
    }

    /// How long a person waits.
    pub(crate) fn picture(&mut self, figures: &picture::Figures) {
        let at = |of: &[f64], share| percentile(of.iter().copied(), share).unwrap_or_default();
        let (first, newest) = (&figures.first_ms, &figures.newest_ms);
        self.line(&format!(
            "\n## First picture in a browser\n\nDebian's Chromium, {} changes of camera on one tile, by MSE, keyframes two seconds \
             apart. From the key to the first frame on screen: **p50 {:.0} ms, p95 {:.0} ms**, most {:.0} ms. It is the last keyframe; \
             what came since runs by, and a frame less than a second old is there after p50 {:.0} ms, p95 {:.0} ms.",
            first.len(),
            at(first, 0.5),
            at(first, 0.95),
            at(first, 1.0),
            at(newest, 0.5),
            at(newest, 0.95)
        ));
    }

    /// How soon many devices are found and known.
    pub(crate) fn devices(&mut self, figures: &devices::Figures) {
        let at = |share| percentile(figures.each_ms.iter().copied(), share).unwrap_or_default();
        self.line(&format!(
            "\n## Finding devices and asking what they are\n\n{} simulated devices of {} makes on the machine of who asks them. \
             Found by asking each address: {:.1} s, of which nearly all is waiting for who may still answer. Then each is asked \
             what it is, 32 at once: **{:.1} s** in all, p50 {:.0} ms and p95 {:.0} ms each.",
            figures.devices,
            figures.makes,
            figures.finding_s,
            figures.surveying_s,
            at(0.5),
            at(0.95)
        ));
    }

    /// How old pictures are when they are seen, and what seeing them costs.
    pub(crate) fn watching(&mut self, all: &[watch::Figures]) {
        self.line(
            "\n## From the camera to the eye\n\nOne clock for all: from a simulated camera's sending a frame to its being on screen in \
             Debian's Chromium (no GPU), read off the picture itself. Growth: how much later the last third of the time was than the \
             first, in the worst tile. CPU in milliseconds a second, of the browser with all its processes and of the program, \
             which records all streams meanwhile; both on the machine of the cameras.\n\n\
             | way | stream | tiles | delay p50, ms | p95 | growth, ms | frames shown | CPU, browser | CPU, khue | MB, browser |\n\
             |---|---|---|---|---|---|---|---|---|---|",
        );
        for figures in all {
            let at =
                |share| percentile(figures.delay_ms.iter().copied(), share).unwrap_or_default();
            self.line(&format!(
                "| {} | {} | {} | {:.0} | {:.0} | {:.0} | {:.1} % | {:.0} | {:.0} | {:.0} |",
                figures.wall.way.to_uppercase(),
                figures.role,
                figures.wall.side * figures.wall.side,
                at(0.5),
                at(0.95),
                figures.growth_ms,
                figures.presented * 100.0,
                figures.browser_ms,
                figures.khue_ms,
                figures.browser_mb
            ));
        }
    }

    /// How long a small picture of the past takes.
    pub(crate) fn thumbnails(&mut self, figures: &thumbnail::Figures) {
        let at = |of: &[f64], share| percentile(of.iter().copied(), share).unwrap_or_default();
        let (cold, cached) = (&figures.cold_ms, &figures.cached_ms);
        self.line(&format!(
            "\n## Thumbnails\n\n{} keyframes of 640 × 360 as JPEG of 90 lines, asked for over HTTPS one after the other while 8 cameras \
             are recorded: cold **p50 {:.1} ms, p95 {:.1} ms**, cached **p50 {:.1} ms, p95 {:.1} ms**. The very first, with the \
             worker's start: {:.0} ms.",
            cold.len(),
            at(cold, 0.5),
            at(cold, 0.95),
            at(cached, 0.5),
            at(cached, 0.95),
            figures.first_ms
        ));
    }

    /// What rights cost a whole city.
    pub(crate) fn city(
        &mut self,
        decisions: city::Decisions,
        figures: &[city::Figures],
        commits_ms: &[f64],
    ) {
        self.line(&format!(
            "\n## A whole city\n\n40,210 cameras on 8,000 sites of 571 bodies, 5,000 people, 50,000 grants; 100 requests a second over HTTPS \
             by eight people who see all ordinary cameras, each timed from the moment at which it was due, the asking on the same machine. In \
             memory: one camera and action **{:.0} ns** ({:.0} µs for a person's rights the first time, {:.0} ms for all that decisions are \
             made of, after a change).\n\n| database | asked for | p50, ms | p99, ms | a grant counts after, ms (p50, most) | MiB |\n|---|---|---|---|---|---|",
            decisions.decision_ns, decisions.rights_us, decisions.world_ms
        ));
        let at = |of: &[f64], share| percentile(of.iter().copied(), share).unwrap_or_default();
        for one in figures {
            for (what, took) in &one.asked {
                self.line(&format!(
                    "| {} | {what} | {:.1} | {:.1} | {:.0}, {:.0} | {:.0} |",
                    one.database,
                    at(took, 0.5),
                    at(took, 0.99),
                    at(&one.visible_ms, 0.5),
                    at(&one.visible_ms, 1.0),
                    one.mib
                ));
            }
        }
        for one in figures {
            let [out, through, taken] = one.table_s;
            self.line(&format!(
                "\n{}: the table of all cameras is handed out as CSV in {out:.1} s, looked through in {through:.1} s, and taken with \
                 each camera changed and noted in {taken:.1} s.",
                one.database
            ));
        }
        self.line(&format!(
            "\nAn act waits for its entry in the audit to be on disk: {:.1} ms at p50, {:.1} ms at p99, eight people acting at once.",
            at(commits_ms, 0.5),
            at(commits_ms, 0.99)
        ));
    }

    /// What the worker's jobs cost.
    pub(crate) fn worker(&mut self, rows: &str) {
        self.line(&format!(
            "\n## What `khue-decode` takes\n\nCPU time of its processes, superfast unless said, 1.5 Mbit/s. 1000 ms a second are one core, so \
             a core's budget is 1000 divided by a row.\n\n| job | CPU | MiB at most |\n|---|---|---|\n{}",
            rows.trim_end()
        ));
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    fn line(&mut self, line: &str) {
        // Writing to a String does not fail.
        let _ = writeln!(self.0, "{line}");
    }
}

/// Yields title and body of each section of a page.
fn sections(page: &str) -> impl Iterator<Item = (&str, &str)> {
    page.split("\n## ").skip(1).map(|section| section.split_once('\n').unwrap_or((section, "")))
}

/// Says when, on what and by which command something was measured.
pub(crate) fn provenance(command: &str) -> String {
    let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = about
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name));
    let cores = about.lines().filter(|line| line.starts_with("processor")).count();
    let first = |program: &str, arguments: &[&str]| {
        let said = std::process::Command::new(program).args(arguments).output().ok()?;
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        Some(said.lines().next().unwrap_or_default().to_owned())
    };
    let told = [first("date", &["+%F"]), first("uname", &["-sr"])].into_iter().flatten();
    let told = told.collect::<Vec<_>>().join(", ");
    // "ffmpeg version 5.1.6-0+deb12u1 Copyright …", "gst-launch-1.0 version 1.22.0"
    let peers = [("ffmpeg", "-version"), ("gst-launch-1.0", "--version")].map(|(name, asked)| {
        let version = first(name, &[asked])?;
        let version = version.split_whitespace().nth(2)?.to_owned();
        Some(format!("{name} {version}"))
    });
    let servers = Server::ALL.into_iter().filter_map(Server::version);
    let peers = peers.into_iter().flatten().chain(servers).collect::<Vec<_>>().join(", ");
    let model = model.unwrap_or("unknown processor");
    format!("*{told}; {cores} cores, {model}; {peers}; `{command}`.*")
}

/// Tells the least and the most of a row of rounds.
fn spread(values: impl Iterator<Item = f64> + Clone) -> String {
    let (least, most) = (values.clone().fold(f64::INFINITY, f64::min), values.fold(0.0, f64::max));
    format!("{least:.3} … {most:.3}")
}

/// Returns the median; `None` of nothing.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        n if n % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

/// Returns the value that `share` of all values do not exceed, by nearest rank.
pub(crate) fn percentile(values: impl IntoIterator<Item = f64>, share: f64) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let rank = (share * values.len() as f64).ceil() as usize;
    values.get(rank.clamp(1, values.len().max(1)) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_and_between_two_their_mean() {
        assert_eq!(median([]), None);
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn what_was_measured_anew_takes_the_place_of_what_was_there() {
        let old = Page("\n## One\n\n1\n\n## Two\n\n2\n".to_owned()).merged_into("", "*then*");
        assert!(old.starts_with(HEAD) && old.ends_with("## Two\n\n2\n\n*then*\n"), "{old}");
        let new = Page("\n## Two\n\n22\n\n## Three\n\n3\n".to_owned()).merged_into(&old, "*now*");
        let kept: Vec<_> = sections(&new).collect();
        assert_eq!(
            kept,
            [("One", "\n1\n\n*then*\n"), ("Two", "\n22\n\n*now*\n"), ("Three", "\n3\n\n*now*\n")]
        );
    }

    #[test]
    fn a_percentile_is_a_value_that_was_measured() {
        let hundred = || (1..=100).map(f64::from);
        assert_eq!(percentile(hundred(), 0.95), Some(95.0));
        assert_eq!(percentile(hundred(), 1.0), Some(100.0));
        assert_eq!(percentile([7.0], 0.95), Some(7.0));
        assert_eq!(percentile([], 0.95), None);
    }
}

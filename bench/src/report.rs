//! Figures as people read them: medians, ratios, a page of Markdown.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::peers::Peer;
use crate::record::Figure;
use crate::{city, picture, seek, thumbnail, watch, whep};

/// The page of one run.
pub(crate) struct Page(String);

impl Page {
    pub(crate) fn begin() -> Self {
        let machine = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = machine.lines().find_map(|line| {
            line.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name)
        });
        let cores = machine.lines().filter(|line| line.starts_with("processor")).count();
        Self(format!(
            "# Figures\n\nWritten by `make bench`; not to be edited. All of a table was measured in one run on one machine, \
             the peers in turns; each figure is the median of its rounds. CPU time is user and system time of a whole process \
             tree as the kernel counts it. Absolute values move from machine to machine: read the ratios.\n\n\
             Machine: {cores} cores, {}.\n",
            model.unwrap_or("unknown processor")
        ))
    }

    /// A table of who recorded at what cost.
    pub(crate) fn recording(&mut self, cameras: usize, figures: &BTreeMap<Peer, Vec<Figure>>) {
        let cpu = |peer: Peer| {
            figures.get(&peer).and_then(|all| median(all.iter().map(|one| one.cpu_ms)))
        };
        let (floor, ffmpeg) = (cpu(Peer::Floor), cpu(Peer::Ffmpeg));
        self.line(&format!(
            "\n## Recording {cameras} cameras\n\nRTSP over TCP on loopback, 1080p25 H.264 of about 2 Mbps, main stream only, nobody \
             watching.\n\n| who | CPU ms per camera-second | × floor | × ffmpeg | MB a camera |\n|---|---|---|---|---|"
        ));
        for (peer, all) in figures {
            let (Some(cpu), Some(memory)) =
                (cpu(*peer), median(all.iter().map(|one| one.memory_mb)))
            else {
                continue;
            };
            let ratio = |to: Option<f64>| {
                to.map_or_else(|| "–".to_owned(), |to| format!("{:.2}", cpu / to))
            };
            let spread = all.iter().map(|one| one.cpu_ms);
            let (least, most) =
                (spread.clone().fold(f64::INFINITY, f64::min), spread.fold(0.0, f64::max));
            self.line(&format!(
                "| {} | {cpu:.3} ({least:.3} … {most:.3}) | {} | {} | {memory:.2} |",
                peer.name(),
                ratio(floor),
                ratio(ffmpeg)
            ));
        }
        let load = median(figures.values().flatten().map(|one| one.load_ms)).unwrap_or_default();
        self.line(&format!(
            "\nThe simulated cameras themselves: {load:.3} CPU ms per camera-second."
        ));
    }

    /// What a seek costs.
    pub(crate) fn seeking(&mut self, figures: &seek::Figures) {
        let at = |share| percentile(figures.seek_ms.iter().copied(), share).unwrap_or_default();
        self.line(&format!(
            "\n## Seeking in a month, at the server\n\n{} random moments of 30 days in 4,320 segments: from the question to the \
             fragment in hand **p50 {:.2} ms, p95 {:.2} ms**, most {:.2} ms. Opening the store: {:.0} ms. Container, trailers, \
             journal and index together: {:.1} bytes a frame at one frame a second and two to a fragment.",
            figures.seek_ms.len(),
            at(0.5),
            at(0.95),
            at(1.0),
            figures.open_ms,
            figures.container_bytes_a_frame
        ));
    }

    /// What viewers by WHEP cost.
    pub(crate) fn whep(&mut self, figures: &whep::Figures) {
        self.line(&format!(
            "\n## Watching by WHEP\n\n{} viewers of one camera on loopback, {:.2} Mbps each, encrypted for each: **{:.3} CPU ms per \
             viewer-second**, {:.2} MB a viewer; {:.1} % of all frames arrived whole. Recording that camera alone: {:.1} CPU ms a second.",
            figures.viewers,
            figures.mbps,
            figures.cpu_ms,
            figures.memory_mb,
            figures.whole * 100.0,
            figures.alone_ms
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
    fn a_percentile_is_a_value_that_was_measured() {
        let hundred = || (1..=100).map(f64::from);
        assert_eq!(percentile(hundred(), 0.95), Some(95.0));
        assert_eq!(percentile(hundred(), 1.0), Some(100.0));
        assert_eq!(percentile([7.0], 0.95), Some(7.0));
        assert_eq!(percentile([], 0.95), None);
    }
}

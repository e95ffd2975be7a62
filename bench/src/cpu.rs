//! CPU time and memory of a process and its children, as the kernel counts them.

use std::collections::BTreeMap;
use std::fs;

/// The kernel's clock ticks a second in `/proc` (`getconf CLK_TCK` is 100 on every Linux of ours).
const TICKS: u64 = 100;

/// What a process tree has used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// User and system time, in milliseconds.
    pub(crate) cpu_ms: u64,
    /// Memory private to the tree or shared out among its sharers, in kB (PSS).
    pub(crate) pss_kb: u64,
}

/// Returns what `root` and every process below it use.
pub(crate) fn tree(root: u32) -> Usage {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        if let Some(parent) = stat(pid).and_then(|fields| fields.get(1)?.parse().ok()) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut usage = Usage::default();
    let mut waiting = vec![root];
    while let Some(pid) = waiting.pop() {
        waiting.extend(children.get(&pid).into_iter().flatten());
        usage.cpu_ms += cpu_ms(pid);
        usage.pss_kb += pss_kb(pid);
    }
    usage
}

/// Returns what all of the machine has used so far, in milliseconds: every process,
/// and the kernel's own work, which is in nobody's account.
pub(crate) fn machine_ms() -> u64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let all = text.lines().next().unwrap_or_default().split_whitespace().skip(1);
    // user nice system idle iowait irq softirq steal (proc(5)); guests are in user.
    let busy = all.take(8).enumerate().filter(|(index, _)| !matches!(index, 3 | 4 | 7));
    busy.filter_map(|(_, ticks)| ticks.parse::<u64>().ok()).sum::<u64>() * 1000 / TICKS
}

/// Returns the fields of `/proc/PID/stat` after the command's name, which may hold anything.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

/// Returns user and system time, the 14th and 15th fields (proc(5)), and what
/// children that have ended used.
fn cpu_ms(pid: u32) -> u64 {
    let Some(fields) = stat(pid) else { return 0 };
    let ticks: u64 =
        fields.iter().skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum();
    ticks * 1000 / TICKS
}

fn pss_kb(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    text.lines()
        .find_map(|line| line.strip_prefix("Pss:")?.trim().strip_suffix("kB")?.trim().parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_that_works_is_counted_with_its_parent() {
        let mut child = std::process::Command::new("sh")
            .args(["-c", "sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'; read x"])
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut used = 0;
        while used < 50 {
            assert!(
                child.try_wait().unwrap().is_none(),
                "the child ended before it was seen working"
            );
            used = tree(child.id()).cpu_ms;
        }
        assert!(tree(std::process::id()).pss_kb > tree(child.id()).pss_kb);
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}

//! What a worker gives up before it reads the first byte of a job.
//!
//! ```text
//! descriptors   all but the socket and the standard error are closed
//! limits        no file may be opened, no process started, so much memory
//! rank          behind recording: niceness, batch scheduling, first to go when
//!               memory is short
//! parent        when it goes, this goes
//! system calls  of what decoding needs: allowed. Of what takes a process over:
//!               the end. Of all else: refused
//! ```
//!
//! What is refused fails with EPERM instead of ending the process, since
//! libraries of other releases try this and that and live without it.
#![expect(unsafe_code, reason = "prctl, setrlimit and their like are C")]

use std::collections::BTreeMap;
use std::io;

use decode::Sandbox;
use libc::{c_int, c_long};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

/// What may be used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Address space beyond what is there already.
    pub(crate) memory_mib: u64,
    /// Seconds of a core in the process's whole life.
    pub(crate) cpu_s: Option<u64>,
}

/// Steps behind recording, and lets the process end with its parent. Comes first.
pub(crate) fn step_back() -> io::Result<()> {
    // SAFETY: sets what the process itself is told and ranked by.
    unsafe {
        answered(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL))?;
        // Neither core dumps nor debuggers shall see what people look like.
        answered(libc::prctl(libc::PR_SET_DUMPABLE, 0))?;
        // Where the rank cannot be lowered (a container's rules) it stays.
        libc::nice(10);
        let parameters = libc::sched_param { sched_priority: 0 };
        libc::sched_setscheduler(0, libc::SCHED_BATCH, &parameters);
    }
    let _ = std::fs::write("/proc/self/oom_score_adj", "700");
    Ok(())
}

/// Closes all descriptors from `from` on.
pub(crate) fn close_from(from: u32) {
    // SAFETY: nothing in this process uses one of them.
    if unsafe { libc::syscall(libc::SYS_close_range, from, u32::MAX, 0) } != 0 {
        for descriptor in from as c_int..1024 {
            // SAFETY: as above; kernels before 5.9 close them one by one.
            unsafe { libc::close(descriptor) };
        }
    }
}

/// Sets the limits, then filters system calls. There is no way back.
pub(crate) fn enter(limits: Limits) -> io::Result<Sandbox> {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = pages.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0);
    let memory = (limits.memory_mib << 20).saturating_add(pages * 4096);
    limit(libc::RLIMIT_AS, memory)?;
    limit(libc::RLIMIT_CORE, 0)?;
    limit(libc::RLIMIT_NPROC, 0)?;
    limit(libc::RLIMIT_NOFILE, 0)?;
    if let Some(seconds) = limits.cpu_s {
        limit(libc::RLIMIT_CPU, seconds)?;
    }
    // SAFETY: sets a flag of the process.
    answered(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) })?;
    match filter() {
        Ok(()) => Ok(Sandbox::Filtered),
        Err(error) => Ok(Sandbox::LimitsOnly(format!("system calls are not filtered: {error}"))),
    }
}

fn limit(of: libc::__rlimit_resource_t, value: u64) -> io::Result<()> {
    // CPU time has a signal of its own only while the harder limit is not reached.
    let hard = if of == libc::RLIMIT_CPU { value + 1 } else { value };
    let both = libc::rlimit { rlim_cur: value, rlim_max: hard };
    // SAFETY: the structure is whole and read only.
    answered(unsafe { libc::setrlimit(of, &both) })
}

fn answered(answer: c_int) -> io::Result<()> {
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn filter() -> Result<(), Box<dyn std::error::Error>> {
    // The one that ends the process first: the other refuses to install anything.
    install(
        deadly().into_iter().map(|call| (call, Vec::new())).collect(),
        SeccompAction::Allow,
        SeccompAction::KillProcess,
    )?;
    install(needed()?, SeccompAction::Errno(libc::EPERM as u32), SeccompAction::Allow)?;
    Ok(())
}

fn install(
    rules: BTreeMap<c_long, Vec<SeccompRule>>,
    otherwise: SeccompAction,
    then: SeccompAction,
) -> Result<(), Box<dyn std::error::Error>> {
    let here = std::env::consts::ARCH.try_into()?;
    let program: BpfProgram = SeccompFilter::new(rules, otherwise, then, here)?.try_into()?;
    seccompiler::apply_filter(&program)?;
    Ok(())
}

/// What nobody calls but who has taken the process over.
fn deadly() -> Vec<c_long> {
    vec![
        libc::SYS_add_key,
        libc::SYS_bpf,
        libc::SYS_connect,
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_finit_module,
        libc::SYS_init_module,
        libc::SYS_io_uring_setup,
        libc::SYS_kexec_load,
        libc::SYS_keyctl,
        libc::SYS_mount,
        libc::SYS_perf_event_open,
        libc::SYS_pidfd_getfd,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_ptrace,
        libc::SYS_setns,
        libc::SYS_unshare,
        libc::SYS_userfaultfd,
    ]
}

/// What decoding needs.
fn needed() -> Result<BTreeMap<c_long, Vec<SeccompRule>>, Box<dyn std::error::Error>> {
    let freely = [
        libc::SYS_brk,
        libc::SYS_clock_gettime,
        libc::SYS_close,
        libc::SYS_exit,
        libc::SYS_exit_group,
        libc::SYS_futex,
        libc::SYS_getpid,
        libc::SYS_getrandom,
        libc::SYS_gettid,
        libc::SYS_gettimeofday,
        libc::SYS_madvise,
        libc::SYS_mremap,
        libc::SYS_munmap,
        libc::SYS_read,
        libc::SYS_readv,
        libc::SYS_restart_syscall,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sched_getaffinity,
        libc::SYS_sched_yield,
        libc::SYS_sigaltstack,
        libc::SYS_sysinfo,
        libc::SYS_write,
        libc::SYS_writev,
    ];
    let mut rules: BTreeMap<c_long, Vec<SeccompRule>> =
        freely.into_iter().map(|call| (call, Vec::new())).collect();
    // Memory that is data: nobody runs what a bitstream wrote.
    let is_data = |argument| -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
        let masked = SeccompCmpOp::MaskedEq(libc::PROT_EXEC as u64);
        let no_code = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, masked, 0)?;
        Ok(vec![SeccompRule::new(vec![no_code])?])
    };
    rules.insert(libc::SYS_mmap, is_data(2)?);
    rules.insert(libc::SYS_mprotect, is_data(2)?);
    // A process may end itself, and nobody else.
    let own = u64::from(std::process::id());
    let own = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, own)?;
    rules.insert(libc::SYS_tgkill, vec![SeccompRule::new(vec![own])?]);
    Ok(rules)
}

/// Tries what must not be possible, and says of each what came of it. Ends
/// with what must end the process; so whoever reads this line to its end has
/// found a hole.
pub(crate) fn try_to_leave() {
    use std::net::{TcpStream, UdpSocket};
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    let told = |what: &str, came: io::Result<()>| match came {
        Ok(()) => println!("{what}: possible"),
        Err(error) => println!("{what}: refused ({error})"),
    };
    told("open a file", std::fs::File::open("/etc/hostname").map(drop));
    told("make a file", std::fs::File::create("/tmp/khue-decode-was-here").map(drop));
    told("list a folder", std::fs::read_dir("/").map(drop));
    told("open a socket", UdpSocket::bind("127.0.0.1:0").map(drop));
    told("reach a server", TcpStream::connect("127.0.0.1:9").map(drop));
    told("start a thread", std::thread::Builder::new().spawn(|| ()).map(drop));
    told("start a process", Command::new("/bin/true").spawn().map(drop));
    // SAFETY: asks for new memory that nothing knows yet.
    let code = unsafe {
        let how = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        libc::mmap(std::ptr::null_mut(), 4096, libc::PROT_READ | libc::PROT_EXEC, how, -1, 0)
    };
    let code = if code == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(()) };
    told("make code", code);
    // SAFETY: signal 0 only asks whether it could be sent.
    told("signal the parent", answered(unsafe { libc::kill(libc::getppid(), 0) }));
    println!("become another program: trying");
    told("become another program", Err(Command::new("/bin/true").exec()));
}

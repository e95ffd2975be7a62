//! How many heaps the C library keeps.
//!
//! Left to itself, glibc's allocator keeps up to eight for each core, and what is
//! free in one is of no use to a thread that has another. Some twenty threads, most
//! of which wait for disk or database, so creep up for hours though nothing leaks:
//! while viewers came and went for ten minutes on two cores, 25 MB in use took 47,
//! and 35 with a heap for each core.

/// Bounds the heaps by the cores: no more threads ask for memory at once than that.
/// Called before there is another thread.
#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "a call into the C library")]
pub(crate) fn one_for_each_core() {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let heaps = i32::try_from(cores.max(2)).unwrap_or(i32::MAX);
    // SAFETY: it takes two numbers and keeps nothing; no other thread is there that
    // would allocate meanwhile.
    let taken = unsafe { libc::mallopt(libc::M_ARENA_MAX, heaps) };
    debug_assert_eq!(taken, 1, "glibc knows this setting");
}

/// Other C libraries keep few by themselves.
#[cfg(not(target_env = "gnu"))]
pub(crate) fn one_for_each_core() {}

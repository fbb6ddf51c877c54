//! Reading the clocks, and setting the wall clock.

use rustix::time::{clock_gettime, clock_settime, ClockId, Timespec};

const NS_PER_S: i128 = 1_000_000_000;

fn nanoseconds(clock: ClockId) -> i128 {
    let now = clock_gettime(clock);
    i128::from(now.tv_sec) * NS_PER_S + i128::from(now.tv_nsec)
}

pub fn wall_ns() -> i128 {
    nanoseconds(ClockId::Realtime)
}

/// Time since boot, suspension included.
pub fn uptime_ns() -> u64 {
    u64::try_from(nanoseconds(ClockId::Boottime)).unwrap_or(0)
}

pub fn raw_ns() -> u64 {
    u64::try_from(nanoseconds(ClockId::MonotonicRaw)).unwrap_or(0)
}

pub fn set_wall_ns(ns: i128) -> std::io::Result<()> {
    let tv_sec = i64::try_from(ns.div_euclid(NS_PER_S)).map_err(std::io::Error::other)?;
    let tv_nsec = (ns.rem_euclid(NS_PER_S)) as i64;
    Ok(clock_settime(
        ClockId::Realtime,
        Timespec { tv_sec, tv_nsec },
    )?)
}

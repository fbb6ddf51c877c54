//! The frequency of the time stamp counter, for `tsc_early_khz=` on a guest's command line.

use std::time::Duration;

use super::clock::raw_ns;

/// long enough that the cost of reading the clock is below one in a million
const ROUND: Duration = Duration::from_millis(20);
const ROUNDS: usize = 5;

/// The frequency in kHz, measured against the raw monotonic clock; the median of a few rounds.
pub fn measure_khz() -> Option<u64> {
    let mut rounds: Vec<u64> = (0..ROUNDS).filter_map(|_| one_round()).collect();
    rounds.sort_unstable();
    rounds.get(rounds.len() / 2).copied()
}

fn one_round() -> Option<u64> {
    let (ticks_before, ns_before) = sample();
    std::thread::sleep(ROUND);
    let (ticks_after, ns_after) = sample();
    let ticks = u128::from(ticks_after.checked_sub(ticks_before)?);
    let ns = u128::from(ns_after.checked_sub(ns_before)?);
    u64::try_from((ticks * 1_000_000 + ns / 2).checked_div(ns)?).ok()
}

/// The counter and the clock at the same moment: the closest of a few pairs.
fn sample() -> (u64, u64) {
    (0..8)
        .map(|_| {
            let before = counter();
            let ns = raw_ns();
            let after = counter();
            (
                after.wrapping_sub(before),
                before.wrapping_add(after.wrapping_sub(before) / 2),
                ns,
            )
        })
        .min()
        .map_or((0, 0), |(_, ticks, ns)| (ticks, ns))
}

#[cfg(target_arch = "x86_64")]
fn counter() -> u64 {
    // SAFETY: every x86-64 processor has the instruction; it reads no memory.
    unsafe { core::arch::x86_64::_rdtsc() }
}

#[cfg(not(target_arch = "x86_64"))]
fn counter() -> u64 {
    0
}

//! The numbers of `stats`, read from /proc and /sys. What cannot be read counts as zero.

use std::fs;

use serde::Serialize;

use crate::health::hostname;
use crate::sys::clock::{uptime_ns, wall_ns};

const SECTOR_BYTES: u64 = 512;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    hostname: String,
    arch: String,
    timestamp_ns: String,
    uptime_ns: u64,
    total_cpus: u64,
    total_memory: u64,
    memory_used: u64,
    memory_available: u64,
    memory_used_percent: f64,
    load_avg1: f64,
    load_avg5: f64,
    load_avg15: f64,
    disk_read_total: u64,
    disk_write_total: u64,
    network_read_total: u64,
    network_write_total: u64,
    #[serde(rename = "diskIOInflight")]
    disk_io_inflight: u64,
    open_connections: u64,
    open_files: u64,
    entropy: u64,
    disk_space_total: u64,
    disk_space_used: u64,
    disk_space_free: u64,
    disk_space_used_percent: f64,
}

impl Snapshot {
    pub fn take() -> Self {
        let memory = read("/proc/meminfo");
        let total_memory = kibibytes(&memory, "MemTotal:");
        let memory_available = kibibytes(&memory, "MemAvailable:");
        let memory_used = total_memory.saturating_sub(memory_available);
        let loads = loads(&read("/proc/loadavg"));
        let disks = disk_totals(&read("/proc/diskstats"));
        let (network_read_total, network_write_total) = network_totals(&read("/proc/net/dev"));
        let (disk_space_total, disk_space_free) = disk_space();
        let disk_space_used = disk_space_total.saturating_sub(disk_space_free);
        Self {
            hostname: hostname(),
            arch: std::env::consts::ARCH.to_owned(),
            timestamp_ns: wall_ns().to_string(),
            uptime_ns: uptime_ns(),
            total_cpus: cpus(&read("/proc/stat")),
            total_memory,
            memory_used,
            memory_available,
            memory_used_percent: percent(memory_used, total_memory),
            load_avg1: loads[0],
            load_avg5: loads[1],
            load_avg15: loads[2],
            disk_read_total: disks.read_bytes,
            disk_write_total: disks.written_bytes,
            network_read_total,
            network_write_total,
            disk_io_inflight: disks.in_flight,
            open_connections: connections(&read("/proc/net/tcp"))
                + connections(&read("/proc/net/tcp6")),
            open_files: number(&read("/proc/sys/fs/file-nr"), 0),
            entropy: number(&read("/proc/sys/kernel/random/entropy_avail"), 0),
            disk_space_total,
            disk_space_used,
            disk_space_free,
            disk_space_used_percent: percent(disk_space_used, disk_space_total),
        }
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn number(line: &str, field: usize) -> u64 {
    let word = line.split_whitespace().nth(field);
    word.and_then(|word| word.parse().ok()).unwrap_or(0)
}

fn loads(line: &str) -> [f64; 3] {
    let mut words = line.split_whitespace().map(hundredths);
    [0; 3].map(|_| f64::from(words.next().flatten().unwrap_or(0)) / 100.0)
}

/// `1.25` is 125; the kernel writes two digits, always. A float's own parser understands much more, and is 14 KiB of this program.
fn hundredths(word: &str) -> Option<u32> {
    let (whole, part) = word.split_once('.').filter(|(_, part)| part.len() == 2)?;
    let part: u32 = part.parse().ok()?;
    whole
        .parse::<u32>()
        .ok()?
        .checked_mul(100)?
        .checked_add(part)
}

fn kibibytes(text: &str, name: &str) -> u64 {
    let line = text.lines().find(|line| line.starts_with(name));
    line.map_or(0, |line| number(line, 1).saturating_mul(1024))
}

fn cpus(stat: &str) -> u64 {
    let is_cpu = |line: &&str| line.starts_with("cpu") && !line.starts_with("cpu ");
    stat.lines().filter(is_cpu).count() as u64
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    let exact = part as f64 * 100.0 / whole as f64;
    (exact * 100.0).round() / 100.0
}

#[derive(Default, Debug, PartialEq)]
struct DiskTotals {
    read_bytes: u64,
    written_bytes: u64,
    in_flight: u64,
}

/// Sums over whole disks; partitions and memory-backed devices would count twice.
fn disk_totals(diskstats: &str) -> DiskTotals {
    let mut totals = DiskTotals::default();
    for line in diskstats.lines() {
        let Some(name) = line.split_whitespace().nth(2) else {
            continue;
        };
        if !is_disk(name) {
            continue;
        }
        totals.read_bytes += number(line, 5).saturating_mul(SECTOR_BYTES);
        totals.written_bytes += number(line, 9).saturating_mul(SECTOR_BYTES);
        totals.in_flight += number(line, 11);
    }
    totals
}

fn is_disk(name: &str) -> bool {
    let letters = |rest: &str| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_lowercase());
    ["vd", "sd", "xvd"]
        .iter()
        .any(|kind| name.strip_prefix(kind).is_some_and(letters))
        || (name.starts_with("nvme") && !name.contains('p'))
}

/// Received and sent bytes of all interfaces but the loopback.
fn network_totals(dev: &str) -> (u64, u64) {
    let interfaces = dev.lines().filter_map(|line| line.split_once(':'));
    interfaces.filter(|(name, _)| name.trim() != "lo").fold(
        (0, 0),
        |(read, written), (_, counters)| {
            (read + number(counters, 0), written + number(counters, 8))
        },
    )
}

/// Established connections in a /proc/net/tcp table.
fn connections(table: &str) -> u64 {
    let established = |line: &&str| line.split_whitespace().nth(3) == Some("01");
    table.lines().skip(1).filter(established).count() as u64
}

/// Total and free bytes of the root file system.
fn disk_space() -> (u64, u64) {
    rustix::fs::statvfs("/").map_or((0, 0), |fs| {
        let bytes = |blocks: u64| blocks.saturating_mul(fs.f_frsize);
        (bytes(fs.f_blocks), bytes(fs.f_bfree))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_disks_are_summed_and_partitions_are_not() {
        let text = " 254 0 vda 10 0 8 0 5 0 4 0 2 0 0\n 254 1 vda1 9 0 8 0 5 0 4 0 1 0 0\n\
                    7 0 loop0 1 0 2 0 0 0 0 0 0 0 0\n";
        let expected = DiskTotals {
            read_bytes: 4096,
            written_bytes: 2048,
            in_flight: 2,
        };
        assert_eq!(disk_totals(text), expected);
    }

    #[test]
    fn loopback_is_left_out() {
        let text = "Inter-| x\n face |bytes\n lo: 5 0 0 0 0 0 0 0 5 0\neth0: 7 1 0 0 0 0 0 0 9 1\n";
        assert_eq!(network_totals(text), (7, 9));
    }

    #[test]
    fn odd_text_counts_as_nothing() {
        assert_eq!(kibibytes("MemTotal: x kB", "MemTotal:"), 0);
        assert_eq!(connections(""), 0);
        assert_eq!(percent(1, 0), 0.0);
        assert_eq!(loads("0.50 12.07 x"), [0.5, 12.07, 0.0]);
        assert_eq!(loads("0.5 . 1"), [0.0; 3]);
    }

    #[test]
    fn this_machine_has_numbers() {
        let snapshot = Snapshot::take();
        assert!(snapshot.total_memory > 0 && snapshot.total_cpus > 0);
        assert!(snapshot.disk_space_total >= snapshot.disk_space_used);
    }
}

//! The file systems that every Linux program expects, mounted by the first process.

use std::fs;

use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::mount::{mount, MountFlags};

use crate::console::say;

struct Mount {
    source: &'static str,
    target: &'static str,
    kind: &'static str,
    flags: MountFlags,
    options: &'static str,
}

const NOTHING: MountFlags = MountFlags::NOSUID
    .union(MountFlags::NODEV)
    .union(MountFlags::NOEXEC);
const DATA: MountFlags = MountFlags::NOSUID.union(MountFlags::NODEV);

const fn entry(
    kind: &'static str,
    target: &'static str,
    flags: MountFlags,
    options: &'static str,
) -> Mount {
    Mount {
        source: kind,
        target,
        kind,
        flags,
        options,
    }
}

/// /proc, /sys and /dev: what the first process itself needs.
const KERNEL: [Mount; 3] = [
    entry("proc", "/proc", NOTHING, ""),
    entry("sysfs", "/sys", NOTHING, ""),
    entry("devtmpfs", "/dev", MountFlags::NOSUID, "mode=0755"),
];

/// /tmp stays on the disk: a small guest has no memory to spare for it.
const USER: [Mount; 4] = [
    entry(
        "devpts",
        "/dev/pts",
        NOTHING.difference(MountFlags::NODEV),
        "gid=5,mode=620,ptmxmode=666",
    ),
    entry("tmpfs", "/dev/shm", DATA, "mode=1777"),
    entry("tmpfs", "/run", DATA, "mode=0755"),
    entry("cgroup2", "/sys/fs/cgroup", NOTHING, "nsdelegate"),
];

pub fn mount_kernel() {
    KERNEL.iter().for_each(ensure);
}

pub fn mount_user() {
    USER.iter().for_each(ensure);
    // An old convention that programs rely on; there may be one in the image already.
    for (link, target) in [
        ("/dev/fd", "/proc/self/fd"),
        ("/dev/stdin", "/proc/self/fd/0"),
        ("/dev/stdout", "/proc/self/fd/1"),
        ("/dev/stderr", "/proc/self/fd/2"),
    ] {
        let _ = rustix::fs::symlink(target, link);
    }
    for folder in ["/run/lock", "/run/lock/subsys"].iter().take(1) {
        let _ = rustix::fs::mkdir(*folder, Mode::from_raw_mode(0o1777));
    }
}

/// Mounts unless the same is there already (left by an initramfs, or mounted by the kernel).
fn ensure(wanted: &Mount) {
    let _ = rustix::fs::mkdir(wanted.target, Mode::from_raw_mode(0o755));
    let options = std::ffi::CString::new(wanted.options).unwrap_or_default();
    match mount(
        wanted.source,
        wanted.target,
        wanted.kind,
        wanted.flags,
        Some(options.as_c_str()),
    ) {
        Ok(()) | Err(Errno::BUSY) => {}
        Err(error) => say(format_args!("{}: {error}", wanted.target)),
    }
}

/// Whether the root file system is mounted read-only.
pub fn root_is_read_only() -> bool {
    fs::read_to_string("/proc/self/mounts").is_ok_and(|mounts| {
        mounts
            .lines()
            .filter(|line| line.split(' ').nth(1) == Some("/"))
            .next_back()
            .and_then(|line| line.split(' ').nth(3))
            .is_some_and(|options| options.split(',').any(|option| option == "ro"))
    })
}

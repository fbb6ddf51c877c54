//! The file systems that every Linux program expects, mounted by the first process.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

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

/// Names that programs expect in /dev, by an old convention.
const LINKS: [(&str, &str); 4] = [
    ("/dev/fd", "/proc/self/fd"),
    ("/dev/stdin", "/proc/self/fd/0"),
    ("/dev/stdout", "/proc/self/fd/1"),
    ("/dev/stderr", "/proc/self/fd/2"),
];

pub fn mount_user() {
    USER.iter().for_each(ensure);
    for (link, target) in LINKS {
        // There already is what was wanted.
        let _ = rustix::fs::symlink(target, link);
    }
}

/// Mounts unless something is there already (left by an initramfs, or mounted by the kernel).
fn ensure(wanted: &Mount) {
    // There already, or a read-only root: then mounting says what is wrong.
    let _ = rustix::fs::mkdir(wanted.target, Mode::from_raw_mode(0o755));
    if is_mounted(wanted.target) {
        return;
    }
    let options = std::ffi::CString::new(wanted.options).unwrap_or_default();
    let options = Some(options.as_c_str());
    match mount(
        wanted.source,
        wanted.target,
        wanted.kind,
        wanted.flags,
        options,
    ) {
        Ok(()) | Err(Errno::BUSY) => {}
        Err(error) => say(format_args!("{}: {error}", wanted.target)),
    }
}

/// Whether `target` is on another device than the folder it is in.
fn is_mounted(target: &str) -> bool {
    let device = |path: &Path| fs::metadata(path).map(|meta| meta.dev()).ok();
    let path = Path::new(target);
    path.parent()
        .is_some_and(|parent| device(path) != device(parent))
}

/// Whether the root file system is mounted read-only.
pub fn root_is_read_only() -> bool {
    fs::read_to_string("/proc/self/mounts").is_ok_and(|mounts| {
        mounts
            .lines()
            .rfind(|line| line.split(' ').nth(1) == Some("/"))
            .and_then(|line| line.split(' ').nth(3))
            .is_some_and(|options| options.split(',').any(|option| option == "ro"))
    })
}

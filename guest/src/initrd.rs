//! The first process of an initramfs: loads modules, mounts the root file system, becomes its init.

use std::ffi::CString;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::mount::{mount, mount_move, MountFlags};

use crate::cmdline::{self, BootParameters};
use crate::console::{attach, say};
use crate::literal::literal;
use crate::mounts::mount_kernel;

/// marks an initramfs of ours; holds the modules to load, a path a line
pub const MARKER: &str = "/alcove-initrd";
const NEW_ROOT: &str = "/newroot";
/// how long the root device may take to appear
const DEVICE_PATIENCE: Duration = Duration::from_secs(10);
const GUESSED_TYPES: &str = "ext4,erofs,squashfs,xfs,btrfs";
const INIT: &str = "/sbin/init";

/// Hands the machine over to the root file system's init. Returns only when that failed.
pub fn run() -> io::Result<()> {
    mount_kernel();
    attach();
    let parameters = cmdline::parse(&fs::read_to_string("/proc/cmdline")?);
    load_modules();
    mount_root(&parameters)?;
    for folder in ["/dev", "/proc", "/sys"] {
        mount_move(folder, format!("{NEW_ROOT}{folder}"))?;
    }
    switch_root()?;
    let init = parameters.init.as_deref().unwrap_or(INIT);
    let error = Command::new(init).exec();
    Err(about(init, error))
}

/// Loads what the marker lists, in order. One that fails may not be needed: it is said and skipped.
fn load_modules() {
    let list = fs::read_to_string(MARKER).unwrap_or_default();
    for path in list.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Err(words) = load(path) {
            say(format_args!("module {path}: {words}"));
        }
    }
}

fn load(path: &str) -> Result<(), String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    match rustix::system::finit_module(&file, literal(b"\0"), 0) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(Errno::NOENT) => Err("another module that it needs is not loaded".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn mount_root(parameters: &BootParameters) -> io::Result<()> {
    let missing = || io::Error::other("the kernel command line has no root=/dev/...");
    let device = parameters.root.as_deref().ok_or_else(missing)?;
    if !device.starts_with("/dev/") {
        let message = format!("root={device}: only device paths (/dev/...) are understood");
        return Err(io::Error::other(message));
    }
    wait_for_device(device)?;
    fs::create_dir_all(NEW_ROOT)?;
    let flags = match parameters.read_write {
        true => MountFlags::empty(),
        false => MountFlags::RDONLY,
    };
    let options = CString::new(parameters.root_flags.as_str())?;
    let types = parameters.root_type.as_deref().unwrap_or(GUESSED_TYPES);
    let mut failure = io::Error::other("no file system type was given");
    for kind in types.split(',') {
        let read_only = matches!(kind, "erofs" | "squashfs");
        let flags = if read_only { MountFlags::RDONLY } else { flags };
        match mount(device, NEW_ROOT, kind, flags, Some(options.as_c_str())) {
            Ok(()) => return Ok(()),
            Err(error) => failure = about(&format!("mounting {device} as {kind}"), error.into()),
        }
    }
    Err(failure)
}

fn wait_for_device(device: &str) -> io::Result<()> {
    let begun = Instant::now();
    let is_there = || fs::metadata(device).is_ok_and(|m| m.file_type().is_block_device());
    while !is_there() {
        if begun.elapsed() > DEVICE_PATIENCE {
            let seconds = DEVICE_PATIENCE.as_secs();
            let message = format!("{device} did not appear within {seconds} s");
            return Err(io::Error::new(io::ErrorKind::TimedOut, message));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// Frees the initramfs and makes the new root the root.
fn switch_root() -> io::Result<()> {
    let device = fs::metadata("/")?.dev();
    empty(Path::new("/"), device);
    std::env::set_current_dir(NEW_ROOT)?;
    mount_move(".", "/")?;
    std::os::unix::fs::chroot(".")?;
    std::env::set_current_dir("/")
}

/// Deletes what is on `device` below `folder`; other file systems are left alone. What cannot be
/// deleted only keeps some memory.
fn empty(folder: &Path, device: u64) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        match fs::symlink_metadata(&path) {
            Ok(meta) if meta.dev() != device => {}
            Ok(meta) if meta.is_dir() => {
                empty(&path, device);
                let _ = fs::remove_dir(&path);
            }
            _ => drop(fs::remove_file(&path)),
        }
    }
}

fn about(what: &str, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}

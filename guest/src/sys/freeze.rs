//! Holding a file system still, and letting it go on.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

const FIFREEZE: libc::c_ulong = 0xc004_5877;
const FITHAW: libc::c_ulong = 0xc004_5878;

/// Writes out the file system that `inside` is on, and lets nobody write to it until `thaw`.
pub fn freeze(inside: &File) -> io::Result<()> {
    call(inside, FIFREEZE)
}

pub fn thaw(inside: &File) -> io::Result<()> {
    call(inside, FITHAW)
}

fn call(inside: &File, number: libc::c_ulong) -> io::Result<()> {
    // SAFETY: neither request reads or writes memory through its argument.
    match unsafe { libc::ioctl(inside.as_raw_fd(), number, 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

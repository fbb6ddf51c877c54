//! Growing a mounted ext4 file system.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

const EXT4_IOC_RESIZE_FS: libc::c_ulong = 0x4008_6610;

/// Makes the file system that `inside` is on `blocks` of its own blocks large. Nothing happens when it is.
pub fn resize_ext4(inside: &File, blocks: u64) -> io::Result<()> {
    // SAFETY: EXT4_IOC_RESIZE_FS reads one u64 from the pointer, and `blocks` outlives the call.
    if unsafe { libc::ioctl(inside.as_raw_fd(), EXT4_IOC_RESIZE_FS, &blocks) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

//! A file that appears whole or not at all: written under a temporary name, renamed at the end,
//! removed when it is dropped before.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{
    fallocate, fchmod, fchown, fstatfs, fstatvfs, ftruncate, futimens, openat, renameat, unlinkat,
    AtFlags, FallocateFlags, Mode, OFlags, Timespec, Timestamps,
};
use rustix::io::Errno;

use crate::beneath::Owner;

/// makes temporary names of this process differ
static COUNTER: AtomicU64 = AtomicU64::new(0);
const NEW: OFlags = OFlags::WRONLY
    .union(OFlags::CREATE)
    .union(OFlags::EXCL)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// how many names are tried before the folder is given up
const MAX_NAMES: usize = 64;

/// of ext4, where a page costs half as much to write once its place on the disk is settled
const EXT4_MAGIC: u64 = 0xef53;
/// a file gets its place on the disk ahead of its bytes once it has this many
const RESERVED_FROM_BYTES: u64 = 1024 * 1024;
/// most that is reserved at a time, and so taken from others until the file is whole
const MAX_RESERVE_BYTES: u64 = 32 * 1024 * 1024;

pub struct NewFile {
    folder: OwnedFd,
    temporary: CString,
    name: CString,
    file: File,
    written: u64,
    /// up to where the file has a place on the disk that was asked for
    reserved: u64,
    /// whether asking for it is worth while
    reserves: bool,
    /// the temporary name is gone: renamed, or never to be removed by us
    settled: bool,
}

impl NewFile {
    /// Begins a file that will be `name` in `folder`, readable by its owner alone until then.
    pub fn begin(folder: BorrowedFd<'_>, name: &CStr) -> io::Result<Self> {
        let folder = folder.try_clone_to_owned()?;
        let (temporary, file) = unused_name(&folder)?;
        Ok(Self {
            folder,
            temporary,
            name: name.to_owned(),
            written: 0,
            reserved: 0,
            reserves: is_ext4(&file),
            file: file.into(),
            settled: false,
        })
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.reserve(bytes.len() as u64);
        self.file.write_all(bytes)?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Makes room for what comes next, as much again as there is already.
    fn reserve(&mut self, wanted: u64) {
        let end = self.written + wanted;
        if !self.reserves || self.written < RESERVED_FROM_BYTES || end <= self.reserved {
            return;
        }
        let ahead = self.written.min(MAX_RESERVE_BYTES).max(wanted);
        let made = fallocate(&self.file, FallocateFlags::KEEP_SIZE, self.written, ahead);
        match made {
            Ok(()) => self.reserved = self.written + ahead,
            // No room for so much: the file may still be smaller than that.
            Err(_) => self.reserves = false,
        }
    }

    /// Gives the file its owner, mode, time and name.
    pub fn settle(mut self, owner: Owner, mode: u32, mtime: Option<i64>) -> io::Result<()> {
        if self.reserved > self.written {
            ftruncate(&self.file, self.written)?; // gives back what was reserved beyond the end
        }
        // The owner first: changing it would take bits of the mode away.
        fchown(&self.file, owner.uid(), owner.gid())?;
        fchmod(&self.file, Mode::from_raw_mode(mode & 0o777))?;
        if let Some(seconds) = mtime {
            futimens(&self.file, &times(seconds))?;
        }
        let (from, to) = (self.temporary.as_c_str(), self.name.as_c_str());
        renameat(&self.folder, from, &self.folder, to)?;
        self.settled = true;
        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.settled {
            // Nothing more can be done about a name that cannot be removed.
            let _ = unlinkat(&self.folder, self.temporary.as_c_str(), AtFlags::empty());
        }
    }
}

/// Access and modification time, both `seconds`.
pub fn times(seconds: i64) -> Timestamps {
    let time = Timespec {
        tv_sec: seconds,
        tv_nsec: 0,
    };
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}

/// Bytes that fit on the file system of `folder`.
pub fn free_bytes(folder: BorrowedFd<'_>) -> io::Result<u64> {
    let fs = fstatvfs(folder.as_fd())?;
    Ok(fs.f_bavail.saturating_mul(fs.f_frsize))
}

fn is_ext4(file: &OwnedFd) -> bool {
    fstatfs(file).is_ok_and(|fs| fs.f_type as u64 == EXT4_MAGIC)
}

/// A copy that was cut off by the end of an earlier boot may have left a file under a number that
/// this process has again: the next number is tried.
fn unused_name(folder: &OwnedFd) -> io::Result<(CString, OwnedFd)> {
    for _ in 0..MAX_NAMES {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = CString::new(format!(".alcove-{}-{number}.part", std::process::id()))?;
        match openat(folder, name.as_c_str(), NEW, Mode::from_raw_mode(0o600)) {
            Err(Errno::EXIST) => {}
            opened => return Ok((name, opened?)),
        }
    }
    Err(Errno::EXIST.into())
}

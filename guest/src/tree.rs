//! A walk over a folder: parents before children, names sorted, links never followed.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{fstat, fstatfs, openat, statat, AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::glob::Patterns;
use crate::literal::literal;
use crate::refusal::{About, Answer};
use crate::tar_write::Member;

const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);
/// NONBLOCK: a fifo that takes a file's place must not stop us
const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::CLOEXEC);

/// A folder that is being read: what is left of its names.
struct Level {
    folder: OwnedFd,
    /// the file system it lies on
    device: u64,
    /// path below the root with a slash at the end; empty for the root
    prefix: Vec<u8>,
    /// sorted, the next one last
    names: Vec<CString>,
}

pub struct Tree {
    levels: Vec<Level>,
    exclude: Patterns,
}

/// What the walk found: a folder, or a file opened for reading.
pub struct Found {
    pub member: Member,
    pub file: Option<File>,
}

impl Tree {
    pub fn new(root: OwnedFd, exclude: Patterns) -> Answer<Self> {
        let level = level(root, Vec::new())?;
        Ok(Self {
            levels: vec![level],
            exclude,
        })
    }

    /// The next folder or regular file; everything else is passed over. `None` at the end.
    pub fn next(&mut self) -> Answer<Option<Found>> {
        while let Some(level) = self.levels.last_mut() {
            let Some(name) = level.names.pop() else {
                self.levels.pop();
                continue;
            };
            let path = [&level.prefix, name.to_bytes()].concat();
            if self.exclude.matches(&path) {
                continue;
            }
            let shown = String::from_utf8_lossy(&path).into_owned();
            let stat = match statat(&level.folder, &name, AtFlags::SYMLINK_NOFOLLOW) {
                // Gone since the folder was read: it is not part of the copy.
                Err(Errno::NOENT) => continue,
                other => other.about(&shown)?,
            };
            let found = match FileType::from_raw_mode(stat.st_mode) {
                FileType::Directory => self.enter(&name, path),
                FileType::RegularFile => self.open(&name, path),
                _ => continue,
            };
            match found {
                Err(Errno::NOENT) => {}
                other => return Ok(Some(other.about(&shown)?)),
            }
        }
        Ok(None)
    }

    fn enter(&mut self, name: &CStr, mut path: Vec<u8>) -> Result<Found, Errno> {
        let Some(parent) = self.levels.last() else {
            return Err(Errno::NOENT);
        };
        let folder = openat(&parent.folder, name, FOLDER, Mode::empty())?;
        let stat = fstat(&folder)?;
        path.push(b'/');
        let mounted = stat.st_dev != parent.device;
        // /proc and its like hold no files to copy, and some without an end: they stay empty folders.
        let names = if mounted && is_kernel_made(folder.as_fd())? {
            Vec::new()
        } else {
            sorted_names(&folder)?
        };
        let member = member(path.clone(), &stat, true);
        self.levels.push(Level {
            folder,
            device: stat.st_dev,
            prefix: path,
            names,
        });
        Ok(Found { member, file: None })
    }

    fn open(&mut self, name: &CStr, path: Vec<u8>) -> Result<Found, Errno> {
        let Some(parent) = self.levels.last() else {
            return Err(Errno::NOENT);
        };
        let file = openat(&parent.folder, name, FILE, Mode::empty())?;
        let stat = fstat(&file)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            // It was replaced between the look and the opening: not part of the copy either.
            return Err(Errno::NOENT);
        }
        Ok(Found {
            member: member(path, &stat, false),
            file: Some(file.into()),
        })
    }
}

pub fn member(name: Vec<u8>, stat: &Stat, is_directory: bool) -> Member {
    Member {
        name,
        is_directory,
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        size: if is_directory { 0 } else { stat.st_size as u64 },
        mtime: stat.st_mtime,
    }
}

fn level(folder: OwnedFd, prefix: Vec<u8>) -> Answer<Level> {
    let names = sorted_names(&folder).about("reading a directory")?;
    let device = fstat(&folder).about("reading a directory")?.st_dev;
    Ok(Level {
        folder,
        device,
        prefix,
        names,
    })
}

/// File systems that the kernel makes up as they are read (linux/magic.h): proc, sysfs, devpts,
/// cgroup, cgroup2, debugfs, tracefs, securityfs, bpf, configfs, mqueue, pstore, efivarfs, binfmt_misc.
const KERNEL_MADE: [i64; 14] = [
    0x9fa0,
    0x6265_6572,
    0x1cd1,
    0x0027_e0eb,
    0x6367_7270,
    0x6462_6720,
    0x7472_6163,
    0x7363_6673,
    0xcafe_4a11,
    0x6265_6570,
    0x1980_0202,
    0x6165_676c,
    0xde5e_81e4,
    0x4249_4e4d,
];

pub fn is_kernel_made(folder: BorrowedFd<'_>) -> Result<bool, Errno> {
    Ok(KERNEL_MADE.contains(&fstatfs(folder)?.f_type))
}

/// All names in a folder, last one first.
fn sorted_names(folder: &OwnedFd) -> Result<Vec<CString>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder.as_fd())? {
        let entry = entry?;
        let name = entry.file_name();
        if name != literal(b".\0") && name != literal(b"..\0") {
            names.push(name.to_owned());
        }
    }
    names.sort_unstable_by(|a, b| b.cmp(a));
    Ok(names)
}

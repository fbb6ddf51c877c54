//! What is in the guest's file system: one thing described, or a directory listed as it is sent.

use rustix::fs::{lstat, open, statat, AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use serde::Serialize;

use crate::outflow::{push_line, Flow, Pieces};
use crate::refusal::{About, Answer};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    size: u64,
    mtime_ns: String,
    mode: u32,
    uid: u32,
    gid: u32,
}

impl Entry {
    /// What is at `path`, a link not followed.
    pub fn at(path: &str) -> Answer<Self> {
        let stat = lstat(path).about(path)?;
        let trimmed = path.trim_end_matches('/');
        let name = trimmed.rsplit('/').next().unwrap_or_default();
        let name = if name.is_empty() { "/" } else { name };
        Ok(Self::new(name.to_owned(), &stat))
    }

    fn new(name: String, stat: &Stat) -> Self {
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => "file",
            FileType::Directory => "directory",
            FileType::Symlink => "symlink",
            _ => "other",
        };
        let mtime = i128::from(stat.st_mtime) * 1_000_000_000 + stat.st_mtime_nsec as i128;
        Self {
            name,
            kind,
            size: u64::try_from(stat.st_size).unwrap_or(0),
            mtime_ns: mtime.to_string(),
            mode: stat.st_mode & 0o7777,
            uid: stat.st_uid,
            gid: stat.st_gid,
        }
    }
}

/// A directory, one line of JSON for each entry, read no further than it is sent.
pub struct Listing {
    folder: Dir,
    path: String,
    is_over: bool,
}

impl Listing {
    pub fn start(path: String) -> Answer<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = open(path.as_str(), flags, Mode::empty()).about(&path)?;
        Ok(Self {
            folder: Dir::new(fd).about(&path)?,
            path,
            is_over: false,
        })
    }
}

impl Pieces for Listing {
    fn next(&mut self, line: &mut Vec<u8>) -> Answer<()> {
        while let Some(found) = self.folder.read() {
            let found = found.about(&self.path)?;
            let name = found.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let fd = self.folder.fd().about(&self.path)?;
            let stat = match statat(fd, name, AtFlags::SYMLINK_NOFOLLOW) {
                // Gone since the directory was read.
                Err(Errno::NOENT) => continue,
                other => other.about(&self.path)?,
            };
            let entry = Entry::new(name.to_string_lossy().into_owned(), &stat);
            return push_line(line, &entry);
        }
        self.is_over = true;
        Ok(())
    }

    fn flow(&self) -> Flow {
        if self.is_over {
            Flow::Over
        } else {
            Flow::Ready
        }
    }
}

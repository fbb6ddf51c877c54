//! What is in the guest's file system: one thing described, or a directory listed as it is sent.

use rustix::fs::{lstat, open, statat, AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use serde::Serialize;

use crate::outflow::{Outflow, Sent};
use crate::refusal::{About, Answer, Refusal};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    size: u64,
    mtime_ns: String,
    mode: u32,
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
        }
    }
}

/// A directory, one line of JSON for each entry, read no further than it is sent.
pub struct Listing {
    folder: Dir,
    path: String,
    /// the next line, and how much of it was sent; empty at the end
    line: Vec<u8>,
    line_sent: usize,
    sent: u64,
}

impl Listing {
    pub fn start(path: String) -> Answer<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = open(path.as_str(), flags, Mode::empty()).about(&path)?;
        let mut listing = Self {
            folder: Dir::new(fd).about(&path)?,
            path,
            line: Vec::new(),
            line_sent: 0,
            sent: 0,
        };
        listing.advance()?;
        Ok(listing)
    }

    /// Makes the next line; none at the end.
    fn advance(&mut self) -> Answer<()> {
        self.line.clear();
        self.line_sent = 0;
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
            serde_json::to_writer(&mut self.line, &entry)
                .map_err(|error| Refusal::io(&self.path, error))?;
            self.line.push(b'\n');
            return Ok(());
        }
        Ok(())
    }
}

impl Outflow for Listing {
    fn read(&mut self, space: &mut [u8]) -> Answer<usize> {
        let mut filled = 0;
        while filled < space.len() && !self.is_over() {
            let rest = &self.line[self.line_sent..];
            let count = rest.len().min(space.len() - filled);
            space[filled..filled + count].copy_from_slice(&rest[..count]);
            filled += count;
            self.line_sent += count;
            if self.line_sent == self.line.len() {
                self.advance()?;
            }
        }
        self.sent += filled as u64;
        Ok(filled)
    }

    fn is_over(&self) -> bool {
        self.line.is_empty()
    }

    fn done(&self) -> Sent {
        Sent::new(self.sent)
    }
}

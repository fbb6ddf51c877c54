//! The entries of a tar archive, made below one folder.

use std::ffi::CString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{fchmod, fchown, futimens, FileType, Mode};

use crate::beneath::{folder, kind_of, open_folder, shown, Owner};
use crate::entry_path::components;
use crate::new_file::{times, NewFile};
use crate::refusal::{About, Answer, Code, Refusal};
use crate::tar_read::{Entry, EntryKind, Sink};

#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    pub bytes: u64,
    pub files: u64,
    pub directories: u64,
    pub skipped: u64,
}

/// A folder whose time is set when the archive leaves it: making entries in it changes its time.
struct Pending {
    path: Vec<CString>,
    mtime: i64,
}

struct OpenFile {
    file: NewFile,
    path: Vec<CString>,
    mode: u32,
    mtime: i64,
}

pub struct Unpacker {
    base: OwnedFd,
    /// the base was made for this archive, so its root entry may change it
    base_is_new: bool,
    owner: Owner,
    mode: Option<u32>,
    current: Option<OpenFile>,
    /// the folder that was used last, and its path: most entries come in runs
    parent: Option<(Vec<CString>, OwnedFd)>,
    pending: Vec<Pending>,
    pub counts: Counts,
}

impl Unpacker {
    pub fn new(base: OwnedFd, base_is_new: bool, owner: Owner, mode: Option<u32>) -> Self {
        Self {
            base,
            base_is_new,
            owner,
            mode,
            current: None,
            parent: None,
            pending: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// Sets the times that are still due.
    pub fn finish(&mut self) {
        self.parent = None;
        self.leave_for(&[]);
    }

    fn parent_of(&mut self, path: &[CString]) -> Answer<BorrowedFd<'_>> {
        let wanted = &path[..path.len().saturating_sub(1)];
        let known = self.parent.take().filter(|(known, _)| known == wanted);
        let fresh = match known {
            Some(parent) => parent,
            None => (
                wanted.to_vec(),
                folder(self.base.as_fd(), wanted, self.owner)?,
            ),
        };
        Ok(self.parent.insert(fresh).1.as_fd())
    }

    fn begin_file(&mut self, entry: &Entry, path: Vec<CString>) -> Answer<()> {
        let Some(name) = path.last().cloned() else {
            let message = "the archive names its own root as a file";
            return Err(Refusal::new(Code::UnsafePath, message));
        };
        let parent = self.parent_of(&path)?;
        if kind_of(parent, &name).about(shown(&path))? == Some(FileType::Directory) {
            let message = format!("{}: is a directory", shown(&path));
            return Err(Refusal::new(Code::IsDirectory, message));
        }
        let file = NewFile::begin(parent, &name).about(shown(&path))?;
        self.current = Some(OpenFile {
            file,
            path,
            mode: self.mode.unwrap_or(entry.mode & 0o777),
            mtime: entry.mtime,
        });
        Ok(())
    }

    fn make_folder(&mut self, entry: &Entry, path: Vec<CString>) -> Answer<()> {
        if path.is_empty() && !self.base_is_new {
            return Ok(());
        }
        let fd = folder(self.base.as_fd(), &path, self.owner)?;
        fchown(&fd, self.owner.uid(), self.owner.gid()).about(shown(&path))?;
        let mode = self.mode.map_or(entry.mode & 0o777, searchable);
        fchmod(&fd, Mode::from_raw_mode(mode)).about(shown(&path))?;
        if !path.is_empty() {
            self.counts.directories += 1;
        }
        self.pending.push(Pending {
            path,
            mtime: entry.mtime,
        });
        Ok(())
    }

    /// Sets the times of pending folders that `path` is not in: the archive has left them.
    fn leave_for(&mut self, path: &[CString]) {
        while let Some(last) = self.pending.last() {
            if !path.is_empty() && path.starts_with(&last.path) {
                return;
            }
            if let Ok(fd) = open_folder(self.base.as_fd(), &last.path) {
                // A time that cannot be kept is no reason to fail a copy whose bytes are there.
                let _ = futimens(&fd, &times(last.mtime));
            }
            self.pending.pop();
        }
    }
}

impl Sink for Unpacker {
    fn begin(&mut self, entry: &Entry) -> Answer<()> {
        let path = components(&entry.name)?;
        if entry.kind == EntryKind::Other {
            self.counts.skipped += 1;
            return Ok(());
        }
        if !path.is_empty() {
            self.leave_for(&path);
        }
        match entry.kind {
            EntryKind::File => self.begin_file(entry, path),
            EntryKind::Directory => self.make_folder(entry, path),
            EntryKind::Other => Ok(()),
        }
    }

    fn data(&mut self, bytes: &[u8]) -> Answer<()> {
        if let Some(current) = &mut self.current {
            current.file.write(bytes).about(shown(&current.path))?;
        }
        self.counts.bytes += bytes.len() as u64;
        Ok(())
    }

    fn complete(&mut self) -> Answer<()> {
        if let Some(OpenFile {
            file,
            path,
            mode,
            mtime,
        }) = self.current.take()
        {
            file.settle(self.owner, mode, Some(mtime))
                .about(shown(&path))?;
            self.counts.files += 1;
        }
        Ok(())
    }
}

/// A file's mode for a directory: whoever may read may also enter.
fn searchable(mode: u32) -> u32 {
    mode | (mode & 0o444) >> 2
}

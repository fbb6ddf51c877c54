//! Taking something away, and all that is below it, in steps. A link is removed, never followed:
//! everything is opened and removed relative to the folder that holds it.

use std::ffi::{CStr, CString};
use std::os::fd::OwnedFd;

use rustix::fs::{fstat, open, openat, stat, unlinkat, AtFlags, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;

use crate::refusal::{About, Answer, Code, Refusal};

/// entries that are looked at before the other streams have their turn
const STEP_ENTRIES: usize = 256;
/// each level holds a descriptor
const MAX_LEVELS: usize = 256;

const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// A folder that is being emptied.
struct Level {
    name: CString,
    folder: Dir,
    /// whether something was removed since its names were read from the beginning
    progressed: bool,
}

pub struct Removal {
    parent: OwnedFd,
    levels: Vec<Level>,
    /// device and inode of the root, which is never emptied
    root: (u64, u64),
    path: String,
}

impl Removal {
    /// Removes what one call can remove, or begins with what needs more; `None` when it is done.
    pub fn start(path: String, recursive: bool) -> Answer<Option<Self>> {
        let (parent, name) = split(&path)?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let parent = open(parent, flags, Mode::empty()).about(&path)?;
        match unlinkat(&parent, name.as_c_str(), AtFlags::empty()) {
            Err(Errno::ISDIR) => {}
            other => return other.about(&path).map(|()| None),
        }
        match unlinkat(&parent, name.as_c_str(), AtFlags::REMOVEDIR) {
            Err(Errno::NOTEMPTY | Errno::EXIST) if recursive => {}
            Err(Errno::NOTEMPTY | Errno::EXIST) => {
                let message = format!("{path}: is a directory that is not empty");
                return Err(Refusal::bad_request(message));
            }
            // A root under another name, or a mount: what is in it may still be removed, or not.
            Err(Errno::BUSY) if recursive => {}
            other => return other.about(&path).map(|()| None),
        }
        let root = stat("/").about("/")?;
        let mut removal = Self {
            parent,
            levels: Vec::new(),
            root: (root.st_dev, root.st_ino),
            path,
        };
        removal.enter(name)?;
        Ok(Some(removal))
    }

    /// A few removals; true when all is done.
    pub fn step(&mut self) -> Answer<bool> {
        for _ in 0..STEP_ENTRIES {
            let Some(level) = self.levels.last_mut() else {
                return Ok(true);
            };
            match level.folder.read() {
                None => self.leave()?,
                Some(entry) => {
                    let entry = entry.about(&self.path)?;
                    self.remove(entry.file_name(), entry.file_type())?;
                }
            }
        }
        Ok(self.levels.is_empty())
    }

    fn remove(&mut self, name: &CStr, kind: FileType) -> Answer<()> {
        if matches!(name.to_bytes(), b"." | b"..") {
            return Ok(());
        }
        if kind == FileType::Directory {
            return self.enter(name.to_owned());
        }
        match self.unlink(name, AtFlags::empty()) {
            Ok(()) => self.progressed(),
            Err(Errno::NOENT) => {}
            Err(Errno::ISDIR) => return self.enter(name.to_owned()),
            Err(error) => return Err(self.refusal(name, error)),
        }
        Ok(())
    }

    /// Begins to empty the folder `name` of the innermost level.
    fn enter(&mut self, name: CString) -> Answer<()> {
        if self.levels.len() == MAX_LEVELS {
            let message = format!("{}: has more than {MAX_LEVELS} levels", self.path);
            return Err(Refusal::new(Code::Unsupported, message));
        }
        let opened = match self.levels.last() {
            Some(level) => level
                .folder
                .fd()
                .and_then(|fd| openat(fd, name.as_c_str(), FOLDER, Mode::empty())),
            None => openat(&self.parent, name.as_c_str(), FOLDER, Mode::empty()),
        };
        let fd = match opened {
            Err(Errno::NOENT) => return Ok(()),
            other => other.map_err(|error| self.refusal(&name, error))?,
        };
        let is = fstat(&fd).about(&self.path)?;
        if (is.st_dev, is.st_ino) == self.root {
            return Err(Refusal::bad_request("the root directory is not removed"));
        }
        self.levels.push(Level {
            name,
            folder: Dir::new(fd).about(&self.path)?,
            progressed: false,
        });
        Ok(())
    }

    /// Removes the innermost folder, whose names were all read; reads them again if it filled up.
    fn leave(&mut self) -> Answer<()> {
        let Some(mut level) = self.levels.pop() else {
            return Ok(());
        };
        match self.unlink(&level.name, AtFlags::REMOVEDIR) {
            Ok(()) => self.progressed(),
            Err(Errno::NOENT) => {}
            // Some file systems skip names while others are removed.
            Err(Errno::NOTEMPTY | Errno::EXIST) if level.progressed => {
                level.folder.rewind();
                level.progressed = false;
                self.levels.push(level);
            }
            Err(error) => return Err(self.refusal(&level.name, error)),
        }
        Ok(())
    }

    /// Removes `name` from the innermost level.
    fn unlink(&self, name: &CStr, flags: AtFlags) -> Result<(), Errno> {
        match self.levels.last() {
            Some(level) => unlinkat(level.folder.fd()?, name, flags),
            None => unlinkat(&self.parent, name, flags),
        }
    }

    fn progressed(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            level.progressed = true;
        }
    }

    fn refusal(&self, name: &CStr, error: Errno) -> Refusal {
        let name = name.to_string_lossy();
        Refusal::io(format!("{}: removing {name:?}", self.path), error)
    }
}

/// A path as the folder that holds it and the name in there; the root and dots have none.
pub fn split(path: &str) -> Answer<(&str, CString)> {
    let trimmed = path.trim_end_matches('/');
    let (parent, name) = trimmed.rsplit_once('/').unwrap_or(("", trimmed));
    let parent = if parent.is_empty() { "/" } else { parent };
    match CString::new(name) {
        Ok(c_name) if !matches!(name, "" | "." | "..") => Ok((parent, c_name)),
        _ => Err(Refusal::bad_request(format!(
            "{path}: does not name something in a directory"
        ))),
    }
}

//! Opening and making things strictly below a folder, never through a symbolic link.
//!
//! openat2 with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS where the kernel has it (5.6), else a walk
//! that opens one component at a time with O_NOFOLLOW.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{
    fchown, mkdirat, openat, openat2, statat, AtFlags, FileType, Gid, Mode, OFlags, ResolveFlags,
    Uid,
};
use rustix::io::Errno;

use crate::literal::literal;
use crate::refusal::{Answer, Code, Refusal};

const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// Who owns what is made.
#[derive(Debug, Clone, Copy)]
pub struct Owner {
    pub uid: u32,
    pub gid: u32,
}

impl Owner {
    pub fn uid(self) -> Option<Uid> {
        Some(Uid::from_raw(self.uid))
    }

    pub fn gid(self) -> Option<Gid> {
        Some(Gid::from_raw(self.gid))
    }
}

/// The folder at `path` below `base`, made with mode 0755 and `owner` where it is missing.
pub fn folder(base: BorrowedFd<'_>, path: &[CString], owner: Owner) -> Answer<OwnedFd> {
    match open_folder(base, path) {
        Ok(fd) => return Ok(fd),
        Err(Errno::NOENT) => {}
        Err(error) => return Err(explain(base, path, error)),
    }
    let mut current = duplicate(base, path)?;
    for (index, part) in path.iter().enumerate() {
        let made = mkdirat(&current, part.as_c_str(), Mode::from_raw_mode(0o755));
        let is_new = match made {
            Ok(()) => true,
            Err(Errno::EXIST) => false,
            Err(error) => return Err(Refusal::io(shown(path), error)),
        };
        let next = open_folder(current.as_fd(), std::slice::from_ref(part))
            .map_err(|error| explain(base, &path[..=index], error))?;
        if is_new {
            fchown(&next, owner.uid(), owner.gid()).map_err(|e| Refusal::io(shown(path), e))?;
        }
        current = next;
    }
    Ok(current)
}

/// Opens an existing folder.
pub fn open_folder(base: BorrowedFd<'_>, path: &[CString]) -> Result<OwnedFd, Errno> {
    if path.is_empty() {
        return openat(base, literal(b".\0"), FOLDER, Mode::empty());
    }
    let joined = join(path);
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    match openat2(base, joined.as_c_str(), FOLDER, Mode::empty(), resolve) {
        Err(Errno::NOSYS | Errno::PERM) => walk(base, path),
        other => other,
    }
}

fn walk(base: BorrowedFd<'_>, path: &[CString]) -> Result<OwnedFd, Errno> {
    let mut current = openat(base, literal(b".\0"), FOLDER, Mode::empty())?;
    for part in path {
        current = openat(&current, part.as_c_str(), FOLDER, Mode::empty())?;
    }
    Ok(current)
}

/// What is at `name` in a folder, a link not followed; nothing if nothing is.
pub fn kind_of(folder: BorrowedFd<'_>, name: &CStr) -> io::Result<Option<FileType>> {
    match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(FileType::from_raw_mode(stat.st_mode))),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Which refusal an error of opening means: a link on the way, or a file where a folder must be.
fn explain(base: BorrowedFd<'_>, path: &[CString], error: Errno) -> Refusal {
    if !matches!(error, Errno::LOOP | Errno::XDEV | Errno::NOTDIR) {
        return Refusal::io(shown(path), error);
    }
    let has_link = (1..=path.len()).any(|end| {
        let prefix = join(&path[..end]);
        matches!(kind_of(base, &prefix), Ok(Some(FileType::Symlink)))
    });
    if has_link || error != Errno::NOTDIR {
        let message = format!("{}: a symbolic link is in the way", shown(path));
        return Refusal::new(Code::UnsafePath, message);
    }
    Refusal::io(shown(path), error)
}

fn duplicate(base: BorrowedFd<'_>, path: &[CString]) -> Answer<OwnedFd> {
    base.try_clone_to_owned()
        .map_err(|error| Refusal::io(shown(path), error))
}

pub fn join(path: &[CString]) -> CString {
    let parts: Vec<&[u8]> = path.iter().map(|part| part.to_bytes()).collect();
    // Components hold no NUL: they come from C strings.
    CString::new(parts.join(&b'/')).unwrap_or_default()
}

pub fn shown(path: &[CString]) -> String {
    join(path).to_string_lossy().into_owned()
}

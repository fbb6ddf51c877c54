//! Looking through folders in steps, for those below them.

use std::os::fd::AsFd;

use rustix::fs::{open, statat, AtFlags, Dir, FileType, Mode, OFlags};

use crate::tree::is_kernel_made;

/// entries that are looked at before the other streams have their turn
const STEP_ENTRIES: usize = 256;

pub struct Found {
    pub path: Vec<u8>,
    pub is_directory: bool,
    /// it lies in a folder that appeared while its parent was watched
    pub is_new: bool,
}

#[derive(Default)]
pub struct Scan {
    /// folders to be looked at; each is watched, which bounds them
    folders: Vec<(Vec<u8>, bool)>,
    current: Option<(Dir, Vec<u8>, bool)>,
}

impl Scan {
    pub fn push(&mut self, path: Vec<u8>, is_new: bool) {
        self.folders.push((path, is_new));
    }

    pub fn is_over(&self) -> bool {
        self.folders.is_empty() && self.current.is_none()
    }

    /// Some of what is in the folders: directories, and in new folders everything.
    pub fn step(&mut self) -> Vec<Found> {
        let mut found = Vec::new();
        for _ in 0..STEP_ENTRIES {
            if self.current.is_none() {
                let Some((path, is_new)) = self.folders.pop() else {
                    break;
                };
                // One that is gone, or that nobody may read, has nothing to show.
                self.current = open_folder(&path).map(|folder| (folder, path, is_new));
                continue;
            }
            found.extend(self.look());
        }
        found
    }

    fn look(&mut self) -> Option<Found> {
        let (folder, path, is_new) = self.current.as_mut()?;
        let Some(Ok(entry)) = folder.read() else {
            self.current = None;
            return None;
        };
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            return None;
        }
        let kind = match entry.file_type() {
            FileType::Unknown => {
                let stat = statat(folder.fd().ok()?, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
                FileType::from_raw_mode(stat.st_mode)
            }
            known => known,
        };
        let is_directory = kind == FileType::Directory;
        (is_directory || *is_new).then(|| Found {
            path: [
                path.strip_suffix(b"/").unwrap_or(path),
                b"/",
                name.to_bytes(),
            ]
            .concat(),
            is_directory,
            is_new: *is_new,
        })
    }
}

/// What the kernel makes up as it is read has no changes to tell.
fn open_folder(path: &[u8]) -> Option<Dir> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = open(path, flags, Mode::empty()).ok()?;
    if is_kernel_made(folder.as_fd()).unwrap_or(true) {
        return None;
    }
    Dir::new(folder).ok()
}

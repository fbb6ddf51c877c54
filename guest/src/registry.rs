//! The sessions that the agent answers for, written down so that they do not outlive it.
//!
//! An agent that was killed cannot stop its programs. Its successor reads this file, kills the
//! sessions in it, and starts with an empty one. One slot of four bytes per stream: noting a
//! program costs one system call. Losing the file costs no more than a stray process.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::background::MAX_PROGRAMS;
use crate::sessions::kill_session;

/// most programs at a time: as many as streams, and those in the background
const SLOTS: usize = 64 + MAX_PROGRAMS;
const SLOT_BYTES: usize = 4;

pub struct Registry {
    file: Option<File>,
    slots: [i32; SLOTS],
}

impl Registry {
    /// A registry that remembers nothing beyond this process.
    pub fn forgetful() -> Self {
        Self {
            file: None,
            slots: [0; SLOTS],
        }
    }

    /// Opens the registry at `path` (on a file system that does not survive a boot) and kills what
    /// an earlier agent left behind.
    pub fn open(path: &Path) -> Self {
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path);
        let Ok(file) = file else {
            return Self::forgetful();
        };
        let mut left = [0u8; SLOTS * SLOT_BYTES];
        let count = file.read_at(&mut left, 0).unwrap_or(0);
        for slot in left[..count].chunks_exact(SLOT_BYTES) {
            let session = i32::from_ne_bytes([slot[0], slot[1], slot[2], slot[3]]);
            if session > 1 {
                kill_session(session);
            }
        }
        // A registry that cannot be emptied would name sessions that are long gone: do without.
        let emptied = file.set_len(0).is_ok();
        Self {
            file: emptied.then_some(file),
            slots: [0; SLOTS],
        }
    }

    pub fn add(&mut self, session: i32) {
        self.replace(0, session);
    }

    pub fn remove(&mut self, session: i32) {
        self.replace(session, 0);
    }

    fn replace(&mut self, old: i32, new: i32) {
        let Some(slot) = self.slots.iter().position(|known| *known == old) else {
            return;
        };
        self.slots[slot] = new;
        if let Some(file) = &self.file {
            // Best effort: see the file comment.
            let _ = file.write_at(&new.to_ne_bytes(), (slot * SLOT_BYTES) as u64);
        }
    }
}

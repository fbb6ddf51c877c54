//! Changes that wait to be told: one of each kind and path within the time they are collected. Pure.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// changes that wait; with more, the oldest are told before their time
pub const MAX_CHANGES: usize = 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Create,
    Write,
    Remove,
    Rename,
    Chmod,
    /// changes were lost
    Overflow,
}

impl Kind {
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Create, "create"),
        (Self::Write, "write"),
        (Self::Remove, "remove"),
        (Self::Rename, "rename"),
        (Self::Chmod, "chmod"),
        (Self::Overflow, "overflow"),
    ];

    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(kind, _)| *kind == self);
        found.map_or("", |(_, name)| name)
    }
}

#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    pub kind: Kind,
    pub path: Vec<u8>,
    pub is_directory: bool,
    /// of the last one, since 1970
    pub at_ns: u64,
}

struct Waiting {
    change: Change,
    /// of kind and path, to be compared first
    hash: u32,
    due: Instant,
}

pub struct Changes {
    /// by due time, which is the order they came in
    waiting: VecDeque<Waiting>,
    collect: Duration,
}

impl Changes {
    /// `collect`: how long the same change is told only once.
    pub fn new(collect: Duration) -> Self {
        Self {
            waiting: VecDeque::new(),
            collect,
        }
    }

    pub fn add(&mut self, change: Change, now: Instant) {
        let hash = hash(&change);
        if !self.collect.is_zero() {
            let same = self.waiting.iter_mut().find(|one| {
                one.hash == hash && one.change.kind == change.kind && one.change.path == change.path
            });
            if let Some(same) = same {
                same.change.at_ns = change.at_ns;
                return;
            }
        }
        let due = now + self.collect;
        self.waiting.push_back(Waiting { change, hash, due });
    }

    /// No more should be added before some were taken.
    pub fn is_full(&self) -> bool {
        self.waiting.len() >= MAX_CHANGES
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// When `take` has something.
    pub fn due(&self) -> Option<Instant> {
        self.waiting.front().map(|first| first.due)
    }

    pub fn is_due(&self, now: Instant) -> bool {
        self.due().is_some_and(|due| due <= now) || self.is_full()
    }

    pub fn take(&mut self) -> Option<Change> {
        self.waiting.pop_front().map(|first| first.change)
    }
}

/// FNV-1a.
fn hash(change: &Change) -> u32 {
    let bytes = change.path.iter().copied();
    bytes
        .chain([change.kind as u8])
        .fold(0x811c_9dc5, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        })
}

#[cfg(test)]
mod tests {
    use super::{Change, Changes, Kind, MAX_CHANGES};
    use std::time::{Duration, Instant};

    fn change(kind: Kind, path: &str, at_ns: u64) -> Change {
        let path = path.as_bytes().to_vec();
        Change {
            kind,
            path,
            is_directory: false,
            at_ns,
        }
    }

    #[test]
    fn the_same_change_is_told_once_with_its_last_time() {
        let mut changes = Changes::new(Duration::from_millis(200));
        let now = Instant::now();
        changes.add(change(Kind::Create, "/a", 1), now);
        changes.add(change(Kind::Write, "/a", 2), now);
        let later = now + Duration::from_millis(150);
        changes.add(change(Kind::Write, "/a", 3), later);
        changes.add(change(Kind::Write, "/b", 4), later);
        assert!(!changes.is_due(later));
        let due = now + Duration::from_millis(200);
        assert!(changes.is_due(due));
        assert_eq!(changes.take(), Some(change(Kind::Create, "/a", 1)));
        assert_eq!(changes.take(), Some(change(Kind::Write, "/a", 3)));
        assert!(!changes.is_due(due) && !changes.is_empty());
        assert_eq!(changes.take(), Some(change(Kind::Write, "/b", 4)));
        assert_eq!(changes.take(), None);
    }

    #[test]
    fn without_collecting_each_is_told_at_once() {
        let mut changes = Changes::new(Duration::ZERO);
        let now = Instant::now();
        changes.add(change(Kind::Write, "/a", 1), now);
        changes.add(change(Kind::Write, "/a", 2), now);
        assert!(changes.is_due(now));
        assert_eq!(changes.take(), Some(change(Kind::Write, "/a", 1)));
        assert_eq!(changes.take(), Some(change(Kind::Write, "/a", 2)));
    }

    #[test]
    fn too_many_are_told_before_their_time() {
        let mut changes = Changes::new(Duration::from_secs(60));
        let now = Instant::now();
        for number in 0..MAX_CHANGES {
            assert!(!changes.is_due(now));
            changes.add(change(Kind::Create, &format!("/{number}"), 0), now);
        }
        assert!(changes.is_full() && changes.is_due(now));
    }
}

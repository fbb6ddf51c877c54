//! Telling what changes below some paths, by inotify.
//!
//! With `recursive`, folders are watched as they are found: first all that are there, in steps,
//! then those that appear. What a new folder holds by the time it is watched is told as created.

use std::ffi::OsStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::fs::{lstat, stat, FileType};
use rustix::io::Errno;
use serde::Serialize;

use crate::accounts::Accounts;
use crate::changes::{Change, Changes, Kind};
use crate::glob::Patterns;
use crate::outflow::{push_line, Flow, Pieces};
use crate::placement::absolute;
use crate::refusal::{About, Answer, Code, Refusal};
use crate::request::WatchRequest;
use crate::sys::clock::wall_ns;
use crate::watch_scan::Scan;
use crate::watched::{Folder, Watched};

const MAX_PATHS: usize = 64;
const MAX_PATTERNS: usize = 64;
const DEFAULT_DEBOUNCE_MS: u64 = 200;
/// one minute
const MAX_DEBOUNCE_MS: u64 = 60_000;
/// events that are read before the other streams have their turn, in bytes
const READ_BYTES: usize = 8 * 1024;

const LOST: &str = "changes were lost: they came faster than they were told";
const TOO_MANY: &str = "a new directory is not watched: there are too many";

pub struct Watch {
    inotify: OwnedFd,
    watched: Watched,
    /// folders that are still to be looked at; nothing when all were
    scan: Scan,
    recursive: bool,
    patterns: Option<Patterns>,
    wanted: Vec<Kind>,
    changes: Changes,
    is_open: bool,
    has_events: bool,
    now: Instant,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    path: &'a str,
    time_ns: String,
    size: u64,
    directory: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
}

impl Watch {
    pub fn start(request: &WatchRequest, accounts: &Accounts) -> Answer<Self> {
        let (paths, patterns) = (request.paths.len(), request.patterns.len());
        if paths == 0 || paths > MAX_PATHS || patterns > MAX_PATTERNS {
            let message =
                format!("a watch has 1 to {MAX_PATHS} paths and up to {MAX_PATTERNS} patterns");
            return Err(Refusal::bad_request(message));
        }
        let flags = CreateFlags::CLOEXEC | CreateFlags::NONBLOCK;
        let debounce_ms = request.debounce_ms.unwrap_or(DEFAULT_DEBOUNCE_MS);
        let mut watch = Self {
            inotify: inotify::init(flags).map_err(refused)?,
            watched: Watched::default(),
            scan: Scan::default(),
            recursive: request.recursive,
            patterns: (patterns > 0).then(|| Patterns::new(&request.patterns)),
            wanted: wanted(&request.events)?,
            changes: Changes::new(Duration::from_millis(debounce_ms.min(MAX_DEBOUNCE_MS))),
            is_open: false,
            has_events: false,
            now: Instant::now(),
        };
        let identity = accounts.identity(request.user.as_ref())?;
        for path in &request.paths {
            let path = absolute(path, &identity)?;
            watch.add_root(&path)?;
        }
        Ok(watch)
    }

    /// A file is watched from its folder: editors put another in its place.
    fn add_root(&mut self, path: &str) -> Answer<()> {
        let trimmed = path.trim_end_matches('/');
        let whole = if trimmed.is_empty() { "/" } else { trimmed };
        let found = stat(whole).or_else(|_| lstat(whole)).about(path)?;
        if FileType::from_raw_mode(found.st_mode) == FileType::Directory {
            self.add_for(path, whole, Vec::new())?;
            if self.recursive {
                self.scan.push(whole.into(), false);
            }
            return Ok(());
        }
        let (folder, name) = trimmed.rsplit_once('/').unwrap_or(("", trimmed));
        let folder = if folder.is_empty() { "/" } else { folder };
        self.add_for(path, folder, vec![name.into()])
    }

    fn add_for(&mut self, path: &str, folder: &str, names: Vec<Vec<u8>>) -> Answer<()> {
        match self.add(folder.as_bytes(), true, names) {
            Err(Errno::NOSPC) => Err(refused(Errno::NOSPC)),
            other => other.about(path),
        }
    }

    fn add(&mut self, path: &[u8], is_root: bool, names: Vec<Vec<u8>>) -> Result<(), Errno> {
        if self.watched.is_full() {
            return Err(Errno::NOSPC);
        }
        let mut flags = WatchFlags::ONLYDIR
            | WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVED_FROM
            | WatchFlags::MOVED_TO;
        if is_root {
            flags |= WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF;
        } else {
            flags |= WatchFlags::DONT_FOLLOW;
        }
        if self.wants(Kind::Write) {
            flags |= WatchFlags::MODIFY;
        }
        if self.wants(Kind::Chmod) {
            flags |= WatchFlags::ATTRIB;
        }
        let number = inotify::add_watch(&self.inotify, path, flags)?;
        self.watched.add(Folder {
            number,
            path: path.into(),
            is_root,
            names,
        });
        Ok(())
    }

    fn wants(&self, kind: Kind) -> bool {
        kind == Kind::Overflow || self.wanted.contains(&kind)
    }

    fn tell(&mut self, kind: Kind, path: Vec<u8>, is_directory: bool) {
        let is_asked_for = |patterns: &Patterns| patterns.matches(&path);
        let matches = kind == Kind::Overflow || self.patterns.as_ref().map_or(true, is_asked_for);
        if matches && self.wants(kind) {
            let change = Change {
                kind,
                path,
                is_directory,
                at_ns: u64::try_from(wall_ns()).unwrap_or(0),
            };
            self.changes.add(change, self.now);
        }
    }

    /// Takes what one read of the kernel's queue brings.
    fn take_events(&mut self) {
        let mut buffer = [MaybeUninit::uninit(); READ_BYTES];
        let mut reader = inotify::Reader::new(&self.inotify, &mut buffer);
        let mut events = Vec::new();
        // Nothing there: it is told when there is.
        while let Ok(event) = reader.next() {
            let name = event.file_name().map(|name| name.to_bytes().to_vec());
            events.push((event.wd(), event.events(), name));
            if reader.is_buffer_empty() {
                break;
            }
        }
        for (number, flags, name) in events {
            self.take(number, flags, name);
        }
    }

    fn take(&mut self, number: i32, events: ReadFlags, name: Option<Vec<u8>>) {
        if events.contains(ReadFlags::QUEUE_OVERFLOW) {
            // What was not told may have been new folders.
            for root in self.watched.roots() {
                self.tell(Kind::Overflow, root.clone(), true);
                if self.recursive {
                    self.scan.push(root, false);
                }
            }
            return;
        }
        if events.contains(ReadFlags::IGNORED) {
            self.watched.remove(number);
            return;
        }
        let Some(folder) = self.watched.find(number) else {
            return;
        };
        let Some(name) = name else {
            // About the folder itself: the folder that holds it tells, unless nobody watches that.
            if folder.is_root && folder.names.is_empty() {
                let path = folder.path.clone();
                if events.contains(ReadFlags::MOVE_SELF) {
                    self.forget(&path);
                }
                self.tell_all(events, path, true);
            }
            return;
        };
        if !folder.wants(&name) {
            return;
        }
        let is_whole = folder.names.is_empty();
        let path = join(&folder.path, &name);
        let is_directory = events.contains(ReadFlags::ISDIR);
        if self.recursive && is_directory && is_whole {
            self.follow(events, &path);
        }
        self.tell_all(events, path, is_directory);
    }

    /// A folder came or went.
    fn follow(&mut self, events: ReadFlags, path: &[u8]) {
        if events.contains(ReadFlags::MOVED_FROM) {
            self.forget(path);
        }
        if events.intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO) {
            self.enter(path.to_vec(), true);
        }
    }

    /// What has another name now, or lies outside.
    fn forget(&mut self, path: &[u8]) {
        for number in self.watched.below(path) {
            // One that is gone already needs no removal.
            let _ = inotify::remove_watch(&self.inotify, number);
            self.watched.remove(number);
        }
    }

    fn tell_all(&mut self, events: ReadFlags, path: Vec<u8>, is_directory: bool) {
        let kinds = [
            (ReadFlags::CREATE | ReadFlags::MOVED_TO, Kind::Create),
            (ReadFlags::MODIFY, Kind::Write),
            (ReadFlags::DELETE | ReadFlags::DELETE_SELF, Kind::Remove),
            (ReadFlags::MOVED_FROM | ReadFlags::MOVE_SELF, Kind::Rename),
            (ReadFlags::ATTRIB, Kind::Chmod),
        ];
        for (flags, kind) in kinds {
            if events.intersects(flags) {
                self.tell(kind, path.clone(), is_directory);
            }
        }
    }

    /// Watches a folder that was found, and has it looked at; false when there are too many.
    fn enter(&mut self, path: Vec<u8>, is_new: bool) -> bool {
        match self.add(&path, false, Vec::new()) {
            Ok(()) => self.scan.push(path, is_new),
            Err(Errno::NOSPC) => {
                self.tell(Kind::Overflow, path, true);
                return false;
            }
            // Gone again, or no folder any more.
            Err(_) => {}
        }
        true
    }

    /// Looks at some more of what is there; refuses a tree that is too large before it is open.
    fn look_around(&mut self) -> Answer<()> {
        for found in self.scan.step() {
            if found.is_new {
                self.tell(Kind::Create, found.path.clone(), found.is_directory);
            }
            if found.is_directory && !self.enter(found.path, found.is_new) && !self.is_open {
                return Err(refused(Errno::NOSPC));
            }
        }
        Ok(())
    }

    /// Until it is open nothing can be told, so there is no room to wait for.
    fn may_look(&self) -> bool {
        !self.is_open || !self.changes.is_full()
    }

    fn line(&self, change: &Change, line: &mut Vec<u8>) -> Answer<()> {
        let now = lstat(OsStr::from_bytes(&change.path)).ok();
        let is_directory = now.as_ref().map_or(change.is_directory, |now| {
            FileType::from_raw_mode(now.st_mode) == FileType::Directory
        });
        let message = (change.kind == Kind::Overflow).then(|| {
            if self.watched.roots().contains(&change.path) {
                LOST
            } else {
                TOO_MANY
            }
        });
        push_line(
            line,
            &Line {
                kind: change.kind.name(),
                path: &String::from_utf8_lossy(&change.path),
                time_ns: change.at_ns.to_string(),
                size: now.map_or(0, |now| u64::try_from(now.st_size).unwrap_or(0)),
                directory: is_directory,
                message,
            },
        )
    }
}

impl Pieces for Watch {
    fn next(&mut self, line: &mut Vec<u8>) -> Answer<()> {
        match self.changes.take() {
            Some(change) => self.line(&change, line),
            None => Ok(()),
        }
    }

    fn flow(&self) -> Flow {
        if self.is_open && self.changes.is_due(self.now) {
            Flow::Ready
        } else if self.is_open && self.watched.is_empty() && self.changes.is_empty() {
            Flow::Over
        } else {
            Flow::Idle
        }
    }

    /// Not while there is no room: the kernel says when it had to drop something meanwhile.
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        (!self.changes.is_full()).then(|| self.inotify.as_fd())
    }

    fn ready(&mut self) {
        self.has_events = true;
    }

    fn deadline(&self) -> Option<Instant> {
        if !self.scan.is_over() && self.may_look() {
            return Some(self.now);
        }
        // What is due already waits for credit.
        self.changes.due().filter(|due| *due > self.now)
    }

    fn wake(&mut self, now: Instant) -> Answer<bool> {
        self.now = now;
        if std::mem::take(&mut self.has_events) {
            self.take_events();
        }
        if self.may_look() {
            self.look_around()?;
        }
        let opens = !self.is_open && self.scan.is_over();
        self.is_open |= opens;
        Ok(opens)
    }
}

fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    let folder = folder.strip_suffix(b"/").unwrap_or(folder);
    [folder, b"/", name].concat()
}

/// The kernel's limits are the guest's: its number of watches and of directories.
fn refused(error: Errno) -> Refusal {
    if matches!(error, Errno::NOSPC | Errno::MFILE) {
        let message = "there are more directories or watches than this guest can watch";
        return Refusal::new(Code::Busy, message);
    }
    Refusal::io("watching", error)
}

fn wanted(names: &[String]) -> Answer<Vec<Kind>> {
    let mut wanted = Vec::new();
    for name in names.iter().filter(|name| *name != "all") {
        let found = Kind::ALL.iter().find(|(_, known)| known == name);
        let (kind, _) = found.ok_or_else(|| {
            let message = "is no event: create, write, remove, rename, chmod or all";
            Refusal::bad_request(format!("{name:?} {message}"))
        })?;
        wanted.push(*kind);
    }
    if wanted.is_empty() || names.iter().any(|name| name == "all") {
        wanted = Kind::ALL.iter().map(|(kind, _)| *kind).collect();
    }
    Ok(wanted)
}

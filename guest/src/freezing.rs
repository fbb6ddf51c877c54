//! The role `hold-still`: a process that freezes every file system that can be written, and lets all
//! of them go on when its standard input ends.
//!
//! It is a process and not a part of the agent's loop because freezing writes out what is dirty,
//! which may take long, because an agent that was killed ends the input too, and because an agent
//! that came to write to what it froze itself would never thaw it.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::time::{Duration, Instant};

use rustix::stdio::{stdin, stdout};
use serde::Serialize;

use crate::refusal::{About, Answer, Code, Refusal, RefusalJson};
use crate::sys::freeze::{freeze, thaw};
use crate::sys::poll::PollSet;
use crate::sys::signals::SignalInbox;

/// nobody holds a guest still for longer, whoever forgot it
const LONGEST: Duration = Duration::from_secs(30);
/// what is said of mount points fits one frame, in bytes
const MAX_SAID_BYTES: usize = 8 * 1024;

/// A mounted file system on a block device.
#[derive(Debug, PartialEq)]
struct Place {
    /// major and minor number; two places with the same are one file system
    device: (u32, u32),
    path: String,
}

#[derive(Serialize)]
struct Said<'a> {
    frozen: Mounts<'a>,
}

#[derive(Serialize)]
struct Mounts<'a> {
    mounts: &'a [&'a str],
}

/// What holds still; it goes on when this is dropped, in the opposite order.
#[derive(Default)]
struct Frozen(Vec<(String, File)>);

impl Drop for Frozen {
    fn drop(&mut self) {
        for (_, inside) in self.0.iter().rev() {
            // Somebody else may have thawed it, which is as good.
            let _ = thaw(inside);
        }
    }
}

/// Says on standard output what is frozen, or a refusal; then holds it.
pub fn hold() -> io::Result<()> {
    // A guest that goes down must not lose who lets its file systems go on; nor one without memory.
    let _blocked = SignalInbox::open(&[libc::SIGTERM, libc::SIGINT, libc::SIGHUP])?;
    let _ = fs::write("/proc/self/oom_score_adj", "-1000");
    let frozen = match freeze_all() {
        Ok(frozen) => frozen,
        Err(refusal) => return say(&RefusalJson::new(&refusal, None)),
    };
    let mut left = MAX_SAID_BYTES;
    let names = frozen.0.iter().map(|(path, _)| path.as_str());
    let mounts: Vec<&str> = names
        .take_while(|path| {
            left = left.saturating_sub(path.len());
            left > 0
        })
        .collect();
    say(&Said {
        frozen: Mounts { mounts: &mounts },
    })?;
    let let_go = input_ended_within(LONGEST)?;
    drop(frozen);
    if let_go {
        return Ok(());
    }
    let message = format!(
        "the guest held still for {} s, which is the longest",
        LONGEST.as_secs()
    );
    say(&RefusalJson::new(
        &Refusal::new(Code::Cancelled, message),
        None,
    ))
}

fn say(what: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    let mut rest = &line[..];
    while !rest.is_empty() {
        rest = &rest[rustix::io::write(stdout(), rest)?..];
    }
    Ok(())
}

/// Nobody writes to standard input: readable is its end.
fn input_ended_within(limit: Duration) -> io::Result<bool> {
    let end = Instant::now() + limit;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        let mut set = PollSet::new();
        set.readable(stdin().as_fd(), ());
        set.wait(Some(left))?;
        if set.ready(0).is_some_and(|(_, r)| r.readable || r.hung_up) {
            return Ok(true);
        }
    }
}

fn freeze_all() -> Answer<Frozen> {
    rustix::fs::sync();
    let table = fs::read("/proc/self/mountinfo").about("/proc/self/mountinfo")?;
    // All are opened before the first is frozen: a path may lead through another one.
    let mut opened: Vec<(Place, File)> = Vec::new();
    for place in places(&String::from_utf8_lossy(&table)) {
        if opened.iter().any(|(known, _)| known.device == place.device) {
            continue;
        }
        let flags = libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_CLOEXEC;
        let file = File::options()
            .read(true)
            .custom_flags(flags)
            .open(&place.path);
        let file = file.about(&place.path)?;
        // Another one is mounted over it; what is hidden may have a second place.
        if place.device.0 == 0 || device_of(&file).about(&place.path)? == place.device {
            opened.push((place, file));
        }
    }
    let mut frozen = Frozen::default();
    for (place, file) in opened {
        match freeze(&file) {
            Ok(()) => frozen.0.push((place.path, file)),
            Err(error) => match error.raw_os_error() {
                Some(libc::EOPNOTSUPP | libc::ENOTTY) => {}
                Some(libc::EBUSY) => {
                    let message = format!("{}: somebody else holds it frozen", place.path);
                    return Err(Refusal::new(Code::Busy, message));
                }
                _ => return Err(Refusal::io(place.path, error)),
            },
        }
    }
    Ok(frozen)
}

fn device_of(file: &File) -> io::Result<(u32, u32)> {
    let device = file.metadata()?.dev();
    Ok((rustix::fs::major(device), rustix::fs::minor(device)))
}

/// The writable file systems on block devices, what was mounted last first (it may lie in a file of
/// an earlier one), the root last.
fn places(mountinfo: &str) -> Vec<Place> {
    let (mut found, root) = (Vec::new(), &mut Vec::new());
    for place in mountinfo.lines().rev().filter_map(place_in) {
        if place.path == "/" {
            root.push(place);
        } else {
            found.push(place);
        }
    }
    found.append(root);
    found
}

/// `36 35 98:0 / /mnt rw,noatime shared:1 - ext4 /dev/vdb rw,…`
fn place_in(line: &str) -> Option<Place> {
    let (mount, system) = line.split_once(" - ")?;
    let mut fields = mount.split(' ').skip(2);
    let (major, minor) = fields.next()?.split_once(':')?;
    let device = (major.parse().ok()?, minor.parse().ok()?);
    let path = unescaped(fields.nth(1)?);
    let mut fields = system.split(' ').skip(1);
    let is_block = device.0 != 0 || fields.next()?.starts_with("/dev/");
    let options = system.split(' ').nth(2)?;
    let is_writable = options.split(',').any(|option| option == "rw");
    (is_block && is_writable).then_some(Place { device, path })
}

/// The kernel writes blanks and backslashes as `\040`.
fn unescaped(text: &str) -> String {
    let mut parts = text.split('\\');
    let mut plain = parts.next().unwrap_or("").to_owned();
    for part in parts {
        match part
            .get(..3)
            .and_then(|digits| u8::from_str_radix(digits, 8).ok())
        {
            Some(byte) => {
                plain.push(char::from(byte));
                plain.push_str(&part[3..]);
            }
            None => plain.push_str(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::{places, unescaped};

    const TABLE: &str = "\
21 1 254:0 / / rw,relatime - ext4 /dev/root rw,discard
22 21 0:20 / /proc rw,nosuid - proc proc rw
23 21 0:21 / /run rw - tmpfs tmpfs rw,mode=755
24 21 254:16 / /data rw shared:3 - ext4 /dev/vdb rw
25 21 7:0 / /data/my\\040loop rw - ext4 /dev/loop0 rw
26 21 254:32 / /ro ro - erofs /dev/vdc ro
27 21 254:0 /srv /srv ro - ext4 /dev/root rw
28 21 0:40 / /b rw - btrfs /dev/vdd rw,subvolid=5
";

    #[test]
    fn what_can_be_written_is_found_with_the_root_last() {
        let found = places(TABLE);
        let paths: Vec<_> = found.iter().map(|place| place.path.as_str()).collect();
        assert_eq!(paths, ["/b", "/srv", "/data/my loop", "/data", "/"]);
        assert_eq!(found[1].device, found[4].device);
    }

    #[test]
    fn strange_tables_are_read_without_harm() {
        for line in [
            "",
            " - ",
            "1 2 3:4",
            "1 2 x:y / / rw - ext4 /dev/a rw",
            "- - -",
        ] {
            assert_eq!(places(line), []);
        }
        assert_eq!(unescaped("a\\134b\\0"), "a\\b0");
    }
}

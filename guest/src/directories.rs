//! Making a directory with exactly the owner and mode that were asked for.

use std::path::Path;

use rustix::fs::{fchmod, fchown, mkdirat, open, openat, Mode, OFlags};

use crate::beneath::Owner;
use crate::placement::make_folders;
use crate::refusal::{About, Answer, Code, Refusal};
use crate::removal::split;

const DEFAULT_MODE: u32 = 0o755;

/// What is to be made. A path that is absolute.
pub struct Wanted<'a> {
    pub path: &'a str,
    pub recursive: bool,
    pub mode: Option<u32>,
    pub owner: Owner,
}

pub fn make_directory(wanted: &Wanted<'_>) -> Answer<()> {
    let path = wanted.path;
    let mode = wanted.mode.unwrap_or(DEFAULT_MODE);
    if mode > 0o7777 {
        let message = format!("{mode:o} is more than permission bits");
        return Err(Refusal::bad_request(message));
    }
    if Path::new(path).is_dir() {
        return match wanted.recursive {
            true => Ok(()),
            false => Err(Refusal::new(Code::Exists, format!("{path}: exists"))),
        };
    }
    let (parent, name) = split(path)?;
    if wanted.recursive {
        make_folders(Path::new(parent), wanted.owner)?;
    }
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
    let parent = open(parent, flags | OFlags::PATH, Mode::empty()).about(path)?;
    // Nobody else's until it has its owner.
    mkdirat(&parent, name.as_c_str(), Mode::RWXU).about(path)?;
    // By descriptor: a link that takes its place must not get the owner and mode.
    let flags = flags | OFlags::RDONLY | OFlags::NOFOLLOW;
    let made = openat(&parent, name.as_c_str(), flags, Mode::empty()).about(path)?;
    fchown(&made, wanted.owner.uid(), wanted.owner.gid()).about(path)?;
    fchmod(&made, Mode::from_raw_mode(mode)).about(path)
}

//! The default user's `~/.ssh/authorized_keys`: each key once, with the modes that sshd demands.

use std::fs::{symlink_metadata, DirBuilder, File};
use std::io::{Read, Write};
use std::os::unix::fs::{chown, DirBuilderExt, OpenOptionsExt};

use crate::accounts::Accounts;
use crate::refusal::{About, Answer, Refusal};
use crate::request::UserSpec;

/// most of an existing file that is read, in bytes
const MAX_FILE_BYTES: u64 = 1024 * 1024;

pub fn authorize(keys: &[String]) -> Answer<()> {
    if keys.iter().any(|key| key.contains(['\n', '\r', '\0'])) {
        return Err(Refusal::bad_request("an SSH key contains a line break"));
    }
    let user = Accounts::load().identity(Some(&UserSpec::Named("default".into())))?;
    let folder = format!("{}/.ssh", user.home.trim_end_matches('/'));
    match DirBuilder::new().mode(0o700).create(&folder) {
        Ok(()) => chown(&folder, Some(user.uid), Some(user.gid)).about(&folder)?,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(Refusal::io(&folder, error)),
    }
    let path = format!("{folder}/authorized_keys");
    let is_new = symlink_metadata(&path).is_err();
    let file = File::options()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC)
        .open(&path)
        .about(&path)?;
    if is_new {
        rustix::fs::fchown(
            &file,
            Some(rustix::fs::Uid::from_raw(user.uid)),
            Some(rustix::fs::Gid::from_raw(user.gid)),
        )
        .about(&path)?;
    }
    append_missing(file, keys).about(&path)
}

fn append_missing(mut file: File, keys: &[String]) -> std::io::Result<()> {
    let mut known = String::new();
    (&file).take(MAX_FILE_BYTES).read_to_string(&mut known)?;
    let mut added = String::new();
    if !known.is_empty() && !known.ends_with('\n') {
        added.push('\n');
    }
    let empty = added.len();
    for key in keys
        .iter()
        .map(|key| key.trim())
        .filter(|key| !key.is_empty())
    {
        let listed = |text: &str| text.lines().any(|line| line.trim() == key);
        if !listed(&known) && !listed(&added) {
            added.push_str(key);
            added.push('\n');
        }
    }
    if added.len() > empty {
        file.write_all(added.as_bytes())?;
    }
    Ok(())
}

//! The id by which programs know this machine, in the files where they look for it.

use std::fs;
use std::path::Path;

use crate::refusal::{About, Answer, Refusal};
use crate::small_file::rewrite;

const DIGITS: usize = 32;
const FILE: &str = "etc/machine-id";
/// a link to the other where both are there; older systems have a file of its own
const OF_DBUS: &str = "var/lib/dbus/machine-id";

/// Gives a guest below `root` an id unless it has one; says whether it had none.
pub fn give(root: &Path, id: &str) -> Answer<bool> {
    check(id)?;
    if !matches!(known(root).trim(), "" | "uninitialized") {
        return Ok(false);
    }
    write(&root.join(FILE), id)?;
    Ok(true)
}

/// The id that a guest has; empty where it has none.
pub fn known(root: &Path) -> String {
    let text = fs::read_to_string(root.join(FILE)).unwrap_or_default();
    text.trim_end().to_owned()
}

/// Gives it another id, and says which it has then.
pub fn replace(root: &Path, id: &str) -> Answer<String> {
    check(id)?;
    let path = root.join(FILE);
    write(&path, id)?;
    let of_dbus = root.join(OF_DBUS);
    if fs::symlink_metadata(&of_dbus).is_ok_and(|found| found.is_file()) {
        write(&of_dbus, id)?;
    }
    let written = fs::read_to_string(&path).about(path.display())?;
    Ok(written.trim_end().to_owned())
}

fn check(id: &str) -> Answer<()> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if id.len() == DIGITS && id.bytes().all(is_digit) {
        return Ok(());
    }
    Err(Refusal::bad_request(
        "a machine id has 32 hexadecimal digits",
    ))
}

/// In place: systemd may have mounted something over the file.
fn write(path: &Path, id: &str) -> Answer<()> {
    rewrite(path, 0o444, &format!("{id}\n")).about(path.display())
}

//! The keys by which the guest's SSH server is known.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde_json::Value;

use crate::refusal::{About, Answer, Refusal};
use crate::small_file::rewrite;
use crate::sys::signals;

const FOLDER: &str = "etc/ssh";
const PRIVATE: u32 = 0o600;
const PUBLIC: u32 = 0o644;
const PID_FILE: &str = "/run/sshd.pid";

/// Puts `keys` in the place of all that are below `root`; false where there is no place for any.
pub fn renew(root: &Path, keys: &[Value]) -> Answer<bool> {
    let folder = root.join(FOLDER);
    if !folder.is_dir() {
        return Ok(false);
    }
    let keys: Option<Vec<HostKey>> = keys.iter().map(HostKey::read).collect();
    let keys = keys.ok_or_else(|| Refusal::bad_request("sshHostKeys: one is not a key"))?;
    let mut files = BTreeMap::new();
    for key in &keys {
        let name = format!("ssh_host_{}_key", key.kind);
        files.insert(name.clone() + ".pub", (PUBLIC, key.public));
        files.insert(name, (PRIVATE, key.private));
    }
    for entry in fs::read_dir(&folder).about(folder.display())? {
        let entry = entry.about(folder.display())?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| is_host_key(name)) else {
            continue;
        };
        // One that is to be there, and is as it is to be, is written over: that costs least.
        let mode = files.get(name).map(|(mode, _)| *mode);
        let known = fs::symlink_metadata(entry.path()).about(entry.path().display())?;
        if !known.is_file() || mode != Some(known.mode() & 0o7777) {
            fs::remove_file(entry.path()).about(entry.path().display())?;
        }
    }
    for (name, (mode, text)) in &files {
        let end = if text.ends_with('\n') { "" } else { "\n" };
        let path = folder.join(name);
        rewrite(&path, *mode, &format!("{text}{end}")).about(path.display())?;
    }
    Ok(!keys.is_empty())
}

struct HostKey<'a> {
    /// a part of a file's name
    kind: &'a str,
    private: &'a str,
    public: &'a str,
}

impl<'a> HostKey<'a> {
    fn read(key: &'a Value) -> Option<Self> {
        let text = |name: &str| key.get(name)?.as_str();
        let kind = text("type")?;
        let is_word = !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_alphanumeric());
        is_word.then_some(())?;
        let (private, public) = (text("privateKey")?, text("publicKey")?);
        Some(Self {
            kind,
            private,
            public,
        })
    }
}

fn is_host_key(name: &str) -> bool {
    let name = name.strip_suffix(".pub").unwrap_or(name);
    name.starts_with("ssh_host_") && name.ends_with("_key")
}

/// Has a running server read its keys again; what it serves already goes on.
pub fn tell_server() {
    for pid in servers() {
        // One that ended meanwhile reads them when it is started.
        let _ = signals::send(pid, libc::SIGHUP);
    }
}

/// Those that listen: their parent is another program than themselves.
fn servers() -> Vec<i32> {
    let noted = fs::read_to_string(PID_FILE).ok();
    let noted: Option<i32> = noted.and_then(|text| text.trim().parse().ok());
    if let Some(pid) = noted.filter(|pid| is_server(*pid)) {
        return vec![pid];
    }
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| is_named_so(*pid) && is_server(*pid))
        .collect()
}

/// What a kernel says at once, where all that it knows of a process takes it much longer.
fn is_named_so(pid: i32) -> bool {
    fs::read(format!("/proc/{pid}/comm")).is_ok_and(|name| name == b"sshd\n")
}

fn is_server(pid: i32) -> bool {
    match process(pid) {
        Some((name, parent)) if name == "sshd" => {
            process(parent).map_or(true, |(above, _)| above != name)
        }
        _ => false,
    }
}

/// The name of a process and its parent's number.
fn process(pid: i32) -> Option<(String, i32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (name, rest) = stat.rsplit_once(')')?;
    let (_, name) = name.split_once('(')?;
    let parent = rest.split_whitespace().nth(1)?.parse().ok()?;
    Some((name.to_owned(), parent))
}

#[cfg(test)]
mod tests {
    use super::{is_host_key, process};

    #[test]
    fn host_keys_are_known_by_their_names() {
        for name in ["ssh_host_rsa_key", "ssh_host_ed25519_key.pub"] {
            assert!(is_host_key(name));
        }
        for name in [
            "ssh_host_rsa_key.old",
            "sshd_config",
            "ssh_config.d",
            "ssh_host_key_x",
        ] {
            assert!(!is_host_key(name));
        }
    }

    #[test]
    fn a_process_has_a_name_and_a_parent() {
        let (name, parent) = process(std::process::id() as i32).unwrap();
        assert!(!name.is_empty() && parent > 0);
        assert_eq!(process(-1), None);
    }
}

//! Names in archives: checked and split into components before they come near the file system.

use std::ffi::CString;

use crate::refusal::{Answer, Code, Refusal};

/// longest name that is looked at, in bytes; the kernel's own limit for paths
const MAX_NAME_BYTES: usize = 4096;

/// The components of a relative name without `.`; none for the archive's root itself.
///
/// Absolute names and `..` are refused as `unsafe_path`, also where they would do no harm.
pub fn components(name: &[u8]) -> Answer<Vec<CString>> {
    let refuse = |why: &str| {
        let shown = String::from_utf8_lossy(&name[..name.len().min(200)]).into_owned();
        Err(Refusal::new(Code::UnsafePath, format!("{shown:?} {why}")))
    };
    if name.len() >= MAX_NAME_BYTES {
        return refuse("is too long a name");
    }
    if name.is_empty() || name.starts_with(b"/") {
        return refuse("is not a relative path");
    }
    let parts = name.split(|byte| *byte == b'/');
    let parts: Vec<&[u8]> = parts
        .filter(|part| !part.is_empty() && *part != b".")
        .collect();
    if parts.contains(&&b".."[..]) {
        return refuse("leads out of its folder");
    }
    match parts.into_iter().map(CString::new).collect() {
        Ok(parts) => Ok(parts),
        Err(_) => refuse("contains a NUL character"),
    }
}

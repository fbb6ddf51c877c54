//! Where a copy into the guest lands: `cp -r`'s rules, or exactly where it was told.

use std::fs::{self, DirBuilder, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::{chown, DirBuilderExt};
use std::path::{Component, Path, PathBuf};

use crate::accounts::Identity;
use crate::beneath::Owner;
use crate::refusal::{About, Answer, Code, Refusal};
use crate::request::Placement;

/// An absolute path from a request: `~` expanded, relative ones below the user's home.
pub fn absolute(path: &str, identity: &Identity) -> Answer<String> {
    if path.is_empty() || path.contains('\0') {
        return Err(Refusal::bad_request("the path is empty or contains NUL"));
    }
    let expanded = identity.expand(path);
    if expanded.starts_with('/') {
        return Ok(expanded);
    }
    Ok(format!(
        "{}/{expanded}",
        identity.home.trim_end_matches('/')
    ))
}

/// The path a file will have.
pub fn place_file(path: &str, placement: &Placement) -> Answer<PathBuf> {
    let target = PathBuf::from(path);
    let existing = look(&target)?;
    let ends_open = path.ends_with('/');
    let is_folder = existing.as_ref().is_some_and(Metadata::is_dir);
    let place = match (placement, is_folder) {
        (Placement::Cp { source_name, .. }, true) => target.join(checked_name(source_name)?),
        (Placement::Exact, true) => return Err(refuse(path, Code::IsDirectory, "is a directory")),
        (Placement::Exact, false) if ends_open => {
            return Err(refuse(
                path,
                Code::IsDirectory,
                "names a directory, not a file",
            ));
        }
        (Placement::Cp { .. }, false) if ends_open && existing.is_none() => {
            return Err(refuse(path, Code::NotFound, "no such directory"));
        }
        (Placement::Cp { .. }, false) if ends_open => {
            return Err(refuse(path, Code::NotDirectory, "is not a directory"));
        }
        _ => target,
    };
    match look(&place)? {
        None => Ok(place),
        Some(meta) if meta.is_dir() => {
            let shown = place.to_string_lossy();
            Err(refuse(&shown, Code::IsDirectory, "is a directory"))
        }
        // Through a link, as cp does: the link stays, its target is replaced.
        Some(meta) if meta.is_file() => place.canonicalize().about(place.display()),
        Some(_) => {
            let shown = place.to_string_lossy();
            Err(refuse(
                &shown,
                Code::Exists,
                "exists and is not a regular file",
            ))
        }
    }
}

/// The folder a tar is unpacked into; it need not exist yet.
pub fn place_tree(path: &str, placement: &Placement) -> Answer<PathBuf> {
    let target = PathBuf::from(path);
    let existing = look(&target)?;
    let place = match (placement, existing) {
        (_, Some(meta)) if !meta.is_dir() => {
            return Err(refuse(path, Code::NotDirectory, "is not a directory"));
        }
        (
            Placement::Cp {
                source_name,
                contents: false,
            },
            Some(_),
        ) => target.join(checked_name(source_name)?),
        _ => target,
    };
    match look(&place)? {
        Some(meta) if !meta.is_dir() => {
            let shown = place.to_string_lossy();
            Err(refuse(&shown, Code::NotDirectory, "is not a directory"))
        }
        _ => Ok(place),
    }
}

/// Makes `folder` and what is missing above it, each owned by `owner`; true when it was made.
pub fn make_folders(folder: &Path, owner: Owner) -> Answer<bool> {
    let mut path = PathBuf::new();
    let mut made = false;
    for component in folder.components() {
        path.push(component);
        if matches!(
            component,
            Component::RootDir | Component::CurDir | Component::ParentDir
        ) {
            continue;
        }
        made = match DirBuilder::new().mode(0o755).create(&path) {
            Ok(()) => {
                chown(&path, Some(owner.uid), Some(owner.gid)).about(path.display())?;
                true
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => false,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let shown = path.to_string_lossy();
                return Err(refuse(&shown, Code::NotDirectory, "is not a directory"));
            }
            Err(error) => return Err(Refusal::io(path.display(), error)),
        };
    }
    Ok(made)
}

/// The closest folder above or at `path` that exists.
pub fn nearest_folder(path: &Path) -> &Path {
    path.ancestors()
        .find(|path| path.is_dir())
        .unwrap_or(Path::new("/"))
}

/// What is at `path`, links followed. A dangling link counts as nothing.
fn look(path: &Path) -> Answer<Option<Metadata>> {
    match fs::metadata(path) {
        Ok(meta) => Ok(Some(meta)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Refusal::io(path.display(), error)),
    }
}

fn checked_name(name: &str) -> Answer<&str> {
    if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']) {
        return Err(Refusal::new(
            Code::UnsafePath,
            format!("{name:?} is no file name"),
        ));
    }
    Ok(name)
}

fn refuse(path: &str, code: Code, why: &str) -> Refusal {
    Refusal::new(code, format!("{path}: {why}"))
}

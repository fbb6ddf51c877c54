//! A copy into the guest: one file, or a tar that is unpacked as it comes.

use std::ffi::CString;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::accounts::Accounts;
use crate::beneath::Owner;
use crate::new_file::{free_bytes, NewFile};
use crate::placement::{absolute, make_folders, nearest_folder, place_file, place_tree};
use crate::refusal::{About, Answer, Code, Refusal};
use crate::request::{CopyInRequest, Format, Placement};
use crate::tar_read::TarReader;
use crate::unpack::{Counts, Unpacker};

const DEFAULT_MODE: u32 = 0o644;

/// What the bytes become. Dropping a file that did not settle removes it.
enum Target {
    File {
        file: NewFile,
        mode: u32,
    },
    Tree {
        reader: TarReader,
        unpacker: Box<Unpacker>,
    },
    /// finished or failed
    Over,
}

pub struct CopyIn {
    path: PathBuf,
    owner: Owner,
    target: Target,
    bytes: u64,
}

#[derive(Serialize)]
pub struct Ready {
    ready: Nothing,
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
pub struct Copied {
    ok: bool,
    path: String,
    bytes: u64,
    files: u64,
    directories: u64,
    skipped: u64,
}

impl CopyIn {
    /// Checks the target, and makes what the first byte will need.
    pub fn start(request: &CopyInRequest, accounts: &Accounts) -> Answer<Self> {
        let identity = accounts.identity(request.user.as_ref())?;
        let owner = Owner {
            uid: identity.uid,
            gid: identity.gid,
        };
        let path = absolute(&request.path, &identity)?;
        let placement = request.placement.as_ref().unwrap_or(&Placement::Exact);
        match request.format {
            Format::File => Self::file(request, &path, placement, owner),
            Format::Tar => Self::tree(request, &path, placement, owner),
            Format::Any => Err(Refusal::bad_request(
                "copyIn takes the formats file and tar",
            )),
        }
    }

    pub fn ready(&self) -> Ready {
        Ready { ready: Nothing {} }
    }

    pub fn write(&mut self, bytes: &[u8]) -> Answer<()> {
        let written = match &mut self.target {
            Target::File { file, .. } => file.write(bytes).about(self.path.display()),
            Target::Tree { reader, unpacker } => reader
                .push(bytes, unpacker.as_mut())
                .map_err(|refusal| with_remains(refusal, unpacker.counts)),
            Target::Over => Ok(()),
        };
        self.bytes += bytes.len() as u64;
        written
    }

    /// All bytes came: makes the copy visible.
    pub fn finish(&mut self) -> Answer<Copied> {
        let counts = match std::mem::replace(&mut self.target, Target::Over) {
            Target::File { file, mode } => {
                file.settle(self.owner, mode, None)
                    .about(self.path.display())?;
                Counts {
                    bytes: self.bytes,
                    files: 1,
                    ..Counts::default()
                }
            }
            Target::Tree {
                reader,
                mut unpacker,
            } => {
                unpacker.finish();
                let counts = unpacker.counts;
                reader
                    .finish()
                    .map_err(|refusal| with_remains(refusal, counts))?;
                counts
            }
            Target::Over => return Err(Refusal::bad_request("the copy is over already")),
        };
        Ok(Copied {
            ok: true,
            path: self.path.to_string_lossy().into_owned(),
            bytes: counts.bytes,
            files: counts.files,
            directories: counts.directories,
            skipped: counts.skipped,
        })
    }

    fn file(
        request: &CopyInRequest,
        path: &str,
        placement: &Placement,
        owner: Owner,
    ) -> Answer<Self> {
        let path = place_file(path, placement)?;
        let named = path.file_name().zip(path.parent());
        let (name, parent) = named.ok_or_else(|| Refusal::bad_request("the path names no file"))?;
        check_space(parent, request.unpacked_size)?;
        if request.make_parents {
            make_folders(parent, owner)?;
        }
        let name = CString::new(name.as_bytes())
            .map_err(|_| Refusal::bad_request("the path contains NUL"))?;
        let existing = std::fs::metadata(&path).map(|meta| meta.permissions().mode());
        let mode = request.mode.unwrap_or(existing.unwrap_or(DEFAULT_MODE));
        let folder = open(parent)?;
        let file = NewFile::begin(folder.as_fd(), &name).about(path.display())?;
        Ok(Self {
            path,
            owner,
            target: Target::File { file, mode },
            bytes: 0,
        })
    }

    fn tree(
        request: &CopyInRequest,
        path: &str,
        placement: &Placement,
        owner: Owner,
    ) -> Answer<Self> {
        let path = place_tree(path, placement)?;
        check_space(&path, request.unpacked_size)?;
        let parent_exists = path.parent().map_or(true, Path::is_dir);
        if !request.make_parents && !parent_exists {
            let message = format!("{}: its parent does not exist", path.display());
            return Err(Refusal::new(Code::NotFound, message));
        }
        let is_new = make_folders(&path, owner)?;
        let unpacker = Unpacker::new(open(&path)?, is_new, owner, request.mode);
        Ok(Self {
            path,
            owner,
            target: Target::Tree {
                reader: TarReader::new(),
                unpacker: Box::new(unpacker),
            },
            bytes: 0,
        })
    }
}

fn open(folder: &Path) -> Answer<OwnedFd> {
    let file = File::open(folder).about(folder.display())?;
    if !file.metadata().about(folder.display())?.is_dir() {
        let message = format!("{}: is not a directory", folder.display());
        return Err(Refusal::new(Code::NotDirectory, message));
    }
    Ok(file.into())
}

fn check_space(target: &Path, wanted: Option<u64>) -> Answer<()> {
    let Some(wanted) = wanted else {
        return Ok(());
    };
    let folder = nearest_folder(target);
    let free = free_bytes(open(folder)?.as_fd()).about(folder.display())?;
    if wanted <= free {
        return Ok(());
    }
    let message = format!(
        "{wanted} bytes do not fit: {} has {free} free",
        folder.display()
    );
    Err(Refusal::new(Code::NoSpace, message))
}

/// Says what a failed archive leaves behind.
fn with_remains(refusal: Refusal, counts: Counts) -> Refusal {
    let (files, directories) = (counts.files, counts.directories);
    let message = format!(
        "{} ({files} files and {directories} directories unpacked before stay)",
        refusal.message
    );
    Refusal::new(refusal.code, message)
}

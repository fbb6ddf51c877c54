//! A copy out of the guest: a file's bytes, or a folder as a tar that is made as it is sent.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::{Component, Path};

use rustix::fs::{fstat, open, FileType, Mode, OFlags, Stat};
use serde::Serialize;

use crate::accounts::Accounts;
use crate::glob::Patterns;
use crate::outbox::Outbox;
use crate::outflow::{close_sent, Flow, Outflow};
use crate::placement::absolute;
use crate::refusal::{About, Answer, Code, Refusal};
use crate::request::{CopyOutRequest, Format};
use crate::tar_source::TarSource;
use crate::tree::{member, Tree};

/// most that is read of a file without a size (as in /proc), in bytes
const SIZELESS_BYTES: u64 = 4 * 1024 * 1024;

enum Bytes {
    /// a file and what is left of it
    File {
        file: File,
        left: u64,
    },
    /// the content of a file without a size, and how much of it was sent
    Kept {
        content: Vec<u8>,
        sent: usize,
    },
    Tar(Box<TarSource>),
}

pub struct CopyOut {
    description: Description,
    path: String,
    bytes: Bytes,
    sent: u64,
}

#[derive(Clone, Serialize)]
struct Description {
    #[serde(rename = "type")]
    kind: &'static str,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    mode: u32,
}

#[derive(Serialize)]
pub struct SourceEvent<'a> {
    source: &'a Description,
}

impl CopyOut {
    pub fn start(request: &CopyOutRequest, accounts: &Accounts) -> Answer<Self> {
        let identity = accounts.identity(request.user.as_ref())?;
        let path = absolute(&request.path, &identity)?;
        // NONBLOCK: opening a fifo must not wait for its writer.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = open(path.as_str(), flags, Mode::empty()).about(&path)?;
        let stat = fstat(&fd).about(&path)?;
        let mode = stat.st_mode & 0o7777;
        let name = base_name(&path);
        let (kind, size, bytes) = source_of(request, fd, &stat, &path)?;
        let description = Description {
            kind,
            name,
            size,
            mode,
        };
        Ok(Self {
            description,
            path,
            bytes,
            sent: 0,
        })
    }

    pub fn source(&self) -> SourceEvent<'_> {
        SourceEvent {
            source: &self.description,
        }
    }
}

impl Outflow for CopyOut {
    fn read(&mut self, space: &mut [u8]) -> Answer<usize> {
        let count = match &mut self.bytes {
            Bytes::File { file, left } => read_part(file, left, space, &self.path)?,
            Bytes::Kept { content, sent } => {
                let count = space.len().min(content.len() - *sent);
                space[..count].copy_from_slice(&content[*sent..*sent + count]);
                *sent += count;
                count
            }
            Bytes::Tar(source) => source.read(space)?,
        };
        self.sent += count as u64;
        Ok(count)
    }

    fn flow(&self) -> Flow {
        let is_over = match &self.bytes {
            Bytes::File { left, .. } => *left == 0,
            Bytes::Kept { content, sent } => *sent == content.len(),
            Bytes::Tar(source) => source.is_over(),
        };
        if is_over {
            Flow::Over
        } else {
            Flow::Ready
        }
    }

    fn close(&self, id: u32, outbox: &mut Outbox) {
        close_sent(self.sent, id, outbox);
    }
}

/// What is sent for an opened path: its kind, its size if it is a file, and the bytes.
fn source_of(
    request: &CopyOutRequest,
    fd: OwnedFd,
    stat: &Stat,
    path: &str,
) -> Answer<(&'static str, Option<u64>, Bytes)> {
    match (FileType::from_raw_mode(stat.st_mode), request.format) {
        (FileType::Directory, Format::File) => {
            let message = format!("{path}: is a directory");
            Err(Refusal::new(Code::IsDirectory, message))
        }
        (FileType::Directory, Format::Tar | Format::Any) => {
            let tree = Tree::new(fd, Patterns::new(&request.exclude))?;
            let bytes = Bytes::Tar(Box::new(TarSource::tree(tree)));
            Ok(("directory", None, bytes))
        }
        (FileType::RegularFile, Format::Tar) => {
            let member = member(base_name(path).into_bytes(), stat, false);
            let source = TarSource::single(member, fd.into());
            let bytes = Bytes::Tar(Box::new(source));
            Ok(("file", Some(stat.st_size as u64), bytes))
        }
        (FileType::RegularFile, Format::File | Format::Any) => {
            let (size, bytes) = whole_file(fd.into(), stat, path)?;
            Ok(("file", Some(size), bytes))
        }
        _ => {
            let message = format!("{path}: is neither a file nor a directory");
            Err(Refusal::new(Code::Unsupported, message))
        }
    }
}

/// Reads up to `left` bytes; a file that ends before is an error, never padded.
pub fn read_part(file: &mut File, left: &mut u64, space: &mut [u8], path: &str) -> Answer<usize> {
    let limit = usize::try_from(*left).map_or(space.len(), |left| left.min(space.len()));
    let count = file.read(&mut space[..limit]).about(path)?;
    if count == 0 && limit > 0 {
        let message = format!("{path}: became shorter while it was read");
        return Err(Refusal::new(Code::Io, message));
    }
    *left -= count as u64;
    Ok(count)
}

/// Files of /proc say that they are empty: what they hold is read at once, so that its size can be
/// announced.
fn whole_file(mut file: File, stat: &Stat, path: &str) -> Answer<(u64, Bytes)> {
    let size = stat.st_size as u64;
    if size > 0 {
        return Ok((size, Bytes::File { file, left: size }));
    }
    let mut content = Vec::new();
    (&mut file)
        .take(SIZELESS_BYTES + 1)
        .read_to_end(&mut content)
        .about(path)?;
    if content.len() as u64 > SIZELESS_BYTES {
        let message = format!("{path}: has no size and more than {SIZELESS_BYTES} bytes");
        return Err(Refusal::new(Code::Unsupported, message));
    }
    Ok((content.len() as u64, Bytes::Kept { content, sent: 0 }))
}

/// The last real component of a path; empty for the root.
fn base_name(path: &str) -> String {
    let mut names = Path::new(path).components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    });
    names.next_back().unwrap_or_default()
}

//! A tar stream read by pushing bytes into it: ustar, pax and GNU long names. Pure and bounded.
//!
//! It finds entries and hands their bytes on; which of them are made, and where, is the sink's
//! business. It trusts no length and no name: names are handed on as they stand in the archive.

use crate::refusal::{Answer, Code, Refusal};
use crate::tar_header::{parse_header, parse_pax, Header, PaxFields, BLOCK_BYTES};

/// longest pax header or GNU long name, in bytes
const MAX_EXTENSION_BYTES: u64 = 64 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    File,
    Directory,
    /// a link, device or anything else that is not made
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub name: Vec<u8>,
    pub kind: EntryKind,
    pub mode: u32,
    /// whole seconds since 1970
    pub mtime: i64,
    pub size: u64,
}

/// What is done with the entries of an archive. An error ends the reading.
pub trait Sink {
    fn begin(&mut self, entry: &Entry) -> Answer<()>;
    /// Bytes of the file that began last.
    fn data(&mut self, bytes: &[u8]) -> Answer<()>;
    /// The file that began last is complete.
    fn complete(&mut self) -> Answer<()>;
}

/// What an extension header carries.
#[derive(Clone, Copy)]
enum Extension {
    LongName,
    Pax,
    Ignored,
}

enum State {
    /// collecting a header block
    Header,
    /// `left` bytes of a file, then padding
    Data { left: u64, padding: u64 },
    /// bytes of an extension header
    Extension {
        kind: Extension,
        left: u64,
        padding: u64,
    },
    /// bytes nobody wants
    Skip { left: u64 },
    /// after the end marker: whatever follows is ignored
    Over,
}

pub struct TarReader {
    state: State,
    block: Vec<u8>,
    extension: Vec<u8>,
    next: PaxFields,
    zero_blocks: u8,
}

impl Default for TarReader {
    fn default() -> Self {
        Self::new()
    }
}

impl TarReader {
    pub fn new() -> Self {
        Self {
            state: State::Header,
            block: Vec::with_capacity(BLOCK_BYTES),
            extension: Vec::new(),
            next: PaxFields::default(),
            zero_blocks: 0,
        }
    }

    /// Reads on; everything in `bytes` is used up.
    pub fn push(&mut self, mut bytes: &[u8], sink: &mut impl Sink) -> Answer<()> {
        while !bytes.is_empty() {
            let used = self.step(bytes, sink)?;
            bytes = &bytes[used..];
        }
        Ok(())
    }

    /// Checks that the archive ended where one may end.
    pub fn finish(&self) -> Answer<()> {
        match self.state {
            State::Over => Ok(()),
            State::Header if self.zero_blocks > 0 && self.block.is_empty() => Ok(()),
            _ => Err(bad("the archive is cut off")),
        }
    }

    fn step(&mut self, bytes: &[u8], sink: &mut impl Sink) -> Answer<usize> {
        match self.state {
            State::Over => Ok(bytes.len()),
            State::Header => {
                let used = bytes.len().min(BLOCK_BYTES - self.block.len());
                self.block.extend_from_slice(&bytes[..used]);
                if self.block.len() == BLOCK_BYTES {
                    self.header(sink)?;
                    self.block.clear();
                }
                Ok(used)
            }
            State::Data { left, padding } => {
                let used = at_most(bytes.len(), left);
                sink.data(&bytes[..used])?;
                let left = left - used as u64;
                self.state = State::Data { left, padding };
                if left == 0 {
                    sink.complete()?;
                    self.state = skip(padding);
                }
                Ok(used)
            }
            State::Extension {
                kind,
                left,
                padding,
            } => {
                let used = at_most(bytes.len(), left);
                self.extension.extend_from_slice(&bytes[..used]);
                let left = left - used as u64;
                self.state = State::Extension {
                    kind,
                    left,
                    padding,
                };
                if left == 0 {
                    self.extended(kind)?;
                    self.state = skip(padding);
                }
                Ok(used)
            }
            State::Skip { left } => {
                let used = at_most(bytes.len(), left);
                self.state = skip(left - used as u64);
                Ok(used)
            }
        }
    }

    fn header(&mut self, sink: &mut impl Sink) -> Answer<()> {
        if self.block.iter().all(|byte| *byte == 0) {
            self.zero_blocks += 1;
            if self.zero_blocks == 2 {
                self.state = State::Over;
            }
            return Ok(());
        }
        if self.zero_blocks > 0 {
            return Err(bad("a header follows the archive's end"));
        }
        let header = parse_header(&self.block)?;
        let kind = match header.kind {
            b'L' => Extension::LongName,
            b'x' => Extension::Pax,
            b'K' | b'g' => Extension::Ignored,
            b'S' => return Err(bad("sparse files are not understood")),
            _ => return self.entry(header, sink),
        };
        if header.size > MAX_EXTENSION_BYTES {
            return Err(bad("an extension header is too large"));
        }
        self.extension.clear();
        let padding = padding_of(header.size);
        self.state = State::Extension {
            kind,
            left: header.size,
            padding,
        };
        if header.size == 0 {
            self.state = State::Header;
        }
        Ok(())
    }

    fn entry(&mut self, header: Header, sink: &mut impl Sink) -> Answer<()> {
        let fields = std::mem::take(&mut self.next);
        let name = fields.path.unwrap_or(header.name);
        let kind = match header.kind {
            b'0' | 0 | b'7' if name.ends_with(b"/") => EntryKind::Directory,
            b'0' | 0 | b'7' => EntryKind::File,
            b'5' => EntryKind::Directory,
            _ => EntryKind::Other,
        };
        // Links carry a size in some archives, but never bytes; what else there is may have some.
        let size = match header.kind {
            b'1'..=b'6' => 0,
            _ => fields.size.unwrap_or(header.size),
        };
        let entry = Entry {
            name,
            kind,
            mode: header.mode,
            mtime: fields.mtime.unwrap_or(header.mtime),
            size,
        };
        sink.begin(&entry)?;
        let padding = padding_of(size);
        self.state = match (kind, size) {
            (EntryKind::File, 0) => {
                sink.complete()?;
                State::Header
            }
            (EntryKind::File, left) => State::Data { left, padding },
            (_, size) => skip(
                size.checked_add(padding)
                    .ok_or_else(|| bad("a size is absurd"))?,
            ),
        };
        Ok(())
    }

    fn extended(&mut self, kind: Extension) -> Answer<()> {
        match kind {
            Extension::LongName => {
                let end = self.extension.iter().position(|byte| *byte == 0);
                let end = end.unwrap_or(self.extension.len());
                self.next.path = Some(self.extension[..end].to_vec());
            }
            Extension::Pax => self.next.merge(parse_pax(&self.extension)?),
            Extension::Ignored => {}
        }
        self.extension = Vec::new();
        Ok(())
    }
}

pub fn bad(message: &str) -> Refusal {
    Refusal::new(Code::BadArchive, message)
}

fn skip(left: u64) -> State {
    match left {
        0 => State::Header,
        left => State::Skip { left },
    }
}

fn at_most(available: usize, left: u64) -> usize {
    usize::try_from(left).map_or(available, |left| available.min(left))
}

fn padding_of(size: u64) -> u64 {
    let block = BLOCK_BYTES as u64;
    (block - size % block) % block
}

//! What waits to be written to the host: one buffer of whole frames.
//!
//! Data is read from its source straight into this buffer, behind a header that is filled in
//! afterwards, so a byte of output is copied once. Bounds: data is only added while
//! `wants_data()`; control frames (answers to what the host sent) are always taken, and the
//! session stops reading from the host while `is_crowded()`.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use serde::Serialize;

use crate::frame::{header, FrameType, HEADER_BYTES, MAX_PAYLOAD_BYTES};

/// the payload of a full frame of data. With its header it is 64 KiB: the kernel takes 32 KiB of a
/// write to the port, and eight bytes more would cost a third exit to the host
pub const DATA_PAYLOAD_BYTES: usize = MAX_PAYLOAD_BYTES - HEADER_BYTES;
/// data is added only below this, in bytes
const DATA_MARK_BYTES: usize = 64 * 1024;
/// input is read only below this, in bytes
const CROWDED_BYTES: usize = 512 * 1024;
/// what the buffer holds without growing, in bytes
const INITIAL_BYTES: usize = DATA_MARK_BYTES + MAX_PAYLOAD_BYTES + 4096;

pub struct Outbox {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Default for Outbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Outbox {
    pub fn new() -> Self {
        Self {
            bytes: vec![0; INITIAL_BYTES],
            start: 0,
            end: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.end - self.start
    }

    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    pub fn wants_data(&self) -> bool {
        self.len() < DATA_MARK_BYTES
    }

    pub fn is_crowded(&self) -> bool {
        self.len() > CROWDED_BYTES
    }

    /// The bytes not yet written.
    pub fn unsent(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    pub fn clear(&mut self) {
        self.start = 0;
        self.end = 0;
        if self.bytes.len() > INITIAL_BYTES {
            self.bytes = vec![0; INITIAL_BYTES];
        }
    }

    pub fn push(&mut self, kind: FrameType, stream: u32, payload: &[u8]) {
        let mut rest = payload;
        self.fill(kind, stream, payload.len(), |space| {
            let (now, later) = rest.split_at(space.len());
            space.copy_from_slice(now);
            rest = later;
            Ok::<usize, io::Error>(now.len())
        })
        .expect("copying cannot fail");
    }

    /// One JSON frame. A value that would not fit a frame is an error of ours: it is cut out.
    pub fn push_json(&mut self, kind: FrameType, stream: u32, value: &impl Serialize) {
        match serde_json::to_vec(value) {
            Ok(json) if json.len() <= MAX_PAYLOAD_BYTES => self.push(kind, stream, &json),
            _ => self.push(
                kind,
                stream,
                br#"{"ok":false,"code":"io","message":"the answer does not fit a frame"}"#,
            ),
        }
    }

    /// Adds a frame whose payload `source` writes, at most `limit` bytes; nothing for 0 bytes.
    pub fn fill<E>(
        &mut self,
        kind: FrameType,
        stream: u32,
        limit: usize,
        source: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        let limit = limit.min(MAX_PAYLOAD_BYTES);
        self.reserve(HEADER_BYTES + limit);
        let body = self.end + HEADER_BYTES;
        let count = source(&mut self.bytes[body..body + limit])?;
        if count > 0 || limit == 0 {
            self.bytes[self.end..body].copy_from_slice(&header(kind, stream, count));
            self.end = body + count;
        }
        Ok(count)
    }

    /// Writes what `port` takes; stops without an error where it would block.
    pub fn write_to(&mut self, port: BorrowedFd<'_>) -> io::Result<()> {
        while !self.is_empty() {
            match rustix::io::write(port.as_fd(), self.unsent()) {
                Ok(count) => self.start += count,
                Err(rustix::io::Errno::AGAIN) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.clear();
        Ok(())
    }

    fn reserve(&mut self, count: usize) {
        if self.bytes.len() - self.end >= count {
            return;
        }
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.bytes.len() - self.end < count {
            self.bytes.resize(self.end + count, 0);
        }
    }
}

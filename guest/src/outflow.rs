//! Work that sends: bytes until they are over, then how it ended. What the host sends is dropped,
//! but where a terminal is followed.
//!
//! What is made piece by piece (lines, records) fills `Pieces`, and `Piecewise` cuts it to the
//! credit that there is.

use std::os::fd::BorrowedFd;
use std::time::Instant;

use serde::Serialize;

use crate::frame::FrameType;
use crate::outbox::Outbox;
use crate::refusal::{Answer, Refusal};
use crate::request::Size;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// there are bytes, or an end to be found
    Ready,
    /// more may come later
    Idle,
    Over,
}

pub trait Outflow {
    /// Writes the next bytes into `space`; 0 when there are none now.
    fn read(&mut self, space: &mut [u8]) -> Answer<usize>;
    fn flow(&self) -> Flow;
    /// Sends the CLOSE.
    fn close(&self, id: u32, outbox: &mut Outbox);
    /// What it waits for.
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }
    /// The descriptor became ready.
    fn ready(&mut self) {}
    fn deadline(&self) -> Option<Instant> {
        None
    }
    /// Its turn to look around; true once, when it has begun later than it was opened.
    fn wake(&mut self, _now: Instant) -> Answer<bool> {
        Ok(false)
    }
    /// Bytes from the host; returns how many are consumed already.
    fn take(&mut self, bytes: &[u8]) -> usize {
        bytes.len()
    }
    /// How many of the bytes that were taken have been consumed since it was last asked.
    fn consumed(&mut self) -> usize {
        0
    }
    fn resize(&mut self, _size: Size) {}
}

#[derive(Serialize)]
struct Sent {
    ok: bool,
    bytes: u64,
}

/// The end of work that sent `bytes`.
pub fn close_sent(bytes: u64, id: u32, outbox: &mut Outbox) {
    outbox.push_json(FrameType::Close, id, &Sent { ok: true, bytes });
}

pub trait Pieces {
    /// Writes the next piece into `piece`, which is empty; leaves it so where there is none.
    fn next(&mut self, piece: &mut Vec<u8>) -> Answer<()>;
    fn flow(&self) -> Flow;
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }
    /// The descriptor became ready.
    fn ready(&mut self) {}
    fn deadline(&self) -> Option<Instant> {
        None
    }
    fn wake(&mut self, _now: Instant) -> Answer<bool> {
        Ok(false)
    }
    /// As an outflow's, as the next two are.
    fn take(&mut self, bytes: &[u8]) -> usize {
        bytes.len()
    }
    fn consumed(&mut self) -> usize {
        0
    }
    fn resize(&mut self, _size: Size) {}
}

/// `value` as a line of JSON.
pub fn push_line(line: &mut Vec<u8>, value: &impl Serialize) -> Answer<()> {
    serde_json::to_writer(&mut *line, value).map_err(|error| Refusal::io("a line", error))?;
    line.push(b'\n');
    Ok(())
}

pub struct Piecewise {
    pieces: Box<dyn Pieces>,
    /// the piece that is being sent, and how much of it was
    piece: Vec<u8>,
    piece_sent: usize,
    sent: u64,
}

impl Piecewise {
    pub fn new(pieces: Box<dyn Pieces>) -> Self {
        Self {
            pieces,
            piece: Vec::new(),
            piece_sent: 0,
            sent: 0,
        }
    }

    fn is_between(&self) -> bool {
        self.piece_sent == self.piece.len()
    }
}

impl Outflow for Piecewise {
    fn read(&mut self, space: &mut [u8]) -> Answer<usize> {
        let mut filled = 0;
        while filled < space.len() {
            if self.is_between() {
                self.piece.clear();
                self.piece_sent = 0;
                if self.pieces.flow() == Flow::Ready {
                    self.pieces.next(&mut self.piece)?;
                }
                if self.piece.is_empty() {
                    break;
                }
            }
            let rest = &self.piece[self.piece_sent..];
            let count = rest.len().min(space.len() - filled);
            space[filled..filled + count].copy_from_slice(&rest[..count]);
            filled += count;
            self.piece_sent += count;
        }
        self.sent += filled as u64;
        Ok(filled)
    }

    fn flow(&self) -> Flow {
        if self.is_between() {
            self.pieces.flow()
        } else {
            Flow::Ready
        }
    }

    fn close(&self, id: u32, outbox: &mut Outbox) {
        close_sent(self.sent, id, outbox);
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.pieces.descriptor()
    }

    fn ready(&mut self) {
        self.pieces.ready();
    }

    fn deadline(&self) -> Option<Instant> {
        self.pieces.deadline()
    }

    fn wake(&mut self, now: Instant) -> Answer<bool> {
        self.pieces.wake(now)
    }

    fn take(&mut self, bytes: &[u8]) -> usize {
        self.pieces.take(bytes)
    }

    fn consumed(&mut self) -> usize {
        self.pieces.consumed()
    }

    fn resize(&mut self, size: Size) {
        self.pieces.resize(size);
    }
}

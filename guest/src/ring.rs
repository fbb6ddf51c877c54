//! What a program wrote last: numbered frames within a bound. The oldest go first, and whole. Pure.

use std::collections::VecDeque;

/// what a frame costs besides its bytes: its entry and its allocation, in bytes
const FRAME_COST_BYTES: usize = 64;
/// largest frame, in bytes
pub const MAX_FRAME_BYTES: usize = 32 * 1024;
/// frames of a small ring are not cut smaller than this, in bytes
const SMALL_FRAME_BYTES: usize = 1024;

/// The number on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Started = 1,
    Stdout = 2,
    Stderr = 3,
    Exit = 4,
    /// never kept: said in place of frames that are gone
    Gap = 5,
}

impl Kind {
    fn is_output(self) -> bool {
        matches!(self, Self::Stdout | Self::Stderr)
    }
}

#[derive(Debug)]
pub struct Kept {
    pub kind: Kind,
    /// since 1970
    pub at_ns: u64,
    pub bytes: Box<[u8]>,
}

impl Kept {
    /// Bytes of output in it.
    pub fn output_bytes(&self) -> u64 {
        if self.kind.is_output() {
            self.bytes.len() as u64
        } else {
            0
        }
    }

    fn cost(&self) -> usize {
        self.bytes.len() + FRAME_COST_BYTES
    }
}

pub struct Ring {
    frames: VecDeque<Kept>,
    /// number of the oldest frame that is kept; the first ever is 1
    first: u64,
    limit: usize,
    cost: usize,
    /// bytes of output, ever and gone
    written: u64,
    dropped: u64,
}

impl Ring {
    /// `limit`: bound of all frames with what they cost, in bytes; the newest is always kept
    pub fn new(limit: usize) -> Self {
        Self {
            frames: VecDeque::new(),
            first: 1,
            limit,
            cost: 0,
            written: 0,
            dropped: 0,
        }
    }

    /// How much output is put into one frame at most.
    pub fn frame_bytes(&self) -> usize {
        let small = self.limit.clamp(1, SMALL_FRAME_BYTES);
        (self.limit / 4).clamp(small, MAX_FRAME_BYTES)
    }

    pub fn push(&mut self, kind: Kind, at_ns: u64, bytes: &[u8]) {
        let frame = Kept {
            kind,
            at_ns,
            bytes: bytes.into(),
        };
        self.written += frame.output_bytes();
        self.cost += frame.cost();
        while self.cost > self.limit {
            let Some(oldest) = self.frames.pop_front() else {
                break;
            };
            self.first += 1;
            self.cost -= oldest.cost();
            self.dropped += oldest.output_bytes();
        }
        self.frames.push_back(frame);
    }

    pub fn get(&self, id: u64) -> Option<&Kept> {
        let index = usize::try_from(id.checked_sub(self.first)?).ok()?;
        self.frames.get(index)
    }

    pub fn first(&self) -> u64 {
        self.first
    }

    /// The number that the next frame will have.
    pub fn next(&self) -> u64 {
        self.first + self.frames.len() as u64
    }

    pub fn written(&self) -> u64 {
        self.written
    }

    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Bytes of output before frame `id`, where that is still known.
    pub fn output_before(&self, id: u64) -> Option<u64> {
        if id <= 1 {
            return Some(0);
        }
        let count = usize::try_from(id.checked_sub(self.first)?).ok()?;
        (count <= self.frames.len()).then(|| {
            let earlier = self.frames.iter().take(count);
            self.dropped + earlier.map(Kept::output_bytes).sum::<u64>()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Ring, FRAME_COST_BYTES, MAX_FRAME_BYTES};

    #[test]
    fn the_oldest_frames_go_first_and_whole() {
        let mut ring = Ring::new(2 * (100 + FRAME_COST_BYTES));
        for byte in 0..5u8 {
            ring.push(Kind::Stdout, u64::from(byte), &[byte; 100]);
        }
        assert_eq!((ring.first(), ring.next()), (4, 6));
        assert_eq!((ring.written(), ring.dropped()), (500, 300));
        assert!(ring.get(3).is_none() && ring.get(0).is_none() && ring.get(6).is_none());
        assert_eq!(ring.get(4).unwrap().bytes[..], [3; 100]);
        assert_eq!(ring.output_before(1), Some(0));
        assert_eq!(ring.output_before(3), None);
        assert_eq!(ring.output_before(5), Some(400));
        assert_eq!(ring.output_before(6), Some(500));
        assert_eq!(ring.output_before(7), None);
    }

    #[test]
    fn the_newest_frame_is_kept_however_small_the_ring() {
        let mut ring = Ring::new(1);
        ring.push(Kind::Stdout, 0, b"x");
        ring.push(Kind::Exit, 0, b"{}");
        assert_eq!((ring.first(), ring.next(), ring.dropped()), (2, 3, 1));
        assert_eq!(ring.frame_bytes(), 1);
    }

    #[test]
    fn frames_are_a_fraction_of_the_ring() {
        let sizes = [4096, 65_536, 1 << 20].map(|limit| Ring::new(limit).frame_bytes());
        assert_eq!(sizes, [1024, 16_384, MAX_FRAME_BYTES]);
    }
}

//! Bytes to frames and back: section 1 of the protocol document. Pure, bounded, no I/O.
//!
//! The decoder never copies: it borrows the payload from the caller's buffer. It knows nothing of
//! what frames mean; the session tells it when the stream broke for a reason of its own.

pub const HEADER_BYTES: usize = 8;
pub const MAX_PAYLOAD_BYTES: usize = 65_536;
/// zeros in a row after which a broken stream is trusted again
pub const RESYNC_ZEROS: usize = HEADER_BYTES + MAX_PAYLOAD_BYTES;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum FrameType {
    Hello = 0x01,
    Welcome = 0x02,
    Open = 0x03,
    Event = 0x04,
    Data = 0x05,
    DataErr = 0x06,
    End = 0x07,
    Credit = 0x08,
    Control = 0x09,
    Close = 0x0a,
    Cancel = 0x0b,
    Ping = 0x0c,
    Pong = 0x0d,
    Awake = 0x0e,
}

impl FrameType {
    pub fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            0x01 => Self::Hello,
            0x02 => Self::Welcome,
            0x03 => Self::Open,
            0x04 => Self::Event,
            0x05 => Self::Data,
            0x06 => Self::DataErr,
            0x07 => Self::End,
            0x08 => Self::Credit,
            0x09 => Self::Control,
            0x0a => Self::Close,
            0x0b => Self::Cancel,
            0x0c => Self::Ping,
            0x0d => Self::Pong,
            0x0e => Self::Awake,
            _ => return None,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    pub kind: FrameType,
    pub stream: u32,
    pub payload: &'a [u8],
}

/// The header of a frame. `length` must be at most `MAX_PAYLOAD_BYTES`.
pub fn header(kind: FrameType, stream: u32, length: usize) -> [u8; HEADER_BYTES] {
    debug_assert!(length <= MAX_PAYLOAD_BYTES);
    let s = stream.to_le_bytes();
    let l = (length as u32).to_le_bytes();
    [kind as u8, s[0], s[1], s[2], s[3], l[0], l[1], l[2]]
}

/// Whether frames are read, or the input is searched for the zeros that end a broken stream.
#[derive(Debug, PartialEq, Eq)]
enum State {
    Reading,
    Broken { zeros: usize },
}

#[derive(Debug)]
pub struct Decoder {
    state: State,
    awaited: usize,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    pub fn new() -> Self {
        Self {
            state: State::Reading,
            awaited: 0,
        }
    }

    /// How long the frame is that could not be taken yet, header included; 0 when that is not known.
    pub fn awaited(&self) -> usize {
        self.awaited
    }

    pub fn is_broken(&self) -> bool {
        self.state != State::Reading
    }

    /// Stops reading frames until `RESYNC_ZEROS` zeros in a row were seen.
    pub fn break_stream(&mut self) {
        self.state = State::Broken { zeros: 0 };
    }

    /// Takes at most one frame off the beginning of `input`.
    ///
    /// Returns how many bytes are used up, frame included. No frame means that more input is
    /// needed; the bytes that are not used up must be given again, followed by more.
    pub fn decode<'a>(&mut self, input: &'a [u8]) -> (usize, Option<Frame<'a>>) {
        let mut used = 0;
        self.awaited = 0;
        loop {
            if let State::Broken { zeros } = self.state {
                used += self.search(&input[used..], zeros);
                if self.is_broken() {
                    return (used, None);
                }
            }
            used += input[used..].iter().take_while(|b| **b == 0).count();
            let rest = &input[used..];
            if rest.len() < HEADER_BYTES {
                return (used, None);
            }
            let (head, body) = rest.split_at(HEADER_BYTES);
            let length = u32::from_le_bytes([head[5], head[6], head[7], 0]) as usize;
            let Some(kind) = FrameType::from_byte(head[0]) else {
                self.break_stream();
                continue;
            };
            if length > MAX_PAYLOAD_BYTES {
                self.break_stream();
                continue;
            }
            let Some(payload) = body.get(..length) else {
                self.awaited = HEADER_BYTES + length;
                return (used, None);
            };
            let stream = u32::from_le_bytes([head[1], head[2], head[3], head[4]]);
            let frame = Frame {
                kind,
                stream,
                payload,
            };
            return (used + HEADER_BYTES + length, Some(frame));
        }
    }

    /// Looks for the rest of the zeros; returns the bytes it used up.
    fn search(&mut self, input: &[u8], mut zeros: usize) -> usize {
        for (index, byte) in input.iter().enumerate() {
            zeros = if *byte == 0 { zeros + 1 } else { 0 };
            if zeros == RESYNC_ZEROS {
                self.state = State::Reading;
                return index + 1;
            }
        }
        self.state = State::Broken { zeros };
        input.len()
    }
}

/// The input buffer of a connection: allocated once, compacted when it is nearly used up.
///
/// An empty inbox starts again at its beginning, so a quiet agent touches few pages.
pub struct Inbox {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

/// room for a few whole frames, so that the beginning of the next one is rarely moved
const INBOX_BYTES: usize = 4 * RESYNC_ZEROS;
/// less free space than this makes `space` move what is unread to the beginning, in bytes
const LEAST_SPACE_BYTES: usize = 16 * 1024;

impl Default for Inbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Inbox {
    pub fn new() -> Self {
        Self {
            bytes: vec![0; INBOX_BYTES],
            start: 0,
            end: 0,
        }
    }

    pub fn clear(&mut self) {
        self.start = 0;
        self.end = 0;
    }

    /// The free space to read into; never empty when everything decodable was taken out. Of a frame
    /// whose length is known no more than its rest is read: the next one then begins where this one
    /// did, and a long copy is read into the same few pages again and again.
    pub fn space(&mut self, awaited: usize) -> &mut [u8] {
        if self.start == self.end {
            self.clear();
        } else if self.start > 0 && INBOX_BYTES - self.end < LEAST_SPACE_BYTES.max(awaited) {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let unread = self.end - self.start;
        let limit = if awaited > unread {
            self.end + awaited - unread
        } else {
            INBOX_BYTES
        };
        &mut self.bytes[self.end..limit]
    }

    pub fn filled(&mut self, count: usize) {
        self.end += count;
    }

    pub fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    pub fn consume(&mut self, count: usize) {
        self.start += count;
    }
}

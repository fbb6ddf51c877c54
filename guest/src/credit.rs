//! Credit in bytes: how much each side may send on a stream. Pure arithmetic.

pub const MIN_WINDOW_BYTES: u32 = 16 * 1024;
pub const MAX_WINDOW_BYTES: u32 = 4 * 1024 * 1024;
/// the credit this agent gives the host on each stream
pub const OWN_WINDOW_BYTES: u32 = 256 * 1024;
/// what it gives at once on top of that to a copy, whose bytes are consumed as they arrive: they wait
/// nowhere but in the channel, which then never runs empty while credit is on its way
pub const COPY_EXTRA_BYTES: u32 = 768 * 1024;
/// how many copies have that at a time
pub const MAX_WIDE_COPIES: usize = 8;

/// What the peer may still send us, and what we have consumed but not yet granted again.
#[derive(Debug)]
pub struct Receiving {
    window: u32,
    available: u32,
    consumed: u32,
}

impl Receiving {
    pub fn new(window: u32) -> Self {
        Self {
            window,
            available: window,
            consumed: 0,
        }
    }

    pub fn is_wide(&self) -> bool {
        self.window > OWN_WINDOW_BYTES
    }

    /// Makes the window larger by `count` bytes, which are granted by this.
    pub fn widen(&mut self, count: u32) {
        self.window += count;
        self.available += count;
    }

    /// Books `count` bytes that arrived; false when the peer had no credit for them.
    #[must_use]
    pub fn arrive(&mut self, count: usize) -> bool {
        match u32::try_from(count) {
            Ok(count) if count <= self.available => {
                self.available -= count;
                true
            }
            _ => false,
        }
    }

    /// Books `count` bytes that were consumed; returns the credit to grant now, if any.
    pub fn consume(&mut self, count: usize) -> Option<u32> {
        self.consumed += count as u32;
        if self.consumed < self.window / 4 {
            return None;
        }
        let grant = self.consumed;
        self.consumed = 0;
        self.available += grant;
        Some(grant)
    }
}

/// What we may still send. The sum saturates: a peer that grants too much gains nothing.
#[derive(Debug)]
pub struct Sending {
    available: u32,
}

impl Sending {
    pub fn new(window: u32) -> Self {
        Self { available: window }
    }

    pub fn available(&self) -> usize {
        self.available as usize
    }

    pub fn grant(&mut self, count: u32) {
        self.available = self.available.saturating_add(count);
    }

    pub fn spend(&mut self, count: usize) {
        self.available = self.available.saturating_sub(count as u32);
    }
}

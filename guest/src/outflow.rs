//! Work that only sends: bytes until they are over, then how many there were.

use serde::Serialize;

use crate::refusal::Answer;

pub trait Outflow {
    /// Writes the next bytes into `space`; 0 only when it is over.
    fn read(&mut self, space: &mut [u8]) -> Answer<usize>;
    fn is_over(&self) -> bool;
    fn done(&self) -> Sent;
}

#[derive(Serialize)]
pub struct Sent {
    ok: bool,
    bytes: u64,
}

impl Sent {
    pub fn new(bytes: u64) -> Self {
        Self { ok: true, bytes }
    }
}

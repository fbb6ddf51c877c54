//! One connection inside the guest: what it moves, and when it is over.
//!
//! Like a program (`exec`), it knows neither frames nor credit.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

use rustix::io::Errno;
use rustix::net::{shutdown, Shutdown};
use serde::Serialize;

use crate::connecting::{Connecting, Progress};
use crate::refusal::{Answer, Refusal};
use crate::request::ForwardRequest;

enum State {
    Connecting(Connecting),
    Connected(OwnedFd),
    Failed(Refusal),
}

pub struct Forward {
    state: State,
    shown: String,
    /// whether the host has been told of the connection, and of the end of its output
    pub announced: bool,
    pub end_announced: bool,
    /// bytes for the target that it did not take yet; at most one window
    queue: VecDeque<u8>,
    input_ended: bool,
    input_over: bool,
    output_over: bool,
    sent: u64,
    received: u64,
}

#[derive(Serialize)]
pub struct Counts {
    ok: bool,
    sent: u64,
    received: u64,
}

impl Forward {
    pub fn start(request: &ForwardRequest) -> Answer<Self> {
        let progress = Connecting::start(&request.target, Instant::now())?;
        Ok(Self {
            state: State::from(progress),
            shown: request.target.to_string(),
            announced: false,
            end_announced: false,
            queue: VecDeque::new(),
            input_ended: false,
            input_over: false,
            output_over: false,
            sent: 0,
            received: 0,
        })
    }

    /// The descriptor that becomes writable when it is decided whether there is a connection.
    pub fn pending(&self) -> Option<BorrowedFd<'_>> {
        match &self.state {
            State::Connecting(connecting) => Some(connecting.socket()),
            State::Connected(_) | State::Failed(_) => None,
        }
    }

    pub fn connection(&self) -> Option<BorrowedFd<'_>> {
        match &self.state {
            State::Connected(socket) => Some(socket.as_fd()),
            State::Connecting(_) | State::Failed(_) => None,
        }
    }

    pub fn has_queued_input(&self) -> bool {
        !self.queue.is_empty()
    }

    pub fn output_is_over(&self) -> bool {
        self.output_over
    }

    pub fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Connecting(connecting) => Some(connecting.until()),
            State::Connected(_) | State::Failed(_) => None,
        }
    }

    /// What went wrong, if anything did; also that connecting took too long.
    pub fn failure(&self, now: Instant) -> Option<Refusal> {
        match &self.state {
            State::Connecting(connecting) if connecting.until() <= now => {
                Some(connecting.timed_out())
            }
            State::Failed(refusal) => Some(refusal.clone()),
            State::Connecting(_) | State::Connected(_) => None,
        }
    }

    /// How much was moved, once both directions are over.
    pub fn finished(&self) -> Option<Counts> {
        (self.input_over && self.output_over).then_some(Counts {
            ok: true,
            sent: self.sent,
            received: self.received,
        })
    }

    /// The pending descriptor became writable.
    pub fn conclude(&mut self) {
        let taken = Refusal::bad_request("nothing is being connected");
        self.state = match std::mem::replace(&mut self.state, State::Failed(taken)) {
            State::Connecting(connecting) => match connecting.conclude() {
                Ok(progress) => State::from(progress),
                Err(refusal) => State::Failed(refusal),
            },
            other => other,
        };
        self.close_ended_input();
    }

    /// Reads what the target sent; 0 bytes when there is none now or no more will come.
    pub fn read(&mut self, space: &mut [u8]) -> Result<usize, std::convert::Infallible> {
        let Some(socket) = self.connection() else {
            return Ok(0);
        };
        match rustix::io::read(socket, space) {
            Ok(0) => self.output_over = true,
            Ok(count) => {
                self.received += count as u64;
                return Ok(count);
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => self.state = State::Failed(Refusal::io(&self.shown, error)),
        }
        Ok(0)
    }

    /// Takes bytes for the target; returns how many are consumed already.
    pub fn write(&mut self, bytes: &[u8]) -> usize {
        let direct = if self.queue.is_empty() {
            self.try_write(bytes)
        } else {
            0
        };
        self.queue.extend(&bytes[direct..]);
        direct
    }

    /// Writes queued input; returns how many bytes were consumed.
    pub fn flush_input(&mut self) -> usize {
        let mut total = 0;
        while !self.queue.is_empty() {
            let mut queue = std::mem::take(&mut self.queue);
            let count = self.try_write(queue.as_slices().0);
            queue.drain(..count);
            self.queue = queue;
            total += count;
            if count == 0 {
                break;
            }
        }
        self.close_ended_input();
        total
    }

    /// The host has no more input.
    pub fn end_input(&mut self) {
        self.input_ended = true;
        self.close_ended_input();
    }

    /// The target is gone: what waits for it is dropped and counts as consumed.
    pub fn drop_input(&mut self) -> usize {
        self.input_over = true;
        std::mem::take(&mut self.queue).len()
    }

    fn try_write(&mut self, bytes: &[u8]) -> usize {
        if self.input_over {
            return bytes.len();
        }
        let Some(socket) = self.connection() else {
            return 0;
        };
        match rustix::io::write(socket, bytes) {
            Ok(count) => {
                self.sent += count as u64;
                count
            }
            Err(Errno::AGAIN | Errno::INTR) => 0,
            Err(_) => {
                // It does not read any more; whether it still sends, reading will tell.
                self.input_over = true;
                bytes.len()
            }
        }
    }

    fn close_ended_input(&mut self) {
        if !self.input_ended || self.input_over || !self.queue.is_empty() {
            return;
        }
        if let Some(socket) = self.connection() {
            // Fails only where the other end is gone, which reading will tell.
            let _ = shutdown(socket, Shutdown::Write);
            self.input_over = true;
        }
    }
}

impl From<Progress> for State {
    fn from(progress: Progress) -> Self {
        match progress {
            Progress::Pending(connecting) => Self::Connecting(connecting),
            Progress::Connected(socket) => Self::Connected(socket),
        }
    }
}

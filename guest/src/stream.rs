//! One open stream: its credit, its work, and the frames that carry the work.

use std::os::fd::BorrowedFd;
use std::time::Instant;

use serde::Serialize;

use crate::copy_in::CopyIn;
use crate::copy_out::CopyOut;
use crate::credit::{Receiving, Sending};
use crate::exec::{exit_of, Exec, Output};
use crate::frame::{FrameType, MAX_PAYLOAD_BYTES};
use crate::outbox::Outbox;
use crate::refusal::{Refusal, RefusalJson};
use crate::request::Control;
use crate::sys::poll::{PollSet, Readiness};
use crate::sys::signals;

/// a copy sends this much before the other streams have their turn, in bytes
const TURN_BYTES: usize = MAX_PAYLOAD_BYTES;

pub enum Work {
    Exec(Box<Exec>),
    CopyIn(Box<CopyIn>),
    CopyOut(Box<CopyOut>),
}

/// Which descriptor of a stream became ready.
#[derive(Debug, Clone, Copy)]
pub enum Source {
    Input,
    Stdout,
    Stderr,
    /// a terminal: input and output are one descriptor
    Terminal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Open,
    /// CLOSE was sent
    Closed,
}

pub struct Stream {
    pub id: u32,
    pub receiving: Receiving,
    pub sending: Sending,
    pub work: Work,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Exit {
    ok: bool,
    exit_code: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<String>,
}

impl Stream {
    /// Adds the descriptors that this stream waits for, each under `token(source)`.
    pub fn interests<T: Copy>(
        &self,
        outbox: &Outbox,
        set: &mut PollSet<T>,
        token: impl Fn(Source) -> T,
    ) {
        let Work::Exec(exec) = &self.work else {
            return;
        };
        let may_send = outbox.wants_data() && self.sending.available() > 0;
        if exec.is_terminal {
            if let Some(fd) = exec.output(Output::Stdout) {
                add_terminal(
                    set,
                    fd,
                    may_send,
                    exec.has_queued_input(),
                    token(Source::Terminal),
                );
            }
            return;
        }
        if let (true, Some(fd)) = (exec.has_queued_input(), exec.input()) {
            set.writable(fd, token(Source::Input));
        }
        let outputs = [
            (Output::Stdout, Source::Stdout),
            (Output::Stderr, Source::Stderr),
        ];
        for (output, source) in outputs {
            if let (true, Some(fd)) = (may_send, exec.output(output)) {
                set.readable(fd, token(source));
            }
        }
    }

    /// Moves bytes for a descriptor that became ready.
    pub fn ready(&mut self, source: Source, readiness: Readiness, outbox: &mut Outbox) {
        match source {
            Source::Stdout => self.send_output(Output::Stdout, FrameType::Data, outbox),
            Source::Stderr => self.send_output(Output::Stderr, FrameType::DataErr, outbox),
            Source::Input => self.flush_input(readiness, outbox),
            Source::Terminal => {
                if readiness.writable {
                    self.flush_input(Readiness::default(), outbox);
                }
                if readiness.readable || readiness.hung_up {
                    self.send_output(Output::Stdout, FrameType::Data, outbox);
                }
            }
        }
    }

    /// Bytes from the host. They were booked as arrived already.
    pub fn data(&mut self, bytes: &[u8], outbox: &mut Outbox) -> Fate {
        match &mut self.work {
            Work::Exec(exec) => {
                let consumed = exec.write(bytes);
                self.consumed(consumed, outbox);
                Fate::Open
            }
            Work::CopyIn(copy) => match copy.write(bytes) {
                Ok(()) => {
                    self.consumed(bytes.len(), outbox);
                    Fate::Open
                }
                Err(refusal) => self.refuse(&refusal, outbox),
            },
            Work::CopyOut(_) => {
                self.consumed(bytes.len(), outbox);
                Fate::Open
            }
        }
    }

    /// END from the host.
    pub fn end(&mut self, outbox: &mut Outbox) -> Fate {
        match &mut self.work {
            Work::Exec(exec) => {
                exec.end_input();
                Fate::Open
            }
            Work::CopyIn(copy) => match copy.finish() {
                Ok(done) => {
                    outbox.push_json(FrameType::Close, self.id, &done);
                    Fate::Closed
                }
                Err(refusal) => self.refuse(&refusal, outbox),
            },
            Work::CopyOut(_) => Fate::Open,
        }
    }

    pub fn control(&mut self, control: &Control) {
        let Work::Exec(exec) = &self.work else {
            return;
        };
        if let Some(size) = control.resize {
            exec.resize(size);
        }
        if let Some(number) = control.signal.as_deref().and_then(signals::number) {
            exec.signal(number);
        }
    }

    /// A copy's turn: sends as much as credit and outbox allow, and its end.
    pub fn pump(&mut self, outbox: &mut Outbox) -> Fate {
        let Work::CopyOut(copy) = &mut self.work else {
            return Fate::Open;
        };
        let mut sent = 0;
        while sent < TURN_BYTES && outbox.wants_data() && !copy.is_over() {
            let limit = self.sending.available().min(MAX_PAYLOAD_BYTES);
            if limit == 0 {
                return Fate::Open;
            }
            match outbox.fill(FrameType::Data, self.id, limit, |space| copy.read(space)) {
                Ok(count) => {
                    self.sending.spend(count);
                    sent += count;
                }
                Err(refusal) => return self.refuse(&refusal, outbox),
            }
        }
        if !copy.is_over() {
            return Fate::Open;
        }
        outbox.push(FrameType::End, self.id, &[]);
        outbox.push_json(FrameType::Close, self.id, &copy.done());
        Fate::Closed
    }

    /// Whether a copy could send now.
    pub fn is_runnable(&self, outbox: &Outbox) -> bool {
        matches!(&self.work, Work::CopyOut(copy)
            if outbox.wants_data() && (copy.is_over() || self.sending.available() > 0))
    }

    /// Sends the end of a program whose output is over.
    pub fn settle(&mut self, now: Instant, outbox: &mut Outbox) -> Fate {
        let Work::Exec(exec) = &mut self.work else {
            return Fate::Open;
        };
        if !outbox.wants_data() || self.sending.available() == 0 {
            // Output that cannot be sent is not silence.
            exec.restart_silence();
        }
        let Some(status) = exec.finished(now) else {
            return Fate::Open;
        };
        let (exit_code, signal) = exit_of(status);
        let exit = Exit {
            ok: true,
            exit_code,
            signal,
        };
        outbox.push(FrameType::End, self.id, &[]);
        outbox.push_json(FrameType::Close, self.id, &exit);
        Fate::Closed
    }

    pub fn deadline(&self) -> Option<Instant> {
        match &self.work {
            Work::Exec(exec) => exec.deadline(),
            Work::CopyIn(_) | Work::CopyOut(_) => None,
        }
    }

    fn refuse(&self, refusal: &Refusal, outbox: &mut Outbox) -> Fate {
        outbox.push_json(FrameType::Close, self.id, &RefusalJson::new(refusal, None));
        Fate::Closed
    }

    fn send_output(&mut self, output: Output, kind: FrameType, outbox: &mut Outbox) {
        let Work::Exec(exec) = &mut self.work else {
            return;
        };
        let limit = self.sending.available().min(MAX_PAYLOAD_BYTES);
        if limit == 0 || !outbox.wants_data() {
            return;
        }
        let Ok(count) = outbox.fill(kind, self.id, limit, |space| exec.read(output, space));
        self.sending.spend(count);
    }

    fn flush_input(&mut self, readiness: Readiness, outbox: &mut Outbox) {
        let Work::Exec(exec) = &mut self.work else {
            return;
        };
        let consumed = if readiness.hung_up {
            exec.drop_input()
        } else {
            exec.flush_input()
        };
        self.consumed(consumed, outbox);
    }

    fn consumed(&mut self, count: usize, outbox: &mut Outbox) {
        if let Some(grant) = self.receiving.consume(count) {
            outbox.push(FrameType::Credit, self.id, &grant.to_le_bytes());
        }
    }
}

fn add_terminal<T: Copy>(
    set: &mut PollSet<T>,
    fd: BorrowedFd<'_>,
    may_read: bool,
    may_write: bool,
    token: T,
) {
    match (may_read, may_write) {
        (true, true) => set.both(fd, token),
        (true, false) => set.readable(fd, token),
        // Without credit a hang-up must not wake us for ever: it is seen when output is read.
        (false, true) => set.writable(fd, token),
        (false, false) => {}
    }
}

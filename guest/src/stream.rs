//! One open stream: its credit, its work, and the frames that carry the work.

use std::time::Instant;

use serde::Serialize;

use crate::answers::{DONE, OPENED};
use crate::copy_in::CopyIn;
use crate::credit::{Receiving, Sending, COPY_EXTRA_BYTES};
use crate::exec::{Exec, Output};
use crate::exec_stream;
use crate::forward::Forward;
use crate::forward_stream;
use crate::frame::FrameType;
use crate::outbox::{Outbox, DATA_PAYLOAD_BYTES};
use crate::outflow::{Flow, Outflow};
use crate::refusal::{Refusal, RefusalJson};
use crate::removal::Removal;
use crate::request::Control;
use crate::stillness::Stillness;
use crate::sys::poll::{PollSet, Readiness};
use crate::sys::signals;

/// a copy sends this much before the other streams have their turn, in bytes
const TURN_BYTES: usize = DATA_PAYLOAD_BYTES;

pub enum Work {
    Exec(Box<Exec>),
    CopyIn(Box<CopyIn>),
    /// a copy out, a listing, what is waited for
    Outflow(Box<dyn Outflow>),
    Removal(Box<Removal>),
    Forward(Box<Forward>),
    Stillness(Stillness),
}

/// Which descriptor of a stream became ready.
#[derive(Debug, Clone, Copy)]
pub enum Source {
    Input,
    Stdout,
    Stderr,
    /// a terminal: input and output are one descriptor
    Terminal,
    Connection,
    /// what an outflow, or one that holds still, waits for
    Change,
    /// the output of a program in the background, by its number instead of a stream's; a terminal's
    /// is what it reads, too
    Kept(Output),
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

impl Stream {
    /// Gives a copy into the guest more credit than other streams have.
    pub fn widen(&mut self, outbox: &mut Outbox) {
        if let Work::CopyIn(_) = self.work {
            self.receiving.widen(COPY_EXTRA_BYTES);
            outbox.push(FrameType::Credit, self.id, &COPY_EXTRA_BYTES.to_le_bytes());
        }
    }

    /// Adds the descriptors that this stream waits for, each under `token(source)`.
    pub fn interests<T: Copy>(
        &self,
        outbox: &Outbox,
        set: &mut PollSet<T>,
        token: impl Fn(Source) -> T,
    ) {
        let may_send = outbox.wants_data() && self.sending.available() > 0;
        match &self.work {
            Work::Exec(exec) => exec_stream::interests(exec, may_send, set, token),
            Work::Forward(forward) => {
                forward_stream::interests(forward, may_send, set, token(Source::Connection));
            }
            Work::Outflow(outflow) => {
                if let Some(fd) = outflow.descriptor() {
                    set.readable(fd, token(Source::Change));
                }
            }
            Work::Stillness(stillness) => {
                set.readable(stillness.output(), token(Source::Change));
            }
            Work::CopyIn(_) | Work::Removal(_) => {}
        }
    }

    /// Moves bytes for a descriptor that became ready.
    pub fn ready(&mut self, source: Source, readiness: Readiness, outbox: &mut Outbox) {
        match source {
            Source::Stdout => self.send_output(Output::Stdout, FrameType::Data, outbox),
            Source::Stderr => self.send_output(Output::Stderr, FrameType::DataErr, outbox),
            Source::Input => self.flush_input(readiness, outbox),
            Source::Change => match &mut self.work {
                Work::Outflow(outflow) => outflow.ready(),
                Work::Stillness(stillness) => stillness.hear(),
                _ => {}
            },
            Source::Kept(_) => {}
            Source::Connection => {
                if let Work::Forward(forward) = &mut self.work {
                    let sender = (self.id, &mut self.sending);
                    let consumed = forward_stream::ready(forward, readiness, sender, outbox);
                    self.consumed(consumed, outbox);
                }
            }
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
            Work::Forward(forward) => {
                let consumed = forward.write(bytes);
                self.consumed(consumed, outbox);
                Fate::Open
            }
            Work::Outflow(outflow) => {
                let consumed = outflow.take(bytes);
                self.consumed(consumed, outbox);
                Fate::Open
            }
            Work::Removal(_) | Work::Stillness(_) => {
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
            Work::Forward(forward) => {
                forward.end_input();
                Fate::Open
            }
            Work::Outflow(_) | Work::Removal(_) | Work::Stillness(_) => Fate::Open,
        }
    }

    pub fn control(&mut self, control: &Control) {
        if let (Work::Outflow(outflow), Some(size)) = (&mut self.work, control.resize) {
            outflow.resize(size);
        }
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

    /// The turn of work that waits for no descriptor: as much as credit and outbox allow, and its end.
    pub fn pump(&mut self, now: Instant, outbox: &mut Outbox) -> Fate {
        let outflow = match &mut self.work {
            Work::Outflow(outflow) => outflow,
            Work::Removal(removal) => {
                return match removal.step() {
                    Ok(false) => Fate::Open,
                    Ok(true) => self.close(&DONE, outbox),
                    Err(refusal) => self.refuse(&refusal, outbox),
                };
            }
            Work::Stillness(stillness) => {
                return match stillness.tell(self.id, outbox) {
                    Ok(fate) => fate,
                    Err(refusal) => self.refuse(&refusal, outbox),
                };
            }
            Work::Exec(_) | Work::CopyIn(_) | Work::Forward(_) => return Fate::Open,
        };
        match outflow.wake(now) {
            Ok(false) => {}
            Ok(true) => outbox.push_json(FrameType::Event, self.id, &OPENED),
            Err(refusal) => return self.refuse(&refusal, outbox),
        }
        if let Some(grant) = self.receiving.consume(outflow.consumed()) {
            outbox.push(FrameType::Credit, self.id, &grant.to_le_bytes());
        }
        let mut sent = 0;
        while sent < TURN_BYTES && outbox.wants_data() && outflow.flow() == Flow::Ready {
            let limit = self.sending.available().min(DATA_PAYLOAD_BYTES);
            if limit == 0 {
                return Fate::Open;
            }
            match outbox.fill(FrameType::Data, self.id, limit, |space| outflow.read(space)) {
                Ok(0) => break,
                Ok(count) => {
                    self.sending.spend(count);
                    sent += count;
                }
                Err(refusal) => return self.refuse(&refusal, outbox),
            }
        }
        if outflow.flow() != Flow::Over {
            return Fate::Open;
        }
        outbox.push(FrameType::End, self.id, &[]);
        outflow.close(self.id, outbox);
        Fate::Closed
    }

    /// Whether `pump` could do something now.
    pub fn is_runnable(&self, outbox: &Outbox) -> bool {
        match &self.work {
            Work::Outflow(outflow) => match outflow.flow() {
                Flow::Ready => outbox.wants_data() && self.sending.available() > 0,
                Flow::Idle => false,
                Flow::Over => true,
            },
            Work::Removal(_) => true,
            Work::Exec(_) | Work::CopyIn(_) | Work::Forward(_) | Work::Stillness(_) => false,
        }
    }

    /// Sends the end of a program whose output is over, and what is new about a connection.
    pub fn settle(&mut self, now: Instant, outbox: &mut Outbox) -> Fate {
        match &mut self.work {
            Work::Exec(exec) => {
                let may_send = outbox.wants_data() && self.sending.available() > 0;
                exec_stream::settle(exec, may_send, (self.id, now), outbox)
            }
            Work::Forward(forward) => forward_stream::settle(forward, self.id, now, outbox),
            _ => Fate::Open,
        }
    }

    /// Whether its turn, or what the host sends for it, writes to a file system.
    pub fn writes(&self) -> bool {
        matches!(self.work, Work::CopyIn(_) | Work::Removal(_))
    }

    pub fn deadline(&self) -> Option<Instant> {
        match &self.work {
            Work::Exec(exec) => exec.deadline(),
            Work::Forward(forward) => forward.deadline(),
            Work::Outflow(outflow) => outflow.deadline(),
            Work::CopyIn(_) | Work::Removal(_) | Work::Stillness(_) => None,
        }
    }

    fn close(&self, result: &impl Serialize, outbox: &mut Outbox) -> Fate {
        outbox.push_json(FrameType::Close, self.id, result);
        Fate::Closed
    }

    fn refuse(&self, refusal: &Refusal, outbox: &mut Outbox) -> Fate {
        outbox.push_json(FrameType::Close, self.id, &RefusalJson::new(refusal, None));
        Fate::Closed
    }

    fn send_output(&mut self, output: Output, kind: FrameType, outbox: &mut Outbox) {
        let Work::Exec(exec) = &mut self.work else {
            return;
        };
        let limit = self.sending.available().min(DATA_PAYLOAD_BYTES);
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

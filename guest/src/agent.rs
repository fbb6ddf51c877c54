//! The agent's loop: one poll, no threads.
//!
//! File work of copies happens in this loop, in slices of at most one frame: page cache reads and
//! writes are a memory copy, a thread per copy would cost stacks, locks and context switches on the
//! single processor that most guests have, and a loop needs no queue between two threads to bound.
//! The price: a disk that stalls, stalls the other streams for the length of one slice.

use std::io;
use std::time::{Duration, Instant};

use rustix::io::Errno;

use crate::frame::{Decoder, Inbox};
use crate::registry::Registry;
use crate::session::Session;
use crate::stream::Source;
use crate::sys::poll::{PollSet, Readiness};
use crate::sys::signals::{collect_child, SignalInbox};
use crate::transport::Transport;

/// reads of the stream before the other descriptors have their turn
const READS_PER_TURN: usize = 32;

#[derive(Debug, Clone, Copy)]
enum Token {
    Stream,
    Arrivals,
    Signals,
    Work(u32, Source),
}

pub struct Agent {
    transport: Transport,
    inbox: Inbox,
    decoder: Decoder,
    session: Session,
    signals: SignalInbox,
    leaving: bool,
}

impl Agent {
    pub fn new(transport: Transport, signals: SignalInbox, registry: Registry) -> Self {
        let in_guest = matches!(transport, Transport::Port(_));
        Self {
            transport,
            inbox: Inbox::new(),
            decoder: Decoder::new(),
            session: Session::new(registry, in_guest),
            signals,
            leaving: false,
        }
    }

    /// Serves until TERM, INT or HUP. Every program of every stream is ended before it returns.
    pub fn serve(&mut self) -> io::Result<()> {
        if self.transport.stream().is_some() {
            // A host that is there already may still talk to the agent before this one.
            self.session.announce();
            self.flush();
        }
        let mut set = PollSet::new();
        while !self.leaving {
            self.gather(&mut set);
            set.wait(self.patience())?;
            for index in 0..set.len() {
                if let Some((token, readiness)) = set.ready(index) {
                    self.dispatch(token, readiness);
                }
            }
            self.session.advance(Instant::now());
            self.session.catch_up(&mut self.decoder);
            self.flush();
        }
        self.session.drop_for_good();
        Ok(())
    }

    fn gather(&self, set: &mut PollSet<Token>) {
        set.clear();
        set.readable(self.signals.fd(), Token::Signals);
        if let Some(arrivals) = self.transport.arrivals() {
            set.readable(arrivals, Token::Arrivals);
        }
        if let Some(stream) = self.transport.stream() {
            // A host that does not read what we answer is not read either.
            match (
                !self.session.outbox.is_crowded(),
                !self.session.outbox.is_empty(),
            ) {
                (true, true) => set.both(stream, Token::Stream),
                (true, false) => set.readable(stream, Token::Stream),
                (false, true) => set.writable(stream, Token::Stream),
                (false, false) => set.hang_up(stream, Token::Stream),
            }
        }
        self.session.interests(set, Token::Work);
    }

    fn patience(&self) -> Option<Duration> {
        let now = Instant::now();
        let work = self.session.deadline(now);
        let timer = work.map(|at| at.saturating_duration_since(now));
        timer.into_iter().chain(self.transport.recheck()).min()
    }

    fn dispatch(&mut self, token: Token, readiness: Readiness) {
        let Readiness {
            readable,
            writable,
            hung_up,
        } = readiness;
        match token {
            // The recheck of a port comes by a timeout, without readiness.
            Token::Arrivals if readable || self.transport.recheck().is_some() => {
                if self.transport.welcome() {
                    self.start_over();
                }
            }
            Token::Signals if readable => self.take_signals(),
            Token::Stream if readable => self.receive(),
            Token::Stream if hung_up => self.host_left(),
            Token::Work(id, source) if readable || writable || hung_up => {
                self.session.ready(id, source, readiness);
            }
            Token::Arrivals | Token::Signals | Token::Stream | Token::Work(..) => {}
        }
    }

    fn take_signals(&mut self) {
        while let Some(signal) = self.signals.next() {
            if signal != libc::SIGCHLD {
                self.leaving = true;
            }
        }
        while let Some((pid, status)) = collect_child() {
            // Others are the userdata runner and programs of dropped streams: only collected.
            self.session.child_ended(pid, status);
        }
    }

    fn receive(&mut self) {
        for _ in 0..READS_PER_TURN {
            let Some(stream) = self.transport.stream() else {
                return;
            };
            let awaited = self.decoder.awaited();
            match rustix::io::read(stream, self.inbox.space(awaited)) {
                Ok(0) => return self.host_left(),
                Ok(count) => self.inbox.filled(count),
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => return,
                Err(_) => return self.host_left(),
            }
            if self.inbox.unread().len() < awaited {
                continue;
            }
            self.decode();
            if self.session.outbox.is_crowded() {
                return;
            }
        }
    }

    fn decode(&mut self) {
        loop {
            let (used, frame) = self.decoder.decode(self.inbox.unread());
            let over = frame.is_none();
            if let Some(frame) = frame {
                self.session.receive(frame, &mut self.decoder);
            }
            self.inbox.consume(used);
            if over {
                return;
            }
        }
    }

    fn flush(&mut self) {
        let Some(stream) = self.transport.stream() else {
            return;
        };
        if self.session.outbox.write_to(stream).is_err() {
            self.host_left();
        }
    }

    fn host_left(&mut self) {
        self.transport.leave();
        self.start_over();
    }

    /// Forgets the earlier host and everything it asked for.
    fn start_over(&mut self) {
        self.session.drop_all();
        self.inbox.clear();
        self.decoder = Decoder::new();
    }
}

//! One connection with the host: hello, the table of streams, and what each frame does.
//!
//! It owns the outbox and every stream. It waits for nothing: the agent's loop asks it what to wait
//! for and tells it what happened.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::answers::{open, Opened};
use crate::background::Backgrounds;
use crate::credit::{
    Receiving, Sending, COPY_EXTRA_BYTES, MAX_WIDE_COPIES, MAX_WINDOW_BYTES, MIN_WINDOW_BYTES,
    OWN_WINDOW_BYTES,
};
use crate::frame::{Decoder, Frame, FrameType};
use crate::outbox::Outbox;
use crate::refusal::{Code, Refusal, RefusalJson};
use crate::registry::Registry;
use crate::request::{parse, parse_request, Control, Hello, Request};
use crate::sessions::{kill_session, Condemned};
use crate::stream::{Fate, Source, Stream, Work};
use crate::sys::poll::{PollSet, Readiness};
use crate::welcome::Welcome;

const MAX_STREAMS: usize = 64;
const NONCE_BYTES: usize = 16;
/// what may wait for the file systems: a window of each stream, in bytes
const MAX_HELD_BYTES: usize =
    MAX_STREAMS * OWN_WINDOW_BYTES as usize + MAX_WIDE_COPIES * COPY_EXTRA_BYTES as usize;
/// what a frame that waits costs beside its payload, in bytes
const HELD_FRAME_BYTES: usize = 64;

/// What the peer's last valid HELLO settled.
struct Greeting {
    window: u32,
    last_opened: u32,
}

pub struct Session {
    pub outbox: Outbox,
    greeting: Option<Greeting>,
    streams: BTreeMap<u32, Stream>,
    condemned: Condemned,
    registry: Registry,
    backgrounds: Backgrounds,
    held: Held,
    /// whether this is certainly a VM
    in_guest: bool,
}

/// Frames whose work would write to file systems that hold still, in the order in which they came.
#[derive(Default)]
struct Held {
    frames: Vec<(FrameType, u32, Vec<u8>)>,
    bytes: usize,
}

impl Session {
    pub fn new(registry: Registry, in_guest: bool) -> Self {
        Self {
            outbox: Outbox::new(),
            greeting: None,
            streams: BTreeMap::new(),
            condemned: Condemned::default(),
            registry,
            backgrounds: Backgrounds::default(),
            held: Held::default(),
            in_guest,
        }
    }

    /// Acts on one frame; a breach of the protocol breaks the stream in `decoder`.
    pub fn receive(&mut self, frame: Frame<'_>, decoder: &mut Decoder) {
        if frame.kind == FrameType::Hello {
            self.hello(frame.payload);
            return;
        }
        if self.greeting.is_none() {
            self.announce();
            return;
        }
        if self.must_wait(&frame) {
            self.hold(frame, decoder);
            return;
        }
        match frame.kind {
            FrameType::Open => self.open(frame.stream, frame.payload),
            FrameType::Ping if frame.payload.len() == 8 => {
                self.outbox.push(FrameType::Pong, 0, frame.payload);
            }
            FrameType::Cancel => self.cancel(frame.stream),
            _ => self.for_stream(frame, decoder),
        }
    }

    /// Tells a host that may think otherwise that there is no session. One at a time is enough.
    pub fn announce(&mut self) {
        if self.outbox.is_empty() {
            self.outbox.push(FrameType::Awake, 0, &[]);
        }
    }

    /// Ends everything of this connection but programs in the background. Nothing more is sent for it.
    pub fn drop_all(&mut self) {
        // First of all: ending a copy removes its file, which must not wait for ourselves.
        let still = self.streams.iter().find(|(_, stream)| is_stillness(stream));
        if let Some(id) = still.map(|(id, _)| *id) {
            self.discard(id);
        }
        self.held = Held::default();
        let ids: Vec<u32> = self.streams.keys().copied().collect();
        for id in ids {
            self.discard(id);
        }
        self.outbox.clear();
        self.greeting = None;
    }

    /// Kills also what was only hung up, and the programs in the background; for the agent's own end.
    pub fn drop_for_good(&mut self) {
        self.drop_all();
        self.condemned.carry_out_all();
        self.backgrounds.kill_all();
    }

    pub fn interests<T: Copy>(&self, set: &mut PollSet<T>, token: impl Fn(u32, Source) -> T) {
        for (id, stream) in &self.streams {
            stream.interests(&self.outbox, set, |source| token(*id, source));
        }
        self.backgrounds.interests(set, token);
    }

    pub fn ready(&mut self, id: u32, source: Source, readiness: Readiness) {
        if let Source::Kept(output) = source {
            self.backgrounds.ready(id, output, readiness);
            return;
        }
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.ready(source, readiness, &mut self.outbox);
        }
    }

    /// A child of ours ended.
    pub fn child_ended(&mut self, pid: i32, status: i32) {
        self.backgrounds.child_ended(pid, status);
        let execs = self.streams.values_mut().filter_map(|s| match &mut s.work {
            Work::Exec(exec) => Some(exec),
            _ => None,
        });
        if let Some(exec) = execs.into_iter().find(|exec| exec.pid == pid) {
            exec.ended(status);
        }
    }

    /// Gives everything its turn and closes what is over.
    pub fn advance(&mut self, now: Instant) {
        self.condemned.carry_out(now);
        self.backgrounds.advance(now, &mut self.registry);
        let mut closed = Vec::new();
        let is_still = self.is_still();
        for (id, stream) in &mut self.streams {
            if is_still && stream.writes() {
                continue;
            }
            let fate = match stream.pump(now, &mut self.outbox) {
                Fate::Open => stream.settle(now, &mut self.outbox),
                Fate::Closed => Fate::Closed,
            };
            if fate == Fate::Closed {
                closed.push(*id);
            }
        }
        for id in closed {
            self.forget(id);
        }
    }

    /// The next moment at which `advance` has something to do, if it need not be now.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let is_still = self.is_still();
        let may_run = |s: &Stream| s.is_runnable(&self.outbox) && !(is_still && s.writes());
        let runnable = self.streams.values().any(may_run);
        let timers = self.streams.values().filter_map(Stream::deadline);
        timers
            .chain(self.condemned.deadline())
            .chain(self.backgrounds.deadline())
            .chain(runnable.then_some(now))
            .min()
    }

    fn hello(&mut self, payload: &[u8]) {
        if payload.len() < NONCE_BYTES {
            return;
        }
        let (nonce, json) = payload.split_at(NONCE_BYTES);
        let Ok(hello) = parse::<Hello>(json) else {
            return;
        };
        self.drop_all();
        self.greeting = Some(Greeting {
            window: hello.window.clamp(MIN_WINDOW_BYTES, MAX_WINDOW_BYTES),
            last_opened: 0,
        });
        let mut answer = nonce.to_vec();
        answer.extend(Welcome::new(OWN_WINDOW_BYTES).to_json());
        self.outbox.push(FrameType::Welcome, 0, &answer);
    }

    fn open(&mut self, id: u32, payload: &[u8]) {
        let Some(greeting) = &mut self.greeting else {
            return;
        };
        if id <= greeting.last_opened {
            return;
        }
        greeting.last_opened = id;
        if self.streams.len() + self.held.opens() >= MAX_STREAMS {
            let message = format!("{MAX_STREAMS} streams are open already");
            self.refuse(id, &Refusal::new(Code::Busy, message));
            return;
        }
        match parse_request(payload) {
            Ok(request) if request.writes() && self.is_still() => {
                self.held.add(FrameType::Open, id, payload);
            }
            Ok(Request::Quiesce | Request::Reidentify(_)) if !self.in_guest => {
                let message =
                    "this agent serves a socket: it may be on a host, and leaves it alone";
                self.refuse(id, &Refusal::new(Code::Unsupported, message));
            }
            Ok(Request::Quiesce) if self.is_still() => {
                let message = "the guest holds still already";
                self.refuse(id, &Refusal::new(Code::Busy, message));
            }
            Ok(request) => self.begin(id, request),
            Err(refusal) => self.refuse(id, &refusal),
        }
    }

    fn begin(&mut self, id: u32, request: Request) {
        let window = self.greeting.as_ref().map_or(0, |greeting| greeting.window);
        let programs = (&mut self.registry, &mut self.backgrounds);
        match open(request, id, &mut self.outbox, programs) {
            Ok(Opened::Answered) => {}
            Ok(Opened::Working(work)) => {
                let mut stream = Stream {
                    id,
                    receiving: Receiving::new(OWN_WINDOW_BYTES),
                    sending: Sending::new(window),
                    work,
                };
                let streams = self.streams.values();
                if streams.filter(|s| s.receiving.is_wide()).count() < MAX_WIDE_COPIES {
                    stream.widen(&mut self.outbox);
                }
                self.streams.insert(id, stream);
            }
            Err(refusal) => self.refuse(id, &refusal),
        }
    }

    fn cancel(&mut self, id: u32) {
        if self.streams.contains_key(&id) {
            self.discard(id);
            self.refuse(id, &Refusal::new(Code::Cancelled, "the host cancelled it"));
        }
    }

    /// Frames that only mean something to an open stream; others crossed a CLOSE.
    fn for_stream(&mut self, frame: Frame<'_>, decoder: &mut Decoder) {
        let Some(stream) = self.streams.get_mut(&frame.stream) else {
            return;
        };
        let fate = match frame.kind {
            FrameType::Data => {
                if !stream.receiving.arrive(frame.payload.len()) {
                    decoder.break_stream();
                    return;
                }
                stream.data(frame.payload, &mut self.outbox)
            }
            FrameType::End => stream.end(&mut self.outbox),
            FrameType::Credit => {
                if let Ok(bytes) = frame.payload.try_into() {
                    stream.sending.grant(u32::from_le_bytes(bytes));
                }
                Fate::Open
            }
            FrameType::Control => {
                if let Ok(control) = parse::<Control>(frame.payload) {
                    stream.control(&control);
                }
                Fate::Open
            }
            _ => Fate::Open,
        };
        if fate == Fate::Closed {
            self.forget(frame.stream);
        }
    }

    fn is_still(&self) -> bool {
        self.streams.values().any(is_stillness)
    }

    /// Whether it belongs to work that waits until the file systems can be written again.
    fn must_wait(&self, frame: &Frame<'_>) -> bool {
        if frame.stream == 0 || frame.kind == FrameType::Open || !self.is_still() {
            return false;
        }
        let stream = self.streams.get(&frame.stream);
        stream.is_some_and(Stream::writes) || self.held.concerns(frame.stream)
    }

    fn hold(&mut self, frame: Frame<'_>, decoder: &mut Decoder) {
        self.held.add(frame.kind, frame.stream, frame.payload);
        if self.held.bytes > MAX_HELD_BYTES {
            decoder.break_stream();
        }
    }

    /// Takes up what waited for the file systems, once they can be written again.
    pub fn catch_up(&mut self, decoder: &mut Decoder) {
        if self.held.frames.is_empty() || self.is_still() {
            return;
        }
        for (kind, stream, payload) in std::mem::take(&mut self.held).frames {
            let payload = &payload[..];
            if kind != FrameType::Open {
                self.receive(
                    Frame {
                        kind,
                        stream,
                        payload,
                    },
                    decoder,
                );
            } else if let Ok(request) = parse_request(payload) {
                self.begin(stream, request); // it could be read when it came
            }
        }
    }

    /// Removes a stream whose work is over.
    fn forget(&mut self, id: u32) {
        if let Some(Work::Exec(exec)) = self.streams.remove(&id).map(|s| s.work) {
            self.registry.remove(exec.pid);
        }
    }

    /// Removes a stream whose work is to stop now. Dropping a copy removes its temporary file.
    fn discard(&mut self, id: u32) {
        let Some(Work::Exec(exec)) = self.streams.remove(&id).map(|s| s.work) else {
            return;
        };
        let (pid, is_terminal) = (exec.pid, exec.is_terminal);
        drop(exec);
        if is_terminal {
            self.condemned.hang_up(pid);
        } else {
            kill_session(pid);
        }
        self.registry.remove(pid);
    }

    fn refuse(&mut self, id: u32, refusal: &Refusal) {
        let json = RefusalJson::new(refusal, None);
        self.outbox.push_json(FrameType::Close, id, &json);
    }
}

impl Held {
    fn add(&mut self, kind: FrameType, stream: u32, payload: &[u8]) {
        self.bytes += payload.len() + HELD_FRAME_BYTES;
        self.frames.push((kind, stream, payload.to_vec()));
    }

    fn opens(&self) -> usize {
        let opens = self
            .frames
            .iter()
            .filter(|(kind, _, _)| *kind == FrameType::Open);
        opens.count()
    }

    fn concerns(&self, id: u32) -> bool {
        self.frames.iter().any(|(_, stream, _)| *stream == id)
    }
}

fn is_stillness(stream: &Stream) -> bool {
    matches!(stream.work, Work::Stillness(_))
}

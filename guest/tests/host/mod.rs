//! The host's end of the protocol, as small as the tests need it, and an agent on a Unix socket.

// Each test file uses a part of it.
#![allow(dead_code)]

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use alcove_agent::frame::{header, Decoder, FrameType, Inbox};
use serde_json::{json, Value};

pub const WINDOW: u32 = 256 * 1024;
const DEADLINE: Duration = Duration::from_secs(20);
static COUNTER: AtomicU32 = AtomicU32::new(0);

/// A folder that goes with the test.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("alcove-test-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn at(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub struct Agent {
    child: Child,
    socket: PathBuf,
    pub folder: Folder,
}

impl Agent {
    pub fn start() -> Self {
        let folder = Folder::new();
        let socket = folder.path().join("agent.sock");
        let child = Command::new(env!("CARGO_BIN_EXE_alcove-agent"))
            .args(["serve", "--socket"])
            .arg(&socket)
            .spawn()
            .unwrap();
        wait_until("the socket", || UnixStream::connect(&socket).is_ok());
        Self {
            child,
            socket,
            folder,
        }
    }

    /// A greeted host with the given window.
    pub fn host_with(&self, window: u32) -> Host {
        let mut host = Host::connect(&self.socket);
        host.hello(window);
        host
    }

    pub fn host(&self) -> Host {
        self.host_with(WINDOW)
    }

    pub fn raw(&self) -> Host {
        Host::connect(&self.socket)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Peak resident memory, in KiB.
    pub fn peak_kib(&self) -> u64 {
        self.memory_kib("VmHWM:")
    }

    pub fn resident_kib(&self) -> u64 {
        self.memory_kib("VmRSS:")
    }

    fn memory_kib(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Debug, Clone)]
pub struct Received {
    pub kind: FrameType,
    pub stream: u32,
    pub payload: Vec<u8>,
}

impl Received {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.payload).unwrap()
    }
}

/// What a stream brought until its CLOSE.
#[derive(Debug)]
pub struct Outcome {
    pub result: Value,
    pub events: Vec<Value>,
    pub data: Vec<u8>,
    pub errors: Vec<u8>,
    pub ends: usize,
}

impl Outcome {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.data).into_owned()
    }

    pub fn code(&self) -> &str {
        self.result["code"].as_str().unwrap_or("")
    }
}

pub struct Host {
    pub stream: UnixStream,
    inbox: Inbox,
    decoder: Decoder,
    early: VecDeque<Received>,
    next: u32,
    /// credit that the agent granted, per the stream in use
    pub credit: usize,
}

impl Host {
    fn connect(socket: &Path) -> Self {
        let stream = UnixStream::connect(socket).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        Self {
            stream,
            inbox: Inbox::new(),
            decoder: Decoder::new(),
            early: VecDeque::new(),
            next: 1,
            credit: WINDOW as usize,
        }
    }

    pub fn hello_frame(window: u32, nonce: &[u8; 16]) -> Vec<u8> {
        let json = json!({"protocol": 1, "window": window, "timeNs": "0"}).to_string();
        let payload = [&nonce[..], json.as_bytes()].concat();
        frame(FrameType::Hello, 0, &payload)
    }

    pub fn hello(&mut self, window: u32) -> Value {
        let nonce = *b"0123456789abcdef";
        self.raw_send(&Self::hello_frame(window, &nonce));
        let welcome = self.receive();
        assert_eq!(welcome.kind, FrameType::Welcome);
        assert_eq!(welcome.payload[..16], nonce);
        self.next = 1;
        serde_json::from_slice(&welcome.payload[16..]).unwrap()
    }

    pub fn raw_send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    pub fn send(&mut self, kind: FrameType, stream: u32, payload: &[u8]) {
        self.raw_send(&frame(kind, stream, payload));
    }

    pub fn open(&mut self, request: &Value) -> u32 {
        let id = self.next;
        self.next += 1;
        self.credit = WINDOW as usize;
        self.send(FrameType::Open, id, request.to_string().as_bytes());
        id
    }

    /// The next frame; fails the test when none comes in time.
    pub fn receive(&mut self) -> Received {
        self.try_receive().expect("the agent sent nothing in time")
    }

    pub fn try_receive(&mut self) -> Option<Received> {
        if let Some(frame) = self.early.pop_front() {
            return Some(frame);
        }
        loop {
            let (used, frame) = self.decoder.decode(self.inbox.unread());
            let frame = frame.map(|frame| Received {
                kind: frame.kind,
                stream: frame.stream,
                payload: frame.payload.to_vec(),
            });
            self.inbox.consume(used);
            assert!(!self.decoder.is_broken(), "the agent sent a broken stream");
            if frame.is_some() {
                return frame;
            }
            match self.stream.read(self.inbox.space(self.decoder.awaited())) {
                Ok(0) => panic!("the agent closed the connection"),
                Ok(count) => self.inbox.filled(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Whether nothing comes for a while.
    pub fn is_silent_for(&mut self, time: Duration) -> bool {
        self.stream.set_read_timeout(Some(time)).unwrap();
        let frame = self.try_receive();
        self.stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let silent = frame.is_none();
        self.early.extend(frame);
        silent
    }

    /// The next frame of `stream` with this kind; others of this stream are put aside.
    pub fn wait_for(&mut self, stream: u32, kind: FrameType) -> Received {
        loop {
            let frame = self.receive();
            if frame.stream == stream && frame.kind == kind {
                return frame;
            }
            assert_ne!(frame.kind, FrameType::Close, "closed: {:?}", frame.json());
        }
    }

    /// Sends data within the credit, then END; frames that arrive meanwhile are kept for `finish`.
    pub fn feed(&mut self, id: u32, mut data: &[u8]) {
        let mut kept = VecDeque::new();
        while !data.is_empty() {
            if self.credit == 0 {
                let frame = self.receive();
                match frame.kind {
                    FrameType::Credit => self.credit += le32(&frame.payload) as usize,
                    FrameType::Data => {
                        let count = frame.payload.len() as u32;
                        self.send(FrameType::Credit, id, &count.to_le_bytes());
                        kept.push_back(frame);
                    }
                    FrameType::Close => {
                        kept.push_back(frame);
                        break;
                    }
                    _ => kept.push_back(frame),
                }
                continue;
            }
            let (now, later) = data.split_at(data.len().min(self.credit).min(65_536));
            self.send(FrameType::Data, id, now);
            self.credit -= now.len();
            data = later;
        }
        self.send(FrameType::End, id, &[]);
        self.early = kept;
    }

    /// Reads `id` to its CLOSE, granting credit for what arrives now.
    pub fn finish(&mut self, id: u32) -> Outcome {
        let mut outcome = Outcome {
            result: Value::Null,
            events: Vec::new(),
            data: Vec::new(),
            errors: Vec::new(),
            ends: 0,
        };
        let granted_before = self.early.len();
        for index in 0.. {
            let frame = self.receive();
            assert_eq!(frame.stream, id, "a frame of another stream: {frame:?}");
            match frame.kind {
                FrameType::Event => outcome.events.push(frame.json()),
                FrameType::Data | FrameType::DataErr => {
                    if index >= granted_before && !frame.payload.is_empty() {
                        let count = frame.payload.len() as u32;
                        self.send(FrameType::Credit, id, &count.to_le_bytes());
                    }
                    let is_data = frame.kind == FrameType::Data;
                    let target = if is_data {
                        &mut outcome.data
                    } else {
                        &mut outcome.errors
                    };
                    target.extend(&frame.payload);
                }
                FrameType::Credit => self.credit += le32(&frame.payload) as usize,
                FrameType::End => outcome.ends += 1,
                FrameType::Close => {
                    outcome.result = frame.json();
                    return outcome;
                }
                other => panic!("unexpected {other:?}"),
            }
        }
        unreachable!()
    }

    /// Opens and reads to the end.
    pub fn run(&mut self, request: &Value) -> Outcome {
        let id = self.open(request);
        self.finish(id)
    }

    /// Opens, feeds `input`, and reads to the end.
    pub fn run_with(&mut self, request: &Value, input: &[u8]) -> Outcome {
        let id = self.open(request);
        self.feed(id, input);
        self.finish(id)
    }
}

pub fn frame(kind: FrameType, stream: u32, payload: &[u8]) -> Vec<u8> {
    [&header(kind, stream, payload.len())[..], payload].concat()
}

pub fn le32(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes.try_into().unwrap())
}

pub fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < DEADLINE, "{what} did not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process of this id runs (a zombie does not).
pub fn runs(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or("").starts_with(" Z"))
}

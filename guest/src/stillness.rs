//! A guest that holds still for its host: the stream of `quiesce`, and the process that does it.
//!
//! What that process says is passed on as it comes: first that all is frozen, then, if it had to let
//! go by itself, why.

use std::ffi::CString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::pipe::{pipe_with, PipeFlags};

use crate::frame::{FrameType, MAX_PAYLOAD_BYTES};
use crate::literal::literal;
use crate::outbox::Outbox;
use crate::refusal::{About, Answer, Code, Refusal};
use crate::stream::Fate;
use crate::sys::poll::PollSet;
use crate::sys::spawn::{spawn, Program};

/// how long the file systems may take to go on before the agent goes on without them
const THAW_PATIENCE: Duration = Duration::from_secs(5);

pub struct Stillness {
    /// its end lets the guest go on
    input: Option<OwnedFd>,
    output: OwnedFd,
    heard: Vec<u8>,
    ended: bool,
}

impl Stillness {
    pub fn begin() -> Answer<Self> {
        let (theirs, input) = pipe_with(PipeFlags::CLOEXEC).about("a pipe")?;
        let (output, said) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).about("a pipe")?;
        let null = std::fs::File::options().write(true).open("/dev/null");
        let null = null.about("/dev/null")?;
        let program = Program {
            candidates: &[literal(b"/proc/self/exe\0").to_owned()],
            argv: &[
                literal(b"alcove-agent\0").to_owned(),
                literal(b"hold-still\0").to_owned(),
            ],
            env: &[] as &[CString],
            cwd: literal(b"/\0"),
            identity: None,
            stdio: [theirs.as_fd(), said.as_fd(), null.as_fd()],
            terminal: false,
        };
        spawn(&program)
            .map_err(|error| Errno::from_raw_os_error(error.errno))
            .about("what holds the file systems still")?;
        Ok(Self {
            input: Some(input),
            output,
            heard: Vec::new(),
            ended: false,
        })
    }

    pub fn output(&self) -> BorrowedFd<'_> {
        self.output.as_fd()
    }

    /// Takes in what was said, no more of it than fits a frame.
    pub fn hear(&mut self) {
        let mut space = [0; 1024];
        while !self.ended && self.heard.len() < MAX_PAYLOAD_BYTES {
            match rustix::io::read(&self.output, &mut space) {
                Ok(count) if count > 0 => self.heard.extend_from_slice(&space[..count]),
                Err(Errno::AGAIN) => return,
                Err(Errno::INTR) => {}
                _ => self.ended = true,
            }
        }
    }

    /// Passes on what was heard in whole lines, on stream `id`.
    pub fn tell(&mut self, id: u32, outbox: &mut Outbox) -> Answer<Fate> {
        while let Some(end) = self.heard.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.heard.drain(..=end).collect();
            let line = &line[..end];
            if !line.starts_with(br#"{"frozen""#) {
                outbox.push(FrameType::Close, id, line);
                return Ok(Fate::Closed);
            }
            outbox.push(FrameType::Event, id, line);
        }
        if self.ended {
            let message = "what held the file systems still was killed";
            return Err(Refusal::new(Code::Io, message));
        }
        Ok(Fate::Open)
    }
}

/// Returns when the file systems go on.
impl Drop for Stillness {
    fn drop(&mut self) {
        self.input = None;
        let end = Instant::now() + THAW_PATIENCE;
        while !self.ended && Instant::now() < end {
            let mut set = PollSet::new();
            set.readable(self.output.as_fd(), ());
            // Interrupted or not: the loop looks again.
            let _ = set.wait(Some(end.saturating_duration_since(Instant::now())));
            self.heard.clear();
            self.hear();
        }
    }
}

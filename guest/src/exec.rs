//! One running program and its pipes or terminal.
//!
//! It moves bytes and knows when the program is over. It knows neither frames nor credit: the
//! session says how much it may read and books what it consumed.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::io::Errno;

use crate::accounts::Accounts;
use crate::command::{plan, start_refusal, Command};
use crate::refusal::{Answer, Refusal};
use crate::request::{ExecRequest, Size};
use crate::sys::spawn::{spawn, Program};
use crate::sys::{signals, terminal};
use crate::wiring::{own_terminal, wire, Input};

/// how long output may stay silent after the program ended, while somebody else holds its pipes
const DRAIN: Duration = Duration::from_millis(200);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    Stdout,
    Stderr,
}

pub struct Exec {
    pub pid: i32,
    pub is_terminal: bool,
    input: Input,
    /// bytes for the program that its pipe did not take yet; at most one window
    queue: VecDeque<u8>,
    input_ended: bool,
    stdout: Option<OwnedFd>,
    stderr: Option<OwnedFd>,
    /// raw wait status, once collected
    status: Option<i32>,
    silent_until: Option<Instant>,
}

impl Exec {
    pub fn start(request: &ExecRequest, accounts: &Accounts) -> Answer<Self> {
        Self::run(&plan(request, accounts)?, request)
    }

    /// Starts what was planned for `request`.
    pub fn run(command: &Command, request: &ExecRequest) -> Answer<Self> {
        let wiring = wire(request).map_err(|error| Refusal::io("making pipes", error))?;
        if request.pty.is_some() {
            own_terminal(&wiring.child[0], command.identity.uid);
        }
        let identity = &command.identity;
        let [stdin, stdout, stderr] = &wiring.child;
        let pid = spawn(&Program {
            candidates: &command.candidates,
            argv: &command.argv,
            env: &command.env,
            cwd: &command.cwd,
            identity: needs_identity(identity.uid, identity.gid).then_some((
                identity.uid,
                identity.gid,
                &identity.groups,
            )),
            stdio: [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()],
            terminal: request.pty.is_some(),
        })
        .map_err(|error| start_refusal(command, error))?;
        Ok(Self {
            pid,
            is_terminal: request.pty.is_some(),
            input: wiring.input,
            queue: VecDeque::new(),
            input_ended: false,
            stdout: wiring.stdout,
            stderr: wiring.stderr,
            status: None,
            silent_until: None,
        })
    }

    pub fn output(&self, which: Output) -> Option<BorrowedFd<'_>> {
        match which {
            Output::Stdout => self.stdout.as_ref().map(AsFd::as_fd),
            Output::Stderr => self.stderr.as_ref().map(AsFd::as_fd),
        }
    }

    /// The descriptor that input goes to.
    pub fn input(&self) -> Option<BorrowedFd<'_>> {
        match &self.input {
            Input::Pipe(fd) => Some(fd.as_fd()),
            Input::Terminal => self.output(Output::Stdout),
            Input::Gone => None,
        }
    }

    /// How many bytes wait for the program.
    pub fn queued_input(&self) -> usize {
        self.queue.len()
    }

    /// Reads output into `space`; 0 bytes when there is none now or that output is over.
    pub fn read(
        &mut self,
        which: Output,
        space: &mut [u8],
    ) -> Result<usize, std::convert::Infallible> {
        let Some(fd) = self.output(which) else {
            return Ok(0);
        };
        match rustix::io::read(fd, space) {
            Ok(count) if count > 0 => {
                self.restart_silence();
                return Ok(count);
            }
            Err(Errno::AGAIN | Errno::INTR) => return Ok(0),
            // End of file; or, on a terminal, EIO: nobody has it open any more.
            Ok(_) | Err(_) => {}
        }
        match which {
            Output::Stdout => self.stdout = None,
            Output::Stderr => self.stderr = None,
        }
        Ok(0)
    }

    /// Takes bytes for the program; returns how many are consumed already.
    pub fn write(&mut self, bytes: &[u8]) -> usize {
        let mut direct = 0;
        if self.queue.is_empty() {
            direct = self.try_write(bytes);
        }
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
        if self.queue.is_empty() {
            self.queue = VecDeque::new();
            self.close_ended_input();
        }
        total
    }

    /// The host has no more input. A terminal has no end of input but what is typed.
    pub fn end_input(&mut self) {
        self.input_ended = true;
        self.close_ended_input();
    }

    /// The reader of a pipe went away: what waits for it is dropped and counts as consumed.
    pub fn drop_input(&mut self) -> usize {
        self.input = Input::Gone;
        std::mem::take(&mut self.queue).len()
    }

    pub fn resize(&self, size: Size) {
        if let (true, Some(master)) = (self.is_terminal, self.output(Output::Stdout)) {
            // A terminal that is closing has no size to set; nobody is left to see it.
            let _ = terminal::resize(master, size.cols, size.rows);
        }
    }

    /// Signals the program's group, on a terminal the group in its foreground.
    pub fn signal(&self, signal: i32) {
        let foreground = match self.output(Output::Stdout) {
            Some(master) if self.is_terminal => terminal::foreground(master),
            _ => None,
        };
        // The group may be gone already; then there is nothing to signal.
        let _ = signals::send(-foreground.unwrap_or(self.pid), signal);
    }

    pub fn ended(&mut self, status: i32) {
        self.status = Some(status);
        self.restart_silence();
    }

    pub fn restart_silence(&mut self) {
        if self.status.is_some() {
            self.silent_until = Some(Instant::now() + DRAIN);
        }
    }

    /// When a program that ended counts as silent.
    pub fn deadline(&self) -> Option<Instant> {
        self.silent_until
    }

    /// The wait status, once the program ended.
    pub fn status(&self) -> Option<i32> {
        self.status
    }

    /// The wait status, once the program ended and its output is over or has been silent.
    pub fn finished(&self, now: Instant) -> Option<i32> {
        let closed = self.stdout.is_none() && self.stderr.is_none();
        let silent = self.silent_until.is_some_and(|until| until <= now);
        self.status.filter(|_| closed || silent)
    }

    fn try_write(&mut self, bytes: &[u8]) -> usize {
        let Some(fd) = self.input() else {
            return bytes.len();
        };
        match rustix::io::write(fd, bytes) {
            Ok(count) => count,
            Err(Errno::AGAIN | Errno::INTR) => 0,
            Err(_) => {
                self.input = Input::Gone;
                bytes.len()
            }
        }
    }

    fn close_ended_input(&mut self) {
        if self.input_ended && self.queue.is_empty() && matches!(self.input, Input::Pipe(_)) {
            self.input = Input::Gone;
        }
    }
}

/// Exit code and signal name of a raw wait status: 128 + number for a signal.
pub fn exit_of(status: i32) -> (i32, Option<String>) {
    if libc::WIFSIGNALED(status) {
        let signal = libc::WTERMSIG(status);
        return (128 + signal, Some(signals::name(signal)));
    }
    (libc::WEXITSTATUS(status), None)
}

/// Ids need not be set where they are ours and we could not change them anyway.
fn needs_identity(uid: u32, gid: u32) -> bool {
    let own = rustix::process::geteuid();
    own.is_root() || own.as_raw() != uid || rustix::process::getegid().as_raw() != gid
}

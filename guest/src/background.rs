//! Programs that go on without anybody: neither a host that leaves nor a new session ends them.
//!
//! What they write goes into a ring each. A program is kept until it is reaped, running or not.

use std::cell::RefCell;
use std::fs::File;
use std::io::Read;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustix::system::sysinfo;
use serde::Serialize;

use crate::accounts::Accounts;
use crate::command::plan;
use crate::exec::{exit_of, Exec, Output};
use crate::refusal::{Answer, Code, Refusal};
use crate::registry::Registry;
use crate::request::{BackgroundStart, ExecRequest, Size};
use crate::ring::{Kind, Ring, MAX_FRAME_BYTES};
use crate::sessions::kill_session;
use crate::stream::Source;
use crate::sys::clock::wall_ns;
use crate::sys::memory::give_back;
use crate::sys::poll::{PollSet, Readiness};

/// programs that are kept at a time, running or not
pub const MAX_PROGRAMS: usize = 256;
/// what all rings of an agent may hold together, in bytes: this, or a quarter of the guest's memory
const MAX_RINGS_BYTES: u64 = 256 * 1024 * 1024;
const DEFAULT_RING_BYTES: u64 = 1024 * 1024;
/// what the host keeps with a program, in bytes
const MAX_NOTE_BYTES: usize = 256;
/// what was typed and not read yet by the program, of all hosts together, in bytes: more is dropped
const MAX_TYPED_BYTES: usize = 1024 * 1024;
/// how long output is taken from others after the program itself ended
const LONGEST_DRAIN: Duration = Duration::from_secs(5);

pub type Shared = Rc<RefCell<Program>>;

/// A program and what it wrote.
pub struct Program {
    pub number: u32,
    pub pid: i32,
    pub ring: Ring,
    pub end: Option<End>,
    pub about: About,
    /// while it runs
    exec: Option<Exec>,
    kill_at: Option<Instant>,
    cut_at: Option<Instant>,
    /// what it may take of the budget, in bytes
    share: u64,
}

/// What was asked for, for those who list it.
pub struct About {
    pub id: String,
    pub command: String,
    pub args: Vec<String>,
    pub cwd: String,
    pub uid: u32,
    pub note: String,
    pub started_ns: u64,
    pub ring_bytes: u64,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct End {
    pub exit_code: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
}

#[derive(Serialize)]
struct Pid {
    pid: i32,
}

impl Program {
    /// Signals its group, and kills what is left of its session after `grace`, if any.
    pub fn signal(&mut self, number: i32, grace: Option<Duration>, now: Instant) {
        if let Some(exec) = &self.exec {
            exec.signal(number);
            if number == libc::SIGKILL {
                kill_session(self.pid);
            }
            let kill_at = grace.map(|grace| now + grace);
            self.kill_at = self.kill_at.into_iter().chain(kill_at).min();
        }
    }

    pub fn is_running(&self) -> bool {
        self.exec.is_some()
    }

    /// When its end was written down; 0 while it runs.
    pub fn ended_ns(&self) -> u64 {
        let last = self.ring.get(self.ring.next() - 1);
        last.filter(|_| self.end.is_some()).map_or(0, |f| f.at_ns)
    }

    /// Types into its terminal; returns how many bytes are consumed already. Without one they all are.
    pub fn type_in(&mut self, bytes: &[u8]) -> usize {
        match &mut self.exec {
            Some(exec) if exec.is_terminal && exec.queued_input() < MAX_TYPED_BYTES => {
                exec.write(bytes)
            }
            _ => bytes.len(),
        }
    }

    /// Whether it has not read yet all that was typed.
    pub fn is_typed_at(&self) -> bool {
        self.exec.as_ref().is_some_and(|e| e.queued_input() > 0)
    }

    pub fn resize(&self, size: Size) {
        if let Some(exec) = &self.exec {
            exec.resize(size);
        }
    }

    fn ready(&mut self, output: Output, readiness: Readiness, scratch: &mut [u8]) {
        if let (true, Some(exec)) = (readiness.writable, &mut self.exec) {
            exec.flush_input();
        }
        if readiness.readable || readiness.hung_up {
            self.take_output(output, scratch);
        }
    }

    fn take_output(&mut self, output: Output, scratch: &mut [u8]) {
        let Some(exec) = &mut self.exec else {
            return;
        };
        let space = &mut scratch[..self.ring.frame_bytes()];
        let Ok(count) = exec.read(output, space);
        if count > 0 {
            let kind = match output {
                Output::Stdout => Kind::Stdout,
                Output::Stderr => Kind::Stderr,
            };
            self.ring.push(kind, now_ns(), &space[..count]);
        }
    }

    /// True when it is over since now.
    fn advance(&mut self, now: Instant) -> bool {
        let Some(exec) = &self.exec else {
            return false;
        };
        if self.kill_at.is_some_and(|at| at <= now) {
            self.kill_at = None;
            kill_session(self.pid);
        }
        let cut = self.cut_at.is_some_and(|at| at <= now);
        let status = exec.finished(now).or(exec.status().filter(|_| cut));
        let Some(status) = status else {
            return false;
        };
        let (exit_code, signal) = exit_of(status);
        let end = End { exit_code, signal };
        self.exec = None;
        self.push_json(Kind::Exit, &end);
        self.end = Some(end);
        true
    }

    fn deadline(&self) -> Option<Instant> {
        let exec = self.exec.as_ref()?;
        let moments = [exec.deadline(), self.cut_at, self.kill_at];
        moments.into_iter().flatten().min()
    }

    fn push_json(&mut self, kind: Kind, value: &impl Serialize) {
        let json = serde_json::to_vec(value).unwrap_or_default();
        self.ring.push(kind, now_ns(), &json);
    }
}

#[derive(Default)]
pub struct Backgrounds {
    all: Vec<Shared>,
    last: u32,
    /// tells the ids of this agent from those of the ones before it
    life: Option<String>,
    scratch: Vec<u8>,
}

impl Backgrounds {
    /// `size`: length of the request, of which much is kept, in bytes.
    pub fn start(
        &mut self,
        request: &ExecRequest,
        wanted: BackgroundStart,
        size: usize,
        registry: &mut Registry,
    ) -> Answer<Shared> {
        let ring_bytes = wanted.ring_bytes.filter(|n| *n > 0);
        let ring_bytes = ring_bytes.unwrap_or(DEFAULT_RING_BYTES);
        let share = ring_bytes.saturating_add(size as u64);
        self.admit(share)?;
        if wanted.note.len() > MAX_NOTE_BYTES {
            return Err(Refusal::bad_request("the note is too long"));
        }
        let command = plan(request, &Accounts::load())?;
        let (label, args) = words(request);
        let life = self.life.get_or_insert_with(new_life).clone();
        let exec = Exec::run(&command, request)?;
        registry.add(exec.pid);
        self.last += 1;
        self.scratch.resize(MAX_FRAME_BYTES, 0);
        let mut program = Program {
            number: self.last,
            pid: exec.pid,
            ring: Ring::new(usize::try_from(ring_bytes).unwrap_or(usize::MAX)),
            end: None,
            about: About {
                id: format!("ex_{life}{:08x}", self.last),
                command: label,
                args,
                cwd: command.cwd.to_string_lossy().into_owned(),
                uid: command.identity.uid,
                note: wanted.note,
                started_ns: now_ns(),
                ring_bytes,
            },
            exec: Some(exec),
            kill_at: None,
            cut_at: None,
            share,
        };
        program.push_json(Kind::Started, &Pid { pid: program.pid });
        let program = Rc::new(RefCell::new(program));
        self.all.push(program.clone());
        Ok(program)
    }

    pub fn all(&self) -> &[Shared] {
        &self.all
    }

    /// The program with this id; ids of this agent that are not there any more are `gone`.
    pub fn find(&self, id: &str) -> Answer<Shared> {
        let number = self.number_in(id);
        if let Some(found) = self.with_number(number) {
            return Ok(found.clone());
        }
        if number > 0 && number <= self.last {
            let message = format!("{id}: was reaped");
            return Err(Refusal::new(Code::Gone, message));
        }
        let message = format!("{id:?}: there is no such program in the background");
        Err(Refusal::new(Code::NotFound, message))
    }

    /// Forgets a program that has ended.
    pub fn reap(&mut self, id: &str) -> Answer<()> {
        let program = self.find(id)?;
        if program.borrow().is_running() {
            let message = format!("{id}: still runs: kill it first");
            return Err(Refusal::new(Code::Running, message));
        }
        self.all.retain(|one| !Rc::ptr_eq(one, &program));
        drop(program);
        // A ring may be a good part of the guest's memory.
        give_back();
        Ok(())
    }

    pub fn child_ended(&mut self, pid: i32, status: i32) {
        for program in &self.all {
            let mut program = program.borrow_mut();
            if let Some(exec) = program.exec.as_mut().filter(|exec| exec.pid == pid) {
                exec.ended(status);
                program.cut_at = Some(Instant::now() + LONGEST_DRAIN);
            }
        }
    }

    pub fn interests<T: Copy>(&self, set: &mut PollSet<T>, token: impl Fn(u32, Source) -> T) {
        for program in &self.all {
            let program = program.borrow();
            let Some(exec) = &program.exec else {
                continue;
            };
            for output in [Output::Stdout, Output::Stderr] {
                if let Some(fd) = exec.output(output) {
                    let token = token(program.number, Source::Kept(output));
                    match exec.queued_input() {
                        0 => set.readable(fd, token),
                        _ => set.both(fd, token),
                    }
                }
            }
        }
    }

    pub fn ready(&mut self, number: u32, output: Output, readiness: Readiness) {
        let Self { all, scratch, .. } = self;
        if let Some(program) = all.iter().find(|one| one.borrow().number == number) {
            program.borrow_mut().ready(output, readiness, scratch);
        }
    }

    pub fn advance(&mut self, now: Instant, registry: &mut Registry) {
        for program in &self.all {
            let mut program = program.borrow_mut();
            if program.advance(now) {
                registry.remove(program.pid);
            }
        }
    }

    pub fn deadline(&self) -> Option<Instant> {
        let deadlines = self.all.iter().filter_map(|one| one.borrow().deadline());
        deadlines.min()
    }

    /// For the agent's own end.
    pub fn kill_all(&mut self) {
        for program in self.all.drain(..) {
            let program = program.borrow();
            if program.is_running() {
                kill_session(program.pid);
            }
        }
    }

    fn admit(&self, share: u64) -> Answer<()> {
        if self.all.len() >= MAX_PROGRAMS {
            let message = format!("{MAX_PROGRAMS} programs are kept already: reap some");
            return Err(Refusal::new(Code::Busy, message));
        }
        let held: u64 = self.all.iter().map(|one| one.borrow().share).sum();
        let budget = budget();
        if held.saturating_add(share) > budget {
            let message = format!(
                "the rings of this guest may hold {budget} bytes together, and {held} are taken"
            );
            return Err(Refusal::new(Code::Busy, message));
        }
        Ok(())
    }

    fn with_number(&self, number: u32) -> Option<&Shared> {
        self.all.iter().find(|one| one.borrow().number == number)
    }

    /// 0 for what is no id of this agent.
    fn number_in(&self, id: &str) -> u32 {
        let number = self.life.as_ref().and_then(|life| {
            let digits = id.strip_prefix("ex_")?.strip_prefix(life.as_str())?;
            let is_ours = digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_hexdigit());
            u32::from_str_radix(digits, 16).ok().filter(|_| is_ours)
        });
        number.unwrap_or(0)
    }
}

/// Twelve hexadecimal digits that an earlier agent of this guest did not have.
fn new_life() -> String {
    let mut bytes = now_ns().to_le_bytes();
    if let Ok(mut random) = File::open("/dev/urandom") {
        // Where there is none, the time serves as well.
        let _ = random.read(&mut bytes);
    }
    format!("{:012x}", u64::from_le_bytes(bytes) >> 16)
}

fn now_ns() -> u64 {
    u64::try_from(wall_ns()).unwrap_or(0)
}

/// Rings live in the memory that the guest's own programs need.
fn budget() -> u64 {
    let info = sysinfo();
    let total = info.totalram as u64 * u64::from(info.mem_unit);
    (total / 4).min(MAX_RINGS_BYTES)
}

/// The command and its arguments as they were asked for.
fn words(request: &ExecRequest) -> (String, Vec<String>) {
    if let Some([program, args @ ..]) = request.argv.as_deref() {
        return (program.clone(), args.to_vec());
    }
    let command = request.command.as_ref().or(request.auto.as_ref());
    (command.cloned().unwrap_or_default(), request.args.clone())
}

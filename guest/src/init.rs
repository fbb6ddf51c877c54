//! The minimal init: PID 1 of the small image.
//!
//! Mounts, brings the loopback up, keeps one agent running, collects orphans, and powers off or
//! reboots when it is asked to by signal. It starts no other program and parses nothing but the
//! command line.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::mount::{mount_remount, MountFlags};

use crate::cmdline;
use crate::command::DEFAULT_PATH;
use crate::console::{attach, say};
use crate::literal::literal;
use crate::mounts::{mount_kernel, mount_user, root_is_read_only};
use crate::shutdown::{shut_down, Ending};
use crate::sys::interface::Interfaces;
use crate::sys::poll::PollSet;
use crate::sys::signals::{collect_child, power_off_signal, reboot_signal, SignalInbox};
use crate::sys::spawn::{spawn, Program};

/// restarts that happen at once
const QUICK_RESTARTS: u32 = 3;
/// an agent that lived this long starts the count of restarts again
const STEADY: Duration = Duration::from_secs(60);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Runs the guest. Returns only when the kernel refuses to power off.
pub fn run() -> io::Result<()> {
    // Before anything else: a child that ends, or a request to power off, must not be missed.
    let signals = SignalInbox::open(&[
        libc::SIGCHLD,
        libc::SIGINT,
        libc::SIGTERM,
        libc::SIGPWR,
        power_off_signal(),
        reboot_signal(),
    ])?;
    prepare();
    let mut keeper = Keeper::new();
    let ending = loop {
        keeper.keep();
        let mut set = PollSet::new();
        set.readable(signals.fd(), ());
        set.wait(keeper.patience())?;
        if let Some(ending) = take_signals(&signals) {
            break ending;
        }
        while let Some((pid, status)) = collect_child() {
            keeper.ended(pid, status);
        }
    };
    shut_down(&signals, ending)
}

fn prepare() {
    mount_kernel();
    attach();
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    mount_user();
    let parameters = cmdline::parse(&std::fs::read_to_string("/proc/cmdline").unwrap_or_default());
    if parameters.read_write && root_is_read_only() {
        if let Err(error) = mount_remount("/", MountFlags::empty(), "") {
            say(format_args!("/ stays read-only: {error}"));
        }
    }
    if let Err(error) = Interfaces::open().and_then(|interfaces| interfaces.bring_up("lo")) {
        say(format_args!("lo: {error}"));
    }
    if let Ok(name) = std::fs::read_to_string("/etc/hostname") {
        if let Err(error) = rustix::system::sethostname(name.trim().as_bytes()) {
            say(format_args!("host name: {error}"));
        }
    }
    // Ctrl-Alt-Del becomes SIGINT, so that it ends in an orderly way too.
    let _ = rustix::system::reboot(rustix::system::RebootCommand::CadOff);
}

fn take_signals(signals: &SignalInbox) -> Option<Ending> {
    let mut ending = None;
    while let Some(signal) = signals.next() {
        if signal == reboot_signal() || signal == libc::SIGINT {
            ending = Some(Ending::Reboot);
        } else if signal == power_off_signal() || signal == libc::SIGPWR {
            ending = Some(Ending::PowerOff);
        }
    }
    ending
}

/// Keeps one agent running: restarts at once at first, later with a growing pause.
struct Keeper {
    agent: Option<i32>,
    started: Instant,
    restarts: u32,
    restart_at: Option<Instant>,
}

impl Keeper {
    fn new() -> Self {
        Self {
            agent: None,
            started: Instant::now(),
            restarts: 0,
            restart_at: None,
        }
    }

    /// Starts the agent if it does not run and its pause is over.
    fn keep(&mut self) {
        if self.agent.is_some() || self.restart_at.is_some_and(|at| at > Instant::now()) {
            return;
        }
        self.started = Instant::now();
        self.restart_at = None;
        match start_agent() {
            Ok(pid) => self.agent = Some(pid),
            Err(error) => {
                say(format_args!("the agent cannot be started: {error}"));
                self.postpone();
            }
        }
    }

    fn ended(&mut self, pid: i32, status: i32) {
        if self.agent != Some(pid) {
            return;
        }
        self.agent = None;
        let (code, signal) = crate::exec::exit_of(status);
        match signal {
            Some(name) => say(format_args!(
                "the agent was killed by {name}; starting it again"
            )),
            None => say(format_args!(
                "the agent ended with code {code}; starting it again"
            )),
        }
        if self.started.elapsed() > STEADY {
            self.restarts = 0;
        }
        self.postpone();
    }

    fn postpone(&mut self) {
        self.restarts = self.restarts.saturating_add(1);
        let Some(slow) = self.restarts.checked_sub(QUICK_RESTARTS + 1) else {
            return;
        };
        let pause = FIRST_PAUSE
            .saturating_mul(1 << slow.min(8))
            .min(LONGEST_PAUSE);
        self.restart_at = Some(Instant::now() + pause);
    }

    fn patience(&self) -> Option<Duration> {
        if self.agent.is_some() {
            return None;
        }
        let now = Instant::now();
        Some(
            self.restart_at
                .map_or(Duration::ZERO, |at| at.saturating_duration_since(now)),
        )
    }
}

fn start_agent() -> io::Result<i32> {
    let null = File::open("/dev/null")?;
    let path = CString::new(format!("PATH={DEFAULT_PATH}"))?;
    let stderr = std::io::stderr();
    let program = Program {
        // The file this process runs from: wherever the image keeps it.
        candidates: &[literal(b"/proc/self/exe\0").to_owned()],
        argv: &[
            literal(b"alcove-agent\0").to_owned(),
            literal(b"agent\0").to_owned(),
        ],
        env: &[path],
        cwd: literal(b"/\0"),
        identity: None,
        stdio: [null.as_fd(), stderr.as_fd(), stderr.as_fd()],
        terminal: false,
    };
    spawn(&program).map_err(|error| io::Error::from_raw_os_error(error.errno))
}

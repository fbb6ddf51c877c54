//! Signals as input: a blocked set read through a signalfd, so that no handler ever runs.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};

/// A blocked set of signals and the descriptor that reports them.
pub struct SignalInbox {
    fd: OwnedFd,
}

impl SignalInbox {
    /// Blocks `signals` for the whole process and opens their inbox. Call once, at the start.
    pub fn open(signals: &[i32]) -> io::Result<Self> {
        let mut set = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: sigemptyset initialises the set before the other calls read it, and the
        // descriptor returned by signalfd belongs to nobody else.
        let fd = unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            for signal in signals {
                libc::sigaddset(set.as_mut_ptr(), *signal);
            }
            libc::sigprocmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut());
            libc::signalfd(-1, set.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK)
        };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a fresh descriptor, checked above.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(Self { fd })
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// The next signal that arrived, if any.
    pub fn next(&self) -> Option<i32> {
        const SIZE: usize = std::mem::size_of::<libc::signalfd_siginfo>();
        let mut bytes = [0u8; SIZE];
        match rustix::io::read(&self.fd, &mut bytes) {
            Ok(SIZE) => {
                let number = [bytes[0], bytes[1], bytes[2], bytes[3]];
                Some(u32::from_ne_bytes(number) as i32)
            }
            _ => None,
        }
    }
}

/// Gives ignored signals their default back, so that programs do not inherit our parent's habits.
/// SIGPIPE stays ignored in the agent; `spawn` resets it in the child.
pub fn restore_defaults() {
    for signal in (1..32).filter(|s| ![libc::SIGKILL, libc::SIGSTOP, libc::SIGPIPE].contains(s)) {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: a zeroed sigaction is a valid one (SIG_DFL, empty mask); the pointers live
        // through the calls, and only dispositions that ignore are changed.
        unsafe {
            if libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) == 0
                && action.assume_init_ref().sa_sigaction == libc::SIG_IGN
            {
                libc::signal(signal, libc::SIG_DFL);
            }
        }
    }
}

/// Marks every descriptor that our parent left open, so that no program of ours gets it.
pub fn keep_descriptors() {
    // SAFETY: changes a flag of descriptors; no memory is involved. A kernel without the call
    // (before 5.11) leaves them as they are, which is how they came to us.
    unsafe {
        libc::syscall(
            libc::SYS_close_range,
            3u32,
            u32::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        );
    }
}

/// Sends `signal` to one process (`pid` > 0), a group (`pid` < -1) or, from init, all (-1).
pub fn send(pid: i32, signal: i32) -> io::Result<()> {
    // SAFETY: kill has no memory effects.
    match unsafe { libc::kill(pid, signal) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// PID 1's agreed numbers: what systemd and Alcove's init understand.
pub fn power_off_signal() -> i32 {
    libc::SIGRTMIN() + 4
}

pub fn reboot_signal() -> i32 {
    libc::SIGRTMIN() + 5
}

/// Collects one child that ended: its pid and raw wait status. `None`: no child has ended.
pub fn collect_child() -> Option<(i32, i32)> {
    let mut status = 0;
    // SAFETY: the pointer is to a local integer.
    let pid = unsafe { libc::waitpid(-1, &mut status, libc::WNOHANG) };
    (pid > 0).then_some((pid, status))
}

/// Whether this process has any child at all, ended or not.
pub fn has_children() -> bool {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: waitid writes into the local structure; WNOWAIT leaves every child waitable.
    unsafe { libc::waitid(libc::P_ALL, 0, info.as_mut_ptr(), flags) == 0 }
}

const NAMES: [&str; 32] = [
    "", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
    "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];

/// `TERM` for 15; `RT…` numbers as `SIG40`.
pub fn name(signal: i32) -> String {
    match usize::try_from(signal).ok().and_then(|n| NAMES.get(n)) {
        Some(name) if !name.is_empty() => (*name).to_owned(),
        _ => format!("SIG{signal}"),
    }
}

/// 15 for `TERM`; nothing for what is no name of a signal from 1 to 31.
pub fn number(name: &str) -> Option<i32> {
    let index = NAMES.iter().skip(1).position(|known| *known == name)?;
    i32::try_from(index + 1).ok()
}

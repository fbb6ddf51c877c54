//! `poll(2)` over a set that is rebuilt for every wait.
//!
//! The descriptors of interest are a function of the agent's state, so there is no registration to
//! keep in step with it, and a closed descriptor cannot linger. With at most 64 streams the set is
//! small enough for this to cost nothing.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

/// A set of descriptors, each with the caller's token.
pub struct PollSet<T> {
    descriptors: Vec<libc::pollfd>,
    tokens: Vec<T>,
}

/// What poll reported for one descriptor.
#[derive(Debug, Clone, Copy, Default)]
pub struct Readiness {
    pub readable: bool,
    pub writable: bool,
    /// the other end is gone, or the descriptor is in error
    pub hung_up: bool,
}

impl<T: Copy> Default for PollSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Copy> PollSet<T> {
    pub fn new() -> Self {
        Self {
            descriptors: Vec::with_capacity(16),
            tokens: Vec::with_capacity(16),
        }
    }

    pub fn clear(&mut self) {
        self.descriptors.clear();
        self.tokens.clear();
    }

    pub fn readable(&mut self, fd: BorrowedFd<'_>, token: T) {
        self.add(fd, libc::POLLIN, token);
    }

    pub fn writable(&mut self, fd: BorrowedFd<'_>, token: T) {
        self.add(fd, libc::POLLOUT, token);
    }

    pub fn both(&mut self, fd: BorrowedFd<'_>, token: T) {
        self.add(fd, libc::POLLIN | libc::POLLOUT, token);
    }

    /// Reports only that the other end is gone.
    pub fn hang_up(&mut self, fd: BorrowedFd<'_>, token: T) {
        self.add(fd, 0, token);
    }

    fn add(&mut self, fd: BorrowedFd<'_>, events: libc::c_short, token: T) {
        self.descriptors.push(libc::pollfd {
            fd: fd.as_raw_fd(),
            events,
            revents: 0,
        });
        self.tokens.push(token);
    }

    /// Waits until something is ready or `timeout` passed; `None` waits without a limit.
    pub fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let millis = timeout.map_or(-1, round_up_ms);
        let count = self.descriptors.len() as libc::nfds_t;
        // SAFETY: the pointer and the count describe the vector, which outlives the call.
        let result = unsafe { libc::poll(self.descriptors.as_mut_ptr(), count, millis) };
        if result >= 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        self.descriptors.iter_mut().for_each(|d| d.revents = 0);
        match error.kind() {
            io::ErrorKind::Interrupted => Ok(()),
            _ => Err(error),
        }
    }

    /// What the last wait found, in the order in which the descriptors were added.
    pub fn ready(&self, index: usize) -> Option<(T, Readiness)> {
        let descriptor = self.descriptors.get(index)?;
        let readiness = Readiness {
            readable: descriptor.revents & libc::POLLIN != 0,
            writable: descriptor.revents & libc::POLLOUT != 0,
            hung_up: descriptor.revents & (libc::POLLHUP | libc::POLLERR | libc::POLLNVAL) != 0,
        };
        Some((self.tokens[index], readiness))
    }

    pub fn len(&self) -> usize {
        self.descriptors.len()
    }

    pub fn is_empty(&self) -> bool {
        self.descriptors.is_empty()
    }
}

/// Polls one descriptor for input without waiting.
pub fn input_state(fd: BorrowedFd<'_>) -> Readiness {
    let mut set = PollSet::new();
    set.readable(fd, ());
    match set.wait(Some(Duration::ZERO)) {
        Ok(()) => set.ready(0).map_or_else(Readiness::default, |(_, r)| r),
        Err(_) => Readiness::default(),
    }
}

fn round_up_ms(duration: Duration) -> libc::c_int {
    let millis = duration.as_nanos().div_ceil(1_000_000);
    libc::c_int::try_from(millis).unwrap_or(libc::c_int::MAX)
}

//! Making a connection without waiting: the target's addresses, one after the other.

use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::{
    connect, socket_with, sockopt, AddressFamily, SocketAddrUnix, SocketFlags, SocketType,
};

use crate::hosts;
use crate::refusal::{About, Answer, Code, Refusal};
use crate::request::Target;

/// how long all attempts of one connection may take together
const PATIENCE: Duration = Duration::from_secs(8);

enum Address {
    Ip(SocketAddr),
    Unix(SocketAddrUnix),
}

pub struct Connecting {
    socket: OwnedFd,
    left: std::vec::IntoIter<Address>,
    until: Instant,
    shown: String,
}

/// How far it has come.
pub enum Progress {
    Pending(Connecting),
    Connected(OwnedFd),
}

impl Connecting {
    pub fn start(target: &Target, now: Instant) -> Answer<Progress> {
        let shown = target.to_string();
        let left = addresses_of(target)?.into_iter();
        let failure = Refusal::new(Code::Io, format!("{shown}: has no address"));
        attempt(left, now + PATIENCE, shown, failure)
    }

    pub fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    pub fn until(&self) -> Instant {
        self.until
    }

    /// The socket became ready: it is connected, or the next address has its turn.
    pub fn conclude(self) -> Answer<Progress> {
        let outcome = sockopt::socket_error(&self.socket).about(&self.shown)?;
        match outcome {
            Ok(()) => Ok(Progress::Connected(self.socket)),
            Err(error) => {
                let failure = refusal_of(&self.shown, error);
                attempt(self.left, self.until, self.shown, failure)
            }
        }
    }

    pub fn timed_out(&self) -> Refusal {
        let seconds = PATIENCE.as_secs();
        let message = format!("{}: did not answer within {seconds} s", self.shown);
        Refusal::new(Code::Io, message)
    }
}

/// Tries the addresses that are left until one is pending or connected. `failure` is what is said
/// when there is none.
fn attempt(
    mut left: std::vec::IntoIter<Address>,
    until: Instant,
    shown: String,
    mut failure: Refusal,
) -> Answer<Progress> {
    while let Some(address) = left.next() {
        match begin(&address) {
            Ok((socket, true)) => return Ok(Progress::Connected(socket)),
            Ok((socket, false)) => {
                return Ok(Progress::Pending(Connecting {
                    socket,
                    left,
                    until,
                    shown,
                }));
            }
            Err(error) => failure = refusal_of(&shown, error),
        }
    }
    Err(failure)
}

/// A socket, and whether it is connected already.
fn begin(address: &Address) -> Result<(OwnedFd, bool), Errno> {
    let family = match address {
        Address::Ip(SocketAddr::V4(_)) => AddressFamily::INET,
        Address::Ip(SocketAddr::V6(_)) => AddressFamily::INET6,
        Address::Unix(_) => AddressFamily::UNIX,
    };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(family, SocketType::STREAM, flags, None)?;
    let begun = match address {
        Address::Ip(ip) => {
            // Whoever forwards small messages does not want them collected.
            sockopt::set_tcp_nodelay(&socket, true)?;
            connect(&socket, ip)
        }
        Address::Unix(unix) => connect(&socket, unix),
    };
    match begun {
        Ok(()) => Ok((socket, true)),
        Err(Errno::INPROGRESS) => Ok((socket, false)),
        Err(error) => Err(error),
    }
}

fn addresses_of(target: &Target) -> Answer<Vec<Address>> {
    match target {
        Target::Tcp { port: 0, .. } => Err(Refusal::bad_request("port 0 cannot be connected to")),
        Target::Tcp { host, port } => {
            let found = hosts::addresses(host);
            if found.is_empty() {
                let message = format!("{host:?} is neither an address nor in /etc/hosts");
                return Err(Refusal::bad_request(message));
            }
            let with_port = |ip| Address::Ip(SocketAddr::new(ip, *port));
            Ok(found.into_iter().map(with_port).collect())
        }
        Target::Unix { unix } if !unix.starts_with('/') => {
            let message = format!("{unix:?} is not an absolute path");
            Err(Refusal::bad_request(message))
        }
        Target::Unix { unix } => {
            let address = SocketAddrUnix::new(unix.as_str()).about(unix)?;
            Ok(vec![Address::Unix(address)])
        }
    }
}

fn refusal_of(shown: &str, error: Errno) -> Refusal {
    match error {
        // Only a Unix socket says so: it has no place for one more who waits.
        Errno::AGAIN => Refusal::new(Code::Busy, format!("{shown}: its queue is full")),
        other => Refusal::io(shown, other),
    }
}

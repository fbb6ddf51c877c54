//! Where the host is: a virtio-serial port in a VM, a Unix socket on a host.
//!
//! Both are one byte stream that may lose its other end and get a new one. The loop waits on the
//! stream while somebody is there, and on `arrivals` while nobody is.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::epoll;

use crate::sys::poll::input_state;

pub const PORT_NAME: &str = "alcove.agent";
const PORTS_FOLDER: &str = "/sys/class/virtio-ports";
/// how long the port may take to appear after the start
const PORT_PATIENCE: Duration = Duration::from_secs(30);
/// a host that connects to a port is noticed after this at the latest
const RECHECK: Duration = Duration::from_secs(1);

pub enum Transport {
    Port(Port),
    Socket(Socket),
}

/// A virtio-serial port. While no host is connected poll(2) says "readable, hung up" without end,
/// so its absence is waited for with an edge-triggered epoll, which reports changes only.
pub struct Port {
    file: File,
    edges: OwnedFd,
    connected: bool,
}

/// A listening socket and its one client; a new client replaces the old one.
pub struct Socket {
    listener: UnixListener,
    client: Option<UnixStream>,
}

impl Transport {
    /// Opens the agent's port, waiting for it to appear.
    pub fn port() -> io::Result<Self> {
        let path = wait_for_port()?;
        let file = File::options()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC)
            .open(path)?;
        let edges = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let events = epoll::EventFlags::IN | epoll::EventFlags::ET;
        epoll::add(&edges, &file, epoll::EventData::new_u64(0), events)?;
        let mut port = Port {
            file,
            edges,
            connected: false,
        };
        port.look();
        Ok(Self::Port(port))
    }

    /// Listens at `path`; a socket that was left there is replaced.
    pub fn socket(path: &Path) -> io::Result<Self> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        listener.set_nonblocking(true)?;
        Ok(Self::Socket(Socket {
            listener,
            client: None,
        }))
    }

    /// The byte stream, while somebody is at its other end.
    pub fn stream(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Port(port) => port.connected.then(|| port.file.as_fd()),
            Self::Socket(socket) => socket.client.as_ref().map(AsFd::as_fd),
        }
    }

    /// What becomes readable when somebody may have come.
    pub fn arrivals(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Port(port) => (!port.connected).then(|| port.edges.as_fd()),
            Self::Socket(socket) => Some(socket.listener.as_fd()),
        }
    }

    /// How long the loop may sleep before it looks for somebody again.
    pub fn recheck(&self) -> Option<Duration> {
        match self {
            Self::Port(port) if !port.connected => Some(RECHECK),
            _ => None,
        }
    }

    /// Takes a new client in. True when the stream is another one than before.
    pub fn welcome(&mut self) -> bool {
        match self {
            Self::Port(port) => port.look(),
            Self::Socket(socket) => socket.accept(),
        }
    }

    /// The other end is gone.
    pub fn leave(&mut self) {
        match self {
            Self::Port(port) => port.connected = false,
            Self::Socket(socket) => socket.client = None,
        }
    }
}

impl Port {
    /// Looks whether a host is connected; true when one has come.
    fn look(&mut self) -> bool {
        if self.connected {
            return false;
        }
        // The edge is taken before the look, so that a host who comes in between makes a new one.
        let mut events = [epoll::Event {
            flags: epoll::EventFlags::empty(),
            data: epoll::EventData::new_u64(0),
        }];
        let none = rustix::event::Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // An interrupted wait leaves the edge in place, and the loop comes back.
        let _ = epoll::wait(&self.edges, &mut events[..], Some(&none));
        self.connected = !input_state(self.file.as_fd()).hung_up;
        self.connected
    }
}

impl Socket {
    fn accept(&mut self) -> bool {
        let mut changed = false;
        while let Ok((client, _)) = self.listener.accept() {
            if client.set_nonblocking(true).is_ok() {
                self.client = Some(client);
                changed = true;
            }
        }
        changed
    }
}

fn wait_for_port() -> io::Result<String> {
    let begun = Instant::now();
    loop {
        if let Some(path) = find_port() {
            return Ok(path);
        }
        let waited = begun.elapsed();
        if waited > PORT_PATIENCE {
            let message = format!("no virtio-serial port is named {PORT_NAME}");
            return Err(io::Error::new(io::ErrorKind::NotFound, message));
        }
        let pause = if waited.as_secs() < 1 { 2 } else { 50 };
        std::thread::sleep(Duration::from_millis(pause));
    }
}

/// `/dev/vport1p1` for the port whose name is ours, once its device node is there too.
fn find_port() -> Option<String> {
    let entries = fs::read_dir(PORTS_FOLDER).ok()?;
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .find(|port| {
            let name = fs::read_to_string(format!("{PORTS_FOLDER}/{port}/name"));
            name.is_ok_and(|name| name.trim_end() == PORT_NAME)
        })
        .map(|port| format!("/dev/{port}"))
        .filter(|path| Path::new(path).exists())
}

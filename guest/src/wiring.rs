//! The standard streams of a new program: pipes or a terminal, our ends and the child's.

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{fcntl_getfl, fcntl_setfl, OFlags};
use rustix::pipe::{pipe_with, PipeFlags};

use crate::request::ExecRequest;
use crate::sys::terminal;

/// Where input goes.
pub enum Input {
    Pipe(OwnedFd),
    /// the terminal's master, which `stdout` holds
    Terminal,
    /// closed by either side: bytes are consumed and dropped
    Gone,
}

/// Our ends and the child's ends of its standard streams.
pub struct Wiring {
    pub child: [OwnedFd; 3],
    pub input: Input,
    pub stdout: Option<OwnedFd>,
    pub stderr: Option<OwnedFd>,
}

pub fn wire(request: &ExecRequest) -> io::Result<Wiring> {
    if let Some(size) = request.pty {
        let pair = terminal::open(size.cols, size.rows)?;
        set_nonblocking(&pair.master)?;
        return Ok(Wiring {
            child: [pair.slave.try_clone()?, pair.slave.try_clone()?, pair.slave],
            input: Input::Terminal,
            stdout: Some(pair.master),
            stderr: None,
        });
    }
    let (stdin, input) = if request.stdin {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
        set_nonblocking(&writer)?;
        (reader, Input::Pipe(writer))
    } else {
        (null()?, Input::Gone)
    };
    let (stdout_reader, stdout) = output_pipe(request.stdout)?;
    let (stderr_reader, stderr) = output_pipe(request.stderr)?;
    Ok(Wiring {
        child: [stdin, stdout, stderr],
        input,
        stdout: stdout_reader,
        stderr: stderr_reader,
    })
}

fn output_pipe(wanted: Option<bool>) -> io::Result<(Option<OwnedFd>, OwnedFd)> {
    if wanted == Some(false) {
        return Ok((None, null()?));
    }
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
    set_nonblocking(&reader)?;
    Ok((Some(reader), writer))
}

fn null() -> io::Result<OwnedFd> {
    let file = std::fs::File::options()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    Ok(file.into())
}

fn set_nonblocking(fd: &OwnedFd) -> io::Result<()> {
    Ok(fcntl_setfl(fd, fcntl_getfl(fd)? | OFlags::NONBLOCK)?)
}

/// The terminal belongs to who works at it, as login(1) would do.
pub fn own_terminal(slave: &OwnedFd, uid: u32) {
    let owner = Some(rustix::fs::Uid::from_raw(uid));
    // Not possible where the agent itself is not root; the open descriptors work all the same.
    let _ = rustix::fs::fchown(slave, owner, None);
}

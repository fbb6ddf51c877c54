//! What a program's stream waits for, and the frames that say how it ended.

use std::os::fd::BorrowedFd;
use std::time::Instant;

use serde::Serialize;

use crate::exec::{exit_of, Exec, Output};
use crate::frame::FrameType;
use crate::outbox::Outbox;
use crate::stream::{Fate, Source};
use crate::sys::poll::PollSet;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Exit {
    ok: bool,
    exit_code: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<String>,
}

/// Adds the descriptors that the program's stream waits for, each under `token(source)`.
pub fn interests<T: Copy>(
    exec: &Exec,
    may_send: bool,
    set: &mut PollSet<T>,
    token: impl Fn(Source) -> T,
) {
    if exec.is_terminal {
        if let Some(fd) = exec.output(Output::Stdout) {
            let wants = (may_send, exec.queued_input() > 0);
            add_terminal(set, fd, wants, token(Source::Terminal));
        }
        return;
    }
    if let (true, Some(fd)) = (exec.queued_input() > 0, exec.input()) {
        set.writable(fd, token(Source::Input));
    }
    let outputs = [
        (Output::Stdout, Source::Stdout),
        (Output::Stderr, Source::Stderr),
    ];
    for (output, source) in outputs {
        if let (true, Some(fd)) = (may_send, exec.output(output)) {
            set.readable(fd, token(source));
        }
    }
}

/// Sends the end of a program whose output is over.
pub fn settle(
    exec: &mut Exec,
    may_send: bool,
    (id, now): (u32, Instant),
    outbox: &mut Outbox,
) -> Fate {
    if !may_send {
        // Output that cannot be sent is not silence.
        exec.restart_silence();
    }
    let Some(status) = exec.finished(now) else {
        return Fate::Open;
    };
    let (exit_code, signal) = exit_of(status);
    let exit = Exit {
        ok: true,
        exit_code,
        signal,
    };
    outbox.push(FrameType::End, id, &[]);
    outbox.push_json(FrameType::Close, id, &exit);
    Fate::Closed
}

fn add_terminal<T: Copy>(
    set: &mut PollSet<T>,
    fd: BorrowedFd<'_>,
    (may_read, may_write): (bool, bool),
    token: T,
) {
    match (may_read, may_write) {
        (true, true) => set.both(fd, token),
        (true, false) => set.readable(fd, token),
        // Without credit a hang-up must not wake us for ever: it is seen when output is read.
        (false, true) => set.writable(fd, token),
        (false, false) => {}
    }
}

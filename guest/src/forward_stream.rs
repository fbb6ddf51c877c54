//! The frames and the credit of a forwarded connection.

use std::time::Instant;

use serde::Serialize;

use crate::credit::Sending;
use crate::forward::Forward;
use crate::frame::FrameType;
use crate::outbox::{Outbox, DATA_PAYLOAD_BYTES};
use crate::refusal::RefusalJson;
use crate::stream::Fate;
use crate::sys::poll::{PollSet, Readiness};

#[derive(Serialize)]
struct Connected {
    connected: Nothing,
}

#[derive(Serialize)]
struct Nothing {}

/// Adds the descriptor that the connection waits for, if it waits for anything but the host.
pub fn interests<T: Copy>(forward: &Forward, may_send: bool, set: &mut PollSet<T>, token: T) {
    if let Some(fd) = forward.pending() {
        set.writable(fd, token);
    }
    let Some(fd) = forward.connection() else {
        return;
    };
    let may_read = may_send && !forward.output_is_over();
    match (may_read, forward.has_queued_input()) {
        (true, true) => set.both(fd, token),
        (true, false) => set.readable(fd, token),
        (false, true) => set.writable(fd, token),
        // Elsewhere a hang-up must not wake us for ever: it is seen when output is read.
        (false, false) if forward.output_is_over() => set.hang_up(fd, token),
        (false, false) => {}
    }
}

/// Moves bytes after the descriptor became ready; returns how much input was consumed.
pub fn ready(
    forward: &mut Forward,
    readiness: Readiness,
    (id, sending): (u32, &mut Sending),
    outbox: &mut Outbox,
) -> usize {
    if forward.pending().is_some() {
        forward.conclude();
        return 0;
    }
    let mut consumed = 0;
    if readiness.writable {
        consumed += forward.flush_input();
    }
    let limit = sending.available().min(DATA_PAYLOAD_BYTES);
    let may_read = limit > 0 && outbox.wants_data() && !forward.output_is_over();
    if may_read && (readiness.readable || readiness.hung_up) {
        let Ok(count) = outbox.fill(FrameType::Data, id, limit, |space| forward.read(space));
        sending.spend(count);
    } else if readiness.hung_up {
        consumed += forward.drop_input();
    }
    consumed
}

/// Tells the host what it does not know yet: the connection, its ends, what went wrong.
pub fn settle(forward: &mut Forward, id: u32, now: Instant, outbox: &mut Outbox) -> Fate {
    if let Some(refusal) = forward.failure(now) {
        outbox.push_json(FrameType::Close, id, &RefusalJson::new(&refusal, None));
        return Fate::Closed;
    }
    if forward.connection().is_some() && !forward.announced {
        forward.announced = true;
        let connected = Nothing {};
        outbox.push_json(FrameType::Event, id, &Connected { connected });
    }
    if forward.output_is_over() && !forward.end_announced {
        forward.end_announced = true;
        outbox.push(FrameType::End, id, &[]);
    }
    let Some(counts) = forward.finished() else {
        return Fate::Open;
    };
    outbox.push_json(FrameType::Close, id, &counts);
    Fate::Closed
}

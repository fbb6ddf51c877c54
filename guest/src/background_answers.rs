//! From a request about programs in the background to its answer.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::answers::{Opened, DONE};
use crate::background::{Backgrounds, Program, Shared};
use crate::background_flow::{Descriptions, Logs, Wait};
use crate::frame::FrameType;
use crate::outbox::Outbox;
use crate::refusal::{Answer, Refusal};
use crate::request::{BackgroundAction, BackgroundRequest};
use crate::stream::Work;
use crate::sys::signals;

const DEFAULT_SIGNAL: &str = "TERM";
const DEFAULT_GRACE_MS: u64 = 5_000;
/// one hour
const MAX_GRACE_MS: u64 = 3_600_000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Started<'a> {
    ok: bool,
    id: &'a str,
    pid: i32,
    started_ns: String,
    ring_bytes: u64,
}

#[derive(Serialize)]
struct Killed<'a> {
    ok: bool,
    pid: i32,
    running: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<&'a str>,
}

/// `{"opened":{"pid":12,"note":"…"}}`: logs begin.
#[derive(Serialize)]
struct LogsOpened<'a> {
    opened: Whose<'a>,
}

#[derive(Serialize)]
struct Whose<'a> {
    pid: i32,
    note: &'a str,
}

pub fn started(program: &Program, stream: u32, outbox: &mut Outbox) {
    let about = &program.about;
    let started = Started {
        ok: true,
        id: &about.id,
        pid: program.pid,
        started_ns: about.started_ns.to_string(),
        ring_bytes: about.ring_bytes,
    };
    outbox.push_json(FrameType::Close, stream, &started);
}

pub fn open(
    request: &BackgroundRequest,
    stream: u32,
    outbox: &mut Outbox,
    backgrounds: &mut Backgrounds,
) -> Answer<Opened> {
    let Some(id) = request.id.as_deref() else {
        if request.action != BackgroundAction::List {
            return Err(Refusal::bad_request("the id of a program is missing"));
        }
        return Ok(Opened::pieces(Descriptions::all(backgrounds)));
    };
    let program = backgrounds.find(id)?;
    match request.action {
        BackgroundAction::List | BackgroundAction::Start => {
            return Ok(Opened::pieces(Descriptions::one(program)));
        }
        BackgroundAction::Logs => {
            let opened = Whose {
                pid: program.borrow().pid,
                note: &program.borrow().about.note,
            };
            outbox.push_json(FrameType::Event, stream, &LogsOpened { opened });
            let logs = Logs::new(program.clone(), request.from_id, request.follow);
            return Ok(Opened::pieces(logs));
        }
        BackgroundAction::Wait => {
            let wait = Wait { program };
            return Ok(Opened::Working(Work::Outflow(Box::new(wait))));
        }
        BackgroundAction::Kill => kill(&program, request, stream, outbox)?,
        BackgroundAction::Reap => {
            // So that nobody holds what is given back.
            drop(program);
            backgrounds.reap(id)?;
            outbox.push_json(FrameType::Close, stream, &DONE);
        }
    }
    Ok(Opened::Answered)
}

fn kill(
    program: &Shared,
    request: &BackgroundRequest,
    stream: u32,
    outbox: &mut Outbox,
) -> Answer<()> {
    let mut program = program.borrow_mut();
    let name = request.signal.as_deref().unwrap_or(DEFAULT_SIGNAL);
    let number = signals::number(name).ok_or_else(|| {
        Refusal::bad_request(format!("{name:?} is no name of a signal, such as TERM"))
    })?;
    let grace_ms = request.grace_ms.unwrap_or(DEFAULT_GRACE_MS);
    let grace = Duration::from_millis(grace_ms.min(MAX_GRACE_MS));
    let grace = (number == libc::SIGTERM).then_some(grace);
    let running = program.is_running();
    program.signal(number, grace, Instant::now());
    let killed = Killed {
        ok: true,
        pid: program.pid,
        running,
        signal: running.then_some(name),
    };
    outbox.push_json(FrameType::Close, stream, &killed);
    Ok(())
}

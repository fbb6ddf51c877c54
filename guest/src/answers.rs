//! From a request to its answer: one-shot requests are answered here, the others become a stream's
//! work.

use serde::Serialize;

use crate::accounts::Accounts;
use crate::configure::configure;
use crate::copy_in::CopyIn;
use crate::copy_out::CopyOut;
use crate::exec::Exec;
use crate::frame::FrameType;
use crate::health::Health;
use crate::outbox::Outbox;
use crate::power::ask_init;
use crate::refusal::{Answer, RefusalJson};
use crate::registry::Registry;
use crate::request::Request;
use crate::stats::Snapshot;
use crate::stream::Work;

pub enum Opened {
    Answered,
    Working(Work),
}

#[derive(Serialize)]
struct Started {
    started: Pid,
}

#[derive(Serialize)]
struct Pid {
    pid: i32,
}

#[derive(Serialize)]
struct Done {
    ok: bool,
}

#[derive(Serialize)]
struct Statistics {
    ok: bool,
    snapshot: Snapshot,
}

/// Answers `request` on stream `id`, or begins its work and says so.
pub fn open(
    request: Request,
    id: u32,
    outbox: &mut Outbox,
    registry: &mut Registry,
) -> Answer<Opened> {
    match request {
        Request::Health => outbox.push_json(FrameType::Close, id, &Health::now()),
        Request::Stats => {
            let snapshot = Snapshot::take();
            let answer = Statistics { ok: true, snapshot };
            outbox.push_json(FrameType::Close, id, &answer);
        }
        Request::Power(power) => {
            ask_init(power.action)?;
            outbox.push_json(FrameType::Close, id, &Done { ok: true });
        }
        Request::Configure(request) => {
            let outcome = configure(&request);
            match &outcome.refusal {
                None => outbox.push_json(FrameType::Close, id, &outcome.applied_json()),
                Some(refusal) => {
                    let json = RefusalJson::new(refusal, Some(&outcome.applied));
                    outbox.push_json(FrameType::Close, id, &json);
                }
            }
        }
        Request::Exec(request) => {
            let exec = Exec::start(&request, &Accounts::load())?;
            registry.add(exec.pid);
            let started = Started {
                started: Pid { pid: exec.pid },
            };
            outbox.push_json(FrameType::Event, id, &started);
            return Ok(Opened::Working(Work::Exec(Box::new(exec))));
        }
        Request::CopyIn(request) => {
            let copy = CopyIn::start(&request, &Accounts::load())?;
            outbox.push_json(FrameType::Event, id, &copy.ready());
            return Ok(Opened::Working(Work::CopyIn(Box::new(copy))));
        }
        Request::CopyOut(request) => {
            let copy = CopyOut::start(&request, &Accounts::load())?;
            outbox.push_json(FrameType::Event, id, &copy.source());
            return Ok(Opened::Working(Work::CopyOut(Box::new(copy))));
        }
    }
    Ok(Opened::Answered)
}

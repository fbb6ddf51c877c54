//! From a request to its answer: one-shot requests are answered here, the others become a stream's
//! work.

use serde::Serialize;

use crate::accounts::Accounts;
use crate::background::Backgrounds;
use crate::background_answers as background;
use crate::beneath::Owner;
use crate::configure::configure;
use crate::copy_in::CopyIn;
use crate::copy_out::CopyOut;
use crate::directories::{make_directory, Wanted};
use crate::entries::{Entry, Listing};
use crate::exec::Exec;
use crate::forward::Forward;
use crate::frame::FrameType;
use crate::health::Health;
use crate::outbox::Outbox;
use crate::outflow::{Pieces, Piecewise};
use crate::placement::absolute;
use crate::power::ask_init;
use crate::refusal::{Answer, RefusalJson};
use crate::registry::Registry;
use crate::reidentify::reidentify;
use crate::removal::Removal;
use crate::request::{FsAction, FsRequest, Request};
use crate::stats::Snapshot;
use crate::stillness::Stillness;
use crate::stream::Work;
use crate::watch::Watch;

pub enum Opened {
    Answered,
    Working(Work),
}

impl Opened {
    pub fn pieces(pieces: impl Pieces + 'static) -> Self {
        let outflow = Piecewise::new(Box::new(pieces));
        Self::Working(Work::Outflow(Box::new(outflow)))
    }
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
pub struct Done {
    ok: bool,
}

pub const DONE: Done = Done { ok: true };

#[derive(Serialize)]
struct Described {
    ok: bool,
    entry: Entry,
}

/// `{"opened":{}}`: a listing, a watch has begun.
#[derive(Serialize)]
pub struct HasOpened {
    opened: Nothing,
}

#[derive(Serialize)]
struct Nothing {}

pub const OPENED: HasOpened = HasOpened { opened: Nothing {} };

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
    (registry, backgrounds): (&mut Registry, &mut Backgrounds),
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
            outbox.push_json(FrameType::Close, id, &DONE);
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
        Request::Reidentify(request) => {
            let confirmed = reidentify(&request)?;
            outbox.push_json(FrameType::Close, id, &confirmed);
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
            return Ok(Opened::Working(Work::Outflow(Box::new(copy))));
        }
        Request::Forward(request) => {
            let forward = Forward::start(&request)?;
            return Ok(Opened::Working(Work::Forward(Box::new(forward))));
        }
        Request::Fs(request) => return open_fs(&request, id, outbox),
        Request::Watch(request) => {
            let watch = Watch::start(&request, &Accounts::load())?;
            return Ok(Opened::pieces(watch));
        }
        Request::Quiesce => {
            let stillness = Stillness::begin()?;
            return Ok(Opened::Working(Work::Stillness(stillness)));
        }
        Request::Start(exec, wanted, size) => {
            let program = backgrounds.start(&exec, wanted, size, registry)?;
            background::started(&program.borrow(), id, outbox);
        }
        Request::Background(request) => {
            return background::open(&request, id, outbox, backgrounds);
        }
    }
    Ok(Opened::Answered)
}

fn open_fs(request: &FsRequest, id: u32, outbox: &mut Outbox) -> Answer<Opened> {
    let identity = Accounts::load().identity(request.user.as_ref())?;
    let path = absolute(&request.path, &identity)?;
    match request.action {
        FsAction::Stat => {
            let entry = Entry::at(&path)?;
            let answer = Described { ok: true, entry };
            outbox.push_json(FrameType::Close, id, &answer);
            return Ok(Opened::Answered);
        }
        FsAction::Readdir => {
            let listing = Listing::start(path)?;
            outbox.push_json(FrameType::Event, id, &OPENED);
            return Ok(Opened::pieces(listing));
        }
        FsAction::Mkdir => make_directory(&Wanted {
            path: &path,
            recursive: request.recursive,
            mode: request.mode,
            owner: Owner {
                uid: identity.uid,
                gid: identity.gid,
            },
        })?,
        FsAction::Remove => {
            if let Some(removal) = Removal::start(path, request.recursive)? {
                return Ok(Opened::Working(Work::Removal(Box::new(removal))));
            }
        }
    }
    outbox.push_json(FrameType::Close, id, &DONE);
    Ok(Opened::Answered)
}

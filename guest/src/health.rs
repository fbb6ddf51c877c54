//! The answer to `health`.

use std::sync::OnceLock;
use std::time::Instant;

use serde::Serialize;

use crate::sys::clock::uptime_ns;
use crate::userdata::{state, UserdataState};
use crate::welcome::{boot_id, VERSION};

static STARTED: OnceLock<Instant> = OnceLock::new();

/// Notes the moment the agent started; call once, at the start.
pub fn note_start() {
    STARTED.get_or_init(Instant::now);
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    ok: bool,
    agent_version: &'static str,
    agent_uptime_ns: u64,
    system_uptime_ns: u64,
    hostname: String,
    boot_id: String,
    userdata: UserdataState,
}

impl Health {
    pub fn now() -> Self {
        let started = STARTED.get_or_init(Instant::now);
        Self {
            ok: true,
            agent_version: VERSION,
            agent_uptime_ns: u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX),
            system_uptime_ns: uptime_ns(),
            hostname: hostname(),
            boot_id: boot_id(),
            userdata: state(),
        }
    }
}

pub fn hostname() -> String {
    let names = rustix::system::uname();
    names.nodename().to_string_lossy().into_owned()
}

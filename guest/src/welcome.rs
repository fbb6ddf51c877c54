//! Who this agent is: the WELCOME payload and the facts that `health` repeats.

use serde::Serialize;

pub const VERSION: &str = env!("CARGO_PKG_VERSION");
const PROTOCOL: u32 = 1;
const FEATURES: [&str; 13] = [
    "exec",
    "shell",
    "copy",
    "stats",
    "power",
    "configure",
    "forward",
    "fs",
    "background",
    "watch",
    "quiesce",
    "reidentify",
    "terminals",
];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Welcome {
    protocol: u32,
    agent: &'static str,
    window: u32,
    features: [&'static str; 13],
    boot_id: String,
    init: &'static str,
}

impl Welcome {
    pub fn new(window: u32) -> Self {
        Self {
            protocol: PROTOCOL,
            agent: VERSION,
            window,
            features: FEATURES,
            boot_id: boot_id(),
            init: init_name(),
        }
    }

    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// The kernel's boot id; empty where /proc is missing.
pub fn boot_id() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}

/// Which init runs, by systemd's own convention.
fn init_name() -> &'static str {
    if std::path::Path::new("/run/systemd/system").is_dir() {
        "systemd"
    } else {
        "alcove"
    }
}

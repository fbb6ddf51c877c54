//! The script a VM runs once in its life.
//!
//! The agent writes the script and its guard, then starts `alcove-agent run-userdata` in a session
//! of its own, which runs the script and records the exit code. So the script does not depend on
//! the agent staying alive, and a reboot in the middle does not run it twice.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use serde::Serialize;

use crate::accounts::Accounts;
use crate::command::{present_shell, DEFAULT_PATH};
use crate::literal::literal;
use crate::refusal::{About, Answer, Code, Refusal};
use crate::sys::spawn::{spawn, Program};

const FOLDER: &str = "/etc/alcove";
const SCRIPT: &str = "/etc/alcove/userdata";
/// exists once the script was begun; holds the exit code once it ended
const GUARD: &str = "/etc/alcove/userdata-ran";
/// exists while it runs; on a file system that does not survive a boot
const RUNNING: &str = "/run/alcove-userdata-running";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserdataState {
    ran: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
}

pub fn state() -> UserdataState {
    let recorded = fs::read_to_string(GUARD).unwrap_or_default();
    let exit_code = recorded.trim().parse().ok();
    UserdataState {
        ran: exit_code.is_some() || !Path::new(RUNNING).exists(),
        exit_code,
    }
}

/// Starts `script` unless it, or one before it, was begun already. Returns whether it was started.
pub fn start_once(script: &str) -> Answer<bool> {
    fs::create_dir_all(FOLDER).about(FOLDER)?;
    let guard = fs::File::options().write(true).create_new(true).open(GUARD);
    match guard {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        other => other.about(GUARD)?,
    };
    let begun = write_script(script).and_then(|()| start_runner());
    if begun.is_err() {
        // Not begun: the next attempt must be allowed. The guard is ours, made above.
        let _ = fs::remove_file(GUARD);
        let _ = fs::remove_file(RUNNING);
    }
    begun.map(|()| true)
}

fn write_script(script: &str) -> Answer<()> {
    let text = if script.starts_with("#!") {
        script.to_owned()
    } else {
        format!("#!{}\n{script}", present_shell("/bin/bash"))
    };
    fs::write(SCRIPT, text).about(SCRIPT)?;
    fs::set_permissions(SCRIPT, fs::Permissions::from_mode(0o700)).about(SCRIPT)?;
    fs::write(RUNNING, "").about(RUNNING)
}

fn start_runner() -> Answer<()> {
    let console = fs::File::options()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NOCTTY)
        .open("/dev/console")
        .or_else(|_| fs::File::options().read(true).write(true).open("/dev/null"))
        .about("/dev/console")?;
    let null = fs::File::open("/dev/null").about("/dev/null")?;
    let accounts = Accounts::load();
    let target = accounts
        .default_account()
        .map_or("root", |a| a.name.as_str());
    let env = [
        literal(b"HOME=/root\0").to_owned(),
        literal(b"USER=root\0").to_owned(),
        literal(b"LOGNAME=root\0").to_owned(),
        literal(b"SHELL=/bin/sh\0").to_owned(),
        string(format!("PATH={DEFAULT_PATH}"))?,
        string(format!("TARGET_USER={target}"))?,
    ];
    let program = Program {
        candidates: &[literal(b"/proc/self/exe\0").to_owned()],
        argv: &[
            literal(b"alcove-agent\0").to_owned(),
            literal(b"run-userdata\0").to_owned(),
        ],
        env: &env,
        cwd: literal(b"/\0"),
        identity: None,
        stdio: [null.as_fd(), console.as_fd(), console.as_fd()],
        terminal: false,
    };
    spawn(&program)
        .map(|_| ())
        .map_err(|error| io::Error::from_raw_os_error(error.errno))
        .about("userdata")
}

fn string(text: String) -> Answer<CString> {
    CString::new(text).map_err(|_| Refusal::new(Code::Io, "a user name contains NUL"))
}

/// The role `run-userdata`: runs the script to its end and records how it ended.
pub fn run() -> io::Result<()> {
    let outcome = Command::new(SCRIPT).current_dir("/").status();
    let code = match outcome {
        Ok(status) => status
            .code()
            .or(status.signal().map(|s| 128 + s))
            .unwrap_or(1),
        Err(error) => {
            eprintln!("alcove-agent: userdata could not be started: {error}");
            126
        }
    };
    let recorded = fs::write(GUARD, format!("{code}\n"));
    fs::remove_file(RUNNING)?;
    recorded
}

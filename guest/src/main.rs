//! Which role this process plays, by how it was started.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use alcove_agent::agent::Agent;
use alcove_agent::console::say;
use alcove_agent::literal::literal;
use alcove_agent::registry::Registry;
use alcove_agent::request::PowerAction;
use alcove_agent::sys::signals::{keep_descriptors, restore_defaults, SignalInbox};
use alcove_agent::transport::Transport;
use alcove_agent::{freezing, health, init, initrd, power, sys, userdata, welcome};

/// names the sessions of a killed agent; gone after a reboot
const REGISTRY: &str = "/run/alcove-agent.sessions";

const USAGE: &str = "usage: alcove-agent agent | serve --socket PATH | tsc-khz | --version";

fn main() -> ExitCode {
    if std::process::id() == 1 {
        return first_process();
    }
    let arguments: Vec<String> = std::env::args().collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let called = words
        .first()
        .and_then(|path| path.rsplit('/').next())
        .unwrap_or("");
    let outcome = match (called, words.get(1..).unwrap_or(&[])) {
        ("poweroff" | "halt" | "shutdown", _) => ask(PowerAction::Poweroff),
        ("reboot", _) => ask(PowerAction::Reboot),
        (_, ["agent"]) => serve_port(),
        (_, ["serve", "--socket", path]) => serve_socket(Path::new(path)),
        (_, ["run-userdata"]) => userdata::run(),
        (_, ["hold-still"]) => freezing::hold(),
        (_, ["tsc-khz"]) => print_tsc(),
        (_, ["--version"]) => {
            println!("alcove-agent {}", welcome::VERSION);
            Ok(())
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("alcove-agent: {error}");
            ExitCode::FAILURE
        }
    }
}

/// PID 1 has no exit code that anybody reads: its end is the kernel's panic, so say why first.
fn first_process() -> ExitCode {
    let outcome = if Path::new(initrd::MARKER).exists() {
        initrd::run()
    } else {
        init::run()
    };
    if let Err(error) = outcome {
        say(format_args!("{error}"));
    }
    ExitCode::FAILURE
}

fn ask(action: PowerAction) -> io::Result<()> {
    power::ask_init(action).map_err(|refusal| io::Error::other(refusal.message))
}

fn serve_port() -> io::Result<()> {
    let signals = prepare()?;
    let registry = Registry::open(Path::new(REGISTRY));
    Agent::new(Transport::port()?, signals, registry).serve()
}

fn serve_socket(path: &Path) -> io::Result<()> {
    let signals = prepare()?;
    Agent::new(Transport::socket(path)?, signals, Registry::forgetful()).serve()
}

fn prepare() -> io::Result<SignalInbox> {
    health::note_start();
    // Init starts us by /proc/self/exe, which would show as "exe" in a list of processes.
    rustix::thread::set_name(literal(b"alcove-agent\0"))?;
    restore_defaults();
    keep_descriptors();
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    // HUP comes with TERM when the guest goes down; unblocked it would end us before the last answer.
    SignalInbox::open(&[libc::SIGCHLD, libc::SIGTERM, libc::SIGINT, libc::SIGHUP])
}

fn print_tsc() -> io::Result<()> {
    let khz = sys::tsc::measure_khz();
    let khz = khz.ok_or_else(|| io::Error::other("the time stamp counter does not advance"))?;
    println!("{khz}");
    Ok(())
}

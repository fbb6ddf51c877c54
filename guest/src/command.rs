//! An exec request as a program to start: argument list, environment, working directory, candidates
//! for the executable. Decides, but starts nothing.

use std::ffi::CString;
use std::path::Path;

use crate::accounts::{Accounts, Identity};
use crate::refusal::{Answer, Code, Refusal};
use crate::request::ExecRequest;
use crate::sys::spawn::{SpawnError, Stage};

pub const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const TERMINAL: &str = "xterm-256color";
/// characters that only a shell gives a meaning to
const SHELL_META: &str = "|&;<>()$`\\\"'*?[]#~=%{}!^";

pub struct Command {
    pub candidates: Vec<CString>,
    pub argv: Vec<CString>,
    pub env: Vec<CString>,
    pub cwd: CString,
    pub identity: Identity,
    /// what to call the program in messages
    pub label: String,
}

/// A program, its argv and whether it is a login shell, before lookups.
struct Line {
    program: String,
    argv: Vec<String>,
}

/// Turns the request into a command, with the guest's accounts as they are now.
pub fn plan(request: &ExecRequest, accounts: &Accounts) -> Answer<Command> {
    let identity = accounts.identity(request.user.as_ref())?;
    let env = environment(request, &identity);
    let path = last_value(&env, "PATH").unwrap_or(DEFAULT_PATH).to_owned();
    let line = line(request, &identity, &path)?;
    let cwd = match &request.cwd {
        Some(cwd) if !cwd.is_empty() => identity.expand(cwd),
        _ if Path::new(&identity.home).is_dir() => identity.home.clone(),
        _ => "/".to_owned(),
    };
    Ok(Command {
        candidates: strings(candidates(&line.program, &path))?,
        argv: strings(line.argv)?,
        env: strings(env)?,
        cwd: string(cwd)?,
        identity,
        label: line.program,
    })
}

/// The words for a program that could not be started.
pub fn start_refusal(command: &Command, error: SpawnError) -> Refusal {
    let io = std::io::Error::from_raw_os_error(error.errno);
    let label = &command.label;
    match (error.stage, error.errno) {
        (Stage::Exec, libc::ENOENT) if label.contains('/') => {
            Refusal::new(Code::NotFound, format!("{label}: no such file"))
        }
        (Stage::Exec, libc::ENOENT) => {
            Refusal::new(Code::NotFound, format!("{label}: not found in PATH"))
        }
        (Stage::Exec, libc::E2BIG) => {
            Refusal::bad_request(format!("{label}: the arguments are too long"))
        }
        (Stage::Exec, libc::EACCES) if !has_execute_bit(&command.candidates) => {
            Refusal::new(Code::NotExecutable, format!("{label}: is not executable"))
        }
        (Stage::Directory, _) => Refusal::io(command.cwd.to_string_lossy(), io),
        _ => Refusal::io(label, io),
    }
}

fn has_execute_bit(candidates: &[CString]) -> bool {
    use std::os::unix::fs::PermissionsExt;
    candidates
        .iter()
        .filter_map(|c| c.to_str().ok())
        .any(|path| {
            std::fs::metadata(path)
                .is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
        })
}

fn environment(request: &ExecRequest, identity: &Identity) -> Vec<String> {
    let mut env: Vec<String> = [
        ("HOME", identity.home.as_str()),
        ("USER", &identity.name),
        ("LOGNAME", &identity.name),
        ("SHELL", &identity.shell),
        ("PATH", DEFAULT_PATH),
    ]
    .iter()
    .map(|(name, value)| format!("{name}={value}"))
    .collect();
    if request.pty.is_some() {
        env.push(format!("TERM={TERMINAL}"));
    }
    for entry in &request.env {
        let name = entry.split('=').next().unwrap_or(entry);
        env.retain(|known| known.split('=').next() != Some(name));
        if entry.contains('=') {
            env.push(entry.clone());
        }
    }
    env
}

fn last_value<'a>(env: &'a [String], name: &str) -> Option<&'a str> {
    env.iter()
        .rev()
        .find_map(|entry| entry.strip_prefix(name)?.strip_prefix('='))
}

fn line(request: &ExecRequest, identity: &Identity, path: &str) -> Answer<Line> {
    let shell = request.shell.as_deref().filter(|shell| !shell.is_empty());
    if let Some(argv) = &request.argv {
        let program = argv.first().filter(|first| !first.is_empty());
        let program = program.ok_or_else(|| Refusal::bad_request("argv is empty"))?;
        return Ok(Line {
            program: program.clone(),
            argv: argv.clone(),
        });
    }
    if let Some(command) = &request.command {
        let shell = shell.ok_or_else(|| Refusal::bad_request("command needs a shell"))?;
        return Ok(shell_line(shell, command, &request.args));
    }
    if let Some(auto) = &request.auto {
        return Ok(auto_line(auto, path));
    }
    if request.login {
        return Ok(login_line(shell.unwrap_or(&identity.shell)));
    }
    Err(Refusal::bad_request(
        "exec needs argv, shell and command, auto, or login",
    ))
}

fn shell_line(shell: &str, command: &str, args: &[String]) -> Line {
    let mut argv = vec![shell.to_owned(), "-lc".to_owned()];
    if args.is_empty() {
        argv.push(command.to_owned());
    } else {
        argv.push(format!("{command} \"$@\""));
        argv.push(shell.to_owned());
        argv.extend_from_slice(args);
    }
    Line {
        program: shell.to_owned(),
        argv,
    }
}

fn auto_line(auto: &str, path: &str) -> Line {
    let plain = !auto.is_empty()
        && !auto.contains(|c: char| c.is_whitespace() || c.is_control() || SHELL_META.contains(c));
    if plain
        && candidates(auto, path)
            .iter()
            .any(|path| Path::new(path).is_file())
    {
        return Line {
            program: auto.to_owned(),
            argv: vec![auto.to_owned()],
        };
    }
    let shell = present_shell("/bin/bash");
    Line {
        argv: vec![shell.clone(), "-c".to_owned(), auto.to_owned()],
        program: shell,
    }
}

fn login_line(shell: &str) -> Line {
    let shell = present_shell(shell);
    let base = shell.rsplit('/').next().unwrap_or("sh");
    Line {
        argv: vec![format!("-{base}")],
        program: shell,
    }
}

/// `wanted` if the guest has it, else the shell that every guest has.
pub fn present_shell(wanted: &str) -> String {
    [wanted, "/bin/bash"]
        .into_iter()
        .find(|shell| !shell.contains('/') || Path::new(shell).exists())
        .unwrap_or("/bin/sh")
        .to_owned()
}

fn candidates(program: &str, path: &str) -> Vec<String> {
    if program.contains('/') {
        return vec![program.to_owned()];
    }
    path.split(':')
        .map(|folder| if folder.is_empty() { "." } else { folder })
        .map(|folder| format!("{folder}/{program}"))
        .collect()
}

fn strings(list: Vec<String>) -> Answer<Vec<CString>> {
    list.into_iter().map(string).collect()
}

fn string(text: String) -> Answer<CString> {
    CString::new(text).map_err(|_| Refusal::bad_request("a value contains a NUL character"))
}

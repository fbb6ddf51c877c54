//! Why a request was not done: a code for programs and a sentence for people.

use std::fmt::Display;
use std::io;

use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    BadRequest,
    NotFound,
    IsDirectory,
    NotDirectory,
    Permission,
    Exists,
    NoSpace,
    UnsafePath,
    BadArchive,
    NotExecutable,
    Busy,
    Gone,
    Running,
    Cancelled,
    Unsupported,
    Io,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: Code,
    pub message: String,
}

pub type Answer<T> = Result<T, Refusal>;

impl Refusal {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Code::BadRequest, message)
    }

    /// An error of the kernel about `what` (a path, a program).
    pub fn io(what: impl Display, error: impl Into<io::Error>) -> Self {
        let error = error.into();
        let code = error.raw_os_error().map_or(Code::Io, code_of);
        Self::new(code, format!("{what}: {}", sentence(&error)))
    }
}

/// The kernel's words without Rust's "(os error 2)".
fn sentence(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

fn code_of(errno: i32) -> Code {
    match errno {
        libc::ENOENT => Code::NotFound,
        libc::EISDIR => Code::IsDirectory,
        libc::ENOTDIR => Code::NotDirectory,
        libc::EACCES | libc::EPERM | libc::EROFS => Code::Permission,
        libc::EEXIST => Code::Exists,
        libc::ENOSPC | libc::EDQUOT => Code::NoSpace,
        libc::ELOOP | libc::EXDEV => Code::UnsafePath,
        libc::ENAMETOOLONG | libc::EINVAL => Code::BadRequest,
        libc::ENOEXEC => Code::NotExecutable,
        _ => Code::Io,
    }
}

/// Adds what was being worked on to an error of the kernel.
pub trait About<T> {
    fn about(self, what: impl Display) -> Answer<T>;
}

impl<T, E: Into<io::Error>> About<T> for Result<T, E> {
    fn about(self, what: impl Display) -> Answer<T> {
        self.map_err(|error| Refusal::io(what, error))
    }
}

/// The JSON of a refusal, as CLOSE carries it.
#[derive(Serialize)]
pub struct RefusalJson<'a> {
    ok: bool,
    code: Code,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    applied: Option<&'a [&'static str]>,
}

impl<'a> RefusalJson<'a> {
    pub fn new(refusal: &'a Refusal, applied: Option<&'a [&'static str]>) -> Self {
        Self {
            ok: false,
            code: refusal.code,
            message: &refusal.message,
            applied,
        }
    }
}

//! Starting a program: `clone(CLONE_VM | CLONE_VFORK)` and exec, which is what posix_spawn does,
//! plus what posix_spawn cannot: ids, groups, a controlling terminal, and a precise error.
//!
//! The child borrows this process's memory until it executes, while this process is stopped. So no
//! page is copied (the cost of fork under emulation), and the child reports an error by storing it.
//! In return the child may only make system calls: no allocation, no locks, no library state.

use std::ffi::{CStr, CString};
use std::os::fd::{AsRawFd, BorrowedFd};

/// Everything a new process needs, prepared beforehand.
pub struct Program<'a> {
    /// paths to try in order
    pub candidates: &'a [CString],
    pub argv: &'a [CString],
    pub env: &'a [CString],
    pub cwd: &'a CStr,
    /// uid, gid and supplementary groups; `None` keeps ours
    pub identity: Option<(u32, u32, &'a [u32])>,
    /// stdin, stdout, stderr; descriptors above 2
    pub stdio: [BorrowedFd<'a>; 3],
    /// make stdin the controlling terminal
    pub terminal: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Clone,
    Stdio,
    Identity,
    Directory,
    Exec,
}

#[derive(Debug, Clone, Copy)]
pub struct SpawnError {
    pub stage: Stage,
    pub errno: i32,
}

/// the child's stack: it makes a dozen system calls, one frame deep
const STACK_BYTES: usize = 32 * 1024;

/// What the child sees: plain pointers and numbers, and the place for its error.
struct Child<'a> {
    candidates: &'a [*const libc::c_char],
    argv: *const *const libc::c_char,
    env: *const *const libc::c_char,
    cwd: *const libc::c_char,
    identity: Option<(u32, u32, &'a [u32])>,
    stdio: [i32; 3],
    terminal: bool,
    failure: Option<SpawnError>,
}

/// Starts `program` in a session of its own; returns its pid once it is executing.
pub fn spawn(program: &Program<'_>) -> Result<i32, SpawnError> {
    let candidates: Vec<_> = program.candidates.iter().map(|c| c.as_ptr()).collect();
    let argv = pointers(program.argv);
    let env = pointers(program.env);
    let mut child = Child {
        candidates: &candidates,
        argv: argv.as_ptr(),
        env: env.as_ptr(),
        cwd: program.cwd.as_ptr(),
        identity: program.identity,
        stdio: program.stdio.map(|fd| fd.as_raw_fd()),
        terminal: program.terminal,
        failure: None,
    };
    let mut stack = vec![0u8; STACK_BYTES];
    // SAFETY: the stack is ours, large enough and 16-byte aligned at its top; CLONE_VFORK keeps
    // this thread stopped until the child has executed or exited, so stack and `child` outlive its
    // use of them. All signals are blocked meanwhile: no handler can run in the child.
    let pid = unsafe {
        let top = stack.as_mut_ptr().add(STACK_BYTES);
        let top = top.sub(top as usize % 16);
        let mut all = std::mem::zeroed::<libc::sigset_t>();
        let mut before = std::mem::zeroed::<libc::sigset_t>();
        libc::sigfillset(&mut all);
        libc::sigprocmask(libc::SIG_SETMASK, &all, &mut before);
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
        let argument: *mut Child<'_> = &mut child;
        let pid = libc::clone(child_main, top.cast(), flags, argument.cast());
        let errno = *libc::__errno_location();
        libc::sigprocmask(libc::SIG_SETMASK, &before, std::ptr::null_mut());
        if pid < 0 {
            return Err(SpawnError {
                stage: Stage::Clone,
                errno,
            });
        }
        pid
    };
    match child.failure {
        None => Ok(pid),
        Some(failure) => {
            // SAFETY: waits for the child that has just failed; no memory is involved.
            unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) };
            Err(failure)
        }
    }
}

fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    let mut list: Vec<_> = strings.iter().map(|s| s.as_ptr()).collect();
    list.push(std::ptr::null());
    list
}

extern "C" fn child_main(argument: *mut libc::c_void) -> libc::c_int {
    // SAFETY: `spawn` passes its own `Child`, which nobody else touches until we exec or exit.
    let child = unsafe { &mut *argument.cast::<Child<'_>>() };
    // SAFETY: only system calls on prepared pointers from here on.
    let (stage, errno) = unsafe { prepare_and_exec(child) };
    child.failure = Some(SpawnError { stage, errno });
    // SAFETY: ends only the child.
    unsafe { libc::_exit(127) }
}

/// SAFETY: must run in the child of `spawn`, with its `Child`.
unsafe fn prepare_and_exec(child: &Child<'_>) -> (Stage, i32) {
    let errno = || *libc::__errno_location();
    libc::setsid();
    for (target, source) in (0..).zip(child.stdio) {
        if libc::dup2(source, target) < 0 {
            return (Stage::Stdio, errno());
        }
    }
    if child.terminal && libc::ioctl(0, libc::TIOCSCTTY, 0) < 0 {
        return (Stage::Stdio, errno());
    }
    if let Some((uid, gid, groups)) = child.identity {
        // Raw calls: the library's versions would try to change other threads too.
        let failed = libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()) < 0
            || libc::syscall(libc::SYS_setresgid, gid, gid, gid) < 0
            || libc::syscall(libc::SYS_setresuid, uid, uid, uid) < 0;
        if failed {
            return (Stage::Identity, errno());
        }
    }
    if libc::chdir(child.cwd) < 0 {
        return (Stage::Directory, errno());
    }
    libc::signal(libc::SIGPIPE, libc::SIG_DFL);
    let mut none = std::mem::zeroed::<libc::sigset_t>();
    libc::sigemptyset(&mut none);
    libc::sigprocmask(libc::SIG_SETMASK, &none, std::ptr::null_mut());
    (Stage::Exec, exec_first(child))
}

/// Tries each candidate; returns the error that says most. SAFETY: as `prepare_and_exec`.
unsafe fn exec_first(child: &Child<'_>) -> i32 {
    let mut worst = libc::ENOENT;
    for path in child.candidates {
        libc::execve(*path, child.argv, child.env);
        match *libc::__errno_location() {
            libc::ENOENT | libc::ENOTDIR => {}
            libc::EACCES => worst = libc::EACCES,
            errno => return errno,
        }
    }
    worst
}

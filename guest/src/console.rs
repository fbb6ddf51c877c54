//! What the first process says: a line on the console, in the form kernel messages have.

use std::fs::File;
use std::io::Write;

/// Prints one line on standard error, which is the console for PID 1 and what it starts.
pub fn say(message: impl std::fmt::Display) {
    // There is nowhere to complain to about the console itself.
    let _ = writeln!(std::io::stderr(), "alcove: {message}");
}

/// Makes /dev/console the standard streams where the kernel could not (no node at the start).
pub fn attach() {
    let console = File::options().read(true).write(true).open("/dev/console");
    let Ok(console) = console.or_else(|_| File::options().read(true).write(true).open("/dev/null"))
    else {
        return;
    };
    // Failing leaves the streams as they were, which is all that can be done.
    let _ = rustix::stdio::dup2_stdin(&console);
    let _ = rustix::stdio::dup2_stdout(&console);
    let _ = rustix::stdio::dup2_stderr(&console);
}

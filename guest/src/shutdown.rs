//! The end of a guest: everybody is asked, then killed, then the disk is made clean.

use std::io;
use std::time::{Duration, Instant};

use rustix::mount::{mount_remount, MountFlags};
use rustix::system::{reboot, RebootCommand};

use crate::console::say;
use crate::sys::poll::PollSet;
use crate::sys::signals::{collect_child, has_children, send, SignalInbox};

/// between asking and killing
const GRACE: Duration = Duration::from_secs(2);
/// between killing and going on regardless: only a process stuck in the kernel takes longer
const KILL_GRACE: Duration = Duration::from_millis(500);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    PowerOff,
    Reboot,
}

/// Only PID 1 may call this. Returns an error when the kernel refuses.
pub fn shut_down(signals: &SignalInbox, ending: Ending) -> io::Result<()> {
    // Interactive shells ignore TERM and heed HUP. None left is no error.
    let _ = send(-1, libc::SIGTERM);
    let _ = send(-1, libc::SIGHUP);
    let _ = send(-1, libc::SIGCONT);
    if !wait_for_all(signals, GRACE) {
        let _ = send(-1, libc::SIGKILL);
        wait_for_all(signals, KILL_GRACE);
    }
    rustix::fs::sync();
    if let Err(error) = mount_remount("/", MountFlags::RDONLY, "") {
        say(format_args!("/ could not be made read-only: {error}"));
    }
    let command = match ending {
        Ending::PowerOff => RebootCommand::PowerOff,
        Ending::Reboot => RebootCommand::Restart,
    };
    Ok(reboot(command)?)
}

/// Collects children until none is left; false when `grace` is over before. Every process is a
/// child of PID 1 or becomes one when its own parent has gone.
fn wait_for_all(signals: &SignalInbox, grace: Duration) -> bool {
    let deadline = Instant::now() + grace;
    loop {
        while signals.next().is_some() {}
        while collect_child().is_some() {}
        if !has_children() {
            return true;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        let mut set = PollSet::new();
        set.readable(signals.fd(), ());
        // A failing wait only makes the loop look again until the deadline.
        let _ = set.wait(Some(left));
    }
}

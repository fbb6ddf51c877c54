//! Ending whole process trees: the group, and everything else in the session.
//!
//! An interactive shell puts each job in a group of its own, so killing one group is not enough. A
//! process that made a new session has left for good; that is what daemons do.

use std::time::{Duration, Instant};

use crate::sys::signals;

/// between hanging up a terminal's session and killing what is left of it
const HANG_UP_GRACE: Duration = Duration::from_millis(500);

/// Sessions that were hung up and will be killed.
#[derive(Default)]
pub struct Condemned {
    sessions: Vec<(i32, Instant)>,
}

impl Condemned {
    /// Hangs a terminal's session up now, and kills what is left a little later.
    pub fn hang_up(&mut self, session: i32) {
        signal_session(session, &[libc::SIGHUP, libc::SIGCONT]);
        self.sessions
            .push((session, Instant::now() + HANG_UP_GRACE));
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.sessions.iter().map(|(_, at)| *at).min()
    }

    pub fn carry_out(&mut self, now: Instant) {
        self.sessions.retain(|(session, at)| {
            let due = *at <= now;
            if due {
                kill_session(*session);
            }
            !due
        });
    }

    /// Kills all of them at once; for the agent's own end.
    pub fn carry_out_all(&mut self) {
        for (session, _) in self.sessions.drain(..) {
            kill_session(session);
        }
    }
}

/// Kills the group and every process of the session that `leader` founded.
pub fn kill_session(leader: i32) {
    signal_session(leader, &[libc::SIGKILL]);
}

fn signal_session(leader: i32, numbers: &[i32]) {
    for number in numbers {
        // Processes may end meanwhile; a missing one is what we want.
        let _ = signals::send(-leader, *number);
        for pid in members(leader) {
            let _ = signals::send(pid, *number);
        }
    }
}

/// The processes of a session, from /proc.
fn members(session: i32) -> Vec<i32> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid: &i32| {
            std::fs::read_to_string(format!("/proc/{pid}/stat"))
                .is_ok_and(|stat| session_of(&stat) == Some(session))
        })
        .collect()
}

/// The session id in a line of /proc/PID/stat: the fourth field after the name, which may itself
/// contain spaces and brackets.
fn session_of(stat: &str) -> Option<i32> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::session_of;

    #[test]
    fn the_session_is_found_behind_any_name() {
        assert_eq!(session_of("7 (sh) S 1 7 9 0 -1"), Some(9));
        assert_eq!(session_of("7 (a) b (c) S 1 7 42 0 -1"), Some(42));
        assert_eq!(session_of("7 (sh"), None);
        assert_eq!(session_of(""), None);
    }
}

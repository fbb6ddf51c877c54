//! What a killed agent leaves running is ended by its successor.

use std::os::unix::process::CommandExt;
use std::process::Command;

use alcove_agent::registry::Registry;

#[test]
fn the_next_agent_ends_what_the_last_one_left() {
    let path = std::env::temp_dir().join(format!("alcove-registry-{}", std::process::id()));
    let start = || {
        let mut command = Command::new("sleep");
        command.arg("1000");
        // A session of its own, as the agent gives every program.
        // SAFETY: setsid is a plain system call.
        unsafe { command.pre_exec(|| rustix::process::setsid().map(drop).map_err(Into::into)) };
        command.spawn().unwrap()
    };
    let (mut kept, mut forgotten) = (start(), start());
    let mut first = Registry::open(&path);
    first.add(kept.id() as i32);
    first.add(forgotten.id() as i32);
    first.remove(forgotten.id() as i32);
    drop(first);
    drop(Registry::open(&path));
    let status = kept.wait().unwrap();
    assert_eq!(
        std::os::unix::process::ExitStatusExt::signal(&status),
        Some(libc::SIGKILL)
    );
    assert!(
        forgotten.try_wait().unwrap().is_none(),
        "a finished program was killed"
    );
    drop(Registry::open(&path));
    forgotten.kill().unwrap();
    forgotten.wait().unwrap();
    std::fs::remove_file(&path).unwrap();
}

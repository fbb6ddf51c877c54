//! Programs: input, output, ends, and what becomes of them when the host leaves.

mod host;

use std::time::{Duration, Instant};

use alcove_agent::frame::FrameType;
use host::{le32, runs, wait_until, Agent, WINDOW};
use serde_json::{json, Value};

fn sh(script: &str) -> Value {
    json!({"op": "exec", "argv": ["sh", "-c", script], "stdin": true})
}

#[test]
fn output_streams_stay_apart_and_the_exit_code_comes_last() {
    let agent = Agent::start();
    let outcome = agent.host().run(&sh("echo out; echo err >&2; exit 7"));
    assert_eq!(outcome.result, json!({"ok": true, "exitCode": 7}));
    assert_eq!(
        (outcome.text().as_str(), &outcome.errors[..]),
        ("out\n", &b"err\n"[..])
    );
    assert!(outcome.events[0]["started"]["pid"].as_i64().unwrap() > 0);
    assert_eq!(outcome.ends, 1);
}

#[test]
fn a_signal_is_named() {
    let agent = Agent::start();
    let outcome = agent.host().run(&sh("kill -9 $$"));
    assert_eq!(
        outcome.result,
        json!({"ok": true, "exitCode": 137, "signal": "KILL"})
    );
}

#[test]
fn input_and_output_flow_at_the_same_time() {
    let agent = Agent::start();
    let input: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
    let outcome = agent.host().run_with(&sh("cat"), &input);
    assert_eq!(outcome.data, input);
    assert_eq!(outcome.result["exitCode"], 0);
}

#[test]
fn big_output_arrives_whole() {
    let agent = Agent::start();
    let outcome = agent.host().run(&sh(
        "head -c 20000000 /dev/zero; head -c 70000 /dev/zero >&2",
    ));
    assert_eq!(
        (outcome.data.len(), outcome.errors.len()),
        (20_000_000, 70_000)
    );
}

#[test]
fn a_program_that_closes_its_input_swallows_the_rest() {
    let agent = Agent::start();
    let outcome = agent
        .host()
        .run_with(&sh("exec <&-; sleep 0.2; echo done"), &vec![1; 2_000_000]);
    assert_eq!(outcome.text(), "done\n");
}

#[test]
fn a_slow_reader_holds_the_program_and_not_the_agents_memory() {
    let agent = Agent::start();
    let mut host = agent.host();
    let id = host.open(&sh("head -c 50000000 /dev/zero"));
    let mut received = 0;
    while received < WINDOW as usize {
        let frame = host.receive();
        if frame.kind == FrameType::Data {
            received += frame.payload.len();
        }
    }
    assert_eq!(received, WINDOW as usize);
    assert!(
        host.is_silent_for(Duration::from_millis(400)),
        "sent beyond the credit"
    );
    assert!(agent.peak_kib() < 8 * 1024, "{} KiB", agent.peak_kib());
    host.send(FrameType::Credit, id, &WINDOW.to_le_bytes());
    let outcome = host.finish(id);
    assert_eq!(received + outcome.data.len(), 50_000_000);
}

#[test]
fn cancel_kills_the_tree_and_answers_once() {
    let agent = Agent::start();
    let mut host = agent.host();
    // The inner shell stands for a job in a group of its own.
    let id = host.open(&sh("set -m; sleep 1000 & echo $!; wait"));
    let data = host.wait_for(id, FrameType::Data).payload;
    let inner: i32 = String::from_utf8(data).unwrap().trim().parse().unwrap();
    assert!(runs(inner));
    host.send(FrameType::Cancel, id, &[]);
    assert_eq!(host.finish(id).code(), "cancelled");
    wait_until("the end of the tree", || !runs(inner));
    host.send(FrameType::Cancel, id, &[]);
    assert_eq!(host.run(&json!({"op": "health"})).result["ok"], true);
}

#[test]
fn a_host_that_dies_takes_its_programs_along() {
    let agent = Agent::start();
    let mut host = agent.host();
    let id = host.open(&sh("sleep 1000"));
    let pid = host.wait_for(id, FrameType::Event).json()["started"]["pid"]
        .as_i64()
        .unwrap();
    drop(host);
    wait_until("the end of the program", || !runs(pid as i32));
    assert_eq!(
        agent.host().run(&json!({"op": "health"})).result["ok"],
        true
    );
}

#[test]
fn start_failures_have_their_codes() {
    let agent = Agent::start();
    let mut host = agent.host();
    let mut code = |request: Value| {
        let outcome = host.run(&request);
        assert!(outcome.events.is_empty(), "{outcome:?}");
        outcome.code().to_owned()
    };
    assert_eq!(
        code(json!({"op": "exec", "argv": ["no-such-program"]})),
        "not_found"
    );
    assert_eq!(
        code(json!({"op": "exec", "argv": ["/no/such/program"]})),
        "not_found"
    );
    assert_eq!(
        code(json!({"op": "exec", "argv": ["/etc/passwd"]})),
        "not_executable"
    );
    assert_eq!(
        code(json!({"op": "exec", "argv": ["true"], "cwd": "/no/such"})),
        "not_found"
    );
    assert_eq!(
        code(json!({"op": "exec", "argv": ["true"], "cwd": "/etc/passwd"})),
        "not_directory"
    );
    assert_eq!(code(json!({"op": "exec", "argv": []})), "bad_request");
    assert_eq!(
        code(json!({"op": "exec", "argv": ["a\u{0}b"]})),
        "bad_request"
    );
    assert_eq!(code(json!({"op": "exec"})), "bad_request");
    assert_eq!(code(json!({"op": "no-such-op"})), "unsupported");
    assert_eq!(code(json!({"no": "op"})), "bad_request");
}

#[test]
fn environment_folder_and_identity() {
    let agent = Agent::start();
    let mut host = agent.host();
    let folder = agent.folder.at("");
    let script =
        "echo $A-$HOME-$PATH; pwd; id -u; id -g; id -G; cat /proc/self/stat | cut -d' ' -f5,6";
    let outcome = host.run(
        &json!({"op": "exec", "argv": ["sh", "-c", script], "cwd": folder,
        "env": ["A=1", "A=2", "HOME=/h"]}),
    );
    let text = outcome.text();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("2-/h-/usr/local/sbin:"), "{text}");
    assert_eq!(lines[1], folder.trim_end_matches('/'));
    let session: Vec<&str> = lines[5].split(' ').collect();
    assert_eq!(session[0], session[1], "a group and session of its own");
    if rustix::process::geteuid().is_root() {
        let outcome = host.run(
            &json!({"op": "exec", "argv": ["sh", "-c", "id -u; id -g; id -G; echo $HOME"],
            "user": {"uid": 65111, "gid": 65112}, "cwd": "/"}),
        );
        assert_eq!(outcome.text(), "65111\n65112\n65112\n/\n");
    }
}

#[test]
fn shells_and_words() {
    let agent = Agent::start();
    let mut host = agent.host();
    let mut text = |request: Value| host.run(&request).text();
    let shell = json!({"op": "exec", "shell": "/bin/sh", "command": "echo $0 $#"});
    assert_eq!(text(shell), "/bin/sh 0\n");
    let args =
        json!({"op": "exec", "shell": "/bin/sh", "command": "printf '%s|'", "args": ["a b", "$c"]});
    assert_eq!(text(args), "a b|$c|");
    assert_eq!(text(json!({"op": "exec", "auto": "echo"})), "\n");
    assert_eq!(
        text(json!({"op": "exec", "auto": "echo a | tr a b"})),
        "b\n"
    );
}

#[test]
fn signals_reach_the_group() {
    let agent = Agent::start();
    let mut host = agent.host();
    let id = host.open(&sh(
        "trap 'echo got; exit 3' USR1; echo ready; while :; do sleep 0.05; done",
    ));
    host.wait_for(id, FrameType::Data);
    host.send(FrameType::Control, id, br#"{"signal":"USR1"}"#);
    assert_eq!(host.finish(id).result["exitCode"], 3);
}

#[test]
fn a_background_grandchild_does_not_hold_the_end_back() {
    let agent = Agent::start();
    let begun = Instant::now();
    let outcome = agent.host().run(&sh("sleep 30 & echo started"));
    assert_eq!(outcome.text(), "started\n");
    assert_eq!(outcome.result["exitCode"], 0);
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn suppressed_output_goes_nowhere() {
    let agent = Agent::start();
    let outcome = agent.host().run(
        &json!({"op": "exec", "argv": ["sh", "-c", "echo a; echo b >&2; cat"],
        "stdout": false, "stderr": false, "stdin": false}),
    );
    assert!(outcome.data.is_empty() && outcome.errors.is_empty());
    assert_eq!(outcome.result["exitCode"], 0);
}

#[test]
fn programs_inherit_nothing_of_the_agent() {
    let agent = Agent::start();
    let script = "ls /proc/self/fd; grep -E 'Sig(Blk|Ign)' /proc/self/status";
    let text = agent.host().run(&sh(script)).text();
    // 3 is the folder that ls itself has open.
    assert!(text.starts_with("0\n1\n2\n3\nSigBlk"), "{text}");
    let sets: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split('\t').nth(1))
        .collect();
    assert_eq!(sets.len(), 2);
    // Only the signals from 1 to 31: the two after them belong to the C library.
    assert!(
        sets.iter()
            .all(|set| u64::from_str_radix(set, 16).unwrap() & 0x7fff_ffff == 0),
        "{text}"
    );
}

#[test]
fn a_terminal_is_one_with_a_size() {
    let agent = Agent::start();
    let mut host = agent.host();
    let script = "stty size; read line; stty size; tty; exit 4";
    let id = host.open(
        &json!({"op": "exec", "argv": ["sh", "-c", script], "stdin": true,
        "pty": {"cols": 80, "rows": 24}}),
    );
    let first = host.wait_for(id, FrameType::Data).payload;
    assert_eq!(first, b"24 80\r\n");
    host.send(
        FrameType::Control,
        id,
        br#"{"resize":{"cols":100,"rows":30}}"#,
    );
    host.send(FrameType::Data, id, b"x\n");
    let outcome = host.finish(id);
    assert!(
        outcome.text().contains("30 100\r\n/dev/pts/"),
        "{:?}",
        outcome.text()
    );
    assert_eq!(outcome.result["exitCode"], 4);
}

#[test]
fn a_login_shell_ends_with_its_terminal() {
    let agent = Agent::start();
    let mut host = agent.host();
    let id = host.open(
        &json!({"op": "exec", "login": true, "shell": "/bin/sh", "stdin": true,
        "pty": {"cols": 80, "rows": 24}}),
    );
    let pid = host.wait_for(id, FrameType::Event).json()["started"]["pid"]
        .as_i64()
        .unwrap();
    host.send(FrameType::Data, id, b"echo $0-$TERM\n");
    let mut text = String::new();
    while !text.contains("-sh-xterm-256color\r\n") {
        text += &String::from_utf8_lossy(&host.wait_for(id, FrameType::Data).payload);
    }
    host.send(FrameType::Cancel, id, &[]);
    assert_eq!(host.finish(id).code(), "cancelled");
    wait_until("the end of the shell", || !runs(pid as i32));
}

#[test]
fn sixty_four_streams_and_not_one_more() {
    let agent = Agent::start();
    let mut host = agent.host();
    let ids: Vec<u32> = (0..64).map(|_| host.open(&sh("cat"))).collect();
    for id in &ids {
        host.wait_for(*id, FrameType::Event);
    }
    let extra = host.open(&sh("true"));
    assert_eq!(host.finish(extra).code(), "busy");
    for id in ids {
        host.send(FrameType::End, id, &[]);
    }
    let mut closed = 0;
    while closed < 64 {
        closed += usize::from(host.receive().kind == FrameType::Close);
    }
    assert_eq!(host.run(&sh("exit 5")).result["exitCode"], 5);
}

#[test]
fn credit_comes_back_in_steps() {
    let agent = Agent::start();
    let mut host = agent.host();
    let id = host.open(&sh("cat >/dev/null"));
    host.wait_for(id, FrameType::Event);
    for _ in 0..4 {
        host.send(FrameType::Data, id, &[0; 65_536]);
    }
    let mut granted = 0;
    while granted < WINDOW {
        let step = le32(&host.wait_for(id, FrameType::Credit).payload);
        assert!(step >= WINDOW / 4);
        granted += step;
    }
    assert_eq!(granted, WINDOW);
}

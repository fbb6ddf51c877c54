//! Programs in the background: what outlives what, what is kept of their output, how they end.

mod host;

use std::time::{Duration, Instant};

use alcove_agent::frame::FrameType;
use host::{runs, wait_until, Agent, Host, Outcome};
use serde_json::{json, Value};

fn start(host: &mut Host, script: &str, more: &Value) -> String {
    let mut request = json!({"op": "background", "action": "start",
        "argv": ["sh", "-c", script], "user": {"uid": 0}});
    for (name, value) in more.as_object().unwrap() {
        request[name] = value.clone();
    }
    let outcome = host.run(&request);
    assert_eq!(outcome.result["ok"], true, "{outcome:?}");
    outcome.result["id"].as_str().unwrap().to_owned()
}

/// Waits until the program has said so much.
fn until_written(host: &mut Host, id: &str, bytes: u64) {
    let begun = Instant::now();
    while info(host, id)["written"] != bytes {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{bytes} bytes did not come"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn about(action: &str, id: &str) -> Value {
    json!({"op": "background", "action": action, "id": id})
}

fn lines(outcome: &Outcome) -> Vec<Value> {
    let text = outcome.text();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn info(host: &mut Host, id: &str) -> Value {
    lines(&host.run(&about("list", id))).remove(0)
}

#[derive(Debug, PartialEq)]
struct Record {
    kind: u8,
    id: u64,
    payload: Vec<u8>,
}

fn records(mut bytes: &[u8]) -> Vec<Record> {
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let length = u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
        records.push(Record {
            kind: bytes[4],
            id: u64::from_le_bytes(bytes[5..13].try_into().unwrap()),
            payload: bytes[21..21 + length].to_vec(),
        });
        bytes = &bytes[21 + length..];
    }
    records
}

fn logs(host: &mut Host, id: &str, from: u64) -> Vec<Record> {
    let mut request = about("logs", id);
    request["fromId"] = json!(from);
    let outcome = host.run(&request);
    assert_eq!(outcome.result["bytes"], outcome.data.len());
    records(&outcome.data)
}

#[test]
fn a_program_is_started_listed_waited_for_and_reaped() {
    let agent = Agent::start();
    let mut host = agent.host();
    let note = json!({"note": "base64", "cwd": "/tmp", "ringBytes": 4096});
    let id = start(&mut host, "echo out; echo err >&2; exit 7", &note);
    assert!(id.starts_with("ex_") && id.len() == 23, "{id}");
    let waited = host.run(&about("wait", &id));
    assert_eq!(waited.result["end"]["exitCode"], 7);

    let all = host.run(&json!({"op": "background", "action": "list"}));
    let [only] = &lines(&all)[..] else {
        panic!("{all:?}");
    };
    assert_eq!(*only, info(&mut host, &id));
    assert_eq!(only["command"], "sh");
    assert_eq!(
        only["args"],
        json!(["-c", "echo out; echo err >&2; exit 7"])
    );
    assert_eq!((&only["cwd"], &only["uid"]), (&json!("/tmp"), &json!(0)));
    assert_eq!(
        (&only["note"], &only["running"]),
        (&json!("base64"), &json!(false))
    );
    assert_eq!(only["end"], waited.result["end"]);
    assert_eq!((&only["written"], &only["dropped"]), (&json!(8), &json!(0)));
    assert_eq!(
        (&only["nextId"], &only["ringBytes"]),
        (&json!(5), &json!(4096))
    );

    let kinds: Vec<(u8, u64)> = logs(&mut host, &id, 0)
        .iter()
        .map(|r| (r.kind, r.id))
        .collect();
    assert_eq!(kinds[0], (1, 1));
    assert_eq!(kinds[3], (4, 4));
    assert_eq!(host.run(&about("reap", &id)).result["ok"], true);
    for action in ["list", "logs", "kill", "wait", "reap"] {
        assert_eq!(host.run(&about(action, &id)).code(), "gone", "{action}");
        assert_eq!(host.run(&about(action, "ex_1")).code(), "not_found");
        let missing = json!({"op": "background", "action": action});
        let expected = if action == "list" { "" } else { "bad_request" };
        assert_eq!(host.run(&missing).code(), expected);
    }
}

#[test]
fn it_survives_the_host_and_the_next_hello() {
    let agent = Agent::start();
    let mut host = agent.host();
    let script = "echo one; while [ ! -e go ]; do sleep 0.02; done; echo two; sleep 1000";
    let id = start(&mut host, script, &json!({"cwd": agent.folder.at("")}));
    drop(host);
    let mut host = agent.host();
    let pid = info(&mut host, &id)["pid"].as_i64().unwrap() as i32;
    assert!(runs(pid));
    host.hello(host::WINDOW);
    let mut request = about("logs", &id);
    request["follow"] = json!(true);
    let follower = host.open(&request);
    let opened = host.wait_for(follower, FrameType::Event).json();
    assert_eq!(opened["opened"]["pid"], pid);
    std::fs::write(agent.folder.at("go"), "").unwrap();
    let mut seen = Vec::new();
    while !seen.ends_with(b"two\n") {
        seen.extend(host.wait_for(follower, FrameType::Data).payload);
    }
    assert_eq!(host.run(&about("reap", &id)).code(), "running");
    drop(agent);
    // Killed, not stopped in order: the tests' agent has no registry, so only its own end is told.
    let _ = rustix::process::kill_process(
        rustix::process::Pid::from_raw(pid).unwrap(),
        rustix::process::Signal::KILL,
    );
}

#[test]
fn an_agent_that_ends_takes_its_programs_along() {
    let mut agent = Agent::start();
    let mut host = agent.host();
    let id = start(
        &mut host,
        "trap '' TERM HUP; echo up; sleep 1000 & wait",
        &json!({}),
    );
    until_written(&mut host, &id, 3);
    let pid = info(&mut host, &id)["pid"].as_i64().unwrap() as i32;
    let own = rustix::process::Pid::from_raw(agent.pid() as i32).unwrap();
    rustix::process::kill_process(own, rustix::process::Signal::TERM).unwrap();
    wait_until("the end of the agent", || !runs(own.as_raw_nonzero().get()));
    assert!(!agent.is_alive());
    wait_until("the end of the program", || !runs(pid));
}

#[test]
fn a_small_ring_keeps_the_newest_and_says_what_is_gone() {
    let agent = Agent::start();
    let mut host = agent.host();
    let script = "for n in 1 2 3 4 5 6 7 8; do head -c 1000 /dev/zero; sleep 0.02; done";
    let id = start(&mut host, script, &json!({"ringBytes": 4096}));
    host.run(&about("wait", &id));
    let told = info(&mut host, &id);
    let (dropped, next) = (
        told["dropped"].as_u64().unwrap(),
        told["nextId"].as_u64().unwrap(),
    );
    assert!(dropped > 0 && told["written"] == 8000, "{told}");

    let all = logs(&mut host, &id, 1);
    let gap: Value = serde_json::from_slice(&all[0].payload).unwrap();
    assert_eq!(all[0].kind, 5);
    assert_eq!(gap["droppedBytes"], dropped);
    assert_eq!(gap["droppedFrames"], all[0].id);
    let ids: Vec<u64> = all.iter().map(|record| record.id).collect();
    assert_eq!(ids, (all[0].id..next).collect::<Vec<u64>>());
    let kept: usize = all
        .iter()
        .filter(|r| r.kind == 2)
        .map(|r| r.payload.len())
        .sum();
    assert_eq!(kept as u64, 8000 - dropped);

    let first_kept = all[0].id + 1;
    assert_eq!(logs(&mut host, &id, first_kept)[0].id, first_kept);
    assert_eq!(logs(&mut host, &id, next - 1).len(), 1);
    assert_eq!(logs(&mut host, &id, next + 10), []);
}

#[test]
fn a_follower_waits_for_a_frame_that_is_to_come() {
    let agent = Agent::start();
    let mut host = agent.host();
    let id = start(
        &mut host,
        "echo a; sleep 0.2; echo b; sleep 0.2; echo c",
        &json!({}),
    );
    let mut request = about("logs", &id);
    request["follow"] = json!(true);
    request["fromId"] = json!(4);
    let outcome = host.run(&request);
    let records = records(&outcome.data);
    let said: Vec<(u8, u64, &[u8])> = records
        .iter()
        .map(|record| (record.kind, record.id, &record.payload[..]))
        .collect();
    assert_eq!(said, [(2, 4, &b"c\n"[..]), (4, 5, br#"{"exitCode":0}"#)]);
    request["fromId"] = json!(400);
    assert_eq!(host.run(&request).data, b"");
}

#[test]
fn unread_logs_wait_for_credit_and_hold_nothing() {
    let agent = Agent::start();
    let mut host = agent.host_with(16 * 1024);
    let script = "head -c 3000000 /dev/zero; sleep 1000";
    let id = start(&mut host, script, &json!({"ringBytes": 4_000_000}));
    until_written(&mut host, &id, 3_000_000);
    let mut request = about("logs", &id);
    request["follow"] = json!(true);
    let follower = host.open(&request);
    let mut received = 0;
    while received < 16 * 1024 {
        received += host.wait_for(follower, FrameType::Data).payload.len();
    }
    assert!(host.is_silent_for(Duration::from_millis(300)));
    host.send(FrameType::Cancel, follower, &[]);
    assert_eq!(host.finish(follower).code(), "cancelled");
    assert_eq!(host.run(&about("kill", &id)).result["running"], true);
    assert!(agent.peak_kib() < 16 * 1024, "{} KiB", agent.peak_kib());
    host.run(&about("wait", &id));
    let before = agent.resident_kib();
    host.run(&about("reap", &id));
    let after = agent.resident_kib();
    assert!(after + 2500 < before, "{before} KiB, then {after} KiB");
}

#[test]
fn a_follower_that_reads_slowly_is_told_exactly_what_it_missed() {
    let agent = Agent::start();
    let mut host = agent.host_with(16 * 1024);
    let script = "until [ -e go ]; do sleep 0.02; done; head -c 300000 /dev/zero";
    let more = json!({"ringBytes": 65_536, "cwd": agent.folder.at("")});
    let id = start(&mut host, script, &more);
    let mut request = about("logs", &id);
    request["follow"] = json!(true);
    let follower = host.open(&request);
    host.wait_for(follower, FrameType::Event);
    std::fs::write(agent.folder.at("go"), "").unwrap();
    let mut bytes = Vec::new();
    while bytes.len() < 16 * 1024 {
        bytes.extend(host.wait_for(follower, FrameType::Data).payload);
    }
    until_written(&mut host, &id, 300_000);
    host.send(FrameType::Credit, follower, &(16 * 1024u32).to_le_bytes());
    bytes.extend(host.finish(follower).data);
    let records = records(&bytes);
    let (mut seen, mut missed, mut next) = (0, 0, 1);
    for record in &records {
        if record.kind == 5 {
            let gap: Value = serde_json::from_slice(&record.payload).unwrap();
            missed += gap["droppedBytes"].as_u64().unwrap();
            next += gap["droppedFrames"].as_u64().unwrap() - 1;
        } else if record.kind == 2 {
            seen += record.payload.len() as u64;
        }
        assert_eq!(record.id, next);
        next += 1;
    }
    assert!(missed > 0, "nothing was missed");
    assert_eq!(seen + missed, 300_000);
    assert_eq!(records.last().unwrap().kind, 4);
}

#[test]
fn term_becomes_kill_after_the_grace() {
    let agent = Agent::start();
    let mut host = agent.host();
    let id = start(
        &mut host,
        "trap '' TERM; echo up; sleep 1000 & wait; wait; sleep 1000",
        &json!({}),
    );
    until_written(&mut host, &id, 3);
    let mut request = about("kill", &id);
    request["graceMs"] = json!(300);
    let killed = host.run(&request).result;
    assert_eq!(
        (&killed["running"], &killed["signal"]),
        (&json!(true), &json!("TERM"))
    );
    let end = host.run(&about("wait", &id)).result;
    assert_eq!(end["end"]["signal"], "KILL");
    assert_eq!(end["end"]["exitCode"], 137);
    let again = host.run(&about("kill", &id)).result;
    assert_eq!(
        (&again["ok"], &again["running"]),
        (&json!(true), &json!(false))
    );

    let id = start(
        &mut host,
        "trap 'exit 3' USR1; echo up; while :; do sleep 0.02; done",
        &json!({}),
    );
    until_written(&mut host, &id, 3);
    let mut request = about("kill", &id);
    request["signal"] = json!("USR1");
    host.run(&request);
    assert_eq!(host.run(&about("wait", &id)).result["end"]["exitCode"], 3);
    request["signal"] = json!("LOUD");
    assert_eq!(host.run(&request).code(), "bad_request");
}

#[test]
fn failures_and_bounds_have_their_codes() {
    let agent = Agent::start();
    let mut host = agent.host();
    let mut code = |request: Value| host.run(&request).code().to_owned();
    let start = |more: Value| {
        let mut request = json!({"op": "background", "action": "start"});
        request
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        request
    };
    assert_eq!(
        code(start(json!({"argv": ["no-such-program"]}))),
        "not_found"
    );
    assert_eq!(
        code(start(json!({"argv": ["true"], "cwd": "/no/such"}))),
        "not_found"
    );
    assert_eq!(code(start(json!({}))), "bad_request");
    let huge = 300u64 << 20;
    assert_eq!(
        code(start(json!({"argv": ["true"], "ringBytes": huge}))),
        "busy"
    );
    assert_eq!(
        code(json!({"op": "background", "action": "dance"})),
        "bad_request"
    );
}

#[test]
fn a_grandchild_that_keeps_the_output_does_not_hold_the_end_back() {
    let agent = Agent::start();
    let mut host = agent.host();
    let id = start(&mut host, "sleep 30 & echo started", &json!({}));
    let begun = Instant::now();
    let end = host.run(&about("wait", &id)).result;
    assert_eq!(end["end"]["exitCode"], 0);
    assert!(begun.elapsed() < Duration::from_secs(5));
}

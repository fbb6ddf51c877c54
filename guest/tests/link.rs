//! The connection: hello, resynchronisation, broken streams, hosts that come and go.

mod host;

use std::io::Read;
use std::time::Duration;

use alcove_agent::frame::{header, FrameType, RESYNC_ZEROS};
use host::{frame, runs, wait_until, Agent, Host, WINDOW};
use serde_json::json;

#[test]
fn welcome_says_who_is_there() {
    let agent = Agent::start();
    let welcome = agent.raw().hello(WINDOW);
    assert_eq!(welcome["protocol"], 1);
    assert_eq!(welcome["agent"], env!("CARGO_PKG_VERSION"));
    assert_eq!(welcome["window"], WINDOW);
    assert_eq!(welcome["bootId"].as_str().unwrap().len(), 36);
}

#[test]
fn health_and_ping() {
    let agent = Agent::start();
    let mut host = agent.host();
    let health = host.run(&json!({"op": "health"})).result;
    assert_eq!(health["ok"], true);
    assert!(health["agentUptimeNs"].as_u64().unwrap() > 0);
    assert_eq!(health["userdata"]["ran"], true);
    host.send(FrameType::Ping, 0, b"12345678");
    let pong = host.receive();
    assert_eq!(
        (pong.kind, &pong.payload[..]),
        (FrameType::Pong, &b"12345678"[..])
    );
}

#[test]
fn nothing_counts_before_hello() {
    let agent = Agent::start();
    let mut host = agent.raw();
    host.open(&json!({"op": "health"}));
    host.send(FrameType::Ping, 0, b"12345678");
    // Told once or twice, depending on what came together.
    assert_eq!(host.receive().kind, FrameType::Awake);
    while let Some(kind) = silent_or_next(&mut host) {
        assert_eq!(kind, FrameType::Awake);
    }
    host.hello(WINDOW);
    assert_eq!(host.run(&json!({"op": "health"})).result["ok"], true);
}

/// What a port sees when a host dies within a frame and another one continues on the same stream.
#[test]
fn a_host_that_died_within_a_frame_is_recovered_from_by_padding() {
    let agent = Agent::start();
    let cuts: [&[u8]; 5] = [
        &[5],
        &[5, 1, 0],
        &[5, 1, 0, 0, 0, 0, 0],
        &header(FrameType::Data, 1, 65_536),
        &[
            &header(FrameType::Open, 9, 500)[..],
            b"{\"op\":\"exec\",\"argv\":[\"tr",
        ]
        .concat(),
    ];
    for cut in cuts {
        let mut host = agent.host();
        let id = host.open(&json!({"op": "exec", "argv": ["cat"], "stdin": true}));
        let pid = host.wait_for(id, FrameType::Event).json()["started"]["pid"]
            .as_i64()
            .unwrap();
        host.raw_send(cut);
        host.raw_send(&vec![0; RESYNC_ZEROS]);
        let nonce = *b"fresh random 16.";
        host.raw_send(&Host::hello_frame(WINDOW, &nonce));
        let welcome = welcome_among(&mut host.stream, &nonce);
        assert!(welcome.starts_with(b"{\"protocol\":1"));
        wait_until("the end of the earlier program", || !runs(pid as i32));
    }
}

/// Reads to the WELCOME with `nonce`, as section 2 tells a host to; returns its JSON.
fn welcome_among(stream: &mut impl Read, nonce: &[u8; 16]) -> Vec<u8> {
    let mut seen = Vec::new();
    let mut byte = [0u8; 4096];
    loop {
        let count = stream.read(&mut byte).unwrap();
        assert!(count > 0 && seen.len() < 1024 * 1024);
        seen.extend(&byte[..count]);
        let found = seen.windows(16).position(|window| window == nonce);
        let Some(at) = found.filter(|at| *at >= 8) else {
            continue;
        };
        let head = &seen[at - 8..at];
        let length = u32::from_le_bytes([head[5], head[6], head[7], 0]) as usize;
        assert_eq!(head[..5], [FrameType::Welcome as u8, 0, 0, 0, 0]);
        if seen.len() >= at + length {
            return seen[at + 16..at + length].to_vec();
        }
    }
}

#[test]
fn a_broken_stream_heals_by_zeros() {
    let agent = Agent::start();
    for junk in [&b"\xffgarbage"[..], &[5, 1, 0, 0, 0, 1, 0, 1], &[0x0e; 300]] {
        let mut host = agent.host();
        host.raw_send(junk);
        host.send(FrameType::Ping, 0, b"12345678");
        assert!(host.is_silent_for(Duration::from_millis(100)));
        host.raw_send(&vec![0; RESYNC_ZEROS]);
        host.hello(WINDOW);
        assert_eq!(host.run(&json!({"op": "health"})).result["ok"], true);
    }
}

#[test]
fn more_data_than_credited_breaks_the_stream() {
    let agent = Agent::start();
    let mut host = agent.host();
    let id = host.open(&json!({"op": "exec", "argv": ["sleep", "1000"], "stdin": true}));
    host.wait_for(id, FrameType::Event);
    // What the pipe takes is granted again in time; what comes at once is over the credit.
    let too_much: Vec<u8> = frame(FrameType::Data, id, &[1; 65_536]).repeat(9);
    host.raw_send(&too_much);
    host.send(FrameType::Ping, 0, b"12345678");
    while let Some(frame) = silent_or_next(&mut host) {
        assert_ne!(frame, FrameType::Pong);
    }
    assert!(agent.peak_kib() < 8 * 1024);
}

fn silent_or_next(host: &mut Host) -> Option<FrameType> {
    if host.is_silent_for(Duration::from_millis(200)) {
        return None;
    }
    host.try_receive().map(|frame| frame.kind)
}

#[test]
fn a_second_hello_starts_again() {
    let agent = Agent::start();
    let mut host = agent.host();
    let id = host.open(&json!({"op": "exec", "argv": ["sleep", "1000"]}));
    let pid = host.wait_for(id, FrameType::Event).json()["started"]["pid"]
        .as_i64()
        .unwrap();
    host.hello(WINDOW);
    wait_until("the end of the program", || !runs(pid as i32));
    assert_eq!(host.run(&json!({"op": "health"})).result["ok"], true);
}

#[test]
fn a_new_client_replaces_the_old_one() {
    let agent = Agent::start();
    let mut first = agent.host();
    let mut second = agent.host();
    assert_eq!(second.run(&json!({"op": "health"})).result["ok"], true);
    assert_eq!(first.stream.read(&mut [0; 16]).unwrap_or(0), 0);
}

#[test]
fn late_frames_and_bad_ones_do_no_harm() {
    let agent = Agent::start();
    let mut host = agent.host();
    for kind in [
        FrameType::Data,
        FrameType::End,
        FrameType::Cancel,
        FrameType::Control,
    ] {
        host.send(kind, 77, b"late");
    }
    host.send(FrameType::Credit, 77, &[1]);
    host.send(FrameType::Ping, 0, b"short");
    host.send(FrameType::Open, 1, b"not json");
    assert_eq!(host.finish(1).code(), "bad_request");
    host.send(
        FrameType::Open,
        2,
        &[b"{\"a\":", &[b'['; 20_000][..]].concat(),
    );
    assert_eq!(host.finish(2).code(), "bad_request");
    // Ids rise: an old one opens nothing.
    host.send(FrameType::Open, 2, br#"{"op":"health"}"#);
    assert!(host.is_silent_for(Duration::from_millis(100)));
}

#[test]
fn a_host_that_reads_nothing_is_not_read_either() {
    let agent = Agent::start();
    let mut host = agent.host();
    host.stream
        .set_write_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    let ping = frame(FrameType::Ping, 0, b"12345678").repeat(4096);
    let mut sent = 0;
    while sent < 64 * 1024 * 1024 {
        match std::io::Write::write(&mut host.stream, &ping) {
            Ok(count) => sent += count,
            Err(_) => break,
        }
    }
    assert!(sent < 64 * 1024 * 1024, "the agent took everything");
    assert!(agent.peak_kib() < 8 * 1024, "{} KiB", agent.peak_kib());
}

/// An agent on a socket may be on somebody's own machine, as it is in these tests.
#[test]
fn an_agent_on_a_socket_does_not_change_who_its_machine_is() {
    let agent = Agent::start();
    // Without entropy nothing is done in any case.
    let outcome = agent.host().run(&json!({"op": "reidentify"}));
    assert_eq!(outcome.code(), "unsupported");
}

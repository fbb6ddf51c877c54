//! Connections made inside the guest, to servers of these tests.

mod host;

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::thread;
use std::time::Instant;

use alcove_agent::frame::FrameType;
use host::{wait_until, Agent};
use rustix::io::Errno;
use rustix::net::{
    bind, connect, listen, socket_with, AddressFamily, SocketAddrUnix, SocketFlags, SocketType,
};
use serde_json::{json, Value};

fn to(listener: &TcpListener) -> Value {
    let port = listener.local_addr().unwrap().port();
    json!({"op": "forward", "target": {"host": "127.0.0.1", "port": port}})
}

/// Sends back what it gets, and ends when it gets no more.
fn echo(mut stream: impl Read + Write) {
    let mut space = vec![0; 100_000];
    loop {
        match stream.read(&mut space) {
            Ok(0) | Err(_) => return,
            Ok(count) => stream.write_all(&space[..count]).unwrap(),
        }
    }
}

#[test]
fn much_goes_both_ways_and_is_counted() {
    let agent = Agent::start();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let request = to(&listener);
    let server = thread::spawn(move || echo(listener.accept().unwrap().0));
    let bytes: Vec<u8> = (0..5_000_000u32).map(|n| (n >> 3) as u8).collect();
    let outcome = agent.host().run_with(&request, &bytes);
    assert_eq!(outcome.events, [json!({"connected": {}})]);
    assert!(outcome.data == bytes);
    assert_eq!(outcome.ends, 1);
    assert_eq!(
        outcome.result,
        json!({"ok": true, "sent": 5_000_000, "received": 5_000_000})
    );
    server.join().unwrap();
    assert!(agent.peak_kib() < 8 * 1024);
}

#[test]
fn a_half_closed_connection_still_takes_input() {
    let agent = Agent::start();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut host = agent.host();
    let id = host.open(&to(&listener));
    let (mut peer, _) = listener.accept().unwrap();
    peer.write_all(b"bye").unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    assert_eq!(host.wait_for(id, FrameType::Data).payload, b"bye");
    host.wait_for(id, FrameType::End);
    host.send(FrameType::Data, id, b"late");
    let mut late = [0; 4];
    peer.read_exact(&mut late).unwrap();
    assert_eq!(&late, b"late");
    host.send(FrameType::End, id, &[]);
    assert_eq!(peer.read(&mut late).unwrap(), 0);
    let counts = json!({"ok": true, "sent": 4, "received": 3});
    assert_eq!(host.finish(id).result, counts);
}

#[test]
fn unix_sockets_and_localhost_are_reached() {
    let agent = Agent::start();
    let path = agent.folder.at("server.sock");
    let listener = UnixListener::bind(&path).unwrap();
    thread::spawn(move || echo(listener.accept().unwrap().0));
    let request = json!({"op": "forward", "target": {"unix": path}});
    assert_eq!(agent.host().run_with(&request, b"unix").text(), "unix");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut request = to(&listener);
    request["target"]["host"] = json!("localhost");
    thread::spawn(move || echo(listener.accept().unwrap().0));
    assert_eq!(agent.host().run_with(&request, b"tcp").text(), "tcp");
}

#[test]
fn what_cannot_be_reached_is_refused_with_its_reason() {
    let agent = Agent::start();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
    let port = free.unwrap().port();
    let refusals = [
        (json!({"host": "127.0.0.1", "port": port}), "io"),
        (json!({"host": "localhost", "port": port}), "io"),
        (json!({"host": "127.0.0.1", "port": 0}), "bad_request"),
        (
            json!({"host": "no-such-name.invalid", "port": 80}),
            "bad_request",
        ),
        (json!({"host": "", "port": 80}), "bad_request"),
        (json!({"unix": agent.folder.at("none")}), "not_found"),
        (json!({"unix": "relative"}), "bad_request"),
        (
            json!({"unix": format!("/{}", "x".repeat(200))}),
            "bad_request",
        ),
        (json!({"port": 80}), "bad_request"),
    ];
    for (target, code) in refusals {
        let outcome = agent
            .host()
            .run(&json!({"op": "forward", "target": target}));
        assert_eq!(outcome.code(), code, "{target}: {}", outcome.result);
        assert!(outcome.events.is_empty());
    }
}

#[test]
fn a_full_queue_is_busy_and_the_agent_goes_on() {
    let agent = Agent::start();
    let path = agent.folder.at("server.sock");
    let address = SocketAddrUnix::new(path.as_str()).unwrap();
    let socket = || {
        socket_with(
            AddressFamily::UNIX,
            SocketType::STREAM,
            SocketFlags::NONBLOCK,
            None,
        )
    };
    let listener = socket().unwrap();
    bind(&listener, &address).unwrap();
    listen(&listener, 1).unwrap();
    let mut host = agent.host();
    let request = json!({"op": "forward", "target": {"unix": path}});
    // Nobody accepts, so the queue fills up.
    let waiting = [socket().unwrap(), socket().unwrap()];
    assert!(waiting.iter().all(|one| connect(one, &address).is_ok()));
    assert_eq!(host.run(&request).code(), "busy");
    assert_eq!(host.run(&json!({"op": "health"})).result["ok"], true);
}

#[test]
fn a_target_that_does_not_answer_is_given_up() {
    let agent = Agent::start();
    // A listener whose queue is full does not answer one more: connecting takes for ever.
    let socket = || {
        socket_with(
            AddressFamily::INET,
            SocketType::STREAM,
            SocketFlags::NONBLOCK,
            None,
        )
    };
    let listener = socket().unwrap();
    bind(&listener, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    listen(&listener, 0).unwrap();
    let listener = TcpListener::from(listener);
    let address = listener.local_addr().unwrap();
    let waiting = [socket().unwrap(), socket().unwrap(), socket().unwrap()];
    for one in &waiting {
        // In progress: whether it is ever accepted does not matter here.
        assert!(matches!(
            connect(one, &address),
            Ok(()) | Err(Errno::INPROGRESS)
        ));
    }
    let mut host = agent.host();
    let cancelled = host.open(&to(&listener));
    host.send(FrameType::Cancel, cancelled, &[]);
    assert_eq!(host.finish(cancelled).code(), "cancelled");
    let begun = Instant::now();
    let outcome = host.run_with(&to(&listener), b"in vain");
    assert_eq!(outcome.code(), "io");
    let message = outcome.result["message"].as_str().unwrap();
    assert!(message.ends_with("did not answer within 8 s"), "{message}");
    assert!((7..12).contains(&begun.elapsed().as_secs()));
}

#[test]
fn cancelling_closes_and_a_reset_is_told() {
    let agent = Agent::start();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut host = agent.host();
    let id = host.open(&to(&listener));
    let (mut peer, _) = listener.accept().unwrap();
    host.wait_for(id, FrameType::Event);
    host.send(FrameType::Cancel, id, &[]);
    assert_eq!(host.finish(id).code(), "cancelled");
    assert_eq!(peer.read(&mut [0; 1]).unwrap(), 0);

    let id = host.open(&to(&listener));
    let (peer, _) = listener.accept().unwrap();
    host.wait_for(id, FrameType::Event);
    host.send(FrameType::Data, id, b"unread");
    wait_until("the bytes", || peer.peek(&mut [0; 1]).is_ok_and(|n| n > 0));
    drop(peer); // with unread bytes: the kernel resets the connection
    assert_eq!(host.finish(id).code(), "io");
}

#[test]
fn a_target_that_is_gone_needs_no_end_of_the_host() {
    let agent = Agent::start();
    let path = agent.folder.at("server.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let mut host = agent.host();
    let id = host.open(&json!({"op": "forward", "target": {"unix": path}}));
    let (mut peer, _) = listener.accept().unwrap();
    peer.write_all(b"last words").unwrap();
    drop(peer);
    let outcome = host.finish(id);
    assert_eq!(outcome.text(), "last words");
    assert_eq!(
        outcome.result,
        json!({"ok": true, "sent": 0, "received": 10})
    );
}

#[test]
fn unread_output_stops_the_target_and_nobody_else() {
    let agent = Agent::start();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut host = agent.host_with(16 * 1024);
    let id = host.open(&to(&listener));
    let (mut peer, _) = listener.accept().unwrap();
    let writer = thread::spawn(move || {
        let failed = (0..1000).find(|_| peer.write_all(&[7; 65_536]).is_err());
        failed.is_some()
    });
    let mut received = 0;
    while received < 16 * 1024 {
        received += host.wait_for(id, FrameType::Data).payload.len();
    }
    assert_eq!(received, 16 * 1024);
    host.send(FrameType::Ping, 0, b"12345678");
    assert_eq!(host.receive().kind, FrameType::Pong);
    host.send(FrameType::Cancel, id, &[]);
    assert_eq!(host.finish(id).code(), "cancelled");
    assert!(writer.join().unwrap(), "64 MiB went somewhere");
}

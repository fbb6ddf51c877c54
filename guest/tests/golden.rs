//! The golden bytes that both ends of the protocol are tested against.

use alcove_agent::frame::{header, Decoder, FrameType};
use alcove_agent::request::{
    parse, parse_request, BackgroundAction, Control, FsAction, Hello, Request, Target, UserSpec,
};
use serde_json::Value;

fn fixtures() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/protocol/fixtures/frames.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn bytes(fixture: &Value, field: &str) -> Vec<u8> {
    let hex = fixture[field].as_str().unwrap();
    let pairs = hex
        .as_bytes()
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).unwrap());
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect()
}

/// `OPEN` for `Open`: the names in the document.
fn name(kind: FrameType) -> String {
    match kind {
        FrameType::DataErr => "DATA_ERR".to_owned(),
        other => format!("{other:?}").to_uppercase(),
    }
}

#[test]
fn every_frame_is_read_and_written_as_it_stands() {
    let all = fixtures();
    let frames = all["frames"].as_array().unwrap();
    assert!(frames.len() >= 15, "too few fixtures were read");
    for fixture in frames {
        let (wire, payload) = (bytes(fixture, "bytesHex"), bytes(fixture, "payloadHex"));
        let (used, frame) = Decoder::new().decode(&wire);
        let frame = frame.unwrap();
        assert_eq!(used, wire.len());
        assert_eq!(name(frame.kind), fixture["type"]);
        assert_eq!(frame.stream, fixture["stream"].as_u64().unwrap() as u32);
        assert_eq!(frame.payload, payload);
        let head = header(frame.kind, frame.stream, payload.len());
        assert_eq!([&head[..], &payload].concat(), wire);
    }
}

#[test]
fn broken_streams_are_seen_as_such() {
    for fixture in fixtures()["broken"].as_array().unwrap() {
        let mut decoder = Decoder::new();
        let wire = bytes(fixture, "bytesHex");
        assert_eq!(
            decoder.decode(&wire),
            (wire.len(), None),
            "{}",
            fixture["name"]
        );
        assert!(decoder.is_broken());
    }
}

#[test]
fn sequences_give_their_frames() {
    let all = fixtures();
    for fixture in all["streams"].as_array().unwrap() {
        let wire = bytes(fixture, "bytesHex");
        let mut decoder = Decoder::new();
        let mut at = 0;
        for expected in fixture["frames"].as_array().unwrap() {
            let (used, frame) = decoder.decode(&wire[at..]);
            let golden = all["frames"].as_array().unwrap();
            let golden = golden.iter().find(|f| f["name"] == *expected).unwrap();
            assert_eq!(frame.unwrap().payload, bytes(golden, "payloadHex"));
            at += used;
        }
        assert_eq!(decoder.decode(&wire[at..]).1, None);
    }
}

#[test]
fn every_json_payload_for_the_guest_is_understood() {
    for fixture in fixtures()["frames"].as_array().unwrap() {
        let payload = bytes(fixture, "payloadHex");
        match fixture["name"].as_str().unwrap() {
            "hello" => assert_eq!(parse::<Hello>(&payload[16..]).unwrap().window, 262_144),
            "control-resize" => {
                assert_eq!(
                    parse::<Control>(&payload).unwrap().resize.unwrap().cols,
                    100
                );
            }
            "control-signal" => {
                assert_eq!(
                    parse::<Control>(&payload).unwrap().signal.as_deref(),
                    Some("TERM")
                );
            }
            "open-exec" => {
                let Request::Exec(exec) = parse_request(&payload).unwrap() else {
                    panic!("not an exec");
                };
                assert_eq!(exec.argv.unwrap()[0], "sh");
                assert_eq!(exec.user, Some(UserSpec::Ids { uid: 0, gid: None }));
                assert!(exec.stdin);
            }
            "open-forward-tcp" => {
                let Request::Forward(forward) = parse_request(&payload).unwrap() else {
                    panic!("not a forward");
                };
                let (host, port) = ("::1".to_owned(), 8080);
                assert_eq!(forward.target, Target::Tcp { host, port });
            }
            "open-configure" => {
                let Request::Configure(wanted) = parse_request(&payload).unwrap() else {
                    panic!("not a configuration");
                };
                let network = wanted.network.unwrap();
                assert_eq!(
                    (network.address.octets(), network.prefix),
                    ([10, 9, 0, 2], 24)
                );
                let ipv6 = network.ipv6.unwrap();
                assert_eq!(ipv6.address.to_string(), "fda1:c012:3456:1::a09:2");
                assert_eq!(ipv6.gateway.unwrap().to_string(), "fda1:c012:3456:1::a09:1");
                assert_eq!(ipv6.prefix, 64);
            }
            "open-mkdir" => {
                let Request::Fs(made) = parse_request(&payload).unwrap() else {
                    panic!("not a file operation");
                };
                assert_eq!(made.action, FsAction::Mkdir);
                assert_eq!((made.recursive, made.mode), (true, Some(0o1777)));
            }
            "open-background-start" => {
                let Request::Start(exec, wanted, size) = parse_request(&payload).unwrap() else {
                    panic!("not a start");
                };
                assert_eq!(exec.argv.unwrap(), ["sleep", "600"]);
                let expected = (Some(65_536), "base64");
                assert_eq!((wanted.ring_bytes, &wanted.note[..]), expected);
                assert_eq!(size, payload.len());
            }
            "open-terminal" => {
                let Request::Start(exec, wanted, _) = parse_request(&payload).unwrap() else {
                    panic!("not a start");
                };
                assert_eq!(exec.pty.map(|size| (size.cols, size.rows)), Some((80, 24)));
                assert!(exec.login && exec.argv.is_none());
                assert_eq!(wanted.note, "terminal");
            }
            "open-background-logs" => {
                let Request::Background(logs) = parse_request(&payload).unwrap() else {
                    panic!("not about the background");
                };
                assert_eq!(logs.action, BackgroundAction::Logs);
                assert_eq!((logs.from_id, logs.follow), (3, true));
            }
            other if other.starts_with("open-") => drop(parse_request(&payload).unwrap()),
            _ => {}
        }
    }
}

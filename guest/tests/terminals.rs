//! Terminals in the background: what is typed at them, who sees what they show, what is left of it.

mod host;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use alcove_agent::frame::FrameType;
use host::{frame, le32, runs, Agent, Host};
use serde_json::{json, Value};

const RECORD_HEADER_BYTES: usize = 21;

fn start(host: &mut Host, argv: &[&str], ring_bytes: u64) -> String {
    let request = json!({"op": "background", "action": "start", "argv": argv,
        "user": {"uid": 0}, "env": ["PS1=$ "], "pty": {"cols": 80, "rows": 24}, "ringBytes": ring_bytes});
    let outcome = host.run(&request);
    assert_eq!(outcome.result["ok"], true, "{outcome:?}");
    outcome.result["id"].as_str().unwrap().to_owned()
}

/// What several who follow terminals have been shown, by stream.
struct Screens<'a> {
    host: &'a mut Host,
    records: BTreeMap<u32, Vec<u8>>,
    credit: BTreeMap<u32, usize>,
}

impl<'a> Screens<'a> {
    fn new(host: &'a mut Host) -> Self {
        let (records, credit) = Default::default();
        Self {
            host,
            records,
            credit,
        }
    }

    fn attach(&mut self, id: &str) -> u32 {
        let request = json!({"op": "background", "action": "logs", "id": id, "follow": true});
        let stream = self.host.open(&request);
        self.records.insert(stream, Vec::new());
        self.credit.insert(stream, host::WINDOW as usize);
        stream
    }

    fn type_in(&mut self, stream: u32, text: &str) {
        *self.credit.get_mut(&stream).unwrap() -= text.len();
        self.host.send(FrameType::Data, stream, text.as_bytes());
    }

    fn resize(&mut self, stream: u32, cols: u16, rows: u16) {
        let control = json!({"resize": {"cols": cols, "rows": rows}}).to_string();
        self.host
            .send(FrameType::Control, stream, control.as_bytes());
    }

    /// Takes the next frame, and grants for it. False when it was a CLOSE.
    fn step(&mut self) -> bool {
        let frame = self.host.receive();
        match frame.kind {
            FrameType::Data => {
                let count = (frame.payload.len() as u32).to_le_bytes();
                self.host.send(FrameType::Credit, frame.stream, &count);
                let records = self.records.get_mut(&frame.stream).unwrap();
                records.extend(frame.payload);
            }
            FrameType::Credit => {
                *self.credit.get_mut(&frame.stream).unwrap() += le32(&frame.payload) as usize;
            }
            FrameType::Close => return false,
            _ => {}
        }
        true
    }

    fn until(&mut self, stream: u32, text: &str) {
        let begun = Instant::now();
        while !self.text(stream).contains(text) {
            let seen = self.text(stream);
            assert!(begun.elapsed() < Duration::from_secs(20), "{seen:?}");
            assert!(self.step(), "closed: {seen:?}");
        }
    }

    fn of(&self, stream: u32) -> Vec<(u8, Vec<u8>)> {
        let mut bytes = &self.records[&stream][..];
        let mut records = Vec::new();
        while bytes.len() >= RECORD_HEADER_BYTES {
            let end = RECORD_HEADER_BYTES + le32(&bytes[..4]) as usize;
            if bytes.len() < end {
                break;
            }
            records.push((bytes[4], bytes[RECORD_HEADER_BYTES..end].to_vec()));
            bytes = &bytes[end..];
        }
        records
    }

    fn text(&self, stream: u32) -> String {
        let output = self.of(stream).into_iter().filter(|(kind, _)| *kind == 2);
        let bytes: Vec<u8> = output.flat_map(|(_, payload)| payload).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[test]
fn what_one_types_all_see_and_the_next_host_too() {
    let agent = Agent::start();
    let mut host = agent.host();
    let welcome = host.hello(host::WINDOW);
    assert!(welcome["features"]
        .as_array()
        .unwrap()
        .contains(&json!("terminals")));
    let id = start(&mut host, &["sh"], 0);
    let mut screens = Screens::new(&mut host);
    let (one, other) = (screens.attach(&id), screens.attach(&id));
    screens.type_in(one, "stty size; echo o''ne\n");
    screens.until(one, "24 80\r\none\r\n");
    screens.until(other, "24 80\r\none\r\n");
    screens.resize(other, 101, 37);
    screens.type_in(other, "stty size\n");
    screens.until(one, "37 101\r\n");

    let mut host = agent.host();
    let mut screens = Screens::new(&mut host);
    let again = screens.attach(&id);
    screens.until(again, "37 101\r\n");
    assert!(screens.text(again).contains("one\r\n"));
    screens.type_in(again, "exit 3\n");
    while screens.step() {}
    let (kind, payload) = screens.of(again).pop().unwrap();
    let exit: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!((kind, &exit["exitCode"]), (4, &json!(3)));
    // Nobody reads it any more: it is consumed, and does no harm.
    let late = screens.attach(&id);
    screens.type_in(late, "x");
    while screens.step() {}
    assert!(screens.text(late).contains("one\r\n"));
}

#[test]
fn what_a_program_does_not_read_waits_within_bounds() {
    let agent = Agent::start();
    let mut host = agent.host();
    // Raw: a terminal in its usual mode drops a line that is too long by itself.
    let script = "stty raw -echo; echo begun; read x < go; head -c 300000 | cksum";
    let folder = agent.folder.at("");
    let made = std::process::Command::new("mkfifo")
        .arg(agent.folder.at("go"))
        .status()
        .unwrap();
    assert!(made.success());
    let id = start(
        &mut host,
        &["sh", "-c", &format!("cd {folder}; {script}")],
        0,
    );
    let mut screens = Screens::new(&mut host);
    let stream = screens.attach(&id);
    screens.until(stream, "begun");
    let piece = "0123456789".repeat(1_000);
    for _ in 0..26 {
        screens.type_in(stream, &piece);
    }
    // The rest of the window is not granted again before the program reads.
    screens.host.send(FrameType::Ping, 0, b"12345678");
    while screens.host.receive().kind != FrameType::Pong {}
    assert!(screens.host.is_silent_for(Duration::from_millis(200)));
    assert!(screens.credit[&stream] < 10_000);
    std::fs::write(agent.folder.at("go"), "\n").unwrap();
    for _ in 0..4 {
        while screens.credit[&stream] < piece.len() {
            assert!(screens.step());
        }
        screens.type_in(stream, &piece);
    }
    while screens.step() {}
    assert!(
        screens.text(stream).contains(&cksum(&piece.repeat(30))),
        "{}",
        screens.text(stream)
    );
    assert!(agent.peak_kib() < 16 * 1024, "{} KiB", agent.peak_kib());
}

fn cksum(text: &str) -> String {
    use std::io::Write;
    let mut child = std::process::Command::new("cksum")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn nobody_there_stops_nothing_and_the_newest_is_kept() {
    let agent = Agent::start();
    let mut host = agent.host();
    let ring = 64 * 1024;
    let script = "head -c 8388608 /dev/zero | tr '\\0' x; echo; echo finished; sleep 1000";
    let id = start(&mut host, &["sh", "-c", script], ring);
    let about = json!({"op": "background", "action": "list", "id": id});
    let begun = Instant::now();
    let info = loop {
        let info: Value = serde_json::from_str(&host.run(&about).text()).unwrap();
        if info["written"].as_u64().unwrap() >= 8_388_608 + 12 {
            break info;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{info}");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(info["dropped"].as_u64().unwrap() > 8_000_000, "{info}");
    assert!(agent.resident_kib() < 16 * 1024);
    let mut screens = Screens::new(&mut host);
    let stream = screens.attach(&id);
    screens.until(stream, "finished\r\n");
    assert_eq!(screens.of(stream)[0].0, 5, "a gap is told first");
    assert!(screens.text(stream).len() as u64 <= ring);
    let pid = info["pid"].as_i64().unwrap() as i32;
    let kill = json!({"op": "background", "action": "kill", "id": id, "signal": "HUP"}).to_string();
    host.raw_send(&frame(FrameType::Open, 9_000, kill.as_bytes()));
    host::wait_until("its end", || !runs(pid));
}

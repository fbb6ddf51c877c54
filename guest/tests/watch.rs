//! What changes below a path: what is told, once, in time, and what is not.

mod host;

use std::fs;
use std::time::Duration;

use alcove_agent::frame::FrameType;
use host::{Agent, Host};
use serde_json::{json, Value};

/// An open watch.
struct Watch {
    id: u32,
    rest: Vec<u8>,
}

impl Watch {
    fn open(host: &mut Host, paths: &[String], more: &Value) -> Self {
        let mut request = json!({"op": "watch", "paths": paths, "user": {"uid": 0}});
        for (name, value) in more.as_object().unwrap() {
            request[name] = value.clone();
        }
        let id = host.open(&request);
        let opened = host.wait_for(id, FrameType::Event).json();
        assert_eq!(opened, json!({"opened": {}}));
        let rest = Vec::new();
        Self { id, rest }
    }

    fn next(&mut self, host: &mut Host) -> Value {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                return serde_json::from_slice(&line).unwrap();
            }
            let data = host.wait_for(self.id, FrameType::Data).payload;
            let count = data.len() as u32;
            host.send(FrameType::Credit, self.id, &count.to_le_bytes());
            self.rest.extend(data);
        }
    }

    /// The next `count` changes, as `create a/b`, with the folder left out.
    fn told(&mut self, host: &mut Host, folder: &str, count: usize) -> Vec<String> {
        let told = (0..count).map(|_| self.next(host));
        let told = told.map(|change| {
            let path = change["path"].as_str().unwrap();
            let path = path.strip_prefix(folder).unwrap_or(path);
            format!("{} {path}", change["type"].as_str().unwrap())
        });
        told.collect()
    }
}

#[test]
fn files_that_come_change_move_and_go() {
    let agent = Agent::start();
    let mut host = agent.host();
    let folder = agent.folder.at("");
    let mut watch = Watch::open(
        &mut host,
        std::slice::from_ref(&folder),
        &json!({"debounceMs": 50}),
    );
    fs::write(agent.folder.at("a"), "hello").unwrap();
    let change = watch.next(&mut host);
    assert_eq!(
        (&change["type"], &change["size"]),
        (&json!("create"), &json!(5))
    );
    assert_eq!(change["path"], agent.folder.at("a"));
    assert_eq!(change["directory"], false);
    assert!(change["timeNs"].as_str().unwrap().parse::<u64>().unwrap() > 1_600_000_000_000_000_000);
    assert_eq!(watch.told(&mut host, &folder, 1), ["write a"]);
    fs::rename(agent.folder.at("a"), agent.folder.at("b")).unwrap();
    assert_eq!(watch.told(&mut host, &folder, 2), ["rename a", "create b"]);
    fs::remove_file(agent.folder.at("b")).unwrap();
    assert_eq!(watch.told(&mut host, &folder, 1), ["remove b"]);
    fs::create_dir(agent.folder.at("sub")).unwrap();
    assert_eq!(watch.next(&mut host)["directory"], true);
    fs::write(agent.folder.at("sub/x"), "").unwrap();
    assert!(
        host.is_silent_for(Duration::from_millis(200)),
        "not recursive"
    );
}

#[test]
fn new_folders_are_watched_and_what_they_hold_already_is_told() {
    let agent = Agent::start();
    let mut host = agent.host();
    let folder = agent.folder.at("");
    fs::create_dir_all(agent.folder.at("old/deep")).unwrap();
    let more = json!({"recursive": true, "debounceMs": 20, "events": ["create"]});
    let mut watch = Watch::open(&mut host, std::slice::from_ref(&folder), &more);
    fs::write(agent.folder.at("old/deep/1"), "").unwrap();
    assert_eq!(watch.told(&mut host, &folder, 1), ["create old/deep/1"]);
    fs::create_dir_all(agent.folder.at("new/er/est")).unwrap();
    fs::write(agent.folder.at("new/er/est/2"), "").unwrap();
    let mut told = watch.told(&mut host, &folder, 4);
    told.sort();
    let expected = [
        "create new",
        "create new/er",
        "create new/er/est",
        "create new/er/est/2",
    ];
    assert_eq!(told, expected);
    fs::rename(agent.folder.at("new/er"), agent.folder.at("old/er")).unwrap();
    let mut told = watch.told(&mut host, &folder, 3);
    told.sort();
    assert_eq!(
        told,
        ["create old/er", "create old/er/est", "create old/er/est/2"]
    );
    fs::write(agent.folder.at("old/er/est/3"), "").unwrap();
    assert_eq!(watch.told(&mut host, &folder, 1), ["create old/er/est/3"]);
}

#[test]
fn only_what_was_asked_for() {
    let agent = Agent::start();
    let mut host = agent.host();
    let folder = agent.folder.at("");
    fs::create_dir(agent.folder.at("sub")).unwrap();
    let pattern = format!("{folder}sub/*.md");
    let more = json!({"recursive": true, "debounceMs": 20, "events": ["write", "remove"],
        "patterns": ["*.txt", pattern]});
    let mut watch = Watch::open(&mut host, std::slice::from_ref(&folder), &more);
    for name in ["a.log", "b.md", "sub/c.md", "sub/d.txt", "e.txt"] {
        fs::write(agent.folder.at(name), "x").unwrap();
    }
    let expected = ["write sub/c.md", "write sub/d.txt", "write e.txt"];
    assert_eq!(watch.told(&mut host, &folder, 3), expected);
    for name in ["a.log", "e.txt"] {
        fs::remove_file(agent.folder.at(name)).unwrap();
    }
    assert_eq!(watch.told(&mut host, &folder, 1), ["remove e.txt"]);
}

#[test]
fn a_file_is_watched_by_its_name() {
    let agent = Agent::start();
    let mut host = agent.host();
    let folder = agent.folder.at("");
    fs::write(agent.folder.at("f"), "1").unwrap();
    let path = agent.folder.at("f");
    let mut watch = Watch::open(&mut host, &[path], &json!({"debounceMs": 20}));
    fs::write(agent.folder.at("g"), "2").unwrap();
    fs::rename(agent.folder.at("g"), agent.folder.at("f")).unwrap();
    assert_eq!(watch.told(&mut host, &folder, 1), ["create f"]);
    fs::write(agent.folder.at("f"), "3").unwrap();
    assert_eq!(watch.told(&mut host, &folder, 1), ["write f"]);
}

#[test]
fn the_end_of_what_is_watched_is_the_end_of_the_watch() {
    let agent = Agent::start();
    let mut host = agent.host();
    fs::create_dir(agent.folder.at("sub")).unwrap();
    let path = agent.folder.at("sub");
    let watch = Watch::open(&mut host, &[path], &json!({"debounceMs": 0}));
    fs::remove_dir(agent.folder.at("sub")).unwrap();
    let outcome = host.finish(watch.id);
    assert!(outcome.text().contains("\"remove\""), "{outcome:?}");
    assert_eq!(outcome.result["ok"], true);
}

#[test]
fn changes_that_nobody_reads_are_bounded_and_their_loss_is_told() {
    let agent = Agent::start();
    let mut host = agent.host_with(16 * 1024);
    let folder = agent.folder.at("");
    let more = json!({"debounceMs": 0, "events": ["create"]});
    let mut watch = Watch::open(&mut host, std::slice::from_ref(&folder), &more);
    for number in 0..40_000 {
        let path = agent.folder.at(&format!("f{number}"));
        fs::write(&path, "").unwrap();
        fs::remove_file(&path).unwrap();
    }
    let mut told = 0;
    loop {
        let change = watch.next(&mut host);
        if change["type"] == "overflow" {
            assert!(change["message"].as_str().unwrap().contains("lost"));
            break;
        }
        told += 1;
    }
    assert!(told < 40_000);
    assert!(agent.peak_kib() < 8 * 1024, "{} KiB", agent.peak_kib());
    fs::write(agent.folder.at("after"), "").unwrap();
    while watch.next(&mut host)["path"] != agent.folder.at("after") {}
}

#[test]
fn what_cannot_be_watched_is_refused() {
    let agent = Agent::start();
    let mut host = agent.host();
    let mut code = |request: Value| host.run(&request).code().to_owned();
    let watch =
        |paths: Value, events: Value| json!({"op": "watch", "paths": paths, "events": events});
    assert_eq!(code(watch(json!(["/no/such"]), json!([]))), "not_found");
    assert_eq!(code(watch(json!([]), json!([]))), "bad_request");
    assert_eq!(
        code(watch(json!(["/tmp"]), json!(["explode"]))),
        "bad_request"
    );
    let id = host.open(&watch(json!(["/tmp"]), json!(["all"])));
    host.wait_for(id, FrameType::Event);
    host.send(FrameType::Cancel, id, &[]);
    assert_eq!(host.finish(id).code(), "cancelled");
}

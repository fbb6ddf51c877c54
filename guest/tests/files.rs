//! Looking at, making and removing files, and the ways in which that could go too far.

mod host;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{symlink, MetadataExt, PermissionsExt};

use alcove_agent::frame::FrameType;
use host::{Agent, Outcome};
use serde_json::{json, Value};

fn fs_op(agent: &Agent, action: &str, path: &str, more: Value) -> Outcome {
    let mut request = json!({"op": "fs", "action": action, "path": path});
    for (name, value) in more.as_object().unwrap() {
        request[name] = value.clone();
    }
    agent.host().run(&request)
}

fn entries(outcome: &Outcome) -> Vec<Value> {
    let text = outcome.text();
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn stat_describes_the_link_and_not_what_it_leads_to() {
    let agent = Agent::start();
    let at = |name: &str| agent.folder.at(name);
    fs::write(at("file"), b"12345").unwrap();
    fs::set_permissions(at("file"), fs::Permissions::from_mode(0o4640)).unwrap();
    symlink("nowhere", at("link")).unwrap();
    let outcome = fs_op(&agent, "stat", &at("file"), json!({}));
    let entry = &outcome.result["entry"];
    let meta = fs::metadata(at("file")).unwrap();
    let mtime = i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec());
    let expected = json!({"name": "file", "type": "file", "size": 5,
        "mtimeNs": mtime.to_string(), "mode": 0o4640,
        "uid": meta.uid(), "gid": meta.gid()});
    assert_eq!(*entry, expected);
    let kind = |path: &str| fs_op(&agent, "stat", path, json!({})).result["entry"]["type"].clone();
    assert_eq!(kind(&at("link")), "symlink");
    assert_eq!(kind(&at("agent.sock")), "other");
    let root = fs_op(&agent, "stat", "/", json!({}));
    assert_eq!(root.result["entry"]["name"], "/");
    assert_eq!(
        fs_op(&agent, "stat", &at("none"), json!({})).code(),
        "not_found"
    );
    assert_eq!(
        fs_op(&agent, "stat", &at("file/x"), json!({})).code(),
        "not_directory"
    );
    assert_eq!(fs_op(&agent, "stat", "", json!({})).code(), "bad_request");
}

#[test]
fn a_large_directory_is_listed_in_little_memory() {
    let agent = Agent::start();
    let many = agent.folder.at("many");
    fs::create_dir(&many).unwrap();
    for number in 0..30_000 {
        fs::File::create(format!("{many}/{number}-{}", "x".repeat(60))).unwrap();
    }
    let outcome = fs_op(&agent, "readdir", &many, json!({}));
    assert_eq!(outcome.events, [json!({"opened": {}})]);
    let mut names: Vec<String> = entries(&outcome)
        .iter()
        .map(|entry| entry["name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 30_000);
    assert_eq!(outcome.result["bytes"], outcome.data.len());
    assert_eq!(outcome.ends, 1);
    assert!(agent.peak_kib() < 8 * 1024);
    let removed = fs_op(&agent, "remove", &many, json!({"recursive": true}));
    assert_eq!(removed.result, json!({"ok": true}));
    assert!(!fs::exists(&many).unwrap());
}

#[test]
fn odd_names_and_odd_directories_are_listed() {
    let agent = Agent::start();
    let folder = agent.folder.at("d");
    fs::create_dir(&folder).unwrap();
    assert!(entries(&fs_op(&agent, "readdir", &folder, json!({}))).is_empty());
    fs::write(format!("{folder}/line\nend\"\u{1}"), b"").unwrap();
    symlink("/", format!("{folder}/link")).unwrap();
    let latin = agent
        .folder
        .path()
        .join("d")
        .join(OsStr::from_bytes(b"caf\xe9"));
    fs::write(latin, b"").unwrap();
    let mut found: Vec<(String, String)> = entries(&fs_op(&agent, "readdir", &folder, json!({})))
        .iter()
        .map(|entry| (entry["name"].to_string(), entry["type"].to_string()))
        .collect();
    found.sort();
    let pair = |name: &str, kind: &str| (json!(name).to_string(), json!(kind).to_string());
    let mut expected = vec![
        pair("caf\u{fffd}", "file"),
        pair("line\nend\"\u{1}", "file"),
        pair("link", "symlink"),
    ];
    expected.sort();
    assert_eq!(found, expected);
    let code = |path: &str| fs_op(&agent, "readdir", path, json!({})).code().to_owned();
    assert_eq!(code(&agent.folder.at("none")), "not_found");
    assert_eq!(code(&agent.folder.at("agent.sock")), "not_directory");
    assert!(!entries(&fs_op(&agent, "readdir", "/proc/self/fd", json!({}))).is_empty());
}

#[test]
fn directories_are_made_with_their_mode_and_parents() {
    let agent = Agent::start();
    let at = |name: &str| agent.folder.at(name);
    let mode = |name: &str| fs::metadata(at(name)).unwrap().mode() & 0o7777;
    let make = |name: &str, more: Value| fs_op(&agent, "mkdir", &at(name), more);
    assert_eq!(make("a", json!({})).result, json!({"ok": true}));
    assert_eq!(mode("a"), 0o755);
    assert_eq!(make("a", json!({})).code(), "exists");
    assert_eq!(make("b/c/d", json!({"mode": 0o777})).code(), "not_found");
    let recursive = json!({"recursive": true, "mode": 0o1777});
    assert_eq!(make("b/c/d/", recursive.clone()).result["ok"], true);
    assert_eq!((mode("b/c"), mode("b/c/d")), (0o755, 0o1777));
    assert_eq!(make("b/c", recursive.clone()).result["ok"], true);
    assert_eq!(mode("b/c"), 0o755);
    fs::write(at("file"), b"").unwrap();
    assert_eq!(make("file", recursive.clone()).code(), "exists");
    assert_eq!(make("file/x", recursive).code(), "not_directory");
    assert_eq!(make("new", json!({"mode": 0o10000})).code(), "bad_request");
    assert_eq!(make("none/..", json!({})).code(), "bad_request");
}

#[test]
fn removal_follows_no_link_and_spares_what_is_outside() {
    let agent = Agent::start();
    let at = |name: &str| agent.folder.at(name);
    let remove = |name: &str, recursive: bool| {
        fs_op(
            &agent,
            "remove",
            &at(name),
            json!({ "recursive": recursive }),
        )
    };
    fs::create_dir_all(at("precious")).unwrap();
    fs::write(at("precious/file"), b"x").unwrap();
    fs::create_dir_all(at("tree/a/b")).unwrap();
    symlink(at("precious"), at("tree/a/link")).unwrap();
    symlink(at("precious"), at("link")).unwrap();
    fs::write(at("tree/a/b/f"), b"x").unwrap();
    let refused = remove("tree", false);
    assert_eq!(refused.code(), "bad_request");
    assert!(refused.result["message"]
        .as_str()
        .unwrap()
        .contains("not empty"));
    assert_eq!(remove("tree", true).result, json!({"ok": true}));
    assert!(!fs::exists(at("tree")).unwrap());
    assert_eq!(remove("link", true).result["ok"], true);
    assert!(fs::exists(at("precious/file")).unwrap());
    assert_eq!(remove("precious/file", false).result["ok"], true);
    assert_eq!(remove("precious", false).result["ok"], true);
    assert_eq!(remove("precious", true).code(), "not_found");
}

#[test]
fn the_root_and_dots_are_never_removed() {
    let agent = Agent::start();
    // Names that are refused for their shape, before anything is opened.
    let inside = agent.folder.at("d");
    fs::create_dir(&inside).unwrap();
    fs::write(format!("{inside}/f"), b"").unwrap();
    let dotted = [
        format!("{inside}/."),
        format!("{inside}/.."),
        format!("{inside}/../"),
    ];
    let root = ["/", "//", "///"].map(str::to_owned);
    for path in root.iter().chain(&dotted) {
        let outcome = fs_op(&agent, "remove", path, json!({"recursive": false}));
        assert_eq!(outcome.code(), "bad_request", "{path}");
    }
    assert!(fs::exists(format!("{inside}/f")).unwrap());
}

#[test]
fn a_very_deep_tree_is_refused_and_a_long_removal_can_be_cancelled() {
    let agent = Agent::start();
    let mut path = agent.folder.at("deep");
    for _ in 0..300 {
        fs::create_dir(&path).unwrap();
        path.push_str("/d");
    }
    let deep = agent.folder.at("deep");
    let outcome = fs_op(&agent, "remove", &deep, json!({"recursive": true}));
    assert_eq!(outcome.code(), "unsupported");
    let many = agent.folder.at("many");
    fs::create_dir(&many).unwrap();
    for number in 0..20_000 {
        fs::File::create(format!("{many}/{number}")).unwrap();
    }
    let mut host = agent.host();
    let request = json!({"op": "fs", "action": "remove", "path": many, "recursive": true});
    // Both at once: the agent must not be done before it could read the second.
    let open = host::frame(FrameType::Open, 1, request.to_string().as_bytes());
    host.raw_send(&[open, host::frame(FrameType::Cancel, 1, &[])].concat());
    assert_eq!(host.finish(1).code(), "cancelled");
    assert!(fs::exists(&many).unwrap());
}

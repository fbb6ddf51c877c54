//! Copies in and out, and the archives that try to escape.

mod host;

use std::fs;
use std::os::unix::fs::{symlink, MetadataExt, PermissionsExt};

use alcove_agent::frame::FrameType;
use alcove_agent::tar_write::{end_blocks, header_blocks, padding, Member};
use host::{wait_until, Agent, Outcome};
use serde_json::{json, Value};

fn member(name: &str, content: &[u8]) -> Vec<u8> {
    let member = Member {
        name: name.as_bytes().to_vec(),
        is_directory: name.ends_with('/'),
        mode: 0o4755,
        uid: 5,
        gid: 6,
        size: content.len() as u64,
        mtime: 1_600_000_000,
    };
    let zeros = vec![0; padding(member.size)];
    [&header_blocks(&member)[..], content, &zeros].concat()
}

/// A header of another kind: a link, a device.
fn special(name: &str, kind: u8, target: &str) -> Vec<u8> {
    let mut block = member(name, b"");
    block[156] = kind;
    block[157..157 + target.len()].copy_from_slice(target.as_bytes());
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

fn archive(members: &[Vec<u8>]) -> Vec<u8> {
    [members.concat(), end_blocks()].concat()
}

fn copy_in(agent: &Agent, request: Value, bytes: &[u8]) -> Outcome {
    let mut request = request;
    request["op"] = json!("copyIn");
    agent.host().run_with(&request, bytes)
}

fn copy_out(agent: &Agent, path: &str, format: &str, exclude: &[&str]) -> Outcome {
    let request = json!({"op": "copyOut", "path": path, "format": format, "exclude": exclude});
    agent.host().run(&request)
}

fn names(agent: &Agent) -> Vec<String> {
    let entries = fs::read_dir(agent.folder.path()).unwrap();
    let mut names: Vec<String> = entries
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.retain(|name| name != "agent.sock");
    names.sort();
    names
}

#[test]
fn a_file_goes_in_and_out_unchanged() {
    let agent = Agent::start();
    let bytes: Vec<u8> = (0..10_000_000u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let path = agent.folder.at("deep/er/file");
    let request = json!({"path": path, "format": "file", "mode": 0o600, "makeParents": true});
    let outcome = copy_in(&agent, request, &bytes);
    assert_eq!(outcome.events, [json!({"ready": {}})]);
    assert_eq!(
        outcome.result,
        json!({"ok": true, "path": path, "bytes": 10_000_000, "files": 1,
        "directories": 0, "skipped": 0})
    );
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
    let outcome = copy_out(&agent, &path, "any", &[]);
    let source =
        json!({"source": {"type": "file", "name": "file", "size": 10_000_000, "mode": 0o600}});
    assert_eq!(outcome.events, [source]);
    assert!(outcome.data == bytes);
    assert_eq!(outcome.result, json!({"ok": true, "bytes": 10_000_000}));
    assert_eq!(outcome.ends, 1);
    assert!(agent.peak_kib() < 8 * 1024);
}

/// The credit that the agent gives a new copy beyond its window.
fn extra_credit(host: &mut host::Host, path: &str) -> u32 {
    let id = host.open(&json!({"op": "copyIn", "path": path, "format": "file"}));
    assert_eq!(host.receive().kind, FrameType::Event);
    if host.is_silent_for(std::time::Duration::from_millis(50)) {
        return 0;
    }
    let frame = host.wait_for(id, FrameType::Credit);
    u32::from_le_bytes(frame.payload.try_into().unwrap())
}

#[test]
fn a_few_copies_at_a_time_have_a_larger_window() {
    let agent = Agent::start();
    let mut host = agent.host();
    let paths: Vec<String> = (0..9).map(|n| agent.folder.at(&format!("f{n}"))).collect();
    let extra: Vec<u32> = paths.iter().map(|p| extra_credit(&mut host, p)).collect();
    assert!(
        extra[..8].iter().all(|bytes| *bytes == 768 * 1024),
        "{extra:?}"
    );
    assert_eq!(extra[8], 0);
    // What one of them has is given to the next copy.
    host.send(FrameType::Cancel, 1, &[]);
    assert_eq!(
        host.wait_for(1, FrameType::Close).json()["code"],
        "cancelled"
    );
    assert_eq!(extra_credit(&mut host, &paths[0]), 768 * 1024);
}

#[test]
fn a_file_keeps_no_more_of_the_disk_than_it_needs() {
    let agent = Agent::start();
    let path = agent.folder.at("file");
    let bytes = vec![7; 5_000_001];
    copy_in(&agent, json!({"path": path, "format": "file"}), &bytes);
    let meta = fs::metadata(&path).unwrap();
    assert_eq!(meta.len(), 5_000_001);
    assert!(
        meta.blocks() * 512 < 5_000_001 + 128 * 1024,
        "{} blocks",
        meta.blocks()
    );
}

#[test]
fn modes_are_kept_and_parents_must_exist() {
    let agent = Agent::start();
    let path = agent.folder.at("f");
    let request = json!({"path": path, "format": "file"});
    copy_in(&agent, request.clone(), b"a");
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o644);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    copy_in(&agent, request, b"b");
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
    assert_eq!(fs::read(&path).unwrap(), b"b");
    let orphan = json!({"path": agent.folder.at("no/such"), "format": "file"});
    assert_eq!(copy_in(&agent, orphan, b"c").code(), "not_found");
    let folder = json!({"path": agent.folder.at(""), "format": "file"});
    assert_eq!(copy_in(&agent, folder, b"c").code(), "is_directory");
    let device = json!({"path": "/dev/null", "format": "file"});
    assert_eq!(copy_in(&agent, device, b"c").code(), "exists");
}

#[test]
fn a_copy_that_does_not_end_leaves_no_trace() {
    let agent = Agent::start();
    let mut host = agent.host();
    let request = json!({"op": "copyIn", "path": agent.folder.at("f"), "format": "file"});
    let id = host.open(&request);
    host.wait_for(id, FrameType::Event);
    host.send(FrameType::Data, id, &[7; 1000]);
    host.send(FrameType::Cancel, id, &[]);
    assert_eq!(host.finish(id).code(), "cancelled");
    assert!(names(&agent).is_empty());
    let id = host.open(&request);
    host.wait_for(id, FrameType::Event);
    host.send(FrameType::Data, id, &[7; 1000]);
    wait_until("the temporary file", || names(&agent).len() == 1);
    drop(host);
    wait_until("its end", || names(&agent).is_empty());
}

#[test]
fn part_files_of_an_earlier_boot_are_no_obstacle() {
    let agent = Agent::start();
    for number in 0..5 {
        let left = format!(".alcove-{}-{number}.part", agent.pid());
        fs::write(agent.folder.at(&left), b"cut off").unwrap();
    }
    let path = agent.folder.at("new");
    let done = copy_in(&agent, json!({"path": path, "format": "file"}), b"whole");
    assert_eq!(done.result["ok"], json!(true), "{:?}", done.result);
    assert_eq!(fs::read(&path).unwrap(), b"whole");
}

#[test]
fn placement_follows_cp() {
    let agent = Agent::start();
    fs::create_dir(agent.folder.at("dir")).unwrap();
    let cp = |path: &str, contents: bool| {
        let placement = json!({"kind": "cp", "sourceName": "src", "contents": contents});
        json!({"path": agent.folder.at(path), "format": "file", "placement": placement})
    };
    assert_eq!(
        copy_in(&agent, cp("dir", false), b"1").result["path"],
        agent.folder.at("dir/src")
    );
    assert_eq!(
        copy_in(&agent, cp("new", false), b"1").result["path"],
        agent.folder.at("new")
    );
    assert_eq!(
        copy_in(&agent, cp("none/", false), b"1").code(),
        "not_found"
    );
    let tree = |path: &str, contents: bool| {
        let mut request = cp(path, contents);
        request["format"] = json!("tar");
        copy_in(&agent, request, &archive(&[member("a", b"x")]))
    };
    assert_eq!(
        tree("dir", false).code(),
        "not_directory",
        "dir/src is a file"
    );
    assert_eq!(tree("dir", true).result["path"], agent.folder.at("dir"));
    assert_eq!(
        tree("fresh", false).result["path"],
        agent.folder.at("fresh")
    );
    assert_eq!(
        tree("fresh", false).result["path"],
        agent.folder.at("fresh/src")
    );
    assert_eq!(tree("new", false).code(), "not_directory");
    assert_eq!(fs::read(agent.folder.at("fresh/src/a")).unwrap(), b"x");
    let mut escape = cp("dir", false);
    escape["placement"]["sourceName"] = json!("../x");
    assert_eq!(copy_in(&agent, escape, b"1").code(), "unsafe_path");
}

#[test]
fn a_tree_keeps_modes_and_times_and_drops_what_is_dangerous() {
    let agent = Agent::start();
    let long = format!("sub/{}", "n".repeat(180));
    let bytes = archive(&[
        member("sub/", b""),
        member("sub/a.txt", b"hello"),
        special("sub/link", b'2', "/etc/passwd"),
        special("sub/dev", b'3', ""),
        special("sub/hard", b'1', "sub/a.txt"),
        member(&long, &[3; 1500]),
        member("./top", b""),
    ]);
    let request = json!({"path": agent.folder.at("t"), "format": "tar", "makeParents": true});
    let outcome = copy_in(&agent, request, &bytes);
    assert_eq!(
        outcome.result,
        json!({"ok": true, "path": agent.folder.at("t"), "bytes": 1505,
        "files": 3, "directories": 1, "skipped": 3})
    );
    for name in ["t/sub", "t/sub/a.txt", "t/top"] {
        let meta = fs::symlink_metadata(agent.folder.at(name)).unwrap();
        assert_eq!(
            (meta.mode() & 0o7777, meta.mtime()),
            (0o755, 1_600_000_000),
            "{name}"
        );
    }
    assert_eq!(
        fs::read(agent.folder.at(&format!("t/{long}"))).unwrap(),
        [3; 1500]
    );
    assert!(!fs::exists(agent.folder.at("t/sub/link")).unwrap());
}

#[test]
fn hostile_archives_are_refused() {
    let agent = Agent::start();
    let outside = agent.folder.at("outside");
    let target = agent.folder.at("target");
    fs::create_dir(&outside).unwrap();
    fs::create_dir(&target).unwrap();
    symlink(&outside, agent.folder.at("target/link")).unwrap();
    fs::write(agent.folder.at("target/file"), b"").unwrap();
    let code = |members: &[Vec<u8>]| {
        let request = json!({"path": target, "format": "tar"});
        copy_in(&agent, request, &archive(members))
            .code()
            .to_owned()
    };
    assert_eq!(code(&[member("/etc/alcove-evil", b"x")]), "unsafe_path");
    assert_eq!(code(&[member("../outside/evil", b"x")]), "unsafe_path");
    assert_eq!(code(&[member("a/../../outside/evil", b"x")]), "unsafe_path");
    assert_eq!(code(&[member("link/evil", b"x")]), "unsafe_path");
    assert_eq!(code(&[member("link/deep/evil", b"x")]), "unsafe_path");
    assert_eq!(code(&[member("link/", b"")]), "unsafe_path");
    assert_eq!(
        code(&[special("s", b'2', &outside), member("s/evil", b"x")]),
        ""
    );
    assert_eq!(code(&[member("file/below", b"x")]), "not_directory");
    assert_eq!(code(&[member("s", b"x")]), "is_directory");
    assert!(
        fs::read_dir(&outside).unwrap().next().is_none(),
        "something escaped"
    );
    // A link in a file's place is replaced, never written through.
    fs::write(agent.folder.at("victim"), b"safe").unwrap();
    symlink(agent.folder.at("victim"), agent.folder.at("target/alias")).unwrap();
    assert_eq!(code(&[member("alias", b"new")]), "");
    assert_eq!(fs::read(agent.folder.at("victim")).unwrap(), b"safe");
}

#[test]
fn damaged_archives_are_refused() {
    let agent = Agent::start();
    let whole = archive(&[member("a", &[1; 700]), member("b", b"2")]);
    let code = |bytes: &[u8]| {
        let request = json!({"path": agent.folder.at("t"), "format": "tar"});
        copy_in(&agent, request, bytes)
    };
    assert_eq!(code(&whole).code(), "");
    for cut in [0, 100, 512, 900, 1536, 2048, 2560] {
        assert_eq!(code(&whole[..cut]).code(), "bad_archive", "cut at {cut}");
    }
    let mut flipped = whole.clone();
    flipped[1540] ^= 1;
    let outcome = code(&flipped);
    assert_eq!(outcome.code(), "bad_archive");
    let message = outcome.result["message"].as_str().unwrap();
    assert!(message.contains("1 files"), "{message}");
    let leftovers = fs::read_dir(agent.folder.at("t")).unwrap();
    let parts = leftovers.filter(|e| {
        e.as_ref()
            .unwrap()
            .file_name()
            .to_string_lossy()
            .contains("part")
    });
    assert_eq!(parts.count(), 0);
}

#[test]
fn too_much_for_the_disk_is_refused_before_anything_is_written() {
    let agent = Agent::start();
    let request = json!({"path": agent.folder.at("x/y"), "format": "tar", "makeParents": true,
        "unpackedSize": u64::MAX});
    assert_eq!(copy_in(&agent, request, b"").code(), "no_space");
    assert!(names(&agent).is_empty());
    if fs::metadata("/dev/full").is_ok() && fs::metadata("/dev/shm").is_ok() {
        let request = json!({"path": "/proc/alcove", "format": "file"});
        assert_ne!(copy_in(&agent, request, b"x").code(), "");
    }
}

#[test]
fn a_tree_comes_out_clean_sorted_and_without_what_was_excluded() {
    let agent = Agent::start();
    let at = |name: &str| agent.folder.at(&format!("src/{name}"));
    fs::create_dir_all(at("b/empty")).unwrap();
    fs::create_dir_all(at("b/skip")).unwrap();
    for name in ["z", "a.txt", "a.o", "b/c.o", "b/d", "b/skip/x"] {
        fs::write(at(name), name).unwrap();
    }
    symlink("/etc/passwd", at("link")).unwrap();
    fs::write(at(&"l".repeat(150)), "long").unwrap();
    let outcome = copy_out(&agent, &agent.folder.at("src"), "any", &["*.o", "b/skip"]);
    assert_eq!(outcome.events[0]["source"]["type"], "directory");
    assert_eq!(outcome.data.len() % 512, 0);
    let unpacked = agent.folder.at("out");
    let request = json!({"path": unpacked, "format": "tar"});
    assert_eq!(copy_in(&agent, request, &outcome.data).result["files"], 4);
    assert_eq!(fs::read(agent.folder.at("out/b/d")).unwrap(), b"b/d");
    assert!(fs::exists(agent.folder.at("out/b/empty")).unwrap());
    assert!(!fs::exists(agent.folder.at("out/b/skip")).unwrap());
    let first_names: Vec<&[u8]> = outcome.data.chunks(512).map(|block| &block[..7]).collect();
    assert!(first_names[0].starts_with(b"a.txt\0"));
}

#[test]
fn sources_that_are_missing_or_of_the_wrong_kind() {
    let agent = Agent::start();
    assert_eq!(copy_out(&agent, "/no/such", "any", &[]).code(), "not_found");
    assert_eq!(copy_out(&agent, "/etc", "file", &[]).code(), "is_directory");
    assert_eq!(
        copy_out(&agent, "/dev/null", "file", &[]).code(),
        "unsupported"
    );
    let version = copy_out(&agent, "/proc/version", "file", &[]);
    assert_eq!(version.events[0]["source"]["size"], version.data.len());
    assert!(!version.data.is_empty());
    fs::write(agent.folder.at("one"), b"1").unwrap();
    let single = copy_out(&agent, &agent.folder.at("one"), "tar", &[]);
    assert_eq!(single.data.len(), 2048);
    assert_eq!(&single.data[257..262], b"ustar");
}

#[test]
fn a_file_that_shrinks_is_an_error() {
    let agent = Agent::start();
    let path = agent.folder.at("f");
    fs::write(&path, vec![1; 3_000_000]).unwrap();
    let mut host = agent.host();
    let id = host.open(&json!({"op": "copyOut", "path": path, "format": "file"}));
    host.wait_for(id, FrameType::Data);
    fs::write(&path, b"").unwrap();
    assert_eq!(host.finish(id).code(), "io");
}

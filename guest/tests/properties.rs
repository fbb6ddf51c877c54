//! Every parser of the agent against random and mutated input: it answers or refuses, in bounded
//! memory, and never panics. What was split into pieces reads like the whole.

use alcove_agent::accounts::{parse_memberships, parse_passwd};
use alcove_agent::base64::decode;
use alcove_agent::cmdline;
use alcove_agent::entry_path::components;
use alcove_agent::frame::{header, Decoder, FrameType, Inbox, RESYNC_ZEROS};
use alcove_agent::glob::Patterns;
use alcove_agent::hosts::find;
use alcove_agent::refusal::Answer;
use alcove_agent::request::{parse, parse_request, Control, Hello};
use alcove_agent::tar_header::{parse_header, parse_pax};
use alcove_agent::tar_read::{Entry, EntryKind, Sink, TarReader};
use alcove_agent::tar_write::{end_blocks, header_blocks, padding, Member};
use proptest::collection::vec;
use proptest::prelude::*;

type Owned = (FrameType, u32, Vec<u8>);

/// All frames of `wire`, which comes in pieces of the given sizes.
fn decode_in_pieces(wire: &[u8], sizes: &[usize]) -> (Vec<Owned>, bool) {
    let mut decoder = Decoder::new();
    let mut inbox = Inbox::new();
    let mut frames = Vec::new();
    let mut sizes = sizes.iter().cycle();
    let mut rest = wire;
    while !rest.is_empty() {
        let space = inbox.space(decoder.awaited());
        let count = rest.len().min(*sizes.next().unwrap()).min(space.len());
        assert!(count > 0, "the inbox is full and nothing can be decoded");
        space[..count].copy_from_slice(&rest[..count]);
        inbox.filled(count);
        rest = &rest[count..];
        loop {
            let (used, frame) = decoder.decode(inbox.unread());
            let frame = frame.map(|f| (f.kind, f.stream, f.payload.to_vec()));
            inbox.consume(used);
            match frame {
                Some(frame) => frames.push(frame),
                None => break,
            }
        }
    }
    (frames, decoder.is_broken())
}

fn any_frame() -> impl Strategy<Value = Owned> {
    let kinds = (1u8..=14).prop_map(|byte| FrameType::from_byte(byte).unwrap());
    (kinds, any::<u32>(), vec(any::<u8>(), 0..300))
}

fn wire_of(frames: &[Owned], pad: usize) -> Vec<u8> {
    let zeros = vec![0; pad];
    let one = |(kind, stream, payload): &Owned| {
        [&zeros, &header(*kind, *stream, payload.len())[..], payload].concat()
    };
    frames.iter().flat_map(one).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn frames_survive_any_chunking(
        frames in vec(any_frame(), 0..12),
        pad in 0usize..20,
        sizes in vec(1usize..700, 1..8),
    ) {
        let wire = wire_of(&frames, pad);
        prop_assert_eq!(decode_in_pieces(&wire, &sizes), (frames, false));
    }

    #[test]
    fn a_cut_stream_and_padding_always_lead_to_the_next_frame(
        frames in vec(any_frame(), 1..5),
        cut in any::<prop::sample::Index>(),
        sizes in vec(1usize..70_000, 1..4),
    ) {
        let mut wire = wire_of(&frames, 0);
        wire.truncate(cut.index(wire.len()));
        wire.extend(vec![0; RESYNC_ZEROS]);
        wire.extend(header(FrameType::Hello, 0, 3));
        wire.extend(b"abc");
        let (decoded, broken) = decode_in_pieces(&wire, &sizes);
        prop_assert!(!broken);
        prop_assert_eq!(decoded.last(), Some(&(FrameType::Hello, 0, b"abc".to_vec())));
    }

    #[test]
    fn garbage_and_twice_the_padding_lead_to_the_next_frame(
        garbage in vec(any::<u8>(), 0..2000),
        sizes in vec(1usize..70_000, 1..4),
    ) {
        // The first zeros fill a frame that garbage may have begun; the others end what is broken.
        let mut wire = garbage;
        wire.extend(vec![0; 2 * RESYNC_ZEROS]);
        wire.extend(header(FrameType::Ping, 0, 0));
        let (decoded, broken) = decode_in_pieces(&wire, &sizes);
        prop_assert!(!broken);
        prop_assert_eq!(decoded.last(), Some(&(FrameType::Ping, 0, Vec::new())));
    }

    #[test]
    fn json_payloads_never_panic(text in "\\PC{0,200}", bytes in vec(any::<u8>(), 0..200)) {
        for json in [text.as_bytes(), &bytes] {
            let _ = parse_request(json);
            let _ = parse::<Control>(json);
            let _ = parse::<Hello>(json);
        }
    }

    #[test]
    fn mutated_requests_never_panic(at in any::<prop::sample::Index>(), byte in any::<u8>(), which in 0usize..7) {
        let requests: [&[u8]; 7] = [
            br#"{"op":"exec","argv":["sh"],"env":["A=1"],"user":{"uid":1},"pty":{"cols":1,"rows":2}}"#,
            br#"{"op":"copyIn","path":"~/x","format":"tar","placement":{"kind":"cp","sourceName":"a","contents":true}}"#,
            br#"{"op":"configure","network":{"interface":"e","address":"1.2.3.4","prefix":24,"dns":["::1"],"ipv6":{"address":"fd00::2","prefix":64,"gateway":"fd00::1"}}}"#,
            br#"{"op":"copyOut","path":"/","format":"any","exclude":["*"],"user":"default"}"#,
            br#"{"op":"forward","target":{"host":"::1","port":80}}"#,
            br#"{"op":"forward","target":{"unix":"/run/x"}}"#,
            br#"{"op":"fs","action":"mkdir","path":"~/x","user":{"uid":1},"recursive":true,"mode":493}"#,
        ];
        let mut json = requests[which].to_vec();
        prop_assert!(parse_request(&json).is_ok());
        let index = at.index(json.len());
        json[index] = byte;
        let _ = parse_request(&json);
    }

    #[test]
    fn hosts_files_never_panic(text in "([a-z0-9:.# \\n]|\\PC){0,300}", name in "\\PC{0,10}") {
        prop_assert!(find(&text, &name).len() <= 8);
    }

    #[test]
    fn well_formed_hosts_are_found(name in "[a-z]{1,8}", v4 in any::<std::net::Ipv4Addr>(), v6 in any::<std::net::Ipv6Addr>()) {
        let text = format!("# x\n{v4}\tfirst.{name} {name} # 9.9.9.9 {name}\nnot-one {name}\n{v6} {}\n1.2.3.4 x{name}\n", name.to_uppercase());
        prop_assert_eq!(find(&text, &name), vec![std::net::IpAddr::from(v4), v6.into()]);
    }

    #[test]
    fn account_files_never_panic(text in "([a-z0-9:,#\\n]|\\PC){0,300}") {
        prop_assert!(parse_passwd(&text).iter().all(|account| !account.name.is_empty()));
        let _ = parse_memberships(&text, "root");
    }

    #[test]
    fn well_formed_accounts_are_found(name in "[a-z]{1,8}", uid in any::<u32>(), gid in any::<u32>()) {
        let accounts = parse_passwd(&format!("# x\n{name}:x:{uid}:{gid}:Full Name:/home/{name}:/bin/sh\nbad:line\n"));
        prop_assert_eq!(accounts.len(), 1);
        prop_assert_eq!((accounts[0].uid, accounts[0].gid), (uid, gid));
        let groups = parse_memberships(&format!("a:x:{gid}:x,{name}\nb:x:1:{name}x\n"), &name);
        prop_assert_eq!(groups, vec![gid]);
    }

    #[test]
    fn command_lines_never_panic(text in "\\PC{0,200}") {
        let _ = cmdline::parse(&text);
        let quoted = text.replace(['"', '-'], "");
        let parsed = cmdline::parse(&format!("x=\"{quoted}\" root=/dev/vdz"));
        prop_assert_eq!(parsed.root.as_deref(), Some("/dev/vdz"));
    }

    #[test]
    fn base64_is_undone(bytes in vec(any::<u8>(), 0..100), text in "\\PC{0,40}") {
        let _ = decode(&text);
        prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
    }

    #[test]
    fn globs_agree_with_a_plain_matcher(pattern in "[ab*?]{0,8}", name in "[ab]{0,8}") {
        prop_assume!(!name.is_empty() && !pattern.contains("**") && !pattern.is_empty());
        let matches = Patterns::new(std::slice::from_ref(&pattern)).matches(name.as_bytes());
        prop_assert_eq!(matches, plain(pattern.as_bytes(), name.as_bytes()));
    }

    #[test]
    fn globs_never_panic(pattern in "\\PC{0,30}", path in "\\PC{0,60}") {
        let _ = Patterns::new(&[pattern]).matches(path.as_bytes());
    }

    #[test]
    fn names_that_are_accepted_stay_inside(name in vec(prop::sample::select(b"a./\0".to_vec()), 0..12)) {
        if let Ok(parts) = components(&name) {
            prop_assert!(!name.starts_with(b"/"));
            for part in parts {
                let bytes = part.to_bytes();
                prop_assert!(!bytes.is_empty() && bytes != b"." && bytes != b".." && !bytes.contains(&b'/'));
            }
        }
    }

    #[test]
    fn tar_headers_never_panic(block in vec(any::<u8>(), 512), pax in vec(any::<u8>(), 0..200)) {
        let _ = parse_header(&block);
        let _ = parse_pax(&pax);
    }

    #[test]
    fn archives_survive_any_chunking(members in vec(any_member(), 0..6), sizes in vec(1usize..3000, 1..6)) {
        let wire = archive(&members);
        let mut seen = Seen::default();
        let mut reader = TarReader::new();
        let mut rest = &wire[..];
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (now, later) = rest.split_at(rest.len().min(*size));
            reader.push(now, &mut seen).unwrap();
            rest = later;
        }
        reader.finish().unwrap();
        let expected: Vec<_> = members.iter().map(|(m, content)| (m.name.clone(), m.mtime, content.clone())).collect();
        prop_assert_eq!(seen.entries, expected);
    }

    #[test]
    fn damaged_archives_never_panic_nor_grow(
        members in vec(any_member(), 1..4),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut wire = archive(&members);
        for (at, byte) in changes {
            let index = at.index(wire.len());
            wire[index] = byte;
        }
        wire.truncate(cut.index(wire.len()));
        let mut seen = Seen::default();
        let mut reader = TarReader::new();
        let outcome = reader.push(&wire, &mut seen).and_then(|()| reader.finish());
        prop_assert!(outcome.is_ok() || outcome.is_err());
        let bytes: usize = seen.entries.iter().map(|(_, _, content)| content.len()).sum();
        prop_assert!(bytes <= wire.len());
    }
}

fn any_member() -> impl Strategy<Value = (Member, Vec<u8>)> {
    let name = "[a-z]{1,60}(/[a-z]{1,60}){0,3}";
    let numbers = (
        0u32..0o7777,
        any::<u32>(),
        any::<u32>(),
        -5i64..9_000_000_000,
    );
    (name, vec(any::<u8>(), 0..1500), numbers, any::<bool>()).prop_map(
        |(name, content, (mode, uid, gid, mtime), is_directory)| {
            let content = if is_directory { Vec::new() } else { content };
            let name = if is_directory { name + "/" } else { name };
            let member = Member {
                name: name.into_bytes(),
                is_directory,
                mode,
                uid,
                gid,
                size: content.len() as u64,
                mtime: mtime.max(0),
            };
            (member, content)
        },
    )
}

fn archive(members: &[(Member, Vec<u8>)]) -> Vec<u8> {
    let one = |(member, content): &(Member, Vec<u8>)| {
        [
            &header_blocks(member)[..],
            content,
            &vec![0; padding(member.size)],
        ]
        .concat()
    };
    let mut wire: Vec<u8> = members.iter().flat_map(one).collect();
    wire.extend(end_blocks());
    wire
}

/// A sink that keeps everything.
#[derive(Default)]
struct Seen {
    entries: Vec<(Vec<u8>, i64, Vec<u8>)>,
}

impl Sink for Seen {
    fn begin(&mut self, entry: &Entry) -> Answer<()> {
        assert!(entry.kind != EntryKind::Directory || entry.size < u64::MAX);
        self.entries
            .push((entry.name.clone(), entry.mtime, Vec::new()));
        Ok(())
    }

    fn data(&mut self, bytes: &[u8]) -> Answer<()> {
        self.entries.last_mut().unwrap().2.extend(bytes);
        Ok(())
    }

    fn complete(&mut self) -> Answer<()> {
        Ok(())
    }
}

/// The obvious, slow matcher.
fn plain(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.first(), name.first()) {
        (None, None) => true,
        (Some(b'*'), _) => {
            plain(&pattern[1..], name) || (!name.is_empty() && plain(pattern, &name[1..]))
        }
        (Some(b'?'), Some(_)) => plain(&pattern[1..], &name[1..]),
        (Some(a), Some(b)) if a == b => plain(&pattern[1..], &name[1..]),
        _ => false,
    }
}

fn encode(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let value = chunk
            .iter()
            .fold(0u32, |value, byte| value << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for index in 0..4 {
            let digit = DIGITS[(value >> (18 - 6 * index) & 63) as usize] as char;
            text.push(if index > chunk.len() { '=' } else { digit });
        }
    }
    text
}

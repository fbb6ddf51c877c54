//! The headers of a tar archive: ustar, with a pax header where ustar is too narrow. Pure.

use crate::tar_header::BLOCK_BYTES;

/// longest name that fits the ustar field, in bytes
const NAME_BYTES: usize = 100;
/// largest number that fits eleven octal digits
const OCTAL_11_MAX: u64 = 0o777_7777_7777;
/// largest number that fits seven octal digits
const OCTAL_7_MAX: u64 = 0o777_7777;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// clean and relative; a directory's ends in one slash
    pub name: Vec<u8>,
    pub is_directory: bool,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub size: u64,
    pub mtime: i64,
}

/// The blocks that announce `member`: one, or three and more with a pax header.
pub fn header_blocks(member: &Member) -> Vec<u8> {
    let records = pax_records(member);
    let mut blocks = Vec::new();
    if !records.is_empty() {
        let extension = Member {
            name: b"././@PaxHeader".to_vec(),
            is_directory: false,
            mode: 0o644,
            uid: 0,
            gid: 0,
            size: records.len() as u64,
            mtime: 0,
        };
        blocks.extend(block(&extension, b'x'));
        blocks.extend(&records);
        blocks.resize(blocks.len() + padding(records.len() as u64), 0);
    }
    blocks.extend(block(member, if member.is_directory { b'5' } else { b'0' }));
    blocks
}

/// The two zero blocks at an archive's end.
pub fn end_blocks() -> Vec<u8> {
    vec![0; 2 * BLOCK_BYTES]
}

/// Zeros from the end of `size` bytes to the next block.
pub fn padding(size: u64) -> usize {
    let over = (size % BLOCK_BYTES as u64) as usize;
    (BLOCK_BYTES - over) % BLOCK_BYTES
}

fn pax_records(member: &Member) -> Vec<u8> {
    let mut records = Vec::new();
    if member.name.len() > NAME_BYTES {
        records.extend(record("path", &member.name));
    }
    if member.size > OCTAL_11_MAX {
        records.extend(record("size", member.size.to_string().as_bytes()));
    }
    if !(0..=OCTAL_11_MAX as i64).contains(&member.mtime) {
        records.extend(record("mtime", member.mtime.to_string().as_bytes()));
    }
    for (key, id) in [("uid", member.uid), ("gid", member.gid)] {
        if u64::from(id) > OCTAL_7_MAX {
            records.extend(record(key, id.to_string().as_bytes()));
        }
    }
    records
}

/// `LENGTH key=value\n`: the length counts its own digits.
fn record(key: &str, value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    [format!("{length} {key}=").as_bytes(), value, b"\n"].concat()
}

fn block(member: &Member, kind: u8) -> [u8; BLOCK_BYTES] {
    let mut block = [0u8; BLOCK_BYTES];
    let name = &member.name[..member.name.len().min(NAME_BYTES)];
    block[..name.len()].copy_from_slice(name);
    octal(&mut block[100..108], u64::from(member.mode & 0o7777));
    octal(&mut block[108..116], u64::from(member.uid).min(OCTAL_7_MAX));
    octal(&mut block[116..124], u64::from(member.gid).min(OCTAL_7_MAX));
    octal(&mut block[124..136], member.size.min(OCTAL_11_MAX));
    let mtime = u64::try_from(member.mtime).unwrap_or(0);
    octal(&mut block[136..148], mtime.min(OCTAL_11_MAX));
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    block[148..156].fill(b' ');
    let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
    octal(&mut block[148..155], sum);
    block
}

/// Octal digits with leading zeros and a NUL at the end of the field.
fn octal(field: &mut [u8], value: u64) {
    let digits = field.len() - 1;
    let text = format!("{value:0digits$o}");
    field[..digits].copy_from_slice(&text.as_bytes()[text.len() - digits..]);
    field[digits] = 0;
}

//! One 512-byte tar header, and the records of a pax header: parsing only. Pure.

use crate::refusal::Answer;
use crate::tar_read::bad;

pub const BLOCK_BYTES: usize = 512;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub name: Vec<u8>,
    pub kind: u8,
    pub mode: u32,
    pub mtime: i64,
    pub size: u64,
}

/// What a pax header may override.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct PaxFields {
    pub path: Option<Vec<u8>>,
    pub size: Option<u64>,
    pub mtime: Option<i64>,
}

impl PaxFields {
    pub fn merge(&mut self, other: Self) {
        self.path = other.path.or(self.path.take());
        self.size = other.size.or(self.size);
        self.mtime = other.mtime.or(self.mtime);
    }
}

/// A header block; it must be `BLOCK_BYTES` long.
pub fn parse_header(block: &[u8]) -> Answer<Header> {
    if block.len() != BLOCK_BYTES {
        return Err(bad("a header is cut off"));
    }
    check_sum(block)?;
    let mut name = text(&block[..100]).to_vec();
    let is_posix = &block[257..263] == b"ustar\0";
    let prefix = text(&block[345..500]);
    if is_posix && !prefix.is_empty() {
        name = [prefix, b"/", &name].concat();
    }
    let size = number(&block[124..136])?;
    let mode = number(&block[100..108])?;
    Ok(Header {
        name,
        kind: block[156],
        mode: u32::try_from(mode & 0o7777).map_err(|_| bad("a mode is not a number"))?,
        mtime: number(&block[136..148])?,
        size: u64::try_from(size).map_err(|_| bad("a size is negative"))?,
    })
}

/// The sum of all bytes, the checksum's own counted as spaces; some archivers sum signed bytes.
fn check_sum(block: &[u8]) -> Answer<()> {
    let byte_at = |(index, byte): (usize, &u8)| match index {
        148..=155 => b' ',
        _ => *byte,
    };
    let bytes = || block.iter().enumerate().map(byte_at);
    let unsigned: i64 = bytes().map(i64::from).sum();
    let signed: i64 = bytes().map(|byte| i64::from(byte as i8)).sum();
    match number(&block[148..156])? {
        sum if sum == unsigned || sum == signed => Ok(()),
        _ => Err(bad("a header's checksum is wrong")),
    }
}

fn text(field: &[u8]) -> &[u8] {
    let end = field.iter().position(|byte| *byte == 0);
    &field[..end.unwrap_or(field.len())]
}

/// Octal digits, or GNU's base 256 when the first bit is set.
fn number(field: &[u8]) -> Answer<i64> {
    if field[0] & 0x80 != 0 {
        return base_256(field);
    }
    let digits: Vec<u8> = field
        .iter()
        .copied()
        .skip_while(|byte| *byte == b' ')
        .take_while(|byte| !matches!(byte, 0 | b' '))
        .collect();
    digits.iter().try_fold(0i64, |value, digit| match digit {
        // The widest octal field has 12 digits: 36 bits.
        b'0'..=b'7' => Ok(value * 8 + i64::from(digit - b'0')),
        _ => Err(bad("a number in a header is damaged")),
    })
}

fn base_256(field: &[u8]) -> Answer<i64> {
    let negative = field[0] & 0x40 != 0;
    let first = i128::from(field[0] & 0x3f) - if negative { 0x40 } else { 0 };
    let value = field[1..].iter().try_fold(first, |value, byte| {
        value.checked_mul(256)?.checked_add(i128::from(*byte))
    });
    let value = value.and_then(|value| i64::try_from(value).ok());
    value.ok_or_else(|| bad("a number in a header is too large"))
}

/// The records of a pax header: `LENGTH key=value\n`, LENGTH counting the whole record.
pub fn parse_pax(mut records: &[u8]) -> Answer<PaxFields> {
    let damaged = || bad("a pax header is damaged");
    let mut fields = PaxFields::default();
    while records.first().is_some_and(|byte| *byte != 0) {
        let space = records
            .iter()
            .take(8)
            .position(|b| *b == b' ')
            .ok_or_else(damaged)?;
        let length: usize = digits(&records[..space]).ok_or_else(damaged)?;
        if length <= space + 1 || length > records.len() || records[length - 1] != b'\n' {
            return Err(damaged());
        }
        let record = &records[space + 1..length - 1];
        let equals = record.iter().position(|b| *b == b'=').ok_or_else(damaged)?;
        take_record(&mut fields, &record[..equals], &record[equals + 1..])?;
        records = &records[length..];
    }
    Ok(fields)
}

fn take_record(fields: &mut PaxFields, key: &[u8], value: &[u8]) -> Answer<()> {
    let damaged = || bad("a value in a pax header is damaged");
    match key {
        b"path" => fields.path = Some(value.to_vec()),
        b"size" => fields.size = Some(digits(value).ok_or_else(damaged)?),
        b"mtime" => {
            let whole = value.split(|byte| *byte == b'.').next().unwrap_or(value);
            fields.mtime = Some(digits(whole).ok_or_else(damaged)?);
        }
        _ if key.starts_with(b"GNU.sparse.") => return Err(bad("sparse files are not understood")),
        _ => {}
    }
    Ok(())
}

fn digits<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

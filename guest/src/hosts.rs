//! `/etc/hosts`: which addresses a name has. No name server is asked.

use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// most of the file that is read, in bytes
const MAX_FILE_BYTES: u64 = 1024 * 1024;
/// addresses of one name that are tried
const MAX_ADDRESSES: usize = 8;

/// The addresses of a literal, of `localhost` or of a name in `/etc/hosts`; empty if unknown.
pub fn addresses(host: &str) -> Vec<IpAddr> {
    if let Ok(address) = host.parse() {
        return vec![address];
    }
    if host.eq_ignore_ascii_case("localhost") {
        return vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    }
    let mut bytes = Vec::new();
    let read =
        File::open("/etc/hosts").and_then(|file| file.take(MAX_FILE_BYTES).read_to_end(&mut bytes));
    match read {
        Ok(_) => find(&String::from_utf8_lossy(&bytes), host),
        // A guest without the file knows no names.
        Err(_) => Vec::new(),
    }
}

/// The addresses that a hosts file gives `name`, in its order; lines that make no sense are skipped.
pub fn find(text: &str, name: &str) -> Vec<IpAddr> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split('#').next()?.split_ascii_whitespace();
            let address = words.next()?.parse().ok()?;
            words
                .any(|word| word.eq_ignore_ascii_case(name))
                .then_some(address)
        })
        .take(MAX_ADDRESSES)
        .collect()
}

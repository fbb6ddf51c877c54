//! `configure`: what makes a booted guest this VM and no other.
//!
//! Each part is applied on its own, in a fixed order; the first failure stops the rest, and the
//! answer says what was applied before it. Applying a part twice does no harm.

use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::authorized_keys::authorize;
use crate::base64::decode;
use crate::growth::grow_root;
use crate::machine_id;
use crate::refusal::{About, Answer, Refusal};
use crate::request::{ConfigureRequest, Network};
use crate::small_file::rewrite;
use crate::sys::interface::Interfaces;
use crate::sys::{clock, entropy};
use crate::userdata;

/// a smaller error of the wall clock is left alone, in ns
const CLOCK_TOLERANCE_NS: u128 = 100_000_000;
const MIN_ENTROPY_BYTES: usize = 32;
/// longest host name the kernel takes, in bytes
const MAX_HOSTNAME_BYTES: usize = 64;

#[derive(Default)]
pub struct Outcome {
    pub applied: Vec<&'static str>,
    pub refusal: Option<Refusal>,
}

#[derive(Serialize)]
pub struct AppliedJson<'a> {
    ok: bool,
    applied: &'a [&'static str],
}

impl Outcome {
    pub fn applied_json(&self) -> AppliedJson<'_> {
        AppliedJson {
            ok: true,
            applied: &self.applied,
        }
    }
}

/// Applies every part that is present. Entropy comes first: nothing after it may use stale bytes.
pub fn configure(request: &ConfigureRequest) -> Outcome {
    let mut outcome = Outcome::default();
    if let Err(refusal) = apply(request, &mut outcome.applied) {
        outcome.refusal = Some(refusal);
    }
    outcome
}

fn apply(request: &ConfigureRequest, applied: &mut Vec<&'static str>) -> Answer<()> {
    if let Some(base64) = &request.entropy {
        add_entropy(base64)?;
        applied.push("entropy");
    }
    if let Some(time) = &request.time_ns {
        set_clock(time)?;
        applied.push("time");
    }
    if let Some(name) = &request.hostname {
        set_hostname(name)?;
        applied.push("hostname");
    }
    if let Some(id) = &request.machine_id {
        if machine_id::give(Path::new("/"), id)? {
            applied.push("machineId");
        }
    }
    if let Some(network) = &request.network {
        set_network(network)?;
        applied.push("network");
    }
    if request.grow_root {
        grow_root()?;
        applied.push("growRoot");
    }
    if !request.ssh_keys.is_empty() {
        authorize(&request.ssh_keys)?;
        applied.push("sshKeys");
    }
    if !request.mounts.is_empty() {
        return Err(Refusal::new(
            crate::refusal::Code::Unsupported,
            "this agent mounts nothing yet",
        ));
    }
    if let Some(script) = &request.userdata {
        userdata::start_once(script)?;
        applied.push("userdata");
    }
    Ok(())
}

pub fn add_entropy(base64: &str) -> Answer<()> {
    let bytes = decode(base64).ok_or_else(|| Refusal::bad_request("entropy is not base64"))?;
    if !(MIN_ENTROPY_BYTES..=entropy::MAX_BYTES).contains(&bytes.len()) {
        let message = format!(
            "entropy: {MIN_ENTROPY_BYTES} to {} bytes",
            entropy::MAX_BYTES
        );
        return Err(Refusal::bad_request(message));
    }
    entropy::reseed(&bytes).about("entropy")
}

fn set_clock(time_ns: &str) -> Answer<()> {
    let wanted = wanted_clock(time_ns)?;
    if clock::wall_ns().abs_diff(wanted) <= CLOCK_TOLERANCE_NS {
        return Ok(());
    }
    clock::set_wall_ns(wanted).about("setting the clock")
}

pub fn wanted_clock(time_ns: &str) -> Answer<i128> {
    let wanted: Result<i64, _> = time_ns.parse();
    wanted
        .map(i128::from)
        .map_err(|_| Refusal::bad_request("timeNs is not a number of nanoseconds"))
}

pub fn set_hostname(name: &str) -> Answer<()> {
    let fits = !name.is_empty() && name.len() <= MAX_HOSTNAME_BYTES;
    let clean = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    if !fits || !name.chars().all(clean) || name.starts_with(['-', '.']) {
        return Err(Refusal::bad_request(format!("{name:?} is no host name")));
    }
    rustix::system::sethostname(name.as_bytes()).about("setting the host name")?;
    write_changed("/etc/hostname", &format!("{name}\n"))?;
    let hosts = fs::read_to_string("/etc/hosts").unwrap_or_default();
    write_changed("/etc/hosts", &hosts_with(&hosts, name))
}

/// The hosts file with `127.0.1.1` (and nothing else) naming the guest.
fn hosts_with(hosts: &str, name: &str) -> String {
    let mut text = String::new();
    if hosts.is_empty() {
        text.push_str("127.0.0.1\tlocalhost\n");
    }
    for line in hosts.lines() {
        if line.split_whitespace().next() != Some("127.0.1.1") {
            text.push_str(line);
            text.push('\n');
        }
    }
    text + &format!("127.0.1.1\t{name}\n")
}

pub fn set_network(network: &Network) -> Answer<()> {
    if network.prefix > 32 {
        return Err(Refusal::bad_request("a prefix has at most 32 bits"));
    }
    let name = &network.interface;
    let interfaces = Interfaces::open().about("opening a socket")?;
    if let Some(mac) = &network.mac {
        let set = interfaces.set_mac(name, mac);
        set.about(format!("{name}: setting the MAC address {mac:?}"))?;
    }
    interfaces
        .set_address(name, network.address, network.prefix)
        .about(format!("{name}: setting the address"))?;
    if network.ipv6.is_some() {
        // Nobody else has the addresses, so they are used at once. Without IPv6 there is no such file.
        let _none = fs::write(format!("/proc/sys/net/ipv6/conf/{name}/accept_dad"), "0");
    }
    interfaces
        .bring_up(name)
        .about(format!("{name}: bringing it up"))?;
    if let Some(gateway) = network.gateway {
        interfaces
            .route_by(gateway)
            .about(format!("{name}: route by {gateway}"))?;
    }
    if let Some(ipv6) = &network.ipv6 {
        interfaces
            .set_ipv6(name, ipv6)
            .about(format!("{name}: setting {}", ipv6.address))?;
    }
    if network.dns.is_empty() {
        return Ok(());
    }
    let lines = network
        .dns
        .iter()
        .map(|server| format!("nameserver {server}\n"));
    write_resolv_conf(&lines.collect::<String>())
}

/// A dangling link (to a resolver that does not run) is replaced by a plain file.
fn write_resolv_conf(text: &str) -> Answer<()> {
    const PATH: &str = "/etc/resolv.conf";
    if fs::symlink_metadata(PATH).is_ok_and(|m| m.is_symlink()) && fs::metadata(PATH).is_err() {
        fs::remove_file(PATH).about(PATH)?;
    }
    write_changed(PATH, text)
}

/// Writes a file unless it says so already: configuring again costs no disk write.
fn write_changed(path: &str, text: &str) -> Answer<()> {
    if fs::read_to_string(path).is_ok_and(|known| known == text) {
        return Ok(());
    }
    rewrite(Path::new(path), 0o644, text).about(path)
}

#[cfg(test)]
mod tests {
    use super::hosts_with;

    #[test]
    fn the_guests_line_is_replaced_and_others_kept() {
        let before = "127.0.0.1\tlocalhost\n127.0.1.1 old\n10.0.0.1 peer\n";
        let after = hosts_with(before, "new");
        assert_eq!(
            after,
            "127.0.0.1\tlocalhost\n10.0.0.1 peer\n127.0.1.1\tnew\n"
        );
        assert_eq!(hosts_with(&after, "new"), after);
        assert_eq!(hosts_with("", "a"), "127.0.0.1\tlocalhost\n127.0.1.1\ta\n");
    }
}

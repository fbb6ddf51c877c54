//! `reidentify`: a guest that has another's memory becomes somebody of its own.
//!
//! All parts or none is said: the first failure is the answer, and no receipt is given. What the
//! receipt says was read back from the kernel or the disk. Doing it twice does no harm.

use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::configure::{add_entropy, set_hostname, set_network, wanted_clock};
use crate::health::hostname;
use crate::refusal::{About, Answer, Refusal};
use crate::request::{ConfigureRequest, Network};
use crate::sys::interface::Interfaces;
use crate::sys::{clock, connections};
use crate::{host_keys, machine_id};

#[derive(Serialize)]
pub struct Confirmed {
    ok: bool,
    receipt: Receipt,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Receipt {
    rng: &'static str,
    /// as text: nanoseconds may not fit a JSON number
    clock_step_ns: String,
    hostname: String,
    machine_id: String,
    ssh_host_keys: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mac: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    connections_cut: u32,
}

/// The random source first: nothing after it may draw what the original drew.
pub fn reidentify(request: &ConfigureRequest) -> Answer<Confirmed> {
    add_entropy(needed(&request.entropy, "entropy")?)?;
    let clock_step_ns = step_clock(needed(&request.time_ns, "timeNs")?)?.to_string();
    set_hostname(needed(&request.hostname, "hostname")?)?;
    let root = Path::new("/");
    let machine_id = match &request.machine_id {
        None => machine_id::known(root),
        Some(id) => machine_id::replace(root, id)?,
    };
    let ssh_host_keys = match &request.ssh_host_keys {
        None => "kept",
        Some(keys) if host_keys::renew(root, keys)? => {
            host_keys::tell_server();
            "renewed"
        }
        Some(_) => "none",
    };
    let (mac, address, connections_cut) = match &request.network {
        None => (None, None, 0),
        Some(network) => {
            let (mac, address, cut) = change_network(network)?;
            (Some(mac), address, cut)
        }
    };
    let receipt = Receipt {
        rng: "reseeded",
        clock_step_ns,
        hostname: hostname(),
        machine_id,
        ssh_host_keys,
        mac,
        address,
        connections_cut,
    };
    Ok(Confirmed { ok: true, receipt })
}

fn needed<'a>(part: &'a Option<String>, name: &str) -> Answer<&'a str> {
    let missing = || Refusal::bad_request(format!("{name} is missing"));
    part.as_deref().ok_or_else(missing)
}

/// However little it is off: a copy has no reason to believe its own clock. Returns by how much.
fn step_clock(time_ns: &str) -> Answer<i64> {
    let wanted = wanted_clock(time_ns)?;
    let before = clock::wall_ns();
    clock::set_wall_ns(wanted).about("setting the clock")?;
    Ok((wanted - before) as i64) // both are within the centuries that 64 bits hold
}

/// The link is taken down first: with it go routes and IPv6 addresses, and nothing that is said to
/// end a connection of the original reaches its other end.
fn change_network(network: &Network) -> Answer<(String, Option<String>, u32)> {
    let name = &network.interface;
    let interfaces = Interfaces::open().about("opening a socket")?;
    let take_down = interfaces.take_down(name);
    let was_up = take_down.about(format!("{name}: taking it down"))?;
    // A kernel that cannot end them leaves them without an address: nobody hears of them again.
    let cut = if was_up && has_connections() {
        connections::end_all().unwrap_or(0)
    } else {
        0
    };
    let dropped = interfaces.drop_addresses(name);
    dropped.about(format!("{name}: dropping the old addresses"))?;
    set_network(network)?;
    let mac = interfaces.mac(name).about(name)?;
    let address = interfaces.address(name).about(name)?;
    Ok((mac, address.map(|address| address.to_string()), cut))
}

/// Whether any connection leads out of the machine. The kernel's list of them may be a module that
/// would have to be loaded to say the same.
fn has_connections() -> bool {
    ["/proc/net/tcp", "/proc/net/tcp6"].iter().any(|path| {
        let table = fs::read_to_string(path).unwrap_or_default();
        table.lines().skip(1).any(leads_out)
    })
}

/// `0: 0100007F:0016 00000000:0000 0A …`, the address in the byte order of the machine.
fn leads_out(line: &str) -> bool {
    let mut fields = line.split_whitespace().skip(1);
    let own = fields.next().unwrap_or("");
    let is_loopback = own.get(6..8) == Some("7F") && own.len() < 16
        || own.starts_with("00000000000000000000000001000000")
        || own.starts_with("0000000000000000FFFF0000") && own.get(30..32) == Some("7F");
    // waiting for its time to pass, closed, and listening
    !is_loopback && !matches!(fields.nth(1), None | Some("06" | "07" | "0A"))
}

#[cfg(test)]
mod tests {
    use super::leads_out;

    #[test]
    fn what_leads_out_is_told_from_what_does_not() {
        let out = [
            "1: 0200090A:D431 0100090A:01BB 01 00000000:00000000",
            "2: 000080FE00000000FF005450000000FE:0016 000080FE:1 01 0:0",
            "3: 0000000000000000FFFF00000200090A:0016 0000000000000000FFFF00000100090A:1 08 0:0",
        ];
        let not = [
            "0: 0100007F:0016 0100007F:1234 01 00000000:00000000",
            "0: 0200090A:0016 00000000:0000 0A 00000000:00000000",
            "0: 0200090A:0016 0100090A:1234 06 00000000:00000000",
            "0: 00000000000000000000000001000000:0016 0:1 01 0:0",
            "0: 0000000000000000FFFF00000100007F:0016 0:1 01 0:0",
            "",
        ];
        assert!(out.iter().all(|line| leads_out(line)));
        assert!(!not.iter().any(|line| leads_out(line)));
    }
}

//! Ending TCP connections of this machine through the kernel's sock_diag.

use std::io;
use std::os::fd::{AsFd, FromRawFd, OwnedFd};

/// `SOCK_DIAG_BY_FAMILY` and `SOCK_DESTROY`
const LIST: u16 = 20;
const DESTROY: u16 = 21;
/// a bit for each state: all but closed, waiting for its time to pass, and listening
const STATES: u32 = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 8 | 1 << 9 | 1 << 11;

/// a message's header: length, kind, flags, number, sender
const HEADER_BYTES: usize = 16;
/// `struct inet_diag_req_v2`: family, protocol, extensions, padding, states, and the socket
const REQUEST_BYTES: usize = 8 + SOCKET_BYTES;
/// `struct inet_diag_sockid`: ports, addresses, interface, cookie
const SOCKET_BYTES: usize = 48;
/// `struct inet_diag_msg` begins with four bytes, then the socket
const FOUND_SOCKET_AT: usize = 4;
/// of its socket: where this machine's address is
const OWN_ADDRESS_AT: usize = 4;
/// more than the kernel sends at once, in bytes
const ANSWER_BYTES: usize = 64 * 1024;
/// more than these are not ended, for each family
const MAX_FOUND: usize = 16_384;

type Socket = [u8; SOCKET_BYTES];

/// Ends every TCP connection that does not come from the machine itself. Returns how many; fails
/// where the kernel cannot.
pub fn end_all() -> io::Result<u32> {
    let link = open()?;
    let mut ended = 0;
    for family in [libc::AF_INET as u8, libc::AF_INET6 as u8] {
        for socket in list(&link, family)? {
            send(&link, DESTROY, libc::NLM_F_ACK, (family, &socket))?;
            let mut answer = [0; 512];
            let count = receive(&link, &mut answer)?;
            // One that ended by itself meanwhile is not there any more.
            ended += u32::from(error_in(&answer[..count]) == Some(0));
        }
    }
    Ok(ended)
}

fn open() -> io::Result<OwnedFd> {
    let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC;
    // SAFETY: no memory is involved; the result is checked before it is owned.
    let fd = unsafe { libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_SOCK_DIAG) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a fresh descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn list(link: &OwnedFd, family: u8) -> io::Result<Vec<Socket>> {
    send(link, LIST, libc::NLM_F_DUMP, (family, &[0; SOCKET_BYTES]))?;
    let mut answer = vec![0; ANSWER_BYTES];
    let mut found = Vec::new();
    loop {
        let count = receive(link, &mut answer)?;
        let mut rest = &answer[..count];
        while let Some((kind, body, next)) = message(rest) {
            match kind {
                LIST => found.extend(socket_in(body).filter(|s| !is_loopback(family, s))),
                _ => {
                    // The end of the list, or why there is none.
                    let error = error_in(rest).filter(|_| i32::from(kind) == libc::NLMSG_ERROR);
                    return match error.unwrap_or(0) {
                        0 => Ok(found),
                        errno => Err(io::Error::from_raw_os_error(errno)),
                    };
                }
            }
            rest = next;
        }
        found.truncate(MAX_FOUND);
    }
}

fn send(link: &OwnedFd, kind: u16, flags: i32, about: (u8, &Socket)) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES + REQUEST_BYTES);
    let length = (HEADER_BYTES + REQUEST_BYTES) as u32;
    bytes.extend(length.to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(((libc::NLM_F_REQUEST | flags) as u16).to_ne_bytes());
    bytes.extend([0; 8]);
    bytes.extend([about.0, libc::IPPROTO_TCP as u8, 0, 0]);
    bytes.extend(STATES.to_ne_bytes());
    bytes.extend(about.1);
    rustix::io::write(link, &bytes)?;
    Ok(())
}

fn receive(link: &OwnedFd, space: &mut [u8]) -> io::Result<usize> {
    Ok(rustix::io::read(link.as_fd(), space)?)
}

/// The first message in `bytes`: its kind, its body, and what comes after it.
fn message(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = u32::from_ne_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
    let kind = u16::from_ne_bytes(bytes.get(4..6)?.try_into().ok()?);
    let body = bytes.get(HEADER_BYTES..length)?;
    let next = length.next_multiple_of(4).min(bytes.len());
    Some((kind, body, &bytes[next..]))
}

fn socket_in(body: &[u8]) -> Option<Socket> {
    let end = FOUND_SOCKET_AT + SOCKET_BYTES;
    body.get(FOUND_SOCKET_AT..end)?.try_into().ok()
}

/// The error number in an answer; 0 says that it was done.
fn error_in(bytes: &[u8]) -> Option<i32> {
    let (_, body, _) = message(bytes)?;
    let negative = i32::from_ne_bytes(body.get(..4)?.try_into().ok()?);
    Some(negative.saturating_neg())
}

fn is_loopback(family: u8, socket: &Socket) -> bool {
    let own = &socket[OWN_ADDRESS_AT..OWN_ADDRESS_AT + 16];
    const SIX: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    const FOUR_IN_SIX: [u8; 13] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127];
    match i32::from(family) {
        libc::AF_INET => own[0] == 127,
        _ => own == SIX || own[..13] == FOUR_IN_SIX,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::{is_loopback, list, message, open, Socket};

    /// A connection within this machine is listed by the kernel, and left out as such.
    #[test]
    fn connections_within_the_machine_are_not_among_them() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let port = client.local_addr().unwrap().port().to_be_bytes();
        let Ok(found) = list(&open().unwrap(), libc::AF_INET as u8) else {
            return; // a kernel without sock_diag
        };
        assert!(found.iter().all(|socket| socket[..2] != port));
    }

    #[test]
    fn loopback_is_known_in_all_its_forms() {
        let with = |address: [u8; 16]| {
            let mut socket: Socket = [0; 48];
            socket[4..20].copy_from_slice(&address);
            socket
        };
        let six = |text: &str| text.parse::<std::net::Ipv6Addr>().unwrap().octets();
        let [v4, v6] = [libc::AF_INET as u8, libc::AF_INET6 as u8];
        assert!(is_loopback(v6, &with(six("::1"))));
        assert!(is_loopback(v6, &with(six("::ffff:127.0.0.1"))));
        assert!(!is_loopback(v6, &with(six("fd00::2"))));
        assert!(!is_loopback(v6, &with(six("::ffff:10.0.0.2"))));
        let mut four = [0; 16];
        four[..4].copy_from_slice(&[127, 0, 0, 1]);
        assert!(is_loopback(v4, &with(four)));
        four[0] = 10;
        assert!(!is_loopback(v4, &with(four)));
    }

    #[test]
    fn a_message_that_is_cut_is_none() {
        assert_eq!(message(&[]), None);
        assert_eq!(
            message(&[200, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            None
        );
        assert_eq!(
            message(&[4, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            None
        );
    }
}

//! A network interface by ioctl: address, netmask, up, default route. No program is started.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use crate::request::Ipv6Network;

/// The socket through which the kernel takes interface requests.
pub struct Interfaces {
    socket: OwnedFd,
}

impl Interfaces {
    pub fn open() -> io::Result<Self> {
        let socket = socket_of(libc::AF_INET)?;
        Ok(Self { socket })
    }

    pub fn set_address(&self, name: &str, address: Ipv4Addr, prefix: u8) -> io::Result<()> {
        let mut request = request_for(name)?;
        request.ifr_ifru.ifru_addr = socket_address(address);
        self.call(libc::SIOCSIFADDR, &mut request)?;
        let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
        request.ifr_ifru.ifru_netmask = socket_address(Ipv4Addr::from(mask));
        self.call(libc::SIOCSIFNETMASK, &mut request)
    }

    pub fn bring_up(&self, name: &str) -> io::Result<()> {
        let up = (libc::IFF_UP | libc::IFF_RUNNING) as i16;
        self.change_flags(name, |flags| flags | up).map(drop)
    }

    /// Returns whether it was up.
    pub fn take_down(&self, name: &str) -> io::Result<bool> {
        self.change_flags(name, |flags| flags & !(libc::IFF_UP as i16))
    }

    /// Returns whether anything changed.
    fn change_flags(&self, name: &str, change: impl Fn(i16) -> i16) -> io::Result<bool> {
        let mut request = request_for(name)?;
        self.call(libc::SIOCGIFFLAGS, &mut request)?;
        // SAFETY: SIOCGIFFLAGS has just filled this member of the union.
        let flags = unsafe { request.ifr_ifru.ifru_flags };
        if change(flags) == flags {
            return Ok(false);
        }
        request.ifr_ifru.ifru_flags = change(flags);
        self.call(libc::SIOCSIFFLAGS, &mut request)?;
        Ok(true)
    }

    /// The first IPv4 address.
    pub fn address(&self, name: &str) -> io::Result<Option<Ipv4Addr>> {
        let mut request = request_for(name)?;
        match self.call(libc::SIOCGIFADDR, &mut request) {
            Err(error) if error.raw_os_error() == Some(libc::EADDRNOTAVAIL) => Ok(None),
            result => {
                result?;
                // SAFETY: SIOCGIFADDR has just filled this member of the union.
                let data = unsafe { request.ifr_ifru.ifru_addr.sa_data };
                let octets = [data[2], data[3], data[4], data[5]];
                Ok(Some(Ipv4Addr::from(octets.map(|byte| byte as u8))))
            }
        }
    }

    /// Takes all IPv4 addresses away, and with them their routes.
    pub fn drop_addresses(&self, name: &str) -> io::Result<()> {
        for _ in 0..MAX_ADDRESSES {
            if self.address(name)?.is_none() {
                return Ok(());
            }
            let mut request = request_for(name)?;
            request.ifr_ifru.ifru_addr = socket_address(Ipv4Addr::UNSPECIFIED);
            self.call(libc::SIOCSIFADDR, &mut request)?;
        }
        Err(io::Error::from_raw_os_error(libc::ELOOP))
    }

    /// The hardware's address, as `02:00:00:00:00:01`.
    pub fn mac(&self, name: &str) -> io::Result<String> {
        let mut request = request_for(name)?;
        self.call(libc::SIOCGIFHWADDR, &mut request)?;
        // SAFETY: SIOCGIFHWADDR has just filled this member of the union.
        let data = unsafe { request.ifr_ifru.ifru_hwaddr.sa_data };
        let parts: Vec<String> = data[..6]
            .iter()
            .map(|b| format!("{:02x}", *b as u8))
            .collect();
        Ok(parts.join(":"))
    }

    /// One that it has already costs nothing. It is down afterwards where its driver wants that.
    pub fn set_mac(&self, name: &str, mac: &str) -> io::Result<()> {
        if self.mac(name)?.eq_ignore_ascii_case(mac) {
            return Ok(());
        }
        let mut request = request_for(name)?;
        request.ifr_ifru.ifru_hwaddr = hardware_address(mac)?;
        match self.call(libc::SIOCSIFHWADDR, &mut request) {
            Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {
                self.take_down(name)?;
                self.call(libc::SIOCSIFHWADDR, &mut request)
            }
            result => result,
        }
    }

    /// The default route; one that is already there is what was wanted.
    pub fn route_by(&self, gateway: Ipv4Addr) -> io::Result<()> {
        // SAFETY: all-zero is a valid rtentry (null device name, no flags).
        let mut route = unsafe { std::mem::zeroed::<libc::rtentry>() };
        route.rt_dst = socket_address(Ipv4Addr::UNSPECIFIED);
        route.rt_genmask = socket_address(Ipv4Addr::UNSPECIFIED);
        route.rt_gateway = socket_address(gateway);
        route.rt_flags = libc::RTF_UP | libc::RTF_GATEWAY;
        // SAFETY: SIOCADDRT reads one rtentry, which lives through the call.
        added(unsafe { libc::ioctl(self.socket.as_raw_fd(), libc::SIOCADDRT, &route) })
    }

    /// Address and default route of IPv6; a guest whose kernel has no IPv6, or is told to use none, goes without.
    pub fn set_ipv6(&self, name: &str, wanted: &Ipv6Network) -> io::Result<()> {
        match self.add_ipv6(name, wanted) {
            Err(error) if is_without_ipv6(&error) => Ok(()),
            result => result,
        }
    }

    fn add_ipv6(&self, name: &str, wanted: &Ipv6Network) -> io::Result<()> {
        let socket = socket_of(libc::AF_INET6)?;
        let mut request = request_for(name)?;
        self.call(libc::SIOCGIFINDEX, &mut request)?;
        // SAFETY: SIOCGIFINDEX has just filled this member of the union.
        let index = unsafe { request.ifr_ifru.ifru_ifindex };
        let address = libc::in6_ifreq {
            ifr6_addr: in6_address(wanted.address),
            ifr6_prefixlen: wanted.prefix.into(),
            ifr6_ifindex: index,
        };
        // SAFETY: on such a socket SIOCSIFADDR reads one in6_ifreq, which lives through the call.
        added(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFADDR, &address) })?;
        let Some(gateway) = wanted.gateway else {
            return Ok(());
        };
        let route = Ipv6Route {
            gateway: in6_address(gateway),
            metric: IPV6_METRIC,
            flags: (libc::RTF_UP | libc::RTF_GATEWAY).into(),
            index,
            // SAFETY: all-zero is valid: addresses and numbers.
            ..unsafe { std::mem::zeroed() }
        };
        // SAFETY: on such a socket SIOCADDRT reads one in6_rtmsg, which lives through the call.
        added(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCADDRT, &route) })
    }

    fn call(&self, number: libc::c_ulong, request: &mut libc::ifreq) -> io::Result<()> {
        // SAFETY: all requests used here read or write one ifreq, which lives through the call.
        match unsafe { libc::ioctl(self.socket.as_raw_fd(), number, request) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

/// an interface that has more is not emptied
const MAX_ADDRESSES: usize = 64;
/// what ip(8) gives a route that was asked for without one
const IPV6_METRIC: u32 = 1024;

/// The kernel's in6_rtmsg; all zeros lead to ::/0.
#[repr(C)]
struct Ipv6Route {
    destination: libc::in6_addr,
    source: libc::in6_addr,
    gateway: libc::in6_addr,
    kind: u32,
    destination_bits: u16,
    source_bits: u16,
    metric: u32,
    info: libc::c_ulong,
    flags: u32,
    index: libc::c_int,
}

fn socket_of(family: libc::c_int) -> io::Result<OwnedFd> {
    let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC;
    // SAFETY: no memory is involved; the result is checked before it is owned.
    let fd = unsafe { libc::socket(family, kind, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a fresh descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// What is already there is what was wanted.
fn added(result: libc::c_int) -> io::Result<()> {
    match (result, io::Error::last_os_error()) {
        (0, _) => Ok(()),
        (_, error) if error.raw_os_error() == Some(libc::EEXIST) => Ok(()),
        (_, error) => Err(error),
    }
}

fn is_without_ipv6(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EAFNOSUPPORT | libc::EACCES)
    )
}

fn in6_address(address: Ipv6Addr) -> libc::in6_addr {
    libc::in6_addr {
        s6_addr: address.octets(),
    }
}

fn request_for(name: &str) -> io::Result<libc::ifreq> {
    // SAFETY: all-zero is a valid ifreq (empty name, zero union).
    let mut request = unsafe { std::mem::zeroed::<libc::ifreq>() };
    if name.is_empty() || name.len() >= request.ifr_name.len() || name.contains('\0') {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    for (target, byte) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *target = byte as libc::c_char;
    }
    Ok(request)
}

fn socket_address(address: Ipv4Addr) -> libc::sockaddr {
    let mut data = [0 as libc::c_char; 14];
    for (target, byte) in data[2..6].iter_mut().zip(address.octets()) {
        *target = byte as libc::c_char;
    }
    libc::sockaddr {
        sa_family: libc::AF_INET as libc::sa_family_t,
        sa_data: data,
    }
}

fn hardware_address(mac: &str) -> io::Result<libc::sockaddr> {
    let bytes: Result<Vec<u8>, _> = mac.split(':').map(|p| u8::from_str_radix(p, 16)).collect();
    let bytes = bytes.map_err(io::Error::other)?;
    let mut data = [0 as libc::c_char; 14];
    if bytes.len() != 6 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    for (target, byte) in data.iter_mut().zip(bytes) {
        *target = byte as libc::c_char;
    }
    Ok(libc::sockaddr {
        sa_family: libc::ARPHRD_ETHER,
        sa_data: data,
    })
}

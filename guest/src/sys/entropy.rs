//! Feeding the kernel's random number generator, and making it use the new bytes at once.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

const RNDADDENTROPY: libc::c_ulong = 0x4008_5203;
const RNDRESEEDCRNG: libc::c_ulong = 0x5207;
/// entropy accepted in one request, in bytes
pub const MAX_BYTES: usize = 512;

/// `struct rand_pool_info` with room for the largest request.
#[repr(C)]
struct Pool {
    entropy_bits: libc::c_int,
    size_bytes: libc::c_int,
    bytes: [u8; MAX_BYTES],
}

/// Adds `bytes` (at most `MAX_BYTES`) with full credit and reseeds.
pub fn reseed(bytes: &[u8]) -> io::Result<()> {
    if bytes.len() > MAX_BYTES {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut pool = Pool {
        entropy_bits: (bytes.len() * 8) as libc::c_int,
        size_bytes: bytes.len() as libc::c_int,
        bytes: [0; MAX_BYTES],
    };
    pool.bytes[..bytes.len()].copy_from_slice(bytes);
    let random = File::options().write(true).open("/dev/urandom")?;
    // SAFETY: RNDADDENTROPY reads the header and `size_bytes` bytes after it, all inside `pool`;
    // RNDRESEEDCRNG takes no argument.
    let failed = unsafe {
        libc::ioctl(random.as_raw_fd(), RNDADDENTROPY, &pool) < 0
            || libc::ioctl(random.as_raw_fd(), RNDRESEEDCRNG) < 0
    };
    if failed {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

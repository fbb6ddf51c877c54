//! C string constants, for compilers that do not know `c"…"` yet (before Rust 1.77).

use std::ffi::CStr;

/// `bytes` as a C string; it must end in its only NUL, which a constant shows when it is built.
pub const fn literal(bytes: &'static [u8]) -> &'static CStr {
    match CStr::from_bytes_with_nul(bytes) {
        Ok(text) => text,
        Err(_) => panic!("a C string constant must end in its only NUL"),
    }
}

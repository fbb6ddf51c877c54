//! Growing the root file system to the end of its device, while it is in use.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;

use crate::refusal::{About, Answer, Code, Refusal};
use crate::sys::growth::resize_ext4;

/// sectors of `/sys` are of this size whatever the device's are, in bytes
const SECTOR: u64 = 512;
const EXT4_MAGIC: i128 = 0xef53;

/// Of a disk with partitions only what the root's own partition has is used: moving its end is not done here.
pub fn grow_root() -> Answer<()> {
    let root = File::open("/").about("/")?;
    let found = rustix::fs::fstatfs(&root).about("/")?;
    if i128::from(found.f_type) != EXT4_MAGIC {
        let words = "/ is not ext4, and nothing else is grown";
        return Err(Refusal::new(Code::Unsupported, words));
    }
    let device = root.metadata().about("/")?.dev();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let path = format!("/sys/dev/block/{major}:{minor}/size");
    let text = fs::read_to_string(&path).about(&path)?;
    let sectors: u64 = text.trim().parse().unwrap_or(0);
    let block = u64::try_from(found.f_bsize).unwrap_or(0).max(SECTOR);
    resize_ext4(&root, sectors / (block / SECTOR)).about("growing /")
}

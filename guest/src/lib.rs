//! Alcove's guest agent: what runs inside a VM. See `README.md` for the roles and the module map,
//! and `docs/guest-protocol.md` in the repository for the wire.

pub mod accounts;
pub mod agent;
mod answers;
mod authorized_keys;
pub mod base64;
pub mod cmdline;
mod command;
mod configure;
pub mod console;
mod copy_in;
mod copy_out;
pub mod credit;
mod exec;
pub mod frame;
pub mod health;
pub mod init;
pub mod initrd;
mod mounts;
mod outbox;
pub mod power;
pub mod refusal;
pub mod registry;
pub mod request;
mod session;
mod sessions;
mod shutdown;
mod stats;
mod stream;
pub mod sys;
pub mod transport;
pub mod userdata;
pub mod welcome;

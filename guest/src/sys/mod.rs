//! The system calls that neither the standard library nor rustix offer in a safe form.
//!
//! All `unsafe` of the agent is in this folder, one small file per subject, each block with the
//! reason why it is sound.

pub mod clock;
pub mod connections;
pub mod entropy;
pub mod freeze;
pub mod growth;
pub mod interface;
pub mod memory;
pub mod poll;
pub mod signals;
pub mod spawn;
pub mod terminal;
pub mod tsc;

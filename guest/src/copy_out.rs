//! Copies out of the guest: not built yet, and refused as such.
use crate::accounts::Accounts;
use crate::refusal::{Answer, Code, Refusal};
use crate::request::CopyOutRequest;
pub enum CopyOut {}
impl CopyOut {
    pub fn start(_: &CopyOutRequest, _: &Accounts) -> Answer<Self> {
        Err(Refusal::new(Code::Unsupported, "copyOut is not built yet"))
    }
    pub fn source(&self) -> u8 {
        match *self {}
    }
    pub fn done(&self) -> u8 {
        match *self {}
    }
    pub fn is_over(&self) -> bool {
        match *self {}
    }
    pub fn read(&mut self, _: &mut [u8]) -> Answer<usize> {
        match *self {}
    }
}

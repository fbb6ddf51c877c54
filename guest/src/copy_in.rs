//! Copies into the guest: not built yet, and refused as such.
use crate::accounts::Accounts;
use crate::refusal::{Answer, Code, Refusal};
use crate::request::CopyInRequest;
pub enum CopyIn {}
impl CopyIn {
    pub fn start(_: &CopyInRequest, _: &Accounts) -> Answer<Self> {
        Err(Refusal::new(Code::Unsupported, "copyIn is not built yet"))
    }
    pub fn ready(&self) -> u8 {
        match *self {}
    }
    pub fn write(&mut self, _: &[u8]) -> Answer<()> {
        match *self {}
    }
    pub fn finish(&mut self) -> Answer<u8> {
        match *self {}
    }
}

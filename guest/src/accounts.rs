//! `/etc/passwd` and `/etc/group`: parsers over text, and the identity a request runs under.
//!
//! No libc lookups: they would load NSS modules, which a static binary cannot.

use std::fs::File;
use std::io::Read;

use crate::refusal::{Answer, Refusal};
use crate::request::UserSpec;

/// most of a database that is read, in bytes
const MAX_DATABASE_BYTES: u64 = 1024 * 1024;
/// the user that "default" means, where it exists
const DEFAULT_UID: u32 = 1000;
/// supplementary groups passed to the kernel
const MAX_GROUPS: usize = 256;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
    pub home: String,
    pub shell: String,
}

/// Who a process runs as, complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
    pub groups: Vec<u32>,
    pub home: String,
    pub shell: String,
}

/// The well-formed lines of a passwd file; others are skipped.
pub fn parse_passwd(text: &str) -> Vec<Account> {
    text.lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            let [name, _, uid, gid, _, home, shell] = fields[..] else {
                return None;
            };
            (!name.is_empty()).then_some(())?;
            Some(Account {
                name: name.to_owned(),
                uid: uid.parse().ok()?,
                gid: gid.parse().ok()?,
                home: home.to_owned(),
                shell: shell.to_owned(),
            })
        })
        .collect()
}

/// The ids of the groups that list `user` as a member.
pub fn parse_memberships(text: &str, user: &str) -> Vec<u32> {
    text.lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            let [_, _, gid, members] = fields[..] else {
                return None;
            };
            members.split(',').any(|m| m.trim() == user).then_some(())?;
            gid.parse().ok()
        })
        .take(MAX_GROUPS)
        .collect()
}

/// The guest's accounts as they are now.
pub struct Accounts {
    passwd: Vec<Account>,
}

impl Accounts {
    pub fn load() -> Self {
        Self {
            passwd: parse_passwd(&read_database("/etc/passwd")),
        }
    }

    pub fn default_account(&self) -> Option<&Account> {
        self.find(DEFAULT_UID)
    }

    /// The identity behind a request's `user`; absent means root.
    pub fn identity(&self, user: Option<&UserSpec>) -> Answer<Identity> {
        let (uid, gid) = match user {
            None => (0, None),
            Some(UserSpec::Ids { uid, gid }) => (*uid, *gid),
            Some(UserSpec::Named(name)) if name == "default" => match self.default_account() {
                Some(account) => (account.uid, None),
                None => (0, None),
            },
            Some(UserSpec::Named(name)) => {
                let message = format!("{name:?} is no user: give ids or \"default\"");
                return Err(Refusal::bad_request(message));
            }
        };
        if uid == u32::MAX || gid == Some(u32::MAX) {
            return Err(Refusal::bad_request("4294967295 is no user or group id"));
        }
        Ok(self.complete(uid, gid))
    }

    fn complete(&self, uid: u32, gid: Option<u32>) -> Identity {
        let Some(account) = self.find(uid) else {
            let gid = gid.unwrap_or(uid);
            return Identity {
                name: if uid == 0 {
                    "root".into()
                } else {
                    uid.to_string()
                },
                uid,
                gid,
                groups: vec![gid],
                home: if uid == 0 { "/root".into() } else { "/".into() },
                shell: "/bin/sh".into(),
            };
        };
        let gid = gid.unwrap_or(account.gid);
        let mut groups = parse_memberships(&read_database("/etc/group"), &account.name);
        groups.insert(0, gid);
        groups.dedup();
        Identity {
            name: account.name.clone(),
            uid,
            gid,
            groups,
            home: non_empty(&account.home, "/"),
            shell: non_empty(&account.shell, "/bin/sh"),
        }
    }

    fn find(&self, uid: u32) -> Option<&Account> {
        self.passwd.iter().find(|account| account.uid == uid)
    }
}

impl Identity {
    /// `~` and `~/x` as paths below the user's home; everything else unchanged.
    pub fn expand(&self, path: &str) -> String {
        match path.strip_prefix('~') {
            Some("") => self.home.clone(),
            Some(rest) if rest.starts_with('/') => {
                format!("{}{rest}", self.home.trim_end_matches('/'))
            }
            _ => path.to_owned(),
        }
    }
}

fn non_empty(value: &str, otherwise: &str) -> String {
    if value.is_empty() { otherwise } else { value }.to_owned()
}

/// A database as text; what cannot be read counts as empty, as in any Unix.
fn read_database(path: &str) -> String {
    let mut bytes = Vec::new();
    if let Ok(file) = File::open(path) {
        // A short read leaves the lines that were read, which is the best answer there is.
        let _ = file.take(MAX_DATABASE_BYTES).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

//! Which folders are watched: from the kernel's numbers to their paths. Pure.

/// folders of one watch; a guest of 1 GiB usually allows half of it
pub const MAX_FOLDERS: usize = 16 * 1024;
/// paths of one watch together, in bytes
pub const MAX_PATHS_BYTES: usize = 4 * 1024 * 1024;

#[derive(Debug, PartialEq, Eq)]
pub struct Folder {
    pub number: i32,
    pub path: Vec<u8>,
    pub is_root: bool,
    /// what is asked for in it; everything where there are none
    pub names: Vec<Vec<u8>>,
}

impl Folder {
    pub fn wants(&self, name: &[u8]) -> bool {
        self.names.is_empty() || self.names.iter().any(|one| one == name)
    }
}

#[derive(Default)]
pub struct Watched {
    /// by number, which rises
    folders: Vec<Folder>,
    paths_bytes: usize,
}

impl Watched {
    pub fn is_full(&self) -> bool {
        self.folders.len() >= MAX_FOLDERS || self.paths_bytes >= MAX_PATHS_BYTES
    }

    pub fn is_empty(&self) -> bool {
        self.folders.is_empty()
    }

    pub fn find(&self, number: i32) -> Option<&Folder> {
        let index = self.index(number).ok()?;
        self.folders.get(index)
    }

    /// Adds a folder; one that is there already is asked for more.
    pub fn add(&mut self, folder: Folder) {
        match self.index(folder.number) {
            Ok(index) => {
                let known = &mut self.folders[index];
                if known.names.is_empty() || folder.names.is_empty() {
                    known.names.clear();
                } else {
                    known.names.extend(folder.names);
                }
                known.is_root |= folder.is_root;
            }
            Err(index) => {
                self.paths_bytes += folder.path.len();
                self.folders.insert(index, folder);
            }
        }
    }

    pub fn remove(&mut self, number: i32) {
        if let Ok(index) = self.index(number) {
            self.paths_bytes -= self.folders.remove(index).path.len();
        }
    }

    /// The numbers of `path` and of all that is below it.
    pub fn below(&self, path: &[u8]) -> Vec<i32> {
        let is_below = |folder: &&Folder| {
            let rest = folder.path.strip_prefix(path);
            rest.is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
        };
        let below = self.folders.iter().filter(is_below);
        below.map(|folder| folder.number).collect()
    }

    pub fn roots(&self) -> Vec<Vec<u8>> {
        let roots = self.folders.iter().filter(|folder| folder.is_root);
        roots.map(|folder| folder.path.clone()).collect()
    }

    fn index(&self, number: i32) -> Result<usize, usize> {
        self.folders.binary_search_by_key(&number, |one| one.number)
    }
}

#[cfg(test)]
mod tests {
    use super::{Folder, Watched};

    fn folder(number: i32, path: &str, names: &[&str]) -> Folder {
        Folder {
            number,
            path: path.into(),
            is_root: false,
            names: names.iter().map(|name| (*name).into()).collect(),
        }
    }

    #[test]
    fn what_is_below_goes_with_it() {
        let mut watched = Watched::default();
        for (number, path) in [(1, "/a"), (3, "/a/b/c"), (2, "/a/b"), (4, "/a/bc")] {
            watched.add(folder(number, path, &[]));
        }
        assert_eq!(watched.below(b"/a/b"), [2, 3]);
        watched.remove(2);
        assert_eq!(watched.below(b"/a"), [1, 3, 4]);
        assert!(watched.find(2).is_none() && watched.find(3).is_some());
    }

    #[test]
    fn a_folder_asked_for_whole_tells_of_everything_in_it() {
        let mut watched = Watched::default();
        watched.add(folder(1, "/a", &["x"]));
        watched.add(folder(1, "/a", &["y"]));
        let wants = |watched: &Watched, name: &[u8]| watched.find(1).unwrap().wants(name);
        assert!(wants(&watched, b"x") && wants(&watched, b"y") && !wants(&watched, b"z"));
        watched.add(folder(1, "/a", &[]));
        assert!(wants(&watched, b"z"));
    }
}

//! Small files that are given another content.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Writes `text` over what is there, and makes the file if it is missing. Blocks that the file has
/// stay its own: giving them back and taking others costs a guest more than all the rest of it, and
/// a disk that discards waits for the host.
pub fn rewrite(path: &Path, mode: u32, text: &str) -> io::Result<()> {
    let mut options = File::options();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(false)
        .mode(mode)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    let length = text.len() as u64;
    if file.metadata()?.len() > length {
        file.set_len(length)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::rewrite;

    #[test]
    fn the_file_holds_what_was_written_last() {
        let path = std::env::temp_dir().join(format!("alcove-rewrite-{}", std::process::id()));
        for text in ["first", "longer than the first", "short", ""] {
            rewrite(&path, 0o600, text).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        fs::remove_file(&path).unwrap();
    }
}

//! The kernel's command line: words, quotes, and the parameters that the first process acts on.

#[derive(Debug, Default, PartialEq, Eq)]
pub struct BootParameters {
    pub root: Option<String>,
    pub root_type: Option<String>,
    pub root_flags: String,
    pub read_write: bool,
    pub init: Option<String>,
}

/// The parameters of `text`; of a repeated one the last counts, as for the kernel.
pub fn parse(text: &str) -> BootParameters {
    let mut parameters = BootParameters {
        read_write: true,
        ..BootParameters::default()
    };
    for word in words(text) {
        let (name, value) = word.split_once('=').unwrap_or((&word, ""));
        match name {
            // What follows is for init.
            "--" => break,
            "root" => parameters.root = Some(value.to_owned()),
            "rootfstype" => parameters.root_type = Some(value.to_owned()),
            "rootflags" => parameters.root_flags = value.to_owned(),
            "init" => parameters.init = Some(value.to_owned()),
            "ro" => parameters.read_write = false,
            "rw" => parameters.read_write = true,
            _ => {}
        }
    }
    parameters
}

/// Splits at white space outside double quotes, which are removed.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for character in text.trim_end_matches(['\n', '\0']).chars() {
        match character {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => words.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_usual_line() {
        let line = "console=ttyS0 quiet root=/dev/vda rootfstype=ext4 rootflags=noatime,x=y rw init=/sbin/agent\n";
        let parsed = parse(line);
        assert_eq!(parsed.root.as_deref(), Some("/dev/vda"));
        assert_eq!(parsed.root_type.as_deref(), Some("ext4"));
        assert_eq!(parsed.root_flags, "noatime,x=y");
        assert_eq!(parsed.init.as_deref(), Some("/sbin/agent"));
        assert!(parsed.read_write);
    }

    #[test]
    fn quotes_repeats_and_the_end_of_parameters() {
        let parsed =
            parse("root=/dev/vda x=\"a root=/dev/no b\" root=/dev/vdb ro -- root=/dev/no rw");
        assert_eq!(parsed.root.as_deref(), Some("/dev/vdb"));
        assert!(!parsed.read_write);
    }
}

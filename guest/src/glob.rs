//! Exclude patterns: `*`, `?` and `[…]` within a path segment, `**` across segments. Pure.
//!
//! Matching backtracks to the last star only, so hostile patterns cost at most length times length.

#[derive(Debug, Clone)]
pub struct Patterns {
    patterns: Vec<Pattern>,
}

#[derive(Debug, Clone)]
struct Pattern {
    segments: Vec<Vec<u8>>,
    /// without a slash: also compared with the base name
    is_base_name: bool,
}

impl Patterns {
    pub fn new(patterns: &[String]) -> Self {
        let patterns = patterns.iter().filter_map(|text| {
            let segments: Vec<Vec<u8>> = split(text.as_bytes()).map(<[u8]>::to_vec).collect();
            (!segments.is_empty()).then_some(Pattern {
                segments,
                is_base_name: !text.contains('/'),
            })
        });
        Self {
            patterns: patterns.collect(),
        }
    }

    /// Whether any pattern matches `path`, which is relative and clean.
    pub fn matches(&self, path: &[u8]) -> bool {
        let segments: Vec<&[u8]> = split(path).collect();
        self.patterns.iter().any(|pattern| {
            let base = segments.last().filter(|_| pattern.is_base_name);
            base.is_some_and(|base| segment_matches(&pattern.segments[0], base))
                || path_matches(&pattern.segments, &segments)
        })
    }
}

fn split(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/')
        .filter(|part| !part.is_empty())
}

fn path_matches(pattern: &[Vec<u8>], path: &[&[u8]]) -> bool {
    let (mut p, mut s) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while s < path.len() {
        match pattern.get(p) {
            Some(part) if part == b"**" => {
                star = Some((p, s));
                p += 1;
            }
            Some(part) if segment_matches(part, path[s]) => {
                p += 1;
                s += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    s = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|part| part == b"**")
}

/// One segment against one name, byte by byte.
fn segment_matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, n));
            p += 1;
        } else if let Some(used) = one_matches(&pattern[p..], name[n]) {
            p += used;
            n += 1;
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            p = at + 1;
            n = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// The length of the pattern's first element when it matches `byte`.
fn one_matches(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern.first()? {
        b'?' => Some(1),
        b'[' => match class(pattern) {
            Some((length, body)) => class_matches(body, byte).then_some(length),
            // An unclosed bracket is an ordinary character.
            None => (byte == b'[').then_some(1),
        },
        b'\\' if pattern.len() > 1 => (pattern[1] == byte).then_some(2),
        literal => (*literal == byte).then_some(1),
    }
}

/// The bytes between brackets, and the length of the element with its brackets. A `]` that comes
/// first stands for itself.
fn class(pattern: &[u8]) -> Option<(usize, &[u8])> {
    let negated = matches!(pattern.get(1), Some(b'!' | b'^'));
    let first = if negated { 3 } else { 2 };
    let close = pattern.iter().skip(first).position(|byte| *byte == b']')? + first;
    Some((close + 1, &pattern[1..close]))
}

fn class_matches(body: &[u8], byte: u8) -> bool {
    let (negated, mut rest) = match body.split_first() {
        Some((b'!' | b'^', rest)) => (true, rest),
        _ => (false, body),
    };
    let mut found = false;
    while let Some((first, tail)) = rest.split_first() {
        match tail {
            [b'-', last, after @ ..] => {
                found |= (*first..=*last).contains(&byte);
                rest = after;
            }
            _ => {
                found |= *first == byte;
                rest = tail;
            }
        }
    }
    found != negated
}

#[cfg(test)]
mod tests {
    use super::Patterns;

    fn matches(pattern: &str, path: &str) -> bool {
        Patterns::new(&[pattern.to_owned()]).matches(path.as_bytes())
    }

    #[test]
    fn base_names_and_whole_paths() {
        assert!(matches("*.o", "a.o") && matches("*.o", "sub/deep/a.o"));
        assert!(matches("node_modules", "a/node_modules"));
        assert!(matches("sub/*.o", "sub/a.o") && !matches("sub/*.o", "x/sub/a.o"));
        assert!(!matches("*.o", "a.oo") && !matches("a?c", "ac"));
    }

    #[test]
    fn two_stars_span_segments() {
        assert!(matches("a/**/z", "a/z") && matches("a/**/z", "a/b/c/z"));
        assert!(matches("**/cache", "cache") && matches("**/cache", "x/y/cache"));
        assert!(matches("a/**", "a/b/c") && !matches("a/**/z", "a/b/c"));
        assert!(!matches("sub/*", "sub/a/b"));
    }

    #[test]
    fn classes() {
        assert!(matches("[a-c]x", "bx") && !matches("[!a-c]x", "bx"));
        assert!(matches("[]]", "]") && matches("[x", "[x") && matches("[a-]", "-"));
        assert!(matches("\\*", "*") && !matches("\\*", "x"));
    }

    #[test]
    fn many_stars_end_in_time() {
        let pattern = "*a".repeat(200);
        assert!(!matches(&pattern, &"a".repeat(100)));
        assert!(!matches(&"**/a/".repeat(50), &"a/".repeat(40)));
    }
}

//! Paths with wildcards: `*` is any run of bytes within a name, `?` any one byte; case counts, as it does for files.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// The path of a source, as written in the configuration.
#[derive(Clone, Debug)]
pub struct Pattern {
    path: PathBuf,
}

impl Pattern {
    /// The pattern of a path as configured.
    pub fn new(path: &Path) -> Pattern {
        Pattern { path: path.to_owned() }
    }

    /// The one path that it stands for; `None` with wildcards.
    pub fn literal(&self) -> Option<&Path> {
        (!has_wildcard(self.path.as_os_str())).then_some(&*self.path)
    }

    /// As written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it stands for `path` too.
    pub fn matches(&self, path: &Path) -> bool {
        let (mut pattern, mut path) = (self.path.components(), path.components());
        loop {
            match (pattern.next(), path.next()) {
                (None, None) => return true,
                (Some(Component::Normal(pattern)), Some(Component::Normal(name))) if name_matches(pattern, name) => {}
                (Some(one), Some(other)) if one == other => {}
                _ => return false,
            }
        }
    }

    /// The paths that exist and match, in order; folders that cannot be listed hold none.
    pub fn expand(&self) -> Vec<PathBuf> {
        let mut found = vec![PathBuf::new()];
        let mut components = self.path.components().peekable();
        while let Some(component) = components.next() {
            let last = components.peek().is_none();
            found = match component {
                Component::Normal(name) if has_wildcard(name) => found.iter().flat_map(|folder| names_like(folder, name)).collect(),
                other => found.into_iter().map(|folder| folder.join(other)).filter(|path| !last || path.exists()).collect(),
            };
        }
        found.sort_unstable();
        found
    }

    /// The folders in which a file may appear that matches: those above the last name, as far as they exist.
    pub fn folders(&self) -> Vec<PathBuf> {
        let above = super::family::folder_of(&self.path);
        Pattern::new(above).expand()
    }
}

fn has_wildcard(name: &OsStr) -> bool {
    name.as_bytes().iter().any(|b| matches!(b, b'*' | b'?'))
}

fn names_like(folder: &Path, pattern: &OsStr) -> Vec<PathBuf> {
    let listed = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = fs::read_dir(listed).into_iter().flatten().flatten().map(|entry| entry.file_name());
    // As a shell does: a hidden file is meant only by a pattern that begins with its dot.
    let hidden = pattern.as_bytes().starts_with(b".");
    let fits = |name: &OsString| (hidden || !name.as_bytes().starts_with(b".")) && name_matches(pattern, name);
    entries.filter(fits).map(|name| folder.join(name)).collect()
}

fn name_matches(pattern: &OsStr, name: &OsStr) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut p, mut n, mut back) = (0, 0, None);
    while let Some(byte) = name.get(n) {
        match pattern.get(p) {
            Some(b'*') => {
                back = Some((p, n));
                p += 1;
            }
            Some(wanted) if *wanted == b'?' || wanted == byte => (p, n) = (p + 1, n + 1),
            // The last `*` takes one byte more.
            _ => match back {
                Some((star, from)) => {
                    back = Some((star, from + 1));
                    (p, n) = (star + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|&b| b == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_as_in_a_shell() {
        let cases = [
            ("*.log", "fw.log", true),
            ("*.log", "fw.log.1", false),
            ("fw*", "fw", true),
            ("f?.log", "fw.log", true),
            ("f?.log", "f.log", false),
            ("*a*b", "xaxbxb", true),
            ("*a*b", "xbxa", false),
            ("FW.log", "fw.log", false),
            ("", "", true),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(name_matches(OsStr::new(pattern), OsStr::new(name)), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn folders_and_names_are_expanded() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a/fw.log", "a/.fw.log", "b/fw.log", "b/vpn.txt", "c/d/fw.log"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        for (pattern, expected) in [
            ("*/*.log", vec!["a/fw.log", "b/fw.log"]),
            ("*/fw.log", vec!["a/fw.log", "b/fw.log"]),
            ("b/vpn.txt", vec!["b/vpn.txt"]),
            ("b/none", vec![]),
            ("none/*", vec![]),
            ("a/.fw*", vec!["a/.fw.log"]),
        ] {
            let pattern = Pattern::new(&folder.path().join(pattern));
            let expected: Vec<PathBuf> = expected.into_iter().map(|name| folder.path().join(name)).collect();
            assert_eq!(pattern.expand(), expected);
            assert!(expected.iter().all(|path| pattern.matches(path)));
            assert!(!pattern.matches(&folder.path().join("c/d/fw.log")));
        }
    }
}

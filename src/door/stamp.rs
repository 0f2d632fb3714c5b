//! Whether files are still what they were, without reading them.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What the file system says of some files. Equal stamps mean equal contents: whatever writes to a file or puts another in its
/// place changes one of its times or its inode.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stamp(Vec<Option<Of>>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Of {
    inode: (u64, u64),
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// The stamp of `files` now; links are followed, so that a link that leads elsewhere is a change.
    pub(super) fn of<'a>(files: impl IntoIterator<Item = &'a Path>) -> Self {
        let of = |path: &Path| {
            let file = std::fs::metadata(path).ok()?;
            Some(Of {
                inode: (file.dev(), file.ino()),
                length: file.len(),
                modified: (file.mtime(), file.mtime_nsec()),
                changed: (file.ctime(), file.ctime_nsec()),
            })
        };
        Self(files.into_iter().map(of).collect())
    }

    /// Takes the first file's part from a stamp that was taken earlier.
    pub(super) fn replace_first(&mut self, earlier: Self) {
        for (own, earlier) in self.0.iter_mut().zip(earlier.0) {
            *own = earlier;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::rewrite_atomic;

    #[test]
    fn whatever_becomes_of_a_file_changes_its_stamp() {
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("a"), directory.path().join("link"));
        let stamp = || Stamp::of([path.as_path(), link.as_path()]);
        let absent = stamp();
        rewrite_atomic(&path, b"one").unwrap();
        let one = stamp();
        assert_ne!(absent, one);
        assert_eq!(one, stamp());
        rewrite_atomic(&path, b"two").unwrap();
        let two = stamp();
        assert_ne!(one, two);
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let linked = stamp();
        assert_ne!(two, linked);
        rewrite_atomic(&directory.path().join("b"), b"two").unwrap();
        std::fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink(directory.path().join("b"), &link).unwrap();
        assert_ne!(linked, stamp());
    }
}

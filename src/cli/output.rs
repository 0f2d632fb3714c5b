//! Files that commands write: whole under their names, or not there.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Links that lead to one another; the kernel follows as many.
const LINKS_MAX: usize = 40;

/// What is being written. A file has its name only when it is whole; a device, a pipe or a socket takes it as it comes.
pub(super) struct Output {
    file: File,
    path: PathBuf,
    /// Where a file grows that is not whole yet.
    growing: Option<PathBuf>,
}

impl Output {
    /// Begins to write what stands at `path`, or at the end of the links there.
    pub(super) fn create(path: &Path) -> Result<Self> {
        let failed = |path: &Path| format!("can not write {}", path.display());
        let found = std::fs::metadata(path);
        if found.as_ref().is_ok_and(|found| !found.is_file()) {
            let file = OpenOptions::new().write(true).open(path).with_context(|| failed(path))?;
            return Ok(Self { file, path: path.to_owned(), growing: None });
        }
        let path = followed(path).with_context(|| failed(path))?;
        let mut growing = path.as_os_str().to_owned();
        growing.push(".partial");
        let growing = PathBuf::from(growing);
        let file = File::create(&growing).with_context(|| failed(&growing))?;
        Ok(Self { file, path, growing: Some(growing) })
    }

    /// To write to.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// All of it is written: makes it durable, and gives it its name.
    pub(super) fn finish(mut self) -> Result<()> {
        let failed = || format!("can not write {}", self.path.display());
        match (self.file.sync_all(), &self.growing) {
            // What is no file has often nothing to make durable.
            (Err(error), None) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {}
            (synced, _) => synced.with_context(failed)?,
        }
        let Some(growing) = &self.growing else { return Ok(()) };
        std::fs::rename(growing, &self.path).with_context(failed)?;
        let parent = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let synced = crate::fs::sync_directory(parent.unwrap_or(Path::new("."))).with_context(failed);
        self.growing = None;
        synced
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Some(growing) = &self.growing {
            // Half of it is of use to nobody; one that can not be removed does no harm either.
            let _ = std::fs::remove_file(growing);
        }
    }
}

/// What links at `path` lead to, which need not be there.
fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        match std::fs::read_link(&path) {
            Ok(to) => path = path.parent().unwrap_or(Path::new("")).join(to),
            // It is no link, or nothing yet.
            Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotFound) => {
                return Ok(path);
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("too many links lead to one another"))
}

//! The index's files as they are, for a copy.

use std::fs::File;
use std::io;
use std::path::Path;

use super::name::generation_of;

/// A file of a day's index.
#[derive(Debug)]
pub struct IndexFile {
    /// Where it lies: `2026-11-20/index/meta.json`.
    pub path: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// Open: it can be read on when the index does not need it any more.
    pub file: File,
}

/// Opens the files of all days' indexes, oldest day first, while they may be written. Segments are never changed, and what names
/// them is opened first, so what it names is older; a copy that does not fit together all the same is made anew by whoever opens
/// it.
///
/// # Errors
/// When a directory can not be read.
pub fn open_files(directory: &Path) -> io::Result<Vec<IndexFile>> {
    let mut all = Vec::new();
    // `2026-11-20`; a directory on its way out has a longer name.
    for (date, _) in entries(directory)?.into_iter().filter(|(date, _)| date.len() == 10) {
        let names = entries(&directory.join(&date))?.into_iter().map(|(name, _)| name);
        // Those before it are on their way out.
        let newest = names.filter_map(|name| Some((generation_of(&name)?, name))).max();
        let Some((_, index)) = newest else { continue };
        let index = format!("{date}/{index}");
        let mut files = entries(&directory.join(&index))?;
        // The names of segments begin with hexadecimal digits.
        files.sort_by_key(|(name, _)| (name != "meta.json", name.clone()));
        for (name, is_file) in files {
            if !is_file || Path::new(&name).extension().is_some_and(|extension| extension == "lock") {
                continue;
            }
            let path = format!("{index}/{name}");
            match File::open(directory.join(&path)) {
                Ok(file) => {
                    let bytes = file.metadata()?.len();
                    all.push(IndexFile { path, bytes, file });
                }
                // Merged away meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(all)
}

/// Names and whether they are files, in their order; nothing where there is no such directory.
pub(super) fn entries(directory: &Path) -> io::Result<Vec<(String, bool)>> {
    let found = match std::fs::read_dir(directory) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        found => found?,
    };
    let mut names = Vec::new();
    for entry in found {
        let entry = entry?;
        if let Ok(name) = entry.file_name().into_string() {
            names.push((name, entry.file_type()?.is_file()));
        }
    }
    names.sort();
    Ok(names)
}

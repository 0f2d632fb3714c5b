//! `file_sd_configs`: target lists in files, which are watched.
//!
//! Files are watched by looking at their time, length and inode every two seconds, not by asking the kernel to tell:
//! that also works on NFS, and where a Kubernetes mount swaps a symbolic link further up the path.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::group::{self, parse_json};
use super::mechanism::{Discover, Found};
use super::target::Group;
use crate::clock::Clock;
use crate::config::secret::hide_login_in_name;
use crate::config::{FileDiscovery, parse_target_groups};
use crate::model::time::{Millis, Timestamp};

const FILEPATH: &str = "__meta_filepath";

/// Time between two looks at the files: soon enough for people who wait for their edit to arrive, and a handful of system
/// calls for each file.
const LOOK_INTERVAL: Millis = Millis::from_seconds(2);

/// The files of one entry of `file_sd_configs`.
pub(super) struct Files {
    settings: FileDiscovery,
    clock: Clock,
    known: BTreeMap<PathBuf, Known>,
}

/// A file as it was read last.
#[derive(Default)]
struct Known {
    /// `None` when the file could not be looked at.
    stamp: Option<Stamp>,
    read_at: Timestamp,
    /// The last well-formed list.
    groups: Vec<Group>,
    /// Why the file as it is now could not be read.
    problem: Option<String>,
}

/// What changes when a file does.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    modified: (i64, i64),
    changed: (i64, i64),
    length: u64,
    inode: (u64, u64),
}

impl Stamp {
    async fn of(path: &Path) -> io::Result<Self> {
        let meta = tokio::fs::metadata(path).await?;
        Ok(Self {
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
            length: meta.len(),
            inode: (meta.dev(), meta.ino()),
        })
    }
}

impl Files {
    pub(super) fn new(settings: FileDiscovery, clock: Clock) -> Self {
        Self { settings, clock, known: BTreeMap::new() }
    }

    async fn look(&mut self) -> Found {
        let mut problems = Vec::new();
        let mut paths = Vec::new();
        let mut whole = true;
        for pattern in &self.settings.files {
            match matching(pattern).await {
                Ok(found) if found.is_empty() => problems.push(format!("no file matches {}", shown(pattern))),
                Ok(found) => paths.extend(found),
                Err(error) => {
                    problems.push(format!("{} can not be listed: {error}", shown(pattern)));
                    whole = whole && error.kind() == io::ErrorKind::NotFound;
                }
            }
        }
        for path in &paths {
            self.visit(path).await;
        }
        if whole {
            // A file that is gone takes its targets along; one that can not be read does not.
            self.known.retain(|path, _| paths.contains(path));
        }
        problems.extend(self.known.values().filter_map(|known| known.problem.clone()));
        let groups = self.known.values().flat_map(|known| known.groups.iter().cloned()).collect();
        Found { groups: Some(groups), problems }
    }

    /// Reads a file when it has changed, or when it was read long ago.
    async fn visit(&mut self, path: &Path) {
        let now = self.clock.now();
        let stamp = Stamp::of(path).await;
        if let (Some(known), Ok(stamp)) = (self.known.get(path), &stamp) {
            let fresh = now.since(known.read_at) < self.settings.refresh_interval && now >= known.read_at;
            if fresh && known.stamp.as_ref() == Some(stamp) {
                return;
            }
        }
        let read = match &stamp {
            Ok(stamp) => read(path, stamp.length).await,
            Err(error) => Err(format!("file {} can not be read: {error}", path.display())),
        };
        let known = self.known.entry(path.to_owned()).or_default();
        // The stamp is from before the reading: what was written meanwhile is seen as a change the next time.
        (known.stamp, known.read_at) = (stamp.ok(), now);
        match read {
            Ok(groups) => (known.groups, known.problem) = (groups, None),
            Err(problem) => known.problem = Some(problem),
        }
    }
}

impl Discover for Files {
    fn look(&mut self) -> BoxFuture<'_, Found> {
        Self::look(self).boxed()
    }

    fn interval(&self) -> Millis {
        LOOK_INTERVAL.min(self.settings.refresh_interval)
    }
}

/// A pattern as a message may repeat it: a URL in its place is a mistake that nothing else would tell.
fn shown(pattern: &Path) -> String {
    hide_login_in_name(&pattern.display().to_string())
}

/// The files that a pattern names, in the order of their names. A pattern holds at most one `*`, in its last segment.
async fn matching(pattern: &Path) -> io::Result<Vec<PathBuf>> {
    let name = pattern.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let Some((before, after)) = name.split_once('*') else {
        return Ok(if tokio::fs::try_exists(pattern).await? { vec![pattern.to_owned()] } else { Vec::new() });
    };
    let directory = pattern.parent().unwrap_or(Path::new(""));
    let listed = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let mut entries = tokio::fs::read_dir(listed).await?;
    let mut found = Vec::new();
    while let Some(entry) = entries.next_entry().await? {
        let name = entry.file_name();
        let text = name.to_string_lossy();
        let long_enough = text.len() >= before.len() + after.len();
        if long_enough && text.starts_with(before) && text.ends_with(after) {
            found.push(directory.join(&name));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Reads a file of `length` bytes by its ending.
async fn read(path: &Path, length: u64) -> Result<Vec<Group>, String> {
    let name = path.display().to_string();
    if length > group::BYTES_MAX as u64 {
        return Err(format!("file {name} has {length} bytes, more than the {} that are read", group::BYTES_MAX));
    }
    let bytes = tokio::fs::read(path).await.map_err(|error| format!("file {name} can not be read: {error}"))?;
    let json = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    let mut groups = if json {
        parse_json(&bytes).map_err(|error| format!("{name}: {error}"))?
    } else {
        let text = String::from_utf8(bytes).map_err(|_| format!("file {name} is not UTF-8"))?;
        let groups = parse_target_groups(&text, &name).map_err(|error| error.to_string())?;
        groups.into_iter().map(Group::from).collect()
    };
    for group in &mut groups {
        group.labels.set(FILEPATH, name.as_str());
    }
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::rewrite_atomic;

    struct Case {
        directory: tempfile::TempDir,
        clock: Clock,
        files: Files,
    }

    impl Case {
        fn new(patterns: &[&str]) -> Self {
            let directory = tempfile::tempdir().unwrap();
            let clock = Clock::mock(Timestamp::from_seconds(1_000_000));
            let files = patterns.iter().map(|name| directory.path().join(name)).collect();
            let settings = FileDiscovery { files, refresh_interval: Millis::from_seconds(300) };
            Self { directory, files: Files::new(settings, clock.clone()), clock }
        }

        fn write(&self, name: &str, text: &str) {
            rewrite_atomic(&self.directory.path().join(name), text.as_bytes()).unwrap();
        }

        async fn look(&mut self) -> (Vec<String>, Vec<String>) {
            self.clock.advance(LOOK_INTERVAL);
            let found = self.files.look().await;
            let groups = found.groups.unwrap();
            let targets = groups.iter().flat_map(|group| {
                let file = group.labels.get(FILEPATH).unwrap().rsplit('/').next().unwrap();
                group.targets.iter().map(move |labels| format!("{file} {}", labels.get("__address__").unwrap()))
            });
            let here = format!("{}/", self.directory.path().display());
            (targets.collect(), found.problems.iter().map(|problem| problem.replace(&here, "")).collect())
        }
    }

    #[tokio::test]
    async fn files_of_both_kinds_are_read_and_a_star_stands_for_any_name() {
        let mut case = Case::new(&["t-*.json", "more.yml"]);
        case.write("t-1.json", r#"[{"targets": ["a:1"]}]"#);
        case.write("t-2.json", r#"[{"targets": ["b:1", "b:2"]}]"#);
        case.write("u-3.json", r#"[{"targets": ["c:1"]}]"#);
        case.write("more.yml", "- targets: [d:1]\n");
        let (targets, problems) = case.look().await;
        assert_eq!(targets, ["more.yml d:1", "t-1.json a:1", "t-2.json b:1", "t-2.json b:2"]);
        assert_eq!(problems, [""; 0]);
    }

    #[tokio::test]
    async fn a_change_is_noticed_and_a_broken_file_keeps_its_last_list() {
        let mut case = Case::new(&["t.yaml"]);
        case.write("t.yaml", "- targets: [a:1]\n");
        assert_eq!(case.look().await.0, ["t.yaml a:1"]);
        case.write("t.yaml", "- targets: [b:1]\n");
        assert_eq!(case.look().await.0, ["t.yaml b:1"]);
        case.write("t.yaml", "- targets: [b:1\n");
        for _ in 0..2 {
            let (targets, problems) = case.look().await;
            assert_eq!(targets, ["t.yaml b:1"]);
            assert_eq!(problems, ["t.yaml:1:12: unclosed bracket '['"]);
        }
        case.write("t.yaml", "");
        assert_eq!(case.look().await, (vec![], vec![]));
    }

    #[tokio::test]
    async fn a_file_that_is_gone_takes_its_targets_along() {
        let mut case = Case::new(&["*.json", "not-there.json"]);
        case.write("a.json", r#"[{"targets": ["a:1"]}]"#);
        let (targets, problems) = case.look().await;
        assert_eq!(targets, ["a.json a:1"]);
        assert_eq!(problems, ["no file matches not-there.json"]);
        std::fs::remove_file(case.directory.path().join("a.json")).unwrap();
        assert_eq!(case.look().await.0, [""; 0]);
    }

    #[tokio::test]
    async fn a_link_that_is_swapped_further_up_is_a_change() {
        // Kubernetes mounts volumes so: t.json -> ..data/t.json, ..data -> ..1, and a new version swaps ..data.
        let mut case = Case::new(&["t.json"]);
        let here = case.directory.path().to_owned();
        for (version, address) in [("..1", "a:1"), ("..2", "b:1")] {
            std::fs::create_dir(here.join(version)).unwrap();
            case.write(&format!("{version}/t.json"), &format!(r#"[{{"targets": ["{address}"]}}]"#));
        }
        std::os::unix::fs::symlink("..1", here.join("..data")).unwrap();
        std::os::unix::fs::symlink("..data/t.json", here.join("t.json")).unwrap();
        assert_eq!(case.look().await.0, ["t.json a:1"]);
        std::os::unix::fs::symlink("..2", here.join("..next")).unwrap();
        std::fs::rename(here.join("..next"), here.join("..data")).unwrap();
        assert_eq!(case.look().await.0, ["t.json b:1"]);
    }

    #[tokio::test]
    async fn a_file_that_looks_unchanged_is_read_again_after_the_refresh_interval() {
        let mut case = Case::new(&["t.json"]);
        case.write("t.json", r#"[{"targets": ["a:1"]}]"#);
        assert_eq!(case.look().await.0, ["t.json a:1"]);
        // As if the file system had hidden a change from us: the stamp is that of the file as it is now.
        case.write("t.json", r#"[{"targets": ["b:1"]}]"#);
        let path = case.directory.path().join("t.json");
        let stamp = Stamp::of(&path).await.unwrap();
        case.files.known.get_mut(&path).unwrap().stamp = Some(stamp);
        assert_eq!(case.look().await.0, ["t.json a:1"]);
        case.clock.advance(Millis::from_seconds(300));
        assert_eq!(case.look().await.0, ["t.json b:1"]);
    }

    #[tokio::test]
    async fn a_wrong_address_costs_only_itself() {
        let mut case = Case::new(&["t.yml"]);
        case.write("t.yml", "- targets: ['http://x/', a:1]\n");
        assert_eq!(case.look().await.0, ["t.yml http://x/", "t.yml a:1"]);
    }
}

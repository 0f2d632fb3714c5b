//! The house's rules, held over the source text: who may import whom, where each external crate lives, how long files
//! and functions are, and that every module has its section in docs/architecture.md.
//!
//! The rules and their reasons are in docs/development.md. An exception stands in a table here, with its reason.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The modules in reading order, bottom up, and what each may import.
const MODULES: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("clock", &["model"]),
    ("fs", &[]),
    ("quiet", &[]),
    ("telemetry", &[]),
    ("config", &["model"]),
    ("door", &["model", "clock", "fs", "telemetry", "config"]),
    ("key", &["config"]),
    ("redact", &["model", "config"]),
    ("discovery", &["model", "clock", "telemetry", "config"]),
    ("scrape", &["model", "clock", "telemetry", "config", "key", "redact"]),
    ("search", &["model", "fs", "quiet", "telemetry"]),
    ("store", &["model", "fs", "quiet", "telemetry"]),
    ("ingest", &["model", "clock", "telemetry", "store"]),
    ("query", &["model", "telemetry", "store", "search"]),
    ("triage", &["model", "clock", "quiet", "telemetry", "config", "search", "store", "ingest", "query"]),
    ("transfer", &["model", "fs", "redact", "store", "ingest"]),
    ("chart", &["model", "query"]),
    ("backup", &["model", "clock", "fs", "telemetry", "search", "store"]),
    (
        "api",
        &[
            "model",
            "clock",
            "fs",
            "quiet",
            "telemetry",
            "config",
            "door",
            "key",
            "redact",
            "discovery",
            "scrape",
            "search",
            "store",
            "ingest",
            "query",
            "chart",
            "backup",
        ],
    ),
    ("demo", &["model", "clock", "config"]),
    ("app", EVERYTHING),
    ("cli", EVERYTHING),
];

const EVERYTHING: &[&str] = &[
    "model",
    "clock",
    "fs",
    "quiet",
    "telemetry",
    "config",
    "door",
    "key",
    "redact",
    "discovery",
    "scrape",
    "search",
    "store",
    "ingest",
    "query",
    "triage",
    "transfer",
    "chart",
    "backup",
    "api",
    "demo",
    "app",
];

/// External crates, by the names they have in code, and the only modules that may name them. Crates that are not listed
/// may stand anywhere.
const HOMES: &[(&str, &[&str])] = &[
    ("aho_corasick", &["redact"]),
    ("anyhow", &["app", "cli", "main"]),
    ("axum", &["api"]),
    ("bcrypt", &["door"]),
    ("bincode", &["store"]),
    ("clap", &["cli"]),
    ("hickory_resolver", &["discovery"]),
    ("hyper_util", &["api"]),
    ("jiff", &["model"]),
    ("mime_guess", &["api"]),
    ("prometheus_client", &["telemetry"]),
    ("rayon", &["scrape", "store", "ingest", "query", "search", "transfer"]),
    ("redb", &["store"]),
    // `hydrophone plot` asks a server.
    ("reqwest", &["discovery", "scrape", "cli"]),
    ("resvg", &["chart"]),
    ("ring", &["door"]),
    ("roaring", &["model", "search", "store", "query"]),
    ("rust_embed", &["api"]),
    ("rustls", &["door"]),
    ("serde_saphyr", &["config", "discovery"]),
    ("skrifa", &["chart"]),
    ("tantivy", &["search"]),
    // The values, the store and the questions asked of it are synchronous.
    ("tokio", &["clock", "discovery", "scrape", "ingest", "triage", "api", "demo", "app", "cli", "main"]),
    ("tokio_rustls", &["api"]),
    ("tower", &["api"]),
    ("tower_http", &["api"]),
    ("tracing_subscriber", &["telemetry", "api"]),
    ("utoipa", &["api"]),
    ("utoipa_axum", &["api"]),
    ("zstd", &["store", "backup"]),
];

/// Lines of a file before its test module.
const FILE_LINES_MAX: usize = 500;

/// Lines of a function from its `fn` to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;

/// Longer files, each with its reason.
const LONG_FILES: &[(&str, &str)] = &[];

/// Longer functions as `file:function`, each with its reason.
const LONG_FUNCTIONS: &[(&str, &str)] = &[];

/// Documents that there must be.
const DOCUMENTS: &[&str] = &[
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "docs/architecture.md",
    "docs/storage-format.md",
    "docs/operations.md",
    "docs/security.md",
    "docs/configuration.md",
    "docs/api.md",
    "docs/exposition-format.md",
    "docs/import-export.md",
    "docs/development.md",
];

/// Where our own text lies, apart from the files at the top.
const DIRECTORIES: &[&str] = &["src", "tests", "benches", "fuzz", "docs", "web", "clients", ".ci"];

/// Directories of other people's or generated files.
const FOREIGN: &[&str] = &["node_modules", "target", "dist", "corpus", "artifacts", ".git", "__pycache__"];

/// A source file of ours.
struct Source {
    /// Relative to the repository, with `/`.
    path: String,
    /// As it is.
    text: String,
    /// The same lines with the contents of comments and literals blanked, up to its test module.
    code: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for entry in entries {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if FOREIGN.iter().any(|foreign| name == *foreign) {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            walk(&entry.path(), found);
        } else {
            found.push(entry.path());
        }
    }
}

/// All text files of ours with these extensions, in the order of their paths.
fn files(extensions: &[&str]) -> Vec<(String, String)> {
    let mut paths = Vec::new();
    for directory in DIRECTORIES {
        walk(&root().join(directory), &mut paths);
    }
    paths.extend(std::fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()));
    paths.sort();
    let wanted = |path: &PathBuf| path.extension().is_some_and(|have| extensions.iter().any(|want| have == *want));
    let relative = |path: &PathBuf| path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
    let read = |path: &PathBuf| std::fs::read_to_string(path).unwrap();
    paths.iter().filter(|path| wanted(path)).map(|path| (relative(path), read(path))).collect()
}

/// The library's and binary's files, without files of tests.
fn sources() -> Vec<Source> {
    let is_test = |path: &str| path.ends_with("/tests.rs") || path.contains("/tests/");
    files(&["rs"])
        .into_iter()
        .filter(|(path, _)| path.starts_with("src/") && !is_test(path))
        .map(|(path, text)| {
            let code = blank(&text);
            let end = code.find("\n#[cfg(test)]\nmod tests {").map_or(code.len(), |at| at + 1);
            Source { path, code: code[..end].to_owned(), text }
        })
        .collect()
}

/// Replaces what stands in comments, strings and characters by spaces, so that only code is left to read.
fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = literal_end(bytes, at);
        if end == at {
            at += 1;
            continue;
        }
        out[at..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        at = end;
    }
    String::from_utf8(out).unwrap()
}

/// Where the comment or literal that begins at `at` ends; `at` where none begins.
fn literal_end(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let find = |needle: &[u8], from: usize| {
        rest[from..]
            .windows(needle.len())
            .position(|window| window == needle)
            .map_or(bytes.len(), |found| at + from + found)
    };
    let after_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    match rest {
        [b'/', b'/', ..] => find(b"\n", 2),
        [b'/', b'*', ..] => (find(b"*/", 2) + 2).min(bytes.len()),
        [b'r', b'"' | b'#', ..] | [b'b', b'r', b'"' | b'#', ..] if !after_word => {
            let hashes =
                rest.iter().skip_while(|byte| matches!(**byte, b'r' | b'b')).take_while(|byte| **byte == b'#').count();
            let open = rest.iter().position(|byte| *byte == b'"').unwrap_or(rest.len());
            if rest[..open].iter().any(|byte| !matches!(*byte, b'r' | b'b' | b'#')) {
                return at;
            }
            let close: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
            (find(&close, open + 1) + close.len()).min(bytes.len())
        }
        [b'"', ..] => {
            let mut end = at + 1;
            while end < bytes.len() && bytes[end] != b'"' {
                end += if bytes[end] == b'\\' { 2 } else { 1 };
            }
            (end + 1).min(bytes.len())
        }
        [b'\'', b'\\', _, ..] => (find(b"'", 3) + 1).min(bytes.len()),
        // A character, or else a lifetime.
        [b'\'', first, ..] => {
            let width = match first {
                0..0x80 => 1,
                0x80..0xe0 => 2,
                0xe0..0xf0 => 3,
                0xf0.. => 4,
            };
            if rest.get(1 + width) == Some(&b'\'') { at + width + 2 } else { at }
        }
        _ => at,
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Where `word` stands as a word of its own.
fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let bytes = code.as_bytes();
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = at.checked_sub(1).is_none_or(|before| !is_word(bytes[before]));
        let after = bytes.get(at + word.len()).is_none_or(|after| !is_word(*after));
        before && after
    })
}

fn word_at(text: &str) -> &str {
    let end = text.bytes().position(|byte| !is_word(byte)).unwrap_or(text.len());
    &text[..end]
}

/// The first names of what is imported by the tree that begins `text`: one name, or those of a group in braces.
fn first_names(text: &str) -> Vec<String> {
    let text = text.trim_start();
    let Some(group) = text.strip_prefix('{') else { return vec![word_at(text).to_owned()] };
    let (mut names, mut depth, mut fresh) = (Vec::new(), 0, true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => fresh = true,
            c if fresh && is_word(c as u8) => {
                names.push(word_at(&group[at..]).to_owned());
                fresh = false;
            }
            _ => {}
        }
    }
    names
}

/// The module path of a file: `src/api/v1/mod.rs` is `api, v1`.
fn module_path(path: &str) -> Vec<&str> {
    let path = path.strip_prefix("src/").unwrap().strip_suffix(".rs").unwrap();
    let mut parts: Vec<_> = path.split('/').collect();
    if parts.last() == Some(&"mod") {
        parts.pop();
    }
    parts
}

/// The top-level modules that a file names.
fn imports(source: &Source) -> BTreeSet<String> {
    let depth = module_path(&source.path).len();
    let mut found = BTreeSet::new();
    for at in words(&source.code, "crate") {
        if let Some(rest) = source.code[at..].strip_prefix("crate::") {
            found.extend(first_names(rest));
        }
    }
    for at in words(&source.code, "super") {
        if source.code[..at].ends_with("super::") {
            continue;
        }
        let mut rest = &source.code[at..];
        let mut climbed = 0;
        while let Some(after) = rest.strip_prefix("super::") {
            (rest, climbed) = (after, climbed + 1);
        }
        if climbed == depth {
            found.extend(first_names(rest));
        }
    }
    found
}

fn check(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn modules_import_only_what_stands_below_them() {
    let known: BTreeSet<&str> = MODULES.iter().map(|(name, _)| *name).collect();
    let mut problems = Vec::new();
    for source in sources() {
        let module = module_path(&source.path)[0];
        if module == "lib" || module == "main" {
            continue;
        }
        let Some((_, allowed)) = MODULES.iter().find(|(name, _)| *name == module) else {
            problems.push(format!("{}: module {module} is not in the table of tests/tidy.rs", source.path));
            continue;
        };
        for import in imports(&source) {
            let foreign = known.contains(import.as_str()) && import != module;
            if foreign && !allowed.contains(&import.as_str()) {
                problems.push(format!("{}: {module} may not import {import}", source.path));
            }
        }
    }
    check(&problems);
}

#[test]
fn every_module_of_the_crate_is_in_the_table_in_the_same_order() {
    let library = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let declared: Vec<_> =
        library.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let table: Vec<_> = MODULES.iter().map(|(name, _)| *name).collect();
    assert_eq!(declared, table);
    for (index, (name, allowed)) in MODULES.iter().enumerate() {
        let above = &table[..index];
        assert!(allowed.iter().all(|import| above.contains(import) || import == name), "{name} imports upwards");
    }
}

#[test]
fn external_crates_stay_at_home() {
    let mut problems = Vec::new();
    for source in sources() {
        let module = module_path(&source.path)[0];
        for (name, homes) in HOMES {
            let named = words(&source.code, name).any(|at| {
                let (before, after) = (&source.code[..at], &source.code[at + name.len()..]);
                let path = after.starts_with("::") && !before.ends_with("::");
                path || before.ends_with("use ")
            });
            // Our own module of the same name is not the crate.
            if named && !homes.contains(&module) {
                problems.push(format!("{}: the crate {name} lives in {}", source.path, homes.join(", ")));
            }
        }
    }
    check(&problems);
}

#[test]
fn every_file_says_what_it_is_for() {
    let problems: Vec<_> = files(&["rs"])
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//! "))
        .map(|(path, _)| format!("{path}: begins without `//!` and a sentence"))
        .collect();
    check(&problems);
}

#[test]
fn files_are_short_enough_to_read_in_one_sitting() {
    let mut problems = Vec::new();
    for source in sources() {
        let lines = source.code.lines().count();
        let excepted = LONG_FILES.iter().any(|(path, _)| *path == source.path);
        if lines > FILE_LINES_MAX && !excepted {
            problems.push(format!("{}: {lines} lines before its tests", source.path));
        }
        if lines <= FILE_LINES_MAX && excepted {
            problems.push(format!("{}: is short enough, take it out of the exceptions", source.path));
        }
    }
    check(&problems);
}

#[test]
fn functions_fit_on_a_screen() {
    let mut problems = Vec::new();
    for source in sources() {
        for (name, lines) in functions(&source.code) {
            let place = format!("{}:{name}", source.path);
            if lines > FUNCTION_LINES_MAX && !LONG_FUNCTIONS.iter().any(|(exception, _)| *exception == place) {
                problems.push(format!("{place}: {lines} lines"));
            }
        }
    }
    check(&problems);
}

/// Names of functions and their lines from `fn` to the closing brace.
fn functions(code: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for at in words(code, "fn") {
        let name = word_at(code[at + 2..].trim_start());
        let mut depth = 0_i32;
        let mut end = None;
        for (offset, byte) in code[at..].bytes().enumerate() {
            match byte {
                b'{' | b'(' | b'[' => depth += 1,
                b'}' | b')' | b']' => {
                    depth -= 1;
                    if depth < 0 {
                        break;
                    }
                    if depth == 0 && byte == b'}' {
                        end = Some(at + offset);
                        break;
                    }
                }
                // A declaration without a body, or a function type.
                b';' | b',' if depth == 0 => break,
                _ => {}
            }
        }
        if let (Some(end), false) = (end, name.is_empty()) {
            found.push((name.to_owned(), code[at..end].matches('\n').count() + 1));
        }
    }
    found
}

#[test]
fn every_module_has_its_section_in_the_architecture() {
    let architecture = std::fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let headings: Vec<_> = architecture.lines().filter(|line| line.starts_with("### ")).collect();
    let missing = |name: &str| !headings.iter().any(|heading| heading.contains(&format!("`{name}`")));
    let problems: Vec<_> = MODULES
        .iter()
        .filter(|(name, _)| missing(name))
        .map(|(name, _)| format!("docs/architecture.md has no section `### … `{name}` …`"))
        .collect();
    check(&problems);
}

#[test]
fn documents_are_there_and_their_links_lead_somewhere() {
    let mut problems = Vec::new();
    for document in DOCUMENTS {
        let text = std::fs::read_to_string(root().join(document)).unwrap_or_default();
        if text.trim().lines().count() < 3 {
            problems.push(format!("{document}: missing or empty"));
        }
    }
    for (path, text) in files(&["md"]) {
        let directory = root().join(&path).parent().unwrap().to_owned();
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split([')', ' ', '\n']).next().unwrap();
            let file = target.split('#').next().unwrap();
            let local = !file.is_empty() && !file.contains(':');
            if local && !directory.join(file).try_exists().unwrap() {
                problems.push(format!("{path}: link to {target}, which is not there"));
            }
        }
    }
    check(&problems);
}

#[test]
fn nothing_is_left_open_and_no_line_ends_in_a_space() {
    let open = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("todo", "!("), concat!("unimplemented", "!(")];
    let mut problems = Vec::new();
    for (path, text) in files(&["rs", "toml", "md", "ts", "tsx", "css", "html", "mjs", "js", "py", "yml", "yaml", "sh"])
    {
        for (number, line) in text.lines().enumerate() {
            let place = format!("{path}:{}", number + 1);
            if line.ends_with([' ', '\t']) {
                problems.push(format!("{place}: ends in a space"));
            }
            if let Some(word) = open.iter().find(|word| line.contains(**word)) {
                problems.push(format!("{place}: says {word}"));
            }
        }
        if !text.is_empty() && !text.ends_with('\n') {
            problems.push(format!("{path}: ends without a newline"));
        }
    }
    check(&problems);
}

#[test]
fn exceptions_have_reasons_and_are_about_something() {
    let sources = sources();
    for (path, reason) in LONG_FILES {
        assert!(reason.len() > 10 && sources.iter().any(|source| source.path == *path), "{path}");
    }
    for (place, reason) in LONG_FUNCTIONS {
        let (path, function) = place.split_once(':').unwrap();
        let source = sources.iter().find(|source| source.path == path).unwrap();
        let long = functions(&source.code).iter().any(|(name, lines)| name == function && *lines > FUNCTION_LINES_MAX);
        assert!(reason.len() > 10 && long, "{place}");
    }
    assert!(sources.iter().all(|source| source.code.len() <= source.text.len()));
}

#[test]
fn source_text_is_read_as_the_compiler_reads_it() {
    let code = blank(
        "use crate::a; // crate::b\nlet s = \"crate::c\"; let r = r#\"crate::\"d\"#; let c = '\"'; fn f<'a>() {}\n",
    );
    let source = Source { path: "src/x/y.rs".to_owned(), text: String::new(), code };
    assert_eq!(imports(&source).into_iter().collect::<Vec<_>>(), ["a"]);

    let code =
        "use crate::{a::b, c::{d, e}, f}; use super::super::g::h; use super::i; fn k() { crate::j::l(); }".to_owned();
    let source = Source { path: "src/x/y.rs".to_owned(), text: String::new(), code };
    assert_eq!(imports(&source).into_iter().collect::<Vec<_>>(), ["a", "c", "f", "g", "j"]);
    assert_eq!(
        functions("trait T { fn a(&self); fn b() {\n}\n }\nfn c<T: Fn() -> [u8; 2]>(f: fn(u8)) where {\n\n}"),
        [("b".to_owned(), 2), ("c".to_owned(), 3)]
    );
}

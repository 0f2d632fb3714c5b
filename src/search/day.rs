//! One day's index as it is written.
//!
//! It follows the day's commits in their order. What was committed to it is said by its payload: all of the store's commits
//! up to one are in it, no part of a later one. A state that does not fit its payload, that is damaged, or that was made by
//! another version is unusable as a whole; nothing is repaired, because everything can be made anew.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use rustc_hash::FxHashMap;
use tantivy::directory::MmapDirectory;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::{FutureResult, Index, IndexReader, IndexWriter, ReloadPolicy, SegmentMeta, TantivyError};

use super::Error;
use super::condition::Document;
use super::partition::Partition;
use super::schema::{self, Fields, VERSION};
use super::segment::{self, Segment};
use crate::fs;
use crate::model::id::{AggregateId, OccurrenceId, TargetId};
use crate::model::occurrence::Occurrence;

/// What the engine may collect in memory before it writes a segment: its minimum. Real use is up to twice as much.
const MEMORY_BYTES: usize = 15 << 20;
/// So many segments of one size are merged into one: few enough to be read quickly, enough not to be merged all the time.
const MERGE_SEGMENTS: usize = 6;
/// Shared texts that are known again, about 10 MB of them; beyond, they are indexed once more.
const KNOWN_MAX: usize = 1 << 18;

/// One day's index.
pub(super) struct Day {
    /// Days since 1970.
    number: u32,
    path: PathBuf,
    fields: Fields,
    files: MmapDirectory,
    index: Index,
    reader: IndexReader,
    state: State,
    writing: Option<Writing>,
    /// It was written to since it was opened.
    is_worn: bool,
}

/// What a committed state says of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct State {
    /// All commits up to this one are in it.
    commit: u64,
    occurrences: u64,
    /// Ids of shared texts are below this one; there is one document for each.
    shared: u32,
}

struct Writing {
    writer: IndexWriter,
    known: FxHashMap<u128, u32>,
    /// A state that is not committed yet.
    next: State,
    merging: Option<FutureResult<Option<SegmentMeta>>>,
}

impl Day {
    /// Opens the index in `path`. All its bytes are checked.
    pub(super) fn open(path: &Path, day: u32, fields: Fields) -> Result<Self, Error> {
        let unusable = |error: TantivyError| Error::unusable(path, error.to_string());
        let files = MmapDirectory::open(path).map_err(|error| unusable(error.into()))?;
        let index = Index::open(files.clone()).map_err(unusable)?;
        let (schema, _) = schema::schema();
        if index.schema() != schema || *index.settings() != schema::settings() {
            return Err(Error::unusable(path, "it was made by another version"));
        }
        let metas = index.load_metas().map_err(unusable)?;
        let state = match &metas.payload {
            // Begun, and nothing was committed before the process ended.
            None if metas.segments.is_empty() => Some(State::default()),
            payload => State::parse(payload.as_deref().unwrap_or_default()),
        };
        let state = state.ok_or_else(|| Error::unusable(path, "it says nothing that we understand"))?;
        let managed = index.directory().list_managed_files();
        let there = |file: &PathBuf| path.join(file).try_exists().unwrap_or(false);
        if metas.list_segment_files().iter().any(|file| there(file) && !managed.contains(file)) {
            return Err(Error::unusable(path, "its list of files is damaged"));
        }
        if let Some(file) = index.validate_checksum().map_err(unusable)?.iter().next() {
            return Err(Error::unusable(path, format!("{} is damaged", file.display())));
        }
        let day = Self::new(path, day, fields, files, index, state)?;
        let documents = state.occurrences + u64::from(state.shared);
        let searcher = day.reader.searcher();
        if searcher.num_docs() != documents {
            let found = searcher.num_docs();
            return Err(Error::unusable(path, format!("it has {found} documents in the place of {documents}")));
        }
        Ok(day)
    }

    /// Makes an empty index in `path`, where nothing is.
    pub(super) fn create(path: &Path, day: u32, fields: Fields) -> Result<Self, Error> {
        std::fs::create_dir_all(path).map_err(Error::io("creating", path))?;
        let (schema, _) = schema::schema();
        let failed = |error: TantivyError| Error::engine("creating", path)(error);
        let files = MmapDirectory::open(path).map_err(|error| failed(error.into()))?;
        let index = Index::create(files.clone(), schema, schema::settings()).map_err(failed)?;
        if let Some(parent) = path.parent() {
            fs::sync_directory(parent).map_err(Error::io("syncing", parent))?;
        }
        Self::new(path, day, fields, files, index, State::default())
    }

    fn new(
        path: &Path,
        number: u32,
        fields: Fields,
        files: MmapDirectory,
        index: Index,
        state: State,
    ) -> Result<Self, Error> {
        schema::register(index.tokenizers());
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).doc_store_cache_num_blocks(0);
        let reader = reader.try_into().map_err(Error::engine("reading", path))?;
        Ok(Self { number, path: path.to_owned(), fields, files, index, reader, state, writing: None, is_worn: false })
    }

    /// All commits of the day up to this one are in it.
    pub(super) fn commit(&self) -> u64 {
        self.state.commit
    }

    /// How many occurrences are in it.
    pub(super) fn occurrences(&self) -> u64 {
        self.state.occurrences
    }

    /// The state that was committed last, for readers.
    pub(super) fn partition(&self) -> Result<Arc<Partition>, Error> {
        let searcher = self.reader.searcher();
        let place = (self.path.as_path(), self.number);
        let partition = Partition::new(place, self.fields, searcher.segment_readers());
        partition.map(Arc::new).map_err(Error::engine("reading", &self.path))
    }

    /// Adds an occurrence; how many bytes of text it brought. It can be found after [`Day::finish`].
    pub(super) fn add(
        &mut self,
        id: OccurrenceId,
        aggregate: AggregateId,
        target: TargetId,
        occurrence: &Occurrence,
    ) -> Result<usize, Error> {
        let fields = self.fields;
        let failed = Error::engine("writing", &self.path);
        let document = Document::occurrence(aggregate, target, occurrence);
        let writing = match &mut self.writing {
            Some(writing) => writing,
            none => none.insert(Writing::open(&self.index, &self.reader, &fields, self.state).map_err(failed)?),
        };
        let failed = Error::engine("writing", &self.path);
        writing.add(id, &document, occurrence, &fields).map_err(failed)
    }

    /// Commits: everything up to the store's commit `commit` was added. Durable on return.
    pub(super) fn finish(&mut self, commit: u64) -> Result<(), Error> {
        let failed = |error: TantivyError| Error::engine("writing", &self.path)(error);
        if self.writing.is_none() {
            self.writing = Some(Writing::open(&self.index, &self.reader, &self.fields, self.state).map_err(failed)?);
        }
        let Some(writing) = &mut self.writing else { return Ok(()) };
        self.is_worn = true;
        writing.next.commit = commit;
        let mut prepared = writing.writer.prepare_commit().map_err(failed)?;
        prepared.set_payload(&writing.next.to_string());
        prepared.commit().map_err(failed)?;
        // The engine does not sync the directory after its last rename.
        fs::sync_directory(&self.path).map_err(Error::io("syncing", &self.path))?;
        self.state = writing.next;
        self.reader.reload().map_err(failed)?;
        // The engine remembers each file that it ever mapped, of which there are some for each commit, until it is asked for them.
        let _ = self.files.get_cache_info();
        Ok(())
    }

    /// Goes on making one segment of a day that is over, in the background; whether that is done. The caller's readers
    /// see it by a new [`Day::partition`].
    pub(super) fn settle(&mut self) -> Result<bool, Error> {
        let failed = |error: TantivyError| Error::engine("merging", &self.path)(error);
        let segments = self.index.searchable_segment_ids().map_err(failed)?;
        if segments.len() <= 1 && self.writing.is_none() {
            return Ok(true);
        }
        if self.writing.is_none() {
            self.writing = Some(Writing::open(&self.index, &self.reader, &self.fields, self.state).map_err(failed)?);
        }
        let Some(writing) = &mut self.writing else { return Ok(true) };
        match &mut writing.merging {
            None if segments.len() > 1 => {
                writing.merging = Some(writing.writer.merge(&segments));
                Ok(false)
            }
            None => {
                self.close();
                Ok(true)
            }
            Some(merging) => {
                let mut context = Context::from_waker(Waker::noop());
                match Pin::new(merging).poll(&mut context) {
                    Poll::Pending => Ok(false),
                    Poll::Ready(outcome) => {
                        writing.merging = None;
                        outcome.map_err(failed)?;
                        fs::sync_directory(&self.path).map_err(Error::io("syncing", &self.path))?;
                        self.reader.reload().map_err(failed)?;
                        // Now that no reader of ours holds them, the files of the segments that were merged go.
                        writing.writer.garbage_collect_files().wait().map_err(failed)?;
                        self.close();
                        Ok(true)
                    }
                }
            }
        }
    }

    /// Opens it anew after it was written to, for as long as it is kept. What readers hold of it was allocated bit by bit among all
    /// that writing takes and gives back, and some of it lies in each page of memory that was used then: a day of a few hundred
    /// kilobytes kept megabytes from being used for anything else. Opened at once it lies together.
    pub(super) fn refresh(&mut self) -> Result<(), Error> {
        if self.is_worn && self.writing.is_none() {
            let failed = |error: TantivyError| Error::engine("opening", &self.path)(error);
            let files = MmapDirectory::open(&self.path).map_err(|error| failed(error.into()))?;
            let index = Index::open(files.clone()).map_err(failed)?;
            *self = Self::new(&self.path.clone(), self.number, self.fields, files, index, self.state)?;
        }
        Ok(())
    }

    /// Gives up the memory and the threads for writing; what was not committed is gone.
    pub(super) fn close(&mut self) {
        self.writing = None;
    }

    /// Whether it holds memory and threads for writing.
    pub(super) fn is_writing(&self) -> bool {
        self.writing.is_some()
    }
}

impl Writing {
    fn open(index: &Index, reader: &IndexReader, fields: &Fields, state: State) -> Result<Self, TantivyError> {
        let options = IndexWriterOptions::builder().num_worker_threads(1).num_merge_threads(1);
        let writer = index.writer_with_options(options.memory_budget_per_thread(MEMORY_BYTES).build())?;
        let mut policy = LogMergePolicy::default();
        policy.set_min_num_segments(MERGE_SEGMENTS);
        writer.set_merge_policy(Box::new(policy));
        let mut known = FxHashMap::default();
        for reader in reader.searcher().segment_readers() {
            let segment = Segment::open(reader)?;
            let keys = segment.field(fields.shared_key)?;
            let mut stream = keys.terms().stream()?;
            while let Some((key, _)) = stream.next() {
                let Some(postings) = segment::postings(&keys, key)? else { continue };
                if let (Ok(key), Some(document)) = (key.try_into(), postings.docs().first()) {
                    known.insert(u128::from_be_bytes(key), segment.shared.get(*document) as u32);
                }
                if known.len() >= KNOWN_MAX {
                    break;
                }
            }
        }
        Ok(Self { writer, known, next: state, merging: None })
    }

    fn add(
        &mut self,
        id: OccurrenceId,
        document: &Document<'_>,
        occurrence: &Occurrence,
        fields: &Fields,
    ) -> Result<usize, TantivyError> {
        let key = schema::shared_key(document);
        let mut bytes = 0;
        let shared = match self.known.get(&key) {
            Some(shared) => *shared,
            None => {
                let shared = self.next.shared;
                self.next.shared = shared.saturating_add(1);
                if self.known.len() >= KNOWN_MAX {
                    self.known.clear();
                }
                self.known.insert(key, shared);
                let frames = document.stacks().flat_map(|stack| &stack.frames);
                bytes += frames.map(String::len).sum::<usize>() + document.class.len();
                self.writer.add_document(fields.shared_document(key, shared, document))?;
                shared
            }
        };
        let time = schema::time_of(id.day, occurrence.timestamp);
        let (own, own_bytes) = fields.occurrence_document(id, time, shared, document);
        self.writer.add_document(own)?;
        self.next.occurrences += 1;
        Ok(bytes + own_bytes)
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { commit, occurrences, shared } = self;
        let said = format!("{VERSION} {commit} {occurrences} {shared}");
        write!(f, "{said} {:016x}", xxhash_rust::xxh3::xxh3_64(said.as_bytes()))
    }
}

impl State {
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let mut number = || words.next()?.parse::<u64>().ok();
        let version = text.split(' ').next()?;
        let _ = number();
        let state = Self { commit: number()?, occurrences: number()?, shared: u32::try_from(number()?).ok()? };
        (version == VERSION && state.to_string() == text).then_some(state)
    }
}

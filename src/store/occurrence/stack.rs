//! Stack traces, each distinct one stored once, in the store's main database.
//!
//! Most occurrences of an aggregate share one stack, and stacks are most of an occurrence's bytes. What is stored is exactly
//! what the client wrote, because that is what people are shown; so only equal stacks are one. New stacks of a commit
//! are compressed together, since they share frames.
//!
//! Two tables, both appended to in ascending order:
//! ```text
//! stacks        first id u32 → block of stacks with consecutive ids
//! stack_hashes  id u32       → XXH3-128 of the frames, to know a stack again without reading its text
//! ```

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::path::Path;
use std::sync::Arc;

use redb::{
    ReadOnlyTable, ReadTransaction, ReadableTable, ReadableTableMetadata, TableDefinition, TableError, WriteTransaction,
};
use roaring::RoaringBitmap;
use xxhash_rust::xxh3::Xxh3Default;

use super::cache::Cache;
use super::envelope;
use super::error::{Damaged, Error};
use crate::model::id::StackId;
use crate::model::occurrence::Stack;
use crate::store::checked::Checked;
use crate::store::codec::{Corrupt, varint};

const STACKS: TableDefinition<'_, u32, Checked> = TableDefinition::new("stacks");
const HASHES: TableDefinition<'_, u32, u128> = TableDefinition::new("stack_hashes");

const READING: &str = "stack";
/// Stacks are written once and read often, so they may take longer to compress than occurrences.
const COMPRESSION_LEVEL: i32 = 3;
/// Enough neighbours to share frames with, few enough that reading one stack unfolds a page or two.
const BLOCK_STACKS_MAX: usize = 16;
const BLOCK_BYTES_MAX: usize = 32 << 10;
/// Stacks that are known again, about 50 MB of them. Beyond, the older half is forgotten: such a stack is stored again
/// when it comes back, which costs its bytes and nothing else.
const KNOWN_MAX: usize = 1 << 20;

/// Gives stacks their ids and writes new ones with the commit that brought them. Belongs to the one writer.
pub(in crate::store) struct Stacks {
    known: HashMap<[u64; 2], u32, BuildHasherDefault<AlreadyHashed>>,
    known_max: usize,
    next: u32,
    new: Vec<(StackId, u128, Arc<Stack>)>,
    /// Samples of one aggregate follow each other and share their stack: most questions are this one again.
    last: Option<(Arc<Stack>, StackId)>,
}

impl Stacks {
    /// What the main database (at `path`, for messages) knows.
    pub(in crate::store) fn open(transaction: &ReadTransaction, path: &Path) -> Result<Self, Error> {
        let failed = |error: redb::Error| Error::database("reading the stacks of", path)(error);
        let mut stacks = Self { known: HashMap::default(), known_max: KNOWN_MAX, next: 0, new: Vec::new(), last: None };
        let table = match transaction.open_table(HASHES) {
            Ok(table) => table,
            Err(TableError::TableDoesNotExist(_)) => return Ok(stacks),
            Err(error) => return Err(failed(error.into())),
        };
        for row in table.range::<u32>(..).map_err(|error| failed(error.into()))? {
            let (id, hash) = row.map_err(|error| failed(error.into()))?;
            stacks.next = id.value().saturating_add(1);
            stacks.know(hash.value(), id.value());
        }
        Ok(stacks)
    }

    /// The id of `stack`, old or new.
    pub(in crate::store) fn intern(&mut self, stack: &Arc<Stack>) -> StackId {
        if let Some((last, id)) = &self.last
            && Arc::ptr_eq(last, stack)
        {
            return *id;
        }
        let hash = hash(stack);
        let known = self.known.get(&halves(hash)).copied();
        let id = StackId(known.unwrap_or(self.next));
        if known.is_none() {
            self.next = self.next.saturating_add(1);
            self.know(hash, id.0);
            self.new.push((id, hash, Arc::clone(stack)));
        }
        self.last = Some((Arc::clone(stack), id));
        id
    }

    /// How many stacks there are, about: ids are given without gaps, and retention leaves some.
    pub(in crate::store) fn len(&self) -> u64 {
        u64::from(self.next)
    }

    /// Writes the stacks that were new since the last call, in the transaction of the commit that brought them. If that commit
    /// fails, so must all later ones: the ids are given.
    pub(in crate::store) fn write(&mut self, transaction: &WriteTransaction, path: &Path) -> Result<(), Error> {
        if self.new.is_empty() {
            return Ok(());
        }
        let failed = |error: redb::Error| Error::database("writing stacks to", path)(error);
        let mut blocks = transaction.open_table(STACKS).map_err(|error| failed(error.into()))?;
        let mut hashes = transaction.open_table(HASHES).map_err(|error| failed(error.into()))?;
        let mut rest = self.new.as_slice();
        while let Some((first, _, _)) = rest.first() {
            let (block, left) = rest.split_at(block_len(rest));
            let bytes = encode(*first, block).map_err(Error::io("compressing stacks for", path))?;
            blocks.insert(first.0, bytes.as_slice()).map_err(|error| failed(error.into()))?;
            for (id, hash, _) in block {
                hashes.insert(id.0, *hash).map_err(|error| failed(error.into()))?;
            }
            rest = left;
        }
        self.new.clear();
        Ok(())
    }

    /// Removes blocks none of whose stacks is in `used`; how many stacks that were. New stacks that wait to be written
    /// are left alone, and so is the newest block, by which ids are continued.
    pub(in crate::store) fn retain(
        &mut self,
        transaction: &WriteTransaction,
        used: &RoaringBitmap,
        path: &Path,
    ) -> Result<u64, Error> {
        let failed = |error: redb::Error| Error::database("removing stacks from", path)(error);
        let mut blocks = transaction.open_table(STACKS).map_err(|error| failed(error.into()))?;
        let mut hashes = transaction.open_table(HASHES).map_err(|error| failed(error.into()))?;
        let mut firsts = Vec::new();
        for row in blocks.range::<u32>(..).map_err(|error| failed(error.into()))? {
            firsts.push(row.map_err(|error| failed(error.into()))?.0.value());
        }
        let mut removed = RoaringBitmap::new();
        for window in firsts.windows(2) {
            let [first, next] = *window else { continue };
            // Between blocks there may be ids that were removed before; they are in nobody's hands.
            if used.range_cardinality(first..next) == 0 {
                removed.insert_range(first..next);
                blocks.remove(first).map_err(|error| failed(error.into()))?;
            }
        }
        let before = hashes.len().map_err(|error| failed(error.into()))?;
        hashes.retain(|id, _| !removed.contains(id)).map_err(|error| failed(error.into()))?;
        self.known.retain(|_, id| !removed.contains(*id));
        self.last = None;
        Ok(before - hashes.len().map_err(|error| failed(error.into()))?)
    }

    fn know(&mut self, hash: u128, id: u32) {
        if self.known.len() >= self.known_max {
            let mut ids: Vec<u32> = self.known.values().copied().collect();
            let middle = ids.len() / 2;
            let (_, middle, _) = ids.select_nth_unstable(middle);
            let middle = *middle;
            self.known.retain(|_, id| *id >= middle);
        }
        self.known.insert(halves(hash), id);
    }
}

/// Reads stacks from a snapshot of the main database; keeps what it has read, so it is made for one answer.
pub(in crate::store) struct Reader<'a> {
    table: Option<ReadOnlyTable<u32, Checked>>,
    path: std::path::PathBuf,
    read: HashMap<u32, Arc<Stack>>,
    recent: Option<&'a Recent>,
}

/// Stacks that were read lately. Ids are given once.
pub(in crate::store) type Recent = Cache<u32, Stack>;

/// About so many bytes of them: some thousands.
pub(in crate::store) const RECENT_BYTES_MAX: usize = 8 << 20;

impl<'a> Reader<'a> {
    /// A reader of the snapshot `transaction` of the database at `path`.
    pub(in crate::store) fn new(transaction: &ReadTransaction, path: &Path) -> Result<Self, Error> {
        let table = match transaction.open_table(STACKS) {
            Ok(table) => Some(table),
            Err(TableError::TableDoesNotExist(_)) => None,
            Err(error) => return Err(Error::database("reading the stacks of", path)(error)),
        };
        Ok(Self { table, path: path.to_owned(), read: HashMap::new(), recent: None })
    }

    /// The same for a few stacks here and there, which it looks for in `recent` first and puts there.
    pub(in crate::store) fn with(self, recent: &'a Recent) -> Self {
        Self { recent: Some(recent), ..self }
    }

    /// The stack with this id; [`Damaged::Stack`] where it is not there.
    pub(in crate::store) fn get(&mut self, id: StackId) -> Result<Arc<Stack>, Error> {
        if let Some(stack) = self.read.get(&id.0) {
            return Ok(Arc::clone(stack));
        }
        if let Some(stack) = self.recent.and_then(|recent| recent.get(id.0)) {
            return Ok(stack);
        }
        let failed = |error: redb::Error| Error::database("reading the stacks of", &self.path)(error);
        let damaged = |source| Error::Damaged(Damaged::Stack { stack: id, source });
        let missing = Corrupt::new(READING, "not there");
        let Some(table) = &self.table else { return Err(damaged(missing)) };
        let mut range = table.range(..=id.0).map_err(|error| failed(error.into()))?;
        let Some(row) = range.next_back() else { return Err(damaged(missing)) };
        let (first, block) = row.map_err(|error| failed(error.into()))?;
        for (place, stack) in (first.value()..).zip(decode(StackId(first.value()), block.value()).map_err(damaged)?) {
            self.read.insert(place, Arc::new(stack));
        }
        let stack = self.read.get(&id.0).ok_or_else(|| damaged(missing))?;
        if let Some(recent) = self.recent {
            let bytes = stack.frames.iter().map(|frame| frame.len() + size_of::<String>()).sum();
            recent.insert(id.0, Arc::clone(stack), bytes);
        }
        Ok(Arc::clone(stack))
    }
}

/// Calls `visit` with each stack's id, and with what is wrong with it or with its block.
pub(in crate::store) fn check(
    transaction: &ReadTransaction,
    visit: &mut dyn FnMut(StackId, Option<String>),
) -> Result<(), redb::Error> {
    let (blocks, hashes) = (transaction.open_table(STACKS)?, transaction.open_table(HASHES)?);
    let mut known: HashMap<u32, u128> = HashMap::new();
    for row in hashes.range::<u32>(..)? {
        let (id, hash) = row?;
        known.insert(id.value(), hash.value());
    }
    for row in blocks.range::<u32>(..)? {
        let (first, block) = row?;
        let first = first.value();
        match decode(StackId(first), block.value()) {
            Err(damaged) => visit(StackId(first), Some(damaged.to_string())),
            Ok(stacks) => {
                for (id, stack) in (first..).zip(stacks) {
                    let agrees = known.remove(&id) == Some(hash(&stack));
                    visit(StackId(id), None);
                    if !agrees {
                        visit(StackId(id), Some("its hash is another".to_owned()));
                    }
                }
            }
        }
    }
    for id in known.into_keys() {
        visit(StackId(id), Some("there is only a hash".to_owned()));
    }
    Ok(())
}

/// Puts a stack that says that it was lost in the place of each of `used` that is not there, and makes the hashes anew. Which
/// those are.
pub(in crate::store) fn replace_missing(
    transaction: &WriteTransaction,
    used: &RoaringBitmap,
    path: &Path,
) -> Result<Vec<u32>, Error> {
    let failed = |error: redb::Error| Error::database("writing stacks to", path)(error);
    let mut blocks = transaction.open_table(STACKS).map_err(|error| failed(error.into()))?;
    let mut hashes = transaction.open_table(HASHES).map_err(|error| failed(error.into()))?;
    let mut known: HashMap<u32, u128> = HashMap::new();
    for row in hashes.range::<u32>(..).map_err(|error| failed(error.into()))? {
        let (id, hash) = row.map_err(|error| failed(error.into()))?;
        known.insert(id.value(), hash.value());
    }
    hashes.retain(|_, _| false).map_err(|error| failed(error.into()))?;
    let (mut there, mut damaged) = (RoaringBitmap::new(), Vec::new());
    for row in blocks.range::<u32>(..).map_err(|error| failed(error.into()))? {
        let (first, block) = row.map_err(|error| failed(error.into()))?;
        let Ok(stacks) = decode(StackId(first.value()), block.value()) else {
            damaged.push(first.value());
            continue;
        };
        // A block none of whose hashes agrees is that of other stacks, and its key is damaged.
        let agrees = |(id, stack)| known.get(&id).is_none_or(|known| *known == hash(stack));
        if !(first.value()..).zip(&stacks).any(agrees) && !stacks.is_empty() {
            damaged.push(first.value());
            continue;
        }
        for (id, stack) in (first.value()..).zip(stacks) {
            there.insert(id);
            hashes.insert(id, hash(&stack)).map_err(|error| failed(error.into()))?;
        }
    }
    for first in damaged {
        blocks.remove(first).map_err(|error| failed(error.into()))?;
    }
    let mut missing = Vec::new();
    for id in used - &there {
        let stack = Arc::new(Stack { frames: vec![format!("(stack trace {id} was lost)")] });
        let hash = hash(&stack);
        let block = encode(StackId(id), &[(StackId(id), hash, stack)]);
        let block = block.map_err(Error::io("compressing stacks for", path))?;
        blocks.insert(id, block.as_slice()).map_err(|error| failed(error.into()))?;
        hashes.insert(id, hash).map_err(|error| failed(error.into()))?;
        missing.push(id);
    }
    Ok(missing)
}

/// The hash is already one: no need to hash it again.
#[derive(Default)]
struct AlreadyHashed(u64);

impl Hasher for AlreadyHashed {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, half: u64) {
        self.0 = self.0.rotate_left(31) ^ half;
    }

    fn write_usize(&mut self, _length: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

fn halves(hash: u128) -> [u64; 2] {
    [(hash >> 64) as u64, hash as u64]
}

/// Of 2^20 stacks two have the same hash with a chance of 2^-89.
fn hash(stack: &Stack) -> u128 {
    let mut hasher = Xxh3Default::new();
    for frame in &stack.frames {
        // The lengths keep ["ab"] and ["a", "b"] apart.
        hasher.update(&(frame.len() as u64).to_le_bytes());
        hasher.update(frame.as_bytes());
    }
    hasher.digest128()
}

/// How many of the new stacks make up the next block.
fn block_len(stacks: &[(StackId, u128, Arc<Stack>)]) -> usize {
    let mut bytes = 0;
    let fit = stacks.iter().take(BLOCK_STACKS_MAX).take_while(|(_, _, stack)| {
        bytes += stack.frames.iter().map(String::len).sum::<usize>();
        bytes <= BLOCK_BYTES_MAX
    });
    fit.count().max(1)
}

fn encode(first: StackId, stacks: &[(StackId, u128, Arc<Stack>)]) -> std::io::Result<Vec<u8>> {
    let mut raw = Vec::new();
    for (_, _, stack) in stacks {
        varint::write_u64(&mut raw, stack.frames.len() as u64);
        for frame in &stack.frames {
            varint::write_bytes(&mut raw, frame.as_bytes());
        }
    }
    let mut block = Vec::new();
    envelope::begin(&mut block);
    varint::write_u64(&mut block, stacks.len() as u64);
    envelope::compress(&mut zstd::bulk::Compressor::new(COMPRESSION_LEVEL)?, &raw, &mut block)?;
    envelope::seal(&mut block, u64::from(first.0));
    Ok(block)
}

fn decode(first: StackId, block: &[u8]) -> Result<Vec<Stack>, Corrupt> {
    let mut input = envelope::open(block, u64::from(first.0))?;
    let count = varint::read_u64(&mut input)?;
    let raw = envelope::decompress(input)?;
    let mut raw = raw.as_slice();
    let mut stacks = Vec::new();
    for _ in 0..count {
        let mut frames = Vec::new();
        for _ in 0..varint::read_u64(&mut raw)? {
            let frame = varint::read_bytes(&mut raw)?;
            let frame = std::str::from_utf8(frame).map_err(|_| Corrupt::new(READING, "text is not UTF-8"))?;
            frames.push(frame.to_owned());
        }
        stacks.push(Stack { frames });
    }
    if raw.is_empty() { Ok(stacks) } else { Err(Corrupt::new(READING, "more bytes than stacks")) }
}

#[cfg(test)]
mod tests {
    use redb::{Database, ReadableDatabase};

    use super::*;

    fn stack(number: usize, frames: usize) -> Arc<Stack> {
        let frame = |frame| format!("com.example.Service{number}.call{frame}(Service.java:{})", number * 7 + frame);
        Arc::new(Stack { frames: (0..frames).map(frame).collect() })
    }

    struct Main {
        database: Database,
        path: std::path::PathBuf,
        _directory: tempfile::TempDir,
    }

    impl Main {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("main.redb");
            Self { database: Database::create(&path).unwrap(), path, _directory: directory }
        }

        fn open(&self) -> Stacks {
            Stacks::open(&self.database.begin_read().unwrap(), &self.path).unwrap()
        }

        fn reader(&self) -> Reader<'static> {
            Reader::new(&self.database.begin_read().unwrap(), &self.path).unwrap()
        }

        fn write<R>(&self, write: impl FnOnce(&WriteTransaction, &Path) -> Result<R, Error>) -> R {
            let transaction = self.database.begin_write().unwrap();
            let result = write(&transaction, &self.path).unwrap();
            transaction.commit().unwrap();
            result
        }
    }

    #[test]
    fn equal_stacks_are_stored_once_and_known_again_after_a_restart() {
        let main = Main::new();
        let mut stacks = main.open();
        assert!(matches!(main.reader().get(StackId(0)), Err(Error::Damaged(Damaged::Stack { .. }))));
        let ids: Vec<_> = (0..100).map(|number| stacks.intern(&stack(number, number))).collect();
        assert_eq!(ids, (0..100).map(StackId).collect::<Vec<_>>());
        assert_eq!(stacks.intern(&stack(5, 5)), StackId(5));
        assert_eq!(stacks.new.len(), 100);
        main.write(|transaction, path| stacks.write(transaction, path));
        let large = Arc::new(Stack { frames: vec!["x".repeat(200_000), String::new(), "ä\n".to_owned()] });
        let split = Arc::new(Stack { frames: vec!["a".to_owned(), "b".to_owned()] });
        let joined = Arc::new(Stack { frames: vec!["ab".to_owned()] });
        let mut stacks = main.open();
        assert_eq!(stacks.intern(&stack(99, 99)), StackId(99));
        assert_eq!([&large, &split, &joined].map(|stack| stacks.intern(stack)), [100, 101, 102].map(StackId));
        main.write(|transaction, path| stacks.write(transaction, path));
        assert_eq!(stacks.new.len(), 0);
        let mut reader = main.reader();
        for number in (0..100usize).rev() {
            assert_eq!(reader.get(StackId(number as u32)).unwrap(), stack(number, number));
        }
        assert_eq!(reader.get(StackId(100)).unwrap(), large);
        assert_eq!(reader.get(StackId(101)).unwrap(), split);
        let error = reader.get(StackId(103)).unwrap_err();
        assert_eq!(error.to_string(), "stack trace 103 is damaged");
    }

    #[test]
    fn stacks_that_nobody_uses_are_removed_by_the_block_and_ids_are_never_given_twice() {
        let main = Main::new();
        let mut stacks = main.open();
        for number in 0..64 {
            stacks.intern(&stack(number, 3));
        }
        main.write(|transaction, path| stacks.write(transaction, path));
        let used = RoaringBitmap::from_iter([20]);
        // Blocks of 16: 0 and 32 go, 16 is in use, 48 is the newest.
        assert_eq!(main.write(|transaction, path| stacks.retain(transaction, &used, path)), 32);
        assert_eq!(main.write(|transaction, path| stacks.retain(transaction, &used, path)), 0);
        assert_eq!(main.reader().get(StackId(20)).unwrap(), stack(20, 3));
        assert!(main.reader().get(StackId(3)).is_err());
        assert!(main.reader().get(StackId(40)).is_err());
        for mut stacks in [stacks, main.open()] {
            assert_eq!(stacks.intern(&stack(3, 3)), StackId(64), "removed, so stored again");
            assert_eq!(stacks.intern(&stack(20, 3)), StackId(20));
            assert_eq!(stacks.intern(&stack(63, 3)), StackId(63));
        }
    }

    #[test]
    fn what_is_known_is_bounded_and_the_newest_stays_known() {
        let mut stacks = main_free(100);
        for number in 0..1000 {
            stacks.intern(&stack(number, 2));
            assert!(stacks.known.len() <= 100);
        }
        assert_eq!(stacks.intern(&stack(999, 2)), StackId(999));
        assert_eq!(stacks.intern(&stack(960, 2)), StackId(960));
        assert_eq!(stacks.intern(&stack(0, 2)), StackId(1000));
    }

    fn main_free(known_max: usize) -> Stacks {
        Stacks { known_max, ..Main::new().open() }
    }

    #[test]
    fn a_damaged_block_of_stacks_is_damaged() {
        let main = Main::new();
        let mut stacks = main.open();
        let id = stacks.intern(&stack(1, 20));
        main.write(|transaction, path| stacks.write(transaction, path));
        main.write(|transaction, _| {
            let mut table = transaction.open_table(STACKS).unwrap();
            let mut block = table.get(id.0).unwrap().unwrap().value().to_vec();
            block[40] ^= 1;
            table.insert(id.0, block.as_slice()).unwrap();
            Ok(())
        });
        let Err(Error::Damaged(damaged)) = main.reader().get(id) else { panic!("it is damaged") };
        let source = Corrupt::new("value", "checksum does not match");
        assert_eq!(damaged, Damaged::Stack { stack: id, source });
    }
}

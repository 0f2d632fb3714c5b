//! A disk that forgets what was not synced, as far as a real one may.
//!
//! What counts as durable is what POSIX promises: bytes of a file after its sync, names after the sync of their directory.
//! When the power goes, writes since then survive or not, sector by sector; changes of names survive in their order up to
//! some point, as journaling file systems keep them.
//!
//! It may also fail: at any call, once or from then on, for want of room or because it is broken.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::store::disk::{self, Disk, File as _};

/// What a disk writes at once.
const SECTOR_BYTES: usize = 512;

const ROOT: usize = 0;

/// A small source of chance (splitmix64).
#[derive(Debug, Clone)]
pub(super) struct Chance(pub(super) u64);

impl Chance {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 0 to `end`, without it.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }
}

/// Which of the writes since the last sync survive a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Nothing,
    Everything,
    /// Each sector or not.
    Sectors,
    /// Those before some moment, the last of them torn.
    Beginning,
}

impl Keep {
    pub(super) const ALL: [Self; 4] = [Self::Nothing, Self::Everything, Self::Sectors, Self::Beginning];
}

/// The disk. Clones are the same one.
#[derive(Debug, Clone)]
pub(super) struct Simulated {
    root: PathBuf,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Clone)]
struct State {
    /// Files and directories by their number.
    nodes: Vec<Node>,
    /// Changes of names that are not synced, oldest first.
    renames: Vec<Rename>,
    /// How many more syncs succeed before the power goes.
    syncs_left: Option<u64>,
    /// How many more writes and syncs succeed before the disk is full.
    room_left: Option<u64>,
    off: bool,
    /// How often the disk was called.
    calls: u64,
    fault: Option<Fault>,
    /// Whether the fault was met.
    struck: bool,
    chance: Chance,
}

/// A call that fails, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    /// How many calls go well before it.
    pub(super) after: u64,
    pub(super) kind: Kind,
    /// Everything behind it fails, too, as far as it concerns it: otherwise only the one call does.
    pub(super) lasting: bool,
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The medium is broken: EIO of any call.
    Broken,
    /// There is no room: ENOSPC of calls that take some.
    Full,
    /// There is room for the beginning of what is written.
    Short,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Broken, Self::Full, Self::Short];
}

/// What is asked of the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Read,
    Write,
    Length,
    Sync,
    /// Names that are added or changed.
    Names,
    /// Names that go, which takes no room.
    Removal,
}

#[derive(Debug, Clone)]
enum Node {
    File(File),
    Directory { live: BTreeMap<String, usize>, durable: BTreeMap<String, usize> },
}

#[derive(Debug, Clone, Default)]
struct File {
    live: Arc<Vec<u8>>,
    durable: Arc<Vec<u8>>,
    /// What distinguishes the two, oldest first.
    writes: Vec<Write>,
}

#[derive(Debug, Clone)]
enum Write {
    Bytes(usize, Arc<[u8]>),
    Length(usize),
}

/// Names of one directory that change together.
#[derive(Debug, Clone)]
struct Rename {
    directory: usize,
    names: Vec<(String, Option<usize>)>,
}

fn no_power() -> io::Error {
    io::Error::other("the power is off")
}

impl Simulated {
    /// An empty disk in the place of the directory `root`.
    pub(super) fn new(root: &Path) -> Self {
        let nodes = vec![Node::Directory { live: BTreeMap::new(), durable: BTreeMap::new() }];
        let state = State {
            nodes,
            renames: Vec::new(),
            syncs_left: None,
            room_left: None,
            off: false,
            calls: 0,
            fault: None,
            struck: false,
            chance: Chance(0),
        };
        Self { root: root.to_owned(), state: Arc::new(Mutex::new(state)) }
    }

    /// Another disk with the same contents, in the place of `root`: what a killed process leaves.
    pub(super) fn copy(&self, root: &Path) -> Self {
        Self { root: root.to_owned(), state: Arc::new(Mutex::new(self.state().clone())) }
    }

    /// The power goes at the sync after `syncs` more.
    pub(super) fn cut_after(&self, syncs: u64) {
        self.state().syncs_left = Some(syncs);
    }

    /// The disk is full at the write or sync after `calls` more; with `None` there is room again.
    pub(super) fn full_after(&self, calls: Option<u64>) {
        self.state().room_left = calls;
    }

    pub(super) fn is_full(&self) -> bool {
        self.state().room_left == Some(0)
    }

    /// Lets a call fail. `chance` says what of a write or a sync that fails reaches the disk all the same.
    pub(super) fn fail(&self, fault: Fault, chance: Chance) {
        let mut state = self.state();
        state.fault = Some(Fault { after: state.calls + fault.after, ..fault });
        state.struck = false;
        state.chance = chance;
    }

    /// From now on nothing fails; whether anything did.
    pub(super) fn mend(&self) -> bool {
        let mut state = self.state();
        state.fault = None;
        state.struck
    }

    /// How often it was called.
    pub(super) fn calls(&self) -> u64 {
        self.state().calls
    }

    pub(super) fn is_off(&self) -> bool {
        self.state().off
    }

    /// Cuts the power, if it is not gone already, and gives the disk as it is afterwards. Whoever has the old one open has
    /// nothing any more.
    pub(super) fn after_power_cut(&self, keep: Keep, chance: &mut Chance) -> Self {
        let mut state = self.state();
        state.off = true;
        let mut after = state.clone();
        after.forget(keep, chance);
        Self { root: self.root.clone(), state: Arc::new(Mutex::new(after)) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn powered(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.state();
        if state.off { Err(no_power()) } else { Ok(state) }
    }

    fn names(&self, path: &Path) -> Vec<String> {
        let inside = path.strip_prefix(&self.root).unwrap();
        inside.iter().map(|name| name.to_str().unwrap().to_owned()).collect()
    }

    fn parent(&self, path: &Path) -> (Vec<String>, String) {
        let mut names = self.names(path);
        let last = names.pop().unwrap();
        (names, last)
    }

    fn backend(&self, path: &Path, create: bool) -> io::Result<Backend> {
        let (parent, name) = self.parent(path);
        let mut state = self.powered()?;
        let directory = state.find(&parent)?;
        let found = state.find_in(directory, &name);
        let call = if found.is_err() && create { Call::Names } else { Call::Read };
        state.call(call).map_err(|(_, error)| error)?;
        let node = match found {
            Ok(node) => node,
            Err(_) if create => state.add(directory, name, Node::File(File::default())),
            Err(error) => return Err(error),
        };
        Ok(Backend { disk: self.clone(), node })
    }
}

impl State {
    fn find(&self, names: &[String]) -> io::Result<usize> {
        names.iter().try_fold(ROOT, |directory, name| self.find_in(directory, name))
    }

    fn find_in(&self, directory: usize, name: &str) -> io::Result<usize> {
        match &self.nodes[directory] {
            Node::Directory { live, .. } => live.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into()),
            Node::File(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn add(&mut self, directory: usize, name: String, node: Node) -> usize {
        self.nodes.push(node);
        let number = self.nodes.len() - 1;
        self.rename(Rename { directory, names: vec![(name, Some(number))] });
        number
    }

    fn rename(&mut self, rename: Rename) {
        let Node::Directory { live, .. } = &mut self.nodes[rename.directory] else { panic!("not a directory") };
        rename.apply(live);
        self.renames.push(rename);
    }

    fn remove(&mut self, directory: usize, name: &str) -> io::Result<()> {
        let node = self.find_in(directory, name)?;
        if let Node::Directory { live, .. } = &self.nodes[node] {
            for name in live.keys().cloned().collect::<Vec<_>>() {
                self.remove(node, &name)?;
            }
        }
        self.rename(Rename { directory, names: vec![(name.to_owned(), None)] });
        Ok(())
    }

    /// Everything that needs room comes by here.
    fn take_room(&mut self) -> io::Result<()> {
        match &mut self.room_left {
            Some(0) => return Err(io::ErrorKind::StorageFull.into()),
            Some(left) => *left -= 1,
            None => {}
        }
        Ok(())
    }

    /// Every call comes by here.
    fn call(&mut self, call: Call) -> Result<(), (Kind, io::Error)> {
        let at = self.calls;
        self.calls += 1;
        let Some(Fault { after, kind, lasting }) = self.fault else { return Ok(()) };
        let concerns = match kind {
            Kind::Broken => true,
            // Where room is found only when something is written out, a sync is what finds none.
            Kind::Full => matches!(call, Call::Write | Call::Length | Call::Names | Call::Sync),
            Kind::Short => matches!(call, Call::Write | Call::Length | Call::Names),
        };
        // A fault that does not concern this call waits for the next one that it does.
        if at < after || !concerns || (self.struck && !lasting) {
            return Ok(());
        }
        self.struck = true;
        let error = match kind {
            Kind::Broken => io::Error::from_raw_os_error(5),
            Kind::Full | Kind::Short => io::Error::from_raw_os_error(28),
        };
        Err((kind, error))
    }

    /// Every sync comes by here.
    fn sync(&mut self) -> io::Result<()> {
        match &mut self.syncs_left {
            Some(0) => {
                self.off = true;
                return Err(no_power());
            }
            Some(left) => *left -= 1,
            None => {}
        }
        Ok(())
    }

    fn sync_names(&mut self, directory: usize) {
        let (synced, rest) = std::mem::take(&mut self.renames).into_iter().partition(|one| one.directory == directory);
        self.renames = rest;
        self.make_durable(synced);
    }

    fn make_durable(&mut self, renames: Vec<Rename>) {
        for rename in renames {
            let Node::Directory { durable, .. } = &mut self.nodes[rename.directory] else { panic!("not a directory") };
            rename.apply(durable);
        }
    }

    /// The power was cut: what was not synced is gone, or not.
    fn forget(&mut self, keep: Keep, chance: &mut Chance) {
        let renames = std::mem::take(&mut self.renames);
        let kept = match keep {
            Keep::Nothing => 0,
            Keep::Everything => renames.len(),
            Keep::Sectors | Keep::Beginning => chance.below(renames.len() as u64 + 1) as usize,
        };
        self.make_durable(renames.into_iter().take(kept).collect());
        for node in &mut self.nodes {
            match node {
                Node::Directory { live, durable } => live.clone_from(durable),
                Node::File(file) => file.forget(keep, chance),
            }
        }
        self.syncs_left = None;
        self.off = false;
        self.fault = None;
    }
}

impl Rename {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        for (name, node) in &self.names {
            match node {
                Some(node) => names.insert(name.clone(), *node),
                None => names.remove(name),
            };
        }
    }
}

impl File {
    fn write(&mut self, write: Write) {
        write.apply(Arc::make_mut(&mut self.live), || true);
        self.writes.push(write);
    }

    fn sync(&mut self) {
        let durable = Arc::make_mut(&mut self.durable);
        for write in self.writes.drain(..) {
            write.apply(durable, || true);
        }
    }

    /// A sync that failed: some of it is on the disk, and all of it counts as written.
    fn sync_badly(&mut self, chance: &mut Chance) {
        let live = Arc::clone(&self.live);
        self.forget(Keep::Sectors, chance);
        self.live = live;
    }

    fn forget(&mut self, keep: Keep, chance: &mut Chance) {
        let mut writes = std::mem::take(&mut self.writes);
        if writes.is_empty() || keep == Keep::Nothing {
            self.live = Arc::clone(&self.durable);
            return;
        }
        if keep == Keep::Beginning {
            writes.truncate(1 + chance.below(writes.len() as u64) as usize);
        }
        let durable = Arc::make_mut(&mut self.durable);
        let last = writes.len() - 1;
        // Lengths are the file system's own: they survive in their order.
        let mut lengths = writes.iter().filter(|write| matches!(write, Write::Length(_))).count() as u64;
        if keep == Keep::Sectors {
            lengths = chance.below(lengths + 1);
        }
        for (at, write) in writes.iter().enumerate() {
            if matches!(write, Write::Length(_)) {
                let survives = lengths > 0;
                lengths = lengths.saturating_sub(1);
                write.apply(durable, || survives);
                continue;
            }
            let torn = keep == Keep::Sectors || (keep == Keep::Beginning && at == last);
            write.apply(durable, || !torn || chance.below(2) == 0);
        }
        self.live = Arc::clone(&self.durable);
    }
}

impl Write {
    /// Applies the sectors that `survives` chooses, or the change of length, if it does.
    fn apply(&self, bytes: &mut Vec<u8>, mut survives: impl FnMut() -> bool) {
        match self {
            Self::Length(length) if survives() => bytes.resize(*length, 0),
            Self::Length(_) => {}
            Self::Bytes(offset, new) => {
                let mut at = 0;
                while at < new.len() {
                    let sector = (offset + at) / SECTOR_BYTES;
                    let end = ((sector + 1) * SECTOR_BYTES - offset).min(new.len());
                    // Beyond a length that did not survive there is nothing to write to.
                    if survives() && offset + end <= bytes.len() {
                        bytes[offset + at..offset + end].copy_from_slice(&new[at..end]);
                    }
                    at = end;
                }
            }
        }
    }
}

/// One open file.
#[derive(Debug)]
struct Backend {
    disk: Simulated,
    node: usize,
}

impl Backend {
    fn with<R>(&self, call: Call, work: impl FnOnce(&mut File) -> io::Result<R>) -> io::Result<R> {
        let mut state = self.disk.powered()?;
        state.call(call).map_err(|(_, error)| error)?;
        self.with_of(&mut state, work)
    }

    fn with_of<R>(&self, state: &mut State, work: impl FnOnce(&mut File) -> io::Result<R>) -> io::Result<R> {
        match &mut state.nodes[self.node] {
            Node::File(file) => work(file),
            Node::Directory { .. } => Err(io::ErrorKind::IsADirectory.into()),
        }
    }
}

impl disk::File for Backend {
    fn length(&self) -> io::Result<u64> {
        self.with(Call::Read, |file| Ok(file.live.len() as u64))
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.with(Call::Read, |file| {
            let from = offset as usize;
            let bytes = file.live.get(from..from + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
            out.copy_from_slice(bytes);
            Ok(())
        })
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.disk.powered()?.take_room()?;
        self.with(Call::Length, |file| {
            file.write(Write::Length(length as usize));
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.powered()?;
        if let Err(full) = state.take_room() {
            // What was to be written is clean now, and read from memory as if it were on the disk, which it never will be.
            self.with_of(&mut state, |file| {
                file.writes.clear();
                Ok(())
            })?;
            return Err(full);
        }
        if let Err((_, error)) = state.call(Call::Sync) {
            let mut chance = state.chance.clone();
            self.with_of(&mut state, |file| {
                file.sync_badly(&mut chance);
                Ok(())
            })?;
            state.chance = chance;
            return Err(error);
        }
        state.sync()?;
        self.with_of(&mut state, |file| {
            file.sync();
            Ok(())
        })
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.powered()?;
        let (outcome, written) = match (state.take_room(), state.call(Call::Write)) {
            (Ok(()), Ok(())) => (Ok(()), bytes.len()),
            // What there was room for is written.
            (Err(full), _) => (Err(full), bytes.len() / 2),
            (_, Err((Kind::Short, full))) => (Err(full), state.chance.below(bytes.len() as u64) as usize),
            (_, Err((_, error))) => (Err(error), 0),
        };
        let bytes = &bytes[..written];
        self.with_of(&mut state, |file| {
            if bytes.is_empty() {
                return outcome;
            }
            let end = offset as usize + bytes.len();
            if file.live.len() < end {
                file.write(Write::Length(end));
            }
            file.write(Write::Bytes(offset as usize, bytes.into()));
            outcome
        })
    }
}

impl Disk for Simulated {
    fn create_file(&self, path: &Path) -> io::Result<Box<dyn disk::File>> {
        Ok(Box::new(self.backend(path, true)?))
    }

    fn open_file(&self, path: &Path) -> io::Result<Box<dyn disk::File>> {
        Ok(Box::new(self.backend(path, false)?))
    }

    fn allocated_bytes(&self, path: &Path) -> io::Result<u64> {
        self.backend(path, false)?.length()
    }

    fn free_bytes(&self, _: &Path) -> io::Result<u64> {
        Ok(if self.is_full() { 0 } else { u64::MAX })
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        let names = self.names(path);
        let mut state = self.powered()?;
        state.call(Call::Names).map_err(|(_, error)| error)?;
        let mut directory = ROOT;
        for name in names {
            directory = match state.find_in(directory, &name) {
                Ok(there) => there,
                Err(_) => {
                    let empty = Node::Directory { live: BTreeMap::new(), durable: BTreeMap::new() };
                    state.add(directory, name, empty)
                }
            };
        }
        Ok(())
    }

    fn entries(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        let mut state = self.powered()?;
        state.call(Call::Read).map_err(|(_, error)| error)?;
        match &state.nodes[state.find(&self.names(directory))?] {
            Node::Directory { live, .. } => Ok(live.keys().map(|name| directory.join(name)).collect()),
            Node::File(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let ((parent, from), (same, to)) = (self.parent(from), self.parent(to));
        assert_eq!(parent, same, "names move within their directory");
        let mut state = self.powered()?;
        state.call(Call::Names).map_err(|(_, error)| error)?;
        let directory = state.find(&parent)?;
        let node = state.find_in(directory, &from)?;
        state.rename(Rename { directory, names: vec![(from, None), (to, Some(node))] });
        Ok(())
    }

    fn remove_directory(&self, path: &Path) -> io::Result<()> {
        let (parent, name) = self.parent(path);
        let mut state = self.powered()?;
        state.call(Call::Removal).map_err(|(_, error)| error)?;
        let directory = state.find(&parent)?;
        state.remove(directory, &name)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.remove_directory(path)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        let names = self.names(directory);
        let mut state = self.powered()?;
        let directory = state.find(&names)?;
        // What a directory's failed sync was to write is written by the next one: file systems keep names in a journal.
        state.call(Call::Sync).map_err(|(_, error)| error)?;
        state.sync()?;
        state.sync_names(directory);
        Ok(())
    }
}

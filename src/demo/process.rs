//! One running process: what it has counted and which samples it kept, as its client library would.

use super::catalog::Language;
use super::kind::Kind;
use super::sample::Mark;
use crate::model::time::Timestamp;

/// How many samples every client keeps of an aggregate.
const SAMPLES_MAX: usize = 10;

/// A process from its start to its end. Everything it counted ends with it.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) uuid: String,
    /// It runs a release that will be taken back.
    pub(crate) bad_release: bool,
    /// One cell per kind of its service.
    pub(crate) cells: Vec<Cell>,
    /// Cells that moved since the history last looked, each once.
    changed: Vec<usize>,
    /// About how long an exposition is now.
    pub(crate) body_bytes: u64,
}

/// What a process knows of one aggregate.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cell {
    /// How often it happened in this process; 0 is not exposed.
    pub(crate) count: u64,
    /// When it happened first.
    pub(crate) created: Option<Mark>,
    /// When it happened last.
    pub(crate) last: Option<Mark>,
    /// Samples, in the order in which the client keeps them.
    pub(crate) marks: Vec<Mark>,
    /// It is in `changed`.
    changed: bool,
    /// Its samples changed since the history last looked.
    pub(crate) sampled: bool,
}

impl Process {
    /// A process that has just started and counted nothing.
    pub(crate) fn new(uuid: String, bad_release: bool, kinds: usize) -> Self {
        Self { uuid, bad_release, cells: vec![Cell::default(); kinds], changed: Vec::new(), body_bytes: 70 }
    }

    /// It happened. The client keeps it as a sample where `keep` says so, and always the first of its kind.
    pub(crate) fn count(&mut self, index: usize, kind: &Kind, language: Language, mark: Mark, keep: bool) {
        let Some(cell) = self.cells.get_mut(index) else { return };
        if cell.count == 0 {
            cell.created = Some(mark);
            self.body_bytes += 180 + kind.key.len() as u64;
        }
        cell.count += 1;
        cell.last = Some(mark);
        if !cell.changed {
            cell.changed = true;
            self.changed.push(index);
        }
        if keep || cell.marks.is_empty() {
            cell.sampled = true;
            if cell.marks.len() < SAMPLES_MAX {
                self.body_bytes += kind.sample_bytes;
            } else if language == Language::Python {
                // Python's client drops the newest when it is full: it keeps its nine oldest and the latest.
                cell.marks.pop();
            } else {
                cell.marks.remove(0);
            }
            cell.marks.push(mark);
        }
    }

    /// How many aggregates it exposes.
    pub(crate) fn exposed(&self) -> usize {
        self.cells.iter().filter(|cell| cell.count > 0).count()
    }

    /// Hands each cell that moved since the last call to `look`, with whether its samples changed too.
    pub(crate) fn take_changed(&mut self, mut look: impl FnMut(usize, &Cell, bool)) {
        self.changed.sort_unstable();
        for index in self.changed.drain(..) {
            if let Some(cell) = self.cells.get_mut(index) {
                cell.changed = false;
                let sampled = std::mem::take(&mut cell.sampled);
                look(index, cell, sampled);
            }
        }
    }
}

/// Time as a client of `language` tells it in `created_at`; `None` where it does not.
pub(crate) fn created_at(language: Language, cell: &Cell) -> Option<Timestamp> {
    if language == Language::Ruby { None } else { cell.created.map(|mark| mark.at) }
}

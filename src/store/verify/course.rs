//! How it went: the log, late counts, and coverage.

use super::records::Records;
use super::{Look, Problem};
use crate::model::id::TargetId;
use crate::store::log::Entry;
use crate::store::span::{self, Late};
use crate::store::view::Hit;
use crate::store::window::Window;
use crate::store::{coverage, table};

impl Look<'_> {
    pub(super) fn course(&mut self, records: &Records) {
        let known = |target: u32| {
            if target == Hit::NO_TARGET.0 { Ok(()) } else { records.target(target).map(drop) }
        };
        self.rows(table::LOG, |(commit, target), row| {
            Entry::peek_at(row)?;
            known(target)?;
            Problem::unless(commit <= records.commit, || format!("the last commit is {}", records.commit))
        });
        self.rows(table::LATE, |commit, row| {
            let mut entries: Vec<Late> = Vec::new();
            span::decode(row, |late| entries.push(late))?;
            Problem::unless(commit <= records.commit, || format!("the last commit is {}", records.commit))?;
            Problem::unless(span::encode(&entries) == row, || "it is not what would be written of it".to_owned())?;
            for late in entries {
                records.aggregate(late.aggregate.0)?;
                known(late.target.0)?;
                Problem::unless(late.from <= late.to, || "a span ends before it begins".to_owned())?;
            }
            Ok(())
        });
        self.rows(table::COVERAGE, |(window, service), row| {
            let mut targets: Vec<TargetId> = Vec::new();
            coverage::decode(Window(window), row, |target, _| targets.push(target))?;
            Problem::unless(window < records.sealed, || "it is not sealed".to_owned())?;
            for target in targets {
                Problem::unless(records.target(target.0)? == service, || {
                    format!("target {} is of another service", target.0)
                })?;
            }
            let again = coverage::joined_row(Window(window), Some(row), &[])?;
            Problem::unless(again == row, || "its sums are not those of its runs".to_owned())
        });
    }
}

//! Services, targets, instances, aggregates, and what people did to them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Look, Problem};
use crate::model::aggregate_set::AggregateSet;
use crate::store::instance::Instance;
use crate::store::table::{self, meta};
use crate::store::{Finding, record, triage};

/// What all else refers to.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) commit: u64,
    pub(super) sealed: u32,
    /// First window whose points are kept: before it there may be rollups alone.
    pub(super) points_from: u32,
    pub(super) referenced_commit: u64,
    pub(super) services: BTreeMap<u32, String>,
    /// Target → its service.
    pub(super) targets: BTreeMap<u32, u32>,
    pub(super) aggregates: BTreeMap<u32, Known>,
}

/// What is known of an aggregate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) service: u32,
    pub(super) referenced: Option<u32>,
}

impl Records {
    pub(super) fn aggregate(&self, id: u32) -> Result<&Known, Problem> {
        self.aggregates.get(&id).ok_or_else(|| Problem(format!("there is no aggregate {id}")))
    }

    pub(super) fn target(&self, id: u32) -> Result<u32, Problem> {
        self.targets.get(&id).copied().ok_or_else(|| Problem(format!("there is no target {id}")))
    }
}

/// Each id is one more than the one before, from 0 on.
fn is_next(id: u32, known: usize) -> Result<(), Problem> {
    Problem::unless(id as usize == known, || format!("the ids before it end at {known}"))
}

impl Look<'_> {
    pub(super) fn records(&mut self) -> Records {
        let mut records = Records::default();
        let (next_instance, next_activity) = self.meta(&mut records);
        let services = &mut records.services;
        let mut names = BTreeSet::new();
        self.rows(table::SERVICES, |id, row| {
            let known = services.len();
            let service = record::decode_service(id, row)?;
            services.insert(id, service.name.clone());
            is_next(id, known)?;
            Problem::unless(names.insert(service.name.clone()), || format!("{:?} is there twice", service.name))
        });
        let (services, targets) = (&records.services, &mut records.targets);
        let commit = records.commit;
        self.rows(table::TARGETS, |id, row| {
            let (of, target) = record::decode_target(id, row)?;
            let known = targets.len();
            targets.insert(id, target.service.0);
            is_next(id, known)?;
            Problem::unless(services.contains_key(&target.service.0), || format!("no service {}", target.service.0))?;
            Problem::unless(of <= commit, || format!("it is of commit {of}, the last one is {commit}"))?;
            let ordered = target.lives.windows(2).all(|lives| {
                let [one, next] = lives else { return true };
                one.to.is_some_and(|to| one.from <= to && to <= next.from)
            });
            Problem::unless(ordered, || "its lives overlap".to_owned())
        });
        let aggregates = &mut records.aggregates;
        let mut keys = BTreeSet::new();
        self.rows(table::AGGREGATES, |id, row| {
            let row = record::decode_aggregate(id, row)?;
            let known = aggregates.len();
            let service = row.aggregate.service.0;
            aggregates.insert(id, Known { service, referenced: row.referenced });
            is_next(id, known)?;
            Problem::unless(services.contains_key(&service), || format!("there is no service {service}"))?;
            Problem::unless(row.commit <= commit, || {
                format!("it is of commit {}, the last one is {commit}", row.commit)
            })?;
            let key = row.aggregate.key;
            Problem::unless(keys.insert((service, key.clone())), || format!("{key:?} is there twice"))
        });
        self.instances(&records, next_instance);
        self.triage(&records, next_activity);
        records
    }

    /// Reads the numbers; the next instance and the next activity.
    fn meta(&mut self, records: &mut Records) -> (u64, u64) {
        let rows = self.transaction.open_table(table::META);
        let mut numbers: BTreeMap<String, u64> = BTreeMap::new();
        if let Ok(rows) = rows.as_ref().map_err(|_| ()).and_then(|rows| redb::ReadableTable::iter(rows).map_err(|_| ()))
        {
            for (name, number) in rows.map_while(Result::ok) {
                numbers.extend(number.value().map(|number| (name.value().to_owned(), number)));
            }
        }
        let known = [
            meta::COMMIT,
            meta::SEALED,
            meta::POINTS,
            meta::REFERENCED,
            meta::NEXT_ACTIVITY,
            meta::LABEL_RULES,
            meta::NEXT_INSTANCE,
        ];
        for name in numbers.keys().filter(|name| !known.contains(&name.as_str())).cloned().collect::<Vec<_>>() {
            self.tell(Finding::new("meta", name, "nobody knows this number"));
        }
        let number = |name: &str| numbers.get(name).copied().unwrap_or(0);
        records.commit = number(meta::COMMIT);
        records.sealed = u32::try_from(number(meta::SEALED)).unwrap_or(u32::MAX);
        records.points_from = u32::try_from(number(meta::POINTS)).unwrap_or(u32::MAX);
        records.referenced_commit = number(meta::REFERENCED);
        if records.referenced_commit > records.commit {
            self.tell(Finding::new("meta", meta::REFERENCED, "it is beyond the last commit"));
        }
        (number(meta::NEXT_INSTANCE), number(meta::NEXT_ACTIVITY))
    }

    fn instances(&mut self, records: &Records, next: u64) {
        let mut keys = BTreeSet::new();
        self.rows(table::INSTANCES, |id, row| {
            let (commit, instance) = Instance::decode(row)?;
            Problem::unless(u64::from(id) < next, || format!("the next id is {next}"))?;
            Problem::unless(commit <= records.commit, || format!("it is of commit {commit}"))?;
            let service = instance.service.0;
            Problem::unless(records.target(instance.target.0)? == service, || {
                format!("target {} is of another service", instance.target.0)
            })?;
            for aggregate in instance.baselines.keys() {
                Problem::unless(records.aggregate(aggregate.0)?.service == service, || {
                    format!("aggregate {} is of another service", aggregate.0)
                })?;
            }
            Problem::unless(keys.insert((service, instance.key.clone())), || {
                format!("{:?} is there twice", instance.key)
            })
        });
    }

    fn triage(&mut self, records: &Records, next: u64) {
        let mut last: BTreeMap<u32, u64> = BTreeMap::new();
        self.rows(table::TRIAGE, |id, row| {
            let (activity, _) = triage::decode_triage(row)?;
            last.insert(id, activity);
            records.aggregate(id)?;
            Problem::unless(activity < next.max(1), || format!("the next activity is {next}"))
        });
        let mut heads: BTreeMap<u64, AggregateSet> = BTreeMap::new();
        self.rows(table::ACTIVITY, |id, row| {
            let activity = triage::decode_activity(id, row)?;
            heads.insert(id, activity.aggregates.clone());
            Problem::unless(id < next, || format!("the next activity is {next}"))?;
            activity.aggregates.iter().try_for_each(|aggregate| records.aggregate(aggregate.0).map(drop))
        });
        let oldest = heads.keys().next().copied().unwrap_or(u64::MAX);
        let mut changed: BTreeMap<u64, AggregateSet> = BTreeMap::new();
        let mut before: BTreeMap<u32, u64> = BTreeMap::new();
        self.rows(table::ACTIVITY_CHANGES, |(id, aggregate), row| {
            let (previous, _) = triage::decode_change(row)?;
            changed.entry(id).or_default().insert(crate::model::id::AggregateId(aggregate));
            let known = before.insert(aggregate, id);
            Problem::unless(heads.contains_key(&id), || "there is no such activity".to_owned())?;
            // What is older than the oldest that is kept was forgotten.
            let follows = known.map_or(previous < oldest, |known| known == previous);
            Problem::unless(follows, || format!("the one before is {known:?} and not {previous}"))
        });
        for (id, aggregates) in &heads {
            if changed.get(id).unwrap_or(&AggregateSet::new()) != aggregates {
                self.tell(Finding::new("activity", id.to_string(), "its changes are of other aggregates"));
            }
        }
        for (aggregate, id) in &before {
            if last.get(aggregate) != Some(id) {
                let what = format!("its last activity is {id}");
                self.tell(Finding::new("triage", aggregate.to_string(), what));
            }
        }
        self.rows(table::VIEWS, |name, row| Ok(triage::decode_view(name, row).map(drop)?));
    }
}

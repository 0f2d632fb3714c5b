//! The records of services, targets and aggregates as they stand on disk, in bincode's format.
//!
//! Each row begins with a version byte, so that a record can grow; the structs here are the disk's own and no other
//! layer's.

use bincode::{SchemaRead, SchemaWrite};

use super::codec::Corrupt;
use super::directory::{Health, Life, ServiceRecord, TargetRecord};
use super::row::unexpected;
use crate::model::aggregate::Aggregate;
use crate::model::id::{AggregateId, ServiceId, TargetId};
use crate::model::label::Labels;
use crate::model::severity::Severity;
use crate::model::time::{Millis, Timestamp};
use crate::model::triage::Triage;

const VERSION: u8 = 1;

#[derive(SchemaWrite, SchemaRead)]
#[wincode(crate = "bincode")]
struct DiskTarget {
    /// The last commit whose scrapes are in the record.
    commit: u64,
    service: u32,
    labels: Vec<(String, String)>,
    address: String,
    url: String,
    lives: Vec<(i64, Option<i64>)>,
    up: Option<bool>,
    last_scrape: Option<i64>,
    last_success: Option<i64>,
    interval_ms: i64,
    duration_ms: i64,
    body_bytes: u64,
    last_error: Option<String>,
}

#[derive(SchemaWrite, SchemaRead)]
#[wincode(crate = "bincode")]
struct DiskAggregate {
    /// The last commit whose counts are in `total`.
    commit: u64,
    service: u32,
    key: String,
    class: String,
    message: String,
    severity: u8,
    first_seen: i64,
    last_seen: i64,
    total: u64,
    /// The last window with a row of references.
    referenced: Option<u32>,
}

/// An aggregate with what only the store needs to know of it.
#[derive(Debug, Clone)]
pub(super) struct AggregateRow {
    pub(super) commit: u64,
    pub(super) referenced: Option<u32>,
    pub(super) aggregate: Aggregate,
}

pub(super) fn encode_service(service: &ServiceRecord) -> Vec<u8> {
    service.name.as_bytes().to_vec()
}

pub(super) fn decode_service(id: u32, bytes: &[u8]) -> Result<ServiceRecord, Corrupt> {
    let name = std::str::from_utf8(bytes).ok().filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| unexpected("a service's name"))?;
    Ok(ServiceRecord { id: ServiceId(id), name: name.to_owned() })
}

pub(super) fn encode_target(commit: u64, target: &TargetRecord) -> Result<Vec<u8>, Corrupt> {
    let health = &target.health;
    let disk = DiskTarget {
        commit,
        service: target.service.0,
        labels: pairs(&target.labels),
        address: target.address.clone(),
        url: target.url.clone(),
        lives: target.lives.iter().map(|life| (life.from.0, life.to.map(|to| to.0))).collect(),
        up: health.up,
        last_scrape: health.last_scrape.map(|time| time.0),
        last_success: health.last_success.map(|time| time.0),
        interval_ms: health.interval.0,
        duration_ms: health.duration.0,
        body_bytes: health.body_bytes,
        last_error: health.last_error.clone(),
    };
    Ok(versioned(&bincode::serialize(&disk).map_err(|_| unexpected("a target to write"))?))
}

/// The commit a target's row is of, and the record.
pub(super) fn decode_target(id: u32, bytes: &[u8]) -> Result<(u64, TargetRecord), Corrupt> {
    let disk: DiskTarget = bincode::deserialize(body(bytes)?).map_err(|_| unexpected("a target"))?;
    let lives: Vec<Life> =
        disk.lives.iter().map(|(from, to)| Life { from: Timestamp(*from), to: to.map(Timestamp) }).collect();
    let record = TargetRecord {
        id: TargetId(id),
        service: ServiceId(disk.service),
        labels: Labels::from_pairs(disk.labels),
        address: disk.address,
        url: disk.url,
        health: Health {
            up: disk.up,
            last_scrape: disk.last_scrape.map(Timestamp),
            last_success: disk.last_success.map(Timestamp),
            interval: Millis(disk.interval_ms),
            duration: Millis(disk.duration_ms),
            body_bytes: disk.body_bytes,
            last_error: disk.last_error,
            active: lives.last().is_some_and(|life| life.to.is_none()),
        },
        lives,
    };
    Ok((disk.commit, record))
}

pub(super) fn encode_aggregate(row: &AggregateRow) -> Result<Vec<u8>, Corrupt> {
    let aggregate = &row.aggregate;
    let disk = DiskAggregate {
        commit: row.commit,
        service: aggregate.service.0,
        key: aggregate.key.clone(),
        class: aggregate.class.clone(),
        message: aggregate.message.clone(),
        severity: aggregate.severity as u8,
        first_seen: aggregate.first_seen.0,
        last_seen: aggregate.last_seen.0,
        total: aggregate.total,
        referenced: row.referenced,
    };
    Ok(versioned(&bincode::serialize(&disk).map_err(|_| unexpected("an aggregate to write"))?))
}

pub(super) fn decode_aggregate(id: u32, bytes: &[u8]) -> Result<AggregateRow, Corrupt> {
    let disk: DiskAggregate = bincode::deserialize(body(bytes)?).map_err(|_| unexpected("an aggregate"))?;
    let severity = Severity::ALL.get(usize::from(disk.severity)).ok_or_else(|| unexpected("a severity"))?;
    Ok(AggregateRow {
        commit: disk.commit,
        referenced: disk.referenced,
        aggregate: Aggregate {
            id: AggregateId(id),
            service: ServiceId(disk.service),
            key: disk.key,
            class: disk.class,
            message: disk.message,
            severity: *severity,
            first_seen: Timestamp(disk.first_seen),
            last_seen: Timestamp(disk.last_seen),
            total: disk.total,
            // It has a row of its own.
            triage: Triage::default(),
        },
    })
}

fn pairs(labels: &Labels) -> Vec<(String, String)> {
    labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn versioned(record: &[u8]) -> Vec<u8> {
    let mut row = Vec::with_capacity(record.len() + 1);
    row.push(VERSION);
    row.extend_from_slice(record);
    row
}

fn body(bytes: &[u8]) -> Result<&[u8], Corrupt> {
    match bytes.split_first() {
        Some((&VERSION, record)) => Ok(record),
        _ => Err(unexpected("the version of a record")),
    }
}

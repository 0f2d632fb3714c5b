//! The records that an import makes or changes: services, targets and aggregates, merged with what the store knows of them.

use super::Error;
use super::line;
use super::merge::Ids;
use super::moment::Moment;
use super::names::{self, NO_TARGET, Names};
use crate::model::aggregate::Aggregate;
use crate::model::annotation::{Annotations, Choice};
use crate::model::id::{AggregateId, ServiceId, TargetId};
use crate::model::severity::Severity;
use crate::model::time::{Millis, Timestamp};
use crate::model::triage::{End, Standing, State, Status, Triage, Until};
use crate::model::version::Release;
use crate::store::{Health, Life, Portion, ServiceRecord, Store, TargetRecord, display};

/// The ids of all `names`, and what makes the store know them.
pub(super) fn portion(store: &Store, names: &Names, at: Timestamp) -> Result<(Ids, Portion<'static>), Error> {
    let view = store.view()?;
    let mut portion = Portion { at, ..Portion::default() };
    let mut ids = Ids { services: Vec::new(), aggregates: Vec::new(), targets: Vec::new() };
    for name in &names.services {
        let next = ServiceId((view.services().len() + portion.services.len()) as u32);
        let id = view.service(name).unwrap_or_else(|| {
            portion.services.push(ServiceRecord { id: next, name: name.clone() });
            next
        });
        ids.services.push(id);
    }
    let service = |number: u32| ids.services.get(number as usize).copied().unwrap_or_default();
    let mut next = view.targets().len() as u32;
    for named in &names.targets {
        let service = service(named.service);
        let known = view.find_target(service, &named.labels.0);
        let known = known.and_then(|id| view.targets().get(id.0 as usize));
        let id = known.map_or(TargetId(next), |known| known.id);
        next += u32::from(known.is_none());
        let record = target(named, id, service, known);
        portion.targets.extend(Some(record).filter(|record| known != Some(record)));
        ids.targets.push(id);
    }
    let mut next = view.aggregates().len() as u32;
    for named in &names.aggregates {
        let service = service(named.service);
        let known = view.find_aggregate(service, &named.key);
        let known = known.and_then(|id| view.aggregates().get(id.0 as usize));
        let id = known.map_or(AggregateId(next), |known| known.id);
        next += u32::from(known.is_none());
        let record = known.map_or_else(|| new_aggregate(named, id, service), |known| merged(named, known));
        portion.aggregates.extend(Some(record).filter(|record| known != Some(record)));
        ids.aggregates.push(id);
    }
    debug_assert!(NO_TARGET as usize > ids.targets.len(), "no target has the number of none");
    Ok((ids, portion))
}

fn target(named: &names::Target, id: TargetId, service: ServiceId, known: Option<&TargetRecord>) -> TargetRecord {
    let labels = named.labels.0.clone();
    let mut record = known.cloned().unwrap_or_else(|| TargetRecord {
        id,
        service,
        address: labels.get("instance").unwrap_or_default().to_owned(),
        labels,
        url: String::new(),
        health: Health::default(),
        lives: Vec::new(),
    });
    let mut lives = record.lives.clone();
    let mut health = Health::default();
    if let Some(line) = &named.record {
        if known.is_none() {
            record.address.clone_from(&line.address);
            record.url.clone_from(&line.url);
        }
        lives.extend(line.lives.iter().map(|(from, to)| Life { from: from.0, to: to.map(|to| to.0) }));
        health = Health {
            up: line.up,
            last_scrape: time(line.last_scrape),
            last_success: time(line.last_success),
            interval: Millis(line.interval_ms),
            duration: Millis(line.duration_ms),
            body_bytes: line.body_bytes,
            last_error: line.last_error.clone(),
            active: false,
        };
    } else if let Some((first, last)) = named.seen {
        let last = Timestamp(last);
        lives.push(Life { from: Timestamp(first), to: Some(last) });
        let interval = Millis(named.interval_ms);
        health =
            Health { up: Some(true), last_scrape: Some(last), last_success: Some(last), interval, ..Health::default() };
    }
    if known.is_none() || health.last_scrape > record.health.last_scrape {
        record.health = health;
    }
    record.lives = joined(lives);
    record.health.active = record.lives.last().is_some_and(|life| life.to.is_none());
    record
}

/// Lives in their order; those that touch are one.
fn joined(mut lives: Vec<Life>) -> Vec<Life> {
    lives.sort_by_key(|life| life.from);
    lives.dedup_by(|next, kept| {
        let touch = kept.to.is_none_or(|to| next.from < to);
        if touch {
            kept.to = kept.to.and_then(|to| next.to.map(|next| next.max(to)));
        }
        touch
    });
    lives
}

fn new_aggregate(named: &names::Aggregate, id: AggregateId, service: ServiceId) -> Aggregate {
    let key = named.key.clone();
    let class = key.rsplit_once('@').map_or(key.as_str(), |(class, _)| class);
    let hints = &named.hints;
    let (first, last) = hints.seen.unwrap_or_default();
    let mut record = Aggregate {
        id,
        service,
        class: display(hints.class.as_deref().unwrap_or(class)),
        message: display(hints.message.as_deref().unwrap_or_default()),
        key,
        severity: hints.severity.map_or(Severity::default(), |(_, severity)| severity),
        first_seen: Timestamp(first),
        last_seen: Timestamp(last),
        total: 0,
        triage: Triage::default(),
    };
    if let Some(line) = &named.record {
        record.first_seen = line.first_seen.0;
        show(&mut record, line);
        record.triage = triage(line);
        record.total = line.earlier;
    }
    record
}

/// What is known of an aggregate, with what a file says of it.
fn merged(named: &names::Aggregate, known: &Aggregate) -> Aggregate {
    let mut record = known.clone();
    if let Some(line) = &named.record {
        record.first_seen = record.first_seen.min(line.first_seen.0);
        if line.last_seen.0 > record.last_seen {
            show(&mut record, line);
        }
        merge_triage(&mut record.triage, triage(line));
        record.total = record.total.saturating_add(line.earlier);
        return record;
    }
    let hints = &named.hints;
    if let (Some((at, severity)), true) = (hints.severity, hints.seen.is_some()) {
        record.severity = if at > known.last_seen.0 { severity } else { known.severity };
    }
    if let (Some(message), true) = (&hints.message, known.message.is_empty()) {
        record.message = display(message);
    }
    let Some((first, last)) = hints.seen else { return record };
    record.first_seen = record.first_seen.min(Timestamp(first));
    record.last_seen = record.last_seen.max(Timestamp(last));
    // As when a scrape brings it: resolved, and happened again.
    let last = Timestamp(last);
    if record.triage.status.ended_by(last, record.total, |_| false) == Some(End::Regressed) {
        record.triage.end(Status::regressed(last));
    }
    record
}

/// What lists show.
fn show(record: &mut Aggregate, line: &line::Aggregate) {
    record.last_seen = line.last_seen.0;
    record.severity = line.severity;
    if let Some(class) = &line.class {
        record.class = display(class);
    }
    record.message = display(&line.message);
}

fn triage(line: &line::Aggregate) -> Triage {
    let standing = match line.state {
        State::Open => Standing::Open,
        State::Resolved => Standing::Resolved(line.resolved_in.as_ref().map(Release::from)),
        State::Muted => Standing::Muted(line.muted_until.map_or(Until::Forever, Until::from)),
    };
    let set = line.labels.0.iter().map(|(name, value)| (name.to_owned(), Choice::Value(value.to_owned())));
    let removed = line.labels_removed.iter().map(|name| (name.clone(), Choice::Nothing));
    Triage {
        status: Status {
            standing,
            since: time(line.state_since),
            regressed_at: time(line.regressed_at),
            escalated_at: time(line.escalated_at),
        },
        labels: Annotations::new(set.chain(removed).collect(), line.labels_by_rule.0.clone()),
        assignee: line.assignee.clone(),
        note: line.note.clone(),
        revision: line.revision,
    }
}

/// The later state counts; labels, assignee and note are only added. The rules are those of this store.
fn merge_triage(known: &mut Triage, line: Triage) {
    let before = known.clone();
    if line.status.since > known.status.since {
        known.status = line.status;
    }
    for (name, choice) in line.labels.chosen() {
        if known.labels.worn(name).chosen.is_none() {
            known.labels.choose(name, Some(choice.clone()));
        }
    }
    known.assignee = known.assignee.take().or(line.assignee);
    known.note = known.note.take().or(line.note);
    known.revision = known.revision.max(line.revision) + u64::from(*known != before);
}

fn time(moment: Option<Moment>) -> Option<Timestamp> {
    moment.map(|moment| moment.0)
}

//! Versions that targets name in a label: which one to resolve in, and whether a count comes from a later one.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::model::id::{ServiceId, TargetId};
use crate::model::time::Timestamp;
use crate::model::triage::Standing;
use crate::model::version::{self, Release};
use crate::store::change::Refusal;
use crate::store::directory::TargetRecord;
use crate::store::draft::Commit;
use crate::store::live::Live;

/// Where the counts of a commit come from: the targets that are known, and those that the commit makes known. A new version
/// mostly runs at a target that is as new.
pub(in crate::store) struct Places<'a> {
    live: &'a Live,
    /// New targets, and the scrapes that found them.
    found: FxHashMap<TargetId, (&'a TargetRecord, Timestamp)>,
}

impl<'a> Places<'a> {
    pub(in crate::store) fn new(live: &'a Live, commit: &'a Commit) -> Self {
        let mut found = FxHashMap::default();
        if let Some(first) = commit.targets.first() {
            for scrape in commit.scrapes.iter().filter(|scrape| scrape.target >= first.id) {
                let place = commit.targets.get((scrape.target.0 - first.id.0) as usize);
                found.extend(place.map(|place| (scrape.target, (place, scrape.at))));
            }
        }
        Self { live, found }
    }

    pub(super) fn live(&self) -> &'a Live {
        self.live
    }

    /// Whether a target runs a later version. A target that does not say what it runs does not run a later version.
    pub(super) fn is_later(&self, target: TargetId, release: &Release) -> bool {
        let Some(place) = self.target(target) else { return false };
        let Some(version) = place.labels.get(&release.label) else { return false };
        release.is_before(version, || self.appeared_at(place, &release.label, version))
    }

    /// Where a count came from that ended a standing, for people.
    pub(super) fn happened_at(&self, target: TargetId, standing: &Standing, total: u64) -> String {
        let place = self.target(target);
        let address = place.map(|place| place.address.as_str()).unwrap_or_default();
        match standing {
            Standing::Resolved(Some(release)) => {
                let version = place.and_then(|place| place.labels.get(&release.label)).unwrap_or_default();
                format!("happened at {address} in {} {version}, which is later than {}", release.label, release.version)
            }
            Standing::Muted(_) => format!("happened {total} times in all"),
            Standing::Open | Standing::Resolved(None) => format!("happened at {address}"),
        }
    }

    fn target(&self, id: TargetId) -> Option<&'a TargetRecord> {
        self.live.directory.target(id).or_else(|| self.found.get(&id).map(|(place, _)| *place))
    }

    /// When a target of this one's service first had this version.
    fn appeared_at(&self, place: &TargetRecord, label: &str, version: &str) -> Timestamp {
        let is_such =
            |other: &&TargetRecord| other.service == place.service && other.labels.get(label) == Some(version);
        let known = self.live.directory.targets().iter().filter(is_such).filter_map(first_seen);
        let found = self.found.values().filter(|(place, _)| is_such(place)).map(|(_, at)| *at);
        known.chain(found).min().unwrap_or(Timestamp(i64::MAX))
    }
}

/// The version to resolve in: the one that is asked for, or the latest that a target of the service has.
pub(super) fn release(
    live: &Live,
    service: ServiceId,
    label: &str,
    version: Option<&str>,
    at: Timestamp,
) -> Result<Release, Refusal> {
    let seen = versions(live, service, label);
    let (version, appeared_at) = match version {
        Some(version) => (version, seen.get(version).copied().unwrap_or(at)),
        None => version::latest(seen).ok_or_else(|| {
            let service = live.directory.services().get(service.0 as usize);
            let service = service.map(|service| service.name.clone()).unwrap_or_default();
            Refusal::NoVersion { service, label: label.to_owned() }
        })?,
    };
    Ok(Release { label: label.to_owned(), version: version.to_owned(), appeared_at })
}

/// The versions that targets of a service name, and when each was first seen.
fn versions<'a>(live: &'a Live, service: ServiceId, label: &str) -> BTreeMap<&'a str, Timestamp> {
    let mut seen: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for target in live.directory.targets().iter().filter(|target| target.service == service) {
        let (Some(version), Some(at)) = (target.labels.get(label), first_seen(target)) else { continue };
        let first = seen.entry(version).or_insert(at);
        *first = at.min(*first);
    }
    seen
}

fn first_seen(target: &TargetRecord) -> Option<Timestamp> {
    target.lives.first().map(|life| life.from)
}

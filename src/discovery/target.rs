//! From discovered labels to a target: defaults, relabelling, checks, the URL.

use std::collections::BTreeMap;
use std::sync::Arc;

use url::Url;
use url::form_urlencoded::Serializer;

use super::relabel::relabel;
use crate::config::secret::{HIDDEN, hide_login};
use crate::config::{Service, TargetGroup};
use crate::model::label::Labels;
use crate::model::target::{ServiceTargets, Target};
use crate::model::time::Millis;
use crate::model::url::{hide_secrets, is_secret};

/// Labels that discovery, relabelling and scraping agree on.
pub(super) const ADDRESS: &str = "__address__";
const SCHEME: &str = "__scheme__";
const PATH: &str = "__metrics_path__";
const INTERVAL: &str = "__scrape_interval__";
const TIMEOUT: &str = "__scrape_timeout__";
const PARAM: &str = "__param_";
const JOB: &str = "job";
const INSTANCE: &str = "instance";

/// Discovered targets that share labels. Each target has at least `__address__`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) targets: Vec<Labels>,
    pub(super) labels: Labels,
}

impl From<TargetGroup> for Group {
    fn from(group: TargetGroup) -> Self {
        let targets = group.targets.into_iter().map(|address| Labels::from_pairs([(ADDRESS, address)])).collect();
        Self { targets, labels: group.labels }
    }
}

/// What a discovered target becomes.
#[derive(Debug)]
enum Outcome {
    Active(Box<Target>),
    /// A relabel rule dropped it.
    Dropped(Labels),
    /// It can not be scraped; a sentence says why.
    Unfit(Labels, String),
}

/// Relabels all that was discovered for `service`. The second value says, for people, which targets are unfit and why.
pub(super) fn build<'a>(
    service: &Service,
    groups: impl IntoIterator<Item = &'a Group>,
) -> (ServiceTargets, Vec<String>) {
    let mut active: Vec<Target> = Vec::new();
    let mut dropped: Vec<Labels> = Vec::new();
    let mut problems: Vec<String> = Vec::new();
    for group in groups {
        for own in &group.targets {
            match populate(service, own, &group.labels) {
                Outcome::Active(target) => active.push(*target),
                Outcome::Dropped(labels) => dropped.push(labels),
                Outcome::Unfit(labels, why) => {
                    problems.push(format!(
                        "target {} can not be scraped: {why}",
                        labels.get(ADDRESS).map_or_else(|| "without address".to_owned(), hide_login)
                    ));
                    dropped.push(labels);
                }
            }
        }
    }
    let order = |a: &Target, b: &Target| {
        (&a.labels, &a.url, &a.discovered_labels).cmp(&(&b.labels, &b.url, &b.discovered_labels))
    };
    active.sort_by(order);
    // The public labels are a target's identity in the store: two targets that share them would mix their counts.
    active.dedup_by(|next, kept| {
        let same = next.labels == kept.labels;
        if same && next.url != kept.url {
            problems.push(format!(
                "target {} has the labels of {}, {}, and is left out",
                next.shown_url(),
                kept.shown_url(),
                kept.labels
            ));
            dropped.push(next.discovered_labels.clone());
        }
        same
    });
    let limits = &service.scrape.limits;
    if active.len() > limits.targets_max {
        problems.push(format!(
            "{} targets are more than target_limit, {}; the rest is left out",
            active.len(),
            limits.targets_max
        ));
        dropped.extend(active.drain(limits.targets_max..).map(|target| target.discovered_labels));
    }
    dropped.sort_unstable();
    let dropped_total = dropped.len();
    dropped.truncate(limits.dropped_targets_max);
    let active = active.into_iter().map(Arc::new).collect();
    (ServiceTargets { service: service.name.clone(), active, dropped, dropped_total }, problems)
}

/// Labels as people may see them.
fn shown(labels: &Labels) -> Labels {
    let mut shown = labels.clone();
    for (name, value) in labels.iter() {
        match name {
            // Nobody is scraped at an address with a login, but who is not is shown.
            ADDRESS if value.contains('@') => shown.set(name, hide_login(value)),
            PATH => shown.set(name, hide_secrets(value)),
            _ if name.strip_prefix(PARAM).is_some_and(is_secret) => shown.set(name, HIDDEN),
            _ => {}
        }
    }
    shown
}

/// Labels as discovered, with what the service says where discovery says nothing.
fn discovered(service: &Service, own: &Labels, group: &Labels) -> Labels {
    let mut labels = service.labels.clone();
    for (name, value) in group.iter().chain(own.iter()) {
        labels.set(name, value);
    }
    let scrape = &service.scrape;
    let mut default = |name: &str, value: String| {
        if labels.get(name).is_none() {
            labels.set(name, value);
        }
    };
    default(JOB, service.name.clone());
    default(INTERVAL, scrape.interval.to_string());
    default(TIMEOUT, scrape.timeout.to_string());
    default(PATH, scrape.path.clone());
    default(SCHEME, scrape.scheme.to_string());
    for (name, values) in &scrape.params {
        if let Some(first) = values.first() {
            default(&format!("{PARAM}{name}"), first.clone());
        }
    }
    labels
}

fn populate(service: &Service, own: &Labels, group: &Labels) -> Outcome {
    let mut labels = discovered(service, own, group);
    let discovered_labels = shown(&labels);
    if !relabel(&service.relabel, &mut labels) {
        return Outcome::Dropped(discovered_labels);
    }
    match target(service, labels, &discovered_labels) {
        Ok(target) => Outcome::Active(Box::new(target)),
        Err(why) => Outcome::Unfit(discovered_labels, why),
    }
}

fn target(service: &Service, mut labels: Labels, discovered_labels: &Labels) -> Result<Target, String> {
    let address = labels.get(ADDRESS).ok_or("it has no address")?.to_owned();
    let duration = |name: &str| {
        let text = labels.get(name).unwrap_or_default();
        let length = Millis::parse(text).filter(|length| length.0 > 0);
        length.ok_or_else(|| format!("{name} is no duration above 0s: {:?}", hide_login(text)))
    };
    let (scrape_interval, scrape_timeout) = (duration(INTERVAL)?, duration(TIMEOUT)?);
    if scrape_timeout > scrape_interval {
        return Err(format!("scrape timeout {scrape_timeout} is longer than the scrape interval of {scrape_interval}"));
    }
    let url = url(&address, &labels, &service.scrape.params)?;
    // Everything else with two underscores in front was for relabelling only, and the service itself is the job.
    labels.retain(|name, _| !name.starts_with("__") && name != JOB);
    if labels.get(INSTANCE).is_none() {
        labels.set(INSTANCE, address.as_str());
    }
    Ok(Target {
        service: service.name.clone(),
        labels,
        discovered_labels: discovered_labels.clone(),
        address,
        url,
        scrape_interval,
        scrape_timeout,
    })
}

/// The URL that is scraped. No port is added, as in Prometheus 3.
fn url(address: &str, labels: &Labels, params: &[(String, Vec<String>)]) -> Result<String, String> {
    if address.contains(|c: char| matches!(c, '/' | '\\' | '?' | '#' | '@') || c.is_whitespace() || c.is_control()) {
        return Err(format!("its address must be host:port, not {:?}", hide_login(address)));
    }
    let scheme = labels.get(SCHEME).unwrap_or_default();
    if !matches!(scheme, "http" | "https") {
        return Err(format!("its scheme must be http or https, not {:?}", hide_login(scheme)));
    }
    let path = labels.get(PATH).unwrap_or("/");
    let slash = if path.starts_with('/') { "" } else { "/" };
    // Parsed to be checked and escaped, then put together again, because a parsed URL loses a port that is the default.
    let parsed = Url::parse(&format!("{scheme}://{address}{slash}{path}"))
        .map_err(|error| format!("its address {address:?} is wrong: {error}"))?;
    let mut values: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, all) in params {
        values.insert(name, all.iter().map(String::as_str).collect());
    }
    for (name, value) in labels.iter() {
        if let Some(name) = name.strip_prefix(PARAM) {
            let all = values.entry(name).or_default();
            match all.first_mut() {
                Some(first) => *first = value,
                None => all.push(value),
            }
        }
    }
    let mut query = Serializer::new(parsed.query().unwrap_or_default().to_owned());
    for (name, all) in values {
        for value in all {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    let mark = if query.is_empty() { "" } else { "?" };
    Ok(format!("{scheme}://{address}{}{mark}{query}", parsed.path()))
}

#[cfg(test)]
mod tests;

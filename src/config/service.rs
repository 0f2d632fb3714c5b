//! One entry of `services`: a name, how to find its targets, and how to scrape them.

use std::sync::Arc;

use super::mechanism::{self, Mechanism};
use super::reader::Field;
use super::relabel::{self, Relabel};
use super::scrape::{self, ScrapeSettings};
use super::{Error, Global, http};
use crate::model::label::Labels;

/// A configured service.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// Unique, not empty. The label `job` during relabelling.
    pub name: String,
    /// Labels of every target of the service before relabelling; what discovery says of a target wins.
    pub labels: Labels,
    /// Where its targets come from. Targets found by several mechanisms are scraped once.
    pub mechanisms: Vec<Mechanism>,
    /// Applied to each discovered target, in this order.
    pub relabel: Vec<Relabel>,
    /// How its targets are scraped.
    pub scrape: ScrapeSettings,
}

const KEYS: &[&str] = &["name", "labels", "relabel_configs"];

/// Reads the list `services`.
pub(super) fn read(field: &Field<'_>, global: &Global) -> Result<Vec<Arc<Service>>, Error> {
    let mut services: Vec<Arc<Service>> = Vec::new();
    for field in field.list()? {
        let section = field.section(&[KEYS, mechanism::KEYS, scrape::KEYS, http::KEYS, scrape::LIMIT_KEYS])?;
        let name = section.require("name", |field| {
            let name = field.name()?;
            match services.iter().position(|service| service.name == name) {
                Some(first) => Err(field.error(format!("{name:?} is already the name of services[{first}]"))),
                None => Ok(name),
            }
        })?;
        let service = Service {
            name,
            labels: section.read("labels", Labels::default(), Field::labels)?,
            mechanisms: mechanism::read(&section)?,
            relabel: section.read("relabel_configs", Vec::new(), relabel::read)?,
            scrape: scrape::read(&section, global)?,
        };
        if service.mechanisms.is_empty() {
            field.warn(format!(
                "service {:?} has no targets: it names no static_configs and no *_sd_configs",
                service.name
            ));
        }
        services.push(Arc::new(service));
    }
    Ok(services)
}

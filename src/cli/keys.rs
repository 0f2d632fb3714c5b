//! `hydrophone check keys`: what the rules make of the aggregation keys of an exposition.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use super::print;
use super::redaction::{read_exposition, redactor};
use crate::app;
use crate::config::{KeyRule, Limits};
use crate::key;
use crate::scrape::wire::{self, Memo};

/// Groups of keys that are printed; there may be a hundred thousand.
const GROUPS_MAX: usize = 20;

/// Runs `hydrophone check keys`.
pub(super) fn check(config_file: Option<&Path>, service: Option<&str>, files: &[PathBuf]) -> Result<ExitCode> {
    let rules = rules(config_file, service)?;
    let redactor = redactor(config_file)?;
    let limits = Limits { exposed_aggregates_max: usize::MAX, ..Limits::default() };
    let mut keys = Vec::new();
    for file in files {
        let body = read_exposition(file)?;
        let parsed = wire::parse(&body, &limits, &redactor, &Memo::default());
        let parsed = parsed.with_context(|| format!("{} is no exposition", file.display()))?;
        keys.extend(parsed.exposition.aggregates.into_iter().map(|aggregate| aggregate.key));
    }
    keys.sort_unstable();
    keys.dedup();
    let mut groups: Vec<(String, Vec<&str>)> = key::groups(&rules, &keys).into_iter().collect();
    print(&format!("{} keys become {} by {} rules", keys.len(), groups.len(), rules.len()));
    groups.retain(|(made, keys)| *keys != [made.as_str()]);
    groups.sort_by(|(a, a_keys), (b, b_keys)| b_keys.len().cmp(&a_keys.len()).then_with(|| a.cmp(b)));
    for (made, keys) in groups.iter().take(GROUPS_MAX) {
        let example = keys.first().copied().unwrap_or_default();
        print(&format!("{:>8}  {made:?}, as {example:?}", keys.len()));
    }
    if groups.len() > GROUPS_MAX {
        print(&format!("          and {} more", groups.len() - GROUPS_MAX));
    }
    let left: Vec<String> = key::groups(&rules, &keys).into_keys().collect();
    if let Some(help) = key::suggest(&left) {
        let parts: Vec<&str> = help.strip.iter().map(|part| part.name()).collect();
        print(&format!("`- strip: [{}]` would leave {} of {}", parts.join(", "), help.left, help.keys));
    }
    Ok(ExitCode::SUCCESS)
}

/// The rules of a service, or those of `global`.
fn rules(config_file: Option<&Path>, service: Option<&str>) -> Result<Vec<KeyRule>> {
    let Some(file) = config_file else {
        if let Some(service) = service {
            bail!("--service {service} needs --config.file, which says what its rules are");
        }
        return Ok(Vec::new());
    };
    let config = app::load(file)?;
    let Some(service) = service else { return Ok(config.global.limits.key_rules) };
    let Some(found) = config.services.iter().find(|known| known.name == service) else {
        let known: Vec<&str> = config.services.iter().map(|service| service.name.as_str()).collect();
        bail!("{}: no service {service:?}; there are {}", file.display(), known.join(", "));
    };
    Ok(found.scrape.limits.key_rules.clone())
}

//! The fleet as service discovery sees it: a configuration, and the files that it names.

use std::path::Path;
use std::sync::Arc;

use super::fleet::{Fleet, SCRAPE_INTERVAL};
use super::json;
use super::service::SERVICES;

/// A file for `file_sd_configs`, to be written whole whenever it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetFile {
    /// Its name within the directory that the configuration names, `checkout.json`.
    pub name: String,
    /// Its content.
    pub json: String,
}

/// All files, one for each service.
pub type TargetFiles = Arc<Vec<TargetFile>>;

/// Errors belong to the team that runs the service, and one kind of them is told apart, as people would.
const LABEL_RULES: &str = "label_rules:
  - query: service:*
    target_labels: {team: team}
  - query: class:*Timeout* OR \"connection refused\" OR \"connection reset\"
    labels: {kind: network}
";

impl Fleet {
    /// The configuration with which a server watches this fleet. `directory` is where the [`Fleet::target_files`] are.
    #[must_use]
    pub fn config_yaml(&self, directory: &Path) -> String {
        let interval = SCRAPE_INTERVAL;
        let mut yaml = format!(
            "# The simulated fleet of `hydrophone demo`.\nglobal:\n  scrape_interval: {interval}\n  scrape_timeout: 4s\n{LABEL_RULES}services:\n"
        );
        for service in SERVICES {
            let mut file = String::new();
            // A JSON string is a YAML string too.
            json::string(&mut file, &directory.join(file_name(service.name)).to_string_lossy(), false);
            json::put(
                &mut yaml,
                format_args!(
                    "  - name: {}\n    file_sd_configs:\n      - files: [{file}]\n        refresh_interval: 5s\n",
                    service.name
                ),
            );
        }
        yaml
    }

    /// The files of targets as they are now.
    #[must_use]
    pub fn target_files(&self) -> TargetFiles {
        let files = SERVICES.iter().enumerate().map(|(service, plan)| {
            let slots = self.slots.iter().filter(|slot| slot.service == service);
            let mut out = String::new();
            json::list(&mut out, slots.filter_map(|slot| slot.target.as_ref()), |out, target| {
                out.push_str("\n  {\"targets\": [");
                json::string(out, &target.address, false);
                out.push_str("], \"labels\": {");
                for (index, (name, value)) in target.labels.iter().enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    json::string(out, name, false);
                    out.push_str(": ");
                    json::string(out, value, false);
                }
                out.push_str("}}");
            });
            out.push('\n');
            TargetFile { name: file_name(plan.name), json: out }
        });
        Arc::new(files.collect())
    }
}

fn file_name(service: &str) -> String {
    format!("{service}.json")
}

//! Writes a configuration out as YAML, with every default filled in and every secret hidden, for people who ask a running
//! server what it is running with.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::mechanism::{DnsRecord, Mechanism, RECORDS, TargetGroup};
use super::secret::{HIDDEN, SecretSource};
use super::web::{Anonymous, Auth};
use super::{Backup, Config, HttpClient, KeyRule, Limits, Redaction, Relabel, RelabelAction, Service};
use crate::model::label::Labels;
use crate::model::role::Role;
use crate::model::url::{hide_secrets, is_secret};

impl Config {
    /// The configuration as YAML that [`parse`](super::parse) would read again, but for the secrets: each is `<secret>`.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        let mut out = Yaml::default();
        out.section("global", |out| {
            out.pair("scrape_interval", self.global.scrape_interval);
            out.pair("scrape_timeout", self.global.scrape_timeout);
            out.labels("external_labels", &self.global.external_labels);
            limits(out, &self.global.limits, None);
        });
        out.section("storage", |out| {
            out.section("retention", |out| {
                let kept = &self.storage.retention;
                out.pair("time", kept.time);
                out.pair("rollups", kept.rollups);
                out.pair("targets", kept.targets);
                out.pair("occurrences", kept.occurrences);
                out.pair("occurrences_size", kept.occurrence_bytes);
                out.pair("activity", kept.activity);
                for (key, bytes) in [
                    ("size", kept.bytes),
                    ("counts_size", kept.count_bytes),
                    ("rollups_size", kept.rollup_bytes),
                    ("activity_size", kept.activity_bytes),
                ] {
                    if let Some(bytes) = bytes {
                        out.pair(key, bytes);
                    }
                }
            });
        });
        out.section("triage", |out| {
            out.pair("new_for", self.triage.new_for);
            if let Some(silence) = self.triage.resolve_after {
                out.pair("resolve_after", silence);
            }
        });
        out.list("label_rules", &self.label_rules, |out, rule| {
            out.text("query", &rule.query);
            out.labels("labels", &rule.labels);
            out.labels("target_labels", &rule.target_labels);
        });
        out.section("web", |out| out.section("auth", |out| write_auth(out, &self.web.auth)));
        out.section("redaction", |out| write_redaction(out, &self.redaction));
        if let Some(backup) = &self.backup {
            out.section("backup", |out| write_backup(out, backup));
        }
        out.list("services", &self.services, |out, service| write_service(out, service, &self.global.limits));
        out.text
    }
}

fn write_backup(out: &mut Yaml, backup: &Backup) {
    out.text("directory", &backup.directory.display().to_string());
    out.pair("interval", backup.interval);
    out.pair("keep", backup.keep);
    out.pair("rate", backup.rate);
    out.pair("with_index", backup.with_index);
}

fn write_auth(out: &mut Yaml, auth: &Auth) {
    let roles = |out: &mut Yaml, key: &str, roles: &BTreeMap<String, Role>| {
        out.labels(key, &Labels::from_pairs(roles.iter().map(|(name, role)| (name.as_str(), role.name()))));
    };
    match auth.anonymous {
        Anonymous::ByAddress => {}
        Anonymous::Nothing => out.pair("anonymous", "none"),
        Anonymous::Role(role) => out.pair("anonymous", role),
    }
    roles(out, "roles", &auth.roles);
    out.pair("default_role", auth.default_role);
    if let Some(proxy) = &auth.proxy {
        out.section("proxy", |out| {
            out.text("header", &proxy.header);
            if let Some(header) = &proxy.role_header {
                out.text("role_header", header);
            }
            roles(out, "groups", &proxy.groups);
            out.pair("default_role", proxy.default_role);
            let trusted: Vec<String> = proxy.trusted.iter().map(ToString::to_string).collect();
            out.texts("trusted", &trusted);
        });
    }
}

fn write_redaction(out: &mut Yaml, redaction: &Redaction) {
    out.pair("enabled", redaction.enabled);
    out.pair("card_numbers", redaction.card_numbers);
    out.texts("headers", &redaction.headers);
    out.texts("fields", &redaction.fields);
    out.texts("keep", &redaction.keep);
    let patterns: Vec<String> = redaction.patterns.iter().map(|pattern| pattern.as_str().to_owned()).collect();
    out.texts("patterns", &patterns);
}

fn write_service(out: &mut Yaml, service: &Service, global: &Limits) {
    let scrape = &service.scrape;
    out.text("name", &service.name);
    out.labels("labels", &service.labels);
    out.pair("scrape_interval", scrape.interval);
    out.pair("scrape_timeout", scrape.timeout);
    out.text("metrics_path", &hide_secrets(&scrape.path));
    out.pair("scheme", scrape.scheme);
    if !scrape.params.is_empty() {
        out.section("params", |out| {
            for (name, values) in &scrape.params {
                if is_secret(name) {
                    out.texts(name, &vec![HIDDEN.to_owned(); values.len()]);
                } else {
                    out.texts(name, values);
                }
            }
        });
    }
    write_http(out, &scrape.http);
    limits(out, &scrape.limits, Some(global));
    for mechanism in &service.mechanisms {
        if let Mechanism::Static(groups) = mechanism {
            out.list("static_configs", groups, write_group);
        }
    }
    let mut mechanisms = |key: &str, wanted: fn(&Mechanism) -> bool| {
        out.list(key, service.mechanisms.iter().filter(|one| wanted(one)), write_mechanism);
    };
    mechanisms("file_sd_configs", |one| matches!(one, Mechanism::File(_)));
    mechanisms("http_sd_configs", |one| matches!(one, Mechanism::Http(_)));
    mechanisms("dns_sd_configs", |one| matches!(one, Mechanism::Dns(_)));
    out.list("relabel_configs", &service.relabel, write_rule);
}

fn write_group(out: &mut Yaml, group: &TargetGroup) {
    out.texts("targets", &group.targets);
    out.labels("labels", &group.labels);
}

fn write_mechanism(out: &mut Yaml, mechanism: &Mechanism) {
    match mechanism {
        Mechanism::Static(_) => {}
        Mechanism::File(file) => {
            let files: Vec<String> = file.files.iter().map(|path| path.display().to_string()).collect();
            out.texts("files", &files);
            out.pair("refresh_interval", file.refresh_interval);
        }
        Mechanism::Http(http) => {
            out.text("url", &hide_secrets(&hide_password(&http.url)));
            out.pair("refresh_interval", http.refresh_interval);
            write_http(out, &http.http);
        }
        Mechanism::Dns(dns) => {
            out.texts("names", &dns.names);
            let record = RECORDS.iter().find(|(_, record)| *record == dns.record).map_or("SRV", |(name, _)| name);
            out.pair("type", record);
            if dns.record != DnsRecord::Srv {
                out.pair("port", dns.port);
            }
            out.pair("refresh_interval", dns.refresh_interval);
        }
    }
}

fn write_rule(out: &mut Yaml, rule: &Relabel) {
    use RelabelAction as A;
    let names_only = matches!(rule.action, A::LabelDrop | A::LabelKeep);
    let equality = matches!(rule.action, A::KeepEqual | A::DropEqual);
    out.pair("action", rule.action.name());
    if !names_only {
        out.texts("source_labels", &rule.source_labels);
    }
    if !names_only && !equality {
        out.text("separator", &rule.separator);
    }
    if !equality {
        out.text("regex", rule.regex.as_str());
    }
    if rule.modulus > 0 {
        out.pair("modulus", rule.modulus);
    }
    if !rule.target_label.is_empty() {
        out.text("target_label", &rule.target_label);
    }
    if !names_only && !equality {
        out.text("replacement", &rule.replacement);
    }
}

fn write_http(out: &mut Yaml, http: &HttpClient) {
    if let Some(basic) = &http.basic_auth {
        out.section("basic_auth", |out| {
            out.text("username", &basic.username);
            if let Some(password) = &basic.password {
                out.secret("password", "password_file", password);
            }
        });
    }
    if let Some(authorization) = &http.authorization {
        out.section("authorization", |out| {
            out.text("type", &authorization.kind);
            out.secret("credentials", "credentials_file", &authorization.credentials);
        });
    }
    write_headers(out, http);
    out.section("tls_config", |out| {
        let mut file = |key: &str, path: &std::path::Path| out.text(key, &path.display().to_string());
        if let Some(ca) = &http.tls.ca_file {
            file("ca_file", ca);
        }
        if let Some(identity) = &http.tls.identity {
            file("cert_file", &identity.cert_file);
            file("key_file", &identity.key_file);
        }
        if let Some(name) = &http.tls.server_name {
            out.text("server_name", name);
        }
        out.pair("insecure_skip_verify", http.tls.insecure_skip_verify);
        let version = super::http::VERSIONS.iter().find(|(_, version)| *version == http.tls.min_version);
        out.pair("min_version", version.map_or("TLS12", |(name, _)| name));
    });
    out.pair("follow_redirects", http.follow_redirects);
}

fn write_headers(out: &mut Yaml, http: &HttpClient) {
    if http.headers.is_empty() {
        return;
    }
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in &http.headers {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    out.section("http_headers", |out| {
        for name in names {
            let sources = || http.headers.iter().filter(|(have, _)| have == name).map(|(_, source)| source);
            let inline = sources().filter(|source| matches!(source, SecretSource::Inline(_)));
            let secrets: Vec<String> = inline.map(|_| HIDDEN.to_owned()).collect();
            let files: Vec<String> = sources()
                .filter_map(|source| match source {
                    SecretSource::File(path) => Some(path.display().to_string()),
                    SecretSource::Inline(_) => None,
                })
                .collect();
            out.section(&quote(name), |out| {
                out.texts("secrets", &secrets);
                out.texts("files", &files);
            });
        }
    });
}

/// Writes the limits that differ from `other`; all of them without one.
fn limits(out: &mut Yaml, limits: &Limits, other: Option<&Limits>) {
    let values = |limits: &Limits| -> [u64; 16] {
        [
            limits.body_bytes_max,
            limits.aggregates_max as u64,
            limits.occurrences_per_aggregate_max as u64,
            limits.key_bytes_max as u64,
            limits.class_bytes_max as u64,
            limits.message_bytes_max as u64,
            limits.stack_frames_max as u64,
            limits.stack_bytes_max as u64,
            limits.cause_depth_max as u64,
            limits.headers_max as u64,
            limits.header_bytes_max as u64,
            limits.url_bytes_max as u64,
            limits.request_body_bytes_max as u64,
            limits.targets_max as u64,
            limits.dropped_targets_max as u64,
            limits.exposed_aggregates_max as u64,
        ]
    };
    let others = other.map(values);
    for (index, (key, value)) in super::scrape::LIMIT_KEYS.iter().zip(values(limits)).enumerate() {
        if others.is_none_or(|others| others.get(index) != Some(&value)) {
            out.pair(key, value);
        }
    }
    if other.is_some_and(|other| other.key_rules != limits.key_rules && limits.key_rules.is_empty()) {
        out.pair("key_rules", "[]");
    } else if other.is_none_or(|other| other.key_rules != limits.key_rules) {
        out.list("key_rules", &limits.key_rules, |out, rule| match rule {
            KeyRule::Strip(parts) => {
                out.texts("strip", &parts.iter().map(|part| part.name().to_owned()).collect::<Vec<_>>());
            }
            KeyRule::Replace { regex, replacement } => {
                out.text("regex", regex.as_str());
                out.text("replacement", replacement);
            }
        });
    }
}

/// A URL's password is a secret too.
fn hide_password(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(mut parsed) if parsed.password().is_some() => match parsed.set_password(Some("hidden")) {
            Ok(()) => parsed.into(),
            Err(()) => HIDDEN.to_owned(),
        },
        _ => url.to_owned(),
    }
}

/// Block YAML, two spaces a level.
#[derive(Default)]
struct Yaml {
    text: String,
    depth: usize,
    /// Set behind `- `, where the next line is already begun.
    begun: bool,
}

impl Yaml {
    fn line(&mut self, line: &str) {
        if !std::mem::take(&mut self.begun) {
            self.text.extend(std::iter::repeat_n("  ", self.depth));
        }
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// A value that needs no quotes.
    fn pair(&mut self, key: &str, value: impl std::fmt::Display) {
        self.line(&format!("{key}: {value}"));
    }

    fn text(&mut self, key: &str, value: &str) {
        self.pair(&quote(key), quote(value));
    }

    fn texts(&mut self, key: &str, values: &[String]) {
        if !values.is_empty() {
            self.pair(
                &quote(key),
                format!("[{}]", values.iter().map(|value| quote(value)).collect::<Vec<_>>().join(", ")),
            );
        }
    }

    fn secret(&mut self, inline: &str, file: &str, source: &SecretSource) {
        match source {
            SecretSource::Inline(secret) => self.pair(inline, secret),
            SecretSource::File(path) => self.text(file, &path.display().to_string()),
        }
    }

    fn labels(&mut self, key: &str, labels: &Labels) {
        if !labels.is_empty() {
            self.section(key, |out| labels.iter().for_each(|(name, value)| out.text(name, value)));
        }
    }

    fn section(&mut self, key: &str, write: impl FnOnce(&mut Self)) {
        self.line(&format!("{key}:"));
        self.depth += 1;
        write(self);
        self.depth -= 1;
    }

    fn list<T>(&mut self, key: &str, items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut Self, T)) {
        for (index, item) in items.into_iter().enumerate() {
            if index == 0 {
                self.line(&format!("{key}:"));
            }
            self.text.extend(std::iter::repeat_n("  ", self.depth));
            self.text.push_str("- ");
            self.depth += 1;
            self.begun = true;
            write(self, item);
            self.depth -= 1;
            if std::mem::take(&mut self.begun) {
                self.text.push_str("{}\n");
            }
        }
    }
}

/// A text as it is where YAML would read it back as that text, else in double quotes.
fn quote(text: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    let first = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_' || c == '/');
    let word = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        .iter()
        .any(|word| word.eq_ignore_ascii_case(text));
    if first && !word && text.chars().all(safe) {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            ' '..='~' => out.push(c),
            c if c.is_alphanumeric() => out.push(c),
            // Writing to a string can not fail.
            c => drop(write!(out, "\\U{:08X}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

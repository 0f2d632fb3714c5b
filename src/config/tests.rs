//! Whole configurations, good and bad, from testdata/config.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::*;

fn files(directory: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(format!("testdata/config/{directory}")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn good(name: &str) -> Config {
    load(Path::new(&format!("testdata/config/good/{name}.yaml"))).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_mistake_names_file_line_column_and_key() {
    let mut wrong = Vec::new();
    for path in files("bad") {
        let text = std::fs::read_to_string(&path).unwrap();
        let expect = text.lines().next().unwrap().trim_start_matches("# ");
        let error = load(&path).expect_err(&path.display().to_string());
        if error.to_string() != format!("{}:{expect}", path.display()) {
            wrong.push(format!("{error}\n    expected {expect}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn parameters_that_are_secrets_are_not_shown() {
    let text = "services:\n- name: s\n  metrics_path: /x?token=s3cret&format=json\n  params: {api_key: [s3cret, s3cret], a: [b]}\n  \
                http_sd_configs: [{url: 'http://sd/x?env=prod&sig=s3cret'}]\n";
    let yaml = parse(text, "x").unwrap().to_yaml();
    assert!(!yaml.contains("s3cret"), "{yaml}");
    for shown in ["/x?token=<secret>&format=json", "env=prod&sig=<secret>", "api_key", "a:"] {
        assert!(yaml.contains(shown), "{shown} in {yaml}");
    }
}

#[test]
fn good_files_load_and_their_rendering_says_the_same() {
    for path in files("good") {
        let config = load(&path).unwrap_or_else(|error| panic!("{error}"));
        let yaml = config.to_yaml();
        assert!(!yaml.contains("s3cret") && !yaml.contains("t0ken") && !yaml.contains("pass@"), "{yaml}");
        // Once more through the renderer: with the secrets hidden there is nothing left to lose.
        let again = parse(&yaml, "rendered").unwrap_or_else(|error| panic!("{error}\n{yaml}"));
        assert_eq!(again.to_yaml(), yaml);
        let strip = |config: &Config| -> Vec<Service> {
            let mut services: Vec<Service> = config.services.iter().map(|service| Service::clone(service)).collect();
            for service in &mut services {
                service.scrape.http.headers.clear();
                for mechanism in &mut service.mechanisms {
                    if let Mechanism::Http(http) = mechanism {
                        http.url.clear();
                    }
                }
            }
            services
        };
        assert_eq!(strip(&again), strip(&config), "{yaml}");
        assert_eq!((again.global, again.storage), (config.global, config.storage), "{yaml}");
    }
}

#[test]
fn a_periskop_configuration_starts_unchanged() {
    let config = good("periskop-dev");
    assert_eq!(
        config.warnings,
        [
            "testdata/config/good/periskop-dev.yaml:2:3: repository: is not used: everything is kept in the data directory, --storage.path"
        ]
    );
    let [mock, periskop] = config.services.as_slice() else { panic!("{config:?}") };
    assert_eq!((mock.name.as_str(), periskop.name.as_str()), ("mock-target", "periskop"));
    assert_eq!(
        mock.mechanisms,
        [Mechanism::Dns(DnsDiscovery {
            names: vec!["localhost".to_owned()],
            record: DnsRecord::A,
            port: 7778,
            refresh_interval: Millis::from_seconds(10)
        })]
    );
    let group = TargetGroup { targets: vec!["localhost:7777".to_owned()], labels: Labels::default() };
    assert_eq!(periskop.mechanisms, [Mechanism::Static(vec![group])]);
    for service in [mock, periskop] {
        assert_eq!(service.scrape.path, "/errors");
        assert_eq!(service.scrape.interval, Millis::from_seconds(10));
        assert_eq!(service.scrape.timeout, Millis::from_seconds(10));
    }
    assert_eq!(good("periskop-docker").services.len(), 2);
}

#[test]
fn a_file_without_anything_has_no_services() {
    for text in ["", "# nothing\n", "---\n", "services:\n", "services: []\nglobal: ~\nstorage:\n"] {
        assert_eq!(parse(text, "x"), Ok(Config::default()), "{text:?}");
    }
    assert_eq!(good("empty"), Config::default());
    assert_eq!(good("bom-and-crlf").services[0].name, "währung");
    assert_eq!(good("anchors").services[1].scrape.scheme, Scheme::Https);
}

#[test]
fn every_key_arrives() {
    let config = good("full");
    assert_eq!(config.global.external_labels.to_string(), r#"{region="eu", replica="0"}"#);
    assert_eq!(config.global.limits.aggregates_max, 5000);
    let kept = &config.storage.retention;
    assert_eq!(kept.occurrences, Millis::from_seconds(14 * 86_400));
    assert_eq!(kept.rollups, Millis(3 * kept.time.0));
    let sizes = [kept.bytes, kept.count_bytes, kept.rollup_bytes, kept.activity_bytes, Some(kept.occurrence_bytes)];
    assert_eq!(sizes, [100, 20, 5, 1, 5].map(|gibibytes| Some(gibibytes << 30)));
    let service = &config.services[0];
    assert_eq!(service.labels.to_string(), r#"{team="payments", tier="1"}"#);
    let kinds: Vec<_> = service.mechanisms.iter().map(std::mem::discriminant).collect();
    assert_eq!(kinds.len(), 5);
    let Mechanism::File(file) = &service.mechanisms[1] else { panic!() };
    assert_eq!(
        file.files,
        [PathBuf::from("testdata/config/good/targets/*.json"), PathBuf::from("/etc/hydrophone/targets.yml")]
    );
    let scrape = &service.scrape;
    assert_eq!(scrape.path, "/errors?format=json");
    assert_eq!(scrape.params, [("tenant".to_owned(), vec!["a".to_owned(), "b".to_owned()])]);
    assert_eq!(scrape.http.headers.len(), 4);
    assert!(scrape.http.tls.insecure_skip_verify && !scrape.http.follow_redirects);
    assert_eq!(
        scrape.http.credentials().unwrap(),
        http::Credentials::Basic { username: "scraper".to_owned(), password: Secret::new("s3cret") }
    );
    let limits = &scrape.limits;
    assert_eq!((limits.body_bytes_max, limits.message_bytes_max, limits.dropped_targets_max), (10 << 20, 5 << 10, 14));
    assert_eq!(service.relabel[0].regex.as_str(), r"([^:]+):(\d+)\|(.*)");
    assert_eq!(service.relabel.len(), 6);
    assert!(!format!("{config:?}").contains("two"), "a header's value must not be printed");
}

#[test]
fn the_timeout_follows_a_short_interval_when_it_is_not_said() {
    let config = parse("services: [{name: a, scrape_interval: 1s}, {name: b, scrape_interval: 1m}]", "x").unwrap();
    assert_eq!(config.services[0].scrape.timeout, Millis::from_seconds(1));
    assert_eq!(config.services[1].scrape.timeout, Millis::from_seconds(10));
    assert_eq!(parse("global: {scrape_interval: 5s}", "x").unwrap().global.scrape_timeout, Millis::from_seconds(5));
}

#[test]
fn a_service_without_targets_is_warned_of() {
    let config = parse("services:\n- name: a\n", "x").unwrap();
    assert_eq!(
        config.warnings,
        [r#"x:2:3: services[0]: service "a" has no targets: it names no static_configs and no *_sd_configs"#]
    );
}

#[test]
fn a_file_that_is_not_there_or_no_text_is_named() {
    assert_eq!(
        load(Path::new("nowhere.yaml")).unwrap_err().to_string(),
        "nowhere.yaml: can not be read: No such file or directory (os error 2)"
    );
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("latin1.yaml");
    crate::fs::rewrite_atomic(&path, b"services:\n- name: w\xe4hrung\n").unwrap();
    assert_eq!(load(&path).unwrap_err().to_string(), format!("{}: line 2 is not UTF-8", path.display()));
}

#[test]
fn target_groups_are_read_from_yaml() {
    let groups = parse_target_groups("- targets: [a:1, b:2]\n  labels: {x: 1.10}\n- targets: []\n", "t.yml").unwrap();
    assert_eq!(groups[0].labels.get("x"), Some("1.10"));
    assert_eq!(groups.len(), 2);
    let error = parse_target_groups("- targets: [a:1]\n  label: {}\n", "t.yml").unwrap_err();
    assert_eq!(error.to_string(), "t.yml:2:3: [0].label: unknown key; did you mean labels?");
}

fn service(text: &str) -> String {
    format!("services:\n- name: shop\n  {text}\n")
}

/// It is refused at that place, and the message has nothing of `bob:s3cret`.
fn refused(text: &str, place: &str) {
    let error = parse(text, "x").expect_err(text).to_string();
    assert!(error.starts_with("x:") && error.contains(place), "{text}: {error}");
    assert!(!error.contains("s3") && !error.contains("bob"), "{text}: {error}");
}

#[test]
fn a_login_in_a_wrong_value_is_not_repeated() {
    let url = "http://bob:s3cret@sd:99999/x";
    for (text, place) in [
        (
            service(&format!("static_configs: [{{targets: ['{url}']}}]")),
            "targets[0]: \"http://<secret>@sd:99999/x\" must be",
        ),
        (
            service("static_configs: [{targets: ['bob:s3cret@sd:80/x']}]"),
            "targets[0]: \"<secret>@sd:80/x\" must be host:port, without scheme, login and path",
        ),
        (
            service(&format!("http_sd_configs: [{{url: '{url}'}}]")),
            "url: \"http://<secret>@sd:99999/x\" is no URL: invalid port",
        ),
        (
            service("http_sd_configs: [{url: 'ftp://s3cret@sd/'}]"),
            "url: \"ftp://<secret>@sd/\" must begin with http or https, not",
        ),
        (
            service("http_sd_configs: [{url: 's3cret:x@sd/'}]"),
            "url: \"<secret>@sd/\" must begin with http:// or https://",
        ),
        (service("http_sd_configs: [{url: 'http://bob:s3/s3cret@sd'}]"), "url: \"http://<secret>@sd\" is no URL"),
        (
            service(&format!("file_sd_configs: [{{files: ['{url}']}}]")),
            "files[0]: \"http://<secret>@sd:99999/x\" must end in",
        ),
        (
            service(&format!("file_sd_configs: [{{files: ['{url}/*/*.json']}}]")),
            "files[0]: \"http://<secret>@sd:99999/x/*/*.json\"",
        ),
        (service(&format!("dns_sd_configs: [{{names: [a], type: '{url}'}}]")), "type: must be one of SRV"),
        (service(&format!("dns_sd_configs: [{{names: [a], port: '{url}'}}]")), "port: must be a whole number"),
        (
            service(&format!("scheme: '{url}'")),
            "scheme: must be one of http, https, not \"http://<secret>@sd:99999/x\"",
        ),
        (service(&format!("metrics_path: '{url} x'")), "metrics_path: \"http://<secret>@sd:99999/x x\" is no path"),
        (service(&format!("scrape_interval: '{url}'")), "scrape_interval: must be a duration"),
        (service(&format!("body_size_limit: '{url}'")), "body_size_limit: must be a size"),
        (service(&format!("follow_redirects: '{url}'")), "follow_redirects: must be true or false"),
    ] {
        refused(&text, place);
    }
}

#[test]
fn credentials_that_slipped_into_another_key_are_not_repeated() {
    let url = "http://bob:s3cret@sd:99999/x";
    for (text, place) in [
        (service("authorization: {type: Bearer s3cret, credentials: x}"), "authorization.type: must be one word"),
        (service("authorization: {type: s3cret=, credentials: x}"), "authorization.type: must be one word"),
        (service("authorization: {Bearer s3cret: x}"), "authorization: unknown key; known here are type"),
        (service("headers: {'X-Key: s3cret': ''}"), "headers: a key here must be the name of a header"),
        (service("http_headers: {'X-Key: s3cret': {}}"), "http_headers: a key here must be the name of a header"),
        (service("basic_auth: {username: x, password: !s3cret}"), "3:46: a tag is not read here"),
        (service("tls_config: {ca_file: '-----BEGIN CERTIFICATE----- s3cret'}"), "ca_file: must name a file"),
        (
            service(&format!("labels: {{'{url}': [x]}}")),
            "services[0].labels.http://<secret>@sd:99999/x: must be a text",
        ),
        (service(&format!("'{url}': x")), "services[0]: unknown key"),
        (
            service(&format!("labels: {{'{url}': x, '{url}': x}}")),
            "key \"http://<secret>@sd:99999/x\" stands here twice",
        ),
        (
            "web: {auth: {proxy: {header: 'X-Key: s3cret', trusted: [10.0.0.1]}}}".to_owned(),
            "proxy.header: must be the name",
        ),
        (format!("web: {{auth: {{proxy: {{header: x, trusted: ['{url}']}}}}}}"), "trusted[0]: must be an address"),
        (format!("web: {{auth: {{anonymous: '{url}'}}}}"), "web.auth.anonymous: must be one of"),
    ] {
        refused(&text, place);
    }
    // Names with an `@` are told: it makes no login of them.
    let error = parse("web: {auth: {roles: {ada@example.org: boss}}}", "x").unwrap_err();
    assert!(error.path.ends_with("roles.ada@example.org"), "{error}");
    // A file that is not there is named; a URL in its place is a name, too.
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("h.yaml");
    let text = service(&format!("basic_auth: {{username: x, password_file: '{url}'}}"));
    crate::fs::rewrite_atomic(&path, text.as_bytes()).unwrap();
    let error = load(&path).unwrap_err().to_string();
    assert!(error.contains("password_file: file <secret>@sd:99999/x can not be read"), "{error}");
    assert!(!error.contains("s3cret"), "{error}");
}

const REFERENCE: &str = "docs/configuration.md";

#[test]
fn the_reference_names_every_key_and_its_examples_are_good() {
    let text = std::fs::read_to_string(REFERENCE).unwrap();
    let sections = [scrape::KEYS, scrape::LIMIT_KEYS, http::KEYS, mechanism::KEYS];
    for key in sections.into_iter().flatten().chain(&["global", "services", "storage", "web", "repository"]) {
        assert!(text.contains(&format!("`{key}")), "{key} is missing in {REFERENCE}");
    }
    for (action, _) in relabel::ACTIONS {
        assert!(text.contains(&format!("`{action}`")), "{action} is missing in {REFERENCE}");
    }
    let examples: Vec<&str> = text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(examples.len() >= 3);
    for example in examples {
        let config = parse(example, REFERENCE).unwrap_or_else(|error| panic!("{error}\n{example}"));
        assert_eq!(config.warnings, [""; 0]);
    }
}

#[test]
fn the_reference_says_the_limits_defaults() {
    let text = std::fs::read_to_string(REFERENCE).unwrap();
    let limits = text.split("### Limits").nth(1).unwrap().split("\n##").next().unwrap();
    let mut yaml = String::from("global:\n");
    for row in limits.lines().filter(|row| row.starts_with("| `")) {
        let cells: Vec<&str> = row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let _ = writeln!(yaml, "  {}: {}", cells[1], cells[3]);
    }
    assert_eq!(yaml.lines().count(), scrape::LIMIT_KEYS.len(), "a line for global, and none for key_rules");
    assert_eq!(parse(&yaml, REFERENCE).unwrap().global.limits, Limits::default());
}

mod any_text {
    use proptest::prelude::*;

    use super::*;

    fn corpus() -> Vec<String> {
        files("good").into_iter().chain(files("bad")).map(|path| std::fs::read_to_string(path).unwrap()).collect()
    }

    /// What a text may be changed by: cut a range, repeat it, or put something in its place.
    fn mutate(text: &str, edits: &[(usize, usize, String)]) -> String {
        let mut text: Vec<char> = text.chars().collect();
        for (at, length, with) in edits {
            let at = at % (text.len() + 1);
            let end = (at + length).min(text.len());
            text.splice(at..end, with.chars());
        }
        text.into_iter().collect()
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,200}|[-a-z0-9:{}\\[\\]&*!|>'\"%@`#,? \n\t]{0,300}") {
            if let Ok(config) = parse(&text, "x") {
                let _ = parse(&config.to_yaml(), "y").unwrap();
            }
            let _ = parse_target_groups(&text, "x");
        }

        #[test]
        fn of_a_changed_file_never_panics_and_what_is_read_can_be_rendered(
            which in any::<prop::sample::Index>(),
            edits in prop::collection::vec((any::<usize>(), 0usize..12, "[-a-z0-9:{}\\[\\]&*!|>'\"$(),? \n]{0,6}|\\PC{0,3}"), 1..4),
        ) {
            let corpus = corpus();
            let text = mutate(which.get::<String>(&corpus), &edits);
            if let Ok(config) = parse(&text, "/x/y") {
                let yaml = config.to_yaml();
                let again = parse(&yaml, "/x/y").map_err(|error| TestCaseError::fail(format!("{error}\n{yaml}")))?;
                prop_assert_eq!(again.to_yaml(), yaml);
            }
        }
    }
}

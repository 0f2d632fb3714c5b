//! Target groups as files and HTTP servers write them in JSON.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::target::{ADDRESS, Group};
use crate::model::label::Labels;

/// Bytes of a file or response with target groups that are read: a hundred thousand targets of 300 bytes.
pub(super) const BYTES_MAX: usize = 32 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(default)]
    targets: Option<Vec<String>>,
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
}

/// Reads a JSON list of target groups: `[{"targets": ["host:port"], "labels": {"name": "value"}}]`.
///
/// # Errors
/// Says where the text is not that.
pub(super) fn parse_json(bytes: &[u8]) -> Result<Vec<Group>, String> {
    let groups: Option<Vec<Wire>> = serde_json::from_slice(bytes).map_err(|error| match error.to_string() {
        // What it repeats of the text may be a URL with a password.
        text if text.contains('@') => {
            format!("this is no list of target groups, at line {} column {}", error.line(), error.column())
        }
        text => text,
    })?;
    Ok(groups.unwrap_or_default().into_iter().map(Group::from).collect())
}

impl From<Wire> for Group {
    fn from(wire: Wire) -> Self {
        let targets = wire.targets.unwrap_or_default();
        let labels = wire.labels.unwrap_or_default().into_iter().filter(|(name, _)| !name.is_empty());
        Self {
            targets: targets.into_iter().map(|address| Labels::from_pairs([(ADDRESS, address)])).collect(),
            labels: Labels::from_pairs(labels),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_read_as_prometheus_reads_them() {
        let groups = parse_json(
            br#"[{"targets": ["a:1", "b:2"], "labels": {"x": "y"}}, {}, {"targets": null, "labels": null}]"#,
        );
        let groups = groups.unwrap();
        assert_eq!(groups[0].targets.len(), 2);
        assert_eq!(groups[0].labels.get("x"), Some("y"));
        assert_eq!(groups[2], Group::default());
        assert_eq!(parse_json(b"[]"), Ok(vec![]));
        assert_eq!(parse_json(b"null"), Ok(vec![]));
    }

    #[test]
    fn what_is_no_list_of_groups_is_refused() {
        for (text, expect) in [
            ("", "EOF while parsing a value at line 1 column 0"),
            ("[null]", "invalid type: null, expected struct Wire at line 1 column 5"),
            (r#"[{"target": []}]"#, "unknown field `target`, expected `targets` or `labels` at line 1 column 10"),
            (r#"["http://bob:s3cret@a:1"]"#, "this is no list of target groups, at line 1 column 24"),
            (r#"[{"labels": {"a": 1}}]"#, "invalid type: integer `1`, expected a string at line 1 column 19"),
        ] {
            assert_eq!(parse_json(text.as_bytes()).unwrap_err(), expect, "{text}");
        }
    }
}

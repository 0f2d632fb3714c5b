//! YAML as a tree in which every key and value knows its place in the file.
//!
//! serde could fill our structs directly, but then an error found later (a duplicate name, a timeout above its interval) would not
//! know where it stands, and a message would name the type that serde expected and not the key.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

use super::secret::hide_login_in_name;

/// Nesting that a configuration can have; our deepest key is at 10. Reading is recursive, so that this also bounds the stack.
const DEPTH_MAX: usize = 20;

/// Where something stands: line and column from 1; 0 where unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: u64,
    pub(super) column: u64,
}

impl From<Location> for Place {
    fn from(location: Location) -> Self {
        Self { line: location.line(), column: location.column() }
    }
}

/// One value and its place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

/// A YAML value. Mappings keep the order of the file.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// An unquoted `true`, `10` or `1.50`, as written: it is text where a text is wanted.
    Plain(String),
    /// Any other text.
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) place: Place,
    pub(super) name: String,
}

/// Why a text is no YAML.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) place: Place,
    pub(super) what: String,
}

/// Reads one YAML document. An empty text is [`Value::Null`].
pub(super) fn parse(text: &str) -> Result<Node, Problem> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: DEPTH_MAX },
        with_snippet: false,
        strict_booleans: true,
        non_finite_float_policy: serde_saphyr::NonFiniteFloatPolicy::AsString,
        reject_unsupported_tags: true,
    };
    let raw: Option<Raw> = serde_saphyr::from_str_with_options(text, options).map_err(|error| problem(&error))?;
    Ok(raw.map_or(Node { place: Place::default(), value: Value::Null }, |raw| raw.into_node(text)))
}

fn problem(error: &serde_saphyr::Error) -> Problem {
    use serde_saphyr::Error;
    let error = error.without_snippet();
    let place = error.location().map(Place::from).unwrap_or_default();
    let what = match error {
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            format!("key {:?} stands here twice", hide_login_in_name(key))
        }
        Error::DuplicateMappingKey { .. } => "a key stands here twice".to_owned(),
        Error::MultipleDocuments { .. } => "a second document begins here; a file holds one".to_owned(),
        Error::NullIntoString { .. } => "a key must be a text".to_owned(),
        // A tag is what an unquoted password that begins with `!` is taken for.
        Error::UnsupportedTag { .. } => "a tag is not read here; what begins with '!' has to be quoted".to_owned(),
        // The library says the place at the end; ours stands in front of every message.
        other => {
            let text = other.to_string();
            text.split(" at line ").next().unwrap_or_default().to_owned()
        }
    };
    Problem { place, what }
}

/// What serde sees of a value, before the text of plain scalars has been looked up in the source.
struct Raw(Spanned<Content>);

enum Content {
    Null,
    Scalar(String),
    Text(String),
    List(Vec<Raw>),
    Map(Vec<(Spanned<String>, Raw)>),
}

impl Raw {
    fn into_node(self, source: &str) -> Node {
        let Spanned { value, referenced, defined } = self.0;
        let value = match value {
            Content::Null => Value::Null,
            Content::Text(text) => Value::Text(text),
            Content::Scalar(text) => Value::Plain(written(source, defined).unwrap_or(text)),
            Content::List(items) => Value::List(items.into_iter().map(|item| item.into_node(source)).collect()),
            Content::Map(entries) => {
                let entry = |(key, value): (Spanned<String>, Self)| {
                    (Key { place: key.referenced.into(), name: key.value }, value.into_node(source))
                };
                Value::Map(entries.into_iter().map(entry).collect())
            }
        };
        Node { place: referenced.into(), value }
    }
}

/// The text of a plain scalar as it stands in the file: `1.10` is a version where a text is wanted, not 1.1.
fn written(source: &str, at: Location) -> Option<String> {
    let start = usize::try_from(at.span().byte_offset()?).ok()?;
    let length = usize::try_from(at.span().byte_len()?).ok()?;
    source.get(start..start.checked_add(length)?).map(|text| text.trim().to_owned())
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Build)
    }
}

struct Build;

impl<'de> Visitor<'de> for Build {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_none<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Scalar(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Content, E> {
        Ok(Content::Scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Content, E> {
        Ok(Content::Scalar(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Content, E> {
        Ok(Content::Scalar(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Content, E> {
        Ok(Content::Scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Content, E> {
        Ok(Content::Scalar(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Content, E> {
        Ok(Content::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Content, E> {
        Ok(Content::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Content, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Content::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Content, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Content::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(node: &Node) -> String {
        let Place { line, column } = node.place;
        let value = match &node.value {
            Value::Null => "null".to_owned(),
            Value::Plain(text) => format!("plain {text}"),
            Value::Text(text) => format!("{text:?}"),
            Value::List(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", ")),
            Value::Map(entries) => {
                let entry = |(key, node): &(Key, Node)| {
                    format!("{}@{}:{}={}", key.name, key.place.line, key.place.column, show(node))
                };
                format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
            }
        };
        format!("{value}@{line}:{column}")
    }

    fn check(text: &str, expect: &str) {
        let got = match parse(text) {
            Ok(node) => show(&node),
            Err(Problem { place, what }) => format!("{}:{}: {what}", place.line, place.column),
        };
        assert_eq!(got, expect, "{text:?}");
    }

    #[test]
    fn every_key_and_value_knows_its_place() {
        check("a:\n  b: [1, 'x']\n", r#"{a@1:1={b@2:3=[plain 1@2:7, "x"@2:10]@2:6}@2:3}@1:1"#);
        check("\u{feff}ä: ü\r\nb: c\r\n", r#"{ä@1:1="ü"@1:4, b@2:1="c"@2:4}@1:1"#);
    }

    #[test]
    fn plain_scalars_keep_the_text_of_the_file() {
        for text in
            ["1.10", "010", "true", "1e3", "0x1F", "99999999999999999999999999999999999999999999", "-0", "1_000"]
        {
            let node = parse(&format!("a: &x {text} # c\nb: *x\n")).unwrap();
            let Value::Map(entries) = node.value else { panic!("{text}") };
            for (_, value) in entries {
                let (Value::Plain(got) | Value::Text(got)) = value.value else { panic!("{text}") };
                assert_eq!(got, text);
            }
        }
    }

    #[test]
    fn nothing_is_null() {
        for text in ["", "# nothing\n", "---\n", "\u{feff}", "~"] {
            assert!(matches!(parse(text).unwrap().value, Value::Null), "{text:?}");
        }
    }

    #[test]
    fn anchors_and_merge_keys_point_to_where_they_are_used() {
        check(
            "a: &a {k: 1}\nb:\n  <<: *a\n  l: 2\n",
            "{a@1:1={k@1:8=plain 1@1:11}@1:7, b@2:1={l@4:3=plain 2@4:6, k@3:7=plain 1@3:7}@3:3}@1:1",
        );
    }

    #[test]
    fn a_problem_says_what_and_where() {
        check("a: 1\na: 2\n", "2:1: key \"a\" stands here twice");
        check("a: [1, 2\n", "1:4: unclosed bracket '['");
        check("a:\n\tb: 1\n", "2:2: tabs disallowed within this context (block indentation)");
        check("--- 1\n--- 2\n", "2:5: a second document begins here; a file holds one");
        check("a: *nope\n", "1:4: alias references unknown anchor");
        check("a: !foo 1\n", "1:9: a tag is not read here; what begins with '!' has to be quoted");
        check("[1]: y\n", "1:1: expected string scalar");
        check("null: y\n", "1:1: a key must be a text");
    }

    #[test]
    fn depth_and_expansion_are_bounded() {
        check(&"- ".repeat(100), "1:41: budget breached: Depth { depth: 21 }");
        assert!(parse(&"[".repeat(100_000)).is_err());
        let bomb = (b'b'..=b'h').fold("a: &a [1, 1]\n".to_owned(), |text, name| {
            let (name, last) = (name as char, (name - 1) as char);
            format!("{text}{name}: &{name} [{}]\n", vec![format!("*{last}"); 10].join(", "))
        });
        assert!(parse(&bomb).unwrap_err().what.contains("budget breached"));
    }
}

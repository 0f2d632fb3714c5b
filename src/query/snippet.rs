//! Short pieces of a sample's texts with what was found in them, as data: nothing here is markup, whatever clients sent.

use std::ops::Range;

use crate::model::occurrence::{Exception, HttpContext, Occurrence};
use crate::search::condition::{Condition, Field};

/// Characters of one snippet.
const CHARS_MAX: usize = 300;

/// Characters before the first mark.
const CHARS_BEFORE: usize = 80;

/// Bytes of one text that are looked through: marks beyond it are not shown.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// Snippets beside class and message.
const MORE_MAX: usize = 6;

/// Lines of a stack that are looked through.
const LINES_MAX: usize = 1000;

/// A piece of one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// Which text it is of, as a key of queries.
    pub field: &'static str,
    /// The text, in parts of which some are marked.
    pub parts: Vec<Part>,
    /// Whether text before it was left out.
    pub cut_before: bool,
    /// Whether text after it was left out.
    pub cut_after: bool,
}

/// A part of a snippet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The text as the client sent it.
    pub text: String,
    /// Whether it was looked for.
    pub marked: bool,
}

/// Class and message of `occurrence`, and other texts where something that `condition` looks for was found.
#[must_use]
pub fn of(condition: &Condition, occurrence: &Occurrence) -> Vec<Snippet> {
    let exception = &occurrence.exception;
    let mut snippets = vec![
        snippet("class", &exception.class, &condition.marks(&Field::Class, head(&exception.class))),
        snippet("message", &exception.message, &condition.marks(&Field::Message, head(&exception.message))),
    ];
    let mut more = Vec::new();
    of_causes(condition, exception, &mut more);
    of_stacks(condition, exception, &mut more);
    if let Some(http) = &occurrence.http {
        of_request(condition, http, &mut more);
    }
    more.truncate(MORE_MAX);
    snippets.append(&mut more);
    snippets
}

fn of_causes(condition: &Condition, exception: &Exception, found: &mut Vec<Snippet>) {
    for cause in &exception.causes {
        for text in [&cause.class, &cause.message] {
            let marks = condition.marks(&Field::Cause, head(text));
            if !marks.is_empty() && found.len() < 2 {
                found.push(snippet("cause", text, &marks));
            }
        }
    }
}

fn of_stacks(condition: &Condition, exception: &Exception, found: &mut Vec<Snippet>) {
    let stacks = exception.stack.iter().chain(exception.causes.iter().filter_map(|cause| cause.stack.as_ref()));
    let lines = stacks.flat_map(|stack| &stack.frames).take(LINES_MAX);
    let marked = lines.filter_map(|line| {
        let marks = condition.marks(&Field::Stack, head(line));
        (!marks.is_empty()).then(|| snippet("stack", line, &marks))
    });
    found.extend(marked.take(3));
}

fn of_request(condition: &Condition, http: &HttpContext, found: &mut Vec<Snippet>) {
    for (field, name, text) in [(Field::Url, "url", &http.url), (Field::Method, "method", &http.method)] {
        let marks = condition.marks(&field, head(text));
        if !marks.is_empty() {
            found.push(snippet(name, text, &marks));
        }
    }
    for (name, value) in http.headers.iter().flatten() {
        let line = format!("{name}: {value}");
        let offset = name.len() + 2;
        let of_value = condition.marks(&Field::NamedHeader(name.clone()), head(value));
        let mut marks = condition.marks(&Field::Header, head(name));
        marks.extend(of_value.into_iter().map(|mark| mark.start + offset..mark.end + offset));
        if !marks.is_empty() {
            found.push(snippet("header", &line, &marks));
        }
    }
}

/// The begin of a text that is looked through.
fn head(text: &str) -> &str {
    let mut end = TEXT_BYTES_MAX.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

/// The piece of `text` around the first of `marks`: ranges of bytes, ascending, without overlaps.
fn snippet(field: &'static str, text: &str, marks: &[Range<usize>]) -> Snippet {
    let first = marks.first().map_or(0, |mark| mark.start);
    let before = text.get(..first).unwrap_or("");
    let short = text.len() <= CHARS_MAX;
    let start =
        if short { 0 } else { before.char_indices().rev().take(CHARS_BEFORE).last().map_or(first, |(at, _)| at) };
    let rest = text.get(start..).unwrap_or("");
    let end = rest.char_indices().nth(CHARS_MAX).map_or(text.len(), |(at, _)| start + at);
    let (mut parts, mut at) = (Vec::new(), start);
    let mut push = |range: Range<usize>, marked: bool| {
        if let Some(text) = text.get(range).filter(|text| !text.is_empty()) {
            parts.push(Part { text: text.to_owned(), marked });
        }
    };
    for mark in marks {
        let (from, to) = (mark.start.clamp(at, end), mark.end.clamp(at, end));
        push(at..from, false);
        push(from..to, true);
        at = to;
    }
    push(at..end, false);
    Snippet { field, parts, cut_before: start > 0, cut_after: end < text.len() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::condition::TextMatch;
    use proptest::prelude::*;

    fn shown(snippet: &Snippet) -> String {
        let parts =
            snippet.parts.iter().map(|part| if part.marked { format!("[{}]", part.text) } else { part.text.clone() });
        format!("{}: {}", snippet.field, parts.collect::<String>())
    }

    #[test]
    fn what_was_found_is_marked_where_it_stands() {
        let condition = Condition::And(vec![
            Condition::Text(Field::Any, TextMatch::words("timeout")),
            Condition::Not(Box::new(Condition::Text(Field::Any, TextMatch::words("read")))),
        ]);
        let occurrence = Occurrence {
            uuid: String::new(),
            timestamp: None,
            severity: crate::model::severity::Severity::Error,
            exception: Exception {
                class: "SocketTimeout".to_owned(),
                message: "<b>timeout</b> of read".to_owned(),
                stack: Some(std::sync::Arc::new(crate::model::occurrence::Stack {
                    frames: vec!["main()".to_owned(), "Timeout.check()".to_owned()],
                })),
                causes: Vec::new(),
            },
            http: Some(HttpContext {
                method: "GET".to_owned(),
                url: "http://x/y?timeout=5".to_owned(),
                headers: Some(vec![
                    ("X-Timeout".to_owned(), "5".to_owned()),
                    ("Keep-Alive".to_owned(), "timeout=3".to_owned()),
                ]),
                body: None,
            }),
        };
        let all: Vec<String> = of(&condition, &occurrence).iter().map(shown).collect();
        assert_eq!(
            all,
            [
                "class: [SocketTimeout]",
                "message: <b>[timeout]</b> of read",
                "stack: [Timeout].check()",
                "url: http://x/y?[timeout]=5",
                "header: X-[Timeout]: 5",
                "header: Keep-Alive: [timeout]=3",
            ]
        );
    }

    #[test]
    fn a_long_text_is_cut_around_what_was_found() {
        let text = format!("{} needle {}", "ä".repeat(1000), "ö".repeat(1000));
        let at = text.find("needle").unwrap();
        let cut = snippet("message", &text, &vec![at..at + 6; 1]);
        assert!(cut.cut_before && cut.cut_after);
        assert_eq!(cut.parts.iter().map(|part| part.text.chars().count()).sum::<usize>(), CHARS_MAX);
        assert_eq!(cut.parts[1], Part { text: "needle".to_owned(), marked: true });
        let whole = snippet("message", "short", &[]);
        assert_eq!((whole.parts.len(), whole.cut_before, whole.cut_after), (1, false, false));
        assert!(snippet("message", "", &[]).parts.is_empty());
    }

    proptest! {
        #[test]
        fn parts_are_a_piece_of_the_text(text in ".{0,400}|(ab |cd )*.{0,40}", word in "[a-c]{1,2}") {
            let condition = Condition::Text(Field::Any, TextMatch::prefix(&word));
            let cut = snippet("message", &text, &condition.marks(&Field::Message, &text));
            let joined: String = cut.parts.iter().map(|part| part.text.as_str()).collect();
            prop_assert!(text.contains(&joined));
            prop_assert_eq!(!cut.cut_before && !cut.cut_after, joined == text);
        }
    }
}

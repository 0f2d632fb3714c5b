//! One sample as Markdown for a ticket, and its request as a curl command.
//!
//! What clients sent stands in code spans and code blocks only, with more backticks around it than there are in it, so that
//! no Markdown and no HTML of theirs comes to life. What was redacted when it was taken is redacted here.

use std::fmt::Write;

use crate::model::occurrence::{HttpContext, Stack};
use crate::query::occurrence::Item;

/// Headers that curl writes itself, or that are about one connection.
const OWN_HEADERS: [&str; 5] = ["content-length", "connection", "transfer-encoding", "host", "content_length"];

/// The sample as Markdown.
pub(super) fn markdown(item: &Item) -> String {
    let sample = &item.stored.occurrence;
    let exception = &sample.exception;
    let mut text = format!("## {}\n\n", span(&exception.class));
    block(&mut text, "", &exception.message);
    text.push_str("| | |\n| --- | --- |\n");
    let mut row = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "| {} | {} |", cell(name), cell(&span(value)));
        }
    };
    row("Service", &item.service);
    row("Severity", sample.severity.name());
    row("Time", &sample.timestamp.map(|time| time.to_string()).unwrap_or_default());
    for (name, value) in item.target.iter() {
        row(&span(name), value);
    }
    row("Sample", &item.stored.id.to_string());
    row("Error", &item.stored.aggregate.to_string());
    row("UUID", &sample.uuid);
    text.push('\n');
    stack(&mut text, exception.stack.as_deref());
    for cause in &exception.causes {
        let _ = writeln!(text, "### Caused by {}\n", span(&cause.class));
        block(&mut text, "", &cause.message);
        stack(&mut text, cause.stack.as_deref());
    }
    if let Some(http) = &sample.http {
        text.push_str("### Request\n\n");
        block(&mut text, "sh", &curl(http));
    }
    text
}

/// The request as a command for a POSIX shell.
pub(super) fn curl(http: &HttpContext) -> String {
    let mut command = String::from("curl --globoff");
    match http.method.as_str() {
        "HEAD" => command.push_str(" --head"),
        "" | "GET" if http.body.is_none() => {}
        method => {
            let _ = write!(command, " --request {}", quote(method));
        }
    }
    let _ = write!(command, " --url {}", quote(&http.url));
    for (name, value) in http.headers.iter().flatten() {
        let name = header_name(name);
        let is_own = OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str());
        // curl would read a file for @, and take a line break for the next header.
        if is_own || name.is_empty() || name.starts_with('@') {
            continue;
        }
        let line = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
        let _ = write!(command, " \\\n  --header {}", quote(&line.replace(['\r', '\n'], " ")));
    }
    if let Some(body) = &http.body {
        let _ = write!(command, " \\\n  --data-raw {}", quote(body));
    }
    command
}

/// Rack writes `HTTP_USER_AGENT` for `User-Agent`.
fn header_name(name: &str) -> String {
    let bare = name.strip_prefix("HTTP_").map(|rest| rest.replace('_', "-"));
    bare.unwrap_or_else(|| name.to_owned())
}

/// In single quotes, in which a shell takes everything for itself. What no shell can take is left out.
///
/// What is pasted is typed: a control character is a command of the terminal, which forgets the line with its open quote and
/// runs what follows. So those are written as numbers.
fn quote(text: &str) -> String {
    let mut quoted = String::from("'");
    for letter in text.chars() {
        match letter {
            '\0' => {}
            '\'' => quoted.push_str(r"'\''"),
            '\n' => quoted.push('\n'),
            letter if letter.is_control() => {
                quoted.push_str("'\"$(printf '");
                for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(quoted, "\\{byte:03o}");
                }
                quoted.push_str("')\"'");
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('\'');
    quoted
}

/// In a table, in which a bar ends the cell.
fn cell(content: &str) -> String {
    content.replace('|', "\\|")
}

fn stack(text: &mut String, stack: Option<&Stack>) {
    if let Some(stack) = stack {
        block(text, "", &stack.frames.join("\n"));
    }
}

/// A code block.
fn block(text: &mut String, language: &str, content: &str) {
    if content.is_empty() {
        return;
    }
    let fence = "`".repeat(longest_run(content).max(2) + 1);
    let _ = writeln!(text, "{fence}{language}\n{content}\n{fence}\n");
}

/// A code span on one line.
fn span(content: &str) -> String {
    let line: String = content.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if line.trim().is_empty() {
        return "(none)".to_owned();
    }
    let ticks = "`".repeat(longest_run(&line) + 1);
    let blank = if line.starts_with('`') || line.ends_with('`') { " " } else { "" };
    format!("{ticks}{blank}{line}{blank}{ticks}")
}

/// The longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::process::Command;

    fn request(method: &str, url: &str, headers: &[(&str, &str)], body: Option<&str>) -> HttpContext {
        HttpContext {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: Some(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()),
            body: body.map(str::to_owned),
        }
    }

    #[test]
    fn a_request_is_a_command() {
        let post = request(
            "POST",
            "http://x/y?a=[1]&b=it's",
            &[("HTTP_X_TOKEN", "[redacted]"), ("Content-Length", "3"), ("@file", "x"), ("A", "b\r\nC: d"), ("E", "")],
            Some("@it's"),
        );
        assert_eq!(
            curl(&post),
            "curl --globoff --request 'POST' --url 'http://x/y?a=[1]&b=it'\\''s' \\\n  --header 'X-TOKEN: [redacted]' \\\n  \
             --header 'A: b  C: d' \\\n  --header 'E;' \\\n  --data-raw '@it'\\''s'"
        );
        assert_eq!(curl(&request("GET", "http://x", &[], None)), "curl --globoff --url 'http://x'");
        assert_eq!(
            curl(&request("GET", "http://x/\u{15}id\n\u{1b}[201~", &[], None)),
            "curl --globoff --url 'http://x/'\"$(printf '\\025')\"'id\n'\"$(printf '\\033')\"'[201~'"
        );
        assert_eq!(curl(&request("HEAD", "http://x", &[], None)), "curl --globoff --head --url 'http://x'");
    }

    #[test]
    fn code_is_kept_in_more_backticks_than_it_holds() {
        let mut text = String::new();
        block(&mut text, "", "a\n````\n<script>");
        assert_eq!(text, "`````\na\n````\n<script>\n`````\n\n");
        assert_eq!(span("a``b"), "```a``b```");
        assert_eq!(span("`"), "`` ` ``");
        assert_eq!(span("two\nlines"), "`two lines`");
        assert_eq!(cell(&span("a|b")), "`a\\|b`");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

        #[test]
        fn a_shell_reads_the_arguments_that_were_meant(url in "[^\\x00]{0,40}|[a'\\x01-\\x1f\\x7f-\u{9f}]{0,20}|['\"$`\\\\ ;&|(){}\\n!#*?<>~-]{0,20}", body in "[^\\x00]{0,40}") {
            let command = curl(&request("POST", &url, &[("A", "b")], Some(&body)));
            // Instead of curl, a command that writes its arguments with a zero after each.
            let script = command.replacen("curl", "printf '%s\\0'", 1);
            let output = Command::new("sh").arg("-c").arg(&script).output().unwrap();
            let expected = ["--globoff", "--request", "POST", "--url", &url, "--header", "A: b", "--data-raw", &body];
            let typed = command.chars().find(|letter| letter.is_control() && *letter != '\n');
            prop_assert_eq!(typed, None, "the terminal would take it for a command");
            let expected = expected.join("\0") + "\0";
            prop_assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
        }
    }
}

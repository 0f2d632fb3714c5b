//! Lists in the form a caller accepts: JSON, CSV (RFC 4180), or JSON lines.

use axum::extract::FromRequestParts;
use axum::http::header::{ACCEPT, CONTENT_TYPE, VARY};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::api::error::Error;

/// Where the cursor of the next page stands when the body has no place for it.
const NEXT_CURSOR: HeaderName = HeaderName::from_static("x-next-cursor");

/// The form of a list, from the header `Accept`: the one of the highest quality that we have, JSON in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Csv,
    Lines,
}

/// An answer that is a list.
pub(super) trait Table: Serialize {
    /// Names of the columns.
    fn columns(&self) -> Vec<&str>;

    /// Calls `row` with the cells of each row.
    fn rows(&self, row: &mut dyn FnMut(&[&str]));

    /// Writes each item as a line.
    fn lines(&self, lines: &mut Lines) -> Result<(), Error>;

    /// The cursor of the next page.
    fn next_cursor(&self) -> Option<&str> {
        None
    }
}

/// JSON lines being written.
#[derive(Default)]
pub(super) struct Lines(Vec<u8>);

impl Lines {
    /// Writes one item.
    pub(super) fn push(&mut self, item: &impl Serialize) -> Result<(), Error> {
        serde_json::to_writer(&mut self.0, item)?;
        self.0.push(b'\n');
        Ok(())
    }
}

impl Format {
    /// Answers with `table` in this form.
    pub(super) fn respond(self, table: &impl Table) -> Result<Response, Error> {
        let mut response = match self {
            // Not by axum's Json: its buffer takes the thousands of small pieces of a long list more slowly than a Vec does.
            Self::Json => ([(CONTENT_TYPE, "application/json")], serde_json::to_vec(table)?).into_response(),
            Self::Csv => ([(CONTENT_TYPE, "text/csv; charset=utf-8; header=present")], csv(table)).into_response(),
            Self::Lines => {
                let mut lines = Lines::default();
                table.lines(&mut lines)?;
                ([(CONTENT_TYPE, "application/x-ndjson")], lines.0).into_response()
            }
        };
        response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
        if let (true, Some(Ok(cursor))) = (self != Self::Json, table.next_cursor().map(HeaderValue::from_str)) {
            response.headers_mut().insert(NEXT_CURSOR, cursor);
        }
        Ok(response)
    }

    fn of(headers: &HeaderMap) -> Self {
        let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut best = (Self::Json, 0.0);
        for part in accepted.flat_map(|value| value.split(',')) {
            let mut fields = part.split(';').map(str::trim);
            let format = match fields.next().unwrap_or_default().to_ascii_lowercase().as_str() {
                "text/csv" => Self::Csv,
                "application/x-ndjson" | "application/jsonl" | "application/x-jsonlines" => Self::Lines,
                "application/json" | "application/*" | "*/*" => Self::Json,
                _ => continue,
            };
            let quality = fields.find_map(|field| field.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
            if quality > best.1 {
                best = (format, quality);
            }
        }
        best.0
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Format {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Error> {
        Ok(Self::of(&parts.headers))
    }
}

fn csv(table: &impl Table) -> String {
    let mut text = String::new();
    write_row(&mut text, &table.columns());
    table.rows(&mut |cells| write_row(&mut text, cells));
    text
}

fn write_row(text: &mut String, cells: &[&str]) {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        if cell.contains(['"', ',', '\n', '\r']) {
            text.push('"');
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(cell);
        }
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_the_accepted_one_of_the_highest_quality() {
        for (accept, format) in [
            ("", Format::Json),
            ("*/*", Format::Json),
            ("text/csv", Format::Csv),
            ("TEXT/CSV; charset=utf-8", Format::Csv),
            ("application/x-ndjson", Format::Lines),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Format::Json),
            ("application/json;q=0.5, text/csv;q=0.9", Format::Csv),
            ("application/json, text/csv", Format::Json),
            ("text/csv;q=0", Format::Json),
            ("image/png", Format::Json),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(Format::of(&headers), format, "{accept}");
        }
    }

    #[test]
    fn cells_with_commas_quotes_and_breaks_are_quoted() {
        let mut text = String::new();
        write_row(&mut text, &["a", "b,c", "say \"hi\"", "two\nlines", ""]);
        assert_eq!(text, "a,\"b,c\",\"say \"\"hi\"\"\",\"two\nlines\",\r\n");
    }
}

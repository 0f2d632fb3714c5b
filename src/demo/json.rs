//! JSON as clients write it.

use std::fmt::Write as _;

/// Appends formatted text.
pub(crate) fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string can not fail.
    let _ = out.write_fmt(text);
}

/// Appends `text` as a JSON string. With `ascii` everything beyond ASCII is escaped, as Jackson and Python do it.
pub(crate) fn string(out: &mut String, text: &str, ascii: bool) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            control if control < ' ' => {
                put(out, format_args!("\\u{:04x}", u32::from(control)));
            }
            wide if ascii && !wide.is_ascii() => {
                for unit in wide.encode_utf16(&mut [0; 2]) {
                    put(out, format_args!("\\u{unit:04x}"));
                }
            }
            plain => out.push(plain),
        }
    }
    out.push('"');
}

/// Appends `text` as a JSON string, or `null`.
pub(crate) fn optional(out: &mut String, text: Option<&str>, ascii: bool) {
    match text {
        Some(text) => string(out, text, ascii),
        None => out.push_str("null"),
    }
}

/// Appends `items` in brackets, each written by `write`.
pub(crate) fn list<T>(out: &mut String, items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut String, T)) {
    out.push('[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(']');
}

#[cfg(test)]
mod tests {
    #[test]
    fn strings_are_escaped_and_read_back() {
        for ascii in [false, true] {
            let text = "a\"b\\c\n\t\u{1}é😀";
            let mut out = String::new();
            super::string(&mut out, text, ascii);
            assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
            assert_eq!(out.is_ascii(), ascii);
        }
    }
}

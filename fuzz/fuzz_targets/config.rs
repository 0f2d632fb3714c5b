//! Any text read as a configuration or as a list of target groups ends in an error with its place in the text, or in a configuration
//! that is written as a text which is read as the same.
#![no_main]

use hydrophone::config::{Error, parse, parse_target_groups};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match parse(text, "/etc/hydrophone.yaml") {
        Ok(config) => {
            let yaml = config.to_yaml();
            let again = parse(&yaml, "/etc/hydrophone.yaml").unwrap_or_else(|error| panic!("{error}\n{yaml}"));
            assert_eq!(again.to_yaml(), yaml);
        }
        Err(error) => placed(text, &error),
    }
    if let Err(error) = parse_target_groups(text, "/etc/targets.yaml") {
        placed(text, &error);
    }
});

/// Where the text ends something may be missing: that place is just behind it.
fn placed(text: &str, error: &Error) {
    assert!(!error.what.is_empty() && !error.what.contains('\n'), "{error:?}");
    if error.line == 0 {
        return;
    }
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let line = usize::try_from(error.line - 1).unwrap();
    let columns = text.split('\n').nth(line).map(|line| line.chars().count() as u64);
    let Some(columns) = columns else {
        assert!(line == text.split('\n').count() && error.column <= 1, "{error:?}");
        return;
    };
    assert!((1..=columns + 1).contains(&error.column), "{error:?}: line of {columns} characters");
}

//! Numbers, lengths and times as people read them, in the words of the pages (web/src/lib/format.ts). English, 24-hour
//! clock, day before month.

use crate::model::time::{Millis, TimeRange, Timestamp};
use crate::model::zone::{Civil, Zone};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `12,345`: every digit.
pub(super) fn exact(number: u64) -> String {
    let digits = number.to_string();
    let mut words = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            words.push(',');
        }
        words.push(digit);
    }
    words
}

/// At most five digits: `12,345`, `123k`, `1.23M`.
pub(super) fn count(number: u64) -> String {
    if number < 100_000 {
        return exact(number);
    }
    let size = number as f64;
    for (unit, name) in [(1e12, "T"), (1e9, "G"), (1e6, "M")] {
        if size >= unit * 0.9995 {
            return format!("{}{name}", significant(size / unit));
        }
    }
    format!("{}k", (size / 1000.0).round())
}

/// Three digits, without zeros at the end.
fn significant(number: f64) -> String {
    let decimals = match number {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    let words = format!("{number:.decimals$}");
    if decimals == 0 { words } else { words.trim_end_matches('0').trim_end_matches('.').to_owned() }
}

/// `12 errors`, `1 error`, `no errors`.
pub(super) fn errors(number: u64) -> String {
    match number {
        0 => "no errors".to_owned(),
        1 => "1 error".to_owned(),
        _ => format!("{} errors", exact(number)),
    }
}

/// `12%`; what is not quite nothing or all is never called so.
pub(super) fn percent(part: u64, whole: u64) -> String {
    let share = if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
    match share {
        ..=0.0 => "0%".to_owned(),
        ..0.01 => "<1%".to_owned(),
        1.0.. => "100%".to_owned(),
        _ if share > 0.99 => ">99%".to_owned(),
        _ => format!("{}%", (share * 100.0).round()),
    }
}

/// A column's width: `30 s`, `10 min`, `1 h 30 min`, `1 d`; below a second `250 ms`. The two largest units say enough.
pub(super) fn length(length: Millis) -> String {
    let mut left = length.0.max(0);
    if left < 1000 {
        return format!("{left} ms");
    }
    let mut said = Vec::new();
    for (size, unit) in [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s"), (1, "ms")] {
        let whole = left / size;
        left %= size;
        if whole > 0 && said.len() < 2 {
            said.push(format!("{whole} {unit}"));
        }
    }
    said.join(" ")
}

/// `20 Nov`.
pub(super) fn day(civil: &Civil) -> String {
    format!("{} {}", civil.day, month(civil))
}

/// `Nov`.
pub(super) fn month(civil: &Civil) -> &'static str {
    usize::try_from(civil.month - 1).ok().and_then(|index| MONTHS.get(index)).copied().unwrap_or_default()
}

/// `14:20`, with seconds and milliseconds where `resolution` needs them.
pub(super) fn clock(civil: &Civil, resolution: Millis) -> String {
    let Civil { hour, minute, second, millisecond, .. } = civil;
    match resolution.0 {
        60_000.. => format!("{hour:02}:{minute:02}"),
        1000.. => format!("{hour:02}:{minute:02}:{second:02}"),
        _ => format!("{hour:02}:{minute:02}:{second:02}.{millisecond:03}"),
    }
}

/// `20 Nov 2026 14:20 – 14:30 UTC`, `31 Dec 2025 00:00 – 1 Jan 2026 00:00 Europe/Berlin`: nothing left to guess.
pub(super) fn span(range: TimeRange, zone: &Zone) -> String {
    let (from, to) = (zone.civil(range.start), zone.civil(range.end));
    let resolution = resolution(&[range.start, range.end], zone);
    let full = |civil: &Civil| format!("{} {} {}", day(civil), civil.year, clock(civil, resolution));
    let date = |civil: &Civil| (civil.year, civil.month, civil.day);
    let end = if date(&from) == date(&to) { clock(&to, resolution) } else { full(&to) };
    let start = if from.year == to.year && date(&from) != date(&to) {
        format!("{} {}", day(&from), clock(&from, resolution))
    } else {
        full(&from)
    };
    format!("{start} – {end} {}", zone.name())
}

/// The unit of clock in which all these are whole.
fn resolution(times: &[Timestamp], zone: &Zone) -> Millis {
    let whole = |unit: i64| times.iter().all(|time| time.plus(zone.offset(*time)).0 % unit == 0);
    Millis([60_000, 1000].into_iter().find(|unit| whole(*unit)).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_pages() {
        for (number, all, short) in [
            (0, "0", "0"),
            (999, "999", "999"),
            (12_345, "12,345", "12,345"),
            (99_999, "99,999", "99,999"),
            (123_456, "123,456", "123k"),
            (999_499, "999,499", "999k"),
            (999_500, "999,500", "1M"),
            (1_234_567, "1,234,567", "1.23M"),
            (12_500_000, "12,500,000", "12.5M"),
            (20_000_000_000, "20,000,000,000", "20G"),
            (456_000_000_000_000, "456,000,000,000,000", "456T"),
        ] {
            assert_eq!((exact(number), count(number)), (all.to_owned(), short.to_owned()));
        }
    }

    #[test]
    fn shares_are_never_all_or_nothing_unless_they_are() {
        for (part, whole, words) in
            [(0, 0, "0%"), (0, 9, "0%"), (1, 1000, "<1%"), (1, 8, "13%"), (999, 1000, ">99%"), (9, 9, "100%")]
        {
            assert_eq!(percent(part, whole), words);
        }
    }

    #[test]
    fn lengths_say_their_two_largest_units() {
        for (millis, words) in
            [(250, "250 ms"), (30_000, "30 s"), (600_000, "10 min"), (5_400_000, "1 h 30 min"), (86_400_000, "1 d")]
        {
            assert_eq!(length(Millis(millis)), words);
        }
        assert_eq!(length(Millis(90_061_001)), "1 d 1 h");
    }

    #[test]
    fn a_range_leaves_nothing_to_guess() {
        let time = |text: &str| Timestamp::parse_rfc3339(text).unwrap();
        for (start, end, zone, words) in [
            ("2026-11-20T08:00:00Z", "2026-11-20T10:00:00Z", "UTC", "20 Nov 2026 08:00 – 10:00 UTC"),
            ("2026-11-19T10:00:00Z", "2026-11-20T10:00:00Z", "UTC", "19 Nov 10:00 – 20 Nov 2026 10:00 UTC"),
            (
                "2025-12-30T23:00:00Z",
                "2026-01-01T10:00:30Z",
                "Europe/Berlin",
                "31 Dec 2025 00:00:00 – 1 Jan 2026 11:00:30 Europe/Berlin",
            ),
            ("2026-11-20T08:00:00.5Z", "2026-11-20T08:00:01Z", "UTC", "20 Nov 2026 08:00:00.500 – 08:00:01.000 UTC"),
        ] {
            let range = TimeRange { start: time(start), end: time(end) };
            assert_eq!(span(range, &Zone::parse(zone).unwrap()), words);
        }
    }
}

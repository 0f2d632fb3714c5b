//! Counts and times as clients write them.

use super::scanner::Raw;
use crate::model::time::Timestamp;

/// The largest count that is taken, 2^53: up to it every language's numbers are exact.
const COUNT_MAX: u64 = 1 << 53;
/// The last moment that can be written as RFC 3339 in every time zone; later ones are read as this one.
const LATEST: i64 = 253_402_207_200_000;
/// The year 1, which Go writes for "never"; earlier ones are read as this one.
const EARLIEST: i64 = -62_135_596_800_000;

/// A count from a number as it is written: an integer, whatever its notation; `None` for anything that can not be one.
pub(super) fn count(number: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(number).ok()?;
    if let Ok(count) = text.parse::<u64>() {
        return (count <= COUNT_MAX).then_some(count);
    }
    let value: f64 = text.parse().ok()?;
    // Both bounds are exact in binary, and so is every integer between them.
    (value.fract() == 0.0 && (0.0..=COUNT_MAX as f64).contains(&value)).then_some(value as u64)
}

/// A time from a number as it is written: Unix seconds, with or without a fraction.
pub(super) fn unix_seconds(number: &[u8]) -> Option<Timestamp> {
    let millis = std::str::from_utf8(number).ok()?.parse::<f64>().ok()? * 1000.0;
    // Unlike a date in a year that is too late, a number that is too large is most likely not in seconds at all.
    (EARLIEST as f64..=LATEST as f64).contains(&millis).then(|| Timestamp(millis.round() as i64))
}

/// A time from a string.
pub(super) fn rfc3339(raw: Raw<'_>) -> Option<Timestamp> {
    if let Some(time) = utc(raw.bytes) {
        return Some(time);
    }
    let (text, cut) = raw.decode(64);
    let text = text.trim();
    // The calendar library ends some hours before the year 9999 does.
    let time = Timestamp::parse_rfc3339(text).or_else(|| text.starts_with("9999-12-3").then_some(Timestamp(LATEST)))?;
    (!cut).then(|| Timestamp(time.0.clamp(EARLIEST, LATEST)))
}

/// The shape that nearly all clients write, `2026-11-20T10:00:00.123Z` with any number of digits, for 1970 to 9998:
/// read here because the general way takes ten times as long and there are two times an occurrence.
fn utc(bytes: &[u8]) -> Option<Timestamp> {
    let (head, tail) = bytes.split_at_checked(19)?;
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2] = head else {
        return None;
    };
    let digit = |byte: u8| byte.is_ascii_digit().then(|| i64::from(byte - b'0'));
    let pair = |a: u8, b: u8| Some(digit(a)? * 10 + digit(b)?);
    let year = pair(y1, y2)? * 100 + pair(y3, y4)?;
    let (month, day) = (pair(m1, m2)?, pair(d1, d2)?);
    let (hour, minute, second) = (pair(h1, h2)?, pair(n1, n2)?, pair(s1, s2)?);
    let fraction = match tail {
        [b'Z'] => 0,
        [b'.', digits @ .., b'Z'] if (1..=9).contains(&digits.len()) => {
            let mut millis = 0;
            for (index, byte) in digits.iter().enumerate() {
                let digit = digit(*byte)?;
                if index < 3 {
                    millis = millis * 10 + digit;
                }
            }
            millis * [1, 100, 10].get(digits.len()).copied().unwrap_or(1)
        }
        _ => return None,
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month_days = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1970..=9998).contains(&year) || !(1..=month_days).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Days since 1970: Howard Hinnant's days_from_civil, for years after 0.
    let march_year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (march_year / 400, march_year % 400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468;
    Some(Timestamp((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + fraction))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_an_integer_in_any_notation() {
        for (text, expect) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("5", Some(5)),
            ("5.0", Some(5)),
            ("5e0", Some(5)),
            ("50e-1", Some(5)),
            ("1.5E1", Some(15)),
            ("9007199254740992", Some(COUNT_MAX)),
            ("9007199254740993", None),
            ("9.007199254740994e15", None),
            ("18446744073709551616", None),
            ("1e30", None),
            ("1e999", None),
            ("-1", None),
            ("0.5", None),
        ] {
            assert_eq!(count(text.as_bytes()), expect, "{text}");
        }
    }

    #[test]
    fn times_are_read_in_every_shape() {
        let raw = |text: &'static str| Raw { bytes: text.as_bytes(), escaped: text.contains('\\') };
        for (text, expect) in [
            ("2026-11-20T10:00:00Z", Some(1_795_168_800_000)),
            ("2026-11-20T10:00:00.1Z", Some(1_795_168_800_100)),
            ("2026-11-20T10:00:00.12Z", Some(1_795_168_800_120)),
            ("2026-11-20T10:00:00.123456789Z", Some(1_795_168_800_123)),
            ("2026-11-20T12:00:00.5+02:00", Some(1_795_168_800_500)),
            ("2026-11-20T10:00:00", Some(1_795_168_800_000)),
            (r"2026-11-20T10:00:00\u005a", Some(1_795_168_800_000)),
            ("0001-01-01T00:00:00Z", Some(EARLIEST)),
            ("0000-06-01T00:00:00Z", Some(EARLIEST)),
            ("9999-12-31T23:59:59.999Z", Some(LATEST)),
            ("9999-12-30T12:00:00Z", Some(253_402_171_200_000)),
            ("2026-02-29T10:00:00Z", None),
            ("2026-13-01T10:00:00Z", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(rfc3339(raw(text)), expect.map(Timestamp), "{text}");
        }
        for (text, expect) in [
            ("1795168800", Some(1_795_168_800_000)),
            ("1795168800.25", Some(1_795_168_800_250)),
            ("-1", Some(-1000)),
            ("1795168800000", None),
            ("1e300", None),
        ] {
            assert_eq!(unix_seconds(text.as_bytes()), expect.map(Timestamp), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn the_quick_reading_of_a_time_agrees_with_the_library(
            millis in 0i64..253_370_764_800_000, digits in 0usize..=9,
        ) {
            let time = Timestamp(millis);
            let whole = Timestamp(millis - millis % 1000).to_string();
            let fraction = format!("{:03}000000", millis % 1000);
            let text = if digits == 0 { whole } else { format!("{}.{}Z", whole.trim_end_matches('Z'), &fraction[..digits]) };
            proptest::prop_assert_eq!(utc(text.as_bytes()), Timestamp::parse_rfc3339(&text));
            if digits >= 3 {
                proptest::prop_assert_eq!(utc(text.as_bytes()), Some(time));
            }
        }
    }
}

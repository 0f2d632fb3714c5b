//! Times, ranges and steps as people write them, and the buckets they come to.

use super::Error;
use crate::model::series::Buckets;
use crate::model::time::{Millis, TimeRange, Timestamp};

/// Points a series may have. Prometheus's limit, so that whoever knows one knows the other; 11,000 are a week at one a minute.
pub const POINTS_MAX: usize = 11_000;

/// Buckets that a step chosen here comes to, at most: with fewer than this a bar stays wider than a few pixels.
const POINTS_CHOSEN_MAX: usize = 180;

/// Steps that people can read off an axis, in seconds. All but the last divide the day, so buckets start at round times.
const STEPS_SECONDS: [i64; 19] =
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 604_800];

/// Longest step: ten years, beyond which every range is one bucket anyway.
const STEP_MAX: Millis = Millis::from_seconds(3660 * 86_400);

/// First time that can be asked for: 1970-01-01. Nothing is stored before it.
const TIME_MIN: Timestamp = Timestamp(0);

/// First time that can not be asked for any more: the year 10000, the end of RFC 3339.
const TIME_MAX: Timestamp = Timestamp(253_402_300_800_000);

/// Length of a range whose start is not given.
const RANGE_DEFAULT: Millis = Millis::from_seconds(86_400);

/// Largest offset of any time zone, and some more.
const OFFSET_MAX: Millis = Millis::from_seconds(24 * 3600);

/// Reads the range of the parameters `start` and `end`: the end is now where it is not given, the start 24 h before the
/// end.
///
/// # Errors
/// [`Error::Invalid`] when one of them is no time, or the end is not after the start.
pub fn parse_range(start: Option<&str>, end: Option<&str>, now: Timestamp) -> Result<TimeRange, Error> {
    let end = end.map_or(Ok(now), |text| parse_time("end", text, now))?;
    let start = start.map_or(Ok(end.minus(RANGE_DEFAULT).max(TIME_MIN)), |text| parse_time("start", text, now))?;
    if end <= start {
        return Err(Error::invalid("end", format!("end {end} is not after start {start}")));
    }
    Ok(TimeRange { start, end })
}

/// Reads one time: `now`, `now-24h`, `now+5m`, RFC 3339, or Unix seconds with or without a fraction.
///
/// # Errors
/// [`Error::Invalid`] naming `param` when it is none of these, or outside the years 1970 to 9999.
pub fn parse_time(param: &'static str, text: &str, now: Timestamp) -> Result<Timestamp, Error> {
    let invalid = |why: &str| Error::invalid(param, format!("{param} {text:?} {why}"));
    let time = match text.strip_prefix("now") {
        Some("") => Some(now),
        Some(rest) => relative(rest, now),
        None => unix_seconds(text).or_else(|| Timestamp::parse_rfc3339(&with_plus(text))),
    };
    let time = time.ok_or_else(|| {
        invalid("is no time: write now, now-24h, RFC 3339 (2026-11-20T10:00:00Z) or Unix seconds (1795168800)")
    })?;
    if time < TIME_MIN || time >= TIME_MAX {
        return Err(invalid("is outside the years 1970 to 9999; Unix times are in seconds"));
    }
    Ok(time)
}

/// Buckets of `range` for the parameters `step` and `align`: whole steps since the epoch (in the time zone of `align`),
/// the first holding the range's start and the last its end. A step that is not given is chosen, not below `step_min`.
///
/// # Errors
/// [`Error::Invalid`] for a step or offset that is none, and for more than [`POINTS_MAX`] buckets.
pub fn buckets(range: TimeRange, step: Option<&str>, align: Option<&str>, step_min: Millis) -> Result<Buckets, Error> {
    let offset = align.map_or(Ok(Millis(0)), parse_offset)?;
    let step = match step {
        Some(text) => parse_step(text)?,
        None => choose_step(range.len(), step_min, POINTS_CHOSEN_MAX),
    };
    let buckets = aligned(range, step, offset);
    if buckets.len > POINTS_MAX {
        // Prometheus's sentence: people and clients know it.
        return Err(Error::invalid(
            "step",
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
        ));
    }
    Ok(buckets)
}

/// Reads a step: a duration (`10m`) or seconds (`600`, `0.5`).
///
/// # Errors
/// [`Error::Invalid`] when it is neither, not above zero, or longer than ten years.
pub fn parse_step(text: &str) -> Result<Millis, Error> {
    let step = unix_seconds(text).map(|seconds| Millis(seconds.0)).or_else(|| Millis::parse(text));
    let step = step.ok_or_else(|| {
        Error::invalid("step", format!("step {text:?} is neither a duration (10m, 1h30m) nor a number of seconds"))
    })?;
    if step.0 <= 0 {
        return Err(Error::invalid("step", format!("step {text:?} is not above zero")));
    }
    if step > STEP_MAX {
        return Err(Error::invalid("step", format!("step {text:?} is longer than {STEP_MAX}")));
    }
    Ok(step)
}

/// The shortest readable step that is not below `step_min` and cuts `length` into `points` pieces at most.
#[must_use]
pub fn choose_step(length: Millis, step_min: Millis, points: usize) -> Millis {
    let points = i64::try_from(points.max(1)).unwrap_or(i64::MAX);
    let fits = |step: &Millis| *step >= step_min && step.0.saturating_mul(points) >= length.0;
    let weeks = || {
        let longest = Millis::from_seconds(604_800);
        let needed = (length.0 / points).max(step_min.0);
        Millis(longest.0.saturating_mul(needed / longest.0 + 1))
    };
    STEPS_SECONDS.iter().map(|seconds| Millis::from_seconds(*seconds)).find(fits).unwrap_or_else(weeks)
}

/// Buckets of `step` that start at multiples of it since the epoch, in a time zone `offset` ahead of UTC, and together
/// hold `range`.
#[must_use]
pub fn aligned(range: TimeRange, step: Millis, offset: Millis) -> Buckets {
    let step = Millis(step.0.max(1));
    let floor = |time: Timestamp| (time.0 + offset.0).div_euclid(step.0);
    let first = floor(range.start);
    let last = floor(Timestamp(range.end.0 - 1)).max(first);
    let start = Timestamp(first.saturating_mul(step.0) - offset.0);
    Buckets { start, step, len: usize::try_from(last - first + 1).unwrap_or(usize::MAX) }
}

/// Reads the offset of a time zone, `+02:00`, `-0530` or `Z`. A blank is taken as the plus it was before a browser or
/// curl decoded it.
fn parse_offset(text: &str) -> Result<Millis, Error> {
    let invalid =
        || Error::invalid("align", format!("align {text:?} is no offset from UTC such as +02:00, -05:30 or Z"));
    if text == "Z" || text == "UTC" {
        return Ok(Millis(0));
    }
    let (sign, rest) = match text.split_at_checked(1) {
        Some(("+" | " ", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        _ => return Err(invalid()),
    };
    let digits: String = rest.chars().filter(|c| *c != ':').collect();
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid());
    }
    let number: i64 = digits.parse().map_err(|_| invalid())?;
    let offset = Millis::from_seconds(sign * (number / 100 * 3600 + number % 100 * 60));
    if number % 100 >= 60 || offset.0.abs() > OFFSET_MAX.0 { Err(invalid()) } else { Ok(offset) }
}

fn relative(rest: &str, now: Timestamp) -> Option<Timestamp> {
    match rest.split_at_checked(1)? {
        ("-", length) => Some(now.minus(Millis::parse(length)?)),
        // A plus that was not percent-encoded arrives as a blank.
        ("+" | " ", length) => Some(now.plus(Millis::parse(length)?)),
        _ => None,
    }
}

fn unix_seconds(text: &str) -> Option<Timestamp> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if !plain || !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let millis = (text.parse::<f64>().ok()? * 1000.0).round();
    // The cast saturates, and what it saturates to is out of bounds for every caller.
    Some(Timestamp(millis as i64))
}

/// In `2026-11-20T12:00:00+02:00` the plus arrives as a blank where a caller did not percent-encode it.
fn with_plus(text: &str) -> String {
    if text.contains('T') { text.replace(' ', "+") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_168_800_000);

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, millis) in [
            ("now", NOW.0),
            ("now-24h", NOW.0 - 86_400_000),
            ("now-1h30m", NOW.0 - 5_400_000),
            ("now+5m", NOW.0 + 300_000),
            ("now 5m", NOW.0 + 300_000),
            ("2026-11-20T10:00:00Z", NOW.0),
            ("2026-11-20T12:00:00+02:00", NOW.0),
            ("2026-11-20T12:00:00 02:00", NOW.0),
            ("2026-11-20T10:00:00.250Z", NOW.0 + 250),
            ("1795168800", NOW.0),
            ("1795168800.25", NOW.0 + 250),
            ("0", 0),
        ] {
            assert_eq!(parse_time("start", text, NOW).unwrap(), Timestamp(millis), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused_with_its_parameter() {
        for text in [
            "",
            "yesterday",
            "now-",
            "now-5",
            "now-x",
            "nowish",
            "now--5m",
            "1e9",
            "nan",
            "inf",
            ".5",
            "1795168800000",
            "-1",
            "99999999999999999999999",
            "10000-01-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "now-100y",
            "--1",
        ] {
            let error = parse_time("start", text, NOW).unwrap_err();
            assert!(matches!(error, Error::Invalid { param: "start", .. }), "{text}");
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
    }

    #[test]
    fn an_end_before_its_start_names_both() {
        let error = parse_range(Some("now-1h"), Some("now-2h"), NOW).unwrap_err();
        assert_eq!(error.to_string(), "end 2026-11-20T08:00:00Z is not after start 2026-11-20T09:00:00Z");
        assert!(parse_range(Some("now"), Some("now"), NOW).is_err());
    }

    #[test]
    fn a_range_is_the_last_day_or_the_day_before_its_end() {
        let day = parse_range(None, None, NOW).unwrap();
        assert_eq!((day.start, day.end), (Timestamp(NOW.0 - 86_400_000), NOW));
        let earlier = parse_range(None, Some("now-7d"), NOW).unwrap();
        assert_eq!(earlier.len(), Millis(86_400_000));
    }

    #[test]
    fn steps_are_chosen_from_the_ladder() {
        for (length, min, step, len) in [
            ("1h", "1s", "30s", 120),
            ("24h", "15s", "10m", 144),
            ("30d", "15s", "6h", 120),
            ("7d", "15s", "1h", 168),
            ("90d", "15s", "12h", 180),
            ("5m", "15s", "15s", 20),
            ("1m", "1s", "1s", 60),
            ("1y", "15s", "7d", 52),
            ("56y", "15s", "119d", 171),
        ] {
            let (length, min) = (Millis::parse(length).unwrap(), Millis::parse(min).unwrap());
            let chosen = choose_step(length, min, POINTS_CHOSEN_MAX);
            assert_eq!(chosen, Millis::parse(step).unwrap(), "{length}");
            assert_eq!(length.0 / chosen.0, len, "{length}");
        }
    }

    #[test]
    fn steps_are_durations_or_seconds() {
        for (text, millis) in [("10m", 600_000), ("600", 600_000), ("0.5", 500), ("250ms", 250)] {
            assert_eq!(parse_step(text).unwrap(), Millis(millis), "{text}");
        }
        for text in ["0", "0s", "-5", "", "x", "5x", "1e3", "99999999999999999999", "11y", "0.0001"] {
            assert!(matches!(parse_step(text), Err(Error::Invalid { param: "step", .. })), "{text}");
        }
    }

    #[test]
    fn buckets_start_at_whole_steps_and_hold_the_range() {
        let range = TimeRange { start: Timestamp(NOW.0 + 1), end: Timestamp(NOW.0 + 1_800_000) };
        let halves = buckets(range, Some("10m"), None, Millis(1)).unwrap();
        assert_eq!((halves.start, halves.len), (NOW, 3));
        // One instant more lies in a fourth bucket.
        let range = TimeRange { end: Timestamp(range.end.0 + 1), ..range };
        assert_eq!(buckets(range, Some("10m"), None, Millis(1)).unwrap().len, 4);
    }

    #[test]
    fn days_start_at_midnight_of_the_given_offset() {
        let range = parse_range(Some("now-2d"), None, NOW).unwrap();
        for (align, start) in [
            (None, "2026-11-18T00:00:00Z"),
            (Some("Z"), "2026-11-18T00:00:00Z"),
            (Some("+02:00"), "2026-11-17T22:00:00Z"),
            (Some(" 02:00"), "2026-11-17T22:00:00Z"),
            (Some("-05:30"), "2026-11-18T05:30:00Z"),
            (Some("+0545"), "2026-11-17T18:15:00Z"),
        ] {
            let days = buckets(range, Some("1d"), align, Millis(1)).unwrap();
            assert_eq!(days.start.to_string(), start, "{align:?}");
            assert!(days.start <= range.start && days.range().end >= range.end, "{align:?}");
        }
        for align in ["2", "+2", "Europe/Berlin", "+02:75", "+99:00", "", "+é2:0", "+02:00:00"] {
            let error = buckets(range, None, Some(align), Millis(1)).unwrap_err();
            assert!(matches!(error, Error::Invalid { param: "align", .. }), "{align}");
        }
    }

    #[test]
    fn more_points_than_prometheus_gives_are_refused_in_its_words() {
        let range = TimeRange { start: Timestamp(0), end: Timestamp(11_000_000) };
        assert_eq!(buckets(range, Some("1s"), None, Millis(1)).unwrap().len, 11_000);
        let range = TimeRange { start: Timestamp(0), end: Timestamp(11_000_001) };
        let error = buckets(range, Some("1s"), None, Millis(1)).unwrap_err();
        assert!(error.to_string().starts_with("exceeded maximum resolution of 11,000 points"), "{error}");
        let ages = TimeRange { start: Timestamp(0), end: Timestamp(TIME_MAX.0 - 1) };
        assert!(buckets(ages, Some("1ms"), None, Millis(1)).is_err());
        assert!(buckets(ages, None, None, Millis(1)).unwrap().len <= 181);
    }
}

//! Points and stretches of time, in milliseconds.

use std::fmt;

use jiff::tz::TimeZone;

/// Milliseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// A length of time in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub i64);

/// Half-open: `start` is in, `end` is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimeRange {
    /// First instant.
    pub start: Timestamp,
    /// First instant after.
    pub end: Timestamp,
}

impl Timestamp {
    /// From whole seconds since 1970.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Whole seconds since 1970, rounded down.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Days since 1970 UTC, rounded down; 0 before 1970.
    #[must_use]
    pub fn day(self) -> u32 {
        u32::try_from(self.0.div_euclid(86_400_000)).unwrap_or(0)
    }

    /// This moment moved by `by`.
    #[must_use]
    pub fn plus(self, by: Millis) -> Self {
        Self(self.0.saturating_add(by.0))
    }

    /// This moment moved back by `by`.
    #[must_use]
    pub fn minus(self, by: Millis) -> Self {
        Self(self.0.saturating_sub(by.0))
    }

    /// Time from `earlier` to this moment; negative when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }

    /// Reads RFC 3339 as clients write it: any sub-second digits, `Z` or an offset. A time without either is taken as
    /// UTC. Years 1 to 9999.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(time) = text.parse::<jiff::Timestamp>() {
            return Some(Self(time.as_millisecond()));
        }
        let civil = text.parse::<jiff::civil::DateTime>().ok()?;
        let time = civil.to_zoned(TimeZone::UTC).ok()?;
        Some(Self(time.timestamp().as_millisecond()))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, with milliseconds only where they are not zero.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(time) => time.fmt(f),
            Err(_) => write!(f, "{}ms", self.0),
        }
    }
}

impl Millis {
    /// From whole seconds.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds * 1000)
    }

    /// As seconds, for people and metrics.
    #[must_use]
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// As the standard library's type; negative lengths are zero.
    #[must_use]
    pub fn as_duration(self) -> std::time::Duration {
        std::time::Duration::from_millis(u64::try_from(self.0).unwrap_or(0))
    }

    /// Reads Prometheus's durations: `1h30m`, `15s`, `500ms`, `2w`, units y w d h m s ms in that order, each once.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        const UNITS: [(&str, i64); 7] = [
            ("y", 365 * 86_400_000),
            ("w", 7 * 86_400_000),
            ("d", 86_400_000),
            ("h", 3_600_000),
            ("m", 60_000),
            ("s", 1000),
            ("ms", 1),
        ];
        if text == "0" {
            return Some(Self(0));
        }
        let (mut rest, mut units, mut total) = (text, UNITS.as_slice(), 0i64);
        if rest.is_empty() {
            return None;
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|at| *at > 0)?;
            let (number, after) = rest.split_at(digits);
            let letters = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
            let (unit, next) = after.split_at(letters);
            let at = units.iter().position(|(name, _)| *name == unit)?;
            let (_, scale) = units.get(at)?;
            total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(*scale)?)?;
            units = units.get(at + 1..)?;
            rest = next;
        }
        Some(Self(total))
    }
}

impl fmt::Display for Millis {
    /// Prometheus's notation (`1h30m`), which [`Millis::parse`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let (mut rest, sign) = (self.0.unsigned_abs(), if self.0 < 0 { "-" } else { "" });
        f.write_str(sign)?;
        for (unit, scale) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)] {
            if rest >= scale {
                write!(f, "{}{unit}", rest / scale)?;
                rest %= scale;
            }
        }
        Ok(())
    }
}

impl TimeRange {
    /// Length of the range; 0 when it is empty.
    #[must_use]
    pub fn len(&self) -> Millis {
        Millis((self.end.0 - self.start.0).max(0))
    }

    /// Whether no instant is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.end <= self.start
    }

    /// Whether `time` is in it.
    #[must_use]
    pub fn contains(&self, time: Timestamp) -> bool {
        self.start <= time && time < self.end
    }

    /// What both ranges hold; empty where they do not meet.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        let start = self.start.max(other.start);
        Self { start, end: self.end.min(other.end).max(start) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_prometheus_durations() {
        for (text, millis) in [("1h30m", 5_400_000), ("15s", 15_000), ("500ms", 500), ("2w", 1_209_600_000), ("0", 0)] {
            assert_eq!(Millis::parse(text), Some(Millis(millis)), "{text}");
        }
        for text in ["", "10", "1m1h", "1s1s", "-1s", "1x", "s", "1.5s", "99999999999y"] {
            assert_eq!(Millis::parse(text), None, "{text}");
        }
        assert_eq!(Millis(5_400_000).to_string(), "1h30m");
    }

    #[test]
    fn times_of_every_client_are_read() {
        for (text, millis) in [
            ("2026-11-20T10:00:00Z", 1_795_168_800_000),
            ("2026-11-20T10:00:00.123456789Z", 1_795_168_800_123),
            ("2026-11-20T12:00:00.5+02:00", 1_795_168_800_500),
            ("2026-11-20T10:00:00", 1_795_168_800_000),
            ("2026-11-20 10:00:00.000Z", 1_795_168_800_000),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000),
            ("9999-12-30T00:00:00Z", 253_402_128_000_000),
        ] {
            assert_eq!(Timestamp::parse_rfc3339(text), Some(Timestamp(millis)), "{text}");
        }
        assert_eq!(Timestamp::parse_rfc3339("yesterday"), None);
        assert_eq!(Timestamp(1_795_168_800_000).to_string(), "2026-11-20T10:00:00Z");
    }
}

//! Time zones: what clocks and calendars show somewhere at a moment.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::time::{Millis, Timestamp};

/// A time zone of the IANA database, which stands in the binary: the same everywhere, whatever the system has.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone(TimeZone);

/// What the calendar and the clock show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Civil {
    /// Year, 1 to 9999.
    pub year: i16,
    /// Month, 1 to 12.
    pub month: i8,
    /// Day of the month, 1 to 31.
    pub day: i8,
    /// Hour, 0 to 23.
    pub hour: i8,
    /// Minute, 0 to 59.
    pub minute: i8,
    /// Second, 0 to 59.
    pub second: i8,
    /// Millisecond, 0 to 999.
    pub millisecond: i16,
}

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl Zone {
    /// The zone of this IANA name (`Europe/Berlin`, `UTC`), whatever its case; `None` where there is none.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("utc") { Some(Self::default()) } else { TimeZone::get(name).ok().map(Self) }
    }

    /// Its IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// How far it is ahead of UTC at `time`; 0 outside the years 1 to 9999.
    #[must_use]
    pub fn offset(&self, time: Timestamp) -> Millis {
        let offset = jiff::Timestamp::from_millisecond(time.0).map(|time| self.0.to_offset(time).seconds());
        Millis::from_seconds(offset.map_or(0, i64::from))
    }

    /// What clocks there show at `time`.
    #[must_use]
    pub fn civil(&self, time: Timestamp) -> Civil {
        Civil::from_local(time.plus(self.offset(time)))
    }

    /// The moment at which clocks there show `local`. One that they skip is taken as far behind the skip as it lies behind
    /// its start; of two that they show twice, the first.
    #[must_use]
    pub fn instant(&self, local: Civil) -> Timestamp {
        let shown = local.date_time();
        let there = self.0.to_ambiguous_timestamp(shown).compatible().map(|time| Timestamp(time.as_millisecond()));
        there.unwrap_or_else(|_| local.local())
    }
}

impl Civil {
    /// What a clock shows that was started at 1970-01-01 00:00 and has run since then to `local`.
    #[must_use]
    pub fn from_local(local: Timestamp) -> Self {
        let shown = jiff::Timestamp::from_millisecond(local.0).map(|time| TimeZone::UTC.to_datetime(time));
        let shown = shown.unwrap_or(if local.0 < 0 { DateTime::MIN } else { DateTime::MAX });
        Self {
            year: shown.year(),
            month: shown.month(),
            day: shown.day(),
            hour: shown.hour(),
            minute: shown.minute(),
            second: shown.second(),
            millisecond: shown.millisecond(),
        }
    }

    /// What [`Civil::from_local`] reads: the time since 1970-01-01 00:00 by these clocks.
    #[must_use]
    pub fn local(self) -> Timestamp {
        let time = TimeZone::UTC.to_timestamp(self.date_time());
        Timestamp(time.map_or(0, jiff::Timestamp::as_millisecond))
    }

    fn date_time(self) -> DateTime {
        let nanoseconds = i32::from(self.millisecond) * 1_000_000;
        DateTime::new(self.year, self.month, self.day, self.hour, self.minute, self.second, nanoseconds)
            .unwrap_or(DateTime::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn zones_have_names_and_need_no_files_of_the_system() {
        for (name, expect) in [
            ("UTC", Some("UTC")),
            ("utc", Some("UTC")),
            ("Europe/Berlin", Some("Europe/Berlin")),
            ("asia/kolkata", Some("Asia/Kolkata")),
            ("Europ/Berlin", None),
            ("+02:00", None),
            ("", None),
            ("../../etc/passwd", None),
        ] {
            assert_eq!(Zone::parse(name).as_ref().map(Zone::name), expect, "{name}");
        }
    }

    #[test]
    fn clocks_show_what_they_show_there_and_back() {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        for (zone, moment, shown) in [
            (&Zone::default(), "2026-11-20T10:00:00.250Z", "2026-11-20T10:00:00.250"),
            (&berlin, "2026-11-20T23:30:00Z", "2026-11-21T00:30:00"),
            (&berlin, "2026-07-01T10:00:00Z", "2026-07-01T12:00:00"),
            (&Zone::parse("Asia/Kathmandu").unwrap(), "2026-07-01T10:00:00Z", "2026-07-01T15:45:00"),
        ] {
            let civil = zone.civil(time(moment));
            assert_eq!(civil.local(), time(shown), "{moment}");
            assert_eq!(zone.instant(civil), time(moment), "{shown}");
        }
    }

    #[test]
    fn an_hour_that_clocks_skip_or_show_twice_is_a_moment_all_the_same() {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        let instant = |shown: &str| berlin.instant(Civil::from_local(time(shown)));
        assert_eq!(instant("2026-03-29T02:30:00"), time("2026-03-29T01:30:00Z"));
        assert_eq!(instant("2026-10-25T02:30:00"), time("2026-10-25T00:30:00Z"));
    }
}

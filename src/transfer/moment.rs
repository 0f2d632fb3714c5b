//! Times in files: Unix seconds, with up to three decimals; RFC 3339 is read, too.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::model::time::Timestamp;

/// A time as files have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment(pub(super) Timestamp);

/// Seconds beyond which milliseconds get lost in a floating-point number.
const SECONDS_MAX: f64 = 8.0e12;

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.0 % 1000 == 0 {
            serializer.serialize_i64(self.0.0 / 1000)
        } else {
            serializer.serialize_f64(self.0.0 as f64 / 1000.0)
        }
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MomentVisitor)
    }
}

struct MomentVisitor;

impl Visitor<'_> for MomentVisitor {
    type Value = Moment;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time in Unix seconds or RFC 3339")
    }

    fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Moment, E> {
        self.visit_i64(i64::try_from(seconds).unwrap_or(i64::MAX))
    }

    fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Moment, E> {
        match seconds.checked_mul(1000) {
            Some(ms) => Ok(Moment(Timestamp(ms))),
            None => Err(E::invalid_value(de::Unexpected::Signed(seconds), &self)),
        }
    }

    fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Moment, E> {
        if seconds.abs() < SECONDS_MAX {
            Ok(Moment(Timestamp((seconds * 1000.0).round() as i64)))
        } else {
            Err(E::invalid_value(de::Unexpected::Float(seconds), &self))
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Moment, E> {
        match Timestamp::parse_rfc3339(text) {
            Some(time) => Ok(Moment(time)),
            None => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_are_seconds_or_rfc_3339() {
        for (text, ms) in [
            ("1795168800", 1_795_168_800_000),
            ("1795168800.123", 1_795_168_800_123),
            ("0", 0),
            ("-1.5", -1500),
            ("1.795168800e9", 1_795_168_800_000),
            ("\"2026-11-20T10:00:00.001Z\"", 1_795_168_800_001),
        ] {
            assert_eq!(serde_json::from_str::<Moment>(text).unwrap(), Moment(Timestamp(ms)), "{text}");
        }
        for text in ["\"yesterday\"", "1e300", "null", "9300000000000000000"] {
            assert!(serde_json::from_str::<Moment>(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_millisecond_of_the_calendar_comes_back(ms in -62_135_596_800_000_i64..253_402_300_800_000) {
            let text = serde_json::to_string(&Moment(Timestamp(ms))).unwrap();
            prop_assert_eq!(serde_json::from_str::<Moment>(&text).unwrap(), Moment(Timestamp(ms)), "{}", text);
        }
    }
}

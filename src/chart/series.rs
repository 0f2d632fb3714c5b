//! What a range answer shows: its series with names and colours, bottom first, and what was not watched.

use super::text;
use super::theme::Theme;
use crate::model::series::Count;
use crate::query::group::By;
use crate::query::range::{Answer, Series};

/// Below half a per cent a bucket counts as watched: a scrape that came a moment late is no gap.
const UNWATCHED_MIN: f64 = 0.005;

/// One series, ready to draw.
#[derive(Debug)]
pub(super) struct Shown<'a> {
    /// Harmless, and not yet cut to fit.
    pub(super) name: String,
    pub(super) colour: &'static str,
    pub(super) counts: &'a [u64],
    pub(super) estimated: &'a [u64],
    pub(super) sum: Count,
}

/// Below five per cent a bucket is not hatched: one dead target of a fleet is not worth a strip over the whole picture.
const HATCHED_MIN: f64 = 0.05;

/// Neighbouring buckets that were equally unwatched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gap {
    /// First bucket, and the one after the last.
    pub(super) from: usize,
    pub(super) to: usize,
    /// The unwatched part.
    pub(super) percent: u8,
}

/// How much of the whole range was watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Watched {
    All,
    Most,
    Some,
    Nothing,
}

/// The series of `answer` in the order in which they are stacked, the rest on top.
pub(super) fn shown<'a>(answer: &'a Answer, by: &By, theme: Theme) -> Vec<Shown<'a>> {
    let told_apart = answer.series.iter().map(|series| (Some(name(series, by)), series));
    let all: Vec<_> = told_apart.chain(answer.other.iter().map(|other| (None, other))).collect();
    let names: Vec<Option<&str>> = all.iter().map(|(name, _)| name.as_deref()).collect();
    let colours = theme.colours().of(&names, by);
    all.iter()
        .zip(colours)
        .map(|((name, series), colour)| Shown {
            name: name.as_deref().map_or_else(|| "everything else".to_owned(), text::visible),
            colour,
            counts: &series.counts,
            estimated: &series.estimated,
            sum: series.sum,
        })
        .collect()
}

fn name(series: &Series, by: &By) -> String {
    let value = |label: &str| series.labels.get(label).unwrap_or_default();
    match by {
        By::Nothing => "errors".to_owned(),
        By::Aggregate => match (value("class"), value("message")) {
            ("", "") => value("aggregate").to_owned(),
            ("", words) | (words, "") => words.to_owned(),
            (class, message) => format!("{class}: {message}"),
        },
        by => match value(&by.to_string()) {
            "" => format!("no {}", dimension(by)),
            value => value.to_owned(),
        },
    }
}

/// What series are told apart by, in a word: `version` for `target.version`, `error` for an aggregate.
pub(super) fn dimension(by: &By) -> String {
    match by {
        By::Aggregate => "error".to_owned(),
        By::Target(name) | By::Label(name) => text::visible(name),
        by => by.to_string(),
    }
}

/// Runs of buckets of which a part worth drawing was not watched. In per cents, so that a run does not fall apart on noise.
pub(super) fn gaps(coverage: &[f64]) -> Vec<Gap> {
    let mut found: Vec<Gap> = Vec::new();
    for (bucket, watched) in coverage.iter().enumerate() {
        let unwatched = 1.0 - watched.clamp(0.0, 1.0);
        if unwatched < HATCHED_MIN {
            continue;
        }
        let percent = (unwatched * 100.0).round() as u8;
        match found.last_mut() {
            Some(last) if last.to == bucket && last.percent == percent => last.to = bucket + 1,
            _ => found.push(Gap { from: bucket, to: bucket + 1, percent }),
        }
    }
    found
}

/// The whole range's coverage in one word.
pub(super) fn watched(coverage: &[f64]) -> Watched {
    let mean = coverage.iter().sum::<f64>() / coverage.len().max(1) as f64;
    match mean {
        ..=UNWATCHED_MIN => Watched::Nothing,
        _ if mean >= 1.0 - UNWATCHED_MIN => Watched::All,
        0.9.. => Watched::Most,
        _ => Watched::Some,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::label::Labels;

    fn of(labels: &[(&str, &str)]) -> Series {
        Series { labels: Labels::from_pairs(labels.iter().copied()), ..Series::default() }
    }

    #[test]
    fn series_are_called_as_on_the_page() {
        let version = By::Target("version".to_owned());
        for (by, labels, expect) in [
            (By::Nothing, &[][..], "errors"),
            (By::Service, &[("service", "checkout")], "checkout"),
            (version.clone(), &[("target.version", "2.1")], "2.1"),
            (version, &[], "no version"),
            (By::Label("team".to_owned()), &[], "no team"),
            (By::Aggregate, &[("aggregate", "7"), ("class", "Timeout"), ("message", "late")], "Timeout: late"),
            (By::Aggregate, &[("aggregate", "7"), ("class", "Timeout")], "Timeout"),
            (By::Aggregate, &[("aggregate", "7")], "7"),
        ] {
            assert_eq!(name(&of(labels), &by), expect);
        }
    }

    #[test]
    fn gaps_are_runs_of_the_same_share() {
        let gap = |from, to, percent| Gap { from, to, percent };
        assert_eq!(gaps(&[1.0, 0.999, 0.5, 0.501, 0.0, 1.0]), [gap(2, 4, 50), gap(4, 5, 100)]);
        // One dead target among many is no gap.
        assert_eq!(gaps(&[0.96, 0.98, 0.95]), [gap(2, 3, 5)]);
        assert!(gaps(&[]).is_empty());
    }

    #[test]
    fn watching_has_four_words() {
        assert_eq!(watched(&[]), Watched::Nothing);
        assert_eq!(watched(&[0.0, 0.0]), Watched::Nothing);
        assert_eq!(watched(&[1.0, 0.999]), Watched::All);
        assert_eq!(watched(&[1.0, 0.9]), Watched::Most);
        assert_eq!(watched(&[1.0, 0.2]), Watched::Some);
    }
}

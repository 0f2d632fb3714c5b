//! Versions of services, as their targets name them in a label, and which of two is later.

use std::cmp::Ordering;

use super::time::Timestamp;

/// A version in which something was resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The target label that names versions.
    pub label: String,
    /// The version.
    pub version: String,
    /// When the version was first seen at a target of the service, or when it was resolved, if it was not seen before.
    pub appeared_at: Timestamp,
}

impl Release {
    /// Whether `version`, which was first seen at `appeared_at`, is a later one: by semantic versioning (2.0.0, section 11)
    /// where both are such versions, and else by when they were first seen, which is asked for only then.
    #[must_use]
    pub fn is_before(&self, version: &str, appeared_at: impl FnOnce() -> Timestamp) -> bool {
        if version.is_empty() || version == self.version {
            return false;
        }
        match compare(&self.version, version) {
            Some(order) => order == Ordering::Less,
            None => appeared_at() > self.appeared_at,
        }
    }
}

/// The latest of versions with the times at which they were first seen: by semantic versioning where all are such versions,
/// and else the one that appeared last, of several at once the last by name.
#[must_use]
pub fn latest<'a>(seen: impl IntoIterator<Item = (&'a str, Timestamp)>) -> Option<(&'a str, Timestamp)> {
    let mut seen: Vec<(&str, Timestamp)> = seen.into_iter().collect();
    seen.sort_unstable_by_key(|(version, appeared_at)| (*appeared_at, *version));
    if seen.iter().all(|(version, _)| Semantic::parse(version).is_some()) {
        return seen.into_iter().max_by(|(one, _), (other, _)| compare(one, other).unwrap_or(Ordering::Equal));
    }
    seen.pop()
}

/// Which of two semantic versions is later; `None` when one of them is none. A `v` in front, missing minor and patch numbers
/// and build metadata make no difference.
#[must_use]
pub fn compare(one: &str, other: &str) -> Option<Ordering> {
    Some(Semantic::parse(one)?.compare(&Semantic::parse(other)?))
}

struct Semantic<'a> {
    numbers: [u64; 3],
    /// Identifiers of a pre-release; none is later than any.
    pre_release: Vec<&'a str>,
}

impl<'a> Semantic<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let text = text.split_once('+').map_or(text, |(version, _)| version);
        let (core, pre_release) = text.split_once('-').map_or((text, None), |(core, rest)| (core, Some(rest)));
        let mut numbers = [0; 3];
        let mut parts = core.split('.');
        let mut some = false;
        for number in &mut numbers {
            let Some(part) = parts.next() else { break };
            *number = digits(part)?;
            some = true;
        }
        let is_identifier =
            |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let pre_release: Vec<&str> = pre_release.map(|rest| rest.split('.').collect()).unwrap_or_default();
        // A lone number is a build number or a date, and counts upwards just the same.
        (some && parts.next().is_none() && pre_release.iter().all(is_identifier))
            .then_some(Self { numbers, pre_release })
    }

    fn compare(&self, other: &Self) -> Ordering {
        let pre_release = || match (self.pre_release.as_slice(), other.pre_release.as_slice()) {
            ([], []) => Ordering::Equal,
            ([], _) => Ordering::Greater,
            (_, []) => Ordering::Less,
            (one, other) => {
                let pairs = one.iter().zip(other).map(|(one, other)| identifiers(one, other));
                pairs.fold(Ordering::Equal, Ordering::then).then(one.len().cmp(&other.len()))
            }
        };
        self.numbers.cmp(&other.numbers).then_with(pre_release)
    }
}

/// Numbers are before words, and compared as numbers.
fn identifiers(one: &str, other: &str) -> Ordering {
    match (digits(one), digits(other)) {
        (Some(one), Some(other)) => one.cmp(&other),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => one.cmp(other),
    }
}

fn digits(text: &str) -> Option<u64> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_semantic_versioning_says() {
        let ascending = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "v1.0.0",
            "1.2",
            "1.10.0",
            "2",
        ];
        for (index, one) in ascending.iter().enumerate() {
            for (other_index, other) in ascending.iter().enumerate() {
                assert_eq!(compare(one, other), Some(index.cmp(&other_index)), "{one} {other}");
            }
        }
        assert_eq!(compare("1.0.0+build.1", "v1.0.0"), Some(Ordering::Equal));
        for no_version in ["", "main", "4f69229c", "1.2.3.4", "1..2", "1.0.0-", "v"] {
            assert_eq!(compare(no_version, "1.0.0"), None, "{no_version}");
        }
    }

    #[test]
    fn what_is_no_semantic_version_is_later_when_it_appeared_later() {
        let release = |version: &str| Release {
            label: "version".to_owned(),
            version: version.to_owned(),
            appeared_at: Timestamp(100),
        };
        let check = |resolved_in: &str, version: &str, appeared_at: i64, later: bool| {
            assert_eq!(release(resolved_in).is_before(version, || Timestamp(appeared_at)), later, "{version}");
        };
        check("1.9.0", "1.10.0", 1, true);
        check("1.10.0", "1.9.0", 200, false);
        check("1.10.0", "v1.10.0", 200, false);
        check("4f69229c", "abc", 101, true);
        check("4f69229c", "abc", 100, false);
        check("main", "main", 200, false);
        check("main", "", 200, false);
    }

    #[test]
    fn the_latest_version_does_not_depend_on_the_order_in_which_they_are_named() {
        let latest_of = |all: &[(&'static str, i64)]| {
            let seen = |(version, at): &(&'static str, i64)| (*version, Timestamp(*at));
            let one = latest(all.iter().map(seen));
            assert_eq!(latest(all.iter().rev().map(seen)), one);
            one.map(|(version, _)| version)
        };
        assert_eq!(latest_of(&[("1.10.0", 1), ("1.9.0", 2), ("2.0.0-rc.1", 0)]), Some("2.0.0-rc.1"));
        // One that is no such version, and nothing but time orders them.
        assert_eq!(latest_of(&[("1.0", 3), ("2.0", 1), ("main", 2)]), Some("1.0"));
        assert_eq!(latest_of(&[("abc", 3), ("def", 3), ("fed", 1)]), Some("def"));
        assert_eq!(latest_of(&[]), None);
    }
}

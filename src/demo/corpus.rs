//! A million occurrences to search in, as a pure function of their number.
//!
//! Ten services with a thousand errors each; how often each happens falls off as its rank to the power of 1.1, so a few
//! thousand of them happen on any day. An error has a class of twelve, a stack of fifteen frames and six words of a vocabulary
//! of 5,000, some common and most rare; a sample has these words with a user and a request id between them, and a URL.

use std::fmt::Write as _;
use std::sync::Arc;

use super::rng::Rng;
use crate::model::occurrence::{Exception, HttpContext, Occurrence, Stack};
use crate::model::severity::Severity;
use crate::model::time::{Millis, TimeRange, Timestamp};

const CLASSES: [&str; 12] = [
    "java.lang.IllegalStateException",
    "java.net.SocketTimeoutException",
    "java.lang.NullPointerException",
    "com.twitter.finagle.RequestTimeoutException",
    "ValueError",
    "KeyError",
    "requests.exceptions.ConnectionError",
    "*url.Error",
    "*json.SyntaxError",
    "context.deadlineExceededError",
    "ActiveRecord::RecordNotFound",
    "RuntimeError",
];

const SYLLABLES: [&str; 40] = [
    "con", "ver", "ta", "re", "load", "ser", "vice", "time", "out", "index", "ca", "che", "que", "ry", "user", "pay",
    "ment", "or", "der", "track", "play", "list", "up", "date", "store", "sync", "node", "par", "se", "to", "ken",
    "auth", "pro", "file", "batch", "stream", "da", "ta", "ex", "port",
];

/// Services of a corpus.
pub const SERVICES: u64 = 10;
const FRAMES: u64 = 15;
const VOCABULARY: u64 = 5000;

/// One occurrence, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its service, from 0.
    pub service: u64,
    /// Its aggregate's key.
    pub key: String,
    /// When it happened.
    pub at: Timestamp,
    /// The occurrence.
    pub occurrence: Occurrence,
}

/// A corpus.
#[derive(Debug)]
pub struct Corpus {
    kinds: Vec<Kind>,
    len: u64,
    range: TimeRange,
}

#[derive(Debug)]
struct Kind {
    key: String,
    class: &'static str,
    stack: Arc<Stack>,
    severity: Severity,
    words: Vec<String>,
}

impl Corpus {
    /// `len` occurrences of `keys` errors, evenly over `range`.
    #[must_use]
    pub fn new(len: u64, keys: u64, range: TimeRange) -> Self {
        Self { kinds: (0..keys).map(kind).collect(), len, range }
    }

    /// All occurrences, oldest first but for two seconds.
    pub fn iter(&self) -> impl Iterator<Item = Entry> + '_ {
        let keys = self.kinds.len() as u64;
        let per_service = keys.div_ceil(SERVICES);
        (0..self.len).filter_map(move |number| {
            let mut rng = Rng::of(&[number]);
            // Errors that happen often are spread over the services.
            let at = zipf(&mut rng, keys, 1.1) * 7919 % keys;
            let kind = self.kinds.get(at as usize)?;
            let passed = i128::from(self.range.len().0) * i128::from(number) / i128::from(self.len);
            let time = self.range.start.plus(Millis(passed as i64 + rng.below(2000) as i64));
            let service = at / per_service;
            Some(Entry {
                service,
                key: kind.key.clone(),
                at: time,
                occurrence: kind.occurrence(service, time, &mut rng),
            })
        })
    }

    /// The words of the vocabulary with the share of occurrences that have them, most frequent first: over the errors' own
    /// words as they are weighed, so that a bench finds a common one and a rare one.
    #[must_use]
    pub fn words(&self, of: usize) -> Vec<(String, f64)> {
        let mut counts = std::collections::HashMap::<&str, u64>::new();
        let keys = self.kinds.len() as u64;
        for number in 0..of as u64 {
            let at = zipf(&mut Rng::of(&[number]), keys, 1.1) * 7919 % keys;
            let Some(kind) = self.kinds.get(at as usize) else { continue };
            let mut words: Vec<&str> = kind.words.iter().map(String::as_str).collect();
            words.sort_unstable();
            words.dedup();
            for word in words {
                *counts.entry(word).or_default() += 1;
            }
        }
        let mut words: Vec<_> =
            counts.into_iter().map(|(word, count)| (word.to_owned(), count as f64 / of as f64)).collect();
        words.sort_by(|one, other| other.1.total_cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        words
    }
}

impl Kind {
    fn occurrence(&self, service: u64, at: Timestamp, rng: &mut Rng) -> Occurrence {
        let word = |at: usize| self.words.get(at).map_or("", String::as_str);
        let (user, request, item) = (rng.below(100_000), rng.next() as u32, rng.below(1_000_000));
        let message = format!(
            "{} {} {} for user-{user} {} {} request {request:08x} {}",
            word(0),
            word(1),
            word(2),
            word(3),
            word(4),
            word(5)
        );
        Occurrence {
            uuid: String::new(),
            timestamp: Some(at),
            severity: self.severity,
            exception: Exception {
                class: self.class.to_owned(),
                message,
                stack: Some(Arc::clone(&self.stack)),
                causes: Vec::new(),
            },
            http: Some(HttpContext {
                method: "GET".to_owned(),
                url: format!("http://svc-{service}.example/api/v2/{}/{item}", word(0)),
                headers: None,
                body: None,
            }),
        }
    }
}

fn kind(number: u64) -> Kind {
    let mut rng = Rng::of(&[number, 1000]);
    let class = rng.word(&CLASSES);
    let key = format!("{class}@{:08x}", rng.next() as u32);
    let frame = |rng: &mut Rng| {
        let word = zipf(rng, VOCABULARY, 1.05);
        let line = 10 + rng.below(900);
        let file = self::word(word % 1009);
        format!("com.example.{}.{file}.{}({file}.scala:{line})", self::word(word % 97), self::word(word))
    };
    let frames = (0..FRAMES).map(|_| frame(&mut rng)).collect();
    let severity = match number {
        number if number.is_multiple_of(17) => Severity::Warning,
        number if number.is_multiple_of(41) => Severity::Info,
        _ => Severity::Error,
    };
    let words = (0..6).map(|_| word(zipf(&mut rng, VOCABULARY, 1.05))).collect();
    Kind { key, class, stack: Arc::new(Stack { frames }), severity, words }
}

/// A word that can be pronounced; those that are not among the most common have a number.
fn word(number: u64) -> String {
    let mut rng = Rng::of(&[number, 0xabcd]);
    let syllables = rng.between(2, 4);
    let mut word: String = (0..syllables).map(|_| rng.word(&SYLLABLES)).collect();
    if number > 400 {
        let _ = write!(word, "{}", number % 100);
    }
    word
}

/// 0 to `n`, without it; the k-th is about k^-s as frequent as the first (the inverse of a bounded Pareto distribution).
fn zipf(rng: &mut Rng, n: u64, s: f64) -> u64 {
    let (u, a) = (rng.unit().max(1e-12), 1.0 - s);
    let drawn = ((n as f64).powf(a) * u + (1.0 - u)).powf(1.0 / a);
    (drawn as u64).clamp(1, n) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corpus_is_the_same_every_time_and_has_the_shape_it_says() {
        let range = TimeRange { start: Timestamp::from_seconds(0), end: Timestamp::from_seconds(30 * 86_400) };
        let corpus = Corpus::new(5000, 1000, range);
        let all: Vec<Entry> = corpus.iter().collect();
        assert_eq!(all, Corpus::new(5000, 1000, range).iter().collect::<Vec<_>>());
        assert_eq!(all.len(), 5000);
        assert!(all.windows(2).all(|pair| pair[1].at.0 > pair[0].at.0 - 2000));
        assert!(all.iter().all(|entry| entry.service < SERVICES && range.start <= entry.at));
        let stack = all[0].occurrence.exception.stack.as_ref().unwrap();
        assert_eq!(stack.frames.len(), 15);
        let words = corpus.words(5000);
        let has = |word: &str| all.iter().filter(|entry| entry.occurrence.exception.message.contains(word)).count();
        assert!(words[0].1 > 0.1 && has(&words[0].0) as f64 >= words[0].1 * 5000.0, "{:?}", words[0]);
        assert!(words.last().unwrap().1 < 0.001);
    }
}

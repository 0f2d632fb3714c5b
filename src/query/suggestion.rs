//! "Did you mean": the known word that is closest to an unknown one, and lists of known words for messages.

use std::fmt::Write;

/// Known words a message names before it says how many more there are: what fits a screen.
const KNOWN_NAMED_MAX: usize = 20;

/// Letters of an unknown word that are compared: more would be no typing mistake, and comparing costs their product.
const COMPARED_CHARS_MAX: usize = 64;

/// `; did you mean "x"? known: a, b, c`, with what of it there is to say.
#[must_use]
pub fn known<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let mut text = String::new();
    if let Some(closest) = closest(unknown, &known) {
        let _ = write!(text, "; did you mean {closest:?}?");
    }
    if known.is_empty() {
        text.push_str("; none is known yet");
        return text;
    }
    text.push_str("; known: ");
    for (index, name) in known.iter().take(KNOWN_NAMED_MAX).enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        let _ = write!(text, "{comma}{name}");
    }
    if known.len() > KNOWN_NAMED_MAX {
        let _ = write!(text, " and {} more", known.len() - KNOWN_NAMED_MAX);
    }
    text
}

/// The closest known word, when at most a third of its letters differ.
fn closest<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    let unknown: Vec<char> = unknown.chars().take(COMPARED_CHARS_MAX + 1).flat_map(char::to_lowercase).collect();
    if unknown.is_empty() || unknown.len() > COMPARED_CHARS_MAX {
        return None;
    }
    let (distance, word) = known.iter().map(|word| (distance(&unknown, word), *word)).min()?;
    (distance <= (word.chars().count() / 3).max(1)).then_some(word)
}

/// Letters to insert, remove, replace or swap with their neighbour (optimal string alignment).
fn distance(unknown: &[char], word: &str) -> usize {
    let word: Vec<char> = word.chars().take(COMPARED_CHARS_MAX).flat_map(char::to_lowercase).collect();
    let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX / 2);
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=word.len()).collect();
    for (index, letter) in unknown.iter().enumerate() {
        let mut row = vec![index + 1];
        for (column, other) in word.iter().enumerate() {
            let replaced = at(&last, column) + usize::from(letter != other);
            let mut best = replaced.min(at(&last, column + 1) + 1).min(at(&row, column) + 1);
            let swapped = index > 0
                && column > 0
                && unknown.get(index - 1) == Some(other)
                && word.get(column - 1) == Some(letter);
            if swapped {
                best = best.min(at(&before_last, column - 1) + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_word_gets_the_one_that_was_meant() {
        let words = ["service", "severity", "state", "class"];
        for (unknown, meant) in [
            ("sevrity", Some("severity")),
            ("Service", Some("service")),
            ("clas", Some("class")),
            ("stsate", Some("state")),
            ("calss", Some("class")),
            ("colour", None),
        ] {
            assert_eq!(closest(unknown, &words), meant, "{unknown}");
        }
        assert_eq!(known("clas", ["class"]), "; did you mean \"class\"?; known: class");
        assert_eq!(known("x", []), "; none is known yet");
    }

    #[test]
    fn long_lists_are_cut_with_their_number() {
        let words: Vec<String> = (0..30).map(|index| format!("word{index:02}")).collect();
        assert!(known("zzz", words.iter().map(String::as_str)).ends_with("word19 and 10 more"));
    }
}

//! Card numbers: 13 to 19 digits that begin as those of an issuer do and have the right check digit (ISO/IEC 7812), in one
//! piece or in the groups in which people write them.
//!
//! Of random numbers of that length about one in a hundred passes. Times in milliseconds and nanoseconds begin with a 1, as no
//! card does.

use super::{Kind, Span, byte};

/// The shortest card number.
const DIGITS_MIN: usize = 13;
/// The longest one.
const DIGITS_MAX: usize = 19;

/// Finds card numbers. Any of them covers at least one of each 13 bytes, so only those are looked at.
pub(super) fn find(text: &[u8], spans: &mut Vec<Span>) {
    let mut at = DIGITS_MIN - 1;
    while at < text.len() {
        let here = byte(text, at);
        if !here.is_ascii_digit() && !is_separator(here) {
            at += DIGITS_MIN;
            continue;
        }
        let (mut begin, mut end) = (at, at);
        while begin > 0 && belongs(text, begin - 1) {
            begin -= 1;
        }
        while belongs(text, end) {
            end += 1;
        }
        if end.saturating_sub(begin) >= DIGITS_MIN {
            groups(text, begin, end, spans);
        }
        at = end.max(at) + DIGITS_MIN;
    }
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'+')
}

/// A digit, or a single separator between two.
fn belongs(text: &[u8], at: usize) -> bool {
    let here = byte(text, at);
    let digit = |at: usize| byte(text, at).is_ascii_digit();
    here.is_ascii_digit() || is_separator(here) && at > 0 && digit(at - 1) && digit(at + 1)
}

/// Looks at each run of groups of digits from `begin` to `end`.
fn groups(text: &[u8], begin: usize, end: usize, spans: &mut Vec<Span>) {
    let mut starts: Vec<(usize, usize)> = Vec::new();
    let mut at = begin;
    while at < end {
        let start = at;
        while at < end && byte(text, at).is_ascii_digit() {
            at += 1;
        }
        starts.push((start, at));
        at += 1;
    }
    let mut first = 0;
    while first < starts.len() {
        let found = [1, 3, 4, 5].into_iter().rev().find_map(|count| {
            let groups = starts.get(first..first + count)?;
            is_written_so(groups).then_some(())?;
            let (from, to) = (groups.first()?.0, groups.last()?.1);
            (stands_alone(text, from, to) && is_card(text.get(from..to)?)).then_some((from, to, count))
        });
        match found {
            Some((from, to, count)) => {
                spans.push(Span::new(from..to, Kind::Card));
                first += count;
            }
            None => first += 1,
        }
    }
}

/// Whether people write card numbers in such groups.
fn is_written_so(groups: &[(usize, usize)]) -> bool {
    let lengths = groups.iter().map(|(from, to)| to - from);
    match groups.len() {
        1 => lengths.sum::<usize>() >= DIGITS_MIN,
        3 => lengths.eq([4, 6, 5]) || groups.iter().map(|(from, to)| to - from).eq([4, 6, 4]),
        4 => lengths.eq([4, 4, 4, 4]),
        _ => lengths.eq([4, 4, 4, 4, 3]),
    }
}

/// Whether it is no part of a longer number or word.
fn stands_alone(text: &[u8], from: usize, to: usize) -> bool {
    let before = from.checked_sub(1).map_or(0, |at| byte(text, at));
    let point = |at: usize| byte(text, at) == b'.' && byte(text, at + 1).is_ascii_digit();
    let after = byte(text, to);
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let hexadecimal = before == b'@';
    !word(before) && !word(after) && !point(to) && !hexadecimal
}

fn is_card(text: &[u8]) -> bool {
    let mut digits = [0u8; DIGITS_MAX];
    let mut len = 0;
    for digit in text.iter().filter(|byte| byte.is_ascii_digit()) {
        let Some(slot) = digits.get_mut(len) else { return false };
        *slot = digit - b'0';
        len += 1;
    }
    let digits = digits.get(..len).unwrap_or_default();
    len >= DIGITS_MIN && is_issued(digits) && check_digit_is_right(digits)
}

/// Whether an issuer has numbers of this length that begin so.
fn is_issued(digits: &[u8]) -> bool {
    let first = |count: usize| digits.iter().take(count).fold(0u32, |number, digit| number * 10 + u32::from(*digit));
    let len = digits.len();
    match (first(1), first(2), first(4)) {
        (4, ..) => matches!(len, 13 | 16 | 18 | 19),
        (_, 51..=55, _) | (_, _, 2221..=2720) => len == 16,
        (_, 34 | 37, _) => len == 15,
        (_, 36 | 38 | 39, _) | (_, _, 3000..=3059) => (14..=19).contains(&len),
        (_, _, 3528..=3589) | (_, 60 | 62 | 64 | 65 | 81, _) => (16..=19).contains(&len),
        (_, 50 | 56..=58 | 63 | 67, _) => (13..=19).contains(&len),
        _ => false,
    }
}

/// Luhn's sum: every second digit from the end counts twice, its digits added up.
fn check_digit_is_right(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let twice = u32::from(*digit) << (at % 2);
            if twice > 9 { twice - 9 } else { twice }
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[&str]) {
        let mut spans = Vec::new();
        find(text.as_bytes(), &mut spans);
        let found: Vec<&str> = spans.iter().map(|span| &text[span.at.clone()]).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn card_numbers_are_found_however_people_write_them() {
        check("4111111111111111", &["4111111111111111"]);
        check("card 4111 1111 1111 1111 declined", &["4111 1111 1111 1111"]);
        check("x=5500-0055-5555-5559&y", &["5500-0055-5555-5559"]);
        check("amex 3782 822463 10005.", &["3782 822463 10005"]);
        check("n=4111+1111+1111+1111", &["4111+1111+1111+1111"]);
        check("order 17 4111 1111 1111 1111 2 times", &["4111 1111 1111 1111"]);
        check(
            "4111111111111111,5105105105105100 and 6011111111111117",
            &["4111111111111111", "5105105105105100", "6011111111111117"],
        );
        for before in 0..40 {
            check(&format!("{}4222222222222", " ".repeat(before)), &["4222222222222"]);
        }
    }

    #[test]
    fn other_numbers_are_no_cards() {
        for text in [
            "4111111111111112",
            "1763702400000",
            "1763702400000000000",
            "12345678-1234-4123-8123-123456789012",
            "41111111-1111-1111-1111-111111111111",
            "a4111111111111111",
            "4111111111111111f",
            "Foo@4111111111111111",
            "4111111111111111.5",
            "41111111111111114111111111111111",
            "0000000000000000",
            "2026-11-20 10:22:33 +0000",
        ] {
            check(text, &[]);
        }
    }
}

//! Text with holes: `{name}` in a template is filled in, everything else stays as it is.

use super::rng::Rng;

/// Copies `template` to `out` and lets `fill(name, out)` write what stands for each `{name}` (lower or upper case
/// letters and `_`). Where `fill` answers false the hole is copied as it is, so that a later pass can fill it.
pub(crate) fn expand(template: &str, out: &mut String, mut fill: impl FnMut(&str, &mut String) -> bool) {
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let (before, hole) = rest.split_at(open);
        out.push_str(before);
        let inside = hole.get(1..).unwrap_or_default();
        let length = inside.find(|c: char| !c.is_ascii_alphabetic() && c != '_').unwrap_or(inside.len());
        let (name, after) = inside.split_at(length);
        match after.strip_prefix('}') {
            Some(after) if !name.is_empty() => {
                if !fill(name, out) {
                    out.extend(["{", name, "}"]);
                }
                rest = after;
            }
            _ => {
                out.push('{');
                rest = inside;
            }
        }
    }
    out.push_str(rest);
}

/// Fills the holes that differ from one exception to the next: ids, times, addresses, names of customers.
pub(crate) fn fill_in(template: &str, rng: &mut Rng) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(template.len() + 32);
    expand(template, &mut text, |name, out| {
        // Writing to a string can not fail.
        let _ = match name {
            "id" => write!(out, "{}", rng.between(100_000, 9_999_999)),
            "n" => write!(out, "{}", rng.between(2, 60)),
            "ms" => write!(out, "{}", rng.between(1_000, 31_000)),
            "port" => write!(out, "{}", rng.between(32_768, 60_999)),
            "uuid" => write!(out, "{}", rng.uuid(4)),
            "hex" => write!(out, "{:016x}", rng.next()),
            "addr" => write!(out, "0x7f{:08x}{:02x}", rng.next() as u32, rng.below(16) * 16),
            "ip" => write!(out, "10.{}.{}.{}", rng.between(0, 3), rng.between(0, 255), rng.between(2, 250)),
            "amount" => write!(out, "{}.{:02}", rng.between(3, 900), rng.below(100)),
            "sku" => write!(out, "SKU-{:05}-{}", rng.below(40_000), rng.word(&["S", "M", "L", "XL", "ONE"])),
            "user" => write!(out, "{}.{}", rng.word(GIVEN), rng.word(FAMILY)),
            "country" => write!(out, "{}", rng.word(&["DE", "FR", "NL", "SE", "PL", "IT", "ES", "AT", "DK"])),
            "locale" => write!(out, "{}", rng.word(&["de_DE", "fr_FR", "nl_NL", "sv_SE", "pl_PL", "it_IT"])),
            "query" => write!(out, "{}", rng.word(QUERIES)),
            _ => return false,
        };
        true
    });
    text
}

/// `reserve_items` as `reserveItems`.
pub(crate) fn camel(snake: &str) -> String {
    let mut text = String::with_capacity(snake.len());
    for (index, part) in snake.split('_').enumerate() {
        if index == 0 { text.push_str(part) } else { text.push_str(&capital(part)) }
    }
    text
}

/// `reserve_items` as `ReserveItems`.
pub(crate) fn pascal(snake: &str) -> String {
    snake.split(['_', '-']).map(capital).collect()
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

const GIVEN: &[&str] = &[
    "ada",
    "björn",
    "carla",
    "dmitri",
    "elif",
    "françois",
    "greta",
    "hana",
    "ivo",
    "jana",
    "kofi",
    "lena",
    "marek",
    "nadia",
    "olu",
    "priya",
];
const FAMILY: &[&str] = &[
    "okafor",
    "lindqvist",
    "moreau",
    "schäfer",
    "nowak",
    "rossi",
    "yilmaz",
    "jansen",
    "petrov",
    "silva",
    "novak",
    "andersen",
];
const QUERIES: &[&str] = &[
    "red running shoes",
    "usb-c cable 2m",
    "\"winter jacket\" size:L",
    "kaffeemühle",
    "lego 42110",
    "garden hose (25m",
    "écharpe laine",
    "monitor 27 4k",
    "baby gate AND (white OR wood",
    "tent 3 person",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_holes_are_filled_and_unknown_ones_stay() {
        let mut out = String::new();
        expand(r#"{a} {"json": {}} {b} {unclosed"#, &mut out, |name, out| {
            out.push('X');
            if name != "a" {
                out.pop();
            }
            name == "a"
        });
        assert_eq!(out, r#"X {"json": {}} {b} {unclosed"#);
        assert_eq!(camel("reserve_items"), "reserveItems");
        assert_eq!(pascal("media-transcoder"), "MediaTranscoder");
    }
}

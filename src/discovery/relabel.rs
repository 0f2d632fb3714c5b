//! Relabelling, with Prometheus's semantics to the letter (`model/relabel/relabel.go` of Prometheus 3 is the reference).

use md5::{Digest, Md5};
use regex::Captures;

use crate::config::{Relabel, RelabelAction};
use crate::model::label::Labels;

/// Applies `rules` in their order. `false` when one of them drops the target; the labels are half done then.
#[must_use]
pub fn relabel(rules: &[Relabel], labels: &mut Labels) -> bool {
    rules.iter().all(|rule| apply(rule, labels))
}

fn apply(rule: &Relabel, labels: &mut Labels) -> bool {
    let values: Vec<&str> = rule.source_labels.iter().map(|name| labels.get(name).unwrap_or_default()).collect();
    let input = values.join(&rule.separator);
    let target = rule.target_label.as_str();
    let regex = rule.regex.regex();
    match rule.action {
        RelabelAction::Keep => return regex.is_match(&input),
        RelabelAction::Drop => return !regex.is_match(&input),
        RelabelAction::KeepEqual => return labels.get(target).unwrap_or_default() == input,
        RelabelAction::DropEqual => return labels.get(target).unwrap_or_default() != input,
        RelabelAction::Replace => {
            if let Some(captures) = regex.captures(&input) {
                let name = expand(target, &captures);
                if !name.is_empty() {
                    labels.set(name, expand(&rule.replacement, &captures));
                }
            }
        }
        RelabelAction::Lowercase => labels.set(target, input.chars().map(lower).collect::<String>()),
        RelabelAction::Uppercase => labels.set(target, input.chars().map(upper).collect::<String>()),
        RelabelAction::HashMod => labels.set(target, hash_modulo(&input, rule.modulus).to_string()),
        RelabelAction::LabelMap => map_names(rule, labels),
        RelabelAction::LabelDrop => labels.retain(|name, _| !regex.is_match(name)),
        RelabelAction::LabelKeep => labels.retain(|name, _| regex.is_match(name)),
    }
    true
}

/// Copies each matching label to its new name. Where two become one the last in the order of the old names counts
/// (Prometheus leaves that to chance).
fn map_names(rule: &Relabel, labels: &mut Labels) {
    let copies: Vec<(String, String)> = labels
        .iter()
        .filter_map(|(name, value)| {
            let captures = rule.regex.regex().captures(name)?;
            Some((expand(&rule.replacement, &captures), value.to_owned()))
        })
        .collect();
    for (name, value) in copies {
        if !name.is_empty() {
            labels.set(name, value);
        }
    }
}

/// The last eight bytes of the MD5 sum as a big-endian number, modulo `modulus`: shards agree with Prometheus's.
fn hash_modulo(input: &str, modulus: u64) -> u64 {
    let sum: [u8; 16] = Md5::digest(input.as_bytes()).into();
    (u128::from_be_bytes(sum) as u64).checked_rem(modulus).unwrap_or(0)
}

/// Go maps one character to one character, so that `ß` stays `ß`; Rust's mappings may yield several.
fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

fn upper(c: char) -> char {
    let mut mapped = c.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// Go's `Regexp.Expand`: `$1`, `${1}`, `$name`, `${name}`, `$$`. A name is as long as it can be, so that `$1x` is the group
/// `1x`; a group that is not there is empty; a `$` before anything else stands for itself.
fn expand(template: &str, captures: &Captures<'_>) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) = reference(after) {
            out.push_str(group(name, captures));
            rest = after;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// The name of a group and what follows it, from behind a `$`.
fn reference(text: &str) -> Option<(&str, &str)> {
    let (braced, text) = match text.strip_prefix('{') {
        Some(inner) => (true, inner),
        None => (false, text),
    };
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let rest = if braced { rest.strip_prefix('}')? } else { rest };
    (!name.is_empty()).then_some((name, rest))
}

/// What a group matched; nothing where it is not there or took no part.
fn group<'a>(name: &str, captures: &Captures<'a>) -> &'a str {
    let number = name.bytes().all(|byte| byte.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
    let found = if number { name.parse().ok().and_then(|index| captures.get(index)) } else { captures.name(name) };
    found.map_or("", |found| found.as_str())
}

#[cfg(test)]
mod tests;

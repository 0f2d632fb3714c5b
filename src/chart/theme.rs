//! Colours, those of the pages: a picture in a ticket is recognised by whoever knows the page. web/src/lib/palette.ts and
//! web/src/components/paint.ts hold the same values, and a test compares them.

use std::collections::{BTreeMap, BTreeSet};

use crate::query::group::By;

/// Which colours a picture has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    /// Dark on white.
    #[default]
    Light,
    /// Light on dark blue.
    Dark,
}

/// Colours of what is not a series.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Colours {
    pub(super) panel: &'static str,
    pub(super) ink: &'static str,
    pub(super) dim: &'static str,
    pub(super) grid: &'static str,
    /// Borders.
    pub(super) line: &'static str,
    /// Hatching of what nobody watched.
    pub(super) gap: &'static str,
    /// The sample of an estimate in the legend.
    pub(super) estimate: &'static str,
    wheel: [&'static str; 12],
    severities: [(&'static str, &'static str); 3],
    states: [(&'static str, &'static str); 3],
    rest: &'static str,
}

const LIGHT: Colours = Colours {
    panel: "#ffffff",
    ink: "#1c2733",
    dim: "#566371",
    grid: "#e9eef2",
    line: "#cfd7df",
    gap: "#b4bfc9",
    estimate: "#5f9fb0",
    wheel: [
        "#2f80d0", "#e8862e", "#18978a", "#c94f8c", "#6d9f3a", "#8465cf", "#cf9a12", "#d5584a", "#3aa6c4", "#8d6e5a",
        "#5566c8", "#2f9e5f",
    ],
    severities: [("error", "#dd6b20"), ("warning", "#d9a406"), ("info", "#3b82c4")],
    states: [("open", "#dd6b20"), ("resolved", "#4c9a57"), ("muted", "#8b95a1")],
    rest: "#a3adb8",
};

const DARK: Colours = Colours {
    panel: "#19212a",
    ink: "#dbe3ea",
    dim: "#9aa8b5",
    grid: "#242f3a",
    line: "#36424e",
    gap: "#465361",
    estimate: "#58a2b4",
    wheel: [
        "#4d96e0", "#f09a4a", "#2fb3a4", "#dd6fa4", "#86b84f", "#9d82e0", "#dcb03a", "#e5756a", "#55bddb", "#a98b76",
        "#7788e6", "#4fbf80",
    ],
    severities: [("error", "#f0863c"), ("warning", "#e3b93a"), ("info", "#5b9fdc")],
    states: [("open", "#f0863c"), ("resolved", "#66b672"), ("muted", "#7d8894")],
    rest: "#66707b",
};

impl Theme {
    /// All, by name.
    pub const ALL: [(&'static str, Self); 2] = [("light", Self::Light), ("dark", Self::Dark)];

    pub(super) fn colours(self) -> &'static Colours {
        match self {
            Self::Light => &LIGHT,
            Self::Dark => &DARK,
        }
    }
}

impl Colours {
    /// Colours of the series of these names, in their order; `None` is the series of all others. A name has the same
    /// colour in every picture, unless two names of one picture fall on the same.
    pub(super) fn of(&self, names: &[Option<&str>], by: &By) -> Vec<&'static str> {
        let fixed = |known: &[(&'static str, &'static str)], name: &str| {
            known.iter().find(|(known, _)| *known == name).map_or(self.rest, |(_, colour)| *colour)
        };
        let slots = match by {
            By::Severity | By::State | By::Nothing => BTreeMap::new(),
            _ => self.slots(names),
        };
        let colour = |name: &str| match by {
            By::Severity => fixed(&self.severities, name),
            By::State => fixed(&self.states, name),
            _ => self.wheel.get(slots.get(name).copied().unwrap_or(0)).copied().unwrap_or(self.rest),
        };
        names.iter().map(|name| name.map_or(self.rest, colour)).collect()
    }

    /// The place on the wheel of each name: its hash, or the next free one.
    fn slots<'a>(&self, names: &[Option<&'a str>]) -> BTreeMap<&'a str, usize> {
        let mut sorted: Vec<&str> = names.iter().copied().flatten().collect();
        // As JavaScript sorts, so that the page moves the same names on.
        sorted.sort_by(|a, b| a.encode_utf16().cmp(b.encode_utf16()));
        let (mut used, mut slots) = (BTreeSet::new(), BTreeMap::new());
        for name in sorted {
            let mut slot = hash(name) as usize % self.wheel.len();
            while used.len() < self.wheel.len() && used.contains(&slot) {
                slot = (slot + 1) % self.wheel.len();
            }
            used.insert(slot);
            slots.insert(name, slot);
        }
        slots
    }
}

/// FNV-1a over the UTF-16 units.
fn hash(text: &str) -> u32 {
    text.encode_utf16().fold(0x811c_9dc5, |hash, unit| (hash ^ u32::from(unit)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PALETTE: &str = include_str!("../../web/src/lib/palette.ts");
    const PAINT: &str = include_str!("../../web/src/components/paint.ts");
    const AXES: &str = include_str!("../../web/src/components/plot.ts");
    const STYLE: &str = include_str!("../../web/src/theme.css");

    /// All colours in `text` from `from` on, up to `to`.
    fn colours_in<'a>(text: &'a str, from: &str, to: &str) -> Vec<&'a str> {
        let text = text.split_once(from).unwrap_or_else(|| panic!("no {from:?}")).1;
        let text = text.split_once(to).unwrap_or_else(|| panic!("no {to:?} after {from:?}")).0;
        text.match_indices('#').map(|(at, _)| &text[at..at + 7]).collect()
    }

    #[test]
    fn colours_are_those_of_the_page() {
        for (colours, name) in [(&LIGHT, "light"), (&DARK, "dark")] {
            let one =
                |text, name: &str| colours_in(text, &format!("{name}: "), "\n").first().copied().map(str::to_owned);
            assert_eq!(colours_in(PALETTE, &format!("  {name}: ["), "]"), colours.wheel, "{name}");
            let pairs = |pairs: &[(&str, &'static str)]| pairs.iter().map(|(_, colour)| *colour).collect::<Vec<_>>();
            let (severity, state) = (&PALETTE[PALETTE.find("const severity").unwrap()..], "const state");
            assert_eq!(colours_in(severity, &format!("  {name}: {{"), "}"), pairs(&colours.severities), "{name}");
            let state = &PALETTE[PALETTE.find(state).unwrap()..];
            assert_eq!(colours_in(state, &format!("  {name}: {{"), "}"), pairs(&colours.states), "{name}");
            let rest = &PALETTE[PALETTE.find("const rest").unwrap()..];
            let of = |text: &'static str, constant: &str, at: usize| {
                colours_in(&text[text.find(constant).unwrap()..], "{", "}")[at]
            };
            let at = usize::from(name == "dark");
            assert_eq!(colours_in(rest, "{", "}")[at], colours.rest, "{name}");
            assert_eq!(of(PAINT, "const hatchColour", at), colours.gap, "{name}");
            assert_eq!(of(PAINT, "const panelColour", at), colours.panel, "{name}");
            assert_eq!(of(AXES, "const axisColour", at), colours.dim, "{name}");
            assert_eq!(of(AXES, "const gridColour", at), colours.grid, "{name}");
            let style = if name == "light" { STYLE } else { &STYLE[STYLE.find("=\"dark\"").unwrap()..] };
            for (property, colour) in [
                ("--panel", colours.panel),
                ("--ink", colours.ink),
                ("--dim", colours.dim),
                ("--line-strong", colours.line),
                ("--spark", colours.estimate),
            ] {
                assert_eq!(one(style, property).as_deref(), Some(colour), "{name} {property}");
            }
        }
    }

    #[test]
    fn a_name_has_the_colour_it_has_on_the_page() {
        let by = By::Service;
        // What web/src/lib/palette.ts gives.
        let names = [Some("checkout"), Some("search"), Some("ledger"), None];
        assert_eq!(LIGHT.of(&names, &by), ["#e8862e", "#18978a", "#3aa6c4", "#a3adb8"]);
        assert_eq!(LIGHT.of(&[Some("errors")], &By::Nothing), ["#2f80d0"]);
        assert_eq!(DARK.of(&[Some("warning"), Some("fatal")], &By::Severity), ["#e3b93a", "#66707b"]);
        assert_eq!(DARK.of(&[Some("resolved"), Some("open")], &By::State), ["#66b672", "#f0863c"]);
    }

    #[test]
    fn twelve_series_have_twelve_colours_and_more_share_them() {
        let names: Vec<String> = (0..20).map(|index| format!("10.0.0.{index}:80")).collect();
        let names: Vec<Option<&str>> = names.iter().map(|name| Some(name.as_str())).collect();
        let distinct =
            |count: usize| LIGHT.of(&names[..count], &By::Service).into_iter().collect::<BTreeSet<_>>().len();
        assert_eq!((distinct(12), distinct(20)), (12, 12));
    }
}

//! Text: the fonts, how wide it is in them, and how it is made to fit and to be harmless.
//!
//! Names come from clients and may hold anything. Here they become text that can only be read.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;
use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, GlyphId, MetadataProvider};

/// The fonts in the binary; fonts/README.md says where they come from and what of them is there.
pub(super) const FONTS: [&[u8]; 3] = [
    include_bytes!("fonts/Inter-Regular.ttf"),
    include_bytes!("fonts/Inter-SemiBold.ttf"),
    include_bytes!("fonts/DejaVuSans.ttf"),
];

/// Where somebody looks at an SVG, the first of these that is there. Places are computed for the first one; the others
/// are about as wide.
pub(super) const FAMILIES: &str =
    "Inter,system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','Liberation Sans',sans-serif";

/// Characters of a text that are looked at: more than fit in the widest picture.
const CHARS_MAX: usize = 600;

/// How bold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    SemiBold,
}

/// Size in pixels, and weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Style {
    pub(super) size: f32,
    pub(super) weight: Weight,
}

impl Style {
    pub(super) const fn regular(size: f32) -> Self {
        Self { size, weight: Weight::Regular }
    }

    pub(super) const fn semi_bold(size: f32) -> Self {
        Self { size, weight: Weight::SemiBold }
    }

    /// Width of `text` in pixels.
    pub(super) fn width(self, text: &str) -> f32 {
        text.chars().map(|c| self.advance(c)).sum()
    }

    /// `text`, or as much of its beginning as fits into `room` pixels, with an ellipsis.
    pub(super) fn fit(self, text: &str, room: f32) -> Cow<'_, str> {
        let room_before_ellipsis = room - self.advance('…');
        let (mut width, mut kept) = (0.0, 0);
        for (at, c) in text.char_indices() {
            width += self.advance(c);
            if width > room {
                let kept = text.get(..kept).unwrap_or_default();
                return Cow::Owned(format!("{}…", kept.trim_end_matches(['\u{200d}', ' '])));
            }
            if width <= room_before_ellipsis {
                kept = at + c.len_utf8();
            }
        }
        Cow::Borrowed(text)
    }

    /// `text` in lines of `rooms` pixels, broken at blanks; the last one with an ellipsis if need be.
    pub(super) fn wrap(self, text: &str, rooms: &[f32]) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let mut rest = text.trim();
        for (index, room) in rooms.iter().enumerate() {
            let fits = rest.match_indices(' ').map(|(at, _)| at);
            let fits = fits.take_while(|at| self.width(rest.get(..*at).unwrap_or_default()) <= *room).last();
            match fits {
                Some(at) if index + 1 < rooms.len() && self.width(rest) > *room => {
                    let (line, after) = rest.split_at(at);
                    lines.push(line.to_owned());
                    rest = after.trim_start();
                }
                // A word that is wider than the line is left to the ellipsis.
                _ => {
                    lines.push(self.fit(rest, *room).into_owned());
                    break;
                }
            }
        }
        lines
    }

    fn advance(self, c: char) -> f32 {
        let own = match self.weight {
            Weight::Regular => &FACES.regular,
            Weight::SemiBold => &FACES.semi_bold,
        };
        let em = own.advance(c).or_else(|| FACES.fallback.advance(c)).unwrap_or(own.missing);
        em * self.size
    }
}

/// `text` on one line, with every character that would change how the rest reads as something visible, and what XML
/// can not hold replaced. As web/src/lib/text.ts.
pub(super) fn visible(text: &str) -> String {
    static ACTIVE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u{fffe}\u{ffff}]").ok());
    let end = text.char_indices().nth(CHARS_MAX).map_or(text.len(), |(at, _)| at);
    let text = text.get(..end).unwrap_or_default();
    let Some(active) = ACTIVE.as_ref() else { return String::new() };
    let shown = active.replace_all(text, |found: &regex::Captures<'_>| {
        let c = found.get(0).and_then(|found| found.as_str().chars().next()).unwrap_or_default();
        match c {
            // Format characters that belong to writing: joiners of emoji and scripts, number signs of Arabic and Syriac.
            '\u{200c}' | '\u{200d}' | '\u{600}'..='\u{605}' | '\u{6dd}' | '\u{70f}' => c.to_string(),
            '\n' => "⏎".to_owned(),
            '\t' => " ".to_owned(),
            '\u{fffe}' | '\u{ffff}' => "\u{fffd}".to_owned(),
            _ => format!("⟨U+{:04X}⟩", u32::from(c)),
        }
    });
    shown.into_owned()
}

struct Faces {
    regular: Face,
    semi_bold: Face,
    fallback: Face,
}

/// Widths in one font, in ems.
struct Face {
    /// Of ASCII, which nearly all text is.
    ascii: Vec<Option<f32>>,
    font: Option<(Charmap<'static>, GlyphMetrics<'static>)>,
    /// Of what is drawn for a character that no font has.
    missing: f32,
}

static FACES: LazyLock<Faces> = LazyLock::new(|| {
    let [regular, semi_bold, fallback] = FONTS.map(Face::new);
    Faces { regular, semi_bold, fallback }
});

impl Face {
    fn new(data: &'static [u8]) -> Self {
        // The fonts are ours, and a test reads them; one that can not be read would have no glyphs.
        let font = FontRef::new(data).ok();
        let font = font.map(|font| (font.charmap(), font.glyph_metrics(Size::new(1.0), LocationRef::default())));
        let missing = font.as_ref().and_then(|(_, metrics)| metrics.advance_width(GlyphId::NOTDEF));
        let mut face = Self { ascii: Vec::new(), font, missing: missing.unwrap_or(0.6) };
        face.ascii = ('\0'..'\u{80}').map(|c| face.look_up(c)).collect();
        face
    }

    fn advance(&self, c: char) -> Option<f32> {
        self.ascii.get(c as usize).copied().unwrap_or_else(|| self.look_up(c))
    }

    fn look_up(&self, c: char) -> Option<f32> {
        let (map, metrics) = self.font.as_ref()?;
        metrics.advance_width(map.map(c)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_font_in_the_binary_is_read() {
        for (face, text) in
            [(&FACES.regular, "Aé–Жω…→"), (&FACES.semi_bold, "Aé–Жω…"), (&FACES.fallback, "שלםمرحبا⏎⟨⟩☠")]
        {
            assert!(text.chars().all(|c| face.advance(c).is_some_and(|width| width > 0.0)), "{text}");
            assert!(face.missing > 0.3);
        }
    }

    #[test]
    fn text_is_as_wide_as_its_letters() {
        let style = Style::regular(10.0);
        assert!(style.width("iii") < style.width("mmm"));
        assert!((style.width("0123456789") - 62.0).abs() < 3.0, "{}", style.width("0123456789"));
        assert!(Style::semi_bold(10.0).width("checkout") > style.width("checkout"));
        // No font of ours has these; each is a box.
        assert_eq!(style.width("日本"), 2.0 * style.width("日"));
        assert!(style.width("日") > 3.0);
        // The second font has this one, and is asked.
        assert!(style.width("😀") > style.width("日") + 2.0);
    }

    #[test]
    fn text_is_cut_where_it_no_longer_fits() {
        let style = Style::regular(10.0);
        assert_eq!(style.fit("checkout", 100.0), "checkout");
        let cut = style.fit("a rather long message of an exception", 100.0);
        assert!(cut.ends_with('…') && style.width(&cut) <= 100.0 && style.width(&cut) > 85.0, "{cut}");
        assert_eq!(style.fit("checkout", 0.0), "…");
        let family = "👨\u{200d}👩\u{200d}👧";
        assert_eq!(style.fit(family, style.width("👨\u{200d}…") + 0.1), "👨…");
    }

    #[test]
    fn lines_break_at_blanks() {
        let style = Style::regular(10.0);
        let words = "errors of the night before the release of checkout";
        assert_eq!(style.wrap(words, &[110.0, 200.0]), ["errors of the night", "before the release of checkout"]);
        let lines = style.wrap(words, &[110.0, 100.0]);
        assert_eq!(lines[0], "errors of the night");
        assert!(lines[1].starts_with("before the") && lines[1].ends_with('…'), "{lines:?}");
        assert_eq!(style.wrap("short", &[110.0, 110.0]), ["short"]);
        assert_eq!(style.wrap(&"unbreakable".repeat(5), &[110.0, 110.0]).len(), 1);
        assert_eq!(style.wrap("", &[110.0, 110.0]), [""]);
    }

    #[test]
    fn what_would_act_is_shown() {
        for (text, shown) in [
            ("plain <b>text</b>", "plain <b>text</b>"),
            ("a\r\n\tb\u{0}", "a⟨U+000D⟩⏎ b⟨U+0000⟩"),
            ("\u{202e}gnp.exe\u{7f}", "⟨U+202E⟩gnp.exe⟨U+007F⟩"),
            ("\u{fffe}\u{ffff}\u{feff}", "\u{fffd}\u{fffd}⟨U+FEFF⟩"),
            ("👨\u{200d}👩", "👨\u{200d}👩"),
        ] {
            assert_eq!(visible(text), shown);
        }
        assert_eq!(visible(&"x".repeat(5000)).len(), CHARS_MAX);
    }
}

//! SVG as text. Whatever is written as text or attribute goes through [`escape`]; there are no scripts, no styles, no
//! links and nothing that would be loaded.

use std::borrow::Cow;
use std::fmt::{self, Write};

use super::text::{Style, Weight};

/// A picture that is being written.
pub(super) struct Svg(String);

/// Where text begins, has its middle or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// Where text stands: its anchor's x, and its baseline's y, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) anchor: Anchor,
}

impl Svg {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self(String::with_capacity(bytes))
    }

    /// Writes markup of our own.
    pub(super) fn markup(&mut self, markup: fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.0.write_fmt(markup);
    }

    /// Writes an element that holds only text.
    pub(super) fn element(&mut self, name: &str, content: &str) {
        self.markup(format_args!("<{name}>{}</{name}>\n", escape(content)));
    }

    /// Writes a line of text.
    pub(super) fn text(&mut self, place: Place, style: Style, colour: &str, content: &str) {
        self.line(place, style, colour, content, "");
    }

    /// Writes a line of text that must not be wider than `room` pixels, in whatever font it is looked at.
    pub(super) fn text_within(&mut self, place: Place, style: Style, colour: &str, content: &str, room: f32) {
        let width = style.width(content);
        // Other fonts are up to a fifth wider than ours.
        if width * 1.2 <= room {
            return self.text(place, style, colour, content);
        }
        let exact = format!(" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\"", Tenth(width.min(room)));
        self.line(place, style, colour, content, &exact);
    }

    fn line(&mut self, place: Place, style: Style, colour: &str, content: &str, more: &str) {
        let anchor = match place.anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let weight = match style.weight {
            Weight::Regular => "",
            Weight::SemiBold => " font-weight=\"600\"",
        };
        let (x, y, size) = (Tenth(place.x), Tenth(place.y), Tenth(style.size));
        self.markup(format_args!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"{colour}\"{weight}{anchor}{more}>{}</text>\n",
            escape(content)
        ));
    }

    /// Defines the hatching of what nobody watched, which [`gap_fill`] names.
    pub(super) fn define_gap(&mut self, colour: &str) {
        let id = gap_id(colour);
        self.markup(format_args!(
            "<pattern id=\"{id}\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\">\
             <path stroke=\"{colour}\" d=\"M-1 1l2-2M0 7l7-7M6 8l2-2\"/></pattern>\n"
        ));
    }

    /// Defines the stripes of what stands in its place by estimate, which [`estimate_fill`] names.
    pub(super) fn define_estimate(&mut self, colour: &str) {
        let id = estimate_id(colour);
        self.markup(format_args!(
            "<pattern id=\"{id}\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">\
             <path fill=\"{colour}\" fill-opacity=\".34\" d=\"M0 0h6v6h-6z\"/>\
             <path stroke=\"{colour}\" stroke-width=\"1.4\" d=\"M-1 5l2 2M0 0l6 6M5-1l2 2\"/></pattern>\n"
        ));
    }

    pub(super) fn finish(mut self) -> String {
        self.0.push_str("</svg>\n");
        self.0
    }
}

/// How to fill with what [`Svg::define_gap`] defines.
pub(super) fn gap_fill(colour: &str) -> String {
    format!("url(#{})", gap_id(colour))
}

/// How to fill with what [`Svg::define_estimate`] defines.
pub(super) fn estimate_fill(colour: &str) -> String {
    format!("url(#{})", estimate_id(colour))
}

// Named by colour: pictures that stand in one HTML document share their names, and these then mean the same.
fn gap_id(colour: &str) -> String {
    format!("hydrophone-gap-{}", colour.trim_start_matches('#'))
}

fn estimate_id(colour: &str) -> String {
    format!("hydrophone-estimate-{}", colour.trim_start_matches('#'))
}

/// A number with at most one decimal.
pub(super) struct Tenth(pub(super) f32);

impl fmt::Display for Tenth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0 * 10.0).round() as i64;
        if tenths % 10 == 0 { write!(f, "{}", tenths / 10) } else { write!(f, "{:.1}", tenths as f64 / 10.0) }
    }
}

/// Rectangles as one path.
#[derive(Default)]
pub(super) struct Rectangles(String);

impl Rectangles {
    /// Adds one.
    pub(super) fn push(&mut self, x: i32, y: i32, width: i32, height: i32) {
        let mut digits = itoa::Buffer::new();
        for (command, number) in [("M", x), (" ", y), ("h", width), ("v", height), ("h", -width)] {
            self.0.push_str(command);
            self.0.push_str(digits.format(number));
        }
        self.0.push('z');
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What belongs into `d`.
    pub(super) fn path(&self) -> &str {
        &self.0
    }
}

/// Text as it stands in XML, between tags or in quotes.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_stays_text() {
        assert_eq!(
            escape("</text><script>a('&\")</script>"),
            "&lt;/text&gt;&lt;script&gt;a(&#39;&amp;&quot;)&lt;/script&gt;"
        );
        assert!(matches!(escape("checkout – ok"), Cow::Borrowed(_)));
    }

    #[test]
    fn numbers_are_short() {
        let mut rectangles = Rectangles::default();
        assert!(rectangles.is_empty());
        rectangles.push(0, 10, 7, 199);
        rectangles.push(-5, 1_000, 1, 2);
        assert_eq!(rectangles.path(), "M0 10h7v199h-7zM-5 1000h1v2h-1z");
        assert_eq!(
            [Tenth(2.0), Tenth(2.04), Tenth(2.06), Tenth(-0.3)].map(|n| n.to_string()),
            ["2", "2", "2.1", "-0.3"]
        );
    }
}

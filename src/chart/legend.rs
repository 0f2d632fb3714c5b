//! The legend: what the colours mean, with exact totals, and how estimates and gaps look.

use super::Picture;
use super::series::Shown;
use super::svg::{self, Anchor, Place, Svg, Tenth};
use super::text::Style;
use super::words;
use crate::query::group::By;

const ROW_HEIGHT: i32 = 20;
const KEYS_HEIGHT: i32 = 24;
/// Between two columns.
const GAP: f32 = 18.0;
/// Before the name: the colour and a little room.
const NAME_LEFT: f32 = 17.0;
/// Between the name and the total.
const TOTAL_LEFT: f32 = 10.0;
const STYLE: Style = Style::regular(12.0);

/// Where everything goes.
pub(super) struct Legend {
    entries: Vec<Entry>,
    columns: usize,
    column_width: f32,
    keys: Vec<Key>,
}

struct Entry {
    /// None for the line that says how many more there are.
    colour: Option<&'static str>,
    name: String,
    total: String,
}

/// How something looks, in words.
struct Key {
    fill: String,
    border: Option<&'static str>,
    words: String,
}

impl Legend {
    /// The legend of a picture, `width` pixels wide and in at most `rows_max` rows.
    pub(super) fn new(picture: &Picture<'_>, width: i32, rows_max: usize) -> Self {
        let width = width as f32;
        // What is not told apart has its total in the title already.
        let alone = *picture.chart.by == By::Nothing;
        let series = if alone || rows_max == 0 { &[] } else { picture.series.as_slice() };
        // As wide as the longest name needs, within bounds: columns that are much wider tear names and totals apart.
        let needed = series.iter().map(entry_width).fold(0.0, f32::max);
        let narrowest = needed.clamp(96.0, 300.0).min(width);
        let columns = (((width + GAP) / (narrowest + GAP)).floor() as usize).clamp(1, series.len().max(1));
        let column_width = ((width + GAP) / columns as f32 - GAP).min(needed.max(180.0));
        Self { entries: entries(series, columns * rows_max), columns, column_width, keys: keys(picture) }
    }

    /// Pixels from top to bottom.
    pub(super) fn height(&self) -> i32 {
        self.rows() as i32 * ROW_HEIGHT + Self::keys_height(!self.keys.is_empty())
    }

    /// How many rows fit into `height` pixels, keys included.
    pub(super) fn rows_in(picture: &Picture<'_>, height: i32) -> usize {
        let keys = Self::keys_height(!keys(picture).is_empty());
        usize::try_from((height - keys) / ROW_HEIGHT).unwrap_or(0)
    }

    /// How many rows it has.
    fn rows(&self) -> usize {
        self.entries.len().div_ceil(self.columns)
    }

    fn keys_height(any: bool) -> i32 {
        if any { KEYS_HEIGHT } else { 0 }
    }

    /// Draws it from `left` and `top` on, row by row.
    pub(super) fn draw(&self, svg: &mut Svg, picture: &Picture<'_>, left: i32, top: i32) {
        let colours = picture.colours;
        for (index, entry) in self.entries.iter().enumerate() {
            let (row, column) = (index / self.columns, index % self.columns);
            let x = left as f32 + column as f32 * (self.column_width + GAP);
            let y = (top + row as i32 * ROW_HEIGHT) as f32;
            if let Some(colour) = entry.colour {
                let (x, y) = (Tenth(x), Tenth(y + 5.0));
                svg.markup(format_args!(
                    "<rect x=\"{x}\" y=\"{y}\" width=\"10\" height=\"10\" rx=\"3\" fill=\"{colour}\"/>\n"
                ));
            }
            let total_width = STYLE.width(&entry.total);
            let room = self.column_width - NAME_LEFT - TOTAL_LEFT - total_width;
            let name = STYLE.fit(&entry.name, room);
            let ink = if entry.colour.is_some() { colours.ink } else { colours.dim };
            let baseline = y + 14.0;
            svg.text_within(Place { x: x + NAME_LEFT, y: baseline, anchor: Anchor::Start }, STYLE, ink, &name, room);
            let end = Place { x: x + self.column_width, y: baseline, anchor: Anchor::End };
            svg.text(end, STYLE, colours.dim, &entry.total);
        }
        let y = (top + self.rows() as i32 * ROW_HEIGHT) as f32 + KEYS_HEIGHT as f32 - 19.0;
        let mut x = left as f32;
        for key in &self.keys {
            let stroke = key.border.map_or_else(String::new, |colour| format!(" stroke=\"{colour}\""));
            let (at, top, fill) = (Tenth(x + 0.5), Tenth(y + 3.5), &key.fill);
            svg.markup(format_args!(
                "<rect x=\"{at}\" y=\"{top}\" width=\"16\" height=\"11\" rx=\"2\" fill=\"{fill}\"{stroke}/>\n"
            ));
            svg.text(Place { x: x + 24.0, y: y + 13.0, anchor: Anchor::Start }, STYLE, colours.dim, &key.words);
            x += 24.0 + STYLE.width(&key.words) + GAP;
        }
    }
}

fn entry_width(one: &Shown<'_>) -> f32 {
    NAME_LEFT + STYLE.width(&one.name) + TOTAL_LEFT + STYLE.width(&words::exact(one.sum.total)) + 4.0
}

/// One entry a series; beyond `max` the last one stands for all that are left.
fn entries(series: &[Shown<'_>], max: usize) -> Vec<Entry> {
    let kept = if series.len() <= max { series.len() } else { max.saturating_sub(1) };
    let (named, left) = series.split_at(kept.min(series.len()));
    let mut entries: Vec<Entry> = named
        .iter()
        .map(|one| Entry { colour: Some(one.colour), name: one.name.clone(), total: words::exact(one.sum.total) })
        .collect();
    if !left.is_empty() {
        let total = left.iter().map(|one| one.sum.total).sum();
        entries.push(Entry { colour: None, name: format!("and {} more", left.len()), total: words::exact(total) });
    }
    entries
}

fn keys(picture: &Picture<'_>) -> Vec<Key> {
    let sum = picture.chart.answer.total.sum;
    let estimated = (sum.estimated > 0).then(|| Key {
        fill: svg::estimate_fill(picture.colours.estimate),
        border: None,
        words: format!("placed by estimate ({})", words::percent(sum.estimated, sum.total)),
    });
    let unwatched = (!picture.gaps.is_empty()).then(|| Key {
        fill: svg::gap_fill(picture.colours.gap),
        border: Some(picture.colours.line),
        words: "not watched".to_owned(),
    });
    estimated.into_iter().chain(unwatched).collect()
}

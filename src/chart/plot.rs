//! The plot: axes, columns, estimated parts, and what nobody watched. As the page paints it
//! (web/src/components/paint.ts).

use super::Picture;
use super::series::{Shown, Watched, watched};
use super::svg::{self, Anchor, Place, Rectangles, Svg, Tenth};
use super::text::Style;
use super::{tick, words};
use crate::model::series::Buckets;
use crate::model::time::Timestamp;

/// Height below the plot for two lines of labels.
pub(super) const AXIS_HEIGHT: i32 = 40;

/// With fewer errors than this in the tallest column the axis still goes so far: a single one does not fill the chart.
const PEAK_MIN: u64 = 4;

/// Pixels of a column that has any height at all: one error in a thousand is still seen.
const HEIGHT_MIN: i32 = 2;

const LABEL: Style = Style::regular(11.5);

/// Where the plot lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Area {
    left: i32,
    top: i32,
    width: i32,
    height: i32,
}

/// Where one bucket lies; where buckets are narrower than a pixel, the tallest of those on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Column {
    bucket: usize,
    left: i32,
    width: i32,
}

/// The count axis.
#[derive(Debug, Clone, Copy)]
struct Scale {
    zero: i32,
    height: i32,
    /// The count at the upper end.
    top: f64,
}

/// Draws the plot between `left` and `right`, which its labels need too, and `top`; the time axis comes below `height`.
pub(super) fn draw(svg: &mut Svg, picture: &Picture<'_>, left: i32, right: i32, top: i32, height: i32) {
    let totals = &picture.chart.answer.total.counts;
    let peak = totals.iter().copied().max().unwrap_or(0).max(PEAK_MIN);
    let scale = Scale { zero: top + height, height, top: peak as f64 * 1.06 };
    let ticks = tick::counts(scale.top, f64::from(height));
    let label = |count: &u64| LABEL.width(&words::count(*count));
    let labels = ticks.iter().map(label).fold(0.0_f32, f32::max).ceil() as i32 + 10;
    let area = Area { left: left + labels, top, width: right - left - labels, height };
    draw_count_axis(svg, picture, &area, &scale, &ticks);
    draw_gaps(svg, picture, &area);
    draw_columns(svg, &picture.series, &columns(&picture.chart.buckets, &area, totals), &scale);
    draw_time_axis(svg, picture, &area);
    if picture.chart.answer.total.sum.total == 0 {
        say_nothing(svg, picture, &area);
    }
}

fn draw_count_axis(svg: &mut Svg, picture: &Picture<'_>, area: &Area, scale: &Scale, ticks: &[u64]) {
    let colours = picture.colours;
    svg.markup(format_args!("<path stroke=\"{}\" shape-rendering=\"crispEdges\" d=\"", colours.grid));
    for count in ticks {
        let y = scale.y(*count);
        svg.markup(format_args!("M{} {}.5h{}", area.left, y - 1, area.width));
    }
    svg.markup(format_args!("\"/>\n"));
    for count in ticks {
        let place = Place { x: area.left as f32 - 8.0, y: scale.y(*count) as f32 + 4.0, anchor: Anchor::End };
        svg.text(place, LABEL, colours.dim, &words::count(*count));
    }
}

fn draw_time_axis(svg: &mut Svg, picture: &Picture<'_>, area: &Area) {
    let range = picture.chart.buckets.range();
    let ticks = tick::times(range, &picture.chart.look.zone, f64::from(area.width));
    let x = |at: Timestamp| {
        let share = at.since(range.start).0 as f64 / range.len().0.max(1) as f64;
        area.left as f32 + (share * f64::from(area.width)) as f32
    };
    let zero = area.top + area.height;
    svg.markup(format_args!("<path stroke=\"{}\" shape-rendering=\"crispEdges\" d=\"", picture.colours.line));
    for tick in &ticks {
        svg.markup(format_args!("M{}.5 {zero}v4", (x(tick.at) as i32).min(area.left + area.width - 1)));
    }
    svg.markup(format_args!("\"/>\n"));
    let edge = picture.chart.look.width as f32 - 4.0;
    for tick in ticks {
        for (line, words) in [Some(tick.label), tick.below].into_iter().flatten().enumerate() {
            let half = LABEL.width(&words) / 2.0;
            let place = Place {
                x: x(tick.at).min(edge - half).max(half + 4.0),
                y: (zero + 18) as f32 + 15.0 * line as f32,
                anchor: Anchor::Middle,
            };
            svg.text(place, LABEL, picture.colours.dim, &words);
        }
    }
}

/// Hatched from the top: as much of the height as was not watched.
fn draw_gaps(svg: &mut Svg, picture: &Picture<'_>, area: &Area) {
    if picture.gaps.is_empty() {
        return;
    }
    let len = picture.chart.buckets.len;
    let fill = svg::gap_fill(picture.colours.gap);
    let mut hatched = Rectangles::default();
    for gap in &picture.gaps {
        let (left, right) = (area.edge(gap.from, len), area.edge(gap.to, len));
        let height = (f64::from(area.height) * f64::from(gap.percent) / 100.0).round() as i32;
        hatched.push(left, area.top, (right - left).max(1), height);
    }
    svg.markup(format_args!("<path fill=\"{fill}\" d=\"{}\"/>\n", hatched.path()));
    for gap in picture.gaps.iter().filter(|gap| gap.percent >= 100) {
        let (left, right) = (area.edge(gap.from, len), area.edge(gap.to, len));
        say(svg, picture, area, ((left + right) as f32 / 2.0, (right - left) as f32));
    }
}

/// In one line where there is room, else in two, else not at all: the legend says it too.
fn say(svg: &mut Svg, picture: &Picture<'_>, area: &Area, (middle, room): (f32, f32)) {
    for said in [&["nobody was watching"][..], &["nobody was", "watching"]] {
        let width = said.iter().map(|words| LABEL.width(words)).fold(0.0, f32::max);
        if width + 16.0 > room {
            continue;
        }
        let (left, top) = (Tenth(middle - width / 2.0 - 6.0), area.top + 12);
        let (width, height) = (Tenth(width + 12.0), said.len() * 15 + 7);
        svg.markup(format_args!(
            "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" fill=\"{}\"/>\n",
            picture.colours.panel
        ));
        for (line, words) in said.iter().enumerate() {
            let place = Place { x: middle, y: top as f32 + 15.0 + 15.0 * line as f32, anchor: Anchor::Middle };
            svg.text(place, LABEL, picture.colours.dim, words);
        }
        return;
    }
}

/// No errors: because there were none, or because nobody looked? Where nobody looked at all the hatching says so.
fn say_nothing(svg: &mut Svg, picture: &Picture<'_>, area: &Area) {
    let words = match watched(&picture.chart.answer.coverage) {
        Watched::All => "No errors, and everything was watched",
        Watched::Most => "No errors, and nearly everything was watched",
        Watched::Some => "No errors in what was watched",
        Watched::Nothing => return,
    };
    let style = Style::regular(13.0);
    let (middle, y) = (area.left as f32 + area.width as f32 / 2.0, area.top as f32 + area.height as f32 * 0.45);
    let width = style.width(words) + 28.0;
    svg.markup(format_args!(
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"30\" rx=\"6\" fill=\"{}\"/>\n",
        Tenth(middle - width / 2.0),
        Tenth(y - 15.0),
        Tenth(width),
        picture.colours.panel
    ));
    svg.text(Place { x: middle, y: y + 4.5, anchor: Anchor::Middle }, style, picture.colours.dim, words);
}

/// One path for each series: its pieces, and those of them that are estimated.
fn draw_columns(svg: &mut Svg, series: &[Shown<'_>], columns: &[Column], scale: &Scale) {
    let mut stacked = vec![0_u64; columns.len()];
    svg.markup(format_args!("<g shape-rendering=\"crispEdges\">\n"));
    for one in series {
        let (mut solid, mut estimated) = (Rectangles::default(), Rectangles::default());
        for (column, below) in columns.iter().zip(&mut stacked) {
            let at = |counts: &[u64]| counts.get(column.bucket).copied().unwrap_or(0);
            let count = at(one.counts);
            if count == 0 {
                continue;
            }
            let bottom = scale.y(*below);
            let lowest = if *below == 0 { bottom - HEIGHT_MIN } else { bottom };
            let top = scale.y(below.saturating_add(count)).min(lowest);
            let guessed = at(one.estimated).min(count);
            let edge = if guessed == 0 { top } else { scale.y(below.saturating_add(count - guessed)).max(top) };
            if bottom > edge {
                solid.push(column.left, edge, column.width, bottom - edge);
            }
            if edge > top {
                estimated.push(column.left, top, column.width, edge - top);
            }
            *below = below.saturating_add(count);
        }
        for (fill, pieces) in [(one.colour.to_owned(), solid), (svg::estimate_fill(one.colour), estimated)] {
            if !pieces.is_empty() {
                let (path, name) = (pieces.path(), svg::escape(&one.name));
                svg.markup(format_args!("<path fill=\"{fill}\" d=\"{path}\"><title>{name}</title></path>\n"));
            }
        }
    }
    svg.markup(format_args!("</g>\n"));
}

/// The columns of all buckets that have a count, from left to right.
fn columns(buckets: &Buckets, area: &Area, totals: &[u64]) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    let total = |bucket: usize| totals.get(bucket).copied().unwrap_or(0);
    for bucket in (0..buckets.len).filter(|bucket| total(*bucket) > 0) {
        let (left, right) = (area.edge(bucket, buckets.len), area.edge(bucket + 1, buckets.len));
        // A pixel between columns that are wide enough to have one.
        let width = (right - left - i32::from(right - left >= 4)).max(1);
        let column = Column { bucket, left, width };
        match columns.last_mut() {
            Some(last) if last.left + last.width > left => {
                if total(bucket) > total(last.bucket) {
                    *last = Column { left: last.left, width: last.width.max(left + width - last.left), bucket };
                }
            }
            _ => columns.push(column),
        }
    }
    columns
}

impl Area {
    /// Left edge of `bucket` of `len`.
    fn edge(&self, bucket: usize, len: usize) -> i32 {
        let share = bucket as f64 / len.max(1) as f64;
        self.left + (share * f64::from(self.width)) as i32
    }
}

impl Scale {
    fn y(&self, count: u64) -> i32 {
        self.zero - (count as f64 / self.top * f64::from(self.height)).round() as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Millis;

    fn of(len: usize, width: i32, totals: &[u64]) -> Vec<(usize, i32, i32)> {
        let buckets = Buckets { start: Timestamp(0), step: Millis(1000), len };
        let area = Area { left: 10, top: 0, width, height: 100 };
        columns(&buckets, &area, totals).iter().map(|column| (column.bucket, column.left, column.width)).collect()
    }

    #[test]
    fn wide_columns_have_a_pixel_between_them() {
        assert_eq!(of(4, 40, &[1, 0, 2, 3]), [(0, 10, 9), (2, 30, 9), (3, 40, 9)]);
        assert_eq!(of(4, 12, &[1, 1, 1, 1]), [(0, 10, 3), (1, 13, 3), (2, 16, 3), (3, 19, 3)]);
    }

    #[test]
    fn of_columns_on_one_pixel_the_tallest_is_drawn() {
        assert_eq!(of(8, 4, &[1, 5, 0, 0, 7, 7, 2, 9]), [(1, 10, 1), (4, 12, 1), (7, 13, 1)]);
        let spike: Vec<u64> = (0..11_000).map(|bucket| u64::from(bucket == 4711)).collect();
        assert_eq!(of(11_000, 300, &spike), [(4711, 138, 1)]);
    }
}

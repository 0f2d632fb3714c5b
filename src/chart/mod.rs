//! Charts as images: a range answer as SVG and PNG, recognisable beside the page's chart.
//!
//! Pure: the same answer and look give the same bytes, without a clock, a file or a font of the system. The SVG is
//! written here, because what a chart looks like is how it is read; the PNG is that SVG, rasterised
//! (docs/decisions/0005-charts.md). Pixels are those of a screen of ordinary density.
//!
//! | file | what |
//! | --- | --- |
//! | theme, series | colours, names and order of the series; gaps |
//! | tick, words, text | what axes say, how numbers and times read, how wide text is |
//! | plot, legend, svg, png | drawing |

mod legend;
mod plot;
mod png;
mod series;
mod svg;
#[cfg(test)]
mod tests;
mod text;
mod theme;
mod tick;
mod words;

use crate::model::series::Buckets;
use crate::model::zone::Zone;
use crate::query::group::By;
use crate::query::range::Answer;
use legend::Legend;
use series::{Gap, Shown};
use svg::{Anchor, Place, Svg};
use text::Style;
use theme::Colours;

pub use png::png;
pub use theme::Theme;

/// Width of a picture where it is not said: what a chat or a ticket shows without scaling it down.
pub const WIDTH_DEFAULT: u32 = 960;

/// Narrower, axes and legend have no room.
pub const WIDTH_MIN: u32 = 300;

/// Wider than any screen.
pub const WIDTH_MAX: u32 = 3000;

/// Lower, nothing is left of the plot beside title, axis and legend.
pub const HEIGHT_MIN: u32 = 240;

/// Higher than any screen.
pub const HEIGHT_MAX: u32 = 2000;

/// Pixels of a PNG for one of the picture, in each direction, at most: what the densest screens have.
pub const SCALE_MAX: u32 = 3;

/// Pixels of a PNG, at most: 32 MB while it is drawn.
pub const PIXELS_MAX: u32 = 8_000_000;

/// Characters of a title, at most: two lines of the widest picture.
pub const TITLE_CHARS_MAX: usize = 200;

/// Room around everything.
const MARGIN: i32 = 18;

/// Least height of the plot where the picture's height is given; the legend is cut before that.
const PLOT_HEIGHT_MIN: i32 = 84;

/// Rows of the legend where the picture is as high as it needs to be.
const LEGEND_ROWS_MAX: usize = 24;

/// Names in the description for people who can not see the picture.
const NAMES_DESCRIBED_MAX: usize = 10;

/// How long each may be, in ems: about a hundred letters.
const NAME_DESCRIBED_EMS_MAX: f32 = 60.0;

const TITLE: Style = Style::semi_bold(16.0);
const NOTE: Style = Style::regular(12.5);

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The SVG could not be rasterised.
    #[error("the picture can not be rasterised: {0}")]
    Raster(String),
    /// A PNG would have more than [`PIXELS_MAX`] pixels.
    #[error("a PNG of {width} x {height} pixels is too large, {PIXELS_MAX} in all are the most; give a smaller scale")]
    TooLarge {
        /// From left to right.
        width: u32,
        /// From top to bottom.
        height: u32,
    },
}

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Chart<'a> {
    /// The counts.
    pub answer: &'a Answer,
    /// What is told apart in them.
    pub by: &'a By,
    /// Their buckets.
    pub buckets: Buckets,
    /// The query that selected them, as it was asked; empty for everything.
    pub query: &'a str,
    /// How it is drawn.
    pub look: &'a Look,
}

/// How a chart is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom; as many as plot and legend need where it is not said.
    pub height: Option<u32>,
    /// Colours.
    pub theme: Theme,
    /// The title; what is told apart where it is not said.
    pub title: Option<String>,
    /// The zone of all times.
    pub zone: Zone,
}

impl Default for Look {
    fn default() -> Self {
        Self { width: WIDTH_DEFAULT, height: None, theme: Theme::default(), title: None, zone: Zone::default() }
    }
}

/// A chart with what is derived from it.
struct Picture<'a> {
    chart: &'a Chart<'a>,
    colours: &'static Colours,
    series: Vec<Shown<'a>>,
    gaps: Vec<Gap>,
}

/// What stands above the plot.
struct Header {
    /// Lines, each with the room it has.
    title: Vec<(String, f32)>,
    total: String,
    notes: Vec<String>,
    room: f32,
}

/// Where things are, in pixels from the top.
struct Layout {
    plot_top: i32,
    plot_height: i32,
    legend_top: i32,
    height: i32,
}

/// The chart as an SVG document.
#[must_use]
pub fn svg(chart: &Chart<'_>) -> String {
    let picture = Picture {
        chart,
        colours: chart.look.theme.colours(),
        series: series::shown(chart.answer, chart.by, chart.look.theme),
        gaps: series::gaps(&chart.answer.coverage),
    };
    let width = chart.look.width as i32;
    let (left, right) = (MARGIN, width - MARGIN);
    let header = Header::new(&picture, right - left);
    let (layout, legend) = Layout::new(&picture, &header, right - left);
    // Twenty bytes a piece, on every pixel at most.
    let pieces = picture.series.len() * chart.buckets.len.min(chart.look.width as usize);
    let mut svg = Svg::with_capacity(8192 + 24 * pieces);
    open(&mut svg, &picture, &header, layout.height);
    header.draw(&mut svg, &picture);
    plot::draw(&mut svg, &picture, left, right, layout.plot_top, layout.plot_height);
    legend.draw(&mut svg, &picture, left, layout.legend_top);
    svg.finish()
}

/// The root, what it is called and says to people who can not see it, patterns and background.
fn open(svg: &mut Svg, picture: &Picture<'_>, header: &Header, height: i32) {
    let width = picture.chart.look.width;
    svg.markup(format_args!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"{}\">\n",
        text::FAMILIES
    ));
    svg.element("title", &format!("{}: {}", title(picture.chart), header.total));
    svg.element("desc", &description(picture));
    let estimated = picture.series.iter().filter(|one| one.sum.estimated > 0);
    let mut estimated: Vec<&str> = estimated.map(|one| one.colour).collect();
    if !estimated.is_empty() {
        estimated.push(picture.colours.estimate);
        estimated.sort_unstable();
        estimated.dedup();
    }
    if !estimated.is_empty() || !picture.gaps.is_empty() {
        svg.markup(format_args!("<defs>\n"));
        for colour in estimated {
            svg.define_estimate(colour);
        }
        if !picture.gaps.is_empty() {
            svg.define_gap(picture.colours.gap);
        }
        svg.markup(format_args!("</defs>\n"));
    }
    svg.markup(format_args!("<rect width=\"{width}\" height=\"{height}\" fill=\"{}\"/>\n", picture.colours.panel));
}

fn title(chart: &Chart<'_>) -> String {
    match &chart.look.title {
        Some(title) => text::visible(title),
        None if *chart.by == By::Nothing => "Errors over time".to_owned(),
        None if *chart.by == By::Aggregate => "Most frequent errors".to_owned(),
        None => format!("Errors by {}", series::dimension(chart.by)),
    }
}

/// The picture in sentences.
fn description(picture: &Picture<'_>) -> String {
    let Chart { answer, by, buckets, query, look } = picture.chart;
    let sum = answer.total.sum;
    let (span, step) = (words::span(buckets.range(), &look.zone), words::length(buckets.step));
    let mut said = vec![format!("Stacked columns: {}, {span}, {step} per column.", words::errors(sum.total))];
    if !query.is_empty() {
        said.push(format!("Of what matches {}.", text::visible(query)));
    }
    if **by != By::Nothing && !picture.series.is_empty() {
        let name = |one: &Shown<'_>| Style::regular(1.0).fit(&one.name, NAME_DESCRIBED_EMS_MAX).into_owned();
        let described = picture.series.iter().take(NAMES_DESCRIBED_MAX);
        let mut described: Vec<String> =
            described.map(|one| format!("{} {}", name(one), words::exact(one.sum.total))).collect();
        if let more @ 1.. = picture.series.len().saturating_sub(NAMES_DESCRIBED_MAX) {
            described.push(format!("and {more} more"));
        }
        said.push(format!("By {}: {}.", series::dimension(by), described.join("; ")));
    }
    if sum.estimated > 0 {
        let share = words::percent(sum.estimated, sum.total);
        said.push(format!("{share} are counted exactly but placed in time by estimate."));
    }
    if !picture.gaps.is_empty() {
        said.push("Hatched: not watched.".to_owned());
    }
    said.join(" ")
}

impl Header {
    fn new(picture: &Picture<'_>, room: i32) -> Self {
        let chart = picture.chart;
        let room = room as f32;
        let total = words::errors(chart.answer.total.sum.total);
        // The total stands at the end of the first line.
        let title_rooms = [room - TITLE.width(&total) - 24.0, room];
        let title = TITLE.wrap(&title(chart), &title_rooms);
        let span = words::span(chart.buckets.range(), &chart.look.zone);
        let step = format!("{} per column", words::length(chart.buckets.step));
        let query = text::visible(chart.query.trim());
        let mut notes: Vec<String> = Vec::new();
        for part in [span, step, query].into_iter().filter(|part| !part.is_empty()) {
            let joined = notes.last().map(|line| format!("{line}  ·  {part}"));
            match (notes.last_mut(), joined) {
                (Some(line), Some(joined)) if NOTE.width(&joined) <= room => *line = joined,
                _ => notes.push(NOTE.fit(&part, room).into_owned()),
            }
        }
        Self { title: title.into_iter().zip(title_rooms).collect(), total, notes, room }
    }

    fn height(&self) -> i32 {
        self.title.len() as i32 * 21 + self.notes.len() as i32 * 18 + 2
    }

    fn draw(&self, svg: &mut Svg, picture: &Picture<'_>) {
        let Colours { ink, dim, .. } = picture.colours;
        let left = MARGIN as f32;
        let mut y = MARGIN as f32 + 14.0;
        let end = Place { x: picture.chart.look.width as f32 - left, y, anchor: Anchor::End };
        svg.text(end, TITLE, ink, &self.total);
        for (line, room) in &self.title {
            svg.text_within(Place { x: left, y, anchor: Anchor::Start }, TITLE, ink, line, *room);
            y += 21.0;
        }
        for line in &self.notes {
            svg.text_within(Place { x: left, y, anchor: Anchor::Start }, NOTE, dim, line, self.room);
            y += 18.0;
        }
    }
}

impl Layout {
    /// Title, plot, axis and legend, one below the other; the legend as large as there is room for.
    fn new(picture: &Picture<'_>, header: &Header, room: i32) -> (Self, Legend) {
        let plot_top = MARGIN + header.height() + 12;
        let around = plot_top + plot::AXIS_HEIGHT + MARGIN;
        let look = picture.chart.look;
        let (legend, height) = match look.height {
            None => {
                let legend = Legend::new(picture, room, LEGEND_ROWS_MAX);
                let plot = (look.width as i32 * 3 / 10).clamp(200, 320);
                let height = around + plot + legend.height();
                (legend, height)
            }
            Some(height) => {
                let height = height as i32;
                let rows = Legend::rows_in(picture, height - around - PLOT_HEIGHT_MIN);
                (Legend::new(picture, room, rows), height)
            }
        };
        let plot_height = height - around - legend.height();
        let legend_top = plot_top + plot_height + plot::AXIS_HEIGHT;
        (Self { plot_top, plot_height, legend_top, height }, legend)
    }
}

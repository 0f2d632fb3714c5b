//! Whole pictures: golden files, and what holds for any of them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use proptest::prelude::*;
use resvg::tiny_skia::Pixmap;
use resvg::usvg::roxmltree::{Document, Node};

use super::*;
use crate::model::label::Labels;
use crate::model::series::Count;
use crate::model::time::{Millis, Timestamp};
use crate::query::range::Series;

/// 2026-11-19T10:00:00Z.
const START: Timestamp = Timestamp(1_795_082_400_000);

/// One picture's parts, to be changed and drawn.
#[derive(Clone)]
struct Sample {
    answer: Answer,
    by: By,
    buckets: Buckets,
    query: String,
    look: Look,
}

impl Sample {
    /// A day at ten minutes by service.
    fn day(names: &[&str]) -> Self {
        let buckets = Buckets { start: START, step: Millis::from_seconds(600), len: 144 };
        let series = names.iter().enumerate().map(|(index, name)| {
            let labels = Labels::from_pairs([("service", *name)]);
            (labels, (0..144).map(|bucket| (wave(index as u64, bucket), 0)).collect())
        });
        Self::of(By::Service, buckets, series.collect())
    }

    fn of(by: By, buckets: Buckets, series: Vec<(Labels, Vec<(u64, u64)>)>) -> Self {
        let series: Vec<Series> = series.into_iter().map(|(labels, row)| one(labels, &row)).collect();
        let (total, len) = (one(Labels::default(), &[]), buckets.len);
        let answer = Answer { series, other: None, total, coverage: vec![1.0; len] };
        Self { answer, by, buckets, query: String::new(), look: Look::default() }.summed()
    }

    /// Sets the others.
    fn with_other(mut self, row: &[(u64, u64)]) -> Self {
        self.answer.other = Some(one(Labels::default(), row));
        self.summed()
    }

    /// From `from` to `to` nobody watched. What happened then was counted later, and spread over the gap.
    fn unwatched(mut self, from: usize, to: usize, spread: u64) -> Self {
        self.answer.coverage[from..to].fill(0.0);
        for series in &mut self.answer.series {
            let mut row: Vec<(u64, u64)> = rows(series);
            row[from..to].fill((spread, spread));
            *series = one(series.labels.clone(), &row);
        }
        self.summed()
    }

    fn partly_watched(mut self, from: usize, to: usize, watched: f64) -> Self {
        self.answer.coverage[from..to].fill(watched);
        self
    }

    fn look(mut self, change: impl FnOnce(&mut Look)) -> Self {
        change(&mut self.look);
        self
    }

    fn summed(mut self) -> Self {
        let mut total = vec![(0, 0); self.buckets.len];
        for series in self.answer.series.iter().chain(&self.answer.other) {
            for (place, (count, estimated)) in total.iter_mut().zip(rows(series)) {
                *place = (place.0 + count, place.1 + estimated);
            }
        }
        self.answer.total = one(Labels::default(), &total);
        self
    }

    fn svg(&self) -> String {
        let Self { answer, by, buckets, query, look } = self;
        svg(&Chart { answer, by, buckets: *buckets, query, look })
    }
}

fn one(labels: Labels, row: &[(u64, u64)]) -> Series {
    let estimated = row.iter().map(|(_, estimated)| estimated).sum();
    Series {
        labels,
        counts: row.iter().map(|(count, _)| *count).collect(),
        estimated: if estimated == 0 { Vec::new() } else { row.iter().map(|(_, estimated)| *estimated).collect() },
        sum: Count { total: row.iter().map(|(count, _)| count).sum(), estimated },
    }
}

fn rows(series: &Series) -> Vec<(u64, u64)> {
    let estimated = series.estimated.iter().copied().chain(std::iter::repeat(0));
    series.counts.iter().copied().zip(estimated).collect()
}

/// Counts that come and go with the day, less for each next series, with a spike.
fn wave(series: u64, bucket: u64) -> u64 {
    let noise =
        |n: u64| (n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) >> 33) % 100;
    let day = 40 + 60 * (72 - bucket.abs_diff(90).min(72)) / 72;
    let spike = if series == 1 && (30..36).contains(&bucket) { 6 } else { 1 };
    (day * (60 + noise(series * 1000 + bucket)) / 100) * spike / (1 + series)
}

/// The pictures of the golden files.
fn samples() -> Vec<(&'static str, Sample)> {
    let services = ["storefront", "checkout", "search", "ledger", "recommendations", "mail"];
    let day = Sample::day(&services);
    let rest: Vec<(u64, u64)> = (0..144).map(|bucket| (wave(9, bucket), 0)).collect();
    let usual = day.with_other(&rest).unwatched(96, 110, 8).partly_watched(112, 126, 0.75);
    let alone = Sample::of(
        By::Nothing,
        Buckets { start: START, step: Millis::from_seconds(60), len: 1440 },
        vec![(
            Labels::default(),
            (0..1440).map(|bucket| (wave(0, bucket / 10) / 9 + wave(1, bucket) % 5, 0)).collect(),
        )],
    );
    let many: Vec<String> = (1..=20).map(|number| format!("10.0.{}.{}:9100", number % 3, number)).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let hostile = [
        "</text><script>alert(1)</script>",
        "\"><img src=x onerror=alert('1')>",
        "שגיאה בחיבור למסד הנתונים",
        "خطأ في الاتصال بقاعدة البيانات",
        "🔥 emoji 👩‍👩‍👧 and 日本語",
        "\u{202e}gnp.exe\r\n\u{0}\u{feff}",
        "a very long message that goes on and on: connection to 10.0.0.1:5432 refused after 30 s and 5 attempts",
    ];
    let berlin = |look: &mut Look| {
        look.zone = Zone::parse("Europe/Berlin").unwrap();
        look.title =
            Some("Checkout <b>after</b> the release of version 2.14, as the night shift saw it from Berlin".to_owned());
        look.width = 400;
    };
    let mut nothing = Sample::day(&[]);
    nothing.query = "service:checkout class:\"*Time & out*\"".to_owned();
    vec![
        ("day", usual.clone()),
        ("narrow", usual.clone().look(berlin)),
        ("low", usual.look(|look| (look.width, look.height) = (600, Some(HEIGHT_MIN)))),
        ("alone", alone.look(|look| look.width = 1600)),
        ("many", Sample::day(&many)),
        ("hostile", Sample::day(&hostile)),
        ("nothing", nothing.partly_watched(20, 40, 0.0)),
    ]
}

/// Written anew by `UPDATE=1 cargo test chart`.
#[test]
fn pictures_are_the_golden_ones() {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/charts");
    let mut stale = Vec::new();
    for (name, sample) in samples() {
        for (theme_name, theme) in Theme::ALL {
            let path = directory.join(format!("{name}-{theme_name}.svg"));
            let now = sample.clone().look(|look| look.theme = theme).svg();
            if std::env::var_os("UPDATE").is_some() {
                crate::fs::rewrite_atomic(&path, now.as_bytes()).unwrap();
            }
            if std::fs::read_to_string(&path).ok().as_deref() != Some(&now) {
                stale.push(path);
            }
        }
    }
    assert!(stale.is_empty(), "look at the difference after UPDATE=1 cargo test chart: {stale:?}");
}

/// Elements and attributes that a picture may have: nothing that runs, loads or links.
const ELEMENTS: [&str; 9] = ["svg", "title", "desc", "defs", "pattern", "path", "rect", "text", "g"];
const ATTRIBUTES: [&str; 21] = [
    "width",
    "height",
    "viewBox",
    "role",
    "font-family",
    "id",
    "patternUnits",
    "stroke",
    "stroke-width",
    "fill",
    "fill-opacity",
    "d",
    "x",
    "y",
    "rx",
    "font-size",
    "font-weight",
    "text-anchor",
    "textLength",
    "lengthAdjust",
    "shape-rendering",
];

/// What is wrong with a picture as a document, whatever stands in it.
fn problem(svg: &str) -> Option<String> {
    let document = match Document::parse(svg) {
        Ok(document) => document,
        Err(error) => return Some(error.to_string()),
    };
    let mut ids = BTreeSet::new();
    for node in document.descendants().filter(Node::is_element) {
        let name = node.tag_name().name();
        if !ELEMENTS.contains(&name) {
            return Some(format!("<{name}>"));
        }
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            let foreign = value.contains("url(") && !value.starts_with("url(#hydrophone-");
            if !ATTRIBUTES.contains(&name) || foreign || value.contains("NaN") || value.contains("inf") {
                return Some(format!("{name}={value:?}"));
            }
            if name == "id" && !ids.insert(value.to_owned()) {
                return Some(format!("{value} twice"));
            }
        }
        let fill = node.attribute("fill").and_then(|fill| fill.strip_prefix("url(#")?.strip_suffix(')'));
        if fill.is_some_and(|id| !ids.contains(id)) {
            return Some(format!("{fill:?} is not defined"));
        }
    }
    None
}

fn texts(svg: &str) -> Vec<String> {
    let document = Document::parse(svg).unwrap();
    let texts = document.descendants().filter(|node| node.has_tag_name("text"));
    texts.map(|node| node.text().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_legend_has_every_series_with_its_exact_total() {
    let texts = texts(&Sample::day(&["checkout", "search"]).with_other(&[(1_234_567, 0)]).svg());
    let after = |name: &str| &texts[texts.iter().position(|text| text == name).unwrap() + 1];
    assert_eq!(after("everything else"), "1,234,567");
    let total: u64 = (0..144).map(|bucket| wave(0, bucket)).sum();
    assert_eq!(after("checkout"), &words::exact(total));
}

#[test]
fn a_legend_that_has_no_room_says_how_many_more_there_are() {
    let names: Vec<String> = (0..101).map(|number| format!("service-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let sample = Sample::day(&names);
    let svg = sample.clone().look(|look| (look.width, look.height) = (400, Some(400))).svg();
    let said = texts(&svg).into_iter().rev().nth(1).unwrap();
    assert!(said.starts_with("and ") && said.ends_with(" more"), "{said}");
    assert!(svg.contains(" height=\"400\""));
    // As high as it needs to be, it still ends somewhere.
    let svg = sample.look(|look| look.width = WIDTH_MIN).svg();
    let document = Document::parse(&svg).unwrap();
    let height: u32 = document.root_element().attribute("height").unwrap().parse().unwrap();
    assert!(height < 1000, "{height}");
}

#[test]
fn a_picture_is_described_to_who_can_not_see_it() {
    let mut sample = Sample::day(&["checkout", "search"]).unwatched(0, 4, 9);
    sample.query = "is:open <b>".to_owned();
    let svg = sample.svg();
    let document = Document::parse(&svg).unwrap();
    let root = document.root_element();
    let said = |name: &str| root.children().find(|node| node.has_tag_name(name)).unwrap().text().unwrap().to_owned();
    assert_eq!(root.attribute("role"), Some("img"));
    let total = words::exact(sample.answer.total.sum.total);
    assert_eq!(said("title"), format!("Errors by service: {total} errors"));
    let described = said("desc");
    for part in [
        "19 Nov 10:00 – 20 Nov 2026 10:00 UTC, 10 min per column.",
        "Of what matches is:open <b>.",
        "By service: checkout ",
        "<1% are counted exactly but placed in time by estimate.",
        "Hatched: not watched.",
    ] {
        assert!(described.contains(part), "{part:?} is not in {described:?}");
    }
}

#[test]
fn gaps_and_estimates_are_hatched_and_explained_only_where_there_are_some() {
    let plain = Sample::day(&["checkout"]);
    let svg = plain.svg();
    assert!(!svg.contains("pattern") && !svg.contains("not watched") && !svg.contains("placed by estimate"));
    let svg = plain.unwatched(10, 20, 5).svg();
    assert!(svg.contains("hydrophone-gap-b4bfc9") && svg.contains("not watched") && svg.contains("placed by estimate"));
}

/// Colours of the pixels of a PNG.
fn pixels(png: &[u8]) -> Pixmap {
    Pixmap::decode_png(png).unwrap()
}

/// How many pixels have exactly this colour.
fn count_of(pixels: &Pixmap, colour: &str) -> usize {
    let part = |at: usize| u8::from_str_radix(&colour[at..at + 2], 16).unwrap();
    let wanted = (part(1), part(3), part(5));
    pixels.pixels().iter().filter(|pixel| (pixel.red(), pixel.green(), pixel.blue()) == wanted).count()
}

#[test]
fn a_png_shows_what_the_svg_says() {
    let sample = Sample::day(&["checkout"]).look(|look| (look.width, look.height) = (500, Some(300)));
    let svg = sample.svg();
    let (once, thrice) = (pixels(&png(&svg, 1).unwrap()), pixels(&png(&svg, 3).unwrap()));
    assert_eq!((once.width(), once.height(), thrice.width(), thrice.height()), (500, 300, 1500, 900));
    let colour = Theme::Light.colours().of(&[Some("checkout")], &By::Service)[0];
    let (small, large) = (count_of(&once, colour), count_of(&thrice, colour));
    assert!(small > 5_000 && large.abs_diff(9 * small) < small / 10, "{small} {large}");
    // Letters: without a font there would be no ink at all.
    assert!(count_of(&once, Theme::Light.colours().ink) > 50);
}

#[test]
fn what_no_font_has_is_a_box_and_what_the_second_font_has_is_drawn() {
    let inked = |title: &str| {
        let sample = Sample::day(&[]).look(|look| look.title = Some(title.to_owned()));
        let pixels = pixels(&png(&sample.svg(), 1).unwrap());
        // What is not the background where the title stands.
        let panel = pixels.pixel(0, 0).unwrap();
        let place = (18..400).flat_map(|x| (14..40).map(move |y| (x, y)));
        place.filter(|(x, y)| pixels.pixel(*x, *y) != Some(panel)).count()
    };
    let (nothing, one, two) = (inked("\u{a0}"), inked("日"), inked("日本"));
    assert_eq!(nothing, 0);
    assert!(one > 20 && two.abs_diff(2 * one) < one / 2, "{one} {two}");
    for text in ["שלום", "مرحبا", "😀", "→"] {
        assert!(inked(text) > 10, "{text}");
    }
    // Arabic letters join: a word is not its letters one by one.
    assert_ne!(inked("مرحبا"), inked("م ر ح ب ا"));
}

fn hostile_text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[ -~]{0,30}", "[<>&\"'/!\\[\\]{}؀-ۿא-ת\u{200d}\u{202e}😀-😏]{0,20}"]
}

fn cells() -> impl Strategy<Value = (u64, u64)> {
    let count = prop_oneof![Just(0), 0..5_u64, 0..1000_u64, 0..1_u64 << 40];
    (count, 0..=100_u64).prop_map(|(count, part)| (count, count * part / 100))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_answer_is_a_sound_picture(
        names in proptest::collection::vec(hostile_text(), 0..14),
        row in proptest::collection::vec(cells(), 1..40),
        coverage in proptest::collection::vec(0.0..=1.0_f64, 40),
        by in prop_oneof![Just(By::Nothing), Just(By::Service), Just(By::Aggregate), Just(By::Severity)],
        (title, query) in (proptest::option::of(hostile_text()), hostile_text()),
        (width, height) in (WIDTH_MIN..=1200, proptest::option::of(HEIGHT_MIN..=900)),
        (start, step) in (0..253_402_300_000_000_i64, 1..1_000_000_000_i64),
        dark in any::<bool>(),
    ) {
        let label = match by { By::Aggregate => "message", By::Severity => "severity", _ => "service" };
        let series = names.iter().map(|name| (Labels::from_pairs([(label, name.as_str())]), row.clone())).collect();
        let buckets = Buckets { start: Timestamp(start), step: Millis(step), len: row.len() };
        let mut sample = Sample::of(by, buckets, series);
        sample.answer.coverage = coverage[..row.len()].to_vec();
        sample.query = query;
        sample.look = Look { width, height, title, theme: if dark { Theme::Dark } else { Theme::Light }, ..Look::default() };
        let svg = sample.svg();
        prop_assert_eq!(problem(&svg), None);
        let png = pixels(&png(&svg, 1).unwrap());
        prop_assert_eq!(png.width(), width);
        if let Some(height) = height {
            prop_assert_eq!(png.height(), height);
        }
    }
}

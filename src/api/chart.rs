//! `/charts/range.svg` and `/charts/range.png`: what `/api/v1/range` answers, as a picture.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::sync::Semaphore;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::Error;
use super::state::AppState;
use super::v1::extract::{self, Parameters, Who, ask_as};
use super::v1::range::{Answered, RangeParameters};
use super::v1::shape::Failure;
use crate::chart::{self, Chart, Look, Theme};
use crate::model::time::Timestamp;
use crate::model::zone::Zone;
use crate::query::{self, Context, suggestion};

/// PNGs that are drawn at one time. Each takes a core for some ten milliseconds, the largest for some hundred, and up to
/// 64 MB.
const RASTERS_MAX: usize = 2;

static RASTERS: Semaphore = Semaphore::const_new(RASTERS_MAX);

/// What kind of picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Sharp at any size, small, text that can be searched.
    Svg,
    /// Shown by everything.
    Png,
}

/// What a chart is asked with.
#[derive(Debug, Deserialize)]
struct ChartParameters {
    #[serde(flatten)]
    range: RangeParameters,
    #[serde(flatten)]
    look: LookParameters,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LookParameters {
    /// Width in pixels, 300 to 3000. 960 by default.
    #[param(value_type = Option<u32>, minimum = 300, maximum = 3000)]
    width: Option<String>,
    /// Height in pixels, 240 to 2000; a legend that has no room is cut. By default what plot and legend need.
    #[param(value_type = Option<u32>, minimum = 240, maximum = 2000)]
    height: Option<String>,
    /// Pixels of a PNG for each of `width` and `height`, 1 to 3: with 2 it is sharp on dense screens. 1 by default. A PNG has
    /// at most 8 million pixels; an SVG has none.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 3)]
    scale: Option<String>,
    /// Colours: `light`, which is the default, or `dark`.
    #[param(example = "dark")]
    theme: Option<String>,
    /// Title, at most 200 characters. By default what is told apart.
    #[param(example = "Checkout after the release")]
    title: Option<String>,
    /// Time zone of all times in the picture, an IANA name. UTC by default. Where `align` is not given, buckets start at
    /// whole steps there, by its offset from UTC at the end of the range.
    #[param(example = "Europe/Berlin")]
    timezone: Option<String>,
}

/// The routes with their description.
pub(super) fn resources() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(svg))
        .routes(routes!(png))
        .routes(routes!(report_svg))
        .routes(routes!(report_png))
}

/// The routes.
pub(super) fn router() -> Router<Arc<AppState>> {
    resources().into()
}

/// Counts over time as an SVG
///
/// What `/api/v1/range` answers to the same parameters, drawn as the pages draw it. It names fonts and holds none: the
/// viewer's own are used.
#[utoipa::path(
    get, path = "/charts/range.svg", operation_id = "getRangeSvg", tag = "charts", params(ChartParameters),
    responses((status = 200, description = "The picture", content_type = "image/svg+xml", body = String), Failure)
)]
async fn svg(
    State(state): State<Arc<AppState>>,
    who: Who,
    Parameters(given): Parameters<ChartParameters>,
) -> Result<Response, Error> {
    respond(&state, who, given, Format::Svg).await
}

/// Counts over time as a PNG
///
/// The SVG, rasterised with fonts of its own. Characters that these do not have, such as Chinese or most emoji, are empty
/// boxes.
#[utoipa::path(
    get, path = "/charts/range.png", operation_id = "getRangePng", tag = "charts", params(ChartParameters),
    responses((status = 200, description = "The picture", content_type = "image/png", body = Vec<u8>), Failure)
)]
async fn png(
    State(state): State<Arc<AppState>>,
    who: Who,
    Parameters(given): Parameters<ChartParameters>,
) -> Result<Response, Error> {
    respond(&state, who, given, Format::Png).await
}

/// Ownership at a glance, as an SVG
///
/// The counts that `/api/v1/reports/labels` reports, over time, by the values of the annotation label that `by` names.
#[utoipa::path(
    get, path = "/charts/reports/labels.svg", operation_id = "getLabelReportSvg", tag = "charts",
    params(ChartParameters),
    responses((status = 200, description = "The picture", content_type = "image/svg+xml", body = String), Failure)
)]
async fn report_svg(
    State(state): State<Arc<AppState>>,
    who: Who,
    Parameters(given): Parameters<ChartParameters>,
) -> Result<Response, Error> {
    respond(&state, who, given.of_report()?, Format::Svg).await
}

/// Ownership at a glance, as a PNG
///
/// The SVG, rasterised.
#[utoipa::path(
    get, path = "/charts/reports/labels.png", operation_id = "getLabelReportPng", tag = "charts",
    params(ChartParameters),
    responses((status = 200, description = "The picture", content_type = "image/png", body = Vec<u8>), Failure)
)]
async fn report_png(
    State(state): State<Arc<AppState>>,
    who: Who,
    Parameters(given): Parameters<ChartParameters>,
) -> Result<Response, Error> {
    respond(&state, who, given.of_report()?, Format::Png).await
}

async fn respond(state: &Arc<AppState>, who: Who, given: ChartParameters, format: Format) -> Result<Response, Error> {
    let permit = match format {
        Format::Svg => None,
        Format::Png => Some(RASTERS.acquire().await.map_err(|_| Error::unavailable("shutting down"))?),
    };
    let drawing = ask_as(state, who, move |context| Ok(given.read(context))).await??;
    // Drawn when the view of the store has been given up.
    let picture = state.read(move |_| drawing.draw(format)).await?;
    drop(permit);
    // The same address shows other counts in a moment.
    Ok(([(CONTENT_TYPE, format.content_type()), (CACHE_CONTROL, "no-cache")], picture).into_response())
}

/// The picture for these parameters, as the routes answer it: for who has no server.
///
/// # Errors
/// As the routes.
pub fn draw(context: &Context<'_>, parameters: Vec<(String, String)>, format: Format) -> Result<Vec<u8>, Error> {
    extract::parse::<ChartParameters>(parameters)?.read(context)?.draw(format)
}

/// An answer, and how it is drawn.
struct Drawing {
    query: String,
    answered: Answered,
    look: Look,
    scale: u32,
}

impl ChartParameters {
    /// The same, of a report: `by` names an annotation label.
    fn of_report(mut self) -> Result<Self, Error> {
        let label = query::report::read_label(self.range.by.as_deref())?;
        self.range.by = Some(format!("label.{label}"));
        Ok(self)
    }

    fn read(mut self, context: &Context<'_>) -> Result<Drawing, Error> {
        let (look, scale) = self.look.read()?;
        if self.range.align.is_none() {
            let range = query::time::parse_range(self.range.start.as_deref(), self.range.end.as_deref(), context.now)?;
            self.range.align = Some(offset(&look.zone, range.end));
        }
        let answered = self.range.answer(context)?;
        Ok(Drawing { query: self.range.q.unwrap_or_default(), answered, look, scale })
    }
}

impl LookParameters {
    /// The look, and the scale of a PNG.
    fn read(self) -> Result<(Look, u32), Error> {
        let number = |param, text: Option<&str>, default: u32, (min, max): (u32, u32)| {
            let number = query::number(param, text, default as usize, min as usize, max as usize)?;
            Ok::<_, Error>(number as u32)
        };
        let heights = (chart::HEIGHT_MIN, chart::HEIGHT_MAX);
        let height = self.height.as_deref().map(|text| number("height", Some(text), 0, heights)).transpose()?;
        let widths = (chart::WIDTH_MIN, chart::WIDTH_MAX);
        let width = number("width", self.width.as_deref(), chart::WIDTH_DEFAULT, widths)?;
        let scale = number("scale", self.scale.as_deref(), 1, (1, chart::SCALE_MAX))?;
        let theme = self.theme.map_or(Ok(Theme::default()), |name| {
            let found = Theme::ALL.iter().find(|(known, _)| *known == name).map(|(_, theme)| *theme);
            let known = || suggestion::known(&name, Theme::ALL.iter().map(|(name, _)| *name));
            found.ok_or_else(|| Error::bad_param("theme", format!("there is no theme {name:?}{}", known())))
        })?;
        if let Some(title) = &self.title
            && title.chars().count() > chart::TITLE_CHARS_MAX
        {
            let words = format!("title is longer than {} characters", chart::TITLE_CHARS_MAX);
            return Err(Error::bad_param("title", words));
        }
        let zone = self.timezone.map_or(Ok(Zone::default()), |name| {
            let words = || format!("timezone {name:?} is no IANA time zone such as Europe/Berlin or UTC");
            Zone::parse(&name).ok_or_else(|| Error::bad_param("timezone", words()))
        })?;
        Ok((Look { width, height, theme, title: self.title, zone }, scale))
    }
}

impl Drawing {
    fn draw(&self, format: Format) -> Result<Vec<u8>, Error> {
        let Answered { by, buckets, answer, .. } = &self.answered;
        let svg = chart::svg(&Chart { answer, by, buckets: *buckets, query: &self.query, look: &self.look });
        match format {
            Format::Svg => Ok(svg.into_bytes()),
            Format::Png => Ok(chart::png(&svg, self.scale)?),
        }
    }
}

impl Format {
    fn content_type(self) -> &'static str {
        match self {
            Self::Svg => "image/svg+xml",
            Self::Png => "image/png",
        }
    }
}

impl IntoParams for ChartParameters {
    fn into_params(parameter_in: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut all = RangeParameters::into_params(&parameter_in);
        all.extend(LookParameters::into_params(&parameter_in));
        all
    }
}

impl From<chart::Error> for Error {
    fn from(error: chart::Error) -> Self {
        match error {
            chart::Error::Raster(_) => Self::internal(error.to_string()),
            chart::Error::TooLarge { .. } => Self::bad_param("scale", error.to_string()),
        }
    }
}

/// `+02:00`, as `align` takes it.
fn offset(zone: &Zone, at: Timestamp) -> String {
    let minutes = zone.offset(at).0 / 60_000;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_bounds_are_the_ones_that_hold() {
        let described = serde_json::to_value(ChartParameters::into_params(|| None)).unwrap();
        for (name, min, max) in [
            ("width", chart::WIDTH_MIN, chart::WIDTH_MAX),
            ("height", chart::HEIGHT_MIN, chart::HEIGHT_MAX),
            ("scale", 1, chart::SCALE_MAX),
        ] {
            let all = described.as_array().unwrap();
            let one = all.iter().find(|parameter| parameter["name"] == name).unwrap();
            let (said, schema) = (one["description"].as_str().unwrap(), &one["schema"]);
            assert!(said.contains(&format!("{min} to {max}")), "{said}");
            assert_eq!((schema["minimum"].as_u64(), schema["maximum"].as_u64()), (Some(min.into()), Some(max.into())));
        }
    }

    #[test]
    fn offsets_are_written_as_align_takes_them() {
        let at = Timestamp::parse_rfc3339("2026-11-20T10:00:00Z").unwrap();
        for (zone, expect) in [("UTC", "+00:00"), ("Asia/Kathmandu", "+05:45"), ("America/St_Johns", "-03:30")] {
            assert_eq!(offset(&Zone::parse(zone).unwrap(), at), expect);
        }
    }
}

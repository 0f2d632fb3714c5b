//! `hydrophone plot`: a chart as a file, from a running server or from a data directory that no server uses.
//!
//! Both ways the picture is drawn by the code behind `/charts/range.svg`, with the same parameters, so they look alike and
//! mistakes are worded alike.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, ValueEnum};
use url::Url;

use crate::api::chart::{self, Format};
use crate::clock::Clock;
use crate::config::secret::hide_login;
use crate::query::matcher::Query;
use crate::store::{Store, guarded};
use crate::telemetry::Registry;
use crate::{app, query, search};

/// The server gives up an answer after 60 s; then it says so.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(75);

/// Bytes of a picture or of what a server answers instead. A PNG of the most pixels has fewer than four for each.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Bytes of a proxy's error page that are repeated: its first line or two.
const FOREIGN_ANSWER_CHARS_MAX: usize = 200;

pub(super) const EXAMPLES: &str = "\
Examples:
  The last 24 hours by service, from the server on this machine:
    hydrophone plot --by service -o errors.svg

  A week of one service's open errors, dark, sharp on dense screens:
    hydrophone plot --server.url https://hydrophone.example.org --query 'service:checkout is:open' \\
      --by aggregate --start now-7d --theme dark --scale 2 -o checkout.png

  Days of November in Berlin, from a copy of the data directory:
    hydrophone plot --storage.path backup --by severity --start 2026-11-01T00:00:00+01:00 \\
      --end 2026-12-01T00:00:00+01:00 --step 1d --timezone Europe/Berlin -o november.png";

#[derive(Debug, Args)]
pub(super) struct PlotFlags {
    /// Where to write the picture; `-` is standard output. The name's ending says which kind: .svg or .png.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// The kind of picture, where the file's name does not end in .svg or .png.
    #[arg(long, value_enum)]
    format: Option<Kind>,
    /// The server to ask, with the path it is served under.
    #[arg(
        long = "server.url",
        value_name = "URL",
        default_value = "http://localhost:7777",
        conflicts_with = "storage_path",
        help_heading = "Source"
    )]
    server_url: String,
    /// Read this data directory instead. No server may be using it.
    #[arg(long = "storage.path", value_name = "DIR", help_heading = "Source")]
    storage_path: Option<PathBuf>,
    #[command(flatten)]
    range: RangeFlags,
    #[command(flatten)]
    look: LookFlags,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Svg,
    Png,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "What is counted")]
struct RangeFlags {
    /// Terms that all have to hold, such as `service:checkout -severity:info`; docs/api.md has all of them. Everything by
    /// default.
    #[arg(short, long, value_name = "Q", allow_hyphen_values = true)]
    query: Option<String>,
    /// What is told apart: service, severity, state, aggregate, target.NAME or label.NAME. Nothing by default.
    #[arg(short, long, value_name = "BY")]
    by: Option<String>,
    /// How many of them are told apart, 1 to 100; the others stand together. 10 by default.
    #[arg(long, value_name = "N")]
    top: Option<String>,
    /// Begin: now-24h, RFC 3339 or Unix seconds. 24 hours before the end by default.
    #[arg(long, value_name = "TIME")]
    start: Option<String>,
    /// End. Now by default.
    #[arg(long, value_name = "TIME")]
    end: Option<String>,
    /// Width of a column, such as 10m. By default one that makes at most 180.
    #[arg(long, value_name = "DURATION")]
    step: Option<String>,
    /// Offset from UTC in which columns begin at whole steps, such as +02:00. That of the time zone by default.
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    align: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "How it looks")]
struct LookFlags {
    /// Title, at most 200 characters. By default what is told apart.
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true)]
    title: Option<String>,
    /// light or dark. light by default.
    #[arg(long, value_name = "NAME")]
    theme: Option<String>,
    /// Width in pixels, 300 to 3000. 960 by default.
    #[arg(long, value_name = "PIXELS")]
    width: Option<String>,
    /// Height in pixels, 240 to 2000. By default what plot and legend need.
    #[arg(long, value_name = "PIXELS")]
    height: Option<String>,
    /// Pixels of a PNG for each of width and height, 1 to 3: with 2 it is sharp on dense screens. 1 by default.
    #[arg(long, value_name = "N")]
    scale: Option<String>,
    /// Time zone of all times, an IANA name such as Europe/Berlin. UTC by default.
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
}

/// Draws and writes.
///
/// # Errors
/// When the picture can not be drawn or written.
pub(super) fn plot(flags: &PlotFlags) -> Result<()> {
    let format = flags.format()?;
    let picture = match &flags.storage_path {
        Some(path) => offline(path, flags.parameters(), format)?,
        None => {
            let url = flags.url(format)?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(online(url))?
        }
    };
    write(&flags.output, &picture)
}

impl PlotFlags {
    /// As the file's name says, unless it is said.
    fn format(&self) -> Result<Format> {
        let ending = self.output.extension().map(std::ffi::OsStr::to_ascii_lowercase);
        match (self.format, ending.as_ref().and_then(|ending| ending.to_str())) {
            (Some(Kind::Svg), _) | (None, Some("svg")) => Ok(Format::Svg),
            (Some(Kind::Png), _) | (None, Some("png")) => Ok(Format::Png),
            (None, _) => bail!("{} ends in neither .svg nor .png: say --format", self.output.display()),
        }
    }

    /// What is asked, in the API's names.
    fn parameters(&self) -> Vec<(String, String)> {
        let (range, look) = (&self.range, &self.look);
        let all = [
            ("q", &range.query),
            ("by", &range.by),
            ("top", &range.top),
            ("start", &range.start),
            ("end", &range.end),
            ("step", &range.step),
            ("align", &range.align),
            ("title", &look.title),
            ("theme", &look.theme),
            ("width", &look.width),
            ("height", &look.height),
            ("scale", &look.scale),
            ("timezone", &look.timezone),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?))).collect()
    }

    fn url(&self, format: Format) -> Result<Url> {
        let server = self.server_url.trim_end_matches('/');
        let name = match format {
            Format::Svg => "svg",
            Format::Png => "png",
        };
        let url = Url::parse_with_params(&format!("{server}/charts/range.{name}"), self.parameters());
        let shown = hide_login(&self.server_url);
        let url = url.with_context(|| format!("--server.url {shown:?} is no URL"))?;
        match url.scheme() {
            "http" | "https" => Ok(url),
            _ => bail!("--server.url {shown:?} is not http:// or https://"),
        }
    }
}

/// Asks a server.
async fn online(url: Url) -> Result<Vec<u8>> {
    let server = url.origin().ascii_serialization();
    let client = reqwest::Client::builder().timeout(ANSWER_TIME_MAX).build()?;
    let unreachable =
        || format!("can not reach {server}: is a server running there? (--server.url, or --storage.path)");
    let mut answer = super::authorized(client.get(url))?.send().await.with_context(unreachable)?;
    let status = answer.status();
    let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.with_context(|| format!("{server} broke off its answer"))? {
        body.extend_from_slice(&piece);
        if body.len() > ANSWER_BYTES_MAX {
            bail!("{server} answers more than {ANSWER_BYTES_MAX} bytes");
        }
    }
    if status.is_success() && kind.starts_with("image/") {
        return Ok(body);
    }
    Err(refusal(&server, status.as_u16(), &kind, &body))
}

/// What a server answered instead of a picture, in words.
fn refusal(server: &str, status: u16, kind: &str, body: &[u8]) -> anyhow::Error {
    if kind == "application/problem+json"
        && let Ok(problem) = serde_json::from_slice::<serde_json::Value>(body)
    {
        let text = |name: &str| problem.get(name).and_then(serde_json::Value::as_str);
        let detail = text("detail").unwrap_or("it does not say why");
        return match text("param") {
            Some(param) => anyhow!("{}: {detail}", flag(param)),
            None => anyhow!("{server} answers {status}: {detail}"),
        };
    }
    let words: String = String::from_utf8_lossy(body).chars().take(FOREIGN_ANSWER_CHARS_MAX).collect();
    anyhow!("{server} answers {status}, {kind:?}, and not a picture: {:?}", words.trim())
}

/// Reads a data directory.
fn offline(path: &Path, parameters: Vec<(String, String)>, format: Format) -> Result<Vec<u8>> {
    // Opening would make one where there is none.
    if !path.join("FORMAT").try_exists().with_context(|| format!("can not read {}", path.display()))? {
        bail!("{} is no data directory: there is no file FORMAT in it", path.display());
    }
    let store = Store::open_as_it_is(path)
        .context("can not open the data directory; a server that uses it can be asked itself")?;
    let (store, index) = (Arc::new(store), app::index_of(path));
    let q = parameters.iter().find(|(name, _)| name == "q").map(|(_, text)| Query::parse(text));
    if let Some(Ok(query)) = q
        && query.is_textual()
    {
        // Only text needs the index; it is made where it is missing.
        let metrics = search::Metrics::register(&mut Registry::default());
        search::Follower::new(Arc::clone(&index), app::Stored(Arc::clone(&store)), metrics)?.catch_up()?;
    }
    let index = index.snapshot();
    let view = store.view()?;
    let escalations = query::escalation::Escalations::default();
    let context = query::Context {
        view: &view,
        index: &index,
        now: Clock::system().now(),
        discovered: &[],
        me: "",
        new_for: crate::config::Triage::default().new_for,
        escalations: &escalations,
    };
    let drawn = guarded(|| Ok(chart::draw(&context, parameters, format)))?;
    drawn.map_err(|error| match error.problem().param {
        Some(param) => anyhow!("{}: {error}", flag(&param)),
        None => error.into(),
    })
}

/// The flag of a parameter.
fn flag(param: &str) -> String {
    format!("--{}", if param == "q" { "query" } else { param })
}

fn write(output: &Path, picture: &[u8]) -> Result<()> {
    let failed = || format!("can not write {}", output.display());
    if output.as_os_str() == "-" {
        return std::io::stdout().lock().write_all(picture).with_context(failed);
    }
    let mut file = std::fs::File::create(output).with_context(failed)?;
    file.write_all(picture).with_context(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_s_problem_is_told_with_the_flag_it_is_about() {
        let problem = br#"{"status":400,"detail":"there is no theme \"drak\"","param":"theme"}"#;
        let told = |kind, body: &[u8]| refusal("http://h:1", 400, kind, body).to_string();
        assert_eq!(told("application/problem+json", problem), "--theme: there is no theme \"drak\"");
        let problem = br#"{"status":400,"detail":"the query string can not be read"}"#;
        let words = "http://h:1 answers 400: the query string can not be read";
        assert_eq!(told("application/problem+json", problem), words);
        let words = "http://h:1 answers 400, \"text/html\", and not a picture: \"<h1>Bad Gateway</h1>\"";
        assert_eq!(told("text/html", b"<h1>Bad Gateway</h1>\n"), words);
        assert_eq!(flag("q"), "--query");
    }
}

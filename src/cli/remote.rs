//! Asking a running server to do what only operators may; its answer is read as it comes.

use std::io::{self, Read};

use anyhow::{Context, Result, anyhow, bail};
use tokio::runtime::Runtime;
use url::Url;

use crate::config::secret::hide_login;

/// Bytes of a server's words about why it does not answer.
const REFUSAL_BYTES_MAX: usize = 64 << 10;

/// A server's answer, read as it comes.
pub(super) struct Answer {
    runtime: Runtime,
    response: reqwest::Response,
    chunk: bytes::Bytes,
}

impl Answer {
    /// Asks a server to do something that only operators may.
    pub(super) fn post(server: &str, what: &str, parameters: &[(&str, String)]) -> Result<Self> {
        let shown = hide_login(server);
        let url = format!("{}/api/v1/admin/{what}", server.trim_end_matches('/'));
        let url = Url::parse_with_params(&url, parameters).with_context(|| format!("--server {shown:?} is no URL"))?;
        if !matches!(url.scheme(), "http" | "https") {
            bail!("--server {shown:?} is not http:// or https://");
        }
        let server = url.origin().ascii_serialization();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let client = reqwest::Client::builder().no_gzip().build()?;
        let sent = runtime.block_on(super::authorized(client.post(url)).send());
        let mut response = sent.with_context(|| format!("can not reach {server}: is a server running there?"))?;
        let status = response.status();
        if !status.is_success() {
            let body = runtime.block_on(beginning(&mut response))?;
            let problem: Option<serde_json::Value> = serde_json::from_slice(&body).ok();
            let detail = problem.as_ref().and_then(|problem| problem.get("detail")?.as_str());
            let words = detail.map_or_else(|| String::from_utf8_lossy(&body).trim().to_owned(), str::to_owned);
            return Err(anyhow!("{server} answers {}: {words}", status.as_u16()));
        }
        Ok(Self { runtime, response, chunk: bytes::Bytes::new() })
    }
}

async fn beginning(response: &mut reqwest::Response) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() >= REFUSAL_BYTES_MAX {
            break;
        }
    }
    Ok(body)
}

impl Read for Answer {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            match self.runtime.block_on(self.response.chunk()).map_err(io::Error::other)? {
                Some(chunk) => self.chunk = chunk,
                None => return Ok(0),
            }
        }
        let length = out.len().min(self.chunk.len());
        let taken = self.chunk.split_to(length);
        if let Some(out) = out.get_mut(..length) {
            out.copy_from_slice(&taken);
        }
        Ok(length)
    }
}

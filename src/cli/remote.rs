//! Asking a running server to do what only operators may; its answer is read as it comes.

use std::io::{self, Read};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::runtime::Runtime;
use url::Url;

use crate::config::secret::hide_login;
use crate::telemetry::chain;

/// Bytes of a server's words about why it does not answer.
const REFUSAL_BYTES_MAX: usize = 64 << 10;

/// A server that sends nothing for as long is given up: it may be stopped, or its machine gone, and whoever waits for it may hold a
/// lock. It gives up itself what it can not begin to answer within 60 s.
pub(super) const SILENCE_MAX: Duration = Duration::from_secs(120);

/// How long a server may send nothing.
#[derive(Clone, Copy)]
struct Patience {
    /// Before its answer begins.
    head: Duration,
    /// Between two pieces of its answer, which as a whole takes as long as it takes.
    body: Duration,
}

/// A server's answer, read as it comes.
pub(super) struct Answer {
    runtime: Runtime,
    response: reqwest::Response,
    chunk: bytes::Bytes,
    /// The server, for messages.
    server: String,
    silence_max: Duration,
}

impl Answer {
    /// Asks a server to do something that only operators may. Once it answers, it may send nothing for `silence_max`.
    ///
    /// # Errors
    /// When it does not answer, or with a refusal.
    pub(super) fn post(server: &str, what: &str, parameters: &[(&str, String)], silence_max: Duration) -> Result<Self> {
        Self::ask(server, what, parameters, Patience { head: SILENCE_MAX, body: silence_max })
    }

    fn ask(server: &str, what: &str, parameters: &[(&str, String)], patience: Patience) -> Result<Self> {
        let shown = hide_login(server);
        let url = format!("{}/api/v1/admin/{what}", server.trim_end_matches('/'));
        let url = Url::parse_with_params(&url, parameters).with_context(|| format!("--server {shown:?} is no URL"))?;
        if !matches!(url.scheme(), "http" | "https") {
            bail!("--server {shown:?} is not http:// or https://");
        }
        let (server, path, is_tls) =
            (url.origin().ascii_serialization(), url.path().to_owned(), url.scheme() == "https");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let client = reqwest::Client::builder().no_gzip().build()?;
        let request = super::authorized(client.post(url))?;
        let sent = within(&runtime, patience.head, request.send()).ok_or_else(|| silent(&server, patience.head))?;
        let mut response = sent.map_err(reqwest::Error::without_url).with_context(|| {
            let speaks = if is_tls { ", and does it speak TLS" } else { "" };
            format!("can not reach {server}: is a server running there{speaks}?")
        })?;
        let status = response.status();
        if !status.is_success() {
            let body = within(&runtime, patience.head, beginning(&mut response));
            let body = body.ok_or_else(|| silent(&server, patience.head))?;
            let problem: Option<serde_json::Value> = serde_json::from_slice(&body).ok();
            if let Some(detail) = problem.as_ref().and_then(|problem| problem.get("detail")?.as_str()) {
                bail!("{server} answers {}: {detail}", status.as_u16());
            }
            // These are not our words: something else stands there, or the server under another path.
            let words = String::from_utf8_lossy(&body).trim().to_owned();
            let words = if words.is_empty() { words } else { format!(": {words}") };
            let hint = match status.as_u16() {
                400 if !is_tls => "; does it speak TLS, so that it has to be https://?",
                404 | 405 => "; is Hydrophone served under the path that --server has?",
                _ => "",
            };
            bail!("{server}{path} answers {}{words}{hint}", status.as_u16());
        }
        Ok(Self { runtime, response, chunk: bytes::Bytes::new(), server, silence_max: patience.body })
    }
}

/// What `future` comes to; `None` when that takes longer.
fn within<T>(runtime: &Runtime, time_max: Duration, future: impl Future<Output = T>) -> Option<T> {
    // The timer has to be made on the runtime.
    runtime.block_on(async { tokio::time::timeout(time_max, future).await.ok() })
}

fn silent(server: &str, length: Duration) -> io::Error {
    let words = format!("{server} has sent nothing for {} s and is given up: is it stopped?", length.as_secs());
    io::Error::new(io::ErrorKind::TimedOut, words)
}

/// What comes of a refusal's words. Who refuses may close the connection before all of them are there.
async fn beginning(response: &mut reqwest::Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() >= REFUSAL_BYTES_MAX {
            break;
        }
    }
    body
}

/// The connection is gone before the answer is whole: the server ended, or something failed there.
fn broke_off(server: &str, error: reqwest::Error) -> io::Error {
    let why = chain(&error.without_url());
    io::Error::new(
        io::ErrorKind::ConnectionAborted,
        format!("{server} broke off its answer, and its log says why ({why})"),
    )
}

impl Read for Answer {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            let chunk = within(&self.runtime, self.silence_max, self.response.chunk());
            let chunk = chunk.ok_or_else(|| silent(&self.server, self.silence_max))?;
            match chunk.map_err(|error| broke_off(&self.server, error))? {
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

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};
    use std::sync::mpsc::sync_channel;
    use std::thread;

    use super::*;

    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

    fn ask(server: &str, patience: Patience) -> Result<Answer> {
        Answer::ask(server, "verify", &[], patience)
    }

    /// The first connection, when a request has come.
    fn asked(listener: &TcpListener) -> TcpStream {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        stream
    }

    fn seconds(head: u64, body: u64) -> Patience {
        Patience { head: Duration::from_secs(head), body: Duration::from_secs(body) }
    }

    #[test]
    fn a_server_that_does_not_begin_to_answer_is_given_up() {
        // Connections are made, and nobody ever takes them: so does a process that is stopped.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = format!("http://bob:s3cret@{}", listener.local_addr().unwrap());
        let error = ask(&server, seconds(1, 1000)).err().unwrap();
        let expect = format!(
            "http://{} has sent nothing for 1 s and is given up: is it stopped?",
            listener.local_addr().unwrap()
        );
        assert_eq!(format!("{error:#}"), expect);
    }

    #[test]
    fn an_answer_may_take_long_but_not_stop() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        let (go, told) = sync_channel(0);
        let (sent, done) = sync_channel(0);
        let serving = thread::spawn(move || {
            let mut stream = asked(&listener);
            stream.write_all(HEAD).unwrap();
            while told.recv().is_ok() {
                stream.write_all(b"1\r\nx\r\n").unwrap();
                sent.send(()).unwrap();
            }
            stream
        });
        let mut answer = ask(&server, seconds(1000, 1)).unwrap();
        let mut byte = [0];
        for _ in 0..3 {
            go.send(()).unwrap();
            done.recv().unwrap();
            assert_eq!((answer.read(&mut byte).unwrap(), byte), (1, *b"x"));
            // Whoever writes down what came takes time, too; three times this is more than a second.
            thread::sleep(Duration::from_millis(400));
        }
        let error = answer.read(&mut byte).unwrap_err();
        assert_eq!(error.to_string(), format!("{server} has sent nothing for 1 s and is given up: is it stopped?"));
        drop(go);
        // Until here the connection was open.
        drop(serving.join().unwrap());
    }

    #[test]
    fn a_refusal_that_does_not_come_is_not_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        let serving = thread::spawn(move || {
            let mut stream = asked(&listener);
            stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\nn").unwrap();
            stream
        });
        let error = ask(&server, seconds(1, 1000)).err().unwrap();
        assert!(format!("{error:#}").contains("has sent nothing for 1 s"), "{error:#}");
        drop(serving.join().unwrap());
    }
}

//! HTTP as it stands on the wire: what a client library would tidy up is sent as it is, and every byte of the answer is
//! there to look at.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer, taken apart but not decoded.
pub(crate) struct Raw {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// In how many chunks the body came; 0 when its length was announced.
    pub(crate) chunks: usize,
}

impl Raw {
    /// The header of this name; empty when there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(have, _)| have == name).map_or("", |(_, value)| value.as_str())
    }

    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// Status, content type and body at once.
    pub(crate) fn parts(&self) -> (u16, &str, &str) {
        (self.status, self.header("content-type"), self.text())
    }
}

/// Sends a request: `line` is method and path (`GET /x`), `headers` are lines (`Accept: */*`).
pub(crate) async fn send(address: &str, line: &str, headers: &[&str]) -> Raw {
    let mut request = format!("{line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for header in headers {
        request.push_str(header);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a whole head");
    let head = std::str::from_utf8(&answer[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<_> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    let rest = &answer[end + 4..];
    let (body, chunks) = if chunked { dechunk(rest) } else { (rest.to_vec(), 0) };
    Raw { status, headers, body, chunks }
}

fn dechunk(mut rest: &[u8]) -> (Vec<u8>, usize) {
    let (mut body, mut chunks) = (Vec::new(), 0);
    loop {
        let line = rest.windows(2).position(|window| window == b"\r\n").expect("a whole body");
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
        if length == 0 {
            return (body, chunks);
        }
        body.extend_from_slice(&rest[line + 2..line + 2 + length]);
        rest = &rest[line + 2 + length + 2..];
        chunks += 1;
    }
}

//! A server that answers exactly as a test says, well or badly.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// What is sent in answer to one request.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    head: Vec<u8>,
    body: Vec<u8>,
    /// How often the body is sent.
    times: usize,
    then: Then,
}

#[derive(Debug, Clone, Copy)]
enum Then {
    Keep,
    Close,
    Hang,
}

/// Runs until it is dropped.
#[derive(Debug)]
pub(super) struct Server {
    address: SocketAddr,
    seen: Arc<Seen>,
    _tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Seen {
    connections: watch::Sender<usize>,
    /// Heads of the requests.
    requests: watch::Sender<Vec<String>>,
}

type Answer = Arc<Mutex<dyn FnMut(&str) -> Reply + Send>>;

impl Reply {
    /// 200 with this body.
    pub(super) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::with("200 OK", "", body)
    }

    /// Any status, further header lines (each ending in `\r\n`), and a body of known length.
    pub(super) fn with(status: &str, headers: &str, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n", body.len()).into_bytes();
        Self { head, body, times: 1, then: Then::Keep }
    }

    /// Exactly these bytes and then the end of the connection.
    pub(super) fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self { head: bytes.into(), body: Vec::new(), times: 1, then: Then::Close }
    }

    /// A body in chunks: this piece so many times.
    pub(super) fn chunked(piece: &[u8], times: usize) -> Self {
        let mut body = format!("{:x}\r\n", piece.len()).into_bytes();
        body.extend_from_slice(piece);
        body.extend_from_slice(b"\r\n");
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        Self { head, body, times, then: Then::Keep }
    }

    /// Sends what there is and then nothing, without an end.
    pub(super) fn hanging(self) -> Self {
        Self { then: Then::Hang, ..self }
    }

    async fn send(&self, stream: &mut (impl AsyncWrite + Unpin)) -> std::io::Result<()> {
        stream.write_all(&self.head).await?;
        for _ in 0..self.times {
            stream.write_all(&self.body).await?;
        }
        if self.head.windows(7).any(|window| window == b"chunked") && matches!(self.then, Then::Keep) {
            stream.write_all(b"0\r\n\r\n").await?;
        }
        stream.flush().await?;
        if matches!(self.then, Then::Hang) {
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}

impl Server {
    /// Answers each request, given its head, by `answer`.
    pub(super) async fn start(answer: impl FnMut(&str) -> Reply + Send + 'static) -> Self {
        Self::listen(None, Arc::new(Mutex::new(answer))).await
    }

    pub(super) async fn start_tls(tls: TlsAcceptor, answer: impl FnMut(&str) -> Reply + Send + 'static) -> Self {
        Self::listen(Some(tls), Arc::new(Mutex::new(answer))).await
    }

    async fn listen(tls: Option<TlsAcceptor>, answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen { connections: watch::Sender::new(0), requests: watch::Sender::default() });
        let mut tasks = JoinSet::new();
        let counted = Arc::clone(&seen);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                counted.connections.send_modify(|count| *count += 1);
                let (seen, answer, tls) = (Arc::clone(&counted), Arc::clone(&answer), tls.clone());
                connections.spawn(async move {
                    // A client that goes away is what some tests are about.
                    let _ = match tls {
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => serve(stream, &seen, &answer).await,
                            Err(_) => Ok(()),
                        },
                        None => serve(stream, &seen, &answer).await,
                    };
                });
            }
        });
        Self { address, seen, _tasks: tasks }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn connections(&self) -> usize {
        *self.seen.connections.borrow()
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.seen.requests.borrow().clone()
    }

    /// Waits until so many requests have come.
    pub(super) async fn requested(&self, count: usize) {
        let mut requests = self.seen.requests.subscribe();
        within(requests.wait_for(|requests| requests.len() >= count)).await.unwrap();
    }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, seen: &Seen, answer: &Answer) -> std::io::Result<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        let head = String::from_utf8(head).unwrap();
        let reply = answer.lock().unwrap()(&head);
        seen.requests.send_modify(|requests| requests.push(head));
        reply.send(&mut stream).await?;
        if matches!(reply.then, Then::Close) {
            return stream.shutdown().await;
        }
    }
}

/// Fails a test that would otherwise wait for ever.
pub(super) async fn within<F: Future>(wait: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(60), wait).await.expect("it takes too long")
}

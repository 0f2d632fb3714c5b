//! Just enough of HTTP/1.1 to answer scrapes: GET, keep-alive, a length. It also knows how to misbehave.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A request's head of more bytes is not read to its end.
const HEAD_BYTES_MAX: u64 = 64 << 10;

/// How many connections one listener keeps at the same time; further ones wait.
const CONNECTIONS_MAX: usize = 256;

/// Before the next attempt, when the system has no socket for us.
const PAUSE: Duration = Duration::from_millis(50);

/// Who answers at one address.
pub(crate) trait Site: Send + Sync + 'static {
    /// What to answer to `GET path`.
    fn answer(&self, path: &str) -> Answer;

    /// The whole answer was written without an error. `receipt` is what the answer carried.
    fn written(&self, receipt: Option<u64>) {
        let _ = receipt;
    }
}

/// One answer.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A response.
    Full {
        status: u16,
        content_type: &'static str,
        body: Vec<u8>,
        /// Handed to [`Site::written`].
        receipt: Option<u64>,
    },
    /// A response whose body ends after `body`, although `length` bytes were promised.
    Cut { length: usize, body: Vec<u8> },
    /// Nothing, until the other side gives up.
    Hang,
    /// The connection is closed without a word.
    Close,
}

/// Listens at `address` while `life` is something, and does not while it is nothing. The connections of one life end with
/// it. Ends when the sender of `life` is dropped.
pub(crate) async fn keep<S: Site>(
    address: SocketAddr,
    mut listener: Option<TcpListener>,
    site: Arc<S>,
    mut life: watch::Receiver<Option<u64>>,
) {
    loop {
        let current = *life.borrow_and_update();
        if current.is_none() {
            listener = None;
            if life.changed().await.is_err() {
                return;
            }
            continue;
        }
        let Some(open) = &listener else {
            match TcpListener::bind(address).await {
                Ok(bound) => listener = Some(bound),
                // Somebody else has the port for a moment: its target stays down until it is free again.
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
            continue;
        };
        tokio::select! {
            changed = life.changed() => if changed.is_err() { return },
            never = serve(open, Arc::clone(&site)) => never,
        }
    }
}

/// Answers whoever connects to `listener`. Ends only when it is dropped, and its connections with it.
async fn serve<S: Site>(listener: &TcpListener, site: Arc<S>) -> ! {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => match accepted {
                Ok((stream, _)) => drop(connections.spawn(converse(stream, Arc::clone(&site)))),
                // Out of file descriptors, most likely: let connections end before the next attempt.
                Err(_) => tokio::time::sleep(PAUSE).await,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

async fn converse<S: Site>(stream: TcpStream, site: Arc<S>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some((path, keep_alive)) = request(&mut stream).await? {
        match site.answer(&path) {
            Answer::Full { status, content_type, body, receipt } => {
                respond(stream.get_mut(), (status, content_type), body.len(), &body, keep_alive).await?;
                site.written(receipt);
            }
            Answer::Cut { length, body } => {
                respond(stream.get_mut(), (200, "application/json"), length, &body, false).await?;
                return Ok(());
            }
            Answer::Hang => {
                // The other side's next byte, or its end.
                let _ = stream.read(&mut [0; 1]).await;
                return Ok(());
            }
            Answer::Close => return Ok(()),
        }
        if !keep_alive {
            break;
        }
    }
    Ok(())
}

/// Path of the next request and whether the connection stays; `None` at its end or when it is no GET.
async fn request(stream: &mut BufReader<TcpStream>) -> io::Result<Option<(String, bool)>> {
    let mut head = stream.take(HEAD_BYTES_MAX);
    let mut line = String::new();
    head.read_line(&mut line).await?;
    let mut words = line.split_ascii_whitespace();
    let (method, path, version) = (words.next(), words.next().map(str::to_owned), words.next());
    let (Some("GET"), Some(path)) = (method, path) else { return Ok(None) };
    let mut keep_alive = version != Some("HTTP/1.0");
    loop {
        line.clear();
        if head.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let header = line.trim_end();
        if header.is_empty() {
            return Ok(Some((path, keep_alive)));
        }
        if header.eq_ignore_ascii_case("connection: close") {
            keep_alive = false;
        }
    }
}

async fn respond(
    stream: &mut TcpStream,
    (status, content_type): (u16, &str),
    length: usize,
    body: &[u8],
    keep_alive: bool,
) -> io::Result<()> {
    let reason = match status {
        200 => "OK",
        404 => "Not Found",
        _ => "Internal Server Error",
    };
    let connection = if keep_alive { "keep-alive" } else { "close" };
    let head = format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\nConnection: {connection}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    stream.flush().await
}

//! The HTTP server: connections, TLS, their limits, and their end.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Request, Response};
use axum::{BoxError, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::answer::Answer;
use super::connection::{Busy, Connection, Overdue, Place, Places};
use super::door::Peer;
use super::metrics::Metrics;
use super::request_body::RequestBody;
use super::state::AppState;
use crate::door::Door;

/// Bytes of a request's head: a long query and some large cookies. More is answered with 431.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// Requests at once on one HTTP/2 connection: more than a page full of charts asks.
const STREAMS_MAX: u32 = 128;

/// Bytes that a client may send of one request, and of all on its HTTP/2 connection, before somebody reads them.
const STREAM_WINDOW_BYTES: u32 = 64 << 10;
const CONNECTION_WINDOW_BYTES: u32 = 256 << 10;

/// Time for running answers to end once the server stops.
const FAREWELL_TIME_MAX: Duration = Duration::from_secs(5);

/// The limits of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at one time, of all listeners together; 512 by default, as in Prometheus.
    pub connections_max: usize,
    /// Time for the next request's head to arrive, from the connection's start or the last answer's end: an idle or dripping client
    /// does not keep its place for ever. One minute by default.
    pub read_time_max: Duration,
    /// Time for the handshake of TLS. Ten seconds by default.
    pub handshake_time_max: Duration,
    /// Time in which a client has to take something of what is sent to it. One minute by default.
    pub write_time_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 512,
            read_time_max: Duration::from_secs(60),
            handshake_time_max: Duration::from_secs(10),
            write_time_max: Duration::from_secs(60),
        }
    }
}

/// Serves everything on any number of listeners.
pub struct Server {
    router: Router,
    door: Arc<Door>,
    metrics: Metrics,
    limits: Limits,
    places: Arc<Places>,
    builder: Builder<TokioExecutor>,
    is_encrypted: bool,
}

impl Server {
    /// A server of all routes.
    #[must_use]
    pub fn new(state: Arc<AppState>, limits: Limits) -> Arc<Self> {
        let (door, metrics) = (Arc::clone(&state.door), state.metrics.clone());
        let current = door.current();
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.read_time_max).max_buf_size(HEAD_BYTES_MAX);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(limits.read_time_max)
            .max_header_list_size(HEAD_BYTES_MAX as u32)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .max_concurrent_streams(STREAMS_MAX);
        let builder = if current.config.http2 { builder } else { builder.http1_only() };
        metrics.connections_max(limits.connections_max);
        Arc::new(Self {
            router: super::router(state),
            door,
            metrics,
            limits,
            places: Places::new(limits.connections_max),
            builder,
            is_encrypted: current.tls.is_some(),
        })
    }

    /// Whether TLS is spoken.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// Whether people log in with passwords.
    #[must_use]
    pub fn has_passwords(&self) -> bool {
        !self.door.current().config.users.is_empty()
    }

    /// Serves on `listener` until `stop` is cancelled, then lets running answers end, for a while.
    pub async fn serve(self: Arc<Self>, listener: TcpListener, stop: CancellationToken) {
        let is_private = is_loopback(listener.local_addr());
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                // It may hold a connection that waits for its place, so nothing else may break it off.
                accepted = self.accept(&listener) => accepted,
            };
            // Only to let go of connections that ended.
            while connections.try_join_next().is_some() {}
            let Some((stream, address, place)) = accepted else { continue };
            let is_loopback = is_loopback(stream.local_addr());
            let peer = Peer { address: address.ip().to_canonical(), is_loopback, is_private };
            let (server, stop) = (Arc::clone(&self), stop.clone());
            connections.spawn(async move {
                server.metrics.connection(1);
                server.connection(stream, peer, place, stop).await;
                server.metrics.connection(-1);
            });
        }
        drop(listener);
        let end = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(FAREWELL_TIME_MAX, end).await.is_err() {
            tracing::warn!(connections = connections.len(), "closed connections that did not end in time");
        }
        connections.shutdown().await;
    }

    /// The next connection and its place; `None` when it failed.
    async fn accept(&self, listener: &TcpListener) -> Option<(TcpStream, SocketAddr, Place)> {
        match listener.accept().await {
            Ok((stream, address)) => {
                // Answers are written whole; waiting for more of them only adds latency.
                let _ = stream.set_nodelay(true);
                let place = self.places.take(|| self.metrics.closed("gave_way")).await?;
                Some((stream, address, place))
            }
            Err(error) => {
                tracing::warn!(%error, "can not accept a connection");
                // Out of file descriptors, as a rule: trying again at once would only burn CPU.
                tokio::time::sleep(Duration::from_millis(100)).await;
                None
            }
        }
    }

    async fn connection(&self, stream: TcpStream, peer: Peer, place: Place, stop: CancellationToken) {
        if !self.is_encrypted {
            return self.requests(stream, peer, &place, &stop).await;
        }
        let handshake = tokio::time::timeout(self.limits.handshake_time_max, self.handshake(stream));
        let outcome = tokio::select! {
            () = stop.cancelled() => return,
            () = place.dismissed() => return,
            outcome = handshake => outcome,
        };
        match outcome {
            Ok(Some(stream)) => self.requests(*stream, peer, &place, &stop).await,
            Ok(None) | Err(_) => self.metrics.closed("handshake"),
        }
    }

    /// Agrees on TLS with the certificate that is in force now.
    async fn handshake(&self, mut stream: TcpStream) -> Option<Box<tokio_rustls::server::TlsStream<TcpStream>>> {
        let mut first = [0];
        stream.peek(&mut first).await.ok()?;
        if first.first().is_some_and(u8::is_ascii_uppercase) {
            // As Go answers whoever forgot the s of https.
            let words = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
            let _ = stream.write_all(words).await;
            return None;
        }
        let config = Arc::clone(self.door.current().tls.as_ref()?);
        match TlsAcceptor::from(config).accept(stream).await {
            Ok(stream) => Some(Box::new(stream)),
            Err(error) => {
                tracing::debug!(%error, "handshake failed");
                None
            }
        }
    }

    /// Answers the requests of a connection until it ends.
    async fn requests<S>(&self, stream: S, peer: Peer, place: &Place, stop: &CancellationToken)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (places, connection) = place.parts();
        let visit = Visit { router: self.router.clone(), peer, places, connection };
        let io = TokioIo::new(stream);
        let mut connection = pin!(self.builder.serve_connection(io, TowerToHyperService::new(visit)));
        let mut is_ending = false;
        loop {
            tokio::select! {
                outcome = connection.as_mut() => {
                    // A connection that breaks is the client's affair.
                    if let Err(error) = outcome {
                        tracing::debug!(error, "connection broke");
                    }
                    return;
                }
                () = stop.cancelled(), if !is_ending => {
                    connection.as_mut().graceful_shutdown();
                    is_ending = true;
                }
                () = place.dismissed() => {
                    // A request that came whole just now is answered still.
                    if !place.is_busy() {
                        return;
                    }
                    connection.as_mut().graceful_shutdown();
                }
                overdue = place.overdue(self.limits.read_time_max, self.limits.write_time_max) => {
                    self.metrics.closed(match overdue {
                        Overdue::Idle => "idle",
                        Overdue::Stalled => "stalled",
                    });
                    return;
                }
            }
        }
    }
}

fn is_loopback(address: io::Result<SocketAddr>) -> bool {
    address.is_ok_and(|address| address.ip().to_canonical().is_loopback())
}

/// All routes, as one connection's requests see them.
#[derive(Clone)]
struct Visit {
    router: Router,
    peer: Peer,
    places: Arc<Places>,
    connection: Arc<Connection>,
}

impl<B> Service<Request<B>> for Visit
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request<RequestBody>>::poll_ready(&mut self.router, context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let busy = Arc::new(Busy::new(&self.places, &self.connection));
        request.extensions_mut().insert(self.peer);
        let body_busy = Arc::clone(&busy);
        let answer = self.router.call(request.map(|body| RequestBody::new(Body::new(body), body_busy)));
        Box::pin(async move { Ok(answer.await?.map(|body| Answer::new(body, busy))) })
    }
}

//! The HTTP server: connections, their limits, and their end.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Connections at one time, as in Prometheus; more wait in the kernel's queue.
const CONNECTIONS_MAX: usize = 512;

/// Time for a request's head to arrive, so that an idle or dripping client does not keep its place for ever.
const HEAD_TIME_MAX: Duration = Duration::from_secs(60);

/// Time for running answers to end once the server stops.
const FAREWELL_TIME_MAX: Duration = Duration::from_secs(5);

/// Serves `router` on `listener` until `stop` is cancelled, then lets running answers end, for a while.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME_MAX);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(HEAD_TIME_MAX);
    let builder = Arc::new(builder);
    let service = TowerToHyperService::new(router);
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            // Only to let go of connections that ended.
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, &places) => accepted,
        };
        let Some((stream, place)) = accepted else { continue };
        let (builder, service, watcher) = (Arc::clone(&builder), service.clone(), graceful.watcher());
        connections.spawn(async move {
            let connection = builder.serve_connection(TokioIo::new(stream), service);
            // A connection that breaks is the client's affair.
            if let Err(error) = watcher.watch(connection).await {
                tracing::debug!(error, "connection broke");
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(FAREWELL_TIME_MAX, graceful.shutdown()).await.is_err() {
        tracing::warn!(connections = connections.len(), "closed connections that did not end in time");
    }
    connections.shutdown().await;
}

/// The next connection and its place; `None` when it failed.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => {
            // Answers are written whole; waiting for more of them only adds latency.
            let _ = stream.set_nodelay(true);
            Some((stream, place))
        }
        Err(error) => {
            tracing::warn!(%error, "can not accept a connection");
            // Out of file descriptors, as a rule: trying again at once would only burn CPU.
            tokio::time::sleep(Duration::from_millis(100)).await;
            None
        }
    }
}

//! TLS on loopback: accepts, bounds, and hands each request to the counter.

use super::answer::Counter;
use axum::body::Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

const MAX_CONNECTIONS: usize = 64;
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Wait after a refused accept (no file handles left), instead of spinning.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until it is aborted; its connections end with it.
pub(super) async fn serve(listener: TcpListener, tls: Arc<ServerConfig>, counter: Arc<Counter>) {
    let acceptor = TlsAcceptor::from(tls);
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
            return;
        };
        let Ok((stream, _)) = listener.accept().await else {
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        let (acceptor, counter) = (acceptor.clone(), Arc::clone(&counter));
        connections.spawn(async move {
            talk(stream, acceptor, counter).await;
            drop(permit);
        });
    }
}

/// One connection, from handshake to end. Its failures are the peer's to notice.
async fn talk(stream: TcpStream, acceptor: TlsAcceptor, counter: Arc<Counter>) {
    let Ok(Ok(stream)) = timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await else {
        tracing::debug!("a connection to the practice vault ended before its TLS handshake");
        return;
    };
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let counter = Arc::clone(&counter);
        async move { counter.answer(request.map(Body::new)).await }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection to the practice vault broke off");
    }
}

//! Runs the router on a socket, bounds what connections can cost, and ends in time: streams are told to end,
//! everything else gets a moment, and then what is left is cut off.

use super::limits::Shutdown;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::io;
use std::pin::pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::Service;

/// What answers may still take once the daemon stops. It has promised to be gone within two seconds, and what comes
/// after this needs some of them.
const LAST_ANSWERS: Duration = Duration::from_millis(1000);

/// Connections at once. 100 pages hold a few each; the rest wait in the kernel's queue and take no memory here.
const CONNECTIONS: usize = 2048;

/// How long a request's head may take, and how long a connection may stay open without one.
const HEAD_TIME: Duration = Duration::from_secs(30);

/// How long to wait when no connection can be accepted, as when the process has no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `shutdown` fires, and a moment longer for answers that have begun.
pub async fn serve(listener: TcpListener, router: Router, shutdown: CancellationToken) -> io::Result<()> {
    let router = router.layer(Extension(Shutdown(shutdown.clone())));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            Some(ended) = connections.join_next(), if !connections.is_empty() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a connection's task failed");
                }
            }
            accepted = listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, router.clone(), shutdown.clone()));
                }
                // The client gave up before its turn: nothing is wrong here.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    tracing::warn!(%error, "no connection can be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    let rest = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_ANSWERS, rest).await.is_err() {
        tracing::info!(count = connections.len(), "connections that were still open are cut off");
    }
    Ok(())
}

/// One connection, until the client closes it or the daemon stops and its last answer is out.
async fn connection(stream: TcpStream, router: Router, shutdown: CancellationToken) {
    // An event is one small packet; it must not wait for the next one.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot turn off packet coalescing");
    }
    let service = service_fn(move |request| router.clone().call(request));
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .serve_connection(TokioIo::new(stream), service);
    let mut serving = pin!(serving);
    let result = tokio::select! {
        result = serving.as_mut() => result,
        () = shutdown.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection broke");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, Bytes};
    use axum::routing::get;
    use futures::stream;
    use std::convert::Infallible;
    use std::net::SocketAddr;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// Opens a connection and reads until the first body byte, `x`, has come.
    async fn open(address: SocketAddr, path: &str) -> TcpStream {
        let mut client = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        client.write_all(request.as_bytes()).await.unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(b"x\r\n") {
            seen.push(client.read_u8().await.unwrap());
        }
        client
    }

    #[tokio::test]
    async fn stops_although_clients_hold_on() {
        // One stream that ends when it is told to, one that never ends, and one connection that asks for nothing.
        let router = Router::new()
            .route(
                "/polite",
                get(async |shutdown: Shutdown| {
                    let first = stream::iter([Ok::<_, Infallible>(Bytes::from("x"))]);
                    let rest = stream::once(async move {
                        shutdown.0.cancelled().await;
                        Ok(Bytes::from("bye"))
                    });
                    Body::from_stream(futures::StreamExt::chain(first, rest))
                }),
            )
            .route(
                "/stubborn",
                get(async || {
                    let first = stream::iter([Ok::<_, Infallible>(Bytes::from("x"))]);
                    Body::from_stream(futures::StreamExt::chain(first, stream::pending()))
                }),
            );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn(serve(listener, router, shutdown.clone()));

        let mut polite = open(address, "/polite").await;
        let _stubborn = open(address, "/stubborn").await;
        let _idle = TcpStream::connect(address).await.unwrap();
        shutdown.cancel();
        let mut rest = String::new();
        polite.read_to_string(&mut rest).await.unwrap();
        assert!(rest.contains("bye"), "{rest}");
        serving.await.unwrap().unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }
}

//! Runs the router on a socket, and ends in time: streams are told to end, everything else gets a moment, and then the
//! daemon goes.

use super::limits::Shutdown;
use axum::serve::{Listener, ListenerExt};
use axum::{Extension, Router};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// What answers may still take once the daemon stops. It has promised to be gone within two seconds, and what comes
/// after this needs some of them.
const LAST_ANSWERS: Duration = Duration::from_millis(1000);

/// Connections at once. 100 pages hold a few each; the rest wait in the kernel's queue and take no memory here.
const CONNECTIONS: usize = 2048;

/// Serves until `shutdown` fires, and a moment longer for answers that have begun.
pub async fn serve(listener: TcpListener, router: Router, shutdown: CancellationToken) -> io::Result<()> {
    let router = router.layer(Extension(Shutdown(shutdown.clone())));
    let listener = Bounded { listener, free: Arc::new(Semaphore::new(CONNECTIONS)) }.tap_io(|connection| {
        // An event is one small packet; it must not wait for the next one.
        if let Err(error) = connection.stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot turn off packet coalescing");
        }
    });
    let serving = axum::serve(listener, router).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    tokio::select! {
        result = serving => result,
        () = async { shutdown.cancelled().await; tokio::time::sleep(LAST_ANSWERS).await } => {
            tracing::info!("connections that were still open are dropped");
            Ok(())
        }
    }
}

/// A listener that accepts no more connections than it may hold.
struct Bounded {
    listener: TcpListener,
    free: Arc<Semaphore>,
}

impl Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        // Never closed, so that there always is a permit in the end.
        let permit = Arc::clone(&self.free).acquire_owned().await.ok();
        let (stream, address) = Listener::accept(&mut self.listener).await;
        (Connection { stream, _permit: permit }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that makes room for another when it is closed.
struct Connection {
    stream: TcpStream,
    _permit: Option<OwnedSemaphorePermit>,
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, Bytes};
    use axum::routing::get;
    use futures::stream;
    use std::convert::Infallible;
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

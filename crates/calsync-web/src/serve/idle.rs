//! A socket that gives up when nothing has moved for too long. Before its first byte the limit is
//! the headers': the detection of HTTP/1 or HTTP/2 has none of its own.

use std::io::{Error, ErrorKind, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

/// A socket with a limit.
pub(super) struct IdleLimit {
    socket: TcpStream,
    idle_max: Duration,
    ends: Pin<Box<Sleep>>,
}

impl IdleLimit {
    pub(super) fn new(socket: TcpStream, first_byte_within: Duration, idle_max: Duration) -> Self {
        Self { socket, idle_max, ends: Box::pin(sleep_until(Instant::now() + first_byte_within)) }
    }

    fn moved(&mut self) {
        self.ends.as_mut().reset(Instant::now() + self.idle_max);
    }

    /// Whether the limit has passed; else the task is woken when it does.
    fn check(&mut self, context: &mut Context<'_>) -> Poll<Error> {
        ready!(self.ends.as_mut().poll(context));
        Poll::Ready(Error::new(ErrorKind::TimedOut, "nothing moved on this connection for too long"))
    }
}

impl AsyncRead for IdleLimit {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        match Pin::new(&mut self.socket).poll_read(context, buffer) {
            Poll::Ready(done) => {
                self.moved();
                Poll::Ready(done)
            }
            Poll::Pending => self.check(context).map(Err),
        }
    }
}

impl IdleLimit {
    fn written(&mut self, context: &mut Context<'_>, done: Poll<Result<usize>>) -> Poll<Result<usize>> {
        match done {
            Poll::Ready(done) => {
                self.moved();
                Poll::Ready(done)
            }
            Poll::Pending => self.check(context).map(Err),
        }
    }
}

impl AsyncWrite for IdleLimit {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let done = Pin::new(&mut self.socket).poll_write(context, bytes);
        self.written(context, done)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[std::io::IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let done = Pin::new(&mut self.socket).poll_write_vectored(context, bytes);
        self.written(context, done)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

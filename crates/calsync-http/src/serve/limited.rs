//! A socket that gives up: when nothing has moved for too long, and when a request's head, once
//! begun, isn't whole in time. An idle connection that stays open between requests is no slow head,
//! so that balancers can keep theirs; hyper's own time-out doesn't tell the two apart.

use std::io::{Error, ErrorKind, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::activity::Activity;

/// How HTTP/2 begins. Its heads come in frames among others, which [`Activity`] watches.
const HTTP2_BEGINS: &[u8] = b"PRI";

/// What is being waited for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The first byte of all.
    First,
    /// The rest of a head.
    Head,
    /// Anything.
    Any,
    /// Anything, in HTTP/2.
    Http2,
}

/// A socket with limits.
pub(super) struct Limited {
    socket: TcpStream,
    activity: Activity,
    phase: Phase,
    head_within: Duration,
    idle_max: Duration,
    ends: Pin<Box<Sleep>>,
}

impl Limited {
    pub(super) fn new(
        socket: TcpStream,
        activity: Activity,
        head_within: Duration,
        idle_max: Duration,
    ) -> Self {
        let ends = Box::pin(sleep_until(Instant::now() + head_within));
        Self { socket, activity, phase: Phase::First, head_within, idle_max, ends }
    }

    fn ends_in(&mut self, limit: Duration) {
        self.ends.as_mut().reset(Instant::now() + limit);
    }

    fn has_read(&mut self, bytes: &[u8]) {
        let is_handling = self.activity.is_handling();
        match self.phase {
            Phase::Http2 => self.ends_in(self.idle_max),
            Phase::First if bytes.starts_with(HTTP2_BEGINS) => {
                self.phase = Phase::Http2;
                self.ends_in(self.idle_max);
            }
            // A body.
            _ if is_handling => {
                self.phase = Phase::Any;
                self.ends_in(self.idle_max);
            }
            // More of a head earns it no more time.
            Phase::Head => {}
            Phase::First | Phase::Any => {
                self.phase = Phase::Head;
                self.ends_in(self.head_within);
            }
        }
    }

    fn has_written(&mut self) {
        if self.phase != Phase::Http2 {
            self.phase = Phase::Any;
        }
        self.ends_in(self.idle_max);
    }

    /// Whether the limit has passed; else the task is woken when it does.
    fn check(&mut self, context: &mut Context<'_>) -> Poll<Error> {
        ready!(self.ends.as_mut().poll(context));
        Poll::Ready(Error::new(ErrorKind::TimedOut, "nothing came in time"))
    }

    fn written(&mut self, context: &mut Context<'_>, done: Poll<Result<usize>>) -> Poll<Result<usize>> {
        match done {
            Poll::Ready(done) => {
                self.has_written();
                Poll::Ready(done)
            }
            Poll::Pending => self.check(context).map(Err),
        }
    }
}

impl AsyncRead for Limited {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.socket).poll_read(context, buffer) {
            Poll::Ready(done) => {
                self.has_read(buffer.filled().get(before..).unwrap_or_default());
                Poll::Ready(done)
            }
            // While a handler works, the limit on what it does is its own.
            Poll::Pending if self.phase == Phase::Head && self.activity.is_handling() => {
                self.phase = Phase::Any;
                let idle_max = self.idle_max;
                self.ends_in(idle_max);
                self.check(context).map(Err)
            }
            Poll::Pending => self.check(context).map(Err),
        }
    }
}

impl AsyncWrite for Limited {
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

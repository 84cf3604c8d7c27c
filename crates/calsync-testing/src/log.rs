//! What is logged in a test's own thread, at its loudest.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::subscriber::{DefaultGuard, set_default};

/// The log from its beginning to its drop, of the thread that began it: for tests that run on one.
pub struct Log {
    words: Words,
    _until: DefaultGuard,
}

#[derive(Clone, Default)]
struct Words(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Begins to keep what is logged.
    #[must_use]
    pub fn begin() -> Self {
        let words = Words::default();
        let writer = words.clone();
        let log = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
        let subscriber = log.with_writer(move || writer.clone()).finish();
        Self { words, _until: set_default(subscriber) }
    }

    /// What was logged so far.
    pub fn text(&self) -> String {
        let words = self.words.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&words).into_owned()
    }
}

impl Write for Words {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

//! What is told of a panic: where it was, and its words only if they stand in the source. Words that
//! were put together may hold anything, secrets too.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write;
use std::panic::{PanicHookInfo, set_hook};

/// In place of words that were put together.
const WITHHELD: &str = "(its words are withheld, since they may hold secrets)";

/// From here on every panic is told so.
pub(crate) fn install_panic_hook() {
    set_hook(Box::new(report));
}

fn report(panic: &PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    let words = words(panic.payload());
    let backtrace = Backtrace::capture();
    let backtrace = Some(backtrace).filter(|trace| trace.status() == BacktraceStatus::Captured);
    if tracing::dispatcher::has_been_set() {
        tracing::error!(location, words, backtrace = backtrace.map(tracing::field::display), "panicked");
    } else {
        // Not `eprintln!`, which panics where nobody reads.
        let _ = writeln!(std::io::stderr(), "calsync: panicked at {location}: {words}");
    }
}

/// The words of a panic that may be read.
fn words(payload: &(dyn Any + Send)) -> &'static str {
    payload.downcast_ref::<&'static str>().copied().unwrap_or(WITHHELD)
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn only_words_of_the_source_are_told() {
        let secret = String::from("marker-of-a-secret");
        let put_together = catch_unwind(|| panic!("no use for {secret}")).expect_err("it panics");
        assert_eq!(words(&*put_together), WITHHELD);
        let unwrapped = catch_unwind(|| secret.parse::<i64>().unwrap()).expect_err("it panics");
        assert_eq!(words(&*unwrapped), WITHHELD);
        let plain = catch_unwind(|| panic!("the lease has no end")).expect_err("it panics");
        assert_eq!(words(&*plain), "the lease has no end");
    }
}

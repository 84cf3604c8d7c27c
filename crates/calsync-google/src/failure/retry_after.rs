//! How long Google asks us to wait: `Retry-After`, in seconds or as a date.
//!
//! A date is measured from the answer's own `Date`, so our clock plays no part.

use http::HeaderMap;
use http::header::{DATE, HeaderName, RETRY_AFTER};
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};

/// No word of an answer may stop sync for longer.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// Reads it, if it is there and can be read.
pub(super) fn read(headers: &HeaderMap) -> Option<SignedDuration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let asked = match text.parse::<u32>() {
        Ok(seconds) => SignedDuration::from_secs(seconds.into()),
        Err(_) => date(headers, &RETRY_AFTER)?.duration_since(date(headers, &DATE)?),
    };
    Some(asked.clamp(SignedDuration::ZERO, LONGEST))
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<Timestamp> {
    const PARSER: DateTimeParser = DateTimeParser::new();
    PARSER.parse_timestamp(headers.get(name)?.to_str().ok()?).ok()
}

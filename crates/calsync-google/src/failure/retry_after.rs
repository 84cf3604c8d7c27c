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

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn asked(retry_after: &'static str, date: Option<&'static str>) -> Option<i64> {
        let mut headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(retry_after))]);
        headers.extend(date.map(|date| (DATE, HeaderValue::from_static(date))));
        read(&headers).map(|asked| asked.as_secs())
    }

    #[test]
    fn seconds_and_dates_are_read_and_bounded() {
        let date = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        for (retry_after, date, expected) in [
            ("120", None, Some(120)),
            (" 7 ", None, Some(7)),
            ("0", date, Some(0)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", date, Some(30)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", date, Some(0)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", None, None),
            ("4000000000", None, Some(86_400)),
            ("-5", None, None),
            ("soon", date, None),
        ] {
            assert_eq!(asked(retry_after, date), expected, "{retry_after}");
        }
        assert_eq!(read(&HeaderMap::new()), None);
    }
}

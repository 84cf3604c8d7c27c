//! Text from outside as both databases can keep it: Postgres has no NUL in text.

/// The characters of `text`, with the replacement character for NUL.
pub(crate) fn sanitize(text: &str) -> impl Iterator<Item = char> {
    text.chars().map(|c| if c == '\0' { char::REPLACEMENT_CHARACTER } else { c })
}

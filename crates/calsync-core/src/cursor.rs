//! Cursors: where a list goes on. A cursor is good for the list and the filters that it came from,
//! and tells nothing but a place that its holder has seen.

use data_encoding::BASE64URL_NOPAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A place in a list.
#[derive(Serialize, Deserialize)]
struct Cursor<P> {
    /// The list and its filters.
    of: String,
    /// The last entry before the place.
    after: P,
}

/// The cursor after the entry `after` of the list `of`.
pub fn write(of: &str, after: impl Serialize) -> Option<String> {
    let cursor = Cursor { of: of.to_owned(), after };
    serde_json::to_vec(&cursor).ok().map(|json| BASE64URL_NOPAD.encode(&json))
}

/// The place that `text` names, if it is a cursor of the list `of`.
pub fn read<P: DeserializeOwned>(of: &str, text: &str) -> Option<P> {
    let json = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
    let cursor: Cursor<P> = serde_json::from_slice(&json).ok()?;
    (cursor.of == of).then_some(cursor.after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_good_for_its_own_list_alone() {
        let cursor = write("items of ana", "t1").expect("a cursor");
        assert_eq!(read::<String>("items of ana", &cursor).as_deref(), Some("t1"));
        assert_eq!(read::<String>("items of ben", &cursor), None);
        assert_eq!(read::<String>("items of ana", "no cursor"), None);
    }
}

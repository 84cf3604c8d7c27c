//! Cursors: where a list goes on. A cursor is good for the list and the filters that it came from,
//! and tells nothing but a place that its holder has seen.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
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
pub(crate) fn write(of: &str, after: impl Serialize) -> Option<String> {
    let cursor = Cursor { of: of.to_owned(), after };
    serde_json::to_vec(&cursor).ok().map(|json| URL_SAFE_NO_PAD.encode(json))
}

/// The place that `text` names, if it is a cursor of the list `of`.
pub(crate) fn read<P: DeserializeOwned>(of: &str, text: &str) -> Option<P> {
    let json = URL_SAFE_NO_PAD.decode(text).ok()?;
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

//! The id under which Google will know our event: derived, so that a retry after a lost answer
//! meets its own first try instead of making a second event.
//!
//! Google's rule: base32hex (a–v, 0–9), 5–1024 characters, never reusable after a delete; hence
//! the generation: each insert takes the next, and only one that Google never heard of is given back. A mapping's
//! generations begin with the moment in which it was made, so that an item which was forgotten, with its mappings,
//! can come back.

use data_encoding::BASE32HEX_NOPAD;
use sha2::Digest;

use crate::hash;
use crate::item::ItemKey;

/// Everything that makes an event ours and this one.
#[derive(Clone, Copy, Debug)]
pub struct EventPlace<'a> {
    /// The integration's id.
    pub integration_id: &'a str,
    /// Raised by each new connection of the same integration.
    pub epoch: i64,
    /// The calendar that holds the event.
    pub calendar_id: &'a str,
}

/// The event id for `item` at `place` in its `generation`.
pub fn event_id(place: EventPlace<'_>, item: &ItemKey, generation: i64) -> String {
    let mut hash = hash::of_parts([place.integration_id, place.calendar_id, item.kind.name(), &item.id]);
    hash.update(place.epoch.to_be_bytes());
    hash.update(generation.to_be_bytes());
    BASE32HEX_NOPAD.encode(&hash.finalize()[..20]).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::ItemKind;

    #[test]
    fn each_part_makes_another_id_and_the_same_parts_the_same() {
        let place = EventPlace { integration_id: "i", epoch: 1, calendar_id: "c" };
        let key = ItemKey { kind: ItemKind::Task, id: "t".into() };
        let base = event_id(place, &key, 1);
        assert_eq!(base, event_id(place, &key, 1));
        let other_kind = ItemKey { kind: ItemKind::Deadline, id: "t".into() };
        for other in [
            event_id(place, &key, 2),
            event_id(place, &other_kind, 1),
            event_id(EventPlace { epoch: 2, ..place }, &key, 1),
            event_id(EventPlace { calendar_id: "d", ..place }, &key, 1),
            event_id(EventPlace { integration_id: "ic", calendar_id: "", ..place }, &key, 1),
        ] {
            assert_ne!(base, other);
        }
        assert_eq!(base.len(), 32);
        assert!(base.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'v').contains(&b)));
    }
}

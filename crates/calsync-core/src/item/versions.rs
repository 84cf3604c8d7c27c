//! Which PUT or DELETE of an item comes too late.

/// The highest versions that the platform gave of an item. They outlive a deletion, so that an older
/// PUT that comes late doesn't bring the item back. Whatever has no version of its own is taken, and
/// makes nothing older newer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    /// Of its PUTs.
    pub put: Option<i64>,
    /// Of its DELETEs.
    pub deleted: Option<i64>,
}

impl Versions {
    /// The known version because of which a PUT of version `given` is refused, if it is: one that was
    /// put before, with another body or before a deletion, or one that is older than a deletion. The
    /// same body as that of the item that is there is no change, so that it isn't asked about.
    pub fn refuse_put(self, given: Option<i64>) -> Option<i64> {
        let is_late = |given| {
            self.put.is_some_and(|put| given <= put) || self.deleted.is_some_and(|deleted| given < deleted)
        };
        self.newest().filter(|_| given.is_some_and(is_late))
    }

    /// The known version because of which a DELETE of version `given` is refused, if it is: a newer one.
    pub fn refuse_delete(self, given: Option<i64>) -> Option<i64> {
        self.newest().filter(|newest| given.is_some_and(|given| given < *newest))
    }

    fn newest(self) -> Option<i64> {
        self.put.max(self.deleted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_newer_is_refused() {
        let refused = |put, deleted, given: Option<i64>| {
            let versions = Versions { put, deleted };
            (versions.refuse_put(given).is_some(), versions.refuse_delete(given).is_some())
        };
        // Known: of PUTs, of DELETEs; given; refused: a PUT, a DELETE.
        for (put, deleted, given, expected) in [
            (None, None, Some(1), (false, false)),
            (Some(5), Some(7), None, (false, false)),
            (Some(5), None, Some(4), (true, true)),
            (Some(5), None, Some(5), (true, false)),
            (Some(5), None, Some(6), (false, false)),
            (None, Some(5), Some(4), (true, true)),
            (None, Some(5), Some(5), (false, false)),
            (Some(5), Some(7), Some(6), (true, true)),
            (Some(5), Some(7), Some(7), (false, false)),
            (Some(5), Some(5), Some(5), (true, false)),
            (Some(8), Some(7), Some(7), (true, true)),
        ] {
            assert_eq!(refused(put, deleted, given), expected, "{put:?} {deleted:?} {given:?}");
        }
        assert_eq!(Versions { put: Some(5), deleted: Some(7) }.refuse_put(Some(1)), Some(7));
    }
}

//! The three-way merge, per managed field: what the platform wants, what both sides last agreed on,
//! what Google has. "Who wins" of the contract lives here and nowhere else.

use crate::item::ItemKind;
use crate::managed::{Base, Field, FieldHashes, ManagedFields};
use crate::text_enum::text_enum;

/// What a merge came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// What both sides should have now.
    pub agreed: ManagedFields,
    /// What became of each field that the user had changed in Google, now or earlier.
    pub user_edits: Vec<(Field, Verdict)>,
}

text_enum! {
    /// What became of a user's edit of a managed field.
    Verdict {
        /// It stays until a PUT changes that same field.
        Accepted => "accepted",
        /// A rule undid it.
        Undone => "undone",
        /// The platform changed the same field.
        Overwritten => "overwritten",
    }
}

/// Whether what a user changes in Google stays, where the platform did not change it too.
const fn accepts_user_edits(kind: ItemKind) -> bool {
    match kind {
        ItemKind::Task => true,
        ItemKind::Session | ItemKind::Deadline => false,
    }
}

/// Merges.
pub fn merge(kind: ItemKind, wanted: &ManagedFields, base: &Base, seen: &ManagedFields) -> Merged {
    let wanted_hashes = FieldHashes::of_wanted(wanted);
    let mut agreed = base.agreed.clone();
    let mut user_edits = Vec::new();
    for &field in Field::ALL {
        let platform_changed = !wanted_hashes.agree_on(field, &base.wanted);
        let user_changed = !seen.agrees_on(field, &base.agreed);
        match (platform_changed, user_changed) {
            (false, false) => {}
            (true, false) => {
                let is_over = accepts_user_edits(kind) && base.keeps_user_edit(field);
                if is_over && !base.agreed.agrees_on(field, wanted) {
                    user_edits.push((field, Verdict::Overwritten));
                }
                agreed.take(field, wanted);
            }
            (false, true) if accepts_user_edits(kind) => {
                agreed.take(field, seen);
                user_edits.push((field, Verdict::Accepted));
            }
            (false, true) => user_edits.push((field, Verdict::Undone)),
            (true, true) if seen.agrees_on(field, wanted) => agreed.take(field, wanted),
            (true, true) => {
                agreed.take(field, wanted);
                user_edits.push((field, Verdict::Overwritten));
            }
        }
    }
    // The name that Google gives a zone stays, and so does a user's for times that they may keep.
    let stands = |fields: &ManagedFields| seen.agrees_on(Field::When, fields);
    let undoes_times = !stands(&base.agreed) && !stands(&agreed);
    if wanted_hashes.agree_on(Field::Zone, &base.wanted) && !undoes_times {
        agreed.take(Field::Zone, seen);
    }
    Merged { agreed, user_edits }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;
    use crate::managed::When;

    fn titled(title: &str) -> ManagedFields {
        let day = |text: &str| text.parse().expect("a date");
        ManagedFields {
            title: title.into(),
            when: When::AllDay { first: day("2031-03-09"), end: day("2031-03-10") },
            location: None,
            managed_text: String::new(),
            source_url: None,
        }
    }

    /// Every combination of who changed the title, for each kind, with and without a base.
    #[test]
    fn truth_table() {
        let mut page = String::from("kind     platform  user       result\n");
        for kind in ItemKind::ALL {
            for (platform, wanted) in [("same", "base"), ("changed", "platform's")] {
                for (user, seen) in [("same", "base"), ("changed", "user's")] {
                    let base = Base::of_write(&titled("base"), titled("base"));
                    let merged = merge(kind, &titled(wanted), &base, &titled(seen));
                    let verdict = merged.user_edits.first().map(|(_, verdict)| *verdict);
                    writeln!(
                        page,
                        "{:8} {platform:9} {user:10} {} {verdict:?}",
                        kind.name(),
                        merged.agreed.title
                    )
                    .expect("a String");
                }
            }
        }
        insta::assert_snapshot!(page);
    }

    #[test]
    fn the_same_change_on_both_sides_undoes_nothing() {
        let base = Base::of_write(&titled("Read"), titled("Read"));
        let merged = merge(ItemKind::Task, &titled("✓ Read"), &base, &titled("✓ Read"));
        assert_eq!(merged, Merged { agreed: titled("✓ Read"), user_edits: Vec::new() });
    }

    #[test]
    fn an_accepted_edit_stands_until_a_put_changes_that_field() {
        // The user's title was accepted earlier: the platform still wants its own.
        let base = Base::of_write(&titled("platform's"), titled("user's"));
        let again = merge(ItemKind::Task, &titled("platform's"), &base, &titled("user's"));
        assert_eq!(again.agreed.title, "user's");
        let edited = merge(ItemKind::Task, &titled("platform's new"), &base, &titled("user's"));
        assert_eq!(edited.agreed.title, "platform's new");
        assert_eq!(again.user_edits, []);
        assert_eq!(edited.user_edits, [(Field::Title, Verdict::Overwritten)]);
    }
}

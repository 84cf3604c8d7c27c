//! The schema: one text for both databases, edited in place until the first release. A database keeps
//! the checksum of the text that made it, and is refused by a program with another text.

use std::borrow::Cow;

use sqlx::SqlStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// Names files in the order in which they make one text: what is referred to comes first.
macro_rules! texts {
    ($($name:literal,)*) => {
        /// The whole text.
        const TEXT: &str = concat!($(include_str!(concat!("../schema/", $name))),*);
        #[cfg(test)]
        const FILES: &[&str] = &[$($name),*];
    };
}

texts!["platform.sql", "pauses.sql", "connections.sql", "disconnects.sql", "history.sql", "admins.sql",];

/// What makes the schema in an empty database, and compares checksums in another one.
pub(crate) fn migrator() -> Migrator {
    let name = Cow::Borrowed("schema");
    let text = Migration::new(1, name, MigrationType::Simple, SqlStr::from_static(TEXT), false);
    let mut migrator = Migrator::with_migrations(vec![text]);
    // No advisory lock: Postgres-wire distributed databases have none.
    migrator.set_locking(false);
    migrator
}

#[cfg(test)]
mod tests {
    use super::{FILES, TEXT};

    #[test]
    fn every_file_of_the_folder_is_in_the_text() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/schema");
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
        let mut files: Vec<_> = files.map(|file| file.into_string().unwrap()).collect();
        let mut listed = FILES.to_vec();
        files.sort();
        listed.sort_unstable();
        assert_eq!(files, listed);
        for file in files {
            let text = std::fs::read_to_string(format!("{folder}/{file}")).unwrap();
            assert!(TEXT.contains(&text), "{file}");
        }
    }
}

//! The texts that make the schema, for both databases, under the same numbers and names.

use std::borrow::Cow;

use sqlx::SqlStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use crate::db::Dialect;

/// A migration: its number, its name, and its text for SQLite and for Postgres.
struct Texts {
    number: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! texts {
    ($($number:literal $name:literal,)*) => {
        [$(Texts {
            number: $number,
            name: $name,
            sqlite: include_str!(concat!("../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../migrations/postgres/", $name, ".sql")),
        }),*]
    };
}

/// All of them, in order.
const ALL: [Texts; 13] = texts![
    1 "0001_start",
    2 "0002_disconnects",
    3 "0003_sealed_answers",
    4 "0004_admins",
    5 "0005_grants_and_changes",
    6 "0006_leaving",
    7 "0007_moves",
    8 "0008_connect_endings",
    9 "0009_who_removed",
    10 "0010_webhooks",
    11 "0011_wishes_and_links",
    12 "0012_lives_versions_and_links",
    13 "0013_rounds_without_progress",
];

/// What brings a database of this kind up to date.
pub(crate) fn migrator(dialect: Dialect) -> Migrator {
    let migration = |texts: &Texts| {
        let sql = match dialect {
            Dialect::Sqlite => texts.sqlite,
            Dialect::Postgres => texts.postgres,
        };
        let name = Cow::Borrowed(texts.name);
        Migration::new(texts.number, name, MigrationType::Simple, SqlStr::from_static(sql), false)
    };
    Migrator::with_migrations(ALL.iter().map(migration).collect())
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn every_migration_of_the_folders_is_run() {
        let listed: Vec<String> = ALL.iter().map(|texts| format!("{}.sql", texts.name)).collect();
        for database in ["sqlite", "postgres"] {
            let folder = format!("{}/migrations/{database}", env!("CARGO_MANIFEST_DIR"));
            let mut files: Vec<_> = std::fs::read_dir(folder)
                .unwrap()
                .map(|file| file.unwrap().file_name().into_string().unwrap())
                .collect();
            files.sort();
            assert_eq!(files, listed, "{database}");
        }
        assert!(ALL.iter().all(|texts| texts.name.starts_with(&format!("{:04}_", texts.number))));
    }
}

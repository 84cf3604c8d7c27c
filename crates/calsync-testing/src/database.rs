//! An empty database for one test, of either kind.
//!
//! [`on_both_databases!`](crate::on_both_databases) turns one test into two, so
//! that neither database can fall behind the other. Nothing is migrated here:
//! the test opens the URL as the service would.

use tempfile::TempDir;

use crate::Postgres;

/// Which of the two databases that calsync runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseKind {
    /// A file in a temporary folder.
    Sqlite,
    /// A database in this test binary's throwaway cluster.
    Postgres,
}

/// An empty database, as a value of `database.url`.
#[derive(Debug)]
pub struct TestDatabase {
    /// `sqlite:…` or `postgres://…`.
    pub url: String,
    /// What `url` leads to.
    pub kind: DatabaseKind,
    /// Keeps SQLite's file until the test ends.
    _folder: Option<TempDir>,
}

impl TestDatabase {
    /// Makes an empty database.
    ///
    /// # Panics
    /// If it can't be made.
    pub fn new(kind: DatabaseKind) -> Self {
        match kind {
            DatabaseKind::Sqlite => {
                let folder = tempfile::tempdir().expect("a temporary folder");
                let url = format!("sqlite:{}", folder.path().join("calsync.db").display());
                Self { url, kind, _folder: Some(folder) }
            }
            DatabaseKind::Postgres => Self { url: Postgres::database(), kind, _folder: None },
        }
    }

    /// All that it holds: SQLite's files as they are, with what was deleted and not yet overwritten;
    /// Postgres' rows as its own dump writes them, bytes in hexadecimal.
    ///
    /// # Panics
    /// If it can't be read.
    pub fn contents(&self) -> Vec<u8> {
        let Some(file) = self.url.strip_prefix("sqlite:") else { return Postgres::dump(&self.url) };
        let log = std::fs::read(format!("{file}-wal")).unwrap_or_default();
        [std::fs::read(file).expect("the database's file"), log].concat()
    }

    /// The number that `sql` selects; of Postgres.
    ///
    /// # Panics
    /// If it can't be read.
    pub fn number(&self, sql: &str) -> i64 {
        Postgres::number(&self.url, sql)
    }
}

/// Runs each test on SQLite and on Postgres, as `name::on_sqlite` and `name::on_postgres`.
///
/// The calling crate needs `tokio` with its macros and multi-threaded runtime.
///
/// ```text
/// calsync_testing::on_both_databases! {
///     /// What must hold.
///     async fn a_new_database_is_empty(db: TestDatabase) {
///         assert!(db.url.contains(':'));
///     }
/// }
/// ```
#[macro_export]
macro_rules! on_both_databases {
    ($($(#[$attribute:meta])* async fn $name:ident($db:ident: TestDatabase) $(-> $end:ty)? $body:block)+) => {$(
        $(#[$attribute])*
        async fn $name($db: $crate::TestDatabase) $(-> $end)? $body

        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() $(-> $end)? {
                super::$name($crate::TestDatabase::new($crate::DatabaseKind::Sqlite)).await
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() $(-> $end)? {
                super::$name($crate::TestDatabase::new($crate::DatabaseKind::Postgres)).await
            }
        }
    )+};
}

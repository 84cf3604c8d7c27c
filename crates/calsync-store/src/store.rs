//! The store: opens either database, and begins its transactions.
//!
//! SQLite: WAL, `synchronous=FULL`, one writer (`BEGIN IMMEDIATE`), a few readers. Postgres: a
//! schema of our own on the search path, default durability.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use calsync_core::env::Entropy;
use calsync_core::ids::new_id;
use jiff::Timestamp;
use sqlx::migrate::MigrateError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, PgPool, SqlitePool};

use crate::db::{Handle, LeaseClock, Tx};
use crate::pool_usage::{PoolUsage, Waits};
use crate::secrets::Keyring;
use crate::{Result, StoreError, key_check, meta, schema};

/// Readers beside SQLite's one writer.
const SQLITE_READERS: u32 = 4;
/// Connections to Postgres a process.
const POSTGRES_CONNECTIONS: u32 = 8;
/// Prepared statements a connection: all that the service has, in every length of [`crate::rows`].
const STATEMENTS: usize = 500;
/// A connection that rested for longer is tried before it is used: it may have died meanwhile.
const POSTGRES_TRUSTED: Duration = Duration::from_secs(1);
/// Pages of the log, of 4 KiB, after which SQLite carries them over into the database.
const SQLITE_CHECKPOINT_PAGES: &str = "4000";
/// The writer's cache, in KiB when negative: the pages that a batch touches, or SQLite would write
/// them out and read them again while the transaction lasts.
const SQLITE_WRITER_CACHE: &str = "-32000";
/// How long SQLite waits for a lock that another process holds.
const SQLITE_BUSY_MS: u64 = 10_000;
/// With `_read` behind it a schema's name is still one that Postgres doesn't cut.
const SCHEMA_NAME_MAX: usize = 58;
/// Tries to make the schema. Other processes that do so at once can make one fail on the table of
/// checksums, one on ours, and one on a lock.
const SCHEMA_TRIES: usize = 4;

/// How to open a store.
pub struct StoreOptions {
    /// `sqlite:FILE` or `postgres://…`.
    pub url: String,
    /// The schema on Postgres.
    pub schema: String,
    /// Opens and seals secrets.
    pub keyring: Keyring,
    /// Ids and nonces.
    pub entropy: Arc<dyn Entropy>,
    /// The clock of leases on Postgres.
    pub lease_clock: LeaseClock,
}

enum Pool {
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    Postgres(PgPool, LeaseClock),
}

/// An open database, cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    pool: Pool,
    deployment_id: String,
    keyring: Keyring,
    entropy: Arc<dyn Entropy>,
    /// For the one who writes, on Postgres for all.
    writer_waits: Waits,
    reader_waits: Waits,
}

impl Store {
    /// Connects, makes the schema or checks that it is this version's, tries the keys and learns the
    /// deployment's id.
    pub async fn open(options: StoreOptions, now: Timestamp) -> Result<Self> {
        let pool = Pool::connect(&options).await?;
        pool.make_schema(&options.schema).await?;
        let fresh_id = new_id(now, &*options.entropy);
        let mut inner = Inner {
            pool,
            deployment_id: String::new(),
            keyring: options.keyring,
            entropy: options.entropy,
            writer_waits: Waits::default(),
            reader_waits: Waits::default(),
        };
        let mut tx = inner.pool.begin().await?;
        key_check::check(&mut tx, &inner.keyring, &*inner.entropy).await?;
        inner.deployment_id = meta::get_or_set(&mut tx, "deployment_id", &fresh_id).await?;
        tx.commit().await?;
        Ok(Self(Arc::new(inner)))
    }

    /// Begins a transaction that may write.
    pub async fn begin(&self) -> Result<Tx> {
        let _wait = self.0.writer_waits.wait();
        self.0.pool.begin().await
    }

    /// For what only reads, each statement by itself; on SQLite it doesn't wait for the writer.
    pub async fn read(&self) -> Result<Tx> {
        let Inner { pool, reader_waits, writer_waits, .. } = &*self.0;
        match pool {
            Pool::Sqlite { readers, .. } => {
                let _wait = reader_waits.wait();
                Ok(Tx::Sqlite(Handle::Reading(Box::pin(readers.acquire()).await?)))
            }
            Pool::Postgres(pool, clock) => {
                let _wait = writer_waits.wait();
                Ok(Tx::Postgres(Handle::Reading(Box::pin(pool.acquire()).await?), *clock))
            }
        }
    }

    /// How its connections are used at this moment.
    pub fn pools(&self) -> Vec<PoolUsage> {
        let Inner { pool, writer_waits, reader_waits, .. } = &*self.0;
        match pool {
            Pool::Sqlite { writer, readers } => vec![
                writer_waits.usage("writer", writer.size(), writer.num_idle()),
                reader_waits.usage("readers", readers.size(), readers.num_idle()),
            ],
            Pool::Postgres(pool, _) => vec![writer_waits.usage("all", pool.size(), pool.num_idle())],
        }
    }

    /// This installation's id, made once; stamps carry it.
    pub fn deployment_id(&self) -> &str {
        &self.0.deployment_id
    }

    /// The keys that seal secrets.
    pub fn keyring(&self) -> &Keyring {
        &self.0.keyring
    }

    /// Where ids and nonces come from.
    pub fn entropy(&self) -> &dyn Entropy {
        &*self.0.entropy
    }

    /// Whether the database belongs to one process alone.
    pub fn is_single_process(&self) -> bool {
        matches!(self.0.pool, Pool::Sqlite { .. })
    }

    /// Connections that transactions hold at this moment.
    pub fn connections_in_use(&self) -> usize {
        fn in_use<DB: sqlx::Database>(pool: &sqlx::Pool<DB>) -> usize {
            usize::try_from(pool.size()).unwrap_or(usize::MAX).saturating_sub(pool.num_idle())
        }
        match &self.0.pool {
            Pool::Sqlite { writer, readers } => in_use(writer) + in_use(readers),
            Pool::Postgres(pool, _) => in_use(pool),
        }
    }

    /// Closes every connection, so that the file can be opened elsewhere.
    pub async fn close(&self) {
        match &self.0.pool {
            Pool::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Pool::Postgres(pool, _) => pool.close().await,
        }
    }
}

impl Pool {
    async fn connect(options: &StoreOptions) -> Result<Self> {
        if options.url.starts_with("sqlite:") {
            return Self::connect_sqlite(&options.url).await;
        }
        if options.url.starts_with("postgres:") || options.url.starts_with("postgresql:") {
            return Self::connect_postgres(options).await;
        }
        Err(StoreError::Unusable("database.url must begin with sqlite: or postgres://".into()))
    }

    async fn connect_sqlite(url: &str) -> Result<Self> {
        let connect = SqliteConnectOptions::from_str(url)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_millis(SQLITE_BUSY_MS))
            .foreign_keys(true)
            .statement_cache_capacity(STATEMENTS)
            .pragma("temp_store", "memory")
            .pragma("wal_autocheckpoint", SQLITE_CHECKPOINT_PAGES);
        // A file needs no ping before each use, which would cost as much as a statement.
        let options = SqlitePoolOptions::new().test_before_acquire(false);
        let writes = connect.clone().pragma("cache_size", SQLITE_WRITER_CACHE);
        let writer = options.clone().max_connections(1).connect_with(writes).await?;
        let readers = options
            .max_connections(SQLITE_READERS)
            .connect_with(connect.pragma("query_only", "true"))
            .await?;
        Ok(Self::Sqlite { writer, readers })
    }

    async fn connect_postgres(options: &StoreOptions) -> Result<Self> {
        let StoreOptions { url, schema, .. } = options;
        let plain = schema.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if schema.is_empty() || schema.len() > SCHEMA_NAME_MAX || !plain || schema.starts_with("pg_") {
            let allowed = format!("1 to {SCHEMA_NAME_MAX} of a-z, 0-9 and _, not beginning with pg_");
            return Err(StoreError::Unusable(format!("database.schema: {schema:?} is not {allowed}")));
        }
        // Each text is planned once a connection: all of them go by an index, whatever is bound.
        let connect = PgConnectOptions::from_str(url)?
            .options([("search_path", schema.as_str()), ("plan_cache_mode", "force_generic_plan")])
            .statement_cache_capacity(STATEMENTS);
        let pool = PgPoolOptions::new()
            .max_connections(POSTGRES_CONNECTIONS)
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > POSTGRES_TRUSTED {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(connect)
            .await?;
        claim_schema(&pool, schema).await?;
        Ok(Self::Postgres(pool, options.lease_clock))
    }

    /// In boxes: `sqlx` keeps room for the making of a connection, 15 kB on Postgres, in every future that begins
    /// a transaction.
    async fn begin(&self) -> Result<Tx> {
        match self {
            Self::Sqlite { writer, .. } => {
                let tx = Box::pin(writer.begin_with("BEGIN IMMEDIATE")).await?;
                Ok(Tx::Sqlite(Handle::Transaction(tx)))
            }
            Self::Postgres(pool, clock) => {
                let tx = Box::pin(pool.begin()).await?;
                Ok(Tx::Postgres(Handle::Transaction(tx), *clock))
            }
        }
    }

    /// Processes that do this at once fail on each other's tables, and find the work done.
    async fn make_schema(&self, name: &str) -> Result<()> {
        let migrator = schema::migrator(match self {
            Self::Sqlite { .. } => None,
            Self::Postgres(..) => Some(name),
        });
        let mut tries = SCHEMA_TRIES;
        loop {
            tries -= 1;
            let done = match self {
                Self::Sqlite { writer, .. } => migrator.run(writer).await,
                Self::Postgres(pool, _) => migrator.run(pool).await,
            };
            match done {
                Ok(()) => return Ok(()),
                Err(MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_)) => {
                    return Err(self.made_by_another(name));
                }
                Err(error) if tries == 0 => return Err(error.into()),
                Err(_) => {}
            }
        }
    }

    fn made_by_another(&self, schema: &str) -> StoreError {
        let (place, way_out) = match self {
            Self::Sqlite { .. } => {
                ("The database".to_owned(), "set database.url to a file that is not there yet")
            }
            Self::Postgres(..) => {
                (format!("Schema {schema:?}"), "set database.schema to a name that is not taken yet")
            }
        };
        StoreError::Unusable(format!(
            "{place} was made by another version of calsync or by another program. This version can't upgrade \
             it, and changed nothing. A new database is needed: {way_out}"
        ))
    }
}

/// Makes the schema, or checks that the one that is there is ours: a schema that holds anything
/// but what our text makes belongs to somebody else. Refused, not touched.
async fn claim_schema(pool: &PgPool, schema: &str) -> Result<()> {
    let relations: Vec<(String,)> = sqlx::query_as(
        "SELECT c.relname::TEXT FROM pg_catalog.pg_class c
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 1",
    )
    .bind(schema)
    .fetch_all(pool)
    .await?;
    let holds = |wanted: &str| relations.iter().any(|(name,)| name == wanted);
    // Both are made in one go: a platform that uses sqlx too has only the first.
    if holds("_sqlx_migrations") && (relations.len() == 1 || holds("sync_mappings")) {
        return Ok(());
    }
    if let Some((name,)) = relations.first() {
        return Err(StoreError::Unusable(format!(
            "schema {schema:?} already holds {name:?}, which calsync did not make; \
             set database.schema to a schema of calsync's own"
        )));
    }
    // The name was checked to be of letters, digits and underscores.
    let create = sqlx::AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\""));
    match sqlx::query(create).execute(pool).await {
        Ok(_) => Ok(()),
        // Another process made it between the look and the statement.
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(()),
        Err(error) => Err(error.into()),
    }
}

//! What runs periodically and what pages ask finds its rows by an index, on a database that has all sorts of
//! them. `BIG_DATABASE=full cargo test -p calsync-store --test store plans -- --nocapture` shows the time of
//! each on a big one; `BIG_DATABASE_SEED` chooses its seed.

mod look;
mod postgres;
mod queries;
mod sqlite;

use calsync_testing::big_database::{BigDatabase, Sizes};
use calsync_testing::{DatabaseKind, on_both_databases};

use crate::world::{SCHEMA, World, at};
use look::Look;

/// Tables of a few rows, whatever the deployment's size.
const FEW_ROWS: [&str; 7] =
    ["admins", "change_feed", "connection_counts", "error_groups", "meta", "pauses", "webhook_endpoint"];

fn big_database() -> BigDatabase {
    let set = |name: &str| std::env::var_os(name).map(|value| value.into_string().unwrap());
    BigDatabase {
        sizes: set("BIG_DATABASE").map_or(Sizes::SMALL, |name| name.parse().unwrap()),
        seed: set("BIG_DATABASE_SEED").map_or(1, |seed| seed.parse().unwrap()),
        now: at(0),
    }
}

on_both_databases! {
    async fn no_query_reads_a_whole_table(db: TestDatabase) {
        let big = big_database();
        println!("{big}");
        if db.kind == DatabaseKind::Postgres {
            postgres::tell_plans(&db.url).await;
        }
        let world = World::new(db).await;
        big.fill(&world.db.url, SCHEMA, |_, _| {}).await;
        if !world.is_sqlite() && big.sizes == Sizes::SMALL {
            postgres::seem_big(&world.db.url, SCHEMA).await;
        }
        let mut look = Look::new(&world, big);
        queries::look_at_all(&mut look).await;
        for (name, time) in &look.times {
            println!("{:>9.3} ms  {name}", time.as_secs_f64() * 1_000.0);
        }
        assert!(look.bad.is_empty(), "{}", look.bad.join("\n\n"));
    }
}

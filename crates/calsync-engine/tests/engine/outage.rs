//! An outage: every connection fails at once, for the same few reasons, and nothing that happened is lost.

use calsync_core::integration::CalendarChoice;
use calsync_engine::{reconcile, roll_up};
use calsync_simulator::{FaultEffect, FaultMatch, FaultRule};
use calsync_testing::on_both_databases;
use calsync_testing::world::{World, email};
use tokio::task::JoinSet;

const USERS: usize = 12;
const TASKS: usize = 30;
const ROUNDS: usize = 4;

/// Inserts fail at random in five ways, each a group of its own.
fn outage() -> Vec<FaultRule> {
    let matches = FaultMatch { method: Some("events.insert".into()), ..FaultMatch::default() };
    let statuses = [500, 502, 503, 504, 408].into_iter();
    let rule = |status| FaultRule {
        matches: matches.clone(),
        effect: FaultEffect { status: Some(status), ..FaultEffect::default() },
        probability: Some(0.3),
        ..FaultRule::default()
    };
    statuses.map(rule).collect()
}

on_both_databases! {
    async fn passes_that_fail_together_lose_no_outcome(db: TestDatabase) {
        let world = World::new(db).await;
        for number in 0..USERS {
            let user = format!("user-{number}");
            world.account(&user);
            world.put_tasks(&user, TASKS, "").await;
            world.connect(&user, &email(&user), CalendarChoice::New).await;
        }
        let calls = world.transport.calls();
        world.google.set_faults(outage());
        for _ in 0..ROUNDS {
            let mut passes = JoinSet::new();
            for lease in reconcile::claim(&world.engine, "worker", USERS).await.unwrap() {
                let engine = world.engine.clone();
                passes.spawn(async move { reconcile::pass(&engine, &lease).await });
            }
            for ended in passes.join_all().await {
                ended.unwrap();
            }
            world.advance(600);
        }
        let stored = async |condition: &str| {
            u64::try_from(world.count("calendar_sync_logs", condition).await).unwrap()
        };
        let errors = stored("operation = 'insert' AND outcome <> 'done'").await;
        assert!(errors > 100, "{errors}: it was an outage");
        assert_eq!(stored("operation = 'insert'").await, world.requests("events.insert"));
        let good_reads = world.engine.google().good_reads();
        assert!(good_reads > 0, "what was in doubt was looked for");
        let rows = stored("TRUE").await;
        assert_eq!(rows + good_reads, world.transport.calls() - calls, "each request has its row or is counted");
        assert_eq!(world.count("error_groups", "TRUE").await, 0, "passes only add");
        roll_up::round(&world.engine).await.unwrap();
        let unequal = "errors <> (SELECT COUNT(*) FROM calendar_sync_logs l WHERE l.group_id = error_groups.id)";
        assert_eq!(world.count("error_groups", unequal).await, 0, "groups count what is there");
        assert!(world.count("error_groups", "errors > 10").await >= 4);
        let unequal = "affected_users <> (SELECT COUNT(*) FROM error_group_users u WHERE u.group_id = error_groups.id)";
        assert_eq!(world.count("error_groups", unequal).await, 0, "groups count whom they concern");
        let by_hour = "(SELECT SUM(attempts) FROM hourly_attempts) = (SELECT COUNT(*) FROM calendar_sync_logs)";
        assert_ne!(world.count("hourly_attempts", by_hour).await, 0, "each attempt is counted once");
    }
}

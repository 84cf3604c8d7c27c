//! How widely a reason strikes, of those who tried in a window.

use calsync_core::ids::new_id;
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::reason::Reason;
use calsync_store::attempts::{self, Attempt};
use calsync_store::leases;
use calsync_store::leases::passes::Release;
use calsync_store::verdicts::{self, Spread};
use calsync_testing::on_both_databases;

use crate::world::{World, at, quiet};

/// A pass over everybody's connection at `minute`; it ends in `reason` for those of `failing`.
async fn pass(world: &World, minute: i64, failing: &[&str], reason: Reason) {
    for lease in world.claim("w", at(minute)).await {
        let user = lease.lease.id.replace("integration-of-", "");
        let failed = failing.contains(&user.as_str());
        let error = Attempt {
            id: new_id(at(minute), world.store.entropy()),
            at: at(minute),
            user_id: user,
            integration_id: lease.lease.id.clone(),
            item: None,
            operation: Operation::Refresh,
            outcome: Outcome::Refused,
            reason: Some(reason),
            http_status: Some(400),
            provider_reason: None,
            provider_message: None,
            trace_id: "trace".into(),
        };
        let again = Release { due_at: Some(at(minute + 5)), succeeded: !failed, failed, ..quiet() };
        let mut tx = world.begin().await;
        if failed {
            attempts::record(&mut tx, &error).await.unwrap();
        }
        leases::passes::release(&mut tx, &lease, again, at(minute)).await.unwrap();
        tx.commit().await.unwrap();
    }
}

on_both_databases! {
    async fn those_who_met_a_reason_are_told_from_those_who_tried(db: TestDatabase) {
        let world = World::new(db).await;
        for user in ["ana", "ben", "cho", "eva"] {
            world.connected(user).await;
        }
        let school = "UPDATE user_integrations SET account_domain = 'school.example' WHERE user_id IN ('ana', 'ben')";
        world.raw().await.run(school).await;
        pass(&world, 1, &["eva"], Reason::GrantRevoked).await;
        world.raw().await.run("UPDATE user_integrations SET due_at = 99999999999999999 WHERE user_id = 'eva'").await;
        pass(&world, 10, &["ana", "cho"], Reason::GrantRevoked).await;
        let mut tx = world.read().await;
        let all = verdicts::spread(&mut tx, Reason::GrantRevoked, at(2)).await.unwrap();
        assert_eq!(all, Spread { attempting: 3, affected: 2 });
        let longer = verdicts::spread(&mut tx, Reason::GrantRevoked, at(1)).await.unwrap();
        assert_eq!(longer, Spread { attempting: 4, affected: 3 });
        let other = verdicts::spread(&mut tx, Reason::Network, at(1)).await.unwrap();
        assert_eq!(other, Spread { attempting: 4, affected: 0 });
        let school = verdicts::spread_in_domain(&mut tx, "school.example", Reason::GrantRevoked, at(2));
        assert_eq!(school.await.unwrap(), Spread { attempting: 2, affected: 1 });
    }
}

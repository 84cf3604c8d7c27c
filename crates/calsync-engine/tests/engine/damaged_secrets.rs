//! Sealed tokens that were damaged, or moved to another row: that connection stops, makes no call,
//! and its user can connect again; the others notice nothing.

use calsync_core::integration::{CalendarChoice, IntegrationState};
use calsync_core::reason::Reason;
use calsync_engine::disconnect::RemoteItems;
use calsync_testing::on_both_databases;
use calsync_testing::world::{World, email, summary};

/// What happens to a sealed value.
#[derive(Clone, Copy)]
enum Damage {
    /// One byte is another: the first, one in the middle, or the last.
    Flipped(fn(usize) -> usize),
    /// Ben's stands in its place.
    Moved,
}

const ACCESS: &str = "access_token";
const REFRESH: &str = "refresh_token";

async fn damage(world: &World, user: &str, columns: &[&str], damage: Damage) {
    for column in columns {
        let sealed = match damage {
            Damage::Moved => world.sealed("ben", column).await,
            Damage::Flipped(place) => {
                let mut sealed = world.sealed(user, column).await;
                let place = place(sealed.len());
                sealed[place] ^= 1;
                sealed
            }
        };
        world.put_sealed(user, column, &sealed).await;
    }
}

on_both_databases! {
    async fn only_that_connection_stops_and_it_can_be_made_anew(db: TestDatabase) {
        let world = World::new(db).await;
        let damages: [(&[&str], Damage); 6] = [
            (&[ACCESS], Damage::Flipped(|_| 0)),
            (&[REFRESH], Damage::Flipped(|length| length / 2)),
            (&[ACCESS, REFRESH], Damage::Flipped(|length| length - 1)),
            (&[ACCESS], Damage::Moved),
            (&[REFRESH], Damage::Moved),
            (&[ACCESS, REFRESH], Damage::Moved),
        ];
        world.synced("ben", 2).await;
        for (number, (columns, kind)) in damages.into_iter().enumerate() {
            let user = format!("user{number}");
            world.synced(&user, 2).await;
            damage(&world, &user, columns, kind).await;
            let calls = world.transport.calls();
            world.put_tasks(&user, 2, "changed").await;
            world.sync().await;
            world.advance(3_600);
            world.sync().await;
            let stopped = world.integration(&user).await;
            assert_eq!((stopped.state, stopped.reason), (IntegrationState::NeedsAction, Some(Reason::TokenUnreadable)));
            let saga = world.disconnect(&user, RemoteItems::Remove).await;
            assert_eq!(
                summary(&saga),
                "done_with_leftovers: freeze done, stop_channels skipped, remove_items could_not, \
                 revoke could_not, verify could_not, wipe done"
            );
            assert_eq!(world.transport.calls(), calls, "no call was made");
            world.connect(&user, &email(&user), CalendarChoice::New).await;
            world.sync().await;
            let events = world.events(&user, true);
            assert_eq!(events.len(), 2, "nothing is doubled");
            assert!(events.iter().all(|event| event["summary"].as_str().unwrap().ends_with("changed")));

            world.put_tasks("ben", 2, &format!("after {user}")).await;
            world.sync().await;
            let events = world.events("ben", true);
            assert!(events.iter().all(|event| event["summary"].as_str().unwrap().ends_with(&user)), "ben's work");
        }
    }
}

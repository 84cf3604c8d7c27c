//! The audit as admins read it.

use calsync_core::ids::new_id;
use calsync_store::audit::{self, AuditRow};
use calsync_testing::{SeededRng, on_both_databases};
use serde_json::json;

use crate::world::{World, at};

on_both_databases! {
    async fn deeds_are_read_newest_first_by_target_and_in_pages(db: TestDatabase) {
        let world = World::new(db).await;
        let dice = SeededRng::new(5);
        let mut tx = world.begin().await;
        for (minute, target) in [(1, "ana"), (2, "ben"), (3, "ana")] {
            let row = AuditRow {
                id: new_id(at(minute), &dice),
                admin_id: "noor".into(),
                action: "integration.disconnect".into(),
                target_id: target.into(),
                note: Some(format!("ticket {minute}")),
                metadata: json!({"provider": "google"}),
                created_at: at(minute),
            };
            audit::record(&mut tx, &row).await.unwrap();
        }
        let all = audit::list(&mut tx, None, None, 2).await.unwrap();
        let notes = |rows: &[AuditRow]| rows.iter().filter_map(|row| row.note.clone()).collect::<Vec<_>>();
        assert_eq!(notes(&all), ["ticket 3", "ticket 2"]);
        let rest = audit::list(&mut tx, None, Some(&all[1].id), 2).await.unwrap();
        assert_eq!(notes(&rest), ["ticket 1"]);
        let of_ana = audit::list(&mut tx, Some("ana"), None, 9).await.unwrap();
        assert_eq!(notes(&of_ana), ["ticket 3", "ticket 1"]);
    }
}

//! While Google refuses our client, one caller at a time tries.

use calsync_store::client_breaker;
use calsync_testing::on_both_databases;
use jiff::SignedDuration;

use crate::world::{World, at};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

on_both_databases! {
    async fn each_try_is_taken_by_one(db: TestDatabase) {
        let world = World::new(db).await;
        let mut tx = world.begin().await;
        assert_eq!(client_breaker::next_try(&mut tx).await.unwrap(), None);
        assert!(!client_breaker::take_try(&mut tx, at(0), MINUTE, at(0)).await.unwrap(), "there is none");
        for start in [3, 5] {
            client_breaker::begin(&mut tx, at(start)).await.unwrap();
            assert_eq!(client_breaker::next_try(&mut tx).await.unwrap(), Some(at(start)));
        }
        assert!(!client_breaker::take_try(&mut tx, at(3), MINUTE, at(6)).await.unwrap(), "a newer one counts");
        assert!(client_breaker::take_try(&mut tx, at(5), MINUTE, at(6)).await.unwrap());
        assert!(!client_breaker::take_try(&mut tx, at(5), MINUTE, at(6)).await.unwrap(), "it is taken");
        assert_eq!(client_breaker::next_try(&mut tx).await.unwrap(), Some(at(7)));
        client_breaker::end(&mut tx).await.unwrap();
        assert_eq!(client_breaker::next_try(&mut tx).await.unwrap(), None);
    }
}

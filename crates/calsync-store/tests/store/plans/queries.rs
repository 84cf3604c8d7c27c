//! Every query that runs periodically and every one that a page asks, each as its caller runs it.

use calsync_core::disconnect::SagaState;
use calsync_core::integration::{GOOGLE, IntegrationState};
use calsync_core::item::{ItemKey, ItemKind};
use calsync_core::outcome::Operation;
use calsync_core::reason::Reason;
use calsync_core::sync_state::SyncState;
use calsync_core::webhook::DeliveryState;
use calsync_store::items::Search;
use calsync_store::sync_errors::Filter;
use calsync_store::user_search::{self, Wanted};
use calsync_store::{
    attempts, audit, calendars, changes, clean_ups, connection_counts, consent, deleted_items, disconnects,
    freshness, idempotency, integrations, items, leases, mappings, overview, refusals, sync_errors,
    user_deletions, user_edits, users, verdicts, webhooks,
};
use calsync_testing::big_database::BigDatabase;
use jiff::{SignedDuration, Timestamp};

use super::look::Look;
use crate::world::{CLIENT, LEASE};

/// What one transaction counts or forgets.
const BATCH: i64 = 1_000;
/// What a page shows.
const SHOWN: i64 = 50;

/// Looks at all of them.
pub(super) async fn look_at_all(look: &mut Look<'_>) {
    claims(look).await;
    counts(look).await;
    retention(look).await;
    work(look).await;
    console(look).await;
    errors(look).await;
    platform(look).await;
}

fn ago(now: Timestamp, days: i64) -> Timestamp {
    now - SignedDuration::from_hours(24 * days)
}

/// What the loops ask each second.
async fn claims(look: &mut Look<'_>) {
    let now = look.now();
    look.at("worker: claim", async |tx| leases::passes::claim(tx, "w", LEASE, now, 48).await.map(drop)).await;
    look.at("worker: next due", async |tx| leases::passes::next_due(tx, now).await.map(drop)).await;
    look.at("metrics: oldest change", async |tx| freshness::oldest_waiting(tx, 10_000).await.map(drop)).await;
    look.at("disconnects: claim", async |tx| {
        leases::disconnects::claim(tx, "w", LEASE, now, 16).await.map(drop)
    })
    .await;
    look.at("disconnects: next due", async |tx| leases::disconnects::next_due(tx, now).await.map(drop)).await;
    look.at("deliveries: claim", async |tx| {
        leases::deliveries::claim(tx, "w", LEASE, now, 16).await.map(drop)
    })
    .await;
    look.at("deliveries: next due", async |tx| leases::deliveries::next_due(tx).await.map(drop)).await;
    look.at("user deletions", async |tx| user_deletions::list_ready(tx, None, 20).await.map(drop)).await;
}

/// What the roll-up does each second.
async fn counts(look: &mut Look<'_>) {
    look.at("roll-up: any attempts", async |tx| attempts::is_uncounted(tx).await.map(drop)).await;
    look.at("roll-up: attempts", async |tx| attempts::roll_up(tx, BATCH).await.map(drop)).await;
    look.at("roll-up: any states", async |tx| connection_counts::is_uncounted(tx).await.map(drop)).await;
    look.at("roll-up: states", async |tx| connection_counts::roll_up(tx, BATCH).await.map(drop)).await;
}

/// What maintenance does each hour.
async fn retention(look: &mut Look<'_>) {
    let now = look.now();
    let [few, many] = [ago(now, 29), ago(now, 80)];
    look.at("idle grants", async |tx| integrations::idle(tx, now, BATCH).await.map(drop)).await;
    look.at("forget successes", async |tx| attempts::forget_successes(tx, few, BATCH).await.map(drop)).await;
    look.at("forget attempts", async |tx| attempts::forget(tx, few, BATCH).await.map(drop)).await;
    look.at("forget refusals", async |tx| refusals::forget(tx, few, BATCH).await.map(drop)).await;
    look.at("forget changes", async |tx| changes::forget(tx, few, BATCH).await.map(drop)).await;
    look.at("forget deliveries", async |tx| webhooks::forget(tx, few, BATCH).await.map(drop)).await;
    look.at("forget links", async |tx| consent::forget_links(tx, few, BATCH).await.map(drop)).await;
    look.at("wipe verifiers", async |tx| consent::wipe_verifiers(tx, many, BATCH).await.map(drop)).await;
    look.at("forget tries", async |tx| consent::forget_attempts(tx, many, BATCH).await.map(drop)).await;
    look.at("wipe clean-ups", async |tx| clean_ups::wipe_verifiers(tx, now, BATCH).await.map(drop)).await;
    for state in [SagaState::Done, SagaState::DoneWithLeftovers] {
        let forget = async |tx: &mut _| disconnects::forget(tx, state, many, 200).await.map(drop);
        look.at("forget disconnects", forget).await;
    }
    look.at("forget items", async |tx| deleted_items::forget(tx, many, 200).await.map(drop)).await;
    look.at("forget edits", async |tx| user_edits::forget(tx, many, BATCH).await.map(drop)).await;
    look.at("forget hours", async |tx| attempts::forget_hours(tx, many, BATCH).await.map(drop)).await;
    look.at("forget groups", async |tx| attempts::forget_groups(tx, few, BATCH).await.map(drop)).await;
    look.at("forget answers", async |tx| idempotency::forget_answers(tx, now, BATCH).await.map(drop)).await;
}

/// What a pass, a disconnect and a user's deletion ask beside what they work on.
async fn work(look: &mut Look<'_>) {
    let now = look.now();
    let id = BigDatabase::integration(look.live());
    let user = BigDatabase::user(look.live());
    let saga = BigDatabase::disconnect(0);
    look.at("pass: due", async |tx| mappings::due(tx, &id, now, 200).await.map(drop)).await;
    look.at("pass: next due", async |tx| mappings::next_due(tx, &id).await.map(drop)).await;
    look.at("pass: mark due", async |tx| mappings::schedule(tx, &user, now).await.map(drop)).await;
    look.at("pass: calendars", async |tx| calendars::of_connection(tx, (&id, 1)).await.map(drop)).await;
    look.at("pass: read", async |tx| integrations::get(tx, &id).await.map(drop)).await;
    look.at("disconnect: calendars", async |tx| {
        calendars::of_disconnect(tx, (&id, 1), &saga).await.map(drop)
    })
    .await;
    look.at("disconnect: others", async |tx| {
        let saga = disconnects::get(tx, &saga).await?.unwrap();
        disconnects::others_remove(tx, &saga).await?;
        disconnects::settle_earlier(tx, &saga).await
    })
    .await;
    look.at("deletion: items", async |tx| {
        let deletion = user_deletions::list_ready(tx, None, 1).await?.remove(0);
        user_deletions::forget_items(tx, &deletion, 200).await.map(drop)
    })
    .await;
    look.at("deletion: user", async |tx| {
        let deletion = user_deletions::list_ready(tx, None, 1).await?.remove(0);
        user_deletions::forget_user(tx, &deletion).await
    })
    .await;
}

/// The console's pages but the errors, and the admin API.
async fn console(look: &mut Look<'_>) {
    let now = look.now();
    let (user, dead) = (BigDatabase::user(look.live()), BigDatabase::integration(0));
    look.at("overview: connections", async |tx| overview::connections(tx, now).await.map(drop)).await;
    look.at("overview: tries", async |tx| overview::tries(tx, ago(now, 28)).await.map(drop)).await;
    look.at("overview: disconnects", async |tx| overview::disconnects(tx, ago(now, 28)).await.map(drop))
        .await;
    let text = Some("Number 77".to_owned());
    for filter in [
        user_search::Filter::default(),
        user_search::Filter { text, ..Default::default() },
        user_search::Filter { state: Some(Wanted::In(IntegrationState::Delayed)), ..Default::default() },
    ] {
        let find = async |tx: &mut _| user_search::find(tx, &filter, None, SHOWN, now).await.map(drop);
        look.at("users: find", find).await;
    }
    look.at("user: get", async |tx| users::get(tx, &user).await.map(drop)).await;
    look.at("user: connections", async |tx| integrations::of_user(tx, &user).await.map(drop)).await;
    look.at("user: counts", async |tx| integrations::counts(tx, &dead).await.map(drop)).await;
    look.at("user: attempts", async |tx| attempts::of_user(tx, &user, SHOWN).await.map(drop)).await;
    look.at("user: tries", async |tx| consent::attempts(tx, &user, SHOWN).await.map(drop)).await;
    look.at("user: link", async |tx| consent::newest_reconnect_link(tx, &user).await.map(drop)).await;
    look.at("user: disconnects", async |tx| disconnects::of_user(tx, &user, SHOWN).await.map(drop)).await;
    look.at("user: clean-up", async |tx| disconnects::to_clean_up(tx, &user).await.map(drop)).await;
    look.at("user: dead grant", async |tx| integrations::dead_grant(tx, &dead, CLIENT, now).await.map(drop))
        .await;
    for domain in [None, Some("school4.example")] {
        let others = async |tx: &mut _| integrations::others(tx, "account-1", domain, SHOWN).await.map(drop);
        look.at("grants of others", others).await;
    }
    look.at("user: domain", async |tx| integrations::domain(tx, "school4.example", now).await.map(drop))
        .await;
    look.at("audit", async |tx| audit::list(tx, None, None, SHOWN).await.map(drop)).await;
    look.at("audit: of a target", async |tx| audit::list(tx, Some(&user), None, SHOWN).await.map(drop)).await;
}

/// Errors, groups and charts.
async fn errors(look: &mut Look<'_>) {
    let now = look.now();
    let (user, group) = (BigDatabase::user(look.live()), BigDatabase::group(7));
    let everything = Filter::default();
    for filter in [
        everything.clone(),
        Filter { user_id: Some(user), ..everything.clone() },
        Filter { group_id: Some(group.clone()), ..everything.clone() },
        Filter { operation: Some(Operation::Watch), ..everything.clone() },
        Filter { text: Some("error 96".into()), ..everything },
    ] {
        let list = async |tx: &mut _| sync_errors::list(tx, &filter, None, SHOWN).await.map(drop);
        look.at("errors", list).await;
    }
    look.at("error groups", async |tx| sync_errors::groups(tx, None, SHOWN).await.map(drop)).await;
    look.at("error group", async |tx| sync_errors::group(tx, &group).await.map(drop)).await;
    let ten_minutes_ago = now - SignedDuration::from_mins(10);
    let reason = Reason::GoogleUnavailable;
    look.at("verdict", async |tx| verdicts::spread(tx, reason, ten_minutes_ago).await.map(drop)).await;
    look.at("verdict: domain", async |tx| {
        verdicts::spread_in_domain(tx, "school4.example", reason, ten_minutes_ago).await.map(drop)
    })
    .await;
    look.at("chart", async |tx| attempts::hourly(tx, ago(now, 7), 5_000).await.map(drop)).await;
}

/// The platform's API, and the users' pages.
async fn platform(look: &mut Look<'_>) {
    let now = look.now();
    let (user, item) = (BigDatabase::user(look.live()), BigDatabase::item(look.live()));
    let kind = ItemKind::Session;
    let search = Search { user_id: &user, ..Search::default() };
    for search in [search, Search { state: Some(SyncState::Parked), with_removals: true, ..search }] {
        let list = async |tx: &mut _| items::of_user(tx, search, None, SHOWN).await.map(drop);
        look.at("items of a user", list).await;
    }
    let key = ItemKey { kind, id: item.clone() };
    look.at("item", async |tx| items::get(tx, &key).await.map(drop)).await;
    look.at("item: edits", async |tx| user_edits::of_item(tx, &key, SHOWN).await.map(drop)).await;
    look.at("item: refusals", async |tx| refusals::of_item(tx, &key, SHOWN).await.map(drop)).await;
    look.at("item: mappings", async |tx| mappings::of_item(tx, kind, &item).await.map(drop)).await;
    look.at("account", async |tx| integrations::of_account(tx, GOOGLE, "account-7").await.map(drop)).await;
    look.at("refusals", async |tx| refusals::since(tx, ago(now, 2), None, SHOWN).await.map(drop)).await;
    look.at("changes", async |tx| changes::after(tx, 1_000, SHOWN).await.map(drop)).await;
    look.at("changes: unplaced", async |tx| changes::has_unsequenced(tx).await.map(drop)).await;
    for state in [None, Some(DeliveryState::Failed)] {
        let page = async |tx: &mut _| webhooks::page(tx, state, None, SHOWN).await.map(drop);
        look.at("deliveries", page).await;
    }
}

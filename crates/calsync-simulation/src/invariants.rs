//! What must hold, whatever happened: read from the simulated Google alone.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, ensure};
use calsync_simulator::EventSnapshot;

use crate::edits::Edits;
use crate::model::Model;
use crate::observed::{Changed, Observed};
use crate::standing::{Connection, Standings};

/// Holds at every moment, also in the middle of faults. Only what changed is looked at.
pub(crate) fn always(
    observed: &Observed,
    changed: &Changed,
    standings: &Standings,
    model: &Model,
) -> anyhow::Result<()> {
    for user in &changed.users {
        user_is_left_alone(observed, standings, user)?;
    }
    for (user, item) in &changed.items {
        item_is_there_once(observed, standings, model, user, item)?;
    }
    Ok(())
}

/// A user has one calendar of ours at most, and nothing of ours once they are disconnected.
pub(crate) fn user_is_left_alone(
    observed: &Observed,
    standings: &Standings,
    user: &str,
) -> anyhow::Result<()> {
    let account = observed.of(user)?;
    let calendars = &account.our_calendars;
    let calendars_max = if standings.is_moving(user) { 2 } else { 1 };
    let is_mixed = matches!(standings.connection(user), Connection::Leftovers(_));
    ensure!(is_mixed || calendars.len() <= calendars_max, "{user} has {} calendars of ours", calendars.len());
    let has_grant = account.has_grant && !standings.may_have_spare_grant(user);
    let is_clean = calendars.is_empty() && account.events().next().is_none() && !has_grant;
    ensure!(
        !standings.is_disconnected(user) || is_clean,
        "{user} is disconnected, and something of ours is left: {account:#?}"
    );
    Ok(())
}

/// Nothing stands twice, and what a user removed stays away.
fn item_is_there_once(
    observed: &Observed,
    standings: &Standings,
    model: &Model,
    user: &str,
    item: &str,
) -> anyhow::Result<()> {
    let events: Vec<&EventSnapshot> = observed.of(user)?.of_item(item).map(|one| &one.event).collect();
    ensure!(
        !standings.is_disconnected(user) || events.is_empty(),
        "{user} is disconnected, and {item} is in their calendar"
    );
    if standings.is_moving(user) || matches!(standings.connection(user), Connection::Leftovers(_)) {
        let mut seen = BTreeMap::new();
        for event in events {
            let before = seen.insert(&event.calendar_id, &event.id);
            ensure!(before.is_none(), "{item} stands twice in {} of {user}", event.calendar_id);
        }
        return Ok(());
    }
    ensure!(
        events.is_empty() || !model.is_removed(user, item),
        "{item} came back to {user}, who had removed it"
    );
    ensure!(events.len() <= 1, "{item} stands twice in the calendar of {user}");
    Ok(())
}

/// Holds of a connected user when both sides agree: exactly what the platform wants is there, and what
/// they wrote into our events stands as far as the rules say.
pub(crate) fn settled(observed: &Observed, model: &Model, edits: &Edits, user: &str) -> anyhow::Result<()> {
    let account = observed.of(user)?;
    let found: BTreeSet<&String> = account.events().map(|one| &one.item).collect();
    ensure!(found.len() == account.events().count(), "{user} has an item in two calendars: {found:?}");
    let expected = model.expected(user);
    let wanted: BTreeSet<&String> = expected.keys().collect();
    ensure!(found == wanted, "{user} has {found:?}, and should have {wanted:?}");
    for one in account.events() {
        let expected_item = model.of_item(&one.item)?;
        edits.check(user, expected_item, &one.event).with_context(|| format!("{} of {user}", one.item))?;
    }
    Ok(())
}

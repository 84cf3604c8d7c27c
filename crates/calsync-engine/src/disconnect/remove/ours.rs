//! Which events of a calendar are ours.

use std::collections::BTreeSet;

use calsync_core::event_id::{EventPlace, event_id};
use calsync_core::remote::RemoteEvent;
use calsync_core::stamp::{INTEGRATION, stamped_item};

use super::super::carrier::Carrier;

/// Connections of the same integration whose events are looked for, newest first.
const EPOCHS_MAX: i64 = 100;

/// The filter that lists by stamp.
pub(super) fn stamp_filter(carrier: &Carrier<'_>) -> String {
    format!("{INTEGRATION}={}", carrier.integration.id)
}

/// Whether `event` of `calendar_id` is one that we made: our stamp, under an id that we derive.
pub(super) fn is_ours(carrier: &Carrier<'_>, calendar_id: &str, event: &RemoteEvent) -> bool {
    let integration = &carrier.integration;
    let stamped = stamped_item(event, carrier.engine.store().deployment_id(), &integration.id);
    let Some((item, generation)) = stamped else { return false };
    let oldest = (integration.epoch - EPOCHS_MAX).max(0) + 1;
    (oldest..=integration.epoch).rev().any(|epoch| {
        let place = EventPlace { integration_id: &integration.id, epoch, calendar_id };
        event_id(place, &item, generation) == event.id()
    })
}

/// What a list of a calendar shows.
#[derive(Default)]
pub(super) struct Found {
    /// Ids of events of ours.
    pub(super) ours: BTreeSet<String>,
    /// How many events are not ours. A changed occurrence belongs to its series.
    pub(super) foreign: usize,
    /// Series that changed occurrences belong to, as long as the series was not seen.
    of_series: Vec<String>,
}

impl Found {
    pub(super) fn look(&mut self, carrier: &Carrier<'_>, calendar_id: &str, events: &[RemoteEvent]) {
        for event in events.iter().filter(|event| !event.is_cancelled()) {
            if is_ours(carrier, calendar_id, event) {
                self.ours.insert(event.id().to_owned());
            } else if let Some(series) = event.0.get("recurringEventId").and_then(|id| id.as_str()) {
                self.of_series.push(series.to_owned());
            } else {
                self.foreign += 1;
            }
        }
    }

    /// How many events are not ours, once the whole list was seen.
    pub(super) fn foreign(&self) -> usize {
        self.foreign + self.of_series.iter().filter(|series| !self.ours.contains(*series)).count()
    }
}

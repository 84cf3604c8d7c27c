//! A calendar that we made goes as a whole, after a look that nothing else is in it.

use calsync_core::outcome::Operation;
use calsync_google::{Deleted, ListQuery};

use super::super::carrier::{Carrier, Taken};
use super::Trouble;
use super::ours::Found;
use crate::EngineError;

/// Google's limit for a page.
const EVENTS_A_PAGE: u32 = 2_500;
/// 100,000 events: a calendar with more is emptied event by event.
const PAGES_MAX: usize = 40;

/// Removes the calendar; none if something else is in it, so that events go one by one.
pub(super) async fn remove(
    carrier: &mut Carrier<'_>,
    calendar_id: &str,
) -> Result<Result<Option<Taken>, Trouble>, EngineError> {
    let found = match look(carrier, calendar_id).await? {
        Ok(Some(found)) if found.foreign() == 0 => found,
        Ok(_) => return Ok(Ok(None)),
        Err(trouble) => return Ok(Err(trouble)),
    };
    let delete = carrier.call(Operation::DeleteCalendar, |google, token| async move {
        google.delete_calendar(&token, calendar_id).await
    });
    let deleted = delete.await?;
    let items = found.ours.len();
    Ok(deleted.map(|deleted| match deleted {
        Deleted::Done => {
            Some(Taken::done(format!("The calendar that we made is removed, with {items} items.")))
        }
        Deleted::AlreadySo => Some(Taken::already_so("The calendar that we made was gone.")),
    }))
}

/// Everything in the calendar; none if that is too much to look at.
async fn look(
    carrier: &mut Carrier<'_>,
    calendar_id: &str,
) -> Result<Result<Option<Found>, Trouble>, EngineError> {
    let mut found = Found::default();
    let mut query = ListQuery { max_results: Some(EVENTS_A_PAGE), ..ListQuery::default() };
    for _ in 0..PAGES_MAX {
        let page = match carrier.list(calendar_id, &query).await? {
            Ok(page) => page,
            Err(trouble) => return Ok(Err(trouble)),
        };
        found.look(carrier, calendar_id, &page.events);
        match page.next_page_token {
            Some(next) => query.page_token = Some(next),
            None => return Ok(Ok(Some(found))),
        }
    }
    Ok(Ok(None))
}

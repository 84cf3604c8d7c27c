//! `events.get`. Deleted events are still there, with status `cancelled`.

use super::{lookup, shape};
use crate::api_error::ApiError;
use crate::calendar::{Context, Reply};

pub(in crate::calendar) fn get(context: &mut Context<'_>) -> Result<Reply, ApiError> {
    let (calendar, role) = context.calendar()?;
    let event = lookup::find(calendar, context.call.item_id())?;
    let view = shape::View::read(&context.call.query, role)?;
    Ok(Reply::item(view.show(&event)))
}

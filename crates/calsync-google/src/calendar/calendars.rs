//! Calendars: which there are, and those of ours, made and removed.
//!
//! Google lets no client choose a calendar's id, so a caller that lost the answer to an insert must
//! search the list for its marker in `description` before it makes another.

use calsync_core::outcome::Operation;
use form_urlencoded::Serializer;
use http::Method;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::Deleted;
use crate::answer::Answer;
use crate::call::{Call, GoogleClient, push_segment};
use crate::failure::{ErrorSource, Failure};

/// Google's limit for a page.
const PAGE_ENTRIES: &str = "250";
/// 10,000 calendars: nobody has as many, so a list that goes on goes round in circles.
const PAGES_MAX: usize = 40;

/// What the account may do with a calendar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AccessRole {
    /// See when it is busy.
    FreeBusyReader,
    /// Read.
    Reader,
    /// Write, but not what is private.
    WriterWithoutPrivateAccess,
    /// Write.
    Writer,
    /// Everything.
    Owner,
    /// Google didn't say, or said something new.
    #[default]
    #[serde(other)]
    Other,
}

impl AccessRole {
    /// Whether every event of ours can be written there, also once its user makes it private.
    pub const fn can_write(self) -> bool {
        matches!(self, Self::Writer | Self::Owner)
    }
}

/// A calendar as the account sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarEntry {
    /// Google's id of it.
    pub id: String,
    /// Its name, the account's own for it if there is one.
    pub summary: String,
    /// Its description.
    pub description: Option<String>,
    /// What the account may do with it.
    pub access_role: AccessRole,
    /// Whether it is the account's first one.
    pub primary: bool,
    /// Whether the account hides it.
    pub hidden: bool,
    /// Its IANA zone.
    pub time_zone: Option<String>,
}

/// `CalendarListEntry`, and `Calendar`, which holds less.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EntryAnswer {
    id: String,
    #[serde(default)]
    summary: String,
    summary_override: Option<String>,
    description: Option<String>,
    #[serde(default)]
    access_role: AccessRole,
    #[serde(default)]
    primary: bool,
    #[serde(default)]
    hidden: bool,
    time_zone: Option<String>,
}

impl EntryAnswer {
    fn is_sound(&self) -> bool {
        !self.id.is_empty()
    }
}

impl From<EntryAnswer> for CalendarEntry {
    fn from(answer: EntryAnswer) -> Self {
        Self {
            id: answer.id,
            summary: answer.summary_override.unwrap_or(answer.summary),
            description: answer.description,
            access_role: answer.access_role,
            primary: answer.primary,
            hidden: answer.hidden,
            time_zone: answer.time_zone,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListAnswer {
    kind: String,
    #[serde(default)]
    items: Vec<EntryAnswer>,
    next_page_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewCalendar<'a> {
    summary: &'a str,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone: Option<&'a str>,
}

impl GoogleClient {
    /// All calendars of the account's list, also hidden ones. One call for each 250.
    ///
    /// # Errors
    /// `answer_garbled` if the list doesn't end.
    pub async fn list_calendars(&self, access_token: &SecretString) -> Result<Vec<CalendarEntry>, Failure> {
        let mut entries = Vec::new();
        let mut page_token: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let page = self.list_calendars_page(access_token, page_token.as_deref()).await?;
            entries.extend(page.items.into_iter().map(CalendarEntry::from));
            page_token = page.next_page_token;
            if page_token.is_none() {
                return Ok(entries);
            }
        }
        Err(Failure::endless_list())
    }

    async fn list_calendars_page(
        &self,
        access_token: &SecretString,
        page_token: Option<&str>,
    ) -> Result<ListAnswer, Failure> {
        let url = self.calendar_list_url(page_token);
        let source = ErrorSource::Calendar(Operation::List);
        let call = Call::api("calendarList.list", source, Method::GET, url, access_token);
        let sound = |page: &ListAnswer| {
            page.kind == "calendar#calendarList" && page.items.iter().all(EntryAnswer::is_sound)
        };
        self.send(call, |answer| answer.json(sound)).await
    }

    fn calendar_list_url(&self, page_token: Option<&str>) -> String {
        let url = format!("{}/users/me/calendarList?", self.endpoints().calendar_url);
        let start = url.len();
        let mut query = Serializer::for_suffix(url, start);
        query.append_pair("maxResults", PAGE_ENTRIES).append_pair("showHidden", "true");
        if let Some(token) = page_token {
            query.append_pair("pageToken", token);
        }
        query.finish()
    }

    /// One calendar of the account's list; none if it isn't there. (`calendars.get` would need a
    /// permission that we don't ask for, and doesn't say what the account may do.)
    ///
    /// # Errors
    /// Any but `calendar_gone` for a 404.
    pub async fn get_calendar(
        &self,
        access_token: &SecretString,
        calendar_id: &str,
    ) -> Result<Option<CalendarEntry>, Failure> {
        let mut url = format!("{}/users/me/calendarList/", self.endpoints().calendar_url);
        push_segment(&mut url, calendar_id)?;
        let source = ErrorSource::Calendar(Operation::Get);
        let call = Call::api("calendarList.get", source, Method::GET, url, access_token);
        match self.send(call, |answer| answer.json(EntryAnswer::is_sound)).await {
            Ok(entry) => Ok(Some(entry.into())),
            Err(failure) if failure.is_calendar_absent() => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Makes a calendar of the account's own, which Google also puts into its list.
    ///
    /// # Errors
    /// Any. If its outcome is unknown, search the list before making another.
    pub async fn insert_calendar(
        &self,
        access_token: &SecretString,
        summary: &str,
        description: &str,
        time_zone: Option<&str>,
    ) -> Result<CalendarEntry, Failure> {
        let url = format!("{}/calendars", self.endpoints().calendar_url);
        let source = ErrorSource::Calendar(Operation::CreateCalendar);
        let body = NewCalendar { summary, description, time_zone };
        let call = Call::api("calendars.insert", source, Method::POST, url, access_token).json(&body);
        let made: EntryAnswer = self.send(call, |answer| answer.json(EntryAnswer::is_sound)).await?;
        Ok(CalendarEntry { access_role: AccessRole::Owner, ..made.into() })
    }

    /// Removes a calendar and everything in it. Only for calendars of ours.
    ///
    /// # Errors
    /// Any, but for a calendar that is gone already.
    pub async fn delete_calendar(
        &self,
        access_token: &SecretString,
        calendar_id: &str,
    ) -> Result<Deleted, Failure> {
        let url = self.calendar_url(calendar_id, 0)?;
        let source = ErrorSource::Calendar(Operation::DeleteCalendar);
        let call = Call::api("calendars.delete", source, Method::DELETE, url, access_token);
        match self.send(call, Answer::empty).await {
            Ok(()) => Ok(Deleted::Done),
            Err(failure) if failure.is_calendar_absent() => Ok(Deleted::AlreadySo),
            Err(failure) => Err(failure),
        }
    }
}

//! The methods that exist: their paths, names, prices and scopes.
//!
//! Source: Google's discovery document for paths and scopes, its quota guide for the prices.
//! What isn't here (acl, watch, quickAdd, channels …) doesn't exist for a caller: 404.

use http::Method;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    CalendarListList,
    CalendarListGet,
    CalendarsGet,
    CalendarsInsert,
    CalendarsPatch,
    CalendarsUpdate,
    CalendarsDelete,
    EventsList,
    EventsGet,
    EventsInsert,
    EventsImport,
    EventsInstances,
    EventsMove,
    EventsUpdate,
    EventsPatch,
    EventsDelete,
    FreebusyQuery,
    SettingsList,
    SettingsGet,
    ColorsGet,
}

/// A method with the ids that its path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) operation: Operation,
    pub(crate) calendar_id: Option<String>,
    /// The event's, or the setting's.
    pub(crate) item_id: Option<String>,
}

impl Route {
    /// Finds the method for the decoded segments of a path below `/calendar/v3`.
    pub(crate) fn find(method: &Method, segments: &[String]) -> Option<Self> {
        use Operation as Op;
        let path: Vec<&str> = segments.iter().map(String::as_str).collect();
        let (operation, calendar, item) = match (method.as_str(), path.as_slice()) {
            ("GET", ["users", "me", "calendarList"]) => (Op::CalendarListList, None, None),
            ("GET", ["users", "me", "calendarList", id]) => (Op::CalendarListGet, Some(*id), None),
            ("GET", ["users", "me", "settings"]) => (Op::SettingsList, None, None),
            ("GET", ["users", "me", "settings", id]) => (Op::SettingsGet, None, Some(*id)),
            ("GET", ["colors"]) => (Op::ColorsGet, None, None),
            ("POST", ["freeBusy"]) => (Op::FreebusyQuery, None, None),
            ("POST", ["calendars"]) => (Op::CalendarsInsert, None, None),
            ("GET", ["calendars", id]) => (Op::CalendarsGet, Some(*id), None),
            ("PATCH", ["calendars", id]) => (Op::CalendarsPatch, Some(*id), None),
            ("PUT", ["calendars", id]) => (Op::CalendarsUpdate, Some(*id), None),
            ("DELETE", ["calendars", id]) => (Op::CalendarsDelete, Some(*id), None),
            ("GET", ["calendars", id, "events"]) => (Op::EventsList, Some(*id), None),
            ("POST", ["calendars", id, "events"]) => (Op::EventsInsert, Some(*id), None),
            ("POST", ["calendars", id, "events", "import"]) => (Op::EventsImport, Some(*id), None),
            ("GET", ["calendars", id, "events", event]) => (Op::EventsGet, Some(*id), Some(*event)),
            ("PUT", ["calendars", id, "events", event]) => (Op::EventsUpdate, Some(*id), Some(*event)),
            ("PATCH", ["calendars", id, "events", event]) => (Op::EventsPatch, Some(*id), Some(*event)),
            ("DELETE", ["calendars", id, "events", event]) => (Op::EventsDelete, Some(*id), Some(*event)),
            ("GET", ["calendars", id, "events", event, "instances"]) => {
                (Op::EventsInstances, Some(*id), Some(*event))
            }
            ("POST", ["calendars", id, "events", event, "move"]) => (Op::EventsMove, Some(*id), Some(*event)),
            _ => return None,
        };
        Some(Self { operation, calendar_id: calendar.map(str::to_owned), item_id: item.map(str::to_owned) })
    }
}

impl Operation {
    /// The method's name as in the discovery document, without `calendar.`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CalendarListList => "calendarList.list",
            Self::CalendarListGet => "calendarList.get",
            Self::CalendarsGet => "calendars.get",
            Self::CalendarsInsert => "calendars.insert",
            Self::CalendarsPatch => "calendars.patch",
            Self::CalendarsUpdate => "calendars.update",
            Self::CalendarsDelete => "calendars.delete",
            Self::EventsList => "events.list",
            Self::EventsGet => "events.get",
            Self::EventsInsert => "events.insert",
            Self::EventsImport => "events.import",
            Self::EventsInstances => "events.instances",
            Self::EventsMove => "events.move",
            Self::EventsUpdate => "events.update",
            Self::EventsPatch => "events.patch",
            Self::EventsDelete => "events.delete",
            Self::FreebusyQuery => "freebusy.query",
            Self::SettingsList => "settings.list",
            Self::SettingsGet => "settings.get",
            Self::ColorsGet => "colors.get",
        }
    }

    /// Quota units: a patch is a read and a write and is charged three, everything else one.
    pub(crate) fn units(self) -> u64 {
        if self == Self::EventsPatch { 3 } else { 1 }
    }

    /// The scopes of which a token needs one, without `https://www.googleapis.com/auth/`.
    pub(crate) fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::CalendarListList => {
                &["calendar", "calendar.calendarlist", "calendar.calendarlist.readonly", "calendar.readonly"]
            }
            Self::CalendarListGet => &[
                "calendar",
                "calendar.app.created",
                "calendar.calendarlist",
                "calendar.calendarlist.readonly",
                "calendar.readonly",
            ],
            Self::CalendarsGet => &[
                "calendar",
                "calendar.app.created",
                "calendar.calendars",
                "calendar.calendars.readonly",
                "calendar.readonly",
            ],
            Self::CalendarsInsert | Self::CalendarsPatch | Self::CalendarsUpdate | Self::CalendarsDelete => {
                &["calendar", "calendar.app.created", "calendar.calendars"]
            }
            Self::EventsList | Self::EventsGet | Self::EventsInstances => &[
                "calendar",
                "calendar.app.created",
                "calendar.events",
                "calendar.events.freebusy",
                "calendar.events.owned",
                "calendar.events.owned.readonly",
                "calendar.events.public.readonly",
                "calendar.events.readonly",
                "calendar.readonly",
            ],
            Self::EventsInsert
            | Self::EventsImport
            | Self::EventsUpdate
            | Self::EventsPatch
            | Self::EventsDelete => {
                &["calendar", "calendar.app.created", "calendar.events", "calendar.events.owned"]
            }
            Self::EventsMove => &["calendar", "calendar.events", "calendar.events.owned"],
            Self::FreebusyQuery => {
                &["calendar", "calendar.events.freebusy", "calendar.freebusy", "calendar.readonly"]
            }
            Self::SettingsList | Self::SettingsGet => {
                &["calendar", "calendar.readonly", "calendar.settings", "calendar.settings.readonly"]
            }
            Self::ColorsGet => &[
                "calendar",
                "calendar.app.created",
                "calendar.calendarlist",
                "calendar.calendarlist.readonly",
                "calendar.events.freebusy",
                "calendar.events.owned",
                "calendar.events.owned.readonly",
                "calendar.events.public.readonly",
                "calendar.readonly",
            ],
        }
    }
}

//! The scopes that exist, and what the consent page says about them.

use std::collections::BTreeSet;

/// What every API scope begins with.
pub(crate) const PREFIX: &str = "https://www.googleapis.com/auth/";

/// Scopes of identity: granted with any consent, without a box of their own.
const IDENTITY: &[&str] = &["email", "openid", "profile"];

/// API scopes, without the prefix, and what the consent page says.
const DESCRIBED: &[(&str, &str)] = &[
    ("calendar", "See, edit, share, and permanently delete all the calendars you can access"),
    ("calendar.acls", "See and change the sharing permissions of calendars you own"),
    ("calendar.acls.readonly", "See the sharing permissions of calendars you own"),
    ("calendar.app.created", "Make secondary calendars, and see, create, change, and delete events on them"),
    ("calendar.calendarlist", "See, add, and remove calendars you are subscribed to"),
    ("calendar.calendarlist.readonly", "See the list of calendars you are subscribed to"),
    ("calendar.calendars", "See and change the properties of calendars, and create secondary calendars"),
    (
        "calendar.calendars.readonly",
        "See the title, description, time zone and other properties of calendars",
    ),
    ("calendar.events", "View and edit events on all your calendars"),
    ("calendar.events.freebusy", "See the availability on calendars you have access to"),
    ("calendar.events.owned", "See, create, change, and delete events on calendars you own"),
    ("calendar.events.owned.readonly", "See the events on calendars you own"),
    ("calendar.events.public.readonly", "See the events on public calendars"),
    ("calendar.events.readonly", "View events on all your calendars"),
    ("calendar.freebusy", "View your availability in your calendars"),
    ("calendar.readonly", "See and download any calendar you can access"),
    ("calendar.settings", "View and change your calendar settings"),
    ("calendar.settings.readonly", "View your calendar settings"),
    ("tasks", "Create, edit, organise, and delete all your tasks"),
    ("tasks.readonly", "View your tasks"),
];

/// A scope as Google writes it in answers: `email` and `profile` have long names.
pub(crate) fn canonical(scope: &str) -> String {
    match scope {
        "email" | "profile" => format!("{PREFIX}userinfo.{scope}"),
        other => other.to_owned(),
    }
}

/// The canonical scopes of a `scope` parameter; `Err` names one that doesn't exist.
pub(crate) fn parse(parameter: &str) -> Result<BTreeSet<String>, String> {
    let mut scopes = BTreeSet::new();
    for scope in parameter.split_whitespace() {
        let known = is_identity(scope) || description(scope).is_some();
        if !known {
            return Err(scope.to_owned());
        }
        scopes.insert(canonical(scope));
    }
    Ok(scopes)
}

pub(crate) fn is_identity(scope: &str) -> bool {
    let short = scope.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix("userinfo.")).unwrap_or(scope);
    IDENTITY.contains(&short)
}

/// What the consent page says about an API scope.
pub(crate) fn description(scope: &str) -> Option<&'static str> {
    let short = scope.strip_prefix(PREFIX)?;
    DESCRIBED.iter().find(|(name, _)| *name == short).map(|(_, text)| *text)
}

/// All that a control token may do.
pub(crate) fn everything() -> BTreeSet<String> {
    let mut scopes = BTreeSet::from([format!("{PREFIX}calendar"), format!("{PREFIX}tasks")]);
    scopes.extend(IDENTITY.iter().map(|scope| canonical(scope)));
    scopes
}

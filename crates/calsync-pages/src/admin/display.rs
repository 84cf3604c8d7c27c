//! How times and states read on the console's pages.

use std::fmt;

use calsync_core::integration::IntegrationState;
use calsync_core::reason::Reason;
use jiff::Timestamp;

/// A moment, relative to now, with the exact time at hand. Displays as plain text.
#[derive(Clone, Copy, Debug)]
pub(super) struct RelativeTime {
    at: Timestamp,
    now: Timestamp,
}

impl RelativeTime {
    pub(super) const fn new(at: Timestamp, now: Timestamp) -> Self {
        Self { at, now }
    }

    /// For machines, and on hover.
    pub(super) fn exact(&self) -> String {
        self.at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
    }

    /// The time of day, with its date unless that is today's.
    pub(super) fn clock(&self) -> String {
        let day = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
        let format = if day(self.at) == day(self.now) { "%H:%M UTC" } else { "%Y-%m-%d %H:%M UTC" };
        self.at.strftime(format).to_string()
    }

    /// Whether it is still to come.
    pub(super) fn is_ahead(&self) -> bool {
        self.at > self.now
    }

    /// As HTML wants it.
    pub(super) fn machine(&self) -> String {
        self.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }
}

impl fmt::Display for RelativeTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = self.now.as_second() - self.at.as_second();
        let (amount, unit) = match secs.unsigned_abs() {
            0..60 => return f.write_str(if secs < 0 { "in less than a minute" } else { "just now" }),
            away @ 60..3_600 => (away / 60, "min"),
            away @ 3_600..172_800 => (away / 3_600, "h"),
            away => (away / 86_400, "days"),
        };
        if secs < 0 { write!(f, "in {amount} {unit}") } else { write!(f, "{amount} {unit} ago") }
    }
}

/// A state: an icon and a colour by its tone, and a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) tone: &'static str,
    pub(super) word: &'static str,
}

impl State {
    const fn new(tone: &'static str, word: &'static str) -> Self {
        Self { tone, word }
    }

    /// A connection's: green only where the last call is known to have gone well.
    pub(super) fn of_connection(
        state: IntegrationState,
        last_success_at: Option<Timestamp>,
        last_error_at: Option<Timestamp>,
    ) -> Self {
        match state {
            IntegrationState::Active if last_error_at > last_success_at => {
                Self::new("warn", "Connected, last call failed")
            }
            IntegrationState::Active if last_success_at.is_none() => {
                Self::new("mute", "Connected, not proven")
            }
            IntegrationState::Active => Self::new("good", "Connected"),
            IntegrationState::Connecting => Self::new("mute", "Connecting"),
            IntegrationState::Delayed => Self::new("warn", "Delayed"),
            IntegrationState::NeedsAction => Self::new("bad", "Needs the user"),
            IntegrationState::Paused => Self::new("mute", "Paused"),
            IntegrationState::Disconnecting => Self::new("mute", "Disconnecting"),
            IntegrationState::Disconnected => Self::new("mute", "Not connected"),
        }
    }
}

/// A reason in two or three words, for tables.
pub(super) fn short(reason: Reason) -> String {
    let text = reason.name().replace('_', " ").replace("api ", "API ");
    let mut chars = text.chars();
    chars.next().map(|first| first.to_ascii_uppercase().to_string() + chars.as_str()).unwrap_or_default()
}

/// The name of a provider.
pub(super) fn provider(name: &str) -> String {
    match name {
        "google" => "Google Calendar".to_owned(),
        "zoom" => "Zoom".to_owned(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_read_as_people_say_them() {
        let now: Timestamp = "2031-03-01T12:00:00Z".parse().expect("a time");
        let ago = |text: &str| RelativeTime::new(text.parse().expect("a time"), now).to_string();
        assert_eq!(ago("2031-03-01T11:59:30Z"), "just now");
        assert_eq!(ago("2031-03-01T11:56:00Z"), "4 min ago");
        assert_eq!(ago("2031-03-01T12:52:00Z"), "in 52 min");
        assert_eq!(ago("2031-02-28T12:00:00Z"), "24 h ago");
        assert_eq!(ago("2031-01-01T12:00:00Z"), "59 days ago");
        let clock = |text: &str| RelativeTime::new(text.parse().expect("a time"), now).clock();
        assert_eq!(clock("2031-03-01T08:05:00Z"), "08:05 UTC");
        assert_eq!(clock("2031-02-28T08:05:00Z"), "2031-02-28 08:05 UTC");
    }

    #[test]
    fn green_is_only_what_went_well() {
        let at = |secs| Timestamp::from_second(secs).ok();
        let tone = |success, error| State::of_connection(IntegrationState::Active, success, error).tone;
        assert_eq!(tone(at(2), at(1)), "good");
        assert_eq!(tone(at(1), at(2)), "warn");
        assert_eq!(tone(None, None), "mute");
    }
}

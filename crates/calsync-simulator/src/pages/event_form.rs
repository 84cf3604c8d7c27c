//! The form of an event: from a resource to its fields, and back to a patch.

use askama::Template;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use crate::query::Query;

#[derive(Template)]
#[template(path = "event_form.html")]
pub(super) struct EventForm {
    summary: String,
    starts: String,
    ends: String,
    all_day: bool,
    location: String,
    description: String,
}

impl EventForm {
    /// An hour in the morning of that day.
    pub(super) fn blank(day: Date) -> Self {
        Self {
            summary: String::new(),
            starts: format!("{day}T09:00"),
            ends: format!("{day}T10:00"),
            all_day: false,
            location: String::new(),
            description: String::new(),
        }
    }

    /// As it stands, on the wall clock of the account.
    pub(super) fn of(resource: &Value, zone: &TimeZone) -> Self {
        let text = |name: &str| resource[name].as_str().unwrap_or_default().to_owned();
        let all_day = resource["start"]["date"].is_string();
        let field =
            |name: &str| match resource[name]["date"].as_str().and_then(|date| date.parse::<Date>().ok()) {
                // A person's last day is the day before Google's end.
                Some(date) if name == "end" => format!("{}T00:00", date.yesterday().unwrap_or(date)),
                Some(date) => format!("{date}T00:00"),
                None => {
                    let instant =
                        resource[name]["dateTime"].as_str().and_then(|time| time.parse::<Timestamp>().ok());
                    let local = instant.map(|instant| instant.to_zoned(zone.clone()));
                    local.map_or(String::new(), |local| local.strftime("%Y-%m-%dT%H:%M").to_string())
                }
            };
        Self {
            summary: text("summary"),
            starts: field("start"),
            ends: field("end"),
            all_day,
            location: text("location"),
            description: text("description"),
        }
    }

    pub(super) fn html(&self) -> String {
        self.render().unwrap_or_default()
    }

    /// The patch that a sent form stands for; `Err` is a sentence for the person.
    pub(super) fn patch(form: &Query, zone: &str) -> Result<Value, String> {
        let time = |name: &str| -> Result<DateTime, String> {
            form.get(name).unwrap_or_default().parse().map_err(|_| format!("Give a time for \"{name}\"."))
        };
        let (starts, ends) = (time("starts")?, time("ends")?);
        let moment = |time: DateTime, more_days: i32| {
            if form.get("all_day").is_some() {
                let date = time.date().checked_add(more_days.days()).unwrap_or(time.date());
                json!({"date": date, "dateTime": null, "timeZone": null})
            } else {
                json!({"date": null, "dateTime": time, "timeZone": zone})
            }
        };
        let text = |name: &str| form.get(name).map(str::trim);
        Ok(json!({
            "summary": text("summary"),
            "location": text("location"),
            "description": text("description"),
            "start": moment(starts, 0),
            "end": moment(ends, 1),
        }))
    }
}

//! `colors`: the palette, which is the same for everyone.

use serde_json::{Map, Value, json};

use super::Reply;

const FOREGROUND: &str = "#1d1d1d";

const EVENT_COLORS: [&str; 11] = [
    "#a4bdfc", "#7ae7bf", "#dbadff", "#ff887c", "#fbd75b", "#ffb878", "#46d6db", "#e1e1e1", "#5484ed",
    "#51b749", "#dc2127",
];

const CALENDAR_COLORS: [&str; 24] = [
    "#ac725e", "#d06b64", "#f83a22", "#fa573c", "#ff7537", "#ffad46", "#42d692", "#16a765", "#7bd148",
    "#b3dc6c", "#fbe983", "#fad165", "#92e1c0", "#9fe1e7", "#9fc6e7", "#4986e7", "#9a9cff", "#b99aff",
    "#c2c2c2", "#cabdbf", "#cca6ac", "#f691b2", "#cd74e6", "#a47ae2",
];

pub(super) fn get() -> Reply {
    Reply::json(json!({
        "kind": "calendar#colors",
        "updated": "2012-02-14T00:00:00.000Z",
        "calendar": palette(&CALENDAR_COLORS),
        "event": palette(&EVENT_COLORS),
    }))
}

fn palette(colors: &[&str]) -> Value {
    let entry = |(index, color): (usize, &&str)| {
        ((index + 1).to_string(), json!({"background": color, "foreground": FOREGROUND}))
    };
    Value::Object(colors.iter().enumerate().map(entry).collect::<Map<_, _>>())
}

/// Background and foreground of a calendar's colour.
pub(crate) fn of_calendar(color_id: &str) -> (&'static str, &'static str) {
    let index = color_id.parse::<usize>().unwrap_or(1).saturating_sub(1);
    (CALENDAR_COLORS.get(index).copied().unwrap_or("#9fc6e7"), FOREGROUND)
}

//! Whatever a user writes around our text or into it, and whatever Google's own editor makes of all of it:
//! every word of theirs still stands, ours is not doubled more often than they edited it, and it ends.

use calsync_core::item::ItemKind;
use calsync_core::plan::PlanStep;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::convergence::kinds;
use crate::service::{Fault, Service};

#[derive(Clone, Debug)]
enum Event {
    PlatformDescribes(u8),
    PlatformTitles(u8),
    /// The user types a word at some place of what they see, as a word of its own or joined to what is there.
    UserTypes(Index, bool),
    UserTypesAbove,
    UserTypesBelow,
    /// The user saves something in Google's own editor, which writes the description anew.
    EditorSaves(u8),
    UserChoosesCalendar(bool),
    Pull,
    Pass(Option<Fault>),
}

fn events() -> impl Strategy<Value = Event> {
    let fault = prop::option::weighted(0.2, prop_oneof![Just(Fault::AnswerLost), Just(Fault::CrashAfter)]);
    prop_oneof![
        3 => (0..7_u8).prop_map(Event::PlatformDescribes),
        1 => (0..3_u8).prop_map(Event::PlatformTitles),
        2 => (any::<Index>(), any::<bool>()).prop_map(|(at, joined)| Event::UserTypes(at, joined)),
        1 => Just(Event::UserTypesAbove),
        1 => Just(Event::UserTypesBelow),
        2 => (0..5_u8).prop_map(Event::EditorSaves),
        1 => any::<bool>().prop_map(Event::UserChoosesCalendar),
        2 => Just(Event::Pull),
        5 => fault.prop_map(Event::Pass),
    ]
}

/// What the platform says; each names the plan once.
fn described(n: u8) -> Value {
    let (description, url) = match n {
        0 => (Value::Null, Value::Null),
        1 => (json!("plan"), Value::Null),
        2 => (Value::Null, json!("https://x.example/plan?a=1&b=2")),
        3 => (Value::Null, json!("https://x.example/plan/3")),
        4 => (json!("the plan: a < b & c > \"d\"\n\n  - one\n  - two"), json!("https://x.example/4")),
        5 => (json!("<b>the plan</b> &amp; List<String>"), Value::Null),
        n => (json!(format!("plan {n}, its first line\n\nits last line")), Value::Null),
    };
    json!({"description": description, "url": url})
}

/// A small model of Google's editor.
fn saved(description: &str, way: u8) -> String {
    if description.contains("<br>") || description.contains("<p>") || description.contains("</") {
        return match way {
            0 => description.replace("<br>", "<br/>\n"),
            1 => format!("<html-blob>{description}</html-blob>"),
            2 => description.replace("<br>", "<br><span></span>"),
            3 => format!("<div>{}</div>", description.replace("<br>", "</div><div>")),
            _ => description.replace(' ', "&nbsp;").replace("<a&nbsp;", "<a "),
        };
    }
    let lines = description.split('\n').map(|line| {
        let words = line.split(' ').map(|word| {
            let text = word.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            match word.starts_with("https://") {
                true => format!("<a href=\"{text}\">{text}</a>"),
                false if way == 4 && !text.is_empty() => format!("<i>{text}</i>"),
                false => text,
            }
        });
        words.collect::<Vec<_>>().join(if way == 1 { "&nbsp;" } else { " " })
    });
    let lines: Vec<String> = lines.collect();
    match way {
        2 => lines.iter().map(|line| format!("<p>{line}</p>")).collect(),
        3 => format!("<ul>{}</ul>", lines.iter().map(|line| format!("<li>{line}</li>")).collect::<String>()),
        _ => lines.join("<br>"),
    }
}

/// `description` without what stands in tags.
fn seen(description: &str) -> String {
    let (mut text, mut rest) = (String::new(), description);
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        text.push_str(before);
        let is_tag = tag[1..].starts_with(|c: char| c == '/' || c.is_ascii_lowercase());
        match tag.find('>').filter(|_| is_tag) {
            Some(end) => rest = &tag[end + 1..],
            None => {
                text.push('<');
                rest = &tag[1..];
            }
        }
    }
    text + rest
}

/// Where somebody may type in `description`: in no tag and in no entity.
fn places(description: &str) -> Vec<usize> {
    let mut places = vec![0];
    let mut closing = None;
    for (at, c) in description.char_indices() {
        let rest = &description[at + c.len_utf8()..];
        closing = match (closing, c) {
            (Some(end), c) if c == end => None,
            (Some(end), _) => Some(end),
            (None, '<') if rest.contains('>') => Some('>'),
            (None, '&') if rest.find(';').is_some_and(|end| end < 6) => Some(';'),
            (None, _) => None,
        };
        if closing.is_none() {
            places.push(at + c.len_utf8());
        }
    }
    places
}

struct Story {
    service: Service,
    words: Vec<String>,
    /// How often the user saved in Google's editor.
    saves: usize,
}

impl Story {
    fn edit(&mut self, change: impl FnOnce(&str, &str) -> String) {
        // A word of one letter, which no later edit can be in the middle of.
        let letter = u32::try_from(self.words.len()).ok().and_then(|n| char::from_u32(0x4e00 + n));
        let word = letter.unwrap().to_string();
        let edited = self.service.google.user_edits(0, |event| {
            let now = event.get("description").and_then(Value::as_str).unwrap_or_default();
            let changed = change(now, &word);
            event.insert("description".into(), changed.into());
        });
        self.words.extend(edited.map(|_| word));
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::PlatformDescribes(n) => self.service.put(described(n)),
            Event::PlatformTitles(n) => self.service.put(json!({ "title": format!("title {n}") })),
            Event::UserTypes(at, is_joined) => self.edit(|now, word| {
                let places = places(now);
                let (before, after) = now.split_at(*at.get(&places));
                if is_joined { format!("{before}{word}{after}") } else { format!("{before} {word} {after}") }
            }),
            Event::UserTypesAbove => self.edit(|now, word| format!("{word}\n{now}")),
            Event::UserTypesBelow => self.edit(|now, word| format!("{now}\n{word}")),
            Event::EditorSaves(way) => {
                self.saves += 1;
                self.service.google.user_edits(0, |event| {
                    let now = event.get("description").and_then(Value::as_str).unwrap_or_default();
                    let saved = saved(now, way);
                    event.insert("description".into(), saved.into());
                });
            }
            Event::UserChoosesCalendar(work) => {
                self.service.target = if work { "work" } else { "calendar" }.into();
            }
            Event::Pull => self.service.pull(),
            Event::Pass(fault) => drop(self.service.pass(&mut fault.into_iter())),
        }
    }

    fn check(&self) -> Result<(), TestCaseError> {
        for event in self.service.google.live() {
            let seen = seen(event.description());
            for word in &self.words {
                prop_assert!(seen.contains(word), "{} is not in {:?}", word, event.description());
            }
            let ours = seen.matches("plan").count();
            prop_assert!(ours <= 1 + self.words.len() + self.saves, "doubled: {:?}", event.description());
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(crate::cases(3_000))]

    #[test]
    fn every_word_of_the_users_still_stands(kind in kinds(), events in prop::collection::vec(events(), 0..30)) {
        let mut service = Service::new(kind);
        service.settle();
        let mut story = Story { service, words: Vec::new(), saves: 0 };
        for event in events {
            story.happens(event);
        }
        story.service.settle();
        story.service.pull();
        story.service.settle();
        story.check()?;
        let google = story.service.google.clone();
        story.service.pull();
        prop_assert!(matches!(story.service.next_step(), PlanStep::Done(..)), "an echo is nothing to do");
        prop_assert_eq!(&story.service.google, &google);
    }
}

fn synced(n: u8) -> Service {
    let mut service = Service::new(ItemKind::Session);
    service.put(json!({"description": described(n)["description"], "meeting_url": described(n)["url"]}));
    service.settle();
    service
}

fn user_writes(service: &mut Service, description: &str) {
    service.google.user_edits(0, |event| drop(event.insert("description".into(), description.into())));
    service.pull();
    service.settle();
}

fn description(service: &Service) -> &str {
    service.google.live()[0].description()
}

#[test]
fn a_note_written_in_googles_editor_outlives_the_next_put() {
    let mut service = synced(4);
    let html = saved(&format!("{}\nBring tea", description(&service)), 0);
    user_writes(&mut service, &html);
    assert_eq!(description(&service), html, "nothing of ours changed");
    service.put(json!({"description": "Another text"}));
    service.settle();
    assert_eq!(description(&service), "Another text<br><br>https://x.example/4<br>Bring tea");
}

#[test]
fn a_changed_link_is_replaced_with_what_is_seen_of_it() {
    let mut service = synced(3);
    let html = saved(description(&service), 0);
    user_writes(&mut service, &format!("{html}<br>Bring tea"));
    service.put(json!({"meeting_url": "https://y.example/5"}));
    service.settle();
    assert_eq!(description(&service), "https://y.example/5<br>Bring tea");
}

#[test]
fn a_text_that_the_user_wrote_into_stays_once_for_each_time() {
    let mut service = synced(1);
    user_writes(&mut service, "plan B");
    assert_eq!(description(&service), "plan B", "what is added on our line stays beside it");
    user_writes(&mut service, "planB");
    assert_eq!(description(&service), "plan\n\nplanB");
    for n in 0..5 {
        service.put(json!({"description": format!("plan {n}")}));
        service.settle();
        assert_eq!(description(&service), format!("plan {n}\n\nplanB"));
    }
}

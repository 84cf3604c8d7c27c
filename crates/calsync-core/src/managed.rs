//! The fields of an event that the platform owns. Everything else in the event is the user's:
//! colour, reminders, guests, visibility, notes around our text in the description.

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::text_enum::text_enum;
use crate::{markup, text, zone};

/// When an event takes place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// From an instant to another, thought of in a zone.
    Timed {
        /// The start.
        start: Timestamp,
        /// The end.
        end: Timestamp,
        /// IANA name.
        zone: String,
    },
    /// Whole days.
    AllDay {
        /// The first day.
        first: Date,
        /// The day after the last.
        end: Date,
    },
}

/// The managed fields of one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagedFields {
    /// The summary.
    pub title: String,
    /// The times.
    pub when: When,
    /// The location.
    pub location: Option<String>,
    /// Our text in the description; the user may write around it.
    pub managed_text: String,
    /// The item's page in the platform, as the event's source.
    pub source_url: Option<String>,
}

text_enum! {
    /// One managed field, in the order of [`FieldHashes`].
    Field {
        /// [`ManagedFields::title`].
        Title => "title",
        /// The instants or days of [`ManagedFields::when`].
        When => "when",
        /// The zone of [`ManagedFields::when`]. Google answers other names than it was sent, so only the platform edits it.
        Zone => "zone",
        /// [`ManagedFields::location`].
        Location => "location",
        /// [`ManagedFields::managed_text`].
        ManagedText => "managed_text",
        /// [`ManagedFields::source_url`].
        SourceUrl => "source_url",
    }
}

impl When {
    /// Whether both are the same instants, or the same days.
    pub fn is_same_time(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Timed { start, end, .. }, Self::Timed { start: s, end: e, .. }) => (start, end) == (s, e),
            (Self::AllDay { .. }, Self::AllDay { .. }) => self == other,
            (Self::Timed { .. } | Self::AllDay { .. }, _) => false,
        }
    }

    fn zone(&self) -> Option<&String> {
        match self {
            Self::Timed { zone, .. } => Some(zone),
            Self::AllDay { .. } => None,
        }
    }
}

impl ManagedFields {
    /// Takes `field` from `other`.
    pub fn take(&mut self, field: Field, other: &Self) {
        match field {
            Field::Title => self.title.clone_from(&other.title),
            Field::When => self.take_times(&other.when),
            Field::Zone => {
                if let (When::Timed { zone, .. }, Some(other)) = (&mut self.when, other.when.zone()) {
                    zone.clone_from(other);
                }
            }
            Field::Location => self.location.clone_from(&other.location),
            Field::ManagedText => self.managed_text.clone_from(&other.managed_text),
            Field::SourceUrl => self.source_url.clone_from(&other.source_url),
        }
    }

    /// Takes the times and keeps the zone, where there is one.
    fn take_times(&mut self, when: &When) {
        let zone = self.when.zone().cloned();
        self.when = when.clone();
        if let (When::Timed { zone, .. }, Some(kept)) = (&mut self.when, zone) {
            *zone = kept;
        }
    }

    /// Whether `field` is the same in `other`, by what it means: Google evens out texts, and gives zones
    /// other names.
    pub fn agrees_on(&self, field: Field, other: &Self) -> bool {
        match field {
            Field::Title => text::is_same(&self.title, &other.title),
            Field::When => self.when.is_same_time(&other.when),
            Field::Zone => true,
            Field::Location => is_same(self.location.as_deref(), other.location.as_deref()),
            Field::ManagedText => {
                self.managed_text == other.managed_text
                    || markup::without_space(&self.managed_text) == markup::without_space(&other.managed_text)
            }
            Field::SourceUrl => is_same(self.source_url.as_deref(), other.source_url.as_deref()),
        }
    }

    /// Whether every field is the same in `other`.
    pub fn agrees(&self, other: &Self) -> bool {
        Field::ALL.iter().all(|field| self.agrees_on(*field, other))
    }

    /// What `field` says, for people.
    pub fn value(&self, field: Field) -> Value {
        match field {
            Field::Title => json!(self.title),
            Field::When => json!(self.when),
            Field::Zone => json!(self.when.zone()),
            Field::Location => json!(self.location),
            Field::ManagedText => json!(self.managed_text),
            Field::SourceUrl => json!(self.source_url),
        }
    }

    /// What `field` means: the same for all that agrees on it.
    fn meaning(&self, field: Field) -> String {
        match field {
            Field::Title => text::normal(&self.title).into_owned(),
            Field::When => match &self.when {
                When::Timed { start, end, .. } => {
                    format!("{}/{}", start.as_microsecond(), end.as_microsecond())
                }
                When::AllDay { first, end } => format!("{first}/{end}"),
            },
            Field::Zone => String::new(),
            Field::Location => text::normal(self.location.as_deref().unwrap_or_default()).into_owned(),
            Field::ManagedText => markup::without_space(&self.managed_text),
            Field::SourceUrl => text::normal(self.source_url.as_deref().unwrap_or_default()).into_owned(),
        }
    }

    /// `field` as the platform wants it: also what Google doesn't tell apart.
    fn wanted(&self, field: Field) -> String {
        match field {
            Field::Zone => self.when.zone().map(|name| zone::primary(name).unwrap_or_else(|| name.clone())),
            Field::ManagedText => Some(self.managed_text.clone()),
            Field::Title | Field::When | Field::Location | Field::SourceUrl => None,
        }
        .unwrap_or_else(|| self.meaning(field))
    }
}

fn is_same(one: Option<&str>, other: Option<&str>) -> bool {
    text::is_same(one.unwrap_or_default(), other.unwrap_or_default())
}

/// Hex digits of one field's hash: 48 bits, so that two texts of one item don't meet.
const HASH_DIGITS: usize = 12;

/// A short hash of each managed field, in the order of [`Field::ALL`], as one string that fits into
/// an extended property.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FieldHashes(String);

impl FieldHashes {
    /// The hashes of what `managed` means.
    pub fn of(managed: &ManagedFields) -> Self {
        Self(Field::ALL.iter().map(|field| hash(&managed.meaning(*field))).collect())
    }

    /// The hashes of what the platform wants, to tell one version from the next.
    pub fn of_wanted(wanted: &ManagedFields) -> Self {
        Self(Field::ALL.iter().map(|field| hash(&wanted.wanted(*field))).collect())
    }

    /// Reads hashes that were written as text.
    pub fn from_text(text: &str) -> Option<Self> {
        let whole = text.len() == HASH_DIGITS * Field::ALL.len();
        (whole && text.bytes().all(|b| b.is_ascii_hexdigit())).then(|| Self(text.to_owned()))
    }

    /// As text.
    pub fn as_text(&self) -> &str {
        &self.0
    }

    /// Whether both have the same hash of `field`.
    pub fn agree_on(&self, field: Field, other: &Self) -> bool {
        self.of_field(field) == other.of_field(field)
    }

    /// Whether `managed_text` is our text in the description, as plain text or as it stands there.
    pub(crate) fn is_managed_text(&self, managed_text: &str) -> bool {
        self.is_seen_text(&markup::without_space(managed_text))
            || self.is_seen_text(&markup::seen(managed_text))
    }

    /// Whether `seen` is what is seen of the block.
    pub(crate) fn is_seen_text(&self, seen: &str) -> bool {
        self.of_field(Field::ManagedText) == Some(&hash(seen))
    }

    fn of_field(&self, field: Field) -> Option<&str> {
        let at = Field::ALL.iter().position(|f| *f == field).unwrap_or(0) * HASH_DIGITS;
        self.0.get(at..at + HASH_DIGITS)
    }
}

fn hash(canonical: &str) -> String {
    let mut digits = HEXLOWER.encode(&Sha256::digest(canonical.as_bytes()));
    digits.truncate(HASH_DIGITS);
    digits
}

/// What both sides last agreed on: what Google answered to our own write, whatever it made of what it was
/// sent. Where that differs from what the platform wanted, a user's accepted edit stands, or what Google
/// made of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// Hashes of what the platform wanted.
    pub wanted: FieldHashes,
    /// Hashes of what we wrote, as the event's stamp has them.
    pub written: FieldHashes,
    /// What Google keeps of it.
    pub agreed: ManagedFields,
    /// The version that Google answered. None before it did, and where the event was read anew since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
}

impl Base {
    /// The base of a write of `agreed`, where the platform wants `wanted`.
    pub fn of_write(wanted: &ManagedFields, agreed: ManagedFields) -> Self {
        let written = FieldHashes::of(&agreed);
        Self { wanted: FieldHashes::of_wanted(wanted), written, agreed, etag: None }
    }

    /// Whether a user's edit of `field` stands that was accepted: we wrote something else than the platform wanted. What
    /// they make of our text in the description stands around it.
    pub(crate) fn keeps_user_edit(&self, field: Field) -> bool {
        match field {
            Field::Title | Field::When | Field::Location | Field::SourceUrl => {
                !self.written.agree_on(field, &self.wanted)
            }
            Field::Zone | Field::ManagedText => false,
        }
    }
}

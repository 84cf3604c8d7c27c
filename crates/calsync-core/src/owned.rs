//! The fields of an event that the platform owns. Everything else in the event is the user's:
//! colour, reminders, guests, visibility, notes around our block of the description.

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

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

/// The owned fields of one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owned {
    /// The summary.
    pub title: String,
    /// The times.
    pub when: When,
    /// The location.
    pub location: Option<String>,
    /// Our block of the description; the user may write around it.
    pub block: String,
    /// The item's page in the platform, as the event's source.
    pub source_url: Option<String>,
}

/// One owned field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// [`Owned::title`].
    Title,
    /// [`Owned::when`].
    When,
    /// [`Owned::location`].
    Location,
    /// [`Owned::block`].
    Block,
    /// [`Owned::source_url`].
    SourceUrl,
}

impl Field {
    /// All of them, in the order of [`FieldHashes`].
    pub const ALL: [Self; 5] = [Self::Title, Self::When, Self::Location, Self::Block, Self::SourceUrl];
}

impl Owned {
    /// Takes `field` from `other`.
    pub fn take(&mut self, field: Field, other: &Self) {
        match field {
            Field::Title => self.title.clone_from(&other.title),
            Field::When => self.when.clone_from(&other.when),
            Field::Location => self.location.clone_from(&other.location),
            Field::Block => self.block.clone_from(&other.block),
            Field::SourceUrl => self.source_url.clone_from(&other.source_url),
        }
    }

    /// Whether `field` is the same in `other`.
    pub fn agrees_on(&self, field: Field, other: &Self) -> bool {
        match field {
            Field::Title => self.title == other.title,
            Field::When => self.when == other.when,
            Field::Location => self.location == other.location,
            Field::Block => self.block == other.block,
            Field::SourceUrl => self.source_url == other.source_url,
        }
    }

    fn canonical(&self, field: Field) -> String {
        let optional = |text: &Option<String>| text.as_ref().map(|t| format!("+{t}")).unwrap_or_default();
        match field {
            Field::Title => self.title.clone(),
            Field::When => match &self.when {
                When::Timed { start, end, zone } => {
                    format!("{}/{}/{zone}", start.as_microsecond(), end.as_microsecond())
                }
                When::AllDay { first, end } => format!("{first}/{end}"),
            },
            Field::Location => optional(&self.location),
            Field::Block => self.block.clone(),
            Field::SourceUrl => optional(&self.source_url),
        }
    }
}

/// Hex digits of one field's hash: 48 bits, so that two texts of one item don't meet.
const HASH_DIGITS: usize = 12;

/// A short hash of each owned field, in the order of [`Field::ALL`], as one string that fits into
/// an extended property.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FieldHashes(String);

impl FieldHashes {
    /// The hashes of `owned`.
    pub fn of(owned: &Owned) -> Self {
        Self(Field::ALL.into_iter().map(|field| hash(&owned.canonical(field))).collect())
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

    /// Whether `block` is the block of the description.
    pub fn is_block(&self, block: &str) -> bool {
        self.of_field(Field::Block) == Some(&hash(block))
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

/// What both sides last agreed on. `wanted` is what the platform wanted then; where `agreed`
/// differs from it, a user's accepted edit stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// Hashes of what the platform wanted.
    pub wanted: FieldHashes,
    /// What Google had.
    pub agreed: Owned,
}

//! Expressions from which rows are made: over `i`, a row's number, the same on both databases.

use jiff::Timestamp;

use crate::SeededRng;

/// The beginning of a connection's id, before its number.
pub(super) const INTEGRATION: &str = "01900000-0000-7000-8000-";
/// The beginning of a disconnect's id.
pub(super) const DISCONNECT: &str = "01900000-0000-7000-9000-";
/// The microseconds of a day.
pub(super) const DAY: i64 = 24 * 3_600_000_000;
/// A prime, modulo which numbers are mixed without an overflow.
const PRIME: i64 = 2_147_483_647;

/// Writes expressions for one database.
pub(super) struct Sql {
    is_sqlite: bool,
    offset: usize,
    now: i64,
}

impl Sql {
    pub(super) fn new(is_sqlite: bool, rng: &SeededRng, now: Timestamp) -> Self {
        Self { is_sqlite, offset: rng.below(1_000_000), now: now.as_microsecond() }
    }

    /// A number in so many hexadecimal digits.
    pub(super) fn hex(&self, number: &str, digits: usize) -> String {
        match self.is_sqlite {
            true => format!("printf('%0{digits}x', {number})"),
            false => format!("lpad(to_hex({number}), {digits}, '0')"),
        }
    }

    /// A text as bytes, in place of a sealed value.
    pub(super) fn bytes(&self, text: &str) -> String {
        match self.is_sqlite {
            true => format!("CAST({text} AS BLOB)"),
            false => format!("convert_to({text}, 'UTF8')"),
        }
    }

    /// A number below `end`, drawn for the row; each `draw` is another one.
    pub(super) fn random(&self, draw: usize, end: i64) -> String {
        let offset = self.offset + draw * 7_919;
        format!("((i + {offset}) * 48271 % {PRIME} * 69621 % {PRIME} % {end})")
    }

    /// The id of something that was made at `time`.
    pub(super) fn id(&self, time: &str) -> String {
        let [high, low] = [format!("({time}) / 65536000"), format!("({time}) / 1000 % 65536")];
        let [high, low] = [self.hex(&high, 8), self.hex(&low, 4)];
        let [order, chance] = [self.hex("i % 4096", 3), self.hex(&self.random(0, 4_096), 3)];
        format!(
            "{high} || '-' || {low} || '-7' || {order} || '-8' || {chance} || '-' || {}",
            self.hex("i", 12)
        )
    }

    /// The id of connection `number`.
    pub(super) fn integration(&self, number: &str) -> String {
        format!("'{INTEGRATION}' || {}", self.hex(number, 12))
    }

    /// The id of disconnect `number`.
    pub(super) fn disconnect(&self, number: &str) -> String {
        format!("'{DISCONNECT}' || {}", self.hex(number, 12))
    }

    /// The id of user `number`.
    pub(super) fn user(&self, number: &str) -> String {
        format!("'user-' || {}", self.hex(number, 8))
    }

    /// The id of item `number`.
    pub(super) fn item(&self, number: &str) -> String {
        format!("'item-' || {}", self.hex(number, 8))
    }

    /// The id of error group `number`.
    pub(super) fn group(&self, number: &str) -> String {
        format!("'group-' || {}", self.hex(number, 4))
    }

    /// So many days ago.
    pub(super) fn ago(&self, days: i64) -> String {
        (self.now - days * DAY).to_string()
    }

    /// When row `i` of `rows` happened, which are spread evenly over the last `days`.
    pub(super) fn spread(&self, days: i64, rows: i64) -> String {
        format!("({} + i * {})", self.now - days * DAY, days * DAY / rows.max(1))
    }
}

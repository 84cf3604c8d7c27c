//! One `RRULE`: from its text to its dates.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;

/// Periods that are looked at before a rule counts as over: one that never matches must end.
const PERIODS_MAX: i32 = 20_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frequency {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

#[derive(Debug, Clone)]
pub(super) struct Rule {
    frequency: Frequency,
    interval: i32,
    count: Option<usize>,
    until: Option<DateTime>,
    /// Weekdays, with the ordinal in the month or 0 for each.
    by_day: Vec<(i8, Weekday)>,
    by_month_day: Vec<i8>,
    by_month: Vec<i8>,
    by_position: Vec<i32>,
    week_start: Weekday,
}

impl Rule {
    pub(super) fn read(text: &str, zone: &TimeZone) -> Option<Self> {
        let mut frequency = None;
        let mut rule = Self {
            frequency: Frequency::Daily,
            interval: 1,
            count: None,
            until: None,
            by_day: Vec::new(),
            by_month_day: Vec::new(),
            by_month: Vec::new(),
            by_position: Vec::new(),
            week_start: Weekday::Monday,
        };
        for part in text.split(';').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=')?;
            match name {
                "FREQ" => {
                    frequency = Some(match value {
                        "DAILY" => Frequency::Daily,
                        "WEEKLY" => Frequency::Weekly,
                        "MONTHLY" => Frequency::Monthly,
                        "YEARLY" => Frequency::Yearly,
                        _ => return None,
                    });
                }
                "INTERVAL" => {
                    rule.interval = value.parse().ok().filter(|interval| (1..=1_000).contains(interval))?;
                }
                "COUNT" => rule.count = Some(value.parse().ok()?),
                "UNTIL" => rule.until = Some(until(value, zone)?),
                "BYDAY" => rule.by_day = list(value, ordinal_weekday)?,
                "BYMONTHDAY" => rule.by_month_day = list(value, |day| day.parse().ok())?,
                "BYMONTH" => rule.by_month = list(value, |month| month.parse().ok())?,
                "BYSETPOS" => rule.by_position = list(value, |position| position.parse().ok())?,
                "WKST" => rule.week_start = weekday(value)?,
                _ => return None,
            }
        }
        rule.frequency = frequency?;
        Some(rule)
    }

    /// Calls with each start in order, until the rule ends or the caller has enough (`false`).
    pub(super) fn each(&self, first: DateTime, mut visit: impl FnMut(DateTime) -> bool) {
        let mut left = self.count.unwrap_or(usize::MAX);
        for period in 0..PERIODS_MAX {
            let Some(dates) = self.dates(first.date(), period) else { return };
            for date in dates {
                let start = date.to_datetime(first.time());
                if start < first {
                    continue;
                }
                if left == 0 || self.until.is_some_and(|until| start > until) || !visit(start) {
                    return;
                }
                left -= 1;
            }
        }
    }

    /// The dates of one period, in order; `None` past the end of the calendar.
    fn dates(&self, first: Date, period: i32) -> Option<Vec<Date>> {
        let steps = period * self.interval;
        let mut dates = match self.frequency {
            Frequency::Daily => {
                let day = first.checked_add(steps.days()).ok()?;
                if self.takes_day(day) { vec![day] } else { Vec::new() }
            }
            Frequency::Weekly => self.dates_of_week(first, steps)?,
            Frequency::Monthly => {
                let month = first.first_of_month().checked_add(steps.months()).ok()?;
                self.dates_of_month(month, first)
            }
            Frequency::Yearly => {
                let year =
                    first.year().checked_add(i16::try_from(steps).ok()?).filter(|year| *year < 9_999)?;
                let own_month = [first.month()];
                let months = if self.by_month.is_empty() { &own_month[..] } else { &self.by_month };
                let months = months.iter().filter_map(|month| Date::new(year, *month, 1).ok());
                months.flat_map(|month| self.dates_of_month(month, first)).collect()
            }
        };
        dates.sort();
        dates.retain(|date| self.by_month.is_empty() || self.by_month.contains(&date.month()));
        Some(self.positions(dates))
    }

    fn takes_day(&self, day: Date) -> bool {
        (self.by_day.is_empty() || self.by_day.iter().any(|(_, weekday)| *weekday == day.weekday()))
            && (self.by_month_day.is_empty()
                || self.by_month_day.iter().any(|wanted| is_month_day(day, *wanted)))
    }

    fn dates_of_week(&self, first: Date, steps: i32) -> Option<Vec<Date>> {
        let into_week = i32::from(self.week_start.until(first.weekday()));
        let monday = first.checked_sub(into_week.days()).ok()?.checked_add(steps.weeks()).ok()?;
        let wanted = |day: &Date| match self.by_day.is_empty() {
            true => day.weekday() == first.weekday(),
            false => self.takes_day(*day),
        };
        Some((0..7).filter_map(|day| monday.checked_add(day.days()).ok()).filter(wanted).collect())
    }

    fn dates_of_month(&self, month: Date, first: Date) -> Vec<Date> {
        let days =
            (1..=month.days_in_month()).filter_map(|day| Date::new(month.year(), month.month(), day).ok());
        days.filter(|day| {
            if self.by_day.is_empty() && self.by_month_day.is_empty() {
                return day.day() == first.day();
            }
            let by_weekday = self.by_day.is_empty()
                || self.by_day.iter().any(|(nth, weekday)| is_nth(*day, *nth, *weekday));
            let by_day = self.by_month_day.is_empty()
                || self.by_month_day.iter().any(|wanted| is_month_day(*day, *wanted));
            by_weekday && by_day
        })
        .collect()
    }

    /// `BYSETPOS`: some of a period's dates, counted from its start or its end.
    fn positions(&self, dates: Vec<Date>) -> Vec<Date> {
        if self.by_position.is_empty() {
            return dates;
        }
        let count = i32::try_from(dates.len()).unwrap_or(i32::MAX);
        let chosen = |index: i32| self.by_position.iter().any(|p| *p == index + 1 || *p == index - count);
        (0..count).zip(dates).filter(|(index, _)| chosen(*index)).map(|(_, date)| date).collect()
    }
}

/// Whether a day is the nth (from the end: below 0, each: 0) of its weekday in its month.
fn is_nth(day: Date, nth: i8, weekday: Weekday) -> bool {
    let from_start = (day.day() - 1) / 7 + 1;
    let from_end = (day.days_in_month() - day.day()) / 7 + 1;
    day.weekday() == weekday && (nth == 0 || nth == from_start || nth == -from_end)
}

fn is_month_day(day: Date, wanted: i8) -> bool {
    day.day() == wanted || day.day() - day.days_in_month() - 1 == wanted
}

fn list<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    text.split(',').map(read).collect()
}

/// `MO`, `1MO`, `-1FR`.
fn ordinal_weekday(text: &str) -> Option<(i8, Weekday)> {
    let (nth, name) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let nth = if nth.is_empty() { 0 } else { nth.parse().ok()? };
    Some((nth, weekday(name)?))
}

fn weekday(name: &str) -> Option<Weekday> {
    Some(match name {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    })
}

/// A date alone includes its whole day.
fn until(text: &str, zone: &TimeZone) -> Option<DateTime> {
    let limit = wall_clock(text, None, zone)?;
    if text.len() == 8 { limit.date().at(23, 59, 59, 0).into() } else { Some(limit) }
}

/// A date of RFC 5545 on the wall clock of `zone`: `20310310`, `20310310T090000` or `20310310T090000Z`.
pub(crate) fn wall_clock(text: &str, named: Option<&TimeZone>, zone: &TimeZone) -> Option<DateTime> {
    if text.len() == 8 {
        return Some(Date::strptime("%Y%m%d", text).ok()?.to_datetime(jiff::civil::Time::midnight()));
    }
    let civil = DateTime::strptime("%Y%m%dT%H%M%S", text.strip_suffix('Z').unwrap_or(text)).ok()?;
    let meant_in = if text.ends_with('Z') { Some(&TimeZone::UTC) } else { named };
    match meant_in {
        Some(other) => Some(civil.to_zoned(other.clone()).ok()?.with_time_zone(zone.clone()).datetime()),
        None => Some(civil),
    }
}

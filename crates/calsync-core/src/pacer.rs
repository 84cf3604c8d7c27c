//! Paces what each Google account is asked for: how many units of its quota were used of late, and from when on
//! more may be. Google counts them in a minute that slides ("Manage quotas"), and so does this.

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;

/// For how many seconds a unit counts: Google's minute, one because whole seconds are counted, and one because
/// requests overtake each other on their way.
pub const WINDOW_SECONDS: i64 = 62;

/// The accounts that used something of late.
#[derive(Debug, Default)]
pub struct Pacer {
    accounts: HashMap<String, Window>,
    /// The second in which accounts that rest were forgotten last.
    swept_at: i64,
}

/// Units by the second in which they were used, oldest first.
#[derive(Debug, Default)]
struct Window(VecDeque<(i64, u32)>);

impl Pacer {
    /// Uses `units` of `account`, which may use `limit` a minute.
    ///
    /// # Errors
    /// From when on it may, if nobody uses any meanwhile: within [`WINDOW_SECONDS`].
    pub fn take(&mut self, account: &str, units: u32, limit: u32, now: Timestamp) -> Result<(), Timestamp> {
        self.sweep(now.as_second());
        let window = self.accounts.entry(account.to_owned()).or_default();
        window.slide_to(now.as_second());
        match window.opens_at(units, limit) {
            None => {
                window.add(now.as_second(), units);
                Ok(())
            }
            Some(second) => Err(Timestamp::from_second(second).unwrap_or(now)),
        }
    }

    /// How many units `account` may use at once.
    pub fn room(&mut self, account: &str, limit: u32, now: Timestamp) -> u32 {
        let Some(window) = self.accounts.get_mut(account) else { return limit };
        window.slide_to(now.as_second());
        limit.saturating_sub(window.used())
    }

    /// From when on `account` may use `units`: now, or within [`WINDOW_SECONDS`].
    pub fn opens_at(&mut self, account: &str, units: u32, limit: u32, now: Timestamp) -> Timestamp {
        let Some(window) = self.accounts.get_mut(account) else { return now };
        window.slide_to(now.as_second());
        window.opens_at(units, limit).and_then(|second| Timestamp::from_second(second).ok()).unwrap_or(now)
    }

    /// How many accounts are known: those that used something within two windows.
    pub fn accounts(&self) -> usize {
        self.accounts.len()
    }

    /// Forgets accounts that rest, once a window.
    fn sweep(&mut self, second: i64) {
        if (second - self.swept_at).abs() < WINDOW_SECONDS {
            return;
        }
        self.swept_at = second;
        self.accounts.retain(|_, window| {
            window.slide_to(second);
            !window.0.is_empty()
        });
    }
}

impl Window {
    fn slide_to(&mut self, second: i64) {
        while self.0.front().is_some_and(|(used_at, _)| used_at + WINDOW_SECONDS <= second) {
            self.0.pop_front();
        }
        if self.0.back().is_some_and(|(used_at, _)| *used_at > second) {
            // The clock was set back. What it takes for the future was used by now.
            self.0.iter_mut().for_each(|(used_at, _)| *used_at = second.min(*used_at));
        }
    }

    fn used(&self) -> u32 {
        self.0.iter().fold(0, |sum, (_, units)| sum.saturating_add(*units))
    }

    /// The second from which on `units` may be used; `None`: at once. What costs more than the whole limit goes
    /// when nothing else was used.
    fn opens_at(&self, units: u32, limit: u32) -> Option<i64> {
        let mut used = self.used();
        let mut opens_at = None;
        for (second, freed) in &self.0 {
            if used.saturating_add(units) <= limit {
                break;
            }
            used -= freed;
            opens_at = Some(second + WINDOW_SECONDS);
        }
        opens_at
    }

    fn add(&mut self, second: i64, units: u32) {
        match self.0.back_mut() {
            Some((newest, used)) if *newest == second => *used = used.saturating_add(units),
            _ => self.0.push_back((second, units)),
        }
    }
}

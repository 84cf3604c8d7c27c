//! How much one party may hold at once, and all of them together, so that no one shuts out the others.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::client::network;

/// Counts what is held, by party: an IPv4 address, or a /64 of IPv6.
pub(super) struct Admission {
    /// The most of all parties.
    all_max: usize,
    /// The most of one.
    each_max: usize,
    held: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    all: usize,
    by_party: HashMap<IpAddr, usize>,
}

/// One place, until it is dropped.
pub(super) struct Place {
    admission: Arc<Admission>,
    party: IpAddr,
}

impl Admission {
    pub(super) fn new(all_max: usize, each_max: usize) -> Arc<Self> {
        Arc::new(Self { all_max, each_max, held: Mutex::default() })
    }

    /// A place for `address`; none if it, or all together, hold the most.
    pub(super) fn reserve(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let party = network(address);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let of_party = held.by_party.get(&party).copied().unwrap_or_default();
        if held.all >= self.all_max || of_party >= self.each_max {
            return None;
        }
        held.all += 1;
        held.by_party.insert(party, of_party + 1);
        Some(Place { admission: self.clone(), party })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.admission.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.all -= 1;
        // Who holds nothing is forgotten, or the table would grow for ever.
        match held.by_party.get_mut(&self.party) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                held.by_party.remove(&self.party);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_party_takes_no_more_than_its_share() {
        let address = |text: &str| -> IpAddr { text.parse().expect("an address") };
        let admission = Admission::new(3, 2);
        let first = admission.reserve(address("2001:db8::1"));
        let second = admission.reserve(address("2001:db8::2"));
        assert!(first.is_some() && second.is_some());
        assert!(admission.reserve(address("2001:db8::3")).is_none(), "its network holds two");
        let third = admission.reserve(address("192.0.2.1"));
        assert!(third.is_some());
        assert!(admission.reserve(address("192.0.2.2")).is_none(), "all hold three");
        drop(first);
        assert!(admission.reserve(address("192.0.2.2")).is_some());
        drop((second, third));
        let held = admission.held.lock().expect("the counts");
        assert!(held.all == 0 && held.by_party.is_empty());
    }
}

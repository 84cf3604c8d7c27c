//! The seams through which time and randomness enter. `core` defines them and never calls them:
//! its functions take the values. Production gives the machine's; tests give their own, by seed.

use jiff::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// Now, in UTC.
    fn now(&self) -> Timestamp;
}

/// Gives unguessable bytes.
pub trait Entropy: Send + Sync + 'static {
    /// Fills `bytes` whole.
    fn fill(&self, bytes: &mut [u8]);
}

/// `N` fresh bytes from `entropy`.
pub fn bytes<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    bytes
}

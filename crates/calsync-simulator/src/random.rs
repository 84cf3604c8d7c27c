//! A seeded generator for tokens, ids and the draws of fault rules.
//!
//! The same seed gives the same sequence on every machine. It isn't a
//! cryptographic generator: the simulator guards nothing.

const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE32HEX: &[u8] = b"0123456789abcdefghijklmnopqrstuv";

/// `SplitMix64` (Steele, Lea, Flood 2014): one word of state, no weak seeds.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// True with the given probability, 0 to 1.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        let draw = f64::from(u32::try_from(self.next() >> 32).unwrap_or(u32::MAX)) / 4_294_967_296.0;
        draw < probability
    }

    /// Letters and digits, as in Google's tokens.
    pub(crate) fn token(&mut self, prefix: &str, length: usize) -> String {
        self.draw(prefix, BASE62, length)
    }

    /// An event id as Google makes them: 26 characters of base32hex.
    pub(crate) fn event_id(&mut self) -> String {
        self.draw("", BASE32HEX, 26)
    }

    /// Decimal digits that don't begin with 0, as in a Google account's `sub`.
    pub(crate) fn digits(&mut self, length: usize) -> String {
        self.draw("1", b"0123456789", length.saturating_sub(1))
    }

    fn draw(&mut self, prefix: &str, alphabet: &[u8], length: usize) -> String {
        let mut text = String::with_capacity(prefix.len() + length);
        text.push_str(prefix);
        let count = alphabet.len() as u64;
        // Ten characters a word: 62^10 still fits into 64 bits.
        let mut word = 0;
        for index in 0..length {
            if index % 10 == 0 {
                word = self.next();
            }
            let at = usize::try_from(word % count).unwrap_or(0);
            word /= count;
            text.push(char::from(alphabet[at]));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_same_seed_gives_the_same_sequence() {
        let (mut one, mut other) = (Random::new(7), Random::new(7));
        assert_eq!(one.token("ya29.", 40), other.token("ya29.", 40));
        assert_eq!(one.event_id(), other.event_id());
        assert_ne!(one.event_id(), one.event_id());
    }

    #[test]
    fn chances_are_as_asked() {
        let mut random = Random::new(1);
        let hits = (0..10_000).filter(|_| random.chance(0.05)).count();
        assert!((400..600).contains(&hits), "{hits}");
        assert!(random.chance(1.0));
        assert!(!random.chance(0.0));
    }
}

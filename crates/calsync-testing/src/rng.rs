//! The seeded generator from which tests draw, and which stands for the machine's randomness.

use std::sync::{Arc, Mutex, PoisonError};

use calsync_core::env::Entropy;

/// A stream of draws that follows from its seed alone (SplitMix64: small, and the same on every
/// machine for ever). Clones continue one stream.
#[derive(Clone, Debug)]
pub struct SeededRng(Arc<Mutex<u64>>);

impl SeededRng {
    /// The stream of `seed`.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(seed)))
    }

    fn next(&self) -> u64 {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    ///
    /// # Panics
    /// If `end` is 0.
    pub fn below(&self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("it is below a usize")
    }

    /// True in `percent` of 100 draws.
    pub fn percent(&self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of `choices`.
    ///
    /// # Panics
    /// If there is none.
    pub fn pick<'a, T>(&self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// One of `choices`, each as often as its weight says.
    ///
    /// # Panics
    /// If all weights are 0.
    pub fn pick_weighted<'a, T>(&self, choices: &'a [(usize, T)]) -> &'a T {
        let mut draw = self.below(choices.iter().map(|(weight, _)| weight).sum());
        for (weight, choice) in choices {
            if draw < *weight {
                return choice;
            }
            draw -= weight;
        }
        unreachable!("the draw is below the sum of the weights")
    }
}

impl Entropy for SeededRng {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let drawn = self.next().to_le_bytes();
            chunk.copy_from_slice(&drawn[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same() {
        let draws = |seed| {
            let rng = SeededRng::new(seed);
            let mut bytes = [0; 11];
            rng.fill(&mut bytes);
            (0..50).map(|_| rng.below(1_000)).collect::<Vec<_>>()
        };
        assert_eq!(draws(7), draws(7));
        assert_ne!(draws(7), draws(8));
    }

    #[test]
    fn a_choice_without_weight_is_never_drawn_and_the_others_are() {
        let rng = SeededRng::new(1);
        let choices = [(0, 'a'), (1, 'b'), (9, 'c')];
        let drawn: String = (0..200).map(|_| *rng.pick_weighted(&choices)).collect();
        assert!(!drawn.contains('a') && drawn.contains('b') && drawn.contains('c'));
    }
}

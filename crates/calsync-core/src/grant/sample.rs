//! Whether a grant that Google refuses is over, or Google refuses everybody's for a while, as it does at times: four
//! others are asked at the same moment. Three of five that are refused are no coincidence; then nobody is told that
//! their connection is over, until it has lasted.

use jiff::SignedDuration;

/// How many others are asked.
pub const OTHERS_ASKED: usize = 4;
/// How long refusals of many are not believed.
pub const DOUBT_MAX: SignedDuration = SignedDuration::from_mins(20);

/// The share of accounts, in percent, whose refusal is no coincidence.
const REFUSED_PERCENT_MIN: usize = 60;

/// What the others were answered. Of whom neither is counted there is no answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// Whose grant was accepted.
    pub accepted: usize,
    /// Whose grant was refused, too.
    pub refused: usize,
}

/// What a sample says of the grant for which it was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleResult {
    /// It alone is over.
    Ended,
    /// Google refuses many.
    Wave,
    /// Too few answered.
    Unclear,
}

impl Sample {
    /// What it says, whatever those would have been answered who were not.
    pub const fn result(self) -> SampleResult {
        let unanswered = OTHERS_ASKED.saturating_sub(self.accepted + self.refused);
        if is_wave(self.refused) {
            SampleResult::Wave
        } else if is_wave(self.refused + unanswered) {
            SampleResult::Unclear
        } else {
            SampleResult::Ended
        }
    }
}

/// Whether so many refused others make a wave, together with the one for whom they were asked.
const fn is_wave(refused: usize) -> bool {
    (refused + 1) * 100 >= (OTHERS_ASKED + 1) * REFUSED_PERCENT_MIN
}

/// The Workspace domain, if `domain` is one: what its administrator does concerns all of it.
pub fn workspace(domain: Option<&str>) -> Option<&str> {
    domain.filter(|domain| !matches!(*domain, "gmail.com" | "googlemail.com"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_refused_of_five_are_a_wave_and_three_accepted_are_none() {
        for (accepted, refused, result) in [
            (4, 0, SampleResult::Ended),
            (3, 1, SampleResult::Ended),
            (3, 0, SampleResult::Ended),
            (2, 2, SampleResult::Wave),
            (0, 2, SampleResult::Wave),
            (0, 4, SampleResult::Wave),
            (2, 1, SampleResult::Unclear),
            (0, 1, SampleResult::Unclear),
            (0, 0, SampleResult::Unclear),
        ] {
            assert_eq!(
                Sample { accepted, refused }.result(),
                result,
                "{accepted} accepted, {refused} refused"
            );
        }
    }

    #[test]
    fn what_is_not_known_yet_never_turns_a_result() {
        for accepted in 0..=OTHERS_ASKED {
            for refused in 0..=OTHERS_ASKED - accepted {
                let result = Sample { accepted, refused }.result();
                for more in 0..=OTHERS_ASKED - accepted - refused {
                    let rest = OTHERS_ASKED - accepted - refused - more;
                    let all = Sample { accepted: accepted + more, refused: refused + rest }.result();
                    assert_ne!(all, SampleResult::Unclear, "all have answered");
                    assert!(result == SampleResult::Unclear || result == all);
                }
            }
        }
    }

    #[test]
    fn accounts_of_google_itself_are_no_domain() {
        assert_eq!(workspace(Some("school.example")), Some("school.example"));
        assert_eq!([workspace(Some("gmail.com")), workspace(None)], [None, None]);
    }
}

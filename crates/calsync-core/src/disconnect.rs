//! The words of a disconnect: what is to become of the items in the user's calendar, the steps in
//! their order, and how each can end. The engine takes the steps, the store keeps them.

use crate::text_enum::text_enum;

text_enum! {
    /// What becomes of what was synced.
    RemoteItems {
        /// It is removed from the user's calendar.
        Remove => "remove",
        /// It stays there, and is the user's from then on.
        Keep => "keep",
    }
}

text_enum! {
    /// How far a disconnect is.
    SagaState {
        /// Steps are left.
        Running => "running",
        /// Everything was done.
        Done => "done",
        /// It is over, and its receipts name what could not be done.
        DoneWithLeftovers => "done_with_leftovers",
    }
}

text_enum! {
    /// A step of a disconnect; they are taken in this order.
    StepName {
        /// Nothing is written at the provider any more.
        Freeze => "freeze",
        /// The provider tells us of no change any more.
        StopChannels => "stop_channels",
        /// What was synced is taken out of the user's calendar.
        RemoveItems => "remove_items",
        /// The grant ends.
        Revoke => "revoke",
        /// The old token was tried and is dead.
        Verify => "verify",
        /// Our copy of the tokens is gone.
        Wipe => "wipe",
    }
}

text_enum! {
    /// How a step ended.
    StepOutcome {
        /// It was done.
        Done => "done",
        /// Nothing was left to do.
        AlreadySo => "already_so",
        /// It could not be done; the receipt says what is left.
        CouldNot => "could_not",
        /// It does not apply here; the receipt says why.
        Skipped => "skipped",
    }
}

impl SagaState {
    /// The end of a disconnect whose steps ended so.
    pub fn after(outcomes: impl IntoIterator<Item = StepOutcome>) -> Self {
        match outcomes.into_iter().any(|outcome| outcome == StepOutcome::CouldNot) {
            true => Self::DoneWithLeftovers,
            false => Self::Done,
        }
    }
}

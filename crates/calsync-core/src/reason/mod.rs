//! The closed list of causes. Each has one line in [`table`]: what it means, how far it can reach,
//! how the engine reacts, what people are told and what to do next. Everything that speaks of a
//! failure speaks from here.

mod for_users;
mod info;
mod table;

pub use info::{Actor, BlastRadius, NextStep, Reaction, ReasonInfo};

use crate::language::Language;
use crate::text_enum::text_enum;

text_enum! {
    /// Why something ended as it did.
    Reason {
        /// The user ended our access.
        GrantRevoked => "grant_revoked",
        /// Google let the access lapse.
        GrantExpired => "grant_expired",
        /// The access is dead and Google doesn't say why.
        GrantUnknown => "grant_unknown",
        /// Google refuses many at once: likely none of them is dead.
        GrantInDoubt => "grant_in_doubt",
        /// A box was left unticked.
        ScopeMissing => "scope_missing",
        /// Google doesn't know our OAuth client or its secret.
        ClientInvalid => "client_invalid",
        /// The API is off in our Google Cloud project.
        ApiDisabled => "api_disabled",
        /// The project's quota of a minute is used up.
        ProjectQuota => "project_quota",
        /// The project's quota of a day is used up.
        DailyLimit => "daily_limit",
        /// The user's quota of a minute is used up.
        UserRate => "user_rate",
        /// The account's use limits are passed, for hours.
        UserQuota => "user_quota",
        /// The calendar isn't there.
        CalendarGone => "calendar_gone",
        /// We may not write to the calendar.
        CalendarReadOnly => "calendar_read_only",
        /// What we put into an earlier calendar can't be removed there.
        LeftBehind => "left_behind",
        /// Google won't take this item.
        ItemRefused => "item_refused",
        /// The event isn't there.
        ItemGone => "item_gone",
        /// Somebody else changed it first.
        Conflict => "conflict",
        /// A sync token is too old.
        SyncTokenExpired => "sync_token_expired",
        /// Google failed.
        GoogleUnavailable => "google_unavailable",
        /// Google didn't answer in time.
        GoogleSlow => "google_slow",
        /// Google could not be reached.
        Network => "network",
        /// Google's answer could not be read.
        AnswerGarbled => "answer_garbled",
        /// A push channel died.
        ChannelLost => "channel_lost",
        /// A stored token can't be opened.
        TokenUnreadable => "token_unreadable",
        /// A breaker holds it.
        HeldForApproval => "held_for_approval",
        /// An admin paused it.
        Paused => "paused",
        /// Others go first.
        WaitingTurn => "waiting_turn",
        /// calsync itself failed.
        ServiceFault => "service_fault",
        /// Google takes our write and keeps something else.
        NoProgress => "no_progress",
        /// The user has no connection.
        NotConnected => "not_connected",
        /// The platform never sent it.
        NeverReceived => "never_received",
        /// We refused what the platform sent.
        RefusedByUs => "refused_by_us",
        /// The item isn't for this user.
        NotAddressed => "not_addressed",
        /// The user turned its kind off.
        KindOff => "kind_off",
        /// It ended too long ago.
        TooOld => "too_old",
        /// The user took it off their calendar.
        RemovedByUser => "removed_by_user",
        /// The platform called it off or removed it.
        Cancelled => "cancelled",
        /// The user said no at Google.
        ConsentDenied => "consent_denied",
        /// The user agreed to a part only.
        ConsentPartial => "consent_partial",
        /// The user's organisation doesn't let our Google app in.
        OrgBlocksApp => "org_blocks_app",
        /// The link was used or is too old.
        LinkExpired => "link_expired",
        /// Another Google account than before.
        OtherAccount => "other_account",
        /// A cause that we don't know: its own loud group.
        Unknown => "unknown",
    }
}

impl Reason {
    /// Its line in the table.
    pub const fn info(self) -> &'static ReasonInfo {
        table::info(self)
    }

    /// What it says to the user.
    pub const fn to_user(self, language: Language) -> &'static str {
        for_users::sentence(self).to(language)
    }

    /// What the user does next.
    pub const fn next_step_of_user(self, language: Language) -> &'static str {
        for_users::next_step(self).to(language)
    }

    /// The next step as the user is told it: they never hear of a button that only others have.
    pub const fn step_of_user(self, language: Language) -> NextStep {
        let NextStep { who, action, .. } = self.info().next_step;
        let action = match who {
            Actor::Support | Actor::Operator => None,
            Actor::User | Actor::Nobody => action,
        };
        NextStep { text: self.next_step_of_user(language), who, action }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    #[test]
    fn the_table_reads_well() {
        let mut page = String::new();
        for reason in Reason::ALL {
            let info = reason.info();
            writeln!(page, "{} · {:?} · {:?}", reason.name(), info.blast_radius, info.reaction)
                .expect("a String");
            for language in Language::ALL {
                let (sentence, next) = (reason.to_user(*language), reason.next_step_of_user(*language));
                writeln!(page, "  {}:    {sentence} → {next}", language.name()).expect("a String");
                for text in [sentence, next] {
                    let end = if *language == Language::Japanese { '。' } else { '.' };
                    assert!(text.ends_with(end), "{}: {text}", reason.name());
                }
            }
            writeln!(page, "  admin: {}", info.admin_sentence).expect("a String");
            let next = &info.next_step;
            writeln!(page, "  next:  {} ({:?}, {:?})", next.text, next.who, next.action).expect("a String");
            for sentence in [info.admin_sentence, next.text] {
                assert!(sentence.ends_with('.') && sentence.len() > 10, "{}: {sentence}", reason.name());
            }
        }
        insta::assert_snapshot!(page);
    }
}

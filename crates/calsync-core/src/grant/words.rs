//! What each cause says: to the user in every language, to the admin with who has to act. Only a new
//! consent brings a grant back, so the user's step is always to connect again.

use super::Cause;
use crate::language::{Language, Text};
use crate::reason::{Actor, NextStep};

/// What happened, to the user, where the cause says more than its reason.
const fn sentence(cause: Cause) -> Option<Text> {
    Some(match cause {
        Cause::Unused => Text::new(
            "Google ended our access to your calendar, since it was not used for six months.",
            "6 か月間使われなかったため、Google によりカレンダーへのアクセスが終了しました。",
            "6개월 동안 사용하지 않아 Google에서 캘린더에 대한 접근을 종료했습니다.",
        ),
        Cause::TimeBased => Text::new(
            "The time for which you gave us access to your calendar is over.",
            "許可いただいたカレンダーへのアクセス期間が終了しました。",
            "허용하신 캘린더 접근 기간이 끝났습니다.",
        ),
        Cause::TooMany => Text::new(
            "Google ended our access, since your Google account was connected very often.",
            "お使いの Google アカウントが何度も接続されたため、Google によりアクセスが終了しました。",
            "사용 중인 Google 계정이 너무 여러 번 연결되어 Google에서 접근을 종료했습니다.",
        ),
        Cause::ClientChanged => Text::new(
            "Our Google app has changed, so we need your permission again.",
            "当サービスの Google アプリが変わったため、もう一度許可が必要です。",
            "저희 Google 앱이 변경되어 다시 허용해 주셔야 합니다.",
        ),
        Cause::Administrator => Text::new(
            "Google ended our access for your whole organisation.",
            "所属する組織全体で、Google によりアクセスが終了しました。",
            "소속 조직 전체에 대해 Google에서 접근을 종료했습니다.",
        ),
        Cause::Testing | Cause::Unknown => return None,
    })
}

const FOR_AS_LONG: Text = Text::new(
    "Connect Google Calendar again, for as long as you want it in sync.",
    "同期を続けたい期間を選んで、Google カレンダーをもう一度接続してください。",
    "동기화를 원하는 기간만큼 허용하여 Google 캘린더를 다시 연결해 주세요.",
);
const ASK_FIRST: Text = Text::new(
    "Ask your administrator to allow our app, then connect Google Calendar again.",
    "管理者にこのアプリの許可を依頼してから、Google カレンダーをもう一度接続してください。",
    "관리자에게 이 앱을 허용해 달라고 요청한 뒤 Google 캘린더를 다시 연결해 주세요.",
);

impl Cause {
    /// What it says to the user.
    pub const fn to_user(self, language: Language) -> &'static str {
        match sentence(self) {
            Some(text) => text.to(language),
            None => self.reason().to_user(language),
        }
    }

    /// What the user does next.
    pub const fn next_step_of_user(self, language: Language) -> &'static str {
        match self {
            Self::TimeBased => FOR_AS_LONG.to(language),
            Self::Administrator => ASK_FIRST.to(language),
            _ => self.reason().next_step_of_user(language),
        }
    }

    /// What happened, to the admin.
    pub const fn admin_sentence(self) -> &'static str {
        match self {
            Self::Unused => "Google ended the grant: it was not used for six months.",
            Self::Testing => {
                "Google ended the grant after seven days, as it does while our Google app is in testing."
            }
            Self::TimeBased => "The user gave access for a limited time, which is over.",
            Self::TooMany => {
                "Google dropped the grant: one account may have 100 of one client, and the oldest goes first."
            }
            Self::ClientChanged => {
                "The grant was given to another Google app than the one that is configured."
            }
            Self::Administrator => {
                "Google ended the grants of the whole domain at once: likely its administrator blocked our app."
            }
            Self::Unknown => self.reason().info().admin_sentence,
        }
    }

    /// What is to be done, and what keeps it from happening again.
    pub const fn next_step(self) -> NextStep {
        let (who, text) = match self {
            Self::Testing => (
                Actor::Operator,
                "Publish our Google app in the Google Cloud console, then let the user connect again.",
            ),
            Self::ClientChanged => {
                (Actor::Operator, "Set google.client_id back, or let the users connect again.")
            }
            Self::TooMany => (
                Actor::Support,
                "Find out why this Google account is connected so often, then let the user connect again.",
            ),
            Self::Administrator => (
                Actor::Support,
                "Have the domain's administrator allow our app, then let the users connect again.",
            ),
            Self::Unused | Self::TimeBased | Self::Unknown => {
                (Actor::User, self.next_step_of_user(Language::English))
            }
        };
        NextStep { text, who, action: Some("reconnect") }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    #[test]
    fn every_cause_says_what_happened_and_what_to_do() {
        let mut page = String::new();
        for cause in Cause::ALL {
            writeln!(page, "{}", cause.name()).expect("a String");
            for language in Language::ALL {
                let (sentence, next) = (cause.to_user(*language), cause.next_step_of_user(*language));
                writeln!(page, "  {}:    {sentence} → {next}", language.name()).expect("a String");
            }
            let next = cause.next_step();
            writeln!(page, "  admin: {} → {} ({:?})", cause.admin_sentence(), next.text, next.who)
                .expect("a String");
        }
        insta::assert_snapshot!(page);
    }
}

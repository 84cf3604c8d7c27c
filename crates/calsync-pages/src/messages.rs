//! The words of users' pages. Each is one function with its English, Japanese and Korean side by
//! side: one that is missing, or that names what it isn't given, doesn't compile.
//!
//! What is said on one page stands in a file of words beside that page; here is what several say.

use calsync_core::language::Language;
use calsync_http::input::preferred_language;
use http::HeaderMap;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The words in one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Messages(pub(crate) Language);

/// Defines words: `name(argument: type) { English Japanese Korean }`.
macro_rules! messages {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $kind:ty),*) {
        $english:literal $japanese:literal $korean:literal
    })+) => {
        impl $crate::messages::Messages {
            $($(#[$doc])*
            pub(crate) fn $name(self $(, $argument: $kind)*) -> String {
                match self.0 {
                    calsync_core::language::Language::English => format!($english),
                    calsync_core::language::Language::Japanese => format!($japanese),
                    calsync_core::language::Language::Korean => format!($korean),
                }
            })+
        }
    };
}
pub(crate) use messages;

impl Messages {
    /// In the language that a browser prefers among ours.
    pub(crate) fn of_browser(headers: &HeaderMap) -> Self {
        Self(preferred_language(headers))
    }

    /// In the user's language, or what their browser prefers where it is not known.
    pub(crate) fn of_user(locale: Option<&str>, headers: &HeaderMap) -> Self {
        locale.and_then(Language::of_tag).map_or_else(|| Self::of_browser(headers), Self)
    }

    /// As in `lang="…"`.
    pub(crate) const fn lang(self) -> &'static str {
        self.0.name()
    }

    /// A moment in the user's zone, or in UTC where that is not known.
    pub(crate) fn moment(self, at: Timestamp, zone: Option<&str>) -> String {
        let zone = zone.and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
        let format = match self.0 {
            Language::English => "%-d %B %Y, %H:%M %Z",
            Language::Japanese => "%Y年%-m月%-d日 %H:%M（%Z）",
            Language::Korean => "%Y년 %-m월 %-d일 %H:%M (%Z)",
        };
        at.to_zoned(zone).strftime(format).to_string()
    }
}

messages! {
    /// A link away from our pages.
    back_to(platform: &str) { "Back to {platform}" "{platform} に戻る" "{platform}(으)로 돌아가기" }

    start_from(platform: &str) {
        "Go back to {platform} and start again from there."
        "{platform} に戻り、もう一度最初からやり直してください。"
        "{platform}(으)로 돌아가서 다시 시작해 주세요."
    }

    try_again() { "Try again" "もう一度試す" "다시 시도" }
    to_settings() { "Calendar settings" "カレンダーの設定" "캘린더 설정" }
    sessions() { "Booked sessions" "予約したセッション" "예약한 세션" }
    tasks() { "Tasks with a due date" "期限のあるタスク" "기한이 있는 작업" }
    deadlines() { "Deadlines" "締め切り" "마감일" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_a_user_counts_before_their_browser() {
        assert_eq!(Messages::of_user(Some("ja"), &HeaderMap::new()).lang(), "ja");
        assert_eq!(Messages::of_user(None, &HeaderMap::new()).lang(), "en");
    }

    #[test]
    fn a_moment_reads_as_people_of_that_language_write_it() {
        let at: Timestamp = "2031-03-01T20:05:00Z".parse().expect("a time");
        let read = |language, zone| Messages(language).moment(at, zone);
        assert_eq!(read(Language::English, Some("Europe/Lisbon")), "1 March 2031, 20:05 WET");
        assert_eq!(read(Language::Japanese, Some("Asia/Tokyo")), "2031年3月2日 05:05（JST）");
        assert_eq!(read(Language::Korean, Some("Asia/Seoul")), "2031년 3월 2일 05:05 (KST)");
        assert_eq!(read(Language::English, None), "1 March 2031, 20:05 UTC");
    }
}

//! The languages in which calsync speaks to users. What admins and developers read is English.
//!
//! A [`Text`] takes all languages at once, and whoever picks among them does so in an exhaustive
//! `match`: a text or a language that is missing somewhere doesn't compile.

use crate::text_enum::text_enum;

text_enum! {
    /// A language.
    Language {
        /// English, for everyone whose language is not here.
        English => "en",
        /// Japanese.
        Japanese => "ja",
        /// Korean.
        Korean => "ko",
    }
}

impl Language {
    /// The language of a BCP 47 tag, such as `ko` of `ko-KR`; none if it is not one of ours.
    pub fn of_tag(tag: &str) -> Option<Self> {
        Self::from_name(&tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase())
    }

    /// The language of a user's `locale`; English if there is none or it is not one of ours.
    pub fn of_locale(locale: Option<&str>) -> Self {
        locale.and_then(Self::of_tag).unwrap_or(Self::English)
    }
}

/// A text in every language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    english: &'static str,
    japanese: &'static str,
    korean: &'static str,
}

impl Text {
    /// A text, in the order of [`Language::ALL`].
    pub const fn new(english: &'static str, japanese: &'static str, korean: &'static str) -> Self {
        Self { english, japanese, korean }
    }

    /// As it reads in `language`.
    pub const fn to(self, language: Language) -> &'static str {
        match language {
            Language::English => self.english,
            Language::Japanese => self.japanese,
            Language::Korean => self.korean,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_a_language_by_its_first_part() {
        for (tag, language) in [("ja", "ja"), ("ko-KR", "ko"), ("EN_us", "en"), ("ja-Jpan-JP", "ja")] {
            assert_eq!(Language::of_tag(tag).map(Language::name), Some(language), "{tag}");
        }
        for tag in ["", "de", "jav", "kok-IN"] {
            assert_eq!(Language::of_tag(tag), None, "{tag}");
            assert_eq!(Language::of_locale(Some(tag)), Language::English, "{tag}");
        }
    }
}

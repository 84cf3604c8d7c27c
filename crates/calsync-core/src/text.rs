//! Text as Google keeps it. What is sent in this form comes back as it was sent, and what differs only
//! in what Google evens out is no difference.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// `text` with line feeds alone for line breaks, composed characters (NFC), no control characters but
/// line breaks and tabs, and no space around it.
pub fn normal(text: &str) -> Cow<'_, str> {
    let is_kept = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    // Of ASCII all is composed, and most text is ASCII.
    if (text.is_ascii() || is_nfc(text)) && text.chars().all(|c| is_kept(&c)) {
        return Cow::Borrowed(text.trim());
    }
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    let composed: String = lines.chars().filter(is_kept).nfc().collect();
    Cow::Owned(composed.trim().to_owned())
}

/// Whether Google keeps both as the same text.
pub fn is_same(one: &str, other: &str) -> bool {
    one == other || normal(one) == normal(other)
}

/// `text` in its normal form; none if nothing is left of it.
pub fn present(text: Option<&str>) -> Option<String> {
    text.map(normal).filter(|text| !text.is_empty()).map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_google_evens_out_is_evened_out() {
        for (text, kept) in [
            ("plan", "plan"),
            ("  plan \n", "plan"),
            ("a\r\nb\rc", "a\nb\nc"),
            ("a\u{7}b\tc", "ab\tc"),
            ("cafe\u{301}", "café"),
            ("\u{a0}\u{0}", ""),
        ] {
            assert_eq!(normal(text), kept, "{text:?}");
            assert_eq!(normal(&normal(text)), normal(text), "once is enough");
        }
        assert!(is_same("a\r\nb ", "a\nb") && !is_same("a b", "ab"));
        assert_eq!(present(Some(" \n")), None);
    }
}

//! Where our text stands in an event's description, around which the user may write, and into which.
//!
//! It is found for certain or not at all: only where all that is seen of it stands, nothing between and
//! nothing joined to it. What differs is the user's, and nothing of it is dropped: then ours is put above.

use std::ops::Range;

use crate::markup::{self, Piece, Token};
use crate::stamp::StampContents;

/// Our text as it stands in a description; nothing at the very top where it doesn't.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Where.
    pub(super) span: Range<usize>,
    /// What it says, as plain text.
    pub(super) text: String,
}

/// So many characters don't stand in a sentence of the user's by chance. Shorter ones count as ours only on
/// lines of their own.
const IN_A_LINE_MIN: usize = 16;

/// Finds our text: where the stamp says, else where one of `texts` is seen, which it may be, else
/// where what the stamp tells of is seen.
pub(super) fn find(description: &str, contents: Option<&StampContents>, texts: &[&str]) -> Found {
    if let Some(contents) = contents
        && let Some(span) = stamped(description, contents)
    {
        let slice = &description[span.clone()];
        let text = texts.iter().find(|text| **text == slice || contents.written.is_managed_text(text));
        let text = text.map_or_else(|| markup::plain(slice), |text| (*text).to_owned());
        return Found { span, text };
    }
    if description.is_empty() || (texts.is_empty() && contents.is_none()) {
        return Found::default();
    }
    let page = Page::read(description);
    let near = contents.map_or(0, |contents| contents.text_start);
    let known = texts.iter().find_map(|text| {
        let span = keys(text).iter().find_map(|key| page.find(key, near))?;
        Some(Found { span, text: (*text).to_owned() })
    });
    let by_stamp = || {
        let span = page.find_by_stamp(contents?)?;
        Some(Found { text: markup::plain(&description[span.clone()]), span })
    };
    known.or_else(by_stamp).unwrap_or_default()
}

/// What may be seen of `text`: itself, or what it is read as where it was sent as it is.
fn keys(text: &str) -> [String; 2] {
    [markup::seen(text), markup::without_space(text)]
}

/// Where the stamp says, if that is ours and nothing is joined to it.
fn stamped(description: &str, contents: &StampContents) -> Option<Range<usize>> {
    let span = contents.text_start..contents.text_start.checked_add(contents.text_length)?;
    let slice = description.get(span.clone()).filter(|slice| !slice.is_empty())?;
    let joined = |one: Option<char>, other: Option<char>| {
        one.zip(other).is_some_and(|(one, other)| is_joined(one, other))
    };
    let is_apart = !joined(description[..span.start].chars().next_back(), slice.chars().next())
        && !joined(slice.chars().next_back(), description[span.end..].chars().next());
    (is_apart && contents.written.is_managed_text(slice)).then_some(span)
}

/// Whether two characters side by side are of one word.
fn is_joined(one: char, other: char) -> bool {
    one.is_alphanumeric() && other.is_alphanumeric()
}

/// A description with what is seen of it.
struct Page<'a> {
    tokens: Vec<Token<'a>>,
    /// The characters that are seen.
    seen: String,
    /// For each of them, where it begins in `seen`, and its token.
    places: Vec<(usize, usize)>,
}

impl<'a> Page<'a> {
    fn read(description: &'a str) -> Self {
        let tokens: Vec<Token<'a>> = markup::tokens(description).collect();
        let (mut seen, mut places) = (String::with_capacity(description.len()), Vec::new());
        for (index, token) in tokens.iter().enumerate() {
            if let Some(c) = token.seen() {
                places.push((seen.len(), index));
                seen.push(c);
            }
        }
        Self { tokens, seen, places }
    }

    /// Where all of `key` is seen: on lines of its own, or long enough to be nothing else. The nearest to
    /// `near`, should it be there twice.
    fn find(&self, key: &str, near: usize) -> Option<Range<usize>> {
        let is_long = key.chars().count() >= IN_A_LINE_MIN;
        let mut best: Option<((bool, usize), Range<usize>)> = None;
        let mut from = 0;
        while !key.is_empty()
            && let Some(at) = self.seen.get(from..).and_then(|rest| rest.find(key))
        {
            let start = from + at;
            from = start + self.seen[start..].chars().next().map_or(1, char::len_utf8);
            let (Some(first), Some(last)) = (self.token_at(start), self.token_before(start + key.len()))
            else {
                continue;
            };
            let is_alone = self.is_alone(first, last);
            if is_alone || (is_long && self.is_apart(first, last)) {
                let span = self.tokens[first].at.start..self.tokens[last].at.end;
                let rank = (!is_alone, span.start.abs_diff(near));
                if best.as_ref().is_none_or(|(best, _)| rank < *best) {
                    best = Some((rank, span));
                }
            }
        }
        best.map(|(_, span)| span)
    }

    /// Where lines say what the stamp tells of.
    fn find_by_stamp(&self, contents: &StampContents) -> Option<Range<usize>> {
        let length = contents.text_seen.filter(|length| *length > 0)?;
        let starts = self.places.iter().enumerate();
        let starts = starts.filter(|(_, (_, token))| self.begins_line(*token)).take(LINES_MAX);
        starts.into_iter().find_map(|(index, (start, first))| {
            let (end, last) = *self.places.get(index + length - 1)?;
            let text = self.seen.get(*start..)?.get(..end - start + self.tokens[last].seen()?.len_utf8())?;
            let is_ours = self.is_alone(*first, last) && contents.written.is_seen_text(text);
            is_ours.then(|| self.tokens[*first].at.start..self.tokens[last].at.end)
        })
    }

    fn token_at(&self, start: usize) -> Option<usize> {
        let index = self.places.binary_search_by_key(&start, |(at, _)| *at).ok()?;
        Some(self.places[index].1)
    }

    /// The token of the character that ends before `end`.
    fn token_before(&self, end: usize) -> Option<usize> {
        let index = self.places.partition_point(|(at, _)| *at < end).checked_sub(1)?;
        Some(self.places[index].1)
    }

    fn begins_line(&self, token: usize) -> bool {
        begins_line(self.tokens[..token].iter().rev())
    }

    /// Whether nothing else is seen on the lines from one token to the other.
    fn is_alone(&self, first: usize, last: usize) -> bool {
        self.begins_line(first) && begins_line(self.tokens[last + 1..].iter())
    }

    /// Whether no word goes on before the first token or after the last.
    fn is_apart(&self, first: usize, last: usize) -> bool {
        let joined = |token: usize, next: Option<char>| {
            self.tokens[token].seen().zip(next).is_some_and(|(one, other)| is_joined(one, other))
        };
        !joined(first, beside(self.tokens[..first].iter().rev()))
            && !joined(last, beside(self.tokens[last + 1..].iter()))
    }
}

/// Lines of a description that are looked at: far more than people write.
const LINES_MAX: usize = 200;

/// Whether a line ends before anything is seen.
fn begins_line<'a>(mut tokens: impl Iterator<Item = &'a Token<'a>>) -> bool {
    tokens.find(|token| token.is_break() || token.seen().is_some()).is_none_or(Token::is_break)
}

/// The character that is seen right beside, with no space between.
fn beside<'a>(mut tokens: impl Iterator<Item = &'a Token<'a>>) -> Option<char> {
    let is_inline = |token: &&Token<'_>| matches!(token.piece, Piece::Tag(_)) && !token.is_break();
    tokens.find(|token| !is_inline(token))?.seen()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(description: &'a str, managed_text: &str) -> &'a str {
        &description[find(description, None, &[managed_text]).span]
    }

    #[test]
    fn it_is_found_on_lines_of_its_own_or_not_at_all() {
        for (description, managed_text, expected) in [
            ("mine\nplan a\nplan b\nmine", "plan a\nplan b", "plan a\nplan b"),
            ("mine\nplan  a \n\n plan b\nmine", "plan a\nplan b", "plan  a \n\n plan b"),
            ("mine\nmy plan\nplan\nmine", "plan", "plan"),
            ("explanation", "plan", ""),
            ("my plan", "plan", ""),
            ("plan a!\nplan b", "plan a\nplan b", ""),
            ("plan a\nnew\nplan b", "plan a\nplan b", ""),
            ("the whole plan of today, and mine", "the whole plan of today", "the whole plan of today"),
            ("the whole plan of todays", "the whole plan of today", ""),
            ("all mine", "plan", ""),
            ("all mine", "", ""),
            ("", "plan", ""),
        ] {
            assert_eq!(found(description, managed_text), expected, "{description:?}");
        }
    }

    #[test]
    fn it_is_found_through_html_entities_and_white_space() {
        for (description, managed_text, expected) in [
            ("<p>plan a</p><p>plan&nbsp;b</p><p>mine</p>", "plan a\n\nplan b", "plan a</p><p>plan&nbsp;b"),
            ("a &lt; b<br>mine", "a < b", "a &lt; b"),
            (
                "mine<br><a href=\"https://x.example\">https://x.example</a>",
                "https://x.example",
                "https://x.example",
            ),
            ("<ul><li>plan</li><li>mine</li></ul>", "plan", "plan"),
            ("<b>pl</b>an", "plan", "pl</b>an"),
            ("plan<br>", "plan", "plan"),
        ] {
            assert_eq!(found(description, managed_text), expected, "{description:?}");
        }
    }
}

//! Writes a description: our text in its place, and all else as its user left it.

use std::borrow::Cow;
use std::ops::Range;

use super::managed_text::Found;
use crate::markup::{self, Piece, Tag, Token};

/// The longest description that we write, in characters: Google drops what passes about 8,190.
const LENGTH_MAX: usize = 8_000;

/// A description, and where our text is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Described {
    pub(super) description: String,
    pub(super) span: Range<usize>,
    /// Our text as plain text: what of it there is room for.
    pub(super) text: String,
}

/// `description` with `text` in place of the block that was found in it, or above everything. What its
/// user wrote stays to the byte. If that alone is too long, nothing is changed.
pub(super) fn replace(description: &str, found: Found, text: &str) -> Described {
    if found.text == text {
        return Described { description: description.to_owned(), span: found.span, text: found.text };
    }
    let Hole { before, kept, after } = Hole::cut(description, &found.span);
    let is_html = [before, &kept, after].into_iter().any(markup::is_html);
    let written = |text: &str| if is_html { markup::escaped(text) } else { text.to_owned() };
    let is_new = found.span.is_empty() && !text.is_empty() && !after.trim().is_empty();
    let gap = match is_new && !markup::tokens(after).next().is_some_and(|token| token.is_break()) {
        true if is_html => "<br><br>",
        true => "\n\n",
        false => "",
    };
    let room = [before, &kept, gap, after].into_iter().map(|part| part.chars().count()).sum::<usize>();
    let Some(text) = fitted(text, |text| room + written(text).chars().count() <= LENGTH_MAX) else {
        return Described { description: description.to_owned(), span: found.span, text: found.text };
    };
    let ours = written(&text);
    let span = before.len()..before.len() + ours.len();
    Described { description: [before, &ours, &kept, gap, after].concat(), span, text: text.into_owned() }
}

/// What is left of a description without our text.
struct Hole<'a> {
    before: &'a str,
    /// Tags that stood in our text and belong to what is around it.
    kept: String,
    after: &'a str,
}

impl<'a> Hole<'a> {
    fn cut(description: &'a str, span: &Range<usize>) -> Self {
        let whole = |span: &Range<usize>| Self {
            before: &description[..span.start],
            kept: String::new(),
            after: &description[span.end..],
        };
        if span.is_empty() || !description.contains('<') {
            return whole(span);
        }
        let tokens: Vec<Token<'_>> = markup::tokens(description).collect();
        let first = tokens.iter().position(|token| token.at.end > span.start);
        let last = tokens.iter().rposition(|token| token.at.start < span.end);
        let Some((mut first, mut last)) = first.zip(last) else { return whole(span) };
        widen(&tokens, &mut first, &mut last);
        let open = left_open(&tokens[first..=last]);
        let start = tokens[first].at.start.min(span.start);
        let end = tokens[last].at.end.max(span.end);
        let kept = open.iter().map(|token| &description[token.at.clone()]).collect();
        Self { kept, ..whole(&(start..end)) }
    }
}

fn tag<'a>(token: &Token<'a>) -> Option<Tag<'a>> {
    match token.piece {
        Piece::Tag(tag) => Some(tag),
        Piece::Seen(_) | Piece::Space | Piece::Break => None,
    }
}

/// Takes in the tags right before and after that go with what is cut out: links to what it says, and the
/// other halves of tags in it.
fn widen(tokens: &[Token<'_>], first: &mut usize, last: &mut usize) {
    loop {
        let before = first.checked_sub(1).and_then(|index| tag(&tokens[index])).filter(|tag| !tag.is_end);
        let after = tokens.get(*last + 1).and_then(tag).filter(|tag| tag.is_end);
        let open = left_open(&tokens[*first..=*last]);
        let half = |is_end: bool, name: &str| {
            open.iter().filter_map(|token| tag(token)).any(|tag| tag.is_end == is_end && tag.is_named(name))
        };
        let takes_before = before.is_some_and(|tag| half(true, tag.name));
        let takes_after = after.is_some_and(|tag| half(false, tag.name));
        let is_link = |tag: Option<Tag<'_>>| tag.is_some_and(|tag| tag.is_named("a"));
        let both = is_link(before) && is_link(after);
        if !(takes_before || takes_after || both) {
            return;
        }
        *first -= usize::from(takes_before || both);
        *last += usize::from(takes_after || both);
    }
}

/// The tags in `tokens` whose other half is elsewhere.
fn left_open<'a>(tokens: &'a [Token<'a>]) -> Vec<&'a Token<'a>> {
    let mut open: Vec<&Token<'_>> = Vec::new();
    for token in tokens {
        let Some(this) = tag(token) else { continue };
        let closes = open.last().and_then(|token| tag(token)).is_some_and(|last| {
            // An end right before a new beginning of the same is one, too: two paragraphs become one.
            last.is_end != this.is_end && last.is_named(this.name)
        });
        match closes {
            true => drop(open.pop()),
            false => open.push(token),
        }
    }
    open
}

/// As much of `text` as `fits`: only words are cut, never the links at its end. None if not even those do.
fn fitted(text: &str, fits: impl Fn(&str) -> bool) -> Option<Cow<'_, str>> {
    if fits(text) {
        return Some(Cow::Borrowed(text));
    }
    let links_at = links_at(text);
    let (words, links) = text.split_at(links_at);
    let cut = |length: usize| {
        let head = head(words, length);
        if head.is_empty() { links.trim_start().to_owned() } else { format!("{head}…{links}") }
    };
    // As long as it may be; what is cut may be longer in HTML than it is.
    let (mut least, mut most) = (0, words.chars().count());
    while least < most {
        let middle = (least + most).div_ceil(2);
        if fits(&cut(middle)) { least = middle } else { most = middle - 1 }
    }
    Some(cut(least)).filter(|text| fits(text)).map(Cow::Owned)
}

/// Where the links begin that stand alone at the end of `text`, with the space before them.
fn links_at(text: &str) -> usize {
    let mut end = text.len();
    while let Some(at) = text[..end].rfind("\n\n") {
        let paragraph = &text[at + 2..end];
        if !is_link(paragraph) {
            return end;
        }
        end = at;
    }
    if is_link(&text[..end]) { 0 } else { end }
}

fn is_link(text: &str) -> bool {
    (text.starts_with("https://") || text.starts_with("http://")) && !text.contains(char::is_whitespace)
}

/// The first `length` characters of `words`, but no half of a link.
fn head(words: &str, length: usize) -> &str {
    let end = words.char_indices().nth(length).map_or(words.len(), |(at, _)| at);
    let head = &words[..end];
    let last = head.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let is_cut = words[end..].chars().next().is_some_and(|c| !c.is_whitespace());
    let head = if is_cut && head[last..].contains("://") { &head[..last] } else { head };
    head.trim_end()
}

#[cfg(test)]
mod tests {
    use super::super::managed_text::find;
    use super::*;

    fn replaced(description: &str, old: &str, new: &str) -> String {
        let described = replace(description, find(description, None, &[old]), new);
        let ours = &described.description[described.span.clone()];
        assert_eq!(markup::seen(ours), markup::seen(&markup::escaped(new)), "{description:?}");
        described.description
    }

    #[test]
    fn what_is_around_a_block_stays_to_the_byte() {
        for (description, old, new, expected) in [
            ("a\nplan\nb", "plan", "new", "a\nnew\nb"),
            ("mine", "", "new", "new\n\nmine"),
            ("mine", "plan", "new", "new\n\nmine"),
            ("\n\nmine", "", "new", "new\n\nmine"),
            ("mine", "", "", "mine"),
            ("", "", "new", "new"),
            ("plan\n\nmine", "plan", "", "\n\nmine"),
            ("<b>mine</b>", "plan", "1 < 2", "1 &lt; 2<br><br><b>mine</b>"),
        ] {
            assert_eq!(replaced(description, old, new), expected, "{description:?}");
        }
    }

    #[test]
    fn html_around_a_block_stays_whole() {
        let link = "https://x.example/1";
        let anchor = format!("<a href=\"{link}\">{link}</a>");
        for (description, old, new, expected) in [
            (anchor.clone(), link.to_owned(), "https://y.example/?a&b", "https://y.example/?a&b".to_owned()),
            (format!("{anchor}<br>mine"), link.into(), "new", "new<br>mine".into()),
            (
                format!("plan<br><br>{anchor}<br>mine"),
                format!("plan\n\n{link}"),
                "a\nb",
                "a<br>b<br>mine".into(),
            ),
            ("<p>a</p><p>b</p><p>mine</p>".into(), "a\nb".into(), "new", "<p>new</p><p>mine</p>".into()),
            (
                "<ul><li>a</li><li>b</li></ul>mine".into(),
                "a\nb".into(),
                "new",
                "<ul><li>new</li></ul>mine".into(),
            ),
            ("<b>a</b> b<i>!</i>".into(), "a b!".into(), "new", "new".into()),
            ("<b>mine<br>plan</b>".into(), "plan".into(), "new", "<b>mine<br>new</b>".into()),
            (
                "<b>mine<br>a</b><br>b<br>mine".into(),
                "a\nb".into(),
                "new",
                "<b>mine<br>new</b><br>mine".into(),
            ),
        ] {
            assert_eq!(replaced(&description, &old, new), expected, "{description:?}");
        }
    }

    #[test]
    fn a_long_text_is_cut_and_its_links_are_not() {
        let links = "https://x.example/1\n\nhttps://x.example/2";
        let text = format!("{} https://z.example/{} end\n\n{links}", "word ".repeat(1_500), "z".repeat(900));
        let described = replace("", Found::default(), &text);
        assert!(described.description.chars().count() <= LENGTH_MAX);
        assert_eq!(described.text, described.description);
        assert!(described.text.ends_with(&format!("word…\n\n{links}")), "no half of a link");
        let notes = "n".repeat(7_980);
        let described = replace(&notes, Found::default(), &text);
        assert_eq!(
            (described.description.as_str(), described.span),
            (notes.as_str(), 0..0),
            "the notes are the user's"
        );
        let notes = "n".repeat(7_900);
        let described = replace(&notes, Found::default(), &text);
        let words = ["word"; 11].join(" ");
        assert!(described.description == format!("{words}…\n\n{links}\n\n{notes}"), "{}", described.text);
        let escaped =
            replace(&format!("<b>{notes}</b>"), Found::default(), &format!("{}\n\n{links}", "<".repeat(50)));
        assert!(
            escaped.description.chars().count() <= LENGTH_MAX
                && escaped.description.contains("https://x.example/2")
        );
    }
}

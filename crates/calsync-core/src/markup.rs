//! A description as people see it. It is plain text until its user saves something in Google's own
//! editor, which writes all of it anew as HTML; then what we wrote is still there to be seen, between
//! tags, entities and other white space.
//!
//! This is no HTML parser: it knows the tags and entities that such an editor writes. Whatever else looks
//! like one is text.

use std::ops::Range;

/// What stands at one place of a description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A character that is seen.
    Seen(char),
    /// White space within a line.
    Space,
    /// The end of a line.
    Break,
    /// A tag, which itself is not seen.
    Tag(Tag<'a>),
}

/// A tag by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag<'a> {
    pub(crate) name: &'a str,
    pub(crate) is_end: bool,
}

impl Tag<'_> {
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Whether it begins or ends a line.
    fn is_block(&self) -> bool {
        BLOCKS.iter().any(|name| self.is_named(name))
    }
}

/// A piece and its place in the description, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) at: Range<usize>,
    pub(crate) piece: Piece<'a>,
}

impl Token<'_> {
    /// The character that is seen here, if one is.
    pub(crate) const fn seen(&self) -> Option<char> {
        match self.piece {
            Piece::Seen(c) => Some(c),
            Piece::Space | Piece::Break | Piece::Tag(_) => None,
        }
    }

    /// Whether a line ends or begins here.
    pub(crate) fn is_break(&self) -> bool {
        match self.piece {
            Piece::Break => true,
            Piece::Tag(tag) => tag.is_block(),
            Piece::Seen(_) | Piece::Space => false,
        }
    }
}

/// Tags that stand on lines of their own.
const BLOCKS: [&str; 17] = [
    "blockquote",
    "div",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "li",
    "ol",
    "p",
    "pre",
    "table",
    "tbody",
    "td",
    "tr",
    "ul",
];
/// Tags that stand within a line. One that holds something to see, such as a picture, is not among them.
const INLINE: [&str; 19] = [
    "a",
    "b",
    "big",
    "center",
    "code",
    "del",
    "em",
    "font",
    "html-blob",
    "i",
    "ins",
    "s",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "u",
];

/// The pieces of `description`, without gaps.
pub(crate) fn tokens(description: &str) -> impl Iterator<Item = Token<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = description.get(at..).filter(|rest| !rest.is_empty())?;
        let (piece, length) = first(rest)?;
        let token = Token { at: at..at + length, piece };
        at += length;
        Some(token)
    })
}

fn first(rest: &str) -> Option<(Piece<'_>, usize)> {
    let c = rest.chars().next()?;
    let special = match c {
        '<' => tag(rest),
        '&' => entity(rest).map(|(c, length)| (of_char(c), length)),
        '\r' if rest.starts_with("\r\n") => Some((Piece::Break, 2)),
        _ => None,
    };
    Some(special.unwrap_or_else(|| (of_char(c), c.len_utf8())))
}

fn of_char(c: char) -> Piece<'static> {
    match c {
        '\n' | '\r' | '\u{2028}' | '\u{2029}' => Piece::Break,
        // What is not seen: a word joiner, a byte order mark, zero-width spaces.
        '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{ad}' => Piece::Space,
        c if c.is_whitespace() || c.is_control() => Piece::Space,
        c => Piece::Seen(c),
    }
}

/// The tag at the beginning of `rest`, and its length.
fn tag(rest: &str) -> Option<(Piece<'_>, usize)> {
    let (is_end, inside) = match rest.strip_prefix("</") {
        Some(inside) => (true, inside),
        None => (false, rest.strip_prefix('<')?),
    };
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let name = &inside[..inside.find(|c| !is_of_name(c))?];
    let tag = Tag { name, is_end };
    let after = &inside[name.len()..];
    if !after.starts_with(|c: char| c.is_whitespace() || matches!(c, '/' | '>')) {
        return None;
    }
    let end = end_of_tag(after)?;
    let length = rest.len() - after.len() + end;
    let piece = match tag.is_named("br") {
        true => Piece::Break,
        false if tag.is_block() || INLINE.iter().any(|name| tag.is_named(name)) => Piece::Tag(tag),
        false => return None,
    };
    Some((piece, length))
}

/// Where the tag ends whose attributes begin `after`: behind its `>` that is in no quotes.
fn end_of_tag(after: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in after.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(at + 1),
            (None, '<') => return None,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

/// Entities have at most so many letters.
const ENTITY_LENGTH_MAX: usize = 10;

/// The character that an entity at the beginning of `rest` stands for, and its length.
fn entity(rest: &str) -> Option<(char, usize)> {
    let end = rest.bytes().take(ENTITY_LENGTH_MAX).position(|byte| byte == b';')?;
    let name = &rest[1..end];
    let number = name.strip_prefix('#');
    let c = match (name, number) {
        (_, Some(number)) => {
            let hex = number.strip_prefix(['x', 'X']).map(|digits| u32::from_str_radix(digits, 16));
            char::from_u32(hex.unwrap_or_else(|| number.parse()).ok()?)?
        }
        ("amp", None) => '&',
        ("lt", None) => '<',
        ("gt", None) => '>',
        ("quot", None) => '"',
        ("apos", None) => '\'',
        ("nbsp", None) => '\u{a0}',
        _ => return None,
    };
    Some((c, end + 1))
}

/// Whether `description` is HTML: text that is added to it must be HTML, too.
pub(crate) fn is_html(description: &str) -> bool {
    description.contains(['<', '&'])
        && tokens(description).any(|token| match token.piece {
            Piece::Tag(_) => true,
            // An entity, or `<br>`.
            Piece::Seen(_) | Piece::Space | Piece::Break => {
                description[token.at.clone()].len() > 2 && description[token.at].starts_with(['<', '&'])
            }
        })
}

/// Plain text as HTML.
pub(crate) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '\n' => html.push_str("<br>"),
            c => html.push(c),
        }
    }
    html
}

/// What is seen of `description`, as plain text.
pub(crate) fn plain(description: &str) -> String {
    let mut text = String::with_capacity(description.len());
    for token in tokens(description) {
        match token.piece {
            Piece::Seen(c) => text.push(c),
            Piece::Space => text.push(' '),
            Piece::Break => text.push('\n'),
            Piece::Tag(tag) if tag.is_block() && !text.ends_with('\n') => text.push('\n'),
            Piece::Tag(_) => {}
        }
    }
    text.trim().to_owned()
}

/// The characters that are seen of `description`, without white space.
pub(crate) fn seen(description: &str) -> String {
    tokens(description).filter_map(|token| token.seen()).collect()
}

/// The characters of plain text, without white space.
pub(crate) fn without_space(text: &str) -> String {
    text.chars().filter(|c| matches!(of_char(*c), Piece::Seen(_))).collect()
}

/// The lines of `description` in which something is seen: their places, from the first character to the
/// last that are seen, and what is seen.
pub(crate) fn lines(description: &str) -> Vec<(Range<usize>, String)> {
    let mut lines: Vec<(Range<usize>, String)> = Vec::new();
    let mut is_new = true;
    for token in tokens(description) {
        is_new |= token.is_break();
        let Some(c) = token.seen() else { continue };
        match lines.last_mut().filter(|_| !is_new) {
            Some((at, line)) => {
                at.end = token.at.end;
                line.push(c);
            }
            None => lines.push((token.at, c.to_string())),
        }
        is_new = false;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_editor_makes_of_text_is_seen_as_that_text() {
        for (description, text) in [
            ("a < b & c", "a < b & c"),
            ("a &lt; b &amp; c", "a < b & c"),
            ("one<br>two<BR/>three", "one\ntwo\nthree"),
            ("<p>one</p><p>two&nbsp;</p>", "one\ntwo"),
            ("<ul><li>one</li></ul>", "one"),
            ("see <a href=\"https://x.example/?a>b\">https://x.example</a>", "see https://x.example"),
            ("List<String> x <https://x.example>", "List<String> x <https://x.example>"),
            ("<img src=x> &unknown; &#9731; &#x2603;", "<img src=x> &unknown; ☃ ☃"),
            ("an open <b", "an open <b"),
            ("<html-blob><u></u>one\r\ntwo</html-blob>", "one\ntwo"),
        ] {
            assert_eq!(plain(description), text, "{description}");
        }
    }

    #[test]
    fn escaped_text_is_seen_as_it_was() {
        let text = "a < b & <p> &amp;\n\"c\"";
        assert_eq!(plain(&escaped(text)), text);
        assert!(is_html(&escaped(text)) && !is_html("a < b & c\nd") && !is_html("&;") && is_html("a<br>b"));
    }

    #[test]
    fn pieces_leave_no_gaps() {
        let description = "a <b>c</b>&amp;<x>\r\n&nbsp;é";
        let mut end = 0;
        for token in tokens(description) {
            assert_eq!(token.at.start, end);
            end = token.at.end;
        }
        assert_eq!(end, description.len());
    }

    #[test]
    fn lines_are_found_with_their_places() {
        let description = "<p>one  a</p>\n two<br><br> ";
        let found: Vec<_> =
            lines(description).into_iter().map(|(at, line)| (&description[at], line)).collect();
        assert_eq!(found, [("one  a", "onea".to_owned()), ("two", "two".to_owned())]);
    }
}

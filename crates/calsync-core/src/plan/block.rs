//! Where our block stands in an event's description, around which the user may write.

use std::ops::Range;

use crate::stamp::Written;

/// The place of our block in `description`: where the stamp says, else where a text that it may
/// be (`texts`) stands untouched, else the lines that are most like it.
pub(super) fn find<'a>(
    description: &str,
    written: Option<&Written>,
    texts: impl Iterator<Item = &'a str>,
) -> Range<usize> {
    let is_ours = |text: &str| written.is_none_or(|written| written.agreed.is_block(text));
    let stamped = written.and_then(|w| Some(w.block_at..w.block_at.checked_add(w.block_length)?));
    if let Some(span) = stamped.clone()
        && description.get(span.clone()).is_some_and(is_ours)
    {
        return span;
    }
    let texts: Vec<&str> = texts.collect();
    let known = texts.iter().find(|text| is_ours(text)).copied();
    let untouched = known.and_then(|text| whole_lines(description, text));
    let moved = || moved(description, stamped.as_ref()?.len(), is_ours);
    untouched.or_else(moved).unwrap_or_else(|| {
        let at = written.map_or(0, |written| written.block_at);
        known.or(texts.first().copied()).map_or(0..description.len(), |text| most_like(description, text, at))
    })
}

/// `description` with the block at `span` replaced by `new`; what the user wrote around it stays.
pub(super) fn replace(description: &str, span: Range<usize>, new: &str) -> String {
    let (before, after) = (&description[..span.start], &description[span.end..]);
    let was_none = span.is_empty();
    let gap = if was_none && !new.is_empty() && !after.is_empty() { "\n\n" } else { "" };
    format!("{before}{new}{gap}{after}")
}

/// The starts of the lines of `text`.
fn line_starts(text: &str) -> impl Iterator<Item = usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1))
}

fn whole_lines(description: &str, block: &str) -> Option<Range<usize>> {
    let at_line = |start: &usize| {
        description[*start..]
            .strip_prefix(block)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('\n'))
    };
    let start = line_starts(description).find(at_line).or_else(|| description.find(block))?;
    Some(start..start + block.len())
}

/// Where `length` bytes at the start of a line are ours.
fn moved(description: &str, length: usize, is_ours: impl Fn(&str) -> bool) -> Option<Range<usize>> {
    let spans = line_starts(description).take(LINES_MAX).map(|start| start..start.saturating_add(length));
    spans.into_iter().find(|span| description.get(span.clone()).is_some_and(&is_ours))
}

/// Lines of a description that are looked at: far more than people write.
const LINES_MAX: usize = 200;

/// The lines that are most like `block`, which the user edited: from its first line to its last if
/// both still stand, else as many lines as it has. Among equals the nearest to `at`.
fn most_like(description: &str, block: &str, at: usize) -> Range<usize> {
    if block.is_empty() {
        return 0..0;
    }
    let starts: Vec<usize> = line_starts(description).take(LINES_MAX).collect();
    let end = |line: usize| starts.get(line + 1).map_or(description.len(), |next| next - 1);
    let line = |line: usize| &description[starts[line]..end(line)];
    let lines: Vec<&str> = block.split('\n').take(LINES_MAX).collect();
    let first = (0..starts.len()).find(|i| line(*i) == lines[0]);
    let last = (0..starts.len()).rfind(|i| Some(&line(*i)) == lines.last());
    if let (Some(first), Some(last)) = (first, last)
        && first <= last
    {
        return starts[first]..end(last);
    }
    let likeness = |start: &usize| {
        let pairs = lines.iter().zip(*start..starts.len());
        let alike: usize = pairs.map(|(ours, i)| common(ours, line(i))).sum();
        (alike, std::cmp::Reverse(starts[*start].abs_diff(at)))
    };
    let start = (0..starts.len()).max_by_key(likeness).unwrap_or(0);
    starts[start]..end((start + lines.len() - 1).min(starts.len() - 1))
}

/// How many bytes two lines have in common at their beginning and end.
fn common(ours: &str, theirs: &str) -> usize {
    let same = |(a, b): &(u8, u8)| a == b;
    let ahead = ours.bytes().zip(theirs.bytes()).take_while(same).count();
    let behind = ours.bytes().rev().zip(theirs.bytes().rev()).take_while(same).count();
    (ahead + behind).min(ours.len()).min(theirs.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(description: &'a str, block: &str) -> &'a str {
        &description[find(description, None, [block].into_iter())]
    }

    #[test]
    fn notes_around_an_edited_block_stay_notes() {
        let cases = [
            ("mine\nplan a\nplan b\nmine", "plan a\nplan b", "plan a\nplan b"),
            ("mine\nplan a!\nplan b\nmine", "plan a\nplan b", "plan a!\nplan b"),
            ("mine\nplan a\nnew\nplan b\nmine", "plan a\nplan b", "plan a\nnew\nplan b"),
            ("mine\nmy plan\nmine", "plan", "plan"),
            ("mine\nour plot\nmine", "our plan", "our plot"),
            ("explanation\nplan", "plan", "plan"),
            ("all mine", "plan", "all mine"),
            ("all mine", "", ""),
            ("", "plan", ""),
        ];
        for (description, block, expected) in cases {
            assert_eq!(found(description, block), expected, "{description:?}");
        }
    }

    #[test]
    fn a_replaced_block_leaves_what_is_around_it() {
        assert_eq!(replace("a\nplan\nb", 2..6, "new"), "a\nnew\nb");
        assert_eq!(replace("mine", 0..0, "new"), "new\n\nmine");
        assert_eq!(replace("mine", 0..0, ""), "mine");
        assert_eq!(replace("", 0..0, "new"), "new");
    }
}

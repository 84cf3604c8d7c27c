//! One word for one thing: a name that was given up isn't declared again. The list stands in
//! `retired_words.txt`, a crate each, with the names that are used instead.

use std::fs;

use calsync_testing::tools::{repository, tracked_files};

/// What declares a name.
const DECLARES: [&str; 9] =
    ["fn", "struct", "enum", "mod", "const", "static", "trait", "type", "macro_rules!"];

/// A retired word.
struct Word {
    /// The crate that gave it up.
    of: String,
    /// `mod` or `test` where it is retired as a module only.
    kind: Option<String>,
    old: String,
    new: String,
}

fn words(list: &str) -> Vec<Word> {
    let mut crates = Vec::new();
    let mut found = Vec::new();
    for line in list.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[') {
            crates = name.trim_end_matches(']').split(' ').map(str::to_owned).collect();
            continue;
        }
        let (old, new) = line.split_once(" → ").unwrap();
        let (kind, old) = old.split_once(' ').map_or((None, old), |(kind, old)| (Some(kind.to_owned()), old));
        found.extend(crates.iter().map(|of: &String| Word {
            of: of.clone(),
            kind: kind.clone(),
            old: old.to_owned(),
            new: new.to_owned(),
        }));
    }
    found
}

/// The names that `line` declares, each with what declares it.
fn declared(line: &str) -> Vec<(&str, &str)> {
    let code = line.split("//").next().unwrap_or_default();
    let tokens: Vec<&str> = code.split_whitespace().collect();
    let declarations = tokens.windows(2).filter_map(|two| {
        let kind = DECLARES.into_iter().find(|kind| *kind == two[0])?;
        let end = two[1].find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(two[1].len());
        (end > 0).then(|| (kind, &two[1][..end]))
    });
    declarations.collect()
}

/// Whether `word` is declared again by `kind name` in the file at `path`.
fn is_back(word: &Word, path: &str, kind: &str, name: &str) -> bool {
    let rest = path.strip_prefix("crates/").and_then(|rest| rest.strip_prefix(&word.of));
    let in_tests = rest.is_some_and(|rest| rest.starts_with("/tests/"));
    let in_source = rest.is_some_and(|rest| rest.starts_with("/src/"));
    name == word.old
        && match word.kind.as_deref() {
            Some("test") => in_tests && kind == "mod",
            Some(_) => in_source && kind == "mod",
            None => in_source,
        }
}

#[test]
fn retired_words_stay_retired() {
    let list =
        fs::read_to_string(repository().join("crates/calsync-testing/tests/testing/retired_words.txt"))
            .expect("the list of retired words");
    let words = words(&list);
    assert!(words.len() > 150, "the list is read: {}", words.len());
    let mut back = Vec::new();
    for path in tracked_files().into_iter().filter(|path| path.ends_with(".rs")) {
        // What is deleted but not yet committed so can't be read.
        let Ok(text) = fs::read_to_string(repository().join(&path)) else { continue };
        for (number, line) in text.lines().enumerate() {
            for (kind, name) in declared(line) {
                let found = words.iter().filter(|word| is_back(word, &path, kind, name));
                back.extend(found.map(|word| format!("{path}:{}: {kind} {name}: {}", number + 1, word.new)));
            }
        }
    }
    assert!(back.is_empty(), "retired words are declared again: {back:#?}");
}

#[test]
fn a_declaration_is_seen_whatever_stands_around_it() {
    assert_eq!(declared("    pub(crate) async fn touch<T>(tx: &mut Tx)"), [("fn", "touch")]);
    assert_eq!(declared("pub struct Pair {"), [("struct", "Pair")]);
    assert_eq!(declared("mod keep;"), [("mod", "keep")]);
    assert_eq!(declared("macro_rules! named {"), [("macro_rules!", "named")]);
    assert_eq!(declared("type Trouble<'a> = &'a str; // fn told()"), [("type", "Trouble")]);
    assert_eq!(declared("/// A fn touch that isn't there"), []);
    let words = words("[calsync-core]\nPair → Mapping\nmod keep → update\ntest who_wins → merge\n");
    let back = |path, kind, name| words.iter().any(|word| is_back(word, path, kind, name));
    assert!(back("crates/calsync-core/src/plan/pair.rs", "struct", "Pair"));
    assert!(!back("crates/calsync-store/src/pair.rs", "struct", "Pair"), "another crate's");
    assert!(!back("crates/calsync-core/src/plan/mod.rs", "fn", "keep"), "only as a module");
    assert!(back("crates/calsync-core/tests/core/main.rs", "mod", "who_wins"));
}

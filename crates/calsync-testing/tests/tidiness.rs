//! The repository's own rules of order, kept by a test and not by memory.

use std::fs;

use calsync_testing::tools::{repository, tracked_files};

/// Longer files hold more than one thing. Unit tests don't count.
const MOST_LINES: usize = 400;

/// Split, so that this file may itself be tidy.
const NOT_IN_ANY_FILE: [(&str, &str); 9] = [
    (concat!("/wo", "rk/"), "a path of one machine"),
    (concat!("/ro", "ot/"), "a path of one machine"),
    (concat!("static.crates", ".io"), "a package registry's host"),
    (concat!("index.crates", ".io"), "a package registry's host"),
    (concat!("pypi", ".org"), "a package registry's host"),
    (concat!("pythonhosted", ".org"), "a package registry's host"),
    (concat!("deb.debian", ".org"), "a package registry's host"),
    (concat!("registry.npmjs", ".org"), "a package registry's host"),
    (concat!("to", "do!("), "work left over"),
];

fn texts() -> impl Iterator<Item = (String, String)> {
    tracked_files().into_iter().filter_map(|path| {
        // What is deleted but not yet committed so can't be read.
        let bytes = fs::read(repository().join(&path)).ok()?;
        Some((path, String::from_utf8_lossy(&bytes).into_owned()))
    })
}

#[test]
fn source_files_are_short() {
    let long: Vec<_> = texts()
        .filter(|(path, _)| path.starts_with("crates/") && path.contains("/src/") && path.ends_with(".rs"))
        .map(|(path, text)| (text.split("\n#[cfg(test)]\nmod ").next().unwrap().lines().count(), path))
        .filter(|(lines, _)| *lines > MOST_LINES)
        .collect();
    assert!(long.is_empty(), "more than {MOST_LINES} lines before their tests: {long:#?}");
}

#[test]
fn nothing_is_tied_to_one_machine_or_left_undone() {
    let mut found = Vec::new();
    for (path, text) in texts() {
        for (number, line) in text.lines().enumerate() {
            let untidy = NOT_IN_ANY_FILE.iter().filter(|(pattern, _)| line.contains(pattern));
            found.extend(untidy.map(|(_, why)| format!("{path}:{}: {why}", number + 1)));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

//! The repository's own rules of order, kept by a test and not by memory.

use std::fs;
use std::process::Command;

use calsync_testing::tools::{repository, tracked_files};
use serde_json::Value;

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

/// Crates are built without tests in their documentation, which cost more than they show.
#[test]
fn documentation_holds_no_tests_that_nobody_runs() {
    let mut found = Vec::new();
    for (path, text) in texts().filter(|(path, _)| path.ends_with(".rs")) {
        let mut is_open = false;
        for (number, line) in text.lines().enumerate() {
            let comment =
                line.trim_start().strip_prefix("//").map(|rest| rest.trim_start_matches(['/', '!', ' ']));
            let Some(fence) = comment.filter(|text| text.starts_with("```")) else { continue };
            is_open = !is_open;
            if is_open && fence != "```text" {
                found.push(format!("{path}:{}: say ```text", number + 1));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// Fields that hold a secret, unless they hold it in a type that doesn't print it.
const SECRETS: [&str; 12] = [
    "access_token",
    "browser",
    "client_secret",
    "code",
    "cookie",
    "encryption_keys",
    "form_token",
    "password",
    "refresh_token",
    "secret",
    "token",
    "verifier",
];

/// The plain fields of `text`'s types that can be printed and have a secret's name.
fn printable_secrets(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_printable = false;
    for line in text.lines() {
        let line = line.trim_start();
        if line.starts_with("#[derive(") {
            is_printable = line.contains("Debug");
        } else if line == "}" {
            is_printable = false;
        }
        let field = line.trim_start_matches("pub ").trim_start_matches("pub(crate) ");
        let Some((name, kind)) = field.split_once(": ") else { continue };
        let is_plain = ["String", "&'a str", "Vec<u8>"].iter().any(|plain| kind.contains(plain));
        if is_printable && SECRETS.contains(&name) && is_plain && !kind.contains("Secret") {
            found.push(line.to_owned());
        }
    }
    found
}

#[test]
fn what_can_be_printed_holds_no_secret() {
    // The simulator and tests hold nobody's secrets.
    let is_product = |path: &str| {
        let product = ["core", "store", "google", "engine", "http", "api", "pages"]
            .map(|name| format!("crates/calsync-{name}/src/"));
        path.starts_with("crates/calsync/src/") || product.iter().any(|start| path.starts_with(start))
    };
    let found: Vec<_> = texts()
        .filter(|(path, _)| is_product(path) && path.ends_with(".rs"))
        .flat_map(|(path, text)| {
            printable_secrets(&text).into_iter().map(move |line| format!("{path}: {line}"))
        })
        .collect();
    assert!(found.is_empty(), "take a `SecretString`, or don't derive `Debug`: {found:#?}");
    let bad = "#[derive(Debug)]\nstruct A {\n    token: String,\n}\nstruct B {\n    token: String,\n}\n";
    assert_eq!(printable_secrets(bad), ["token: String,"], "the search works");
}

#[test]
fn time_zones_come_from_the_program_alone() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .current_dir(repository())
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let is_jiff = |package: &&Value| package["name"] == "jiff";
    let packages = metadata["packages"].as_array().expect("packages").iter();
    let ids: Vec<&Value> = packages.filter(is_jiff).map(|package| &package["id"]).collect();
    assert!(!ids.is_empty(), "jiff is there");
    for node in metadata["resolve"]["nodes"].as_array().expect("nodes") {
        if !ids.contains(&&node["id"]) {
            continue;
        }
        let features: Vec<&str> =
            node["features"].as_array().expect("features").iter().filter_map(Value::as_str).collect();
        assert!(features.contains(&"tzdb-bundle-always"), "{features:?}");
        // What a machine has instead may be old, or not there at all, as in a slim container.
        let of_the_machine = ["tzdb-zoneinfo", "tzdb-concatenated", "tzdb-bundle-platform", "tz-system"];
        let found: Vec<_> = of_the_machine.iter().filter(|feature| features.contains(feature)).collect();
        assert!(found.is_empty(), "{found:?}");
    }
}

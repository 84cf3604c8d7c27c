//! Data flows one way: no circle of modules inside a crate, and no arrow upward between crates.
//!
//! A module uses another where its code names something of it, in a `use` declaration or inline. What its
//! parent re-exports counts as the child's that declares it. Both ends are lifted to the level where they are
//! siblings; what a module and its own parent use of each other doesn't count. Unit tests don't count either.

mod resolve;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use calsync_testing::tools::repository;

use source::{Crate, Files, ModulePath};

/// What each crate may use of ours. The crates that run or test all of it stand in [`ALL_BUT`].
const MAY_USE: [(&str, &[&str]); 8] = [
    ("calsync-pages", &["calsync-http", "calsync-engine", "calsync-store", "calsync-core"]),
    ("calsync-api", &["calsync-http", "calsync-engine", "calsync-store", "calsync-core"]),
    ("calsync-http", &["calsync-engine", "calsync-store", "calsync-core"]),
    ("calsync-engine", &["calsync-google", "calsync-store", "calsync-core"]),
    ("calsync-google", &["calsync-core"]),
    ("calsync-store", &["calsync-core"]),
    ("calsync-core", &[]),
    ("calsync-simulator", &[]),
];

/// What these crates may not use of ours.
const ALL_BUT: [(&str, &[&str]); 3] = [
    ("calsync", &["calsync-simulation", "calsync-testing"]),
    ("calsync-simulation", &[]),
    ("calsync-testing", &["calsync", "calsync-simulation"]),
];

fn may_use(from: &str, to: &str) -> bool {
    let named = MAY_USE.iter().any(|(name, used)| *name == from && used.contains(&to));
    named || ALL_BUT.iter().any(|(name, unused)| *name == from && !unused.contains(&to))
}

/// The sources and manifests of all crates.
fn workspace() -> Files {
    let mut files = Files::new();
    let mut waiting = vec![repository().join("crates")];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let place = path.strip_prefix(repository()).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                waiting.push(path);
            } else if place.ends_with("Cargo.toml") || (place.contains("/src/") && place.ends_with(".rs")) {
                files.insert(place, fs::read_to_string(&path).unwrap());
            }
        }
    }
    files
}

/// The crates of `files`, each with its root files read.
fn crates(files: &Files) -> Vec<(String, Crate)> {
    let roots = files.keys().filter(|file| file.ends_with("/src/lib.rs") || file.ends_with("/src/main.rs"));
    let named = roots.map(|root| (root.split('/').nth(1).unwrap().to_owned(), Crate::read(files, root)));
    named.collect()
}

/// For each parent, which of its children uses which, with an example of each.
type Uses = BTreeMap<ModulePath, BTreeMap<(String, String), String>>;

fn uses(of: &Crate) -> Uses {
    let mut uses = Uses::new();
    for (from, module) in &of.modules {
        for path in &module.paths {
            for to in resolve::targets(of, from, path) {
                let depth = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
                let (Some(user), Some(used)) = (from.get(depth), to.get(depth)) else { continue };
                let siblings = uses.entry(from[..depth].to_vec()).or_default();
                let example = || format!("{}: {}", module.file, path.join("::"));
                siblings.entry((user.clone(), used.clone())).or_insert_with(example);
            }
        }
    }
    uses
}

/// The circles of a crate's modules, each with all that its members use of each other.
fn circles(of: &Crate) -> Vec<String> {
    let mut found = Vec::new();
    for (parent, siblings) in uses(of) {
        let reached: BTreeMap<&str, BTreeSet<&str>> =
            siblings.keys().map(|(user, _)| (user.as_str(), reachable(&siblings, user))).collect();
        let meet =
            |a: &str, b: &str| reached[a].contains(b) && reached.get(b).is_some_and(|back| back.contains(a));
        let mut circles: BTreeMap<BTreeSet<&str>, Vec<String>> = BTreeMap::new();
        for ((user, used), example) in siblings.iter().filter(|((user, used), _)| meet(user, used)) {
            let members = reached[user.as_str()].iter().copied().filter(|other| meet(user, other)).collect();
            circles.entry(members).or_default().push(format!("{user} → {used} ({example})"));
        }
        let place = std::iter::once("crate".to_owned()).chain(parent).collect::<Vec<_>>().join("::");
        found.extend(circles.into_values().map(|edges| format!("in {place}:\n    {}", edges.join("\n    "))));
    }
    found
}

/// All that `start` uses, also by way of others.
fn reachable<'a, T>(siblings: &'a BTreeMap<(String, String), T>, start: &'a str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![start];
    while let Some(next) = waiting.pop() {
        let used = siblings.keys().filter(|(user, _)| user == next).map(|(_, used)| used.as_str());
        waiting.extend(used.filter(|used| reached.insert(*used)));
    }
    reached
}

/// The dependencies of ours that a manifest names, those of tests aside.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut is_here = false;
    let mut found = Vec::new();
    for line in manifest.lines() {
        let name = if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            is_here = section == "dependencies" || section.ends_with(".dependencies");
            section.strip_prefix("dependencies.")
        } else {
            line.split(['.', '=', ' ']).next().filter(|_| is_here)
        };
        found.extend(name.filter(|name| name.starts_with("calsync")).map(str::to_owned));
    }
    found
}

/// What crates use of ours and may not.
fn arrows_upward(files: &Files) -> BTreeSet<String> {
    let manifests = files.iter().filter(|(file, _)| file.ends_with("/Cargo.toml"));
    let depended_on = manifests.flat_map(|(file, manifest)| {
        let user = file.split('/').nth(1).unwrap().to_owned();
        dependencies(manifest).into_iter().map(move |used| (user.clone(), used, file.clone()))
    });
    let mut arrows: Vec<(String, String, String)> = depended_on.collect();
    for (user, read) in crates(files) {
        for module in read.modules.values() {
            for path in &module.paths {
                let first = path.iter().find(|name| !name.is_empty());
                let Some(used) = first.filter(|name| name.starts_with("calsync_")) else { continue };
                let used = used.replace('_', "-");
                arrows.push((user.clone(), used, format!("{}: {}", module.file, path.join("::"))));
            }
        }
    }
    // A crate's programs use its library.
    let unwanted = arrows.into_iter().filter(|(user, used, _)| user != used && !may_use(user, used));
    unwanted.map(|(user, used, place)| format!("{user} → {used} ({place})")).collect()
}

#[test]
fn modules_form_no_circles() {
    let crates = crates(&workspace());
    assert!(crates.iter().map(|(_, read)| read.modules.len()).sum::<usize>() > 200, "the modules are found");
    let found = crates
        .iter()
        .flat_map(|(name, read)| circles(read).into_iter().map(move |circle| format!("{name}, {circle}")));
    let found: Vec<_> = found.collect();
    assert!(found.is_empty(), "modules use each other in circles:\n{}", found.join("\n"));
}

#[test]
fn crates_use_only_what_is_below_them() {
    let found = arrows_upward(&workspace());
    assert!(found.is_empty(), "{found:#?}");
}

fn files(texts: &[(&str, &str)]) -> Files {
    texts.iter().map(|(file, text)| (format!("crates/{file}"), (*text).to_owned())).collect()
}

#[test]
fn circles_are_found_through_re_exports_macros_and_deep_modules() {
    let files = files(&[
        (
            "a/src/lib.rs",
            "pub mod front; mod macros; mod middle; pub use middle::{self as centre, low::Thing};",
        ),
        (
            "a/src/front.rs",
            "use crate::Thing as Other; fn f() { super::marked!(); crate::text::Text::new() }",
        ),
        ("a/src/macros.rs", "#[macro_export] macro_rules! marked { () => { $crate::front::shown() } }"),
        ("a/src/middle/mod.rs", "mod high; pub(crate) mod low; pub use low::*; use high::{High, low};"),
        ("a/src/middle/high.rs", "use super::low::Thing; pub struct High; pub fn low() {}"),
        (
            "a/src/middle/low.rs",
            "pub struct Thing; fn f(high: super::High) {}\n#[cfg(test)]\nmod tests { use crate::front; }",
        ),
    ]);
    let [(_, read)] = crates(&files).try_into().ok().unwrap();
    assert_eq!(
        circles(&read),
        [
            "in crate:\n    front → macros (crates/a/src/front.rs: super::marked)\n    \
             macros → front (crates/a/src/macros.rs: crate::front::shown)",
            "in crate::middle:\n    high → low (crates/a/src/middle/high.rs: super::low::Thing)\n    \
             low → high (crates/a/src/middle/low.rs: super::High)",
        ]
    );
    let front = &uses(&read)[&ModulePath::new()];
    assert!(front.contains_key(&("front".to_owned(), "middle".to_owned())), "through a re-export: {front:?}");
    assert!(!front.contains_key(&("middle".to_owned(), "front".to_owned())), "tests don't count");
}

#[test]
fn glob_imports_stand_for_what_is_used_of_them() {
    let files = files(&[
        ("a/src/lib.rs", "mod one; mod two; mod all { pub use super::two::*; }"),
        ("a/src/one.rs", "use crate::all::*; fn f() -> Two { Two }"),
        ("a/src/two.rs", "pub struct Two; impl From<crate::one::One> for Two {}"),
    ]);
    let [(_, read)] = crates(&files).try_into().ok().unwrap();
    let [circle] = circles(&read).try_into().unwrap();
    assert!(circle.contains("one → two (crates/a/src/one.rs: Two)"), "{circle}");
}

#[test]
fn arrows_upward_are_found_in_manifests_and_in_code() {
    let files = files(&[
        (
            "calsync-store/Cargo.toml",
            "[dependencies]\ncalsync-core.workspace = true\ncalsync-engine = { path = \"\" }\n\
             [dev-dependencies]\ncalsync-testing.workspace = true\n",
        ),
        ("calsync-store/src/lib.rs", "use calsync_core::env; fn f() { ::calsync_google::endpoints::f() }"),
    ]);
    let found: Vec<_> = arrows_upward(&files).into_iter().collect();
    assert_eq!(
        found,
        [
            "calsync-store → calsync-engine (crates/calsync-store/Cargo.toml)",
            "calsync-store → calsync-google (crates/calsync-store/src/lib.rs: ::calsync_google::endpoints::f)",
        ]
    );
}

//! `docs/requirements.md` names every requirement, and only tests that exist.

use std::{collections::BTreeSet, fs, path::Path};

use calsync_testing::tools::{repository, tracked_files};

/// All that was asked for.
const IDS: &str = "US1.1 US1.2 US1.3 US2.1 US2.2 US2.3 US2.4 US3.1 US4.1 US4.2 US4.3 FR-001 FR-002 FR-003 FR-004
    FR-005 FR-006 FR-007 FR-008 FR-009 SC-001 SC-002 SC-003 ENT-1 ENT-2 ADM-1.1 ADM-1.2 ADM-1.3 ADM-2.1 ADM-2.2
    ADM-3.1 ADM-3.2 ADM-4 FR_ADMIN_017.01 FR_ADMIN_017.02 FR_ADMIN_017.03";

struct Row {
    ids: Vec<String>,
    shown_by: String,
}

fn rows() -> Vec<Row> {
    let page = fs::read_to_string(repository().join("docs/requirements.md")).unwrap();
    let lines = page.lines().filter(|line| line.starts_with("| ")).skip(1);
    lines
        .map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [ids, _, shown_by] = cells[..] else { panic!("not three cells: {line}") };
            Row { ids: ids.split(", ").map(str::to_owned).collect(), shown_by: shown_by.to_owned() }
        })
        .collect()
}

#[test]
fn every_requirement_has_its_row() {
    let listed: BTreeSet<_> = rows().into_iter().flat_map(|row| row.ids).collect();
    let asked: BTreeSet<_> = IDS.split_whitespace().map(str::to_owned).collect();
    assert_eq!(listed, asked);
}

#[test]
fn every_named_test_exists() {
    let missing: Vec<_> = rows()
        .iter()
        .filter(|row| !row.shown_by.starts_with("not yet: "))
        .flat_map(|row| {
            row.shown_by.split(", ").map(|shown| (row.ids.join(", "), shown.trim_matches('`').to_owned()))
        })
        .filter(|(_, shown)| !exists(shown))
        .collect();
    assert!(missing.is_empty(), "no such test: {missing:#?}");
}

/// A `file`, or a `crate::path::name` whose path is made of the file's folders, its name and its modules.
fn exists(shown: &str) -> bool {
    let Some((path, name)) = shown.rsplit_once("::") else { return repository().join(shown).is_file() };
    let (package, modules) = path.split_once("::").unwrap_or((path, ""));
    let folder = format!("crates/{package}/");
    tracked_files().iter().filter(|file| file.starts_with(&folder) && file.ends_with(".rs")).any(|file| {
        let text = fs::read_to_string(repository().join(file)).unwrap_or_default();
        let holds = |module: &str| {
            Path::new(file).with_extension("").iter().any(|part| part == module)
                || text.contains(&format!("mod {module} {{"))
        };
        text.contains(&format!("fn {name}("))
            && modules.split("::").all(|module| module.is_empty() || holds(module))
    })
}

#[test]
fn a_test_is_told_from_none() {
    assert!(exists("calsync-testing::helpers::a_program_ends_when_it_is_dropped"));
    assert!(exists("crates/calsync-testing/tests/testing/helpers.rs"));
    for none in [
        "calsync-testing::helpers::a_program_never_ends",
        "calsync-core::helpers::a_program_ends_when_it_is_dropped",
    ] {
        assert!(!exists(none), "{none}");
    }
}

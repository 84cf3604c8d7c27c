//! The data set under `testdata/` is what its generator writes, and as large and varied as it claims.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    process::Command,
};

use calsync_testing::tools::{python, repository};
use serde_json::Value;

fn testdata() -> PathBuf {
    repository().join("testdata")
}

fn run(script: &str, arguments: &[&str]) -> String {
    let output = Command::new(python()).arg(testdata().join(script)).args(arguments).output().unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn parse(ndjson: &str) -> Vec<Value> {
    ndjson.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// All lines of the month, in the order in which they are sent.
fn month() -> Vec<Value> {
    let days = fs::read_dir(testdata().join("month")).unwrap().map(|day| day.unwrap().path());
    let in_order: BTreeSet<_> = days.collect();
    in_order.iter().flat_map(|day| parse(&fs::read_to_string(day).unwrap())).collect()
}

fn text<'a>(line: &'a Value, field: &str) -> &'a str {
    line[field].as_str().unwrap_or_default()
}

#[test]
fn the_committed_files_are_what_the_generator_writes() {
    run("generate.py", &["--check"]);
}

#[test]
fn the_month_is_as_large_and_varied_as_it_claims() {
    let month = month();
    let of = |op: &'static str| month.iter().filter(move |line| text(line, "op") == op);
    let users: BTreeSet<_> = of("put_user").map(|line| text(line, "user_id")).collect();
    let zones: BTreeSet<_> = of("put_user").map(|line| text(line, "time_zone")).collect();
    let mut items = BTreeMap::<&str, BTreeSet<&str>>::new();
    for line in of("put") {
        items.entry(text(line, "kind")).or_default().insert(text(line, "item_id"));
    }

    assert!(users.len() >= 200, "{} users", users.len());
    assert!(zones.len() >= 6, "{zones:?}");
    assert_eq!(items.keys().copied().collect::<Vec<_>>(), ["deadline", "session", "task"]);
    assert!(items.values().map(BTreeSet::len).sum::<usize>() >= 5_000);
    assert!(of("delete").count() >= 100);
    for status in ["cancelled", "completed"] {
        assert!(of("put").filter(|line| text(line, "status") == status).count() >= 100, "{status}");
    }
}

#[test]
fn there_are_40_broken_lines_each_with_its_error() {
    let broken = parse(&fs::read_to_string(testdata().join("broken.ndjson")).unwrap());
    assert_eq!(broken.len(), 40);
    for case in broken {
        let json = serde_json::from_str::<Value>(text(&case, "line")).ok().filter(Value::is_object);
        match case["status"].as_u64().unwrap() {
            400 => assert!(json.is_none() && case["field"].is_null(), "{case}"),
            409 => assert!(json.is_some() && case["field"].is_null(), "{case}"),
            422 => assert!(json.is_some() && case["field"].is_string(), "{case}"),
            other => panic!("{other}: {case}"),
        }
    }
}

#[test]
fn a_part_of_the_month_leads_to_that_part_of_the_calendars() {
    let (all, part) = (run("expected.py", &[]), run("expected.py", &["--items", "500"]));
    let (all, part): (BTreeSet<_>, BTreeSet<_>) = (all.lines().collect(), part.lines().collect());
    assert!(
        part.is_subset(&all) && part.len() >= 500 && all.len() >= 5_000,
        "{} of {}",
        part.len(),
        all.len()
    );

    let sent = parse(&run("expected.py", &["--items", "500", "--lines"]));
    let items: BTreeSet<_> = sent
        .iter()
        .filter(|line| text(line, "op") != "put_user")
        .map(|line| (text(line, "kind"), text(line, "item_id")))
        .collect();
    assert_eq!(items.len(), 500);
}

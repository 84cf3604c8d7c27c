//! What dependencies may be: under free licences, from the one public registry, in stated versions.

use std::process::Command;

use calsync_testing::tools::repository;
use serde_json::Value;
use spdx::{Expression, ParseMode};

/// What a dependency may be under, by its name in the SPDX list.
const LICENCES: [&str; 7] = [
    "Apache-2.0",
    "BSD-3-Clause",
    "CDLA-Permissive-2.0", // the certificate authorities of webpki-roots
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Zlib",
];

/// Beside those, where only tests use it: nothing of it is in the program.
const LICENCES_IN_TESTS: [(&str, &str); 1] = [("webdriver", "MPL-2.0")];

/// The registry's name in `Cargo.lock`, at whichever host.
const REGISTRY: &str = "/crates.io-index";

fn packages() -> Vec<Value> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--format-version", "1", "--all-features", "--locked"]);
    let output = cargo.current_dir(repository()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

fn text<'a>(package: &'a Value, key: &str) -> &'a str {
    package[key].as_str().unwrap_or_default()
}

fn is_free(name: &str, licence: &str) -> bool {
    let Ok(expression) = Expression::parse_mode(licence, ParseMode::LAX) else { return false };
    expression.evaluate(|wanted| {
        let Some(id) = wanted.license.id() else { return false };
        LICENCES.contains(&id.name) || LICENCES_IN_TESTS.contains(&(name, id.name))
    })
}

#[test]
fn dependencies_are_free() {
    let packages = packages();
    let unfree: Vec<_> = packages
        .iter()
        .map(|package| (text(package, "name"), text(package, "license")))
        .filter(|(name, licence)| !is_free(name, licence))
        .collect();
    assert!(packages.len() > 100, "the look works");
    assert!(unfree.is_empty(), "{unfree:#?}");
}

#[test]
fn free_is_told_from_unfree() {
    for free in ["MIT/Apache-2.0", "MIT OR LGPL-2.1-or-later", "Apache-2.0 WITH LLVM-exception"] {
        assert!(is_free("any", free), "{free}");
    }
    for unfree in
        ["", "GPL-3.0-only", "MIT AND GPL-3.0-only", "MPL-2.0", "LicenseRef-of-ours", "not a licence"]
    {
        assert!(!is_free("any", unfree), "{unfree:?}");
    }
    assert!(is_free("webdriver", "MPL-2.0"));
}

#[test]
fn dependencies_come_from_the_registry_in_stated_versions() {
    for package in packages() {
        let name = text(&package, "name");
        let source = package["source"].as_str();
        let is_ours = source.is_none() && name.starts_with("calsync");
        assert!(is_ours || source.is_some_and(|source| source.ends_with(REGISTRY)), "{name}: {source:?}");
        for dependency in package["dependencies"].as_array().unwrap().iter().filter(|_| is_ours) {
            let is_stated = text(dependency, "req") != "*" || dependency["path"].is_string();
            assert!(is_stated, "{name}: any version of {}", text(dependency, "name"));
        }
    }
}

//! The programs and files outside the workspace that tests use.
//!
//! `scripts/test` installs them and tells where they are in the environment;
//! a plain `cargo test` afterwards finds them in the same places by itself.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The folder of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository's folder")
}

/// The files that git tracks, by their paths from the repository's folder.
///
/// # Panics
/// If git can't tell.
pub fn tracked_files() -> Vec<String> {
    let output =
        Command::new("git").args(["ls-files", "-z"]).current_dir(repository()).output().expect("git starts");
    assert!(output.status.success(), "git ls-files: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).split_terminator('\0').map(str::to_owned).collect()
}

/// A Python that has `google-api-python-client` (`CALSYNC_PYTHON`).
///
/// # Panics
/// If there is none.
pub fn python() -> PathBuf {
    tool("CALSYNC_PYTHON", &repository().join(".venv/bin/python"))
}

/// Google's discovery documents, `calendar.v3.json` among them (`CALSYNC_DISCOVERY_DIR`).
///
/// # Panics
/// If they aren't there.
pub fn discovery_documents() -> PathBuf {
    tool("CALSYNC_DISCOVERY_DIR", &site_packages().join("googleapiclient/discovery_cache/documents"))
}

/// The script of axe-core, which checks pages for accessibility (`CALSYNC_AXE`).
///
/// # Panics
/// If it isn't there.
pub fn axe() -> PathBuf {
    tool("CALSYNC_AXE", &site_packages().join("axe_playwright_python/axe.min.js"))
}

/// Where the packages of `.venv` are, whatever its Python.
fn site_packages() -> PathBuf {
    let lib = repository().join(".venv/lib");
    let of_any_python = lib.read_dir().ok().and_then(|mut pythons| pythons.next()?.ok());
    of_any_python.map_or(lib, |python| python.path()).join("site-packages")
}

/// Chromium (`CALSYNC_CHROMIUM`).
///
/// # Panics
/// If it isn't installed.
pub fn chromium() -> PathBuf {
    tool("CALSYNC_CHROMIUM", Path::new("/usr/bin/chromium"))
}

/// The driver that goes with [`chromium`] (`CALSYNC_CHROMEDRIVER`).
///
/// # Panics
/// If it isn't installed.
pub fn chromedriver() -> PathBuf {
    tool("CALSYNC_CHROMEDRIVER", Path::new("/usr/bin/chromedriver"))
}

fn tool(variable: &str, usual: &Path) -> PathBuf {
    let path = std::env::var_os(variable).map_or_else(|| usual.to_owned(), PathBuf::from);
    assert!(path.exists(), "{variable}: nothing at {}; run scripts/test, which installs it", path.display());
    path
}

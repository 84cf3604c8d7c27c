//! Every public query is named by a test, or this one fails.

use std::fs;
use std::path::{Path, PathBuf};

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let nested = folders.iter().flat_map(|folder| rust_files(folder));
    files.into_iter().filter(|path| path.extension().is_some_and(|e| e == "rs")).chain(nested).collect()
}

/// The module by which callers name what is in `file`, and the queries there.
fn queries(src: &Path, file: &Path) -> Vec<(String, String)> {
    let first = file.strip_prefix(src).unwrap().components().next().unwrap();
    let name_of = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let is_public = fs::read_to_string(file.with_file_name("mod.rs"))
        .is_ok_and(|parent| parent.contains(&format!("\npub mod {};", name_of(file))));
    let module = name_of(if is_public { file } else { Path::new(&first) });
    let text = fs::read_to_string(file).unwrap();
    let name = |line: &str| {
        let rest = line.trim().strip_prefix("pub async fn ")?;
        Some(rest.split(['(', '<']).next().unwrap().to_owned())
    };
    text.lines().filter_map(name).map(|name| (module.clone(), name)).collect()
}

#[test]
fn every_public_query_is_exercised() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let src = root.join("src");
    let stories: String =
        rust_files(&root.join("tests/store")).iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let queries: Vec<_> = rust_files(&src).iter().flat_map(|file| queries(&src, file)).collect();
    assert!(queries.len() > 40, "the search for queries works: {queries:?}");
    let named = |module: &str, name: &str| match module {
        // Methods of the store and its transactions.
        "db" | "store" => stories.contains(&format!("::{name}(")) || stories.contains(&format!(".{name}(")),
        _ => stories.contains(&format!("{module}::{name}(")),
    };
    let never: Vec<_> = queries.iter().filter(|(module, name)| !named(module, name)).collect();
    assert!(never.is_empty(), "no story names these queries: {never:?}");
}

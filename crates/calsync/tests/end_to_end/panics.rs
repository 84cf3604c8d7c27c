//! What the program tells when it panics.

use std::io::pipe;
use std::process::Command;

#[test]
fn the_place_is_told_and_the_words_are_not() {
    let folder = tempfile::tempdir().unwrap();
    // An answer that nobody can read any more: printing it panics, with words that are put together.
    let (reader, answer) = pipe().unwrap();
    drop(reader);
    let output = Command::new(env!("CARGO_BIN_EXE_calsync"))
        .env_clear()
        .arg("migrate")
        .args(["--set", &format!("database.url=sqlite:{}", folder.path().join("calsync.db").display())])
        .stdout(answer)
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(101), "{told}");
    assert!(told.starts_with("calsync: panicked at ") && told.contains("its words are withheld"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
}

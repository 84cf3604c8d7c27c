//! The key file beside a SQLite database: made once, together with the database, readable by its
//! owner only. It holds one key a line, the current one first.
//!
//! A database without its key file is never given a new one: its secrets would be lost unnoticed.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use calsync_store::secrets::Keyring;

use crate::config::ConfigError;
use crate::system::SystemEntropy;

/// The key file has the database's name with this behind it.
const ENDING: &str = ".key";
/// What the file's first key is called.
const KEY_ID: &str = "file";

/// The keys beside `database`; where neither is there yet, a new one.
pub(crate) fn keys(database: &Path) -> anyhow::Result<Vec<String>> {
    let path = beside(database, ENDING);
    // In this order: another process may be making both at this moment, the key first.
    let database_is_there = database.metadata().is_ok_and(|file| file.len() > 0);
    if !path.exists() {
        if database_is_there {
            return Err(lost(database, &path).into());
        }
        make(&path).with_context(|| format!("the key file {}", path.display()))?;
    }
    read(&path).with_context(|| format!("the key file {}", path.display()))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn lost(database: &Path, path: &Path) -> ConfigError {
    ConfigError(format!(
        "security.encryption_keys: nothing is set, and the database {} is there without its key file {}. Put the file \
         back, or set the keys that the database was used with. If they are lost for good, so are the secrets in it: \
         write a new key into the file, as id:base64 of 32 bytes, and start again",
        database.display(),
        path.display()
    ))
}

/// Makes the file whole or not at all; one that another process made meanwhile stays.
fn make(path: &Path) -> std::io::Result<()> {
    let draft = beside(path, &format!(".{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    writeln!(file, "{}", Keyring::generate(KEY_ID, &SystemEntropy))?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    // A power cut must not leave a database whose key was forgotten.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn read(path: &Path) -> std::io::Result<Vec<String>> {
    if path.metadata()?.permissions().mode() & 0o077 != 0 {
        std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
    }
    let text = std::fs::read_to_string(path)?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

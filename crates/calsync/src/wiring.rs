//! Puts the parts together from the configuration.

use std::fs::{OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use calsync_core::seams::Clock;
use calsync_engine::reconcile::CALL_LIMIT;
use calsync_engine::{Engine, EngineOptions};
use calsync_google::{GoogleClient, HttpLimits, HttpTransport};
use calsync_store::secrets::Keyring;
use calsync_store::{Store, StoreOptions};

use crate::config::{Config, ConfigError};
use crate::machine::{MachineClock, MachineEntropy};

/// The key file stands beside the database, under its name with this behind it.
const KEY_FILE_ENDING: &str = ".key";

/// Opens the store, bringing it up to date.
pub(crate) async fn store(config: &Config) -> anyhow::Result<Store> {
    let url = config.text("database.url").to_owned();
    let options = StoreOptions {
        schema: config.text("database.schema").to_owned(),
        keyring: keyring(config, &url)?,
        entropy: Arc::new(MachineEntropy),
        url,
    };
    Store::open(options, MachineClock.now()).await.context("database.url")
}

/// The whole engine over `store`.
pub(crate) fn engine(config: &Config, store: Store) -> anyhow::Result<Engine> {
    let limits = HttpLimits { call: CALL_LIMIT, ..HttpLimits::default() };
    let transport =
        HttpTransport::with_limits(limits).map_err(|error| anyhow::anyhow!("{}", error.message))?;
    let google = GoogleClient::new(config.endpoints()?, config.oauth_client(), Arc::new(transport));
    Ok(Engine::new(EngineOptions {
        store,
        google,
        clock: Arc::new(MachineClock),
        entropy: Arc::new(MachineEntropy),
        settings: config.settings(),
    }))
}

fn keyring(config: &Config, url: &str) -> anyhow::Result<Keyring> {
    let given = config.list("security.encryption_keys");
    let keys = match (given.is_empty(), sqlite_file(url)) {
        (false, _) => given,
        (true, Some(file)) => vec![key_file(&file)?],
        (true, None) => {
            let missing =
                "security.encryption_keys: nothing is set; allowed: id:base64 of 32 bytes, one or more";
            return Err(ConfigError(missing.into()).into());
        }
    };
    Keyring::parse(keys.iter().map(String::as_str)).map_err(|error| ConfigError(error.to_string()).into())
}

/// The file of a SQLite database.
fn sqlite_file(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    Some(PathBuf::from(path.split('?').next().unwrap_or(path)))
}

/// The key beside the database: made once, readable by its owner only.
fn key_file(database: &Path) -> anyhow::Result<String> {
    let mut path = database.as_os_str().to_owned();
    path.push(KEY_FILE_ENDING);
    let path = PathBuf::from(path);
    let named = || format!("the key file {}", path.display());
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
        Ok(mut file) => {
            let key = Keyring::generate("file", &MachineEntropy);
            file.write_all(key.as_bytes()).with_context(named)?;
            file.sync_all().with_context(named)?;
            Ok(key)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let open_to_others = path.metadata().with_context(named)?.permissions().mode() & 0o077 != 0;
            if open_to_others {
                std::fs::set_permissions(&path, Permissions::from_mode(0o600)).with_context(named)?;
            }
            Ok(std::fs::read_to_string(&path).with_context(named)?.trim().to_owned())
        }
        Err(error) => Err(error).with_context(named),
    }
}

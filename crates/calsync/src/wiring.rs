//! Puts the parts together from the configuration.

use std::path::PathBuf;
use std::sync::Arc;

use calsync_core::env::Clock;
use calsync_engine::google::CALL_LIMIT;
use calsync_engine::{Engine, EngineOptions};
use calsync_google::{GoogleClient, HttpLimits, HttpTransport};
use calsync_store::secrets::Keyring;
use calsync_store::{LeaseClock, Store, StoreError, StoreOptions};

use crate::config::{Config, ConfigError};
use crate::key_file;
use crate::system::{SystemClock, SystemEntropy};

/// Opens the store, and makes its tables if it is new.
pub(crate) async fn store(config: &Config) -> anyhow::Result<Store> {
    let url = config.text("database.url").to_owned();
    let options = StoreOptions {
        schema: config.text("database.schema").to_owned(),
        keyring: keyring(config, &url)?,
        entropy: Arc::new(SystemEntropy),
        lease_clock: LeaseClock::Database,
        url,
    };
    Store::open(options, SystemClock.now()).await.map_err(|error| match error {
        StoreError::WrongKeys(_) => ConfigError(error.to_string()).into(),
        error => anyhow::Error::from(error).context("database.url"),
    })
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
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        settings: config.settings(),
        webhook: config.webhook()?,
    }))
}

fn keyring(config: &Config, url: &str) -> anyhow::Result<Keyring> {
    let given = config.list("security.encryption_keys");
    let keys = match (given.is_empty(), sqlite_file(url)) {
        (false, _) => given,
        (true, Some(file)) => key_file::keys(&file)?,
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

//! `calsync api-key`.

use calsync_core::env::Clock;
use calsync_store::api_keys::{self, Scope};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::cli::KeyScope;
use crate::config::Config;
use crate::system::{SystemClock, SystemEntropy};
use crate::wiring;

/// Makes a key and prints it as the last word, once.
pub(crate) async fn create(
    config: &Config,
    scope: KeyScope,
    name: Option<String>,
    as_json: bool,
) -> anyhow::Result<()> {
    let scope = match scope {
        KeyScope::Platform => Scope::Platform,
        KeyScope::Admin => Scope::Admin,
    };
    let name = name.unwrap_or_else(|| scope.name().to_owned());
    let store = wiring::store(config).await?;
    let key = api_keys::generate(scope, &SystemEntropy);
    let mut tx = store.begin().await?;
    api_keys::create(&mut tx, scope, &name, &key, &SystemEntropy, SystemClock.now()).await?;
    tx.commit().await?;
    store.close().await;
    let key = key.expose_secret();
    if as_json {
        println!("{}", json!({"scope": scope.name(), "name": name, "key": key}));
    } else {
        println!("The key {name:?} of scope {}, shown this once: {key}", scope.name());
    }
    Ok(())
}

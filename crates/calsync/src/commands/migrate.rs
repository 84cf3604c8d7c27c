//! `calsync migrate`.

use crate::config::Config;
use crate::wiring;

/// Makes the tables in a new database; opening it does.
pub(crate) async fn run(config: &Config) -> anyhow::Result<()> {
    let store = wiring::store(config).await?;
    println!("The database is up to date; deployment {}", store.deployment_id());
    store.close().await;
    Ok(())
}

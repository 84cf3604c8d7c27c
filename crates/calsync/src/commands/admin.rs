//! `calsync admin`.

use calsync_core::env::Clock;
use calsync_core::ids::new_id;
use calsync_store::admins::{self, Admin, Role};
use calsync_store::{Store, passwords};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::cli::AdminRole;
use crate::config::Config;
use crate::system::{SystemClock, SystemEntropy};
use crate::wiring;

/// Adds an admin and prints their password as the last word, once.
pub(crate) async fn add(config: &Config, email: &str, role: AdminRole, as_json: bool) -> anyhow::Result<()> {
    let role = match role {
        AdminRole::Viewer => Role::Viewer,
        AdminRole::Support => Role::Support,
        AdminRole::Operator => Role::Operator,
        AdminRole::Owner => Role::Owner,
    };
    let email = admins::canonical(email);
    let plausible =
        email.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
    anyhow::ensure!(plausible && !email.contains(char::is_whitespace), "{email:?} is no mail address");
    let store = wiring::store(config).await?;
    let password = passwords::one_time(&SystemEntropy);
    let added = keep(&store, &email, role, &password, true).await?;
    store.close().await;
    anyhow::ensure!(added, "there is an admin {email} already");
    let password = password.expose_secret();
    if as_json {
        println!("{}", json!({"email": email, "role": role.name(), "one_time_password": password}));
    } else {
        println!("{email} may sign in at /admin as {}, with this password, once: {password}", role.name());
    }
    Ok(())
}

/// Stores an admin; false if the address is taken.
pub(super) async fn keep(
    store: &Store,
    email: &str,
    role: Role,
    password: &SecretString,
    must_change_password: bool,
) -> anyhow::Result<bool> {
    let hashed = password.clone();
    let hash = tokio::task::spawn_blocking(move || passwords::hash(&hashed, &SystemEntropy)).await??;
    let now = SystemClock.now();
    let id = new_id(now, &SystemEntropy);
    let admin = Admin { id, email: email.to_owned(), role, must_change_password };
    let mut tx = store.begin().await?;
    let added = admins::add(&mut tx, &admin, &hash, now).await?;
    tx.commit().await?;
    Ok(added)
}

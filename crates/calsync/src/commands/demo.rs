//! `calsync demo`: simulator and service in one process on loopback, over SQLite.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use calsync_core::env::Clock;
use calsync_simulator::{Simulator, SimulatorOptions};
use calsync_store::admins::{self, Role};
use calsync_store::api_keys::{self, Scope};
use calsync_store::passwords;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;

use super::serve::Listeners;
use super::{admin, serve};
use crate::cli::DemoArgs;
use crate::config::{Config, Sources};
use crate::demo::seed;
use crate::system::{SystemClock, SystemEntropy};
use crate::{logging, shutdown, wiring};

/// The keys of `--empty`: for a developer's machine, good only there.
const FIXED_KEYS: [(Scope, &str); 2] =
    [(Scope::Platform, "calsync_platform_demo"), (Scope::Admin, "calsync_admin_demo")];

/// The demo's admin, an owner.
const ADMIN_EMAIL: &str = "admin@example.org";
/// Their password with `--empty`.
const FIXED_PASSWORD: &str = "calsync-admin-demo";

/// Serves until a signal.
pub(crate) async fn run(args: DemoArgs) -> anyhow::Result<()> {
    logging::start("auto");
    let folder = Folder::new(args.data)?;
    let service =
        TcpListener::bind(args.listen).await.with_context(|| format!("--listen {}", args.listen))?;
    let google = TcpListener::bind(next_port(args.listen)).await.context("the simulator's address")?;
    let service_url = format!("http://{}", service.local_addr()?);
    let google_url = format!("http://{}", google.local_addr()?);

    let stop = shutdown::on_signal()?;
    let simulator = Simulator::new(SimulatorOptions { auto_consent: true, ..SimulatorOptions::default() });
    let faked = tokio::spawn({
        let stop = stop.clone();
        async move { simulator.serve(google, stop.cancelled_owned()).await }
    });
    let engine = {
        let config = config(&folder.path, &service_url, &google_url)?;
        wiring::engine(&config, wiring::store(&config).await?)?
    };
    let keys = keys(engine.store(), args.empty).await?;
    let password = admin_login(engine.store(), args.empty).await?;
    print_banner(&service_url, &google_url, &keys, &folder.path);
    println!("Console {service_url}/admin  {ADMIN_EMAIL}  {}", password.expose_secret());
    if args.empty {
        write_env(&folder.path, &service_url, &keys)?;
    } else {
        let (url, key, stop) = (service_url.clone(), keys[0].clone(), stop.clone());
        tokio::spawn(async move { seed::run(&url, &key, stop).await });
    }
    let listeners = Listeners { web: Some(service), ..Listeners::default() };
    serve::parts(&engine, listeners, true, stop).await?;
    faked.await.context("the simulator stopped")??;
    engine.store().close().await;
    Ok(())
}

/// The folder of the demo's data; one that we made goes away with us.
struct Folder {
    path: PathBuf,
    is_ours: bool,
}

impl Folder {
    fn new(given: Option<PathBuf>) -> anyhow::Result<Self> {
        let is_ours = given.is_none();
        let fresh = || std::env::temp_dir().join(format!("calsync-demo-{}", std::process::id()));
        let path = given.unwrap_or_else(fresh);
        std::fs::create_dir_all(&path).with_context(|| format!("--data {}", path.display()))?;
        Ok(Self { path, is_ours })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.is_ours {
            // What can't be removed is the system's to clean up: it is its folder for such things.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// The simulator stands one port above the service; a free one stays a free one.
fn next_port(mut listen: SocketAddr) -> SocketAddr {
    if listen.port() != 0 {
        listen.set_port(listen.port().wrapping_add(1));
    }
    listen
}

fn config(folder: &Path, service_url: &str, google_url: &str) -> anyhow::Result<Config> {
    let mut config = Config::load(&Sources { file: Some("/dev/null".into()), ..Sources::default() })?;
    config.put("database.url", format!("sqlite:{}", folder.join("calsync.db").display()));
    config.put("server.public_url", service_url);
    config.put("google.endpoint", google_url);
    config.put("google.client_id", "demo");
    config.put("google.client_secret", "demo");
    config.put("platform.name", "Mentors");
    Ok(config)
}

/// A key of each scope: platform, then admin.
async fn keys(store: &calsync_store::Store, fixed: bool) -> anyhow::Result<Vec<SecretString>> {
    let mut keys = Vec::new();
    let mut tx = store.begin().await?;
    for (scope, fixed_key) in FIXED_KEYS {
        let fresh = || api_keys::generate(scope, &SystemEntropy);
        let key = if fixed { SecretString::from(fixed_key) } else { fresh() };
        api_keys::create(&mut tx, scope, "demo", &key, &SystemEntropy, SystemClock.now()).await?;
        keys.push(key);
    }
    tx.commit().await?;
    Ok(keys)
}

/// The admin's password; that of an earlier run is replaced.
async fn admin_login(store: &calsync_store::Store, fixed: bool) -> anyhow::Result<SecretString> {
    let fresh = || passwords::one_time(&SystemEntropy);
    let password = if fixed { SecretString::from(FIXED_PASSWORD) } else { fresh() };
    if !admin::keep(store, ADMIN_EMAIL, Role::Owner, &password, false).await? {
        let mut tx = store.begin().await?;
        if let Some((admin, _)) = admins::by_email(&mut tx, ADMIN_EMAIL).await? {
            let hash = passwords::hash(&password, &SystemEntropy)?;
            admins::set_password(&mut tx, &admin.id, &hash, false, SystemClock.now()).await?;
        }
        tx.commit().await?;
    }
    Ok(password)
}

fn print_banner(service_url: &str, google_url: &str, keys: &[SecretString], folder: &Path) {
    println!("calsync listens on {service_url}");
    println!("Simulated Google Calendar (edit as a user): {google_url}");
    for ((scope, _), key) in FIXED_KEYS.iter().zip(keys) {
        println!("API key of scope {:8} {}", scope.name(), key.expose_secret());
    }
    println!("Data in {}. Stop with Ctrl-C.", folder.display());
}

/// A ready `.env` for the platform's developer.
fn write_env(folder: &Path, service_url: &str, keys: &[SecretString]) -> anyhow::Result<()> {
    let path = folder.join(".env");
    let mut text = format!("CALSYNC_URL={service_url}\n");
    for (name, key) in ["CALSYNC_API_KEY", "CALSYNC_ADMIN_KEY"].iter().zip(keys) {
        text.push_str(&format!("{name}={}\n", key.expose_secret()));
    }
    std::fs::write(&path, text).with_context(|| format!("{}", path.display()))?;
    println!("For the platform: {}", path.display());
    Ok(())
}

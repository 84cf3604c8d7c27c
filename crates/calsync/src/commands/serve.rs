//! `calsync serve`: web, worker, or both in one process.

use anyhow::Context;
use calsync_engine::{Engine, background};
use calsync_web::ServeLimits;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::cli::Role;
use crate::config::Config;
use crate::{logging, stopping, wiring};

/// Serves until a signal, then finishes what is under way.
pub(crate) async fn run(config: &Config, role: Role) -> anyhow::Result<()> {
    logging::start(config.text("log.format"));
    for path in config.without_effect() {
        tracing::warn!(key = path, "this key has no effect yet");
    }
    if !config.google_is_configured() {
        tracing::warn!("google.client_id and google.client_secret are missing: nobody can connect yet");
    }
    let engine = wiring::engine(config, wiring::store(config).await?)?;
    let stop = stopping::on_signal()?;
    let listener = match role {
        Role::All | Role::Web => Some(listen(config.text("server.listen")).await?),
        Role::Worker => None,
    };
    parts(&engine, listener, role != Role::Web, stop).await?;
    engine.store().close().await;
    Ok(())
}

/// Takes the address and says so.
pub(crate) async fn listen(address: &str) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await.with_context(|| format!("server.listen: {address}"))?;
    println!("calsync listens on http://{}", listener.local_addr()?);
    Ok(listener)
}

/// Runs web and worker side by side until `stop`; if one fails, the other stops too.
pub(crate) async fn parts(
    engine: &Engine,
    listener: Option<TcpListener>,
    works: bool,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let _stop_all = stop.clone().drop_guard();
    let worker = tokio::spawn({
        let (engine, stop) = (engine.clone(), stop.clone());
        async move { if works { background::run(engine, stop).await } else { Ok(()) } }
    });
    let web = async {
        match listener {
            Some(listener) => {
                let router = calsync_web::router(engine.clone());
                let limits = ServeLimits::default();
                calsync_web::serve(listener, router, limits, stop.clone().cancelled_owned()).await;
            }
            None => stop.cancelled().await,
        }
    };
    web.await;
    stop.cancel();
    worker.await.context("the worker died")??;
    Ok(())
}

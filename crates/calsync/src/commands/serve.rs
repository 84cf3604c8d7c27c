//! `calsync serve`: web, worker, or both in one process.

use std::time::Duration;

use anyhow::Context;
use calsync_engine::{Engine, background, webhooks};
use calsync_http::ServeLimits;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::cli::Role;
use crate::config::Config;
use crate::{logging, open_files, shutdown, wiring};

/// How long requests have to end at shutdown, and jobs as long.
const DRAIN_MAX: Duration = Duration::from_secs(10);
/// How long what waits for Google's answer has to store it, after that.
const ANSWERS_STORED_WITHIN: Duration = Duration::from_secs(3);
/// How long a shutdown takes at most, whatever hangs: supervisors kill a little later.
const SHUTDOWN_MAX: Duration = Duration::from_secs(14);

/// Serves until a signal, then finishes what is under way.
pub(crate) async fn run(config: &Config, role: Role) -> anyhow::Result<()> {
    logging::start(config.text("log.format"));
    for path in config.without_effect() {
        tracing::warn!(key = path, "configuration key has no effect yet");
    }
    if !config.google_is_configured() {
        tracing::warn!("google.client_id and google.client_secret are not set: users cannot connect yet");
    }
    let engine = wiring::engine(config, wiring::store(config).await?)?;
    let stop = shutdown::on_signal()?;
    let listener = match role {
        Role::All | Role::Web => Some(listen(config.text("server.listen")).await?),
        Role::Worker => None,
    };
    let late = async {
        stop.cancelled().await;
        timeout(SHUTDOWN_MAX, std::future::pending::<()>()).await
    };
    let work = async {
        parts(&engine, listener, role != Role::Web, stop.clone()).await?;
        engine.store().close().await;
        Ok(())
    };
    tokio::select! {
        ended = work => ended,
        _ = late => {
            tracing::warn!("the shutdown took too long: what is left is cut off");
            Ok(())
        }
    }
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
    webhooks::set_up(engine).await?;
    let _stop_all = stop.clone().drop_guard();
    let worker = tokio::spawn({
        let (engine, stop) = (engine.clone(), stop.clone());
        async move { if works { background::run(engine, stop).await } else { Ok(()) } }
    });
    let web = async {
        match listener {
            Some(listener) => {
                let routes = calsync_api::routes().chain(calsync_pages::routes());
                let router = calsync_http::router(engine.clone(), routes, calsync_pages::problem_page);
                let limits = ServeLimits {
                    connections_max: open_files::connections_max(ServeLimits::default().connections_max),
                    drain_within: DRAIN_MAX,
                    trusted_proxies: engine.settings().trusted_proxies.clone(),
                    ..ServeLimits::default()
                };
                calsync_http::serve(listener, router, limits, stop.clone().cancelled_owned()).await;
            }
            None => stop.cancelled().await,
        }
    };
    web.await;
    stop.cancel();
    if timeout(ANSWERS_STORED_WITHIN, engine.ended()).await.is_err() {
        tracing::warn!("an answer of Google's may be lost: what waited for it is cut");
    }
    // Not with the panic's own words, which may hold secrets.
    worker.await.map_err(|_| anyhow::anyhow!("the worker panicked"))??;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use calsync_testing::world::World;
    use calsync_testing::{DatabaseKind, HANGS_AFTER, TestDatabase};

    use super::*;

    #[tokio::test]
    async fn a_worker_that_panics_ends_the_process_without_its_words() {
        let world = World::new(TestDatabase::new(DatabaseKind::Sqlite)).await;
        world.broken.clock.store(true, Ordering::SeqCst);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("an address");
        let ended = parts(&world.engine, Some(listener), true, CancellationToken::new());
        let ended = timeout(HANGS_AFTER, ended).await.expect("the web stops too");
        assert_eq!(
            format!("{:?}", ended.expect_err("it failed")).lines().next(),
            Some("the worker panicked")
        );
    }
}

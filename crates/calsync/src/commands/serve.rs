//! `calsync serve`: web, worker, or both in one process.

use std::time::Duration;

use anyhow::Context;
use calsync_engine::{Engine, webhooks, worker};
use calsync_http::ServeLimits;
use calsync_http::route::Route;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::cli::Role;
use crate::config::Config;
use crate::{logging, open_files, shutdown, wiring};

const LISTEN: &str = "server.listen";
const METRICS_LISTEN: &str = "server.metrics_listen";

/// Connections at once to the metrics' own address: a few scrapers.
const METRICS_CONNECTIONS_MAX: usize = 32;
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
    let listeners = Listeners {
        metrics: match config.given(METRICS_LISTEN) {
            Some(address) => Some(listen(METRICS_LISTEN, address, "gives metrics").await?),
            None => None,
        },
        web: match role {
            Role::All | Role::Web => Some(listen(LISTEN, config.text(LISTEN), "listens").await?),
            Role::Worker => None,
        },
    };
    let late = async {
        stop.cancelled().await;
        timeout(SHUTDOWN_MAX, std::future::pending::<()>()).await
    };
    let work = async {
        parts(&engine, listeners, role != Role::Web, stop.clone()).await?;
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

/// Where the service is reached.
#[derive(Default)]
pub(crate) struct Listeners {
    /// Users, the platform and admins; none where a process only works.
    pub(crate) web: Option<TcpListener>,
    /// Who reads the metrics; none: on the same address as the rest.
    pub(crate) metrics: Option<TcpListener>,
}

/// Takes the address that `key` names and says what it does there.
async fn listen(key: &str, address: &str, does: &str) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await.with_context(|| format!("{key}: {address}"))?;
    println!("calsync {does} on http://{}", listener.local_addr()?);
    Ok(listener)
}

/// Runs web and worker side by side until `stop`; if one fails, the other stops too.
pub(crate) async fn parts(
    engine: &Engine,
    listeners: Listeners,
    works: bool,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    webhooks::set_up(engine).await?;
    let _stop_all = stop.clone().drop_guard();
    let worker = tokio::spawn({
        let (engine, stop) = (engine.clone(), stop.clone());
        async move { if works { worker::run(engine, stop).await } else { Ok(()) } }
    });
    web(engine, listeners, &stop).await;
    stop.cancel();
    if timeout(ANSWERS_STORED_WITHIN, engine.ended()).await.is_err() {
        tracing::warn!("an answer of Google's may be lost: what waited for it is cut");
    }
    // Not with the panic's own words, which may hold secrets.
    worker.await.map_err(|_| anyhow::anyhow!("the worker panicked"))??;
    Ok(())
}

/// Answers on each address until `stop`.
async fn web(engine: &Engine, listeners: Listeners, stop: &CancellationToken) {
    let Listeners { web, metrics } = listeners;
    let (has_own_address, web_max) = (metrics.is_some(), ServeLimits::default().connections_max);
    let of_metrics = |route: &&Route| route.path == calsync_api::METRICS;
    let all = calsync_api::routes().chain(calsync_pages::routes());
    let all = all.filter(|route| !(has_own_address && of_metrics(route)));
    tokio::join!(
        answer(engine, web, all, open_files::connections_max(web_max), stop),
        answer(engine, metrics, calsync_api::routes().filter(of_metrics), METRICS_CONNECTIONS_MAX, stop),
    );
}

/// Answers what comes to `listener` by `routes`, until `stop`.
async fn answer(
    engine: &Engine,
    listener: Option<TcpListener>,
    routes: impl Iterator<Item = &'static Route>,
    connections_max: usize,
    stop: &CancellationToken,
) {
    let Some(listener) = listener else { return stop.cancelled().await };
    let router = calsync_http::router(engine.clone(), routes, calsync_pages::problem_page);
    let limits = ServeLimits {
        connections_max,
        drain_within: DRAIN_MAX,
        trusted_proxies: engine.settings().trusted_proxies.clone(),
        ..ServeLimits::default()
    };
    calsync_http::serve(listener, router, limits, stop.clone().cancelled_owned()).await;
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
        let listeners = Listeners { web: Some(listener), ..Listeners::default() };
        let ended = parts(&world.engine, listeners, true, CancellationToken::new());
        let ended = timeout(HANGS_AFTER, ended).await.expect("the web stops too");
        assert_eq!(
            format!("{:?}", ended.expect_err("it failed")).lines().next(),
            Some("the worker panicked")
        );
    }
}

//! `calsync pause` and `calsync resume`.

use calsync_core::env::Clock;
use calsync_core::item::FieldError;
use calsync_core::pause::PauseTarget;
use calsync_http::input;
use calsync_store::pauses::{self, Begun, NewPauseByAdmin};
use calsync_store::{StoreError, transaction};

use crate::cli::PauseArgs;
use crate::config::Config;
use crate::system::SystemClock;
use crate::wiring;

/// Who paused, in the audit: whoever may run commands here.
const ADMIN: &str = "command line";

/// Begins a pause.
pub(crate) async fn pause(config: &Config, args: PauseArgs) -> anyhow::Result<()> {
    let (target, note) = read(&args)?;
    let store = wiring::store(config).await?;
    let (new, now) = (NewPauseByAdmin { target: &target, admin_id: ADMIN, note: &note }, SystemClock.now());
    let begun = transaction!(StoreError, store, |tx| pauses::begin_by_admin(&store, tx, new, now).await?)?;
    store.close().await;
    match begun {
        Begun::Now(_) => println!("{} is paused; what is under way ends within 25 s.", name(&target)),
        Begun::Before(pause) => println!("{} is paused since {}.", name(&target), pause.began_at),
        Begun::UnknownUser => anyhow::bail!("there is no user {}", target.key()),
    }
    Ok(())
}

/// Ends a pause.
pub(crate) async fn resume(config: &Config, args: PauseArgs) -> anyhow::Result<()> {
    let (target, note) = read(&args)?;
    let store = wiring::store(config).await?;
    let now = SystemClock.now();
    let ended = transaction!(StoreError, store, |tx| {
        let stands = pauses::of_target(tx, &target).await?;
        match stands {
            Some(pause) => pauses::end_by_admin(&store, tx, &pause.id, (ADMIN, &note), now).await?,
            None => None,
        }
    })?;
    store.close().await;
    anyhow::ensure!(ended.is_some(), "{} is not paused", name(&target));
    println!("{} goes on.", name(&target));
    Ok(())
}

fn read(args: &PauseArgs) -> anyhow::Result<(PauseTarget, String)> {
    let PauseArgs { user, domain, operation, note } = args;
    let target = PauseTarget::parse(user.as_deref(), domain.as_deref(), operation.as_deref());
    let said = |error: &FieldError| format!("{} {}", error.field, error.message);
    let target = target
        .map_err(|errors| anyhow::anyhow!("{}", errors.iter().map(said).collect::<Vec<_>>().join("; ")))?;
    let note = input::note(note).map_err(|error| anyhow::anyhow!("{}", said(&error)))?;
    Ok((target, note))
}

fn name(target: &PauseTarget) -> String {
    format!("{} {}", target.scope().name(), target.key()).trim_end().to_owned()
}

//! `calsync simulator`: Google, faked, on an address of its own.

use anyhow::Context;
use calsync_simulator::{Simulator, SimulatorOptions};
use tokio::net::TcpListener;

use crate::cli::SimulatorArgs;
use crate::config::ConfigError;
use crate::shutdown;

/// Serves until a signal.
pub(crate) async fn run(args: SimulatorArgs) -> anyhow::Result<()> {
    let mut options = SimulatorOptions {
        auto_consent: args.auto_consent,
        delay_ms: args.delay_ms,
        enforce_quotas: args.enforce_quotas,
        clients: args.clients.iter().map(|text| client(text)).collect::<Result<_, _>>()?,
        ..SimulatorOptions::default()
    };
    if !args.control_from.is_empty() {
        let cidrs = args.control_from.iter().map(|text| {
            text.parse()
                .map_err(|_| ConfigError(format!("--control-from {text:?}: must be such as 10.0.0.0/8")))
        });
        options.control_from = cidrs.collect::<Result<_, _>>()?;
    }
    let listener =
        TcpListener::bind(args.listen).await.with_context(|| format!("--listen {}", args.listen))?;
    println!("The Google simulator listens on http://{}", listener.local_addr()?);
    let stop = shutdown::on_signal()?;
    Simulator::new(options).serve(listener, stop.cancelled_owned()).await?;
    Ok(())
}

fn client(text: &str) -> Result<(String, String), ConfigError> {
    let parts = text.split_once(':').filter(|(id, secret)| !id.is_empty() && !secret.is_empty());
    let (id, secret) = parts.ok_or_else(|| ConfigError("--client: must be ID:SECRET".into()))?;
    Ok((id.to_owned(), secret.to_owned()))
}

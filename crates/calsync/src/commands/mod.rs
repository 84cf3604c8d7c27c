//! One file a command.

mod admin;
mod api_key;
mod demo;
mod encryption;
mod migrate;
mod pause;
mod serve;
mod simulator;

use crate::cli::{AdminCommand, ApiKeyCommand, Cli, Command, EncryptionCommand};
use crate::config::{Config, Sources};
use crate::logging;

/// Runs what the command line asks for.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<()> {
    let sources = Sources { file: cli.config, environment: std::env::vars().collect(), flags: cli.set };
    match cli.command {
        Command::Simulator(args) => {
            logging::start("auto");
            simulator::run(args).await
        }
        Command::Demo(args) => demo::run(args).await,
        Command::Serve { role, listen } => {
            let mut config = Config::load(&sources)?;
            if let Some(listen) = listen {
                config.put("server.listen", listen.to_string());
            }
            serve::run(&config, role).await
        }
        Command::Migrate => migrate::run(&Config::load(&sources)?).await,
        Command::Pause(args) => pause::pause(&Config::load(&sources)?, args).await,
        Command::Resume(args) => pause::resume(&Config::load(&sources)?, args).await,
        Command::Admin(AdminCommand::Add { email, role, json }) => {
            admin::add(&Config::load(&sources)?, &email, role, json).await
        }
        Command::ApiKey(ApiKeyCommand::Create { scope, name, json }) => {
            api_key::create(&Config::load(&sources)?, scope, name, json).await
        }
        Command::Encryption(EncryptionCommand::Rotate { json }) => {
            encryption::rotate(&Config::load(&sources)?, json).await
        }
    }
}

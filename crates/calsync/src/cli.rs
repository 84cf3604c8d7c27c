//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Keeps a platform's items in its users' Google Calendars.
#[derive(Parser)]
#[command(name = "calsync", version, propagate_version = true)]
pub(crate) struct Cli {
    /// Configuration file [default: calsync.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Sets one key of the configuration, over file and environment
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Everything on loopback: simulator, service, sample users and live traffic
    #[command(after_help = "Examples:\n  calsync demo\n  calsync demo --empty --listen 127.0.0.1:5000")]
    Demo(DemoArgs),
    /// The service
    #[command(
        after_help = "Examples:\n  calsync serve\n  calsync serve --role worker --config /etc/calsync.toml"
    )]
    Serve {
        /// Which parts to run
        #[arg(long, value_enum, default_value_t = Role::All)]
        role: Role,
        /// Where it listens, over server.listen
        #[arg(long)]
        listen: Option<SocketAddr>,
    },
    /// The Google simulator alone
    #[command(
        after_help = "Examples:\n  calsync simulator\n  calsync simulator --auto-consent --delay-ms 50"
    )]
    Simulator(SimulatorArgs),
    /// Brings the database up to date
    #[command(
        after_help = "Examples:\n  calsync migrate\n  calsync migrate --set database.url=sqlite:other.db"
    )]
    Migrate,
    /// Admins of the console
    #[command(subcommand)]
    Admin(AdminCommand),
    /// API keys
    #[command(subcommand)]
    ApiKey(ApiKeyCommand),
    /// The keys that seal secrets
    #[command(subcommand)]
    Encryption(EncryptionCommand),
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// No samples, fixed keys, and a ready .env for the platform's developer
    #[arg(long)]
    pub(crate) empty: bool,
    /// Where the service listens; the simulator takes the next port
    #[arg(long, default_value = "127.0.0.1:4300")]
    pub(crate) listen: SocketAddr,
    /// Where the data is kept [default: a new folder that goes away at the end]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct SimulatorArgs {
    /// Where it listens
    #[arg(long, default_value = "127.0.0.1:4301")]
    pub(crate) listen: SocketAddr,
    /// Approves consent at once, for the account in login_hint
    #[arg(long)]
    pub(crate) auto_consent: bool,
    /// Answers after this many milliseconds
    #[arg(long, default_value_t = 0)]
    pub(crate) delay_ms: u64,
    /// Answers 403 above Google's quotas
    #[arg(long)]
    pub(crate) enforce_quotas: bool,
    /// An OAuth client that exists; any is good if none is given
    #[arg(long = "client", value_name = "ID:SECRET")]
    pub(crate) clients: Vec<String>,
    /// Who may use /_control [default: loopback]
    #[arg(long, value_name = "CIDR")]
    pub(crate) control_from: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Web and worker
    All,
    /// HTTP only
    Web,
    /// Sync only
    Worker,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    /// Adds an admin and prints a password as its last word, once; it is changed at the first sign-in
    #[command(after_help = "Examples:\n  calsync admin add noor@example.org --role support")]
    Add {
        /// The mail address to sign in with
        email: String,
        /// What they may do; each role may do all that the ones before it may
        #[arg(long, value_enum)]
        role: AdminRole,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AdminRole {
    /// Looks
    Viewer,
    /// May force the disconnect of one user
    Support,
    /// May act on many users at once
    Operator,
    /// May add admins and keys
    Owner,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ApiKeyCommand {
    /// Makes a key and prints it as its last word, once; only its hash is kept
    #[command(after_help = "Examples:\n  calsync api-key create --scope platform --name backend")]
    Create {
        /// What it may do
        #[arg(long, value_enum)]
        scope: KeyScope,
        /// What it is called in lists and audits
        #[arg(long)]
        name: Option<String>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum EncryptionCommand {
    /// Seals every secret anew with the newest key, the first of security.encryption_keys, while serving
    #[command(after_help = ROTATE_HELP)]
    Rotate {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

const ROTATE_HELP: &str = "\
To change the key:
  1. Add the new key behind the old one in security.encryption_keys (or as a line of the key file
     beside a SQLite database), and start every calsync again: now each can open what it seals.
  2. Put the new key first, and start every calsync again.
  3. Run this. It may be stopped and run again.
  4. Take the old key away.

Examples:
  calsync encryption rotate
  calsync encryption rotate --json
  echo \"2031-03:$(openssl rand -base64 32)\"    makes a key";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyScope {
    /// The platform API
    Platform,
    /// The admin API
    Admin,
}

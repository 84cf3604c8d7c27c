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
    /// Sets one configuration key; overrides the file and the environment
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a demo on loopback: simulator, service, sample users and live traffic
    #[command(after_help = "Examples:\n  calsync demo\n  calsync demo --empty --listen 127.0.0.1:5000")]
    Demo(DemoArgs),
    /// Runs the service
    #[command(
        after_help = "Examples:\n  calsync serve\n  calsync serve --role worker --config /etc/calsync.toml"
    )]
    Serve {
        /// Parts to run
        #[arg(long, value_enum, default_value_t = Role::All)]
        role: Role,
        /// Address to listen on; overrides server.listen
        #[arg(long)]
        listen: Option<SocketAddr>,
    },
    /// Runs the Google simulator alone
    #[command(
        after_help = "Examples:\n  calsync simulator\n  calsync simulator --auto-consent --delay-ms 50"
    )]
    Simulator(SimulatorArgs),
    /// Makes the tables in a new database, and checks that an older one is of this version
    #[command(
        after_help = "Examples:\n  calsync migrate\n  calsync migrate --set database.url=sqlite:other.db"
    )]
    Migrate,
    /// Stops writes to Google: of a user, a domain or an operation, or all of them
    #[command(after_help = PAUSE_HELP)]
    Pause(PauseArgs),
    /// Ends such a pause; what waited goes on
    #[command(after_help = "Examples:\n  calsync resume --user u-17 --note \"The calendar is restored.\"")]
    Resume(PauseArgs),
    /// Manages the admins of the console
    #[command(subcommand)]
    Admin(AdminCommand),
    /// Manages API keys
    #[command(subcommand)]
    ApiKey(ApiKeyCommand),
    /// Manages the encryption keys
    #[command(subcommand)]
    Encryption(EncryptionCommand),
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// No samples, fixed keys, and a ready .env for the platform's developer
    #[arg(long)]
    pub(crate) empty: bool,
    /// Address of the service; the simulator takes the next port
    #[arg(long, default_value = "127.0.0.1:4300")]
    pub(crate) listen: SocketAddr,
    /// Data folder [default: a temporary one, removed at the end]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct SimulatorArgs {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1:4301")]
    pub(crate) listen: SocketAddr,
    /// Approves consent at once, for the account in login_hint
    #[arg(long)]
    pub(crate) auto_consent: bool,
    /// Delays each answer by this many milliseconds
    #[arg(long, default_value_t = 0)]
    pub(crate) delay_ms: u64,
    /// Enforces Google's quotas (403 above them)
    #[arg(long)]
    pub(crate) enforce_quotas: bool,
    /// Registers an OAuth client; without any, every client is accepted
    #[arg(long = "client", value_name = "ID:SECRET")]
    pub(crate) clients: Vec<String>,
    /// Who may use /_control [default: loopback]
    #[arg(long, value_name = "CIDR")]
    pub(crate) control_from: Vec<String>,
}

const PAUSE_HELP: &str = "\
Without --user, --domain and --operation everything is paused, disconnects too.

Examples:
  calsync pause --user u-17 --note \"They restore their calendar.\"
  calsync pause --operation delete --note \"Too many events went at once.\"";

#[derive(Debug, Args)]
pub(crate) struct PauseArgs {
    /// The platform's id of a user
    #[arg(long, group = "target")]
    pub(crate) user: Option<String>,
    /// A Google Workspace domain
    #[arg(long, group = "target")]
    pub(crate) domain: Option<String>,
    /// insert, update, delete, create_calendar or delete_calendar
    #[arg(long, group = "target")]
    pub(crate) operation: Option<String>,
    /// Why; for the audit
    #[arg(long)]
    pub(crate) note: String,
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
    /// Adds an admin and prints a one-time password as the last word; it must be changed at the first sign-in
    #[command(after_help = "Examples:\n  calsync admin add noor@example.org --role support")]
    Add {
        /// The mail address to sign in with
        email: String,
        /// Role; each role includes the permissions of the ones before it
        #[arg(long, value_enum)]
        role: AdminRole,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AdminRole {
    /// May look at everything
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
    /// Creates an API key and prints it once, as the last word; only its hash is stored
    #[command(after_help = "Examples:\n  calsync api-key create --scope platform --name backend")]
    Create {
        /// Scope of the key
        #[arg(long, value_enum)]
        scope: KeyScope,
        /// Name in lists and in the audit log
        #[arg(long)]
        name: Option<String>,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum EncryptionCommand {
    /// Re-encrypts every secret with the newest key (the first of security.encryption_keys) while the service runs
    #[command(after_help = ROTATE_HELP)]
    Rotate {
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
}

const ROTATE_HELP: &str = "\
To change the key:
  1. Add the new key after the old one in security.encryption_keys (or as a line of the key file
     beside a SQLite database), and restart every calsync: now each can decrypt with it.
  2. Put the new key first, and restart every calsync.
  3. Run this. It may be stopped and run again.
  4. Remove the old key.

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

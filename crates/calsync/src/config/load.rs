//! Lays the sources over one another and checks every key and value.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::keys::{KEYS, Key, find};

/// Read if it is there and no other file was named.
const DEFAULT_FILE: &str = "calsync.toml";

/// What can't be used in the configuration.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ConfigError(pub(crate) String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

/// Where the configuration comes from.
#[derive(Default)]
pub(crate) struct Sources {
    /// The file that was named.
    pub(crate) file: Option<PathBuf>,
    /// The environment.
    pub(crate) environment: Vec<(String, String)>,
    /// `KEY=VALUE` from the command line.
    pub(crate) flags: Vec<String>,
}

/// A checked configuration.
#[derive(Default)]
pub(crate) struct Config {
    values: BTreeMap<&'static str, String>,
}

impl fmt::Debug for Config {
    /// The keys alone: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

impl Config {
    /// Reads file, environment and flags.
    pub(crate) fn load(sources: &Sources) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        config.read_file(sources.file.as_deref())?;
        for (name, value) in &sources.environment {
            if name.starts_with("CALSYNC_") {
                let key = KEYS.iter().find(|key| key.variable() == *name);
                let key = key.ok_or_else(|| ConfigError(format!("{name}: there is no such key")))?;
                config.set(key, value.clone(), name)?;
            }
        }
        for flag in &sources.flags {
            let (path, value) = flag
                .split_once('=')
                .ok_or_else(|| ConfigError(format!("--set {flag}: must be KEY=VALUE")))?;
            let key = find(path).ok_or_else(|| ConfigError(format!("{path}: there is no such key")))?;
            config.set(key, value.to_owned(), path)?;
        }
        Ok(config)
    }

    fn read_file(&mut self, file: Option<&Path>) -> Result<(), ConfigError> {
        let path = file.unwrap_or(Path::new(DEFAULT_FILE));
        if file.is_none() && !path.exists() {
            return Ok(());
        }
        let failed = |error: &dyn fmt::Display| ConfigError(format!("{}: {error}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| failed(&error))?;
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| failed(&error))?;
        self.read_table("", &table)
    }

    fn read_table(&mut self, prefix: &str, table: &toml::Table) -> Result<(), ConfigError> {
        for (name, value) in table {
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            match (find(&path), value) {
                (Some(key), value) => {
                    let value =
                        plain(value).ok_or_else(|| ConfigError(format!("{path}: must be a value")))?;
                    self.set(key, value, &path)?;
                }
                (None, toml::Value::Table(inner)) => self.read_table(&path, inner)?,
                (None, _) => return Err(ConfigError(format!("{path}: there is no such key"))),
            }
        }
        Ok(())
    }

    fn set(&mut self, key: &'static Key, value: String, named: &str) -> Result<(), ConfigError> {
        if let Some(allowed) = key.refuse(&value) {
            let shown = if key.is_secret() { "***" } else { &value };
            return Err(ConfigError(format!("{named}: {shown:?} can't be used; allowed: {allowed}")));
        }
        self.values.insert(key.path, value);
        Ok(())
    }

    /// Sets a key from within the program, over everything.
    pub(crate) fn put(&mut self, path: &'static str, value: impl Into<String>) {
        self.values.insert(path, value.into());
    }

    /// What somebody set, if anybody did.
    pub(crate) fn given(&self, path: &str) -> Option<&str> {
        self.values.get(path).map(String::as_str)
    }

    /// What was set, or the default.
    pub(crate) fn text(&self, path: &str) -> &str {
        self.given(path).unwrap_or_else(|| find(path).map_or("", |key| key.default))
    }

    /// A list; empty entries don't count.
    pub(crate) fn list(&self, path: &str) -> Vec<String> {
        self.text(path)
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// Keys that were set and have no effect yet.
    pub(crate) fn without_effect(&self) -> impl Iterator<Item = &'static str> {
        self.values.keys().copied().filter(|path| find(path).is_some_and(|key| !key.has_effect))
    }
}

/// A value as the environment would write it.
fn plain(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Float(number) => Some(number.to_string()),
        toml::Value::Boolean(truth) => Some(truth.to_string()),
        toml::Value::Array(values) => {
            values.iter().map(plain).collect::<Option<Vec<_>>>().map(|all| all.join(","))
        }
        toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(environment: &[(&str, &str)], flags: &[&str]) -> Result<Config, ConfigError> {
        let environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Config::load(&Sources {
            file: None,
            environment,
            flags: flags.iter().map(|f| (*f).to_owned()).collect(),
        })
    }

    #[test]
    fn every_default_is_one_that_its_key_takes() {
        for key in KEYS.iter().filter(|key| !key.default.is_empty()) {
            assert_eq!(key.refuse(key.default), None, "{}", key.path);
        }
    }

    #[test]
    fn flags_go_over_the_environment_and_the_environment_over_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("c.toml");
        std::fs::write(&file, "[server]\nlisten = '127.0.0.1:1'\n[sync]\npast_days = 3\n").expect("written");
        let config = Config::load(&Sources {
            file: Some(file),
            environment: vec![("CALSYNC_SERVER__LISTEN".into(), "127.0.0.1:2".into())],
            flags: vec!["platform.name=Mentors".into()],
        })
        .expect("a good configuration");
        assert_eq!(config.text("server.listen"), "127.0.0.1:2");
        assert_eq!(config.text("sync.past_days"), "3");
        assert_eq!(config.text("platform.name"), "Mentors");
        assert_eq!(config.text("database.schema"), "calsync");
    }

    #[test]
    fn the_quota_of_an_account_reaches_the_engine() {
        let quota = |environment: &[(&str, &str)]| {
            let config = load(environment, &[])?;
            assert_eq!(config.without_effect().count(), 0);
            Ok::<_, ConfigError>(config.settings().user_quota_per_minute)
        };
        const KEY: &str = "CALSYNC_GOOGLE__QUOTA__USER_PER_MINUTE";
        assert_eq!(quota(&[]).expect("the default"), 600);
        assert_eq!(quota(&[(KEY, "120")]).expect("good"), 120);
        assert_eq!(quota(&[(KEY, "0")]).expect("good: no limit"), 0);
        for bad in ["-1", "many", "4294967296"] {
            assert!(quota(&[(KEY, bad)]).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_secret_is_shown_neither_by_a_refusal_nor_when_printed() {
        let key = ("CALSYNC_GOOGLE__CLIENT_SECRET", "marker-of-a-secret");
        let config = load(&[key], &["security.encryption_keys=marker-of-a-secret"]).expect("good");
        let printed = format!("{config:?}");
        assert!(printed.contains("google.client_secret") && !printed.contains("marker"), "{printed}");
    }

    #[test]
    fn trusted_proxies_have_an_effect() {
        let config = load(&[], &["server.trusted_proxies=10.0.0.7, 2001:db8::/32,"]).expect("good");
        let trusted = config.settings().trusted_proxies;
        assert_eq!(trusted, ["10.0.0.7", "2001:db8::/32"].map(|text| text.parse().expect("a network")));
        assert_eq!(config.without_effect().count(), 0);
    }

    #[test]
    fn what_cannot_be_used_is_named_with_what_is_allowed() {
        let error = load(&[("CALSYNC_SYNC__PAST_DAYS", "often")], &[]).expect_err("refused").0;
        assert_eq!(
            error,
            "CALSYNC_SYNC__PAST_DAYS: \"often\" can't be used; allowed: a whole number from 0 to 36500"
        );
        let error = load(&[("CALSYNC_SERVER__TRUSTED_PROXIES", "10.0.0.7, 10.0.0.0/40")], &[]);
        assert_eq!(
            error.expect_err("refused").0,
            "CALSYNC_SERVER__TRUSTED_PROXIES: \"10.0.0.7, 10.0.0.0/40\" can't be used; allowed: \
             addresses such as 10.0.0.7 and ranges such as 10.0.0.0/8"
        );
        let error = load(&[("CALSYNC_SERVER__METRICS_LISTEN", "localhost")], &[]).expect_err("refused").0;
        assert_eq!(
            error,
            "CALSYNC_SERVER__METRICS_LISTEN: \"localhost\" can't be used; allowed: an address such as \
             127.0.0.1:4300"
        );
        assert!(
            load(&[], &["sync.colour=1"])
                .expect_err("refused")
                .0
                .contains("sync.colour: there is no such key")
        );
        assert!(load(&[("CALSYNC_NOPE", "1")], &[]).expect_err("refused").0.contains("CALSYNC_NOPE"));
    }
}

//! The platform's webhook, from its three keys. What can't be used is refused at start; a secret is
//! never shown.

use calsync_engine::webhooks::{AllowedHosts, SigningSecret, Target, Webhook};

use super::{Config, ConfigError};

const URL: &str = "platform.webhook_url";
const SECRET: &str = "platform.webhook_secret";
const ALLOW_HOSTS: &str = "platform.webhook_allow_hosts";

impl Config {
    /// The webhook, if there is one.
    pub(crate) fn webhook(&self) -> anyhow::Result<Option<Webhook>> {
        let allowed = AllowedHosts::parse(self.list(ALLOW_HOSTS))
            .map_err(|bad| cant_be_used(ALLOW_HOSTS, &format!("{bad:?}"), AllowedHosts::ALLOWED))?;
        let secrets =
            self.list(SECRET).iter().map(|text| SigningSecret::parse(text)).collect::<Option<Vec<_>>>();
        let secrets = secrets.ok_or_else(|| cant_be_used(SECRET, "***", SigningSecret::ALLOWED))?;
        let Some(url) = self.given(URL) else { return Ok(None) };
        let target = Target::parse(url, &allowed)
            .ok_or_else(|| cant_be_used(URL, &format!("{:?}", without_user(url)), Target::ALLOWED))?;
        if secrets.is_empty() {
            return Err(ConfigError(format!(
                "{SECRET}: nothing is set; allowed: {}",
                SigningSecret::ALLOWED
            ))
            .into());
        }
        let webhook = Webhook::over_network(target, secrets, allowed);
        webhook.map(Some).map_err(|error| anyhow::anyhow!("{}", error.message))
    }
}

fn cant_be_used(path: &str, shown: &str, allowed: &str) -> ConfigError {
    ConfigError(format!("{path}: {shown} can't be used; allowed: {allowed}"))
}

/// An address without the name and password that may stand in it.
fn without_user(url: &str) -> String {
    match url.split_once("://").map(|(scheme, rest)| (scheme, rest.rsplit_once('@'))) {
        Some((scheme, Some((_, rest)))) => format!("{scheme}://***@{rest}"),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn webhook(values: &[(&'static str, &str)]) -> Result<bool, String> {
        let mut config = Config::default();
        for (path, value) in values {
            config.put(path, *value);
        }
        config.webhook().map(|webhook| webhook.is_some()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_webhook_needs_an_address_and_a_secret() {
        let url = "https://app.example.org/hook";
        assert_eq!(webhook(&[]), Ok(false));
        assert_eq!(webhook(&[(SECRET, GOOD)]), Ok(false));
        assert_eq!(webhook(&[(URL, url), (SECRET, GOOD)]), Ok(true));
        assert_eq!(webhook(&[(URL, url), (SECRET, &format!("{GOOD},{GOOD}"))]), Ok(true));
        let missing = webhook(&[(URL, url)]).expect_err("refused");
        assert!(missing.starts_with("platform.webhook_secret: nothing is set; allowed: whsec_"), "{missing}");
        assert_eq!(
            webhook(&[(URL, "http://hook.internal:80/"), (SECRET, GOOD), (ALLOW_HOSTS, "hook.internal")]),
            Ok(true)
        );
    }

    #[test]
    fn what_cannot_be_used_is_named_without_secrets() {
        for (values, message) in [
            (
                [(URL, "http://ana:marker@app.example.org/"), (SECRET, GOOD)],
                "platform.webhook_url: \"http://***@app.example.org/\" can't be used; allowed: an https address",
            ),
            (
                [(URL, "https://127.0.0.1/"), (SECRET, GOOD)],
                "platform.webhook_url: \"https://127.0.0.1/\" can't be used; allowed: an https address",
            ),
            (
                [(URL, "https://app.example.org/"), (SECRET, "marker")],
                "platform.webhook_secret: *** can't be used; allowed: whsec_ and the base64",
            ),
            (
                [(ALLOW_HOSTS, "http://hook"), (SECRET, GOOD)],
                "platform.webhook_allow_hosts: \"http://hook\" can't be used; allowed: host names",
            ),
        ] {
            let error = webhook(&values).expect_err("refused");
            assert!(error.starts_with(message), "{error}");
            assert!(!error.contains("marker"), "{error}");
        }
    }
}

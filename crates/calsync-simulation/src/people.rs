//! Who is there: a few users, connected by the real way.

use anyhow::{Context, ensure};
use bytes::Bytes;
use calsync_core::integration::CalendarChoice;
use calsync_engine::connect::{self, Begun, Callback, Finished};
use calsync_simulator::{NewAccount, Simulator};
use http::header::LOCATION;
use http::{Method, Request};
use jiff::SignedDuration;
use secrecy::ExposeSecret;
use serde_json::json;

use crate::deployment::Deployment;
use crate::seam::Seam;

/// The users, each with a Google account of the same name.
pub(crate) const USERS: [&str; 3] = ["ana", "ben", "mira"];

/// The OAuth client of the deployment.
pub(crate) const CLIENT: &str = "client";

/// Whose account has this address.
pub(crate) fn user_of(email: &str) -> anyhow::Result<String> {
    let user = email.strip_suffix("@example.org");
    Ok(user.with_context(|| format!("{email} is nobody's account"))?.to_owned())
}

pub(crate) fn email(user: &str) -> String {
    format!("{user}@example.org")
}

/// A calendar of the user's beside their first one.
pub(crate) fn work(user: &str) -> String {
    format!("work-of-{user}")
}

/// Makes and connects every user.
pub(crate) async fn connect_all(
    deployment: &Deployment,
    google: &Simulator,
    seam: &Seam,
) -> anyhow::Result<()> {
    for user in USERS {
        let account = json!({"email": email(user), "calendars": [{"id": work(user), "summary": "Work"}]});
        google.add_account(serde_json::from_value::<NewAccount>(account)?);
        let body = json!({"email": email(user), "time_zone": "Europe/Lisbon"});
        let (status, answer) = deployment.call(Method::PUT, &format!("/users/{user}"), &body).await?;
        ensure!(status.is_success(), "PUT /users/{user}: {status} {answer}");
        connect(deployment, seam, user, CalendarChoice::New).await?;
    }
    Ok(())
}

/// Connects `user` the real way.
pub(crate) async fn connect(
    deployment: &Deployment,
    seam: &Seam,
    user: &str,
    choice: CalendarChoice,
) -> anyhow::Result<()> {
    let engine = &deployment.engine;
    let link = connect::create_link(engine, user, None, SignedDuration::from_secs(900)).await?;
    let link = link.with_context(|| format!("{user} is not known"))?;
    let token = link.url.rsplit('/').next().context("a token")?;
    let Begun::Redirect { authorization_url, browser } = connect::begin(engine, token, choice).await? else {
        anyhow::bail!("the link of {user} is not good");
    };
    let consent = seam.deliver(Request::get(authorization_url).body(Bytes::new())?).await;
    let consent = consent.map_err(|error| anyhow::anyhow!("{}", error.message))?;
    let back = consent.headers().get(LOCATION).context("no way back from the consent")?.to_str()?;
    let parameter = |name: &str| {
        let query = back.split_once('?')?.1;
        let found = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        found.map(|value| value.replace("%2F", "/").replace("%2f", "/"))
    };
    let callback = Callback {
        state: parameter("state").context("no state")?.into(),
        code: parameter("code").map(Into::into),
        error: parameter("error"),
    };
    let finished = connect::finish(engine, callback, browser.expose_secret()).await?;
    ensure!(matches!(finished, Finished::Connected { .. }), "{user} could not connect: {finished:?}");
    Ok(())
}

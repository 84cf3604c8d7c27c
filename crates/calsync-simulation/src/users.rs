//! How users connect: by the real way, with Google's answers at the scheduler's mercy.

use anyhow::{Context, ensure};
use bytes::Bytes;
use calsync_core::integration::CalendarChoice;
use calsync_engine::EngineError;
use calsync_engine::consent::clean_up;
use calsync_engine::consent::{self, Callback, CallbackResult, ConsentStart};
use calsync_engine::target_calendar::TargetChoice;
use calsync_simulator::NewAccount;
use http::header::LOCATION;
use http::{Method, Request};
use jiff::SignedDuration;
use secrecy::ExposeSecret;
use serde_json::json;

use crate::fixtures::{DOMAIN, USERS, email, work};
use crate::jobs::Ended;
use crate::standing::{Connection, Presence};
use crate::transport::SimTransport;
use crate::world::World;

/// A link's life.
const LINK_LIFE: SignedDuration = SignedDuration::from_secs(900);

impl World {
    /// Makes and connects every user.
    pub(crate) async fn connect_all(&mut self) -> anyhow::Result<()> {
        for user in self.users() {
            let domain = (user == USERS[0]).then_some(DOMAIN);
            let calendars = json!([{"id": work(user), "summary": "Work"}]);
            let account = json!({"email": email(user), "hd": domain, "calendars": calendars});
            self.google.add_account(serde_json::from_value::<NewAccount>(account)?);
            self.connect(user, CalendarChoice::New, None).await?;
            self.answer_all().await?;
            ensure!(self.standings.is_connected(user), "{user} could not connect");
        }
        Ok(())
    }

    /// `user` connects: from the consent on it is a page that waits for Google. `then` they want a calendar.
    pub(crate) async fn connect(
        &mut self,
        user: &'static str,
        choice: CalendarChoice,
        then: Option<TargetChoice>,
    ) -> anyhow::Result<()> {
        if self.standings.presence(user) == Presence::Absent {
            let body = json!({"email": email(user), "time_zone": "Europe/Lisbon"});
            self.deployment.must(Method::PUT, &format!("/users/{user}"), &body).await?;
            self.standings.set_presence(user, Presence::There);
        }
        let engine = self.deployment.engine.clone();
        let link = consent::create_link(&engine, user, None, LINK_LIFE).await?;
        let link = link.with_context(|| format!("{user} is not known"))?;
        let token = link.url.rsplit('/').next().context("a token")?;
        let ConsentStart::Redirect { authorization_url, browser } =
            consent::begin(&engine, token, choice).await?
        else {
            self.note(format!("{user} can't set out to connect now"));
            return Ok(());
        };
        let callback = consent(&self.transport, &authorization_url).await?;
        self.standings.consents(user);
        let work = async move {
            let finished = consent::finish(&engine, callback, browser.expose_secret()).await?;
            Ok::<_, EngineError>(Ended::Connect { user, finished, then })
        };
        let ended = self.deployment.jobs.begin_page(user, Box::pin(work)).await?;
        self.note(format!("{user} comes back from Google's consent"));
        Box::pin(self.ended(ended)).await
    }

    /// A user's way back from the consent ended.
    pub(crate) async fn connected(
        &mut self,
        user: &'static str,
        finished: &CallbackResult,
        then: Option<TargetChoice>,
    ) -> anyhow::Result<()> {
        self.note(format!("{user}: {}", told(finished)));
        if !matches!(finished, CallbackResult::Connected { .. }) {
            self.standings.consent_failed(user);
            return Ok(());
        }
        self.standings.consent_is_used(user);
        self.standings.set_connection(user, Connection::Connected);
        match then {
            Some(wanted) => self.choose(user, wanted, false).await,
            None => Ok(()),
        }
    }

    /// `user` consents to the clean-up of what a disconnect left.
    pub(crate) async fn clean_up(&mut self, user: &'static str) -> anyhow::Result<()> {
        let engine = self.deployment.engine.clone();
        let Some(link) = clean_up::create_link(&engine, user, LINK_LIFE).await? else {
            self.note(format!("{user} has nothing to clean up now"));
            return Ok(());
        };
        let token = link.url.rsplit('/').next().context("a token")?;
        let clean_up::CleanUpStart::Redirect { authorization_url, browser } =
            clean_up::begin(&engine, token).await?
        else {
            self.note(format!("{user} can't set out to clean up now"));
            return Ok(());
        };
        let callback = consent(&self.transport, &authorization_url).await?;
        self.standings.consents(user);
        let work = async move {
            consent::finish(&engine, callback, browser.expose_secret()).await?;
            Ok::<_, EngineError>(Ended::CleanUp { user })
        };
        let ended = self.deployment.jobs.begin_page(user, Box::pin(work)).await?;
        self.note(format!("{user} consents to the clean-up"));
        Box::pin(self.ended(ended)).await
    }
}

/// Agrees at Google.
async fn consent(transport: &SimTransport, authorization_url: &str) -> anyhow::Result<Callback> {
    let consent = transport.visit(Request::get(authorization_url).body(Bytes::new())?).await;
    let consent = consent.map_err(|error| anyhow::anyhow!("{}", error.message))?;
    let back = consent.headers().get(LOCATION).context("no way back from the consent")?.to_str()?;
    let parameter = |name: &str| {
        let query = back.split_once('?')?.1;
        let found = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        found.map(|value| value.replace("%2F", "/").replace("%2f", "/"))
    };
    Ok(Callback {
        state: parameter("state").context("no state")?.into(),
        code: parameter("code").map(Into::into),
        error: parameter("error"),
    })
}

/// How a try to connect ended, without what differs by chance.
fn told(finished: &CallbackResult) -> String {
    match finished {
        CallbackResult::Connected { choice, needs_calendar, .. } => {
            format!("connected, {}, needs calendar: {needs_calendar}", choice.name())
        }
        CallbackResult::Failed { reason, .. } => format!("not connected: {}", reason.name()),
        CallbackResult::CleanUp => "not connected: it was the consent of a clean-up".into(),
        CallbackResult::UnknownState => "not connected: the state is unknown".into(),
    }
}

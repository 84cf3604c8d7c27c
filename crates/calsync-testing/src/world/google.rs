//! What users do at Google: accounts, calendars, consent.

use axum::body::Bytes;
use calsync_core::integration::CalendarChoice;
use calsync_engine::clean_up;
use calsync_engine::connect::{self, Callback, CallbackResult, ConsentStart};
use calsync_engine::target_calendar::{self, RetargetResult, TargetChoice};
use calsync_simulator::NewAccount;
use calsync_store::users::{self, User};
use jiff::SignedDuration;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::World;

/// The Google account of `user`.
pub fn email(user: &str) -> String {
    format!("{user}@example.org")
}

impl World {
    /// Google removes a calendar of `user` with everything in it.
    pub async fn lose_calendar(&self, user: &str, calendar_id: &str) {
        let token = self.google.access_token(&email(user)).unwrap();
        self.engine.google().client().delete_calendar(&token.into(), calendar_id).await.unwrap();
    }

    /// Adds the Google account of `user`, with a calendar `team-USER` beside the first one.
    pub fn account(&self, user: &str) {
        let calendars = json!([{"id": format!("team-{user}"), "summary": "Team"}]);
        self.google_account(&email(user), calendars);
    }

    /// Adds a Google account; `calendars` stand beside the primary one.
    pub fn google_account(&self, email: &str, calendars: Value) {
        let account = json!({"email": email, "calendars": calendars});
        self.google.add_account(serde_json::from_value::<NewAccount>(account).unwrap());
    }

    /// Changes what the account of `user` may do with a calendar; without a role it sees none.
    pub async fn set_access_role(&self, user: &str, calendar_id: &str, role: Option<&str>) {
        let url = format!("http://google.test/_control/accounts/{}/calendars/{calendar_id}", email(user));
        let body = Bytes::from(json!({ "access_role": role }).to_string());
        let answer = self.transport.deliver(http::Request::patch(url).body(body).unwrap()).await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
    }

    /// Connects `user` the real way, as the Google account `address`.
    pub async fn connect(&self, user: &str, address: &str, choice: CalendarChoice) -> CallbackResult {
        self.connect_while(user, address, choice, async || {}).await
    }

    /// The user takes one of their calendars.
    pub async fn choose_calendar(&self, integration_id: &str, calendar_id: &str) {
        let wanted = TargetChoice::Existing(calendar_id.to_owned());
        assert_eq!(
            target_calendar::change(&self.engine, integration_id, &wanted).await.unwrap(),
            RetargetResult::Done
        );
    }

    /// As [`World::connect`]; something happens while the user is at Google.
    pub async fn connect_while(
        &self,
        user: &str,
        address: &str,
        choice: CalendarChoice,
        meanwhile: impl AsyncFnOnce(),
    ) -> CallbackResult {
        let mut tx = self.engine.store().begin().await.unwrap();
        let new = User { user_id: user.into(), email: Some(address.into()), ..User::default() };
        users::put(&mut tx, &new, self.engine.now()).await.unwrap();
        tx.commit().await.unwrap();
        let lifetime = SignedDuration::from_secs(900);
        let link = connect::create_link(&self.engine, user, None, lifetime).await.unwrap().unwrap();
        let token = link.url.rsplit('/').next().unwrap();
        let ConsentStart::Redirect { authorization_url, browser } =
            connect::begin(&self.engine, token, choice).await.unwrap()
        else {
            panic!("the link is good");
        };
        let callback = self.consent(&authorization_url).await;
        meanwhile().await;
        connect::finish(&self.engine, callback, browser.expose_secret()).await.unwrap()
    }

    /// Agrees at Google.
    async fn consent(&self, authorization_url: &str) -> Callback {
        let visit = http::Request::get(authorization_url).body(Bytes::new()).unwrap();
        let consent = self.transport.deliver(visit).await.unwrap();
        let back = consent.headers()["location"].to_str().unwrap();
        let parameter = |name: &str| {
            let query = back.split_once('?').unwrap().1;
            let found = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            found.map(|value| value.replace("%2F", "/"))
        };
        let state = parameter("state").unwrap().into();
        Callback { state, code: parameter("code").map(Into::into), error: None }
    }

    /// A link by which `user` cleans up; none if nothing is left.
    pub async fn clean_up_link(&self, user: &str) -> Option<String> {
        let link = clean_up::create_link(&self.engine, user, SignedDuration::from_secs(900)).await.unwrap();
        link.map(|link| link.url.rsplit('/').next().unwrap().to_owned())
    }

    /// Consents to a clean-up of `user` as the Google account `address`; gives what the browser holds.
    pub async fn consent_to_clean_up(&self, user: &str, link: &str, address: &str) -> String {
        let clean_up::CleanUpStart::Redirect { authorization_url, browser } =
            clean_up::begin(&self.engine, link).await.unwrap()
        else {
            panic!("the link is good");
        };
        let [hint, address] = [&email(user), address].map(|address| address.replace('@', "%40"));
        assert!(authorization_url.contains(&hint), "{authorization_url}");
        let callback = self.consent(&authorization_url.replace(&hint, &address)).await;
        let browser = browser.expose_secret();
        assert!(clean_up::finish(&self.engine, &callback, browser).await.unwrap());
        assert!(!clean_up::finish(&self.engine, &callback, browser).await.unwrap(), "once");
        browser.to_owned()
    }

    /// The live events in the calendars of `user`'s Google account, all or with a stamp only.
    pub fn events(&self, user: &str, stamped: bool) -> Vec<Value> {
        let state = self.google.state();
        let events = state["events"].as_array().unwrap().iter();
        let has_stamp = |event: &Value| !event["extendedProperties"]["private"]["calsync_item"].is_null();
        let live = events.filter(|event| {
            event["account"] == email(user).as_str()
                && event["status"] != "cancelled"
                && (!stamped || has_stamp(event))
        });
        live.cloned().collect()
    }

    /// Whether Google still honours a grant of ours for `user`'s account.
    pub fn has_grant(&self, user: &str) -> bool {
        let state = self.google.state();
        state["grants"].as_array().unwrap().iter().any(|grant| grant["email"] == email(user).as_str())
    }

    /// How often Google was asked by `method` so far.
    pub fn requests(&self, method: &str) -> u64 {
        self.google.state()["requests"][method].as_u64().unwrap_or_default()
    }
}

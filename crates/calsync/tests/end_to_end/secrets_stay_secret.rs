//! Secrets run through what is done with them: connecting, syncing, refreshing, failing in all
//! ways in which Google may echo them, signing in, disconnecting, cleaning up, changing keys. Then
//! they are looked for where they must not be.

mod console;
mod leaving;

use bytes::Bytes;
use calsync_google::{HttpTransport, Transport};
use calsync_testing::{eventually, on_both_databases};
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{Method, Request, Response};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::leaks::{Leaks, Whose};
use crate::world::{World, transport};

const CLIENT_SECRET: &str = "GOCSPX-marker-of-the-client-secret";
const ENCRYPTION_KEY: &str = "bWFya2VyLW9mLXRoZS1lbmNyeXB0aW9uLWtleS0zMmI=";
const WEBHOOK_SECRET: &str = "whsec_bWFya2VyLW9mLXRoZS13ZWJob29rcy1zZWNyZXQ=";
const WEBHOOK_PATH: &str = "marker-of-the-webhooks-address";
const WRONG_KEY: &str = "calsync_platform_marker-of-a-key-that-is-none";
const WRONG_CODE: &str = "4/0A-marker-of-a-code-that-nobody-gave";
const WRONG_LINK: &str = "marker-of-a-link-that-is-none";

/// Addresses whose answers must show no secret; `$` is asked with the admin's key.
const ADDRESSES: &[&str] = &[
    "/api/v1/users/ana",
    "/api/v1/users/ana/integrations",
    "/api/v1/users/ben/integrations",
    "/api/v1/items?user_id=ana",
    "/api/v1/items/task/t1",
    "/api/v1/refusals",
    "/api/v1/webhook-deliveries",
    "/api/v1/changes",
    "$/api/v1/admin/users/ana/integrations",
    "$/api/v1/admin/users/ana/connect-attempts",
    "$/api/v1/admin/sync-errors?user_id=ana",
    "$/api/v1/admin/error-groups",
    "$/api/v1/admin/audit-log",
    "$/api/v1/admin/overview",
    "$/api/v1/admin/users?q=ana",
    "/api/v1/items?user_id=ana&state=not_connected",
    "/openapi.json",
    "/healthz",
    "/readyz",
    "/metrics",
    "/nothing/is/here",
];

/// What a user sees of their connection.
const USERS_PAGES: &[&str] = &["done", "settings", "disconnect"];

struct Story {
    world: World,
    leaks: Leaks,
    transport: HttpTransport,
    admin_key: String,
    /// The cookies of an admin's browser.
    signed_in: String,
    folder: TempDir,
}

fn email(user: &str) -> String {
    format!("{user}@example.org")
}

fn header(answer: &Response<Bytes>, name: http::HeaderName) -> String {
    answer.headers().get(name).unwrap().to_str().unwrap().to_owned()
}

/// The value of `name` in the query of `address`.
fn parameter(address: &str, name: &str) -> String {
    let query = address.split_once('?').unwrap().1;
    let value = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}="))).unwrap();
    value.replace("%2F", "/")
}

impl Story {
    /// A service with secrets that can be found again, and its log at the loudest.
    async fn begin(database: calsync_testing::TestDatabase) -> Self {
        let mut world = World::start(database).await;
        let folder = tempfile::tempdir().unwrap();
        let service = &mut world.service;
        service.kill().await;
        service.set("RUST_LOG", "trace");
        service.set("CALSYNC_GOOGLE__CLIENT_SECRET", CLIENT_SECRET);
        // Nobody takes deliveries there, so they fail all the time.
        service.set("CALSYNC_PLATFORM__WEBHOOK_URL", &format!("{}/{WEBHOOK_PATH}", world.google.url));
        service.set("CALSYNC_PLATFORM__WEBHOOK_SECRET", WEBHOOK_SECRET);
        service.set("CALSYNC_PLATFORM__WEBHOOK_ALLOW_HOSTS", "127.0.0.1");
        let old = format!("k1:{}=", "A".repeat(43));
        service.set("CALSYNC_SECURITY__ENCRYPTION_KEYS", &format!("marker:{ENCRYPTION_KEY},{old}"));
        let output = service.command().args(["api-key", "create", "--scope", "admin"]).output().unwrap();
        let admin_key =
            String::from_utf8(output.stdout).unwrap().split_whitespace().last().unwrap().to_owned();
        service.run_with_log(&folder.path().join("log")).await;
        let mut leaks = Leaks::default();
        for (name, secret) in [
            ("the client secret", CLIENT_SECRET),
            ("the encryption key", ENCRYPTION_KEY),
            ("the encryption key's bytes", "marker-of-the-encryption-key-32b"),
            ("the platform's API key", service.key.expose_secret()),
            ("the admin's API key", &admin_key),
            ("the webhook's secret", WEBHOOK_SECRET),
            ("the webhook's secret, decoded", "marker-of-the-webhooks-secret"),
            ("the webhook's address", WEBHOOK_PATH),
            ("a wrong API key", WRONG_KEY),
            ("a wrong code", WRONG_CODE),
            ("a wrong link", WRONG_LINK),
            ("a password", console::PASSWORD),
            ("a wrong password", console::WRONG_PASSWORD),
        ] {
            leaks.look_for(name, secret, Whose::Ours);
        }
        Self { world, leaks, transport: transport(), admin_key, signed_in: String::new(), folder }
    }

    async fn send(&mut self, request: Request<Bytes>) -> Response<Bytes> {
        let address = request.uri().to_string();
        let answer = self.transport.send(request).await.unwrap();
        if address.starts_with(&self.world.service.url) {
            self.leaks.answered(&answer);
        }
        answer
    }

    async fn get(&mut self, address: &str, headers: &[(http::HeaderName, &str)]) -> Response<Bytes> {
        let mut request = Request::get(address);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        self.send(request.body(Bytes::new()).unwrap()).await
    }

    /// Takes down the tokens that Google has given by now.
    async fn note_tokens(&mut self) -> Vec<Value> {
        let grants = self.world.google.state().await["grants"].as_array().unwrap().clone();
        for grant in &grants {
            for kind in ["access_token", "refresh_token"] {
                if let Some(token) = grant[kind].as_str() {
                    self.leaks.look_for(kind, token, Whose::Ours);
                }
            }
        }
        grants
    }

    /// A link to connect, as the platform gets it.
    async fn connect_link(&mut self, user: &str) -> String {
        self.world.service.put(&format!("/users/{user}"), &json!({"email": email(user)})).await;
        self.link(user, "connect-link").await
    }

    /// A link of either kind; asked for twice with the same key.
    async fn link(&mut self, user: &str, kind: &str) -> String {
        let mut links = Vec::new();
        for _ in 0..2 {
            let request = Request::post(format!("{}/api/v1/users/{user}/{kind}", self.world.service.url))
                .header(AUTHORIZATION, format!("Bearer {}", self.world.service.key.expose_secret()))
                .header("idempotency-key", format!("{kind}-of-{user}"))
                .body(Bytes::from_static(b"{}"));
            // This answer is the one place where the link belongs, so it is not searched.
            let answer = self.transport.send(request.unwrap()).await.unwrap();
            let body: Value = serde_json::from_slice(answer.body()).unwrap();
            links.push(body["url"].as_str().unwrap().to_owned());
        }
        assert_eq!(links[0], links[1]);
        self.leaks.look_for("a link", links[0].rsplit('/').next().unwrap(), Whose::TheUsers);
        links.remove(0)
    }

    /// Sends a form of ours, as a browser does.
    async fn submit(&mut self, address: &str, cookies: &str, form: String) -> Response<Bytes> {
        let form = Request::post(address)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header(COOKIE, cookies)
            .body(Bytes::from(form));
        self.send(form.unwrap()).await
    }

    /// Goes to Google by `link` and agrees: the address that leads back, and the browser's cookie.
    async fn consent(&mut self, link: &str) -> (String, String) {
        self.get(link, &[]).await;
        let answer = self.submit(link, "", "calendar=new".into()).await;
        let cookie = header(&answer, SET_COOKIE).split(';').next().unwrap().to_owned();
        let mut address = header(&answer, LOCATION);
        while address.starts_with(&self.world.google.url) {
            address = header(&self.get(&address, &[]).await, LOCATION);
        }
        self.leaks.look_for("a cookie", cookie.split_once('=').unwrap().1, Whose::TheUsers);
        self.leaks.look_for("a state", &parameter(&address, "state"), Whose::TheUsers);
        self.leaks.look_for("a code", &parameter(&address, "code"), Whose::Ours);
        (address, cookie)
    }

    /// Comes back with a wrong state, then rightly, then once more.
    async fn connect(&mut self, user: &str) {
        let link = self.connect_link(user).await;
        let (address, cookie) = self.consent(&link).await;
        let wrong = format!("{}/oauth/google/callback?state=wrong&code={WRONG_CODE}", self.world.service.url);
        self.get(&wrong, &[(COOKIE, &cookie)]).await;
        let answer = self.get(&address, &[(COOKIE, &cookie)]).await;
        self.get(&address, &[(COOKIE, &cookie)]).await;
        // The first cookie is that of the visit which begins here.
        let visit = header(&answer, SET_COOKIE).split(';').next().unwrap().to_owned();
        self.leaks.look_for("a visit's cookie", visit.split_once('=').unwrap().1, Whose::TheUsers);
        for page in USERS_PAGES {
            let address = format!("{}/connect/{page}", self.world.service.url);
            let answer = self.get(&address, &[(COOKIE, &visit)]).await;
            assert!(answer.status().is_success(), "{page}: {}", answer.status());
        }
        self.note_tokens().await;
    }

    /// Google refuses the code and repeats all that it was sent.
    async fn fail_to_connect(&mut self, user: &str) {
        let link = self.connect_link(user).await;
        let (address, cookie) = self.consent(&link).await;
        let echo = format!("code={} secret={CLIENT_SECRET}", parameter(&address, "code"));
        self.fault(json!({"method": "token"}), json!({"status": 400, "reason": echo})).await;
        let answer = self.get(&address, &[(COOKIE, &cookie)]).await;
        let visit = header(&answer, SET_COOKIE).split(';').next().unwrap().to_owned();
        let end = format!("{}{}", self.world.service.url, header(&answer, LOCATION));
        assert!(self.get(&end, &[(COOKIE, &visit)]).await.status().is_success(), "{end}");
    }

    /// The next call of that kind goes wrong in this way.
    async fn fault(&mut self, matches: Value, effect: Value) {
        self.world.google.set_faults(&json!([{"match": matches, "effect": effect, "times": 1}])).await;
    }

    /// Puts a task of ana's, and waits until the fault that was set has struck.
    async fn put_until_it_fails(&mut self, id: &str) {
        self.put(id).await;
        eventually("the fault to strike", async || {
            self.note_tokens().await;
            let state = self.world.google.state().await;
            (state["faults"][0]["times"] == 0).then_some(()).ok_or(state["requests"].clone())
        })
        .await;
    }

    async fn put(&mut self, id: &str) {
        let task = json!({"user_ids": ["ana"], "title": format!("Title of {id}"), "status": "active",
            "due_at": "2031-03-09T10:00:00Z"});
        self.world.service.put(&format!("/items/task/{id}"), &task).await;
    }

    /// Waits until the task is in Google, whatever failed before.
    async fn arrives(&mut self, id: &str) {
        eventually(format!("{id} in Google"), async || {
            self.note_tokens().await;
            let events = self.world.google.our_events().await;
            let arrived = events.iter().any(|event| event["summary"] == format!("Title of {id}"));
            arrived.then_some(()).ok_or(events)
        })
        .await;
    }

    /// Google's API repeats the header that it was sent, longer than what is kept of its words.
    async fn fail_to_sync(&mut self) {
        let grant = self.note_tokens().await.remove(0);
        let echo = format!("Authorization: Bearer {}", grant["access_token"].as_str().unwrap());
        self.fault(json!({"method": "events.insert"}), json!({"status": 400, "reason": echo})).await;
        self.put_until_it_fails("t2").await;
    }

    /// The access token ends; its renewal fails with an echo, then with half an answer.
    async fn fail_to_refresh(&mut self) {
        let grant = self.note_tokens().await.remove(0);
        let echo = format!("{} {CLIENT_SECRET}", grant["refresh_token"].as_str().unwrap());
        for (id, effect) in [("t3", json!({"status": 503, "reason": echo})), ("t4", json!({"garble": true}))]
        {
            self.world.google.control(Method::POST, "/clock", &json!({"advance_seconds": 4_000})).await;
            self.fault(json!({"method": "token"}), effect).await;
            self.put_until_it_fails(id).await;
            self.arrives(id).await;
        }
    }

    async fn lose_the_grant(&mut self) {
        let path = format!("/accounts/{}/revoke", email("ana"));
        self.world.google.control(Method::POST, &path, &json!({})).await;
        self.put("t5").await;
        eventually("the connection to need action", async || {
            let integrations = self.world.service.get("/users/ana/integrations").await;
            (integrations["items"][0]["state"] == "needs_action").then_some(()).ok_or(integrations)
        })
        .await;
    }

    async fn ask_for_everything(&mut self) {
        let url = self.world.service.url.clone();
        let platform_key = self.world.service.key.expose_secret().to_owned();
        for address in ADDRESSES {
            let (path, key) = match address.strip_prefix('$') {
                Some(path) => (path, self.admin_key.clone()),
                None => (*address, platform_key.clone()),
            };
            for key in [key.as_str(), WRONG_KEY] {
                self.get(&format!("{url}{path}"), &[(AUTHORIZATION, &format!("Bearer {key}"))]).await;
            }
        }
        self.get(&format!("{url}/connect/{WRONG_LINK}"), &[]).await;
    }

    /// Keeps what is stored while secrets are still in use.
    fn look_into_the_database(&mut self) {
        self.leaks.stored(&self.world.service.database.contents());
    }

    /// Looks everywhere.
    async fn search(mut self) {
        self.world.service.kill().await;
        let log = std::fs::read(self.folder.path().join("log")).unwrap();
        let database = self.world.service.database.contents();
        for (place, words) in [(&log, "TRACE"), (&database, "Title of t5")] {
            assert!(String::from_utf8_lossy(place).contains(words), "the search works");
        }
        self.leaks.stored(&database);
        self.leaks.search(&log);
    }
}

on_both_databases! {
    async fn no_secret_is_found_where_it_must_not_be(database: TestDatabase) {
        let mut story = Story::begin(database).await;
        story.connect("ana").await;
        story.put("t1").await;
        story.arrives("t1").await;
        story.fail_to_connect("ben").await;
        story.fail_to_sync().await;
        story.fail_to_refresh().await;
        story.look_into_the_database();
        story.lose_the_grant().await;
        story.sign_in().await;
        let disconnect_id = story.force_disconnect().await;
        story.look_at_the_console(&disconnect_id).await;
        story.clean_up(&disconnect_id).await;
        story.rotate_keys();
        story.ask_for_everything().await;
        story.search().await;
    }
}

//! A user at their browser: it keeps cookies, follows redirects within our pages, and stops where
//! the way leads elsewhere.

use std::collections::BTreeMap;
use std::sync::Mutex;

use axum::body::{Body, to_bytes};
use http::{Method, Request};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::http::{Answer, HttpWorld};

/// Our address, which tests leave out of paths.
const OURS: &str = "http://127.0.0.1:4300";
/// Redirects that one click may take.
const REDIRECTS_MAX: usize = 5;

pub struct BrowserClient<'a> {
    pub world: &'a HttpWorld,
    cookies: Mutex<BTreeMap<String, String>>,
}

/// What a user does at Google.
pub enum AtGoogle<'a> {
    /// Agrees, as this account, to the scopes that contain one of these words.
    Allows(&'a str, &'a [&'a str]),
    Denies,
}

impl<'a> BrowserClient<'a> {
    pub fn new(world: &'a HttpWorld) -> Self {
        Self { world, cookies: Mutex::default() }
    }

    fn cookies(&self) -> String {
        let cookies = self.cookies.lock().unwrap();
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn keep(&self, answer: &Answer) {
        for cookie in answer.headers.get_all("set-cookie") {
            let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
        }
    }

    /// Opens a page of ours; gives the answer at which redirects end, or that leads elsewhere.
    pub async fn open(&self, path: &str) -> Answer {
        let mut path = path.to_owned();
        for _ in 0..REDIRECTS_MAX {
            let answer = self.world.visit(&path, &self.cookies()).await;
            self.keep(&answer);
            match answer.header("location") {
                next if next.starts_with('/') => next.clone_into(&mut path),
                _ => return answer,
            }
        }
        panic!("too many redirects: {path}");
    }

    /// Sends a form; as [`BrowserClient::open`] from there.
    pub async fn send(&self, path: &str, form: &str) -> Answer {
        // People take their time; what they do has an order.
        self.world.advance(1);
        let answer = self.world.submit(path, &self.cookies(), form).await;
        self.keep(&answer);
        match answer.header("location") {
            next if next.starts_with('/') => self.open(next).await,
            _ => answer,
        }
    }

    /// Decides at Google, where `sent` leads, and comes back.
    pub async fn decide(&self, sent: &Answer, decision: AtGoogle<'_>) -> Answer {
        let callback = self.callback(sent, decision).await;
        self.open(&callback).await
    }

    /// The way back that Google gives.
    pub async fn callback(&self, sent: &Answer, decision: AtGoogle<'_>) -> String {
        let google = sent.header("location");
        let (address, query) = google.split_once('?').unwrap_or_else(|| panic!("not at Google: {sent:?}"));
        let asked = parameter(google, "scope").unwrap();
        let mut form = form_urlencoded::Serializer::new(query.to_owned());
        match decision {
            AtGoogle::Denies => {
                form.append_pair("decision", "deny");
            }
            AtGoogle::Allows(account, boxes) => {
                form.append_pair("decision", "allow").append_pair("account", account);
                for scope in asked.split(' ').filter(|scope| boxes.iter().any(|word| scope.contains(word))) {
                    form.append_pair("granted", scope);
                }
            }
        }
        let request = Request::builder().method(Method::POST).uri(address);
        let answer = request.body(Body::from(form.finish())).unwrap();
        let answer = self.world.google.router().oneshot(answer).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let location = parts.headers.get("location").map(|value| value.to_str().unwrap());
        let location = location.unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&body)));
        location.strip_prefix(OURS).unwrap().to_owned()
    }

    /// Connects as `account`, by a link, with every box ticked; gives the page at the end.
    pub async fn connect_as(&self, account: &str, calendar: &str) -> Answer {
        let link = link(self.world, json!({})).await;
        let sent = self.send(&link, &format!("calendar={calendar}")).await;
        self.decide(&sent, AtGoogle::Allows(account, &["calendar"])).await
    }

    /// Opens Ana's settings by a link.
    pub async fn open_settings(&self) -> Answer {
        let link = link(self.world, json!({})).await;
        self.send(&link, "open=settings").await
    }
}

/// A parameter of an address.
pub fn parameter(url: &str, name: &str) -> Option<String> {
    let query = url.split_once('?')?.1;
    let found = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
    found.map(|(_, value)| value.into_owned())
}

/// A connect link for Ana, as a path.
pub async fn link(world: &HttpWorld, wish: Value) -> String {
    let link = world.post("/api/v1/users/ana/connect-link", wish).await.json();
    link["url"].as_str().unwrap().strip_prefix(OURS).unwrap().to_owned()
}

/// Ana is known, reads `locale`, and has a task.
pub async fn ana(world: &HttpWorld, locale: &str) {
    let ana = json!({"email": "ana@example.org", "locale": locale, "time_zone": "Asia/Tokyo"});
    world.put("/api/v1/users/ana", ana).await;
    let task = json!({"user_ids": ["ana"], "title": "Read", "due_on": "2031-03-09", "status": "active"});
    assert_eq!(world.put("/api/v1/items/task/read", task).await.status, 201);
}

/// Ana's newest try to connect.
pub async fn newest_try(world: &HttpWorld) -> Value {
    let request = Request::get("/api/v1/admin/users/ana/connect-attempts");
    let request = request.header("authorization", format!("Bearer {}", world.admin));
    world.send(request.body(Body::empty()).unwrap()).await.json()["items"][0].clone()
}

/// Ana's connection, as the platform sees it.
pub async fn connection(world: &HttpWorld) -> Value {
    world.get("/api/v1/users/ana/integrations").await.json()["items"][0].clone()
}

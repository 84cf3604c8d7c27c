//! A visitor of the demo: calls the service's API, and clicks through its pages as a browser
//! would, following redirects and carrying cookies.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use bytes::Bytes;
use calsync_google::{HttpTransport, Transport};
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{Method, Request, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// Redirects that one click may take: service → Google → service → done, with room.
const REDIRECTS_MAX: usize = 8;

/// Calls the platform API.
pub(crate) struct Platform<'a> {
    pub(crate) transport: &'a HttpTransport,
    pub(crate) url: &'a str,
    pub(crate) key: &'a SecretString,
}

impl Platform<'_> {
    /// Sends JSON and reads JSON; anything but a 2xx is an error.
    pub(crate) async fn call(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}/api/v1{path}", self.url))
            .header(AUTHORIZATION, format!("Bearer {}", self.key.expose_secret()))
            .header(CONTENT_TYPE, "application/json")
            .body(Bytes::from(body.to_string()))?;
        let answer = send(self.transport, request).await?;
        if !answer.status().is_success() {
            bail!("{path}: {} {}", answer.status(), String::from_utf8_lossy(answer.body()));
        }
        Ok(serde_json::from_slice(answer.body()).unwrap_or(Value::Null))
    }
}

/// Sends the form of a connect link with its defaults, and follows to the end.
pub(crate) async fn connect(transport: &HttpTransport, link: &str) -> anyhow::Result<()> {
    let mut cookies = BTreeMap::new();
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(link)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .body(Bytes::from_static(b"calendar=new"))?;
    for _ in 0..REDIRECTS_MAX {
        let here = request.uri().clone();
        let answer = send(transport, request).await?;
        keep_cookies(&mut cookies, &answer);
        if !answer.status().is_redirection() {
            anyhow::ensure!(answer.status().is_success(), "{}: {}", here.path(), answer.status());
            return Ok(());
        }
        let target = answer.headers().get(LOCATION).context("a redirect without a target")?.to_str()?;
        let target = match target.strip_prefix('/') {
            Some(path) => format!("http://{}/{path}", here.authority().context("no authority")?),
            None => target.to_owned(),
        };
        let held: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        request = Request::get(target).header(COOKIE, held.join("; ")).body(Bytes::new())?;
    }
    bail!("too many redirects")
}

fn keep_cookies(cookies: &mut BTreeMap<String, String>, answer: &Response<Bytes>) {
    for cookie in answer.headers().get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
        if let Some((name, value)) = cookie.split(';').next().and_then(|pair| pair.split_once('=')) {
            cookies.insert(name.trim().to_owned(), value.trim().to_owned());
        }
    }
}

async fn send(transport: &HttpTransport, request: Request<Bytes>) -> anyhow::Result<Response<Bytes>> {
    transport.send(request).await.map_err(|error| anyhow::anyhow!("{}", error.message))
}

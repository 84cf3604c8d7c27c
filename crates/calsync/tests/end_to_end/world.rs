//! The simulator and the service as child processes, and the platform that talks to them.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use bytes::Bytes;
use calsync_google::{HttpLimits, HttpTransport, Transport};
use calsync_testing::{HANGS_AFTER, Program, TestDatabase, eventually};
use http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use http::{Method, Request, StatusCode};
use secrecy::SecretString;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::browser_client::{self, Platform};

/// A deployment and its Google.
pub(crate) struct World {
    pub(crate) google: Google,
    pub(crate) service: Service,
}

/// The simulated Google.
pub(crate) struct Google {
    pub(crate) url: String,
    transport: HttpTransport,
    _program: Program,
}

/// The service; it can be killed and started again.
pub(crate) struct Service {
    pub(crate) url: String,
    pub(crate) key: SecretString,
    transport: HttpTransport,
    program: Option<Program>,
    settings: Vec<(&'static str, String)>,
    pub(crate) database: TestDatabase,
    folder: TempDir,
}

/// Over HTTP. On a busy machine an answer takes long; only what hangs fails.
pub(crate) fn transport() -> HttpTransport {
    HttpTransport::with_limits(HttpLimits { call: HANGS_AFTER, ..HttpLimits::default() }).unwrap()
}

fn calsync() -> Command {
    Command::new(env!("CARGO_BIN_EXE_calsync"))
}

impl World {
    /// Google consents at once for whoever is hinted at.
    pub(crate) async fn start(database: TestDatabase) -> Self {
        Self::with_google(database, Google::start(&["--auto-consent"]).await).await
    }

    /// Google asks on its consent page.
    pub(crate) async fn asking(database: TestDatabase) -> Self {
        Self::with_google(database, Google::start(&[]).await).await
    }

    pub(crate) async fn with_google(database: TestDatabase, google: Google) -> Self {
        let service = Service::start(database, &google.url).await;
        Self { google, service }
    }

    /// Makes a user known and connects them by the real way.
    pub(crate) async fn connect(&self, user_id: &str, user: &Value) {
        self.service.put(&format!("/users/{user_id}"), user).await;
        self.service.connect(user_id).await;
    }

    /// Waits until the service says that nothing of `user_id` waits.
    pub(crate) async fn wait_until_nothing_waits(&self, user_id: &str) {
        eventually(format!("nothing of {user_id} to wait"), async || {
            let integrations = self.service.get(&format!("/users/{user_id}/integrations")).await;
            let counts = &integrations["items"][0]["counts"];
            (counts["waiting"] == 0).then_some(()).ok_or(integrations)
        })
        .await;
    }

    /// Waits until something of `user_id` is in Google and nothing waits.
    pub(crate) async fn wait_until_synced(&self, user_id: &str) {
        eventually(format!("what {user_id} has to be in Google"), async || {
            let integrations = self.service.get(&format!("/users/{user_id}/integrations")).await;
            let counts = &integrations["items"][0]["counts"];
            (counts["waiting"] == 0 && counts["synced"] != 0).then_some(()).ok_or(integrations)
        })
        .await;
    }
}

impl Google {
    pub(crate) async fn start(options: &[&str]) -> Self {
        let mut command = calsync();
        command.args(["simulator", "--listen", "127.0.0.1:0"]).args(options);
        let mut program = Program::start(command);
        let url = program.address("listens on").await;
        Self { url, transport: transport(), _program: program }
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: &Value,
    ) -> (StatusCode, Value) {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header(CONTENT_TYPE, "application/json");
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let answer = self.transport.send(request.body(body).unwrap()).await.unwrap();
        (answer.status(), serde_json::from_slice(answer.body()).unwrap_or(Value::Null))
    }

    pub(crate) async fn state(&self) -> Value {
        self.call(Method::GET, "/_control/state", None, &Value::Null).await.1
    }

    /// Uses `/_control`.
    pub(crate) async fn control(&self, method: Method, path: &str, body: &Value) -> Value {
        let (status, answer) = self.call(method, &format!("/_control{path}"), None, body).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    /// Agrees to all that a consent page asks for; gives the address to which it sends the browser back.
    pub(crate) async fn consent(&self, page: &str) -> String {
        let asked = page.split_once('?').unwrap().1;
        let scopes = form_urlencoded::parse(asked.as_bytes()).find(|(name, _)| name == "scope").unwrap().1;
        let hint = form_urlencoded::parse(asked.as_bytes()).find(|(name, _)| name == "login_hint").unwrap().1;
        let mut form = form_urlencoded::Serializer::new(asked.to_owned());
        form.extend_pairs([("account", &*hint), ("decision", "allow")]);
        form.extend_pairs(scopes.split(' ').map(|scope| ("granted", scope)));
        let request = Request::post(format!("{}/o/oauth2/v2/auth", self.url)).body(form.finish().into());
        let answer = self.transport.send(request.unwrap()).await.unwrap();
        answer.headers()[LOCATION].to_str().unwrap().to_owned()
    }

    pub(crate) async fn set_faults(&self, rules: &Value) {
        self.control(Method::PUT, "/faults", rules).await;
    }

    /// Acts on an event as the Google user who owns it.
    pub(crate) async fn as_user(&self, email: &str, method: Method, event: &Value, body: &Value) -> Value {
        let token = format!("/_control/accounts/{email}/token");
        let token = self.call(Method::POST, &token, None, &Value::Null).await.1["access_token"].clone();
        let calendar = event["calendar_id"].as_str().unwrap().replace('@', "%40");
        let path = format!("/calendar/v3/calendars/{calendar}/events/{}", event["id"].as_str().unwrap());
        let (status, answer) = self.call(method, &path, token.as_str(), body).await;
        assert!(status.is_success(), "{status} {answer}");
        answer
    }

    /// The live events that calsync made.
    pub(crate) async fn our_events(&self) -> Vec<Value> {
        let state = self.state().await;
        let ours = |event: &&Value| event["extendedProperties"]["private"]["calsync_item"].is_string();
        let live = |event: &&Value| event["status"] != "cancelled";
        state["events"].as_array().unwrap().iter().filter(ours).filter(live).cloned().collect()
    }

    /// How often methods of the Calendar API were called.
    pub(crate) async fn calls(&self, methods: &[&str]) -> u64 {
        let state = self.state().await;
        methods.iter().map(|method| state["requests"][method].as_u64().unwrap_or(0)).sum()
    }

    /// Writes of events so far.
    pub(crate) async fn writes(&self) -> u64 {
        self.calls(&["events.insert", "events.update", "events.patch", "events.delete"]).await
    }
}

impl Service {
    pub(crate) async fn start(database: TestDatabase, google_url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Restarts need the address again, so it is chosen before the first start.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let url = format!("http://{address}");
        let settings = vec![
            ("CALSYNC_DATABASE__URL", database.url.clone()),
            ("CALSYNC_SERVER__LISTEN", address.to_string()),
            ("CALSYNC_SERVER__PUBLIC_URL", url.clone()),
            ("CALSYNC_GOOGLE__ENDPOINT", google_url.to_owned()),
            ("CALSYNC_GOOGLE__CLIENT_ID", "test".into()),
            ("CALSYNC_GOOGLE__CLIENT_SECRET", "test".into()),
            ("CALSYNC_SECURITY__ENCRYPTION_KEYS", format!("k1:{}=", "A".repeat(43))),
        ];
        let mut service = Self {
            url,
            key: String::new().into(),
            transport: transport(),
            program: None,
            settings,
            database,
            folder,
        };
        service.key =
            service.secret_of(&["api-key", "create", "--scope", "platform", "--name", "test"]).into();
        service.run().await;
        service
    }

    /// Adds an admin; gives the one-time password.
    pub(crate) fn add_admin(&self, email: &str, role: &str) -> String {
        self.secret_of(&["admin", "add", email, "--role", role])
    }

    /// Runs a command of the program that prints a secret as its last word.
    pub(crate) fn secret_of(&self, arguments: &[&str]) -> String {
        let output = self.command().args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().split_whitespace().last().unwrap().to_owned()
    }

    /// The program with the service's configuration.
    pub(crate) fn command(&self) -> Command {
        self.configured(calsync())
    }

    pub(crate) fn configured(&self, mut command: Command) -> Command {
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CALSYNC_")) {
            command.env_remove(name);
        }
        command
            .envs(self.settings.iter().map(|(name, value)| (*name, value)))
            .current_dir(self.folder.path());
        command
    }

    /// Sets a variable of its environment, for the next start.
    pub(crate) fn set(&mut self, name: &'static str, value: &str) {
        self.settings.retain(|(known, _)| *known != name);
        self.settings.push((name, value.to_owned()));
    }

    /// Starts the service.
    pub(crate) async fn run(&mut self) {
        let mut command = self.command();
        command.arg("serve");
        self.run_as(command).await;
    }

    /// Starts the service with its log in a file.
    pub(crate) async fn run_with_log(&mut self, log: &Path) {
        let mut command = self.configured(Command::new("sh"));
        command.args(["-c", "exec \"$0\" serve 2>\"$1\"", env!("CARGO_BIN_EXE_calsync")]).arg(log);
        self.run_as(command).await;
    }

    pub(crate) async fn run_as(&mut self, command: Command) {
        let mut program = Program::start(command);
        program.address("listens on").await;
        self.program = Some(program);
    }

    /// The id of its process.
    pub(crate) fn process(&self) -> u32 {
        self.program.as_ref().unwrap().id()
    }

    /// Ends it as a power cut does.
    pub(crate) async fn kill(&mut self) {
        self.program.take().unwrap().kill().await;
    }

    /// Asks it to end, and waits until it has.
    pub(crate) async fn terminate(&mut self) {
        let status = self.program.take().unwrap().terminate().await;
        assert!(status.success(), "{status}");
    }

    fn platform(&self) -> Platform<'_> {
        Platform { transport: &self.transport, url: &self.url, key: &self.key }
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) {
        self.platform().call(Method::PUT, path, body).await.unwrap();
    }

    pub(crate) async fn delete(&self, path: &str) {
        self.platform().call(Method::DELETE, path, &Value::Null).await.unwrap();
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.platform().call(Method::GET, path, &Value::Null).await.unwrap()
    }

    /// `/openapi.json`, which has every route.
    pub(crate) async fn description(&self) -> Value {
        let request = Request::get(format!("{}/openapi.json", self.url)).body(Bytes::new()).unwrap();
        let answer = self.transport.send(request).await.unwrap();
        serde_json::from_slice(answer.body()).unwrap()
    }

    /// Sends lines to the batch; an answer that did not come whole is an error.
    pub(crate) async fn batch(&self, lines: &[String]) -> Result<Vec<Value>, String> {
        let secret = secrecy::ExposeSecret::expose_secret(&self.key);
        let request = Request::post(format!("{}/api/v1/items/batch", self.url))
            .header(AUTHORIZATION, format!("Bearer {secret}"))
            .header(CONTENT_TYPE, "application/x-ndjson")
            .body(Bytes::from(lines.join("\n")))
            .unwrap();
        let answer = self.transport.send(request).await.map_err(|error| error.message)?;
        assert!(answer.status().is_success(), "{}", answer.status());
        let text = String::from_utf8(answer.body().to_vec()).map_err(|error| error.to_string())?;
        let answers: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>().unwrap();
        if answers.len() == lines.len() { Ok(answers) } else { Err("cut short".into()) }
    }

    /// A connect link, as `wish` says.
    pub(crate) async fn connect_link(&self, user_id: &str, wish: &Value) -> String {
        self.link(&format!("/users/{user_id}/connect-link"), wish).await
    }

    /// A link by which what a disconnect left is removed.
    pub(crate) async fn clean_up_link(&self, user_id: &str) -> String {
        self.link(&format!("/users/{user_id}/clean-up-link"), &json!({})).await
    }

    async fn link(&self, path: &str, wish: &Value) -> String {
        let link = self.platform().call(Method::POST, path, wish).await.unwrap();
        link["url"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn connect(&self, user_id: &str) {
        let link = self.connect_link(user_id, &json!({})).await;
        browser_client::connect(&self.transport, &link).await.unwrap();
    }
}

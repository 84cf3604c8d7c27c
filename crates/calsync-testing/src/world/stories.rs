//! What tests over HTTP begin with: Ana connects, a disconnect leaves something, an admin signs in.

use calsync_core::ids::new_id;
use calsync_engine::disconnect::{self, RemoteItems, Request, RequestedBy, Started};
use calsync_simulator::RevokeCause;
use calsync_store::admins::{self, Admin, Role};
use calsync_store::passwords;
use serde_json::{Value, json};

use super::http::{Answer, HttpWorld};

/// The password of every admin here.
pub const PASSWORD: &str = "correct horse battery";

/// A connect link for Ana, as a path.
pub async fn link(world: &HttpWorld, wish: Value) -> String {
    world.put("/api/v1/users/ana", json!({"email": "ana@example.org"})).await;
    let link = world.post("/api/v1/users/ana/connect-link", wish).await.json();
    let url = link["url"].as_str().unwrap();
    url.split_once("//").unwrap().1.split_once('/').map(|(_, path)| format!("/{path}")).unwrap()
}

/// Sends a link's form; gives the browser's cookie and Google's address.
pub async fn begin(world: &HttpWorld, link: &str, calendar: &str) -> (String, String) {
    let answer = world.submit(link, "", &format!("calendar={calendar}")).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    (answer.cookie(), answer.header("location").to_owned())
}

/// Ana connects, up to our answer to Google's way back.
pub async fn connect(world: &HttpWorld, calendar: &str) -> Answer {
    let link = link(world, json!({})).await;
    let (cookie, google) = begin(world, &link, calendar).await;
    let callback = world.follow_to_google(&google).await;
    world.visit(&callback, &cookie).await
}

/// Ana's grant dies, then she is disconnected; the id of that disconnect.
pub async fn left_over(world: &HttpWorld) -> String {
    connect(world, "new").await;
    let task = json!({"user_ids": ["ana"], "title": "t", "due_on": "2031-03-09", "status": "active"});
    world.put("/api/v1/items/task/t1", task).await;
    world.sync().await;
    world.google.revoke("ana@example.org", RevokeCause::User);
    let request = Request {
        user_id: "ana".into(),
        provider: "google".into(),
        remote_items: RemoteItems::Remove,
        note: None,
        requested_by: RequestedBy::User,
    };
    let Started::Started { saga } = disconnect::start(&world.engine, &request).await.unwrap() else {
        panic!()
    };
    world.let_leave().await;
    saga.id
}

/// Adds an admin who signs in with [`PASSWORD`].
pub async fn admin(world: &HttpWorld, email: &str, role: Role, must_change_password: bool) {
    let now = world.engine.now();
    let hash = passwords::hash(&PASSWORD.to_owned().into(), world.engine.entropy()).unwrap();
    let id = new_id(now, world.engine.entropy());
    let mut tx = world.engine.store().begin().await.unwrap();
    let admin = Admin { id, email: email.into(), role, must_change_password };
    assert!(admins::add(&mut tx, &admin, &hash, now).await.unwrap());
    tx.commit().await.unwrap();
}

/// Tries to sign in.
pub async fn try_password(world: &HttpWorld, email: &str, password: &str, cookies: &str) -> Answer {
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("email", email), ("password", password), ("next", "/admin/errors")])
        .finish();
    world.submit("/admin/sign-in", cookies, &form).await
}

/// All cookies that an answer sets, as a browser sends them back.
pub fn cookies(answer: &Answer) -> String {
    let set = answer.headers.get_all("set-cookie").iter();
    set.map(|value| value.to_str().unwrap().split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
}

/// Signs an admin of `role` in; gives the browser's cookies.
pub async fn signed_in(world: &HttpWorld, role: Role) -> String {
    let email = format!("{}@example.org", role.name());
    admin(world, &email, role, false).await;
    let answer = try_password(world, &email, PASSWORD, "").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/admin/errors"),
        "{}",
        answer.text
    );
    cookies(&answer)
}

/// The token in a page's forms.
pub fn form_token(page: &Answer) -> String {
    let rest =
        page.text.split("name=\"form_token\" value=\"").nth(1).unwrap_or_else(|| panic!("{}", page.text));
    rest.split('"').next().unwrap().to_owned()
}

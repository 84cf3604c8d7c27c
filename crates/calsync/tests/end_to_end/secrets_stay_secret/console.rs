//! An admin's passwords and cookies, and every page of the console.

use http::header::{COOKIE, SET_COOKIE};

use super::{Bytes, Response, Story};
use crate::leaks::Whose;

const ADMIN: &str = "noor@example.org";
pub(super) const PASSWORD: &str = "marker-of-a-password-that-was-chosen";
pub(super) const WRONG_PASSWORD: &str = "marker-of-a-password-that-is-wrong";

/// Pages of the console; `{id}` is a disconnect's.
const PAGES: &[&str] = &[
    "",
    "/users?q=ana",
    "/users/ana",
    "/users/ana/items",
    "/users/ana/connect-attempts",
    "/users/ana/history",
    "/users/ana/integrations/google/disconnect",
    "/disconnects/{id}",
    "/errors",
    "/audit",
    "/password",
    "/nothing/is/here",
];

fn form_token(page: &Response<Bytes>) -> String {
    let text = String::from_utf8_lossy(page.body());
    let rest = text.split("name=\"form_token\" value=\"").nth(1).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

impl Story {
    fn admin_page(&self, path: &str) -> String {
        format!("{}/admin{path}", self.world.service.url)
    }

    /// Keeps the cookies of an answer that signs in, and takes them down.
    fn take_cookies(&mut self, answer: &Response<Bytes>) {
        let set = answer.headers().get_all(SET_COOKIE).iter();
        let pairs: Vec<_> =
            set.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned()).collect();
        assert_eq!(pairs.len(), 2, "{answer:?}");
        for pair in &pairs {
            self.leaks.look_for("an admin's cookie", pair.split_once('=').unwrap().1, Whose::TheUsers);
        }
        self.signed_in = pairs.join("; ");
    }

    /// With a wrong password, with the one-time password, and with one of their own.
    pub(super) async fn sign_in(&mut self) {
        let one_time = self.world.service.add_admin(ADMIN, "owner");
        self.leaks.look_for("a one-time password", &one_time, Whose::Ours);
        let sign_in = self.admin_page("/sign-in");
        self.submit(&sign_in, "", format!("email={ADMIN}&password={WRONG_PASSWORD}")).await;
        let answer = self.submit(&sign_in, "", format!("email={ADMIN}&password={one_time}")).await;
        self.take_cookies(&answer);
        let password = self.admin_page("/password");
        let cookies = self.signed_in.clone();
        let page = self.get(&password, &[(COOKIE, &cookies)]).await;
        let form = format!(
            "form_token={}&password={one_time}&new_password={PASSWORD}&new_password_again={PASSWORD}",
            form_token(&page)
        );
        let answer = self.submit(&password, &cookies, form).await;
        self.take_cookies(&answer);
    }

    pub(super) async fn look_at_the_console(&mut self, disconnect_id: &str) {
        for path in PAGES {
            let address = self.admin_page(&path.replace("{id}", disconnect_id));
            for cookies in [self.signed_in.clone(), "calsync_sign_in=guessed".into()] {
                self.get(&address, &[(COOKIE, &cookies)]).await;
            }
        }
        self.look_at_each_error().await;
    }

    /// What Google said is told in full there.
    async fn look_at_each_error(&mut self) {
        let cookies = self.signed_in.clone();
        let list = self.get(&self.admin_page("/errors"), &[(COOKIE, &cookies)]).await;
        let list = String::from_utf8_lossy(list.body()).into_owned();
        let ids: Vec<&str> =
            list.split("href=\"/admin/errors/").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert!(ids.len() >= 4, "{list}");
        for id in ids {
            let page = self.get(&self.admin_page(&format!("/errors/{id}")), &[(COOKIE, &cookies)]).await;
            assert!(page.status().is_success());
        }
    }

    /// Sends the form of a page of the console.
    pub(super) async fn submit_in_console(&mut self, path: &str, fields: &str) -> Response<Bytes> {
        let address = self.admin_page(path);
        let cookies = self.signed_in.clone();
        let page = self.get(&address, &[(COOKIE, &cookies)]).await;
        self.submit(&address, &cookies, format!("form_token={}&{fields}", form_token(&page))).await
    }
}

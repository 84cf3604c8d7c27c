//! `/admin/users`.

pub(crate) mod connect_attempts;
mod connection_card;
pub(crate) mod get;
pub(crate) mod history;
pub(crate) mod integrations;
pub(crate) mod items;
pub(crate) mod list;

use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::problem::{Kind, Problem};
use calsync_http::views::admin_user::shown_email;
use calsync_store::Tx;
use calsync_store::users::{self, User};

use super::{segment, user_href};

/// What stands above every page of a user.
pub(crate) struct Head {
    user_id: String,
    title: String,
    email: Option<String>,
    time_zone: Option<String>,
    locale: Option<String>,
    href: String,
    errors_href: String,
    tab: &'static str,
}

impl Head {
    async fn of(
        tx: &mut Tx,
        user_id: &str,
        admin: &SignedInAdmin,
        tab: &'static str,
    ) -> Result<Self, Problem> {
        let user = users::get(tx, user_id).await?.ok_or_else(|| Problem::new(Kind::NotFound))?;
        Ok(Self::new(user, admin, tab))
    }

    fn new(user: User, admin: &SignedInAdmin, tab: &'static str) -> Self {
        Self {
            title: user.name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| user.user_id.clone()),
            email: user.email.map(|email| shown_email(&email, admin.role)),
            time_zone: user.time_zone,
            locale: user.locale,
            href: user_href(&user.user_id),
            errors_href: format!("/admin/errors?user_id={}", segment(&user.user_id)),
            user_id: user.user_id,
            tab,
        }
    }

    fn current(&self, tab: &str) -> &'static str {
        if self.tab == tab { " aria-current=\"page\"" } else { "" }
    }
}

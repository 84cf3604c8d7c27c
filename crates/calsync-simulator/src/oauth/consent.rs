//! The consent page: which account, which scopes, Allow or Deny. And the page for a request that is wrong.

use askama::Template;
use http::StatusCode;

use super::authorization_request::AuthorizationRequest;
use super::scopes;
use crate::answer::Answer;
use crate::query::Query;
use crate::world::World;

#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentPage<'a> {
    client_id: &'a str,
    /// The client's request, to come back with the form.
    parameters: &'a [(String, String)],
    accounts: Vec<AccountChoice<'a>>,
    scopes: Vec<ScopeBox<'a>>,
}

struct AccountChoice<'a> {
    email: &'a str,
    chosen: bool,
    is_new: bool,
}

struct ScopeBox<'a> {
    name: &'a str,
    description: &'static str,
}

#[derive(Template)]
#[template(path = "refusal.html")]
struct RefusalPage<'a> {
    error: &'a str,
    detail: &'a str,
}

pub(crate) fn page(world: &World, request: &AuthorizationRequest, query: &Query) -> Answer {
    let hint = request.login_hint.as_deref();
    let known = world.accounts.keys().enumerate().map(|(index, email)| AccountChoice {
        email,
        chosen: hint.map_or(index == 0, |hint| hint == email),
        is_new: false,
    });
    let unknown = hint.filter(|hint| !world.accounts.contains_key(*hint));
    let new = unknown.map(|email| AccountChoice { email, chosen: true, is_new: true });
    let described = |name| scopes::description(name).map(|description| ScopeBox { name, description });
    let page = ConsentPage {
        client_id: &request.client_id,
        parameters: query.pairs(),
        accounts: known.chain(new).collect(),
        scopes: request.scopes.iter().filter_map(|scope| described(scope)).collect(),
    };
    Answer::page(StatusCode::OK, &page)
}

pub(crate) fn refusal(error: &str, detail: &str) -> Answer {
    Answer::page(StatusCode::BAD_REQUEST, &RefusalPage { error, detail })
}

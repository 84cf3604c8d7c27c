//! Consent, tokens and the end of a grant.

use std::collections::BTreeSet;

use calsync_core::integration::CalendarChoice;
use calsync_core::outcome::Outcome;
use calsync_core::reason::Reason;
use calsync_google::scopes::{Choice, missing, wanted};
use calsync_google::{Account, AuthorizationRequest, Endpoints, Failure, Revoked, callback_reason};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::fake::{ACCESS, REFRESH, SECRET, answer, error, json_answer, world};

const BACK: &str = "https://calsync.example/oauth/google/callback";

#[test]
fn the_way_to_consent_says_what_it_needs() {
    let scopes = wanted(Choice { calendar: CalendarChoice::New, google_tasks: false });
    let mut request = AuthorizationRequest {
        redirect_uri: BACK,
        state: "s&t",
        code_challenge: "challenge",
        scopes: &scopes,
        login_hint: None,
        prompt_consent: false,
        include_granted: false,
    };
    let client = world().client;
    let query = |request: &AuthorizationRequest<'_>| -> Vec<(String, String)> {
        let url = client.authorization_url(request);
        let (address, query) = url.split_once('?').unwrap();
        assert_eq!(address, "http://google.test/o/oauth2/v2/auth");
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    };
    let expected = [
        ("client_id", "the-client"),
        ("redirect_uri", BACK),
        ("response_type", "code"),
        ("access_type", "offline"),
        (
            "scope",
            "openid email https://www.googleapis.com/auth/calendar.calendarlist.readonly \
             https://www.googleapis.com/auth/calendar.app.created",
        ),
        ("state", "s&t"),
        ("code_challenge", "challenge"),
        ("code_challenge_method", "S256"),
    ];
    let mut expected: Vec<(String, String)> =
        expected.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    assert_eq!(query(&request), expected);

    request.login_hint = Some("ana@example.com");
    request.prompt_consent = true;
    request.include_granted = true;
    let more = [("login_hint", "ana@example.com"), ("prompt", "consent"), ("include_granted_scopes", "true")];
    expected.extend(more.map(|(key, value)| (key.into(), value.into())));
    assert_eq!(query(&request), expected);
}

#[test]
fn no_more_is_asked_for_than_the_choices_need() {
    let names = |calendar, google_tasks| -> Vec<&str> {
        let scopes = wanted(Choice { calendar, google_tasks });
        scopes.into_iter().map(|scope| scope.rsplit('/').next().unwrap()).collect()
    };
    let always = ["openid", "email", "calendar.calendarlist.readonly"];
    assert_eq!(names(CalendarChoice::New, false), [&always[..], &["calendar.app.created"]].concat());
    assert_eq!(names(CalendarChoice::Existing, true), [&always[..], &["calendar.events", "tasks"]].concat());
}

#[tokio::test]
async fn a_code_is_traded_for_tokens() {
    let world = world();
    world.google.force(json_answer(
        200,
        &json!({
            "access_token": ACCESS, "refresh_token": REFRESH, "expires_in": 3599, "token_type": "Bearer",
            "refresh_token_expires_in": 604_799, "id_token": "e30.e30.x",
            "scope": "openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/tasks",
        }),
    ));
    let tokens = world.client.exchange(&"the/code".into(), &"the-verifier".into(), BACK).await.unwrap();
    assert_eq!(tokens.access_token.expose_secret(), ACCESS);
    assert_eq!(tokens.refresh_token.as_ref().unwrap().expose_secret(), REFRESH);
    assert_eq!((tokens.expires_in_secs, tokens.refresh_token_expires_in_secs), (3_599, Some(604_799)));
    let choice = Choice { calendar: CalendarChoice::Existing, google_tasks: true };
    let left: Vec<&str> = missing(&wanted(choice), &tokens.scopes);
    assert_eq!(left, [calsync_google::scopes::CALENDAR_LIST, calsync_google::scopes::EVENTS]);

    let request = world.google.last();
    assert_eq!((request.path.as_str(), request.query.len()), ("/token", 0));
    let form: Vec<(String, String)> = request.form().into_iter().collect();
    let expected = [
        ("client_id", "the-client"),
        ("client_secret", SECRET),
        ("code", "the/code"),
        ("code_verifier", "the-verifier"),
        ("grant_type", "authorization_code"),
        ("redirect_uri", BACK),
    ];
    assert_eq!(form, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    for hidden in [ACCESS, REFRESH, SECRET] {
        assert!(!format!("{tokens:?} {:?}", world.client).contains(hidden));
    }
}

#[tokio::test]
async fn a_refresh_brings_an_access_token_only() {
    let world = world();
    let body = json!({"access_token": ACCESS, "expires_in": 3600, "token_type": "bearer"});
    world.google.force(json_answer(200, &body));
    let tokens = world.client.refresh(&REFRESH.into()).await.unwrap();
    assert!(tokens.refresh_token.is_none());
    assert_eq!(tokens.scopes, BTreeSet::new());
    let form = world.google.last().form();
    assert_eq!((form["grant_type"].as_str(), form["refresh_token"].as_str()), ("refresh_token", REFRESH));
}

#[tokio::test]
async fn tokens_that_are_not_whole_are_not_believed() {
    let whole = json!({"access_token": ACCESS, "expires_in": 3600, "token_type": "Bearer"});
    for (key, value) in [
        ("access_token", json!("")),
        ("access_token", json!(null)),
        ("expires_in", json!(0)),
        ("expires_in", json!("soon")),
        ("token_type", json!("mac")),
    ] {
        let world = world();
        let mut body = whole.clone();
        body[key] = value;
        world.google.force(json_answer(200, &body));
        let failure = world.client.refresh(&REFRESH.into()).await.unwrap_err();
        assert_eq!((failure.outcome, failure.reason), (Outcome::Unknown, Reason::AnswerGarbled), "{body}");
    }
}

#[tokio::test]
async fn a_dead_grant_and_a_refused_client_are_two_things() {
    let world = world();
    let refused = async |status, name: &str| -> Failure {
        let body = json!({"error": name, "error_description": "Token has been expired or revoked."});
        world.google.force(json_answer(status, &body));
        world.client.refresh(&REFRESH.into()).await.unwrap_err()
    };
    let dead = refused(400, "invalid_grant").await;
    assert_eq!((dead.outcome, dead.reason), (Outcome::Refused, Reason::GrantUnknown));
    assert!(!dead.is_stale_token(), "a refresh would not help");
    assert_eq!(dead.provider_message.as_deref(), Some("Token has been expired or revoked."));
    let ours = refused(401, "invalid_client").await;
    assert_eq!((ours.outcome, ours.reason), (Outcome::Refused, Reason::ClientInvalid));
    assert!(!ours.is_stale_token());
}

#[tokio::test]
async fn a_grant_ends_once() {
    let world = world();
    world.google.force(json_answer(200, &json!({})));
    assert_eq!(world.client.revoke(&REFRESH.into()).await, Ok(Revoked::Done));
    let request = world.google.last();
    assert_eq!((request.path.as_str(), request.query.len()), ("/revoke", 0), "no token in an address");
    assert_eq!(request.form()["token"], REFRESH);

    let body = json!({"error": "invalid_token", "error_description": "Token expired or revoked"});
    world.google.force(json_answer(400, &body));
    assert_eq!(world.client.revoke(&REFRESH.into()).await, Ok(Revoked::AlreadySo));

    world.google.force(answer(200, "text/html", "<p>Sign in to the Wi-Fi</p>"));
    assert_eq!(world.client.revoke(&REFRESH.into()).await.unwrap_err().reason, Reason::AnswerGarbled);
    world.google.force(json_answer(200, &json!({"error": "internal"})));
    assert_eq!(world.client.revoke(&REFRESH.into()).await.unwrap_err().reason, Reason::AnswerGarbled);
}

#[tokio::test]
async fn an_account_is_known_by_its_sub() {
    let world = world();
    let body =
        json!({"sub": "1", "email": "ana@school.example", "email_verified": true, "hd": "school.example"});
    world.google.force(json_answer(200, &body));
    let account = world.client.userinfo(&world.token).await.unwrap();
    let expected = Account {
        sub: "1".into(),
        email: Some("ana@school.example".into()),
        hd: Some("school.example".into()),
    };
    assert_eq!(account, expected);
    assert_eq!(world.google.last().path, "/oauth2/v3/userinfo");

    world.google.force(json_answer(200, &json!({"email": "ana@school.example"})));
    assert_eq!(world.client.userinfo(&world.token).await.unwrap_err().reason, Reason::AnswerGarbled);
    world.google.force(error(401, "authError"));
    assert!(world.client.userinfo(&world.token).await.unwrap_err().is_stale_token());
}

#[test]
fn the_way_back_says_why_not() {
    for (error, reason) in [
        ("access_denied", Reason::ConsentDenied),
        ("org_internal", Reason::OrgBlocksApp),
        ("admin_policy_enforced", Reason::OrgBlocksApp),
        ("redirect_uri_mismatch", Reason::ClientInvalid),
        ("unauthorized_client", Reason::ClientInvalid),
        ("temporarily_unavailable", Reason::GoogleUnavailable),
        ("server_error", Reason::GoogleUnavailable),
        ("interaction_required", Reason::Unknown),
    ] {
        assert_eq!(callback_reason(error), reason, "{error}");
    }
}

#[test]
fn the_addresses_are_googles_or_under_one() {
    let google = Endpoints::google();
    assert!(google.calendar_url.starts_with("https://") && google.calendar_url.ends_with("/calendar/v3"));
    assert_eq!(Endpoints::under("http://127.0.0.1:9000/"), Endpoints::under("http://127.0.0.1:9000"));
    let tasks = Endpoints::under("http://127.0.0.1:9000").tasks_url;
    assert_eq!(tasks.as_deref(), Some("http://127.0.0.1:9000/tasks/v1"));
}

#[test]
fn the_issuer_is_google_or_whoever_stands_in_its_place() {
    let world = world();
    let auth_url = world.client.authorization_url(&AuthorizationRequest {
        redirect_uri: BACK,
        state: "s",
        code_challenge: "c",
        scopes: &["openid"],
        login_hint: None,
        prompt_consent: false,
        include_granted: false,
    });
    let origin = auth_url.split('/').take(3).collect::<Vec<_>>().join("/");
    assert!(world.client.is_issuer("https://accounts.google.com"));
    assert!(world.client.is_issuer(&origin), "{origin}");
    for other in
        ["", "https://evil.example", "https://accounts.google.com.evil.example", &origin[..origin.len() - 1]]
    {
        assert!(!world.client.is_issuer(other), "{other}");
    }
}

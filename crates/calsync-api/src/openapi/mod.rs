//! `GET /openapi.json`: the APIs' description, made from the table of routes, so that it has every
//! route, with its key and its parameters.

mod admin_schemas;
mod schemas;

use std::sync::OnceLock;

use axum::Extension;
use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use calsync_http::input::NoQuery;
use calsync_http::route::{Access, AllRoutes, BodyKind, NDJSON, Route};
use http::Method;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

use crate::metrics;

/// A process has one table of routes.
static DOCUMENT: OnceLock<Bytes> = OnceLock::new();

pub(crate) async fn handler(Extension(routes): Extension<AllRoutes>, _: NoQuery) -> Response {
    let document = DOCUMENT.get_or_init(|| document(&routes.0).to_string().into());
    ([(CONTENT_TYPE, "application/json")], document.clone()).into_response()
}

fn document(routes: &[&Route]) -> Value {
    let mut paths = Map::new();
    for route in routes {
        let method = route.method.as_str().to_ascii_lowercase();
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[method] = operation(route);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "calsync",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Keeps a platform's items in its users' Google Calendars. 2xx: it is stored.",
        },
        "paths": paths,
        "components": {
            "schemas": all_schemas(),
            "securitySchemes": {
                "platform": key("An API key of scope platform"),
                "admin": key("An API key of scope admin"),
            },
        },
    })
}

fn all_schemas() -> Value {
    let mut all = schemas::schemas();
    for (name, schema) in admin_schemas::schemas().as_object().into_iter().flatten() {
        all[name] = schema.clone();
    }
    all
}

fn key(description: &str) -> Value {
    json!({"type": "http", "scheme": "bearer", "description": description})
}

fn operation(route: &Route) -> Value {
    let answers = route.answers.iter().map(|(status, schema)| (status.to_string(), answer(route, *schema)));
    let mut responses: Map<String, Value> = answers.collect();
    let problem = json!({"description": "A problem", "content":
        {"application/problem+json": {"schema": reference("Problem")}}});
    responses.insert("default".into(), problem);
    let mut operation = json!({
        "summary": route.summary,
        "parameters": parameters(route),
        "responses": responses,
        "security": match route.access {
            Access::Everyone | Access::Console(_) | Access::SignedIn => json!([]),
            Access::Key(scope) => json!([{scope.name(): []}]),
            Access::Admin(_) => json!([{"admin": []}]),
        },
    });
    if let Access::Admin(role) | Access::Console(role) = route.access {
        operation["x-role"] = json!(role.name());
    }
    if let Some(schema) = route.request {
        let is_required = route.body_kind == BodyKind::Ndjson || route.method == Method::PUT;
        let content = json!({media_type(route.body_kind): {"schema": reference(schema)}});
        operation["requestBody"] = json!({"required": is_required, "content": content});
    }
    operation
}

fn answer(route: &Route, schema: Option<&str>) -> Value {
    match schema {
        Some(schema) => {
            let media_type = match route {
                Route { path: metrics::PATH, .. } => calsync_engine::scrape::CONTENT_TYPE,
                Route { body_kind: BodyKind::Ndjson, .. } => NDJSON,
                _ => media_type(BodyKind::Json),
            };
            json!({"description": "Done", "content": {media_type: {"schema": reference(schema)}}})
        }
        None => json!({"description": "Done"}),
    }
}

const fn media_type(body_kind: BodyKind) -> &'static str {
    match body_kind {
        BodyKind::Ndjson => NDJSON,
        BodyKind::Form => "application/x-www-form-urlencoded",
        BodyKind::Json | BodyKind::Nothing => "application/json",
    }
}

fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

fn parameters(route: &Route) -> Vec<Value> {
    let in_path = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let path = in_path.map(
        |name| json!({"name": name, "in": "path", "required": true, "schema": schemas::parameter(name)}),
    );
    let query = route.query.iter().map(|name| {
        let is_required = *name == "user_id" && route.path == "/api/v1/items";
        json!({"name": name, "in": "query", "required": is_required, "schema": schemas::parameter(name)})
    });
    let key = matches!(route.access, Access::Key(_) | Access::Admin(_)) && route.method == Method::POST;
    let header = key.then(|| {
        json!({"name": "Idempotency-Key", "in": "header", "required": false,
            "description": "The same request with the same key is answered as the first time, for 24 hours",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255}})
    });
    path.chain(query).chain(header).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::routes;

    fn document() -> Value {
        super::document(&routes::all().collect::<Vec<_>>())
    }

    #[test]
    fn every_route_stands_in_the_document() {
        let document = document();
        for route in routes::all() {
            let method = route.method.as_str().to_ascii_lowercase();
            let operation = &document["paths"][route.path][&method];
            assert_eq!(operation["summary"], route.summary, "{method} {}", route.path);
        }
    }

    #[test]
    fn every_schema_is_used_and_every_used_one_is_there() {
        fn walk(value: &Value, found: &mut BTreeSet<String>) {
            match value {
                Value::Object(map) => map.iter().for_each(|(key, value)| match value.as_str() {
                    Some(text) if key == "$ref" => {
                        found.insert(text.rsplit('/').next().unwrap_or_default().to_owned());
                    }
                    _ => walk(value, found),
                }),
                Value::Array(values) => values.iter().for_each(|value| walk(value, found)),
                _ => {}
            }
        }
        let mut used = BTreeSet::new();
        walk(&document(), &mut used);
        let there: BTreeSet<String> = all_schemas().as_object().expect("an object").keys().cloned().collect();
        assert_eq!(used, there);
    }
}

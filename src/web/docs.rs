//! `/api/docs`: the description of the API as a page, each call with a line for curl and the fields of its answer.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Map, Value, json};

use super::failures::PageFailure;
use super::forms::page;
use super::layout::{Layout, Section};
use super::session::SignedIn;
use crate::console::Console;

/// Names that stand for a place in a path or body.
const EXAMPLES: [(&str, &str); 6] = [
    ("name", "mail.example.com"),
    ("domain", "mail.example.com"),
    ("id", "01890a5d-ac96-774b-bcce-b302099a8057"),
    ("selector", "s1"),
    ("key", "rsa-2048"),
    ("limit", "50"),
];
/// Objects in objects are told so deep.
const DEPTH: usize = 3;

#[derive(Template)]
#[template(path = "docs.html")]
struct DocsPage {
    layout: Layout,
    base: String,
    calls: Vec<Call>,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Call {
    id: String,
    method: String,
    path: String,
    summary: String,
    parameters: Vec<Field>,
    /// An example; empty where there is no body.
    body: String,
    body_type: String,
    curl: String,
    status: String,
    answer: Vec<Field>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    /// With the names of what it stands in: `records.value`.
    name: String,
    kind: String,
    /// `path` or `query`, of a parameter.
    place: String,
    is_required: bool,
    description: String,
}

#[derive(Clone)]
struct Docs {
    console: Console,
    description: Value,
}

/// The page, made from the OpenAPI description.
pub fn router(console: Console, description: Value) -> Router {
    let public_url = console.public_url().to_owned();
    let pages = Router::new().route("/api/docs", get(show));
    super::guarded(pages, &public_url).with_state(Docs { console, description })
}

impl axum::extract::FromRef<Docs> for Console {
    fn from_ref(docs: &Docs) -> Self {
        docs.console.clone()
    }
}

async fn show(State(docs): State<Docs>, parts: axum::http::request::Parts) -> Result<Response, PageFailure> {
    let mut parts = parts;
    let user = <SignedIn as axum::extract::FromRequestParts<Console>>::from_request_parts(&mut parts, &docs.console);
    let layout = match user.await {
        Ok(user) => Layout::new(&docs.console, &user.actor, Section::None, "API"),
        Err(_) => Layout::bare("API"),
    };
    let base = docs.console.public_url().to_owned();
    page(StatusCode::OK, &DocsPage { layout, calls: calls(&docs.description, &base), base })
}

fn calls(description: &Value, base: &str) -> Vec<Call> {
    let empty = Map::new();
    let paths = description["paths"].as_object().unwrap_or(&empty);
    let mut calls = Vec::new();
    for (path, methods) in paths {
        for (method, call) in methods.as_object().unwrap_or(&empty) {
            calls.push(Call::new(description, base, (method, path), call));
        }
    }
    calls
}

impl Call {
    fn new(description: &Value, base: &str, (method, path): (&str, &str), call: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let method = method.to_uppercase();
        let parameters: Vec<Field> = call["parameters"].as_array().into_iter().flatten().map(parameter).collect();
        let (body_type, body) = body(description, &call["requestBody"]);
        let (status, answer) = answer(description, &call["responses"]);
        let filled = EXAMPLES
            .iter()
            .fold(path.to_owned(), |path, (name, example)| path.replace(&format!("{{{name}}}"), example));
        let mut curl = format!("curl -X {method} {base}{filled} -H \"Authorization: Bearer $TOKEN\"");
        if !body.is_empty() {
            curl.push_str(&format!(" -H \"Content-Type: {body_type}\" --data-binary '{body}'"));
        }
        Self {
            id: text(&call["operationId"]) + "-" + &path.replace(['/', '{', '}'], "-"),
            summary: text(&call["summary"]),
            path: path.to_owned(),
            method,
            parameters,
            body,
            body_type,
            curl,
            status,
            answer,
        }
    }
}

fn parameter(value: &Value) -> Field {
    let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
    Field {
        name: text("name"),
        kind: kind(&value["schema"]),
        place: text("in"),
        is_required: value["required"].as_bool().unwrap_or_default(),
        description: text("description"),
    }
}

/// A body's media type, and an example of it.
fn body(description: &Value, request: &Value) -> (String, String) {
    let Some((media, content)) = request["content"].as_object().and_then(|content| content.iter().next()) else {
        return (String::new(), String::new());
    };
    let example = match media.as_str() {
        "application/json" => example(description, &content["schema"], "").to_string(),
        _ => "name,customer\nmail.example.com,acme".to_owned(),
    };
    (media.clone(), example)
}

/// What a schema may look like: what is required, and tags.
fn example(description: &Value, schema: &Value, name: &str) -> Value {
    let schema = resolved(description, schema);
    let known = EXAMPLES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
    match kind(schema).as_str() {
        "object" if schema["properties"].is_object() => {
            let required: Vec<&str> =
                schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let properties = schema["properties"].as_object().into_iter().flatten();
            let wanted = properties.filter(|(name, _)| required.contains(&name.as_str()) || *name == "tags");
            wanted.map(|(name, schema)| (name.clone(), example(description, schema, name))).collect()
        }
        "object" => json!({"customer": "acme"}),
        "boolean" => json!(false),
        "integer" => json!(50),
        _ => json!(known.unwrap_or("…")),
    }
}

/// The status of a call that went well, and the fields of its answer.
fn answer(description: &Value, responses: &Value) -> (String, Vec<Field>) {
    let good = responses.as_object().and_then(|all| all.iter().find(|(status, _)| status.starts_with('2')));
    let Some((status, response)) = good else { return (String::new(), Vec::new()) };
    let schema = &response["content"]["application/json"]["schema"];
    let mut fields = Vec::new();
    tell(description, schema, ("", DEPTH), &mut fields);
    (status.clone(), fields)
}

fn tell(description: &Value, schema: &Value, (prefix, depth): (&str, usize), fields: &mut Vec<Field>) {
    let schema = resolved(description, schema);
    let schema = if kind(schema).starts_with("array") { resolved(description, &schema["items"]) } else { schema };
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let full = format!("{prefix}{name}");
        let inner = resolved(description, property);
        fields.push(Field {
            name: full.clone(),
            kind: kind(if inner["type"].is_null() { property } else { inner }),
            place: String::new(),
            is_required: true,
            description: property["description"]
                .as_str()
                .or(inner["description"].as_str())
                .unwrap_or_default()
                .to_owned(),
        });
        if depth > 1 {
            tell(description, property, (&format!("{full}."), depth - 1), fields);
        }
    }
}

/// The schema that a reference names; of several, the first that is one.
fn resolved<'a>(description: &'a Value, schema: &'a Value) -> &'a Value {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return &description["components"]["schemas"][name];
    }
    let one_of = schema["oneOf"].as_array().into_iter().flatten().find(|schema| schema["$ref"].is_string());
    one_of.map_or(schema, |schema| resolved(description, schema))
}

/// `string`, `string or null`, `object` …
fn kind(schema: &Value) -> String {
    match &schema["type"] {
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "object".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_its_curl_line_and_the_fields_of_its_answer() {
        let description = json!({
            "paths": {"/api/v1/domains/{domain}": {"post": {
                "operationId": "add", "summary": "Add",
                "parameters": [{"name": "domain", "in": "path", "required": true, "schema": {"type": "string"}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/New"}}}},
                "responses": {"201": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Made"}}}}},
            }}},
            "components": {"schemas": {
                "New": {"type": "object", "required": ["name"], "properties": {
                    "name": {"type": "string"}, "dkim": {"type": "object"}, "tags": {"type": "object"}}},
                "Made": {"type": "object", "properties": {"records": {"type": "array", "items": {"$ref": "#/components/schemas/Record"}}}},
                "Record": {"type": "object", "properties": {"value": {"type": ["string", "null"], "description": "What to publish."}}},
            }},
        });
        let call = calls(&description, "https://console.example").remove(0);
        assert_eq!(
            call.curl,
            "curl -X POST https://console.example/api/v1/domains/mail.example.com -H \"Authorization: Bearer $TOKEN\" \
             -H \"Content-Type: application/json\" --data-binary \
             '{\"name\":\"mail.example.com\",\"tags\":{\"customer\":\"acme\"}}'"
        );
        let fields: Vec<(&str, &str)> =
            call.answer.iter().map(|field| (field.name.as_str(), field.kind.as_str())).collect();
        assert_eq!(fields, [("records", "array"), ("records.value", "string or null")]);
        assert_eq!((call.status.as_str(), call.answer[1].description.as_str()), ("201", "What to publish."));
    }
}

use super::domains::{parse_new, parse_query};
use super::extract::parse_json;
use super::limits::Limits;
use super::shapes::NewDomainBody;
use crate::failure::{Failure, FieldError};

fn field_of(failure: Failure) -> FieldError {
    match failure {
        Failure::Unacceptable(mut errors) => errors.remove(0),
        other => panic!("not a field's mistake: {other:?}"),
    }
}

#[test]
fn an_unknown_field_is_named() {
    let Err(failure) = parse_json::<NewDomainBody>(br#"{"name": "a.example", "dkimm": {}}"#) else {
        panic!("accepted")
    };
    assert_eq!(failure.status(), 422);
    assert_eq!(field_of(failure).field, "dkimm");
}

#[test]
fn what_is_no_json_is_a_bad_request() {
    for body in [&b"{"[..], b"", b"name=a", b"{\"name\": \"\xff\"}"] {
        let Err(failure) = parse_json::<NewDomainBody>(body) else { panic!("accepted") };
        assert_eq!(failure.status(), 400, "{body:?}");
    }
}

#[test]
fn only_known_kinds_of_keys_are_accepted() {
    let parse = |text: &str| parse_new(parse_json(text.as_bytes()).unwrap());
    assert!(parse(r#"{"name": "a.example", "dkim": {"key": "rsa-4096", "ed25519": true}}"#).is_ok());
    let wrong = parse(r#"{"name": "a.example", "dkim": {"key": "rsa-1024"}}"#).unwrap_err();
    assert_eq!(field_of(wrong).field, "dkim.key");
}

#[test]
fn a_list_is_asked_for_by_its_five_parameters() {
    let query = parse_query(Some("limit=200&after=x&q=m%C3%BC+a&status=at_risk&tag=plan:a:b")).unwrap();
    assert_eq!((query.limit, query.after.as_deref(), query.q.as_deref()), (200, Some("x"), Some("mü a")));
    assert_eq!(query.tag, Some(("plan".into(), "a:b".into())));
    for (text, field) in
        [("limit=0", "limit"), ("limit=201", "limit"), ("status=x", "status"), ("tag=x", "tag"), ("x=1", "x")]
    {
        assert_eq!(field_of(parse_query(Some(text)).unwrap_err()).field, field);
    }
}

#[test]
fn a_token_may_verify_a_hundred_at_once_and_another_token_still_may() {
    let limits = Limits::new();
    let (one, other) = (uuid::Uuid::now_v7(), uuid::Uuid::now_v7());
    let refused = (0..1000).find_map(|n| limits.take_verify(one).err().map(|failure| (n, failure)));
    let Some((taken, Failure::TooMany { retry_after_s })) = refused else { panic!("never refused") };
    assert!((100..110).contains(&taken) && retry_after_s == 1);
    assert!(limits.take_verify(other).is_ok());
}

#[test]
fn the_description_is_openapi_3_1_and_lists_every_call() {
    let text = serde_json::to_value(super::openapi::describe()).unwrap();
    assert!(text["openapi"].as_str().unwrap().starts_with("3.1"));
    let paths: Vec<&str> = text["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "/domains",
        "/domains/import",
        "/domains/{domain}",
        "/domains/{domain}/events",
        "/domains/{domain}/verify",
        "/domains/{domain}/zone",
        "/imports/{id}",
        "/tokens",
        "/tokens/{id}",
    ];
    assert_eq!(paths, expected.map(|path| format!("/api/v1{path}")));
    assert!(text["components"]["schemas"]["Domain"]["properties"]["stops_sending_at"].is_object());
}

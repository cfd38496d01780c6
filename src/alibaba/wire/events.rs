//! Events of ActionTrail (docs/reference/api.md#trail). Every text in one is somebody's: user agents and session names say
//! what their owners want them to.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::Error as _;
use serde_json::value::RawValue;

use super::{Loose, said};
use crate::bounds;
use crate::cloud::RequestId;
use crate::cloud::events::{Event, EventsPage};
use crate::resource::RouterInterfaceId;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    events: Vec<Entry>,
    next_token: Option<Loose>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    event_name: Option<Loose>,
    event_time: Option<Loose>,
    #[serde(rename = "eventRW")]
    access: Option<Loose>,
    request_id: Option<Loose>,
    error_code: Option<Loose>,
    resource_name: Option<Loose>,
    referenced_resources: Option<Box<RawValue>>,
    user_agent: Option<Loose>,
    source_ip_address: Option<Loose>,
    user_identity: Option<Identity>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Identity {
    #[serde(rename = "type")]
    kind: Option<Loose>,
    principal_id: Option<Loose>,
    user_name: Option<Loose>,
}

/// Reads one page of events of `id`. What is about others, and what only reads, is left out: the attributes that would
/// have kept it away may have been ignored.
pub(in crate::alibaba) fn events(body: &[u8], id: &RouterInterfaceId) -> Result<EventsPage, serde_json::Error> {
    let page: Page = serde_json::from_slice(body)?;
    let meant = page.events.into_iter().filter(|entry| is_a_write(entry) && is_about(entry, id));
    Ok(EventsPage {
        events: meant.map(event).collect::<Result<_, _>>()?,
        next_token: said(page.next_token).map(Box::from),
    })
}

fn is_a_write(entry: &Entry) -> bool {
    !entry.access.as_ref().is_some_and(|Loose(word)| word.eq_ignore_ascii_case("read"))
}

/// Returns whether an event names the interface, or names nothing.
fn is_about(entry: &Entry, id: &RouterInterfaceId) -> bool {
    let name = entry.resource_name.as_ref().map(|Loose(name)| name.as_str()).filter(|name| !name.is_empty());
    let referenced = entry.referenced_resources.as_ref().map(|raw| raw.get()).filter(|raw| raw.contains('"'));
    let is_named = |name: &str| name.split([',', ';', '|', ' ']).any(|name| name == id.as_str());
    let is_referenced = |raw: &str| raw.contains(&format!("\"{id}\""));
    (name.is_none() && referenced.is_none()) || name.is_some_and(is_named) || referenced.is_some_and(is_referenced)
}

fn event(entry: Entry) -> Result<Event, serde_json::Error> {
    let name = text(entry.event_name).ok_or_else(|| serde_json::Error::custom("an event without eventName"))?;
    let at: Option<Timestamp> = said(entry.event_time).and_then(|time| time.parse().ok());
    let at = at.ok_or_else(|| serde_json::Error::custom(format_args!("an event {name:?} without eventTime")))?;
    let identity = entry.user_identity.unwrap_or_default();
    Ok(Event {
        at,
        name,
        request_id: text(entry.request_id).map(RequestId),
        error_code: text(entry.error_code),
        identity_type: text(identity.kind),
        principal_id: text(identity.principal_id),
        user_name: text(identity.user_name),
        user_agent: text(entry.user_agent),
        source_ip: text(entry.source_ip_address),
    })
}

/// Reads a text, and of a long one the beginning.
fn text(scalar: Option<Loose>) -> Option<Box<str>> {
    let mut text = said(scalar)?;
    text.truncate(text.floor_char_boundary(bounds::EVENT_TEXT));
    Some(text.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn read(events: &str) -> Result<EventsPage, serde_json::Error> {
        let body = format!(r#"{{"RequestId":"R","StartTime":"s","EndTime":"e","NextToken":"n","Events":[{events}]}}"#);
        super::events(body.as_bytes(), &"ri-1".into())
    }

    fn names(events: &str) -> Vec<String> {
        read(events).unwrap().events.iter().map(|event| event.name.to_string()).collect()
    }

    #[test]
    fn reads_who_called_what() {
        let page = read(
            r#"{"eventId":"E","eventVersion":1,"eventName":"DeactivateRouterInterface","eventTime":"2026-01-01T00:00:00Z","eventRW":"Write",
                "requestId":"REQ","errorCode":"","resourceName":"ri-1","resourceType":"ACS::VPC::RouterInterface","userAgent":"curl",
                "sourceIpAddress":"10.0.0.1","referencedResources":{"ACS::VPC::RouterInterface":["ri-1"]},
                "userIdentity":{"type":"ram-user","principalId":28815334868278,"accountId":"1","userName":"alice","accessKeyId":"LTAI"}}"#,
        )
        .unwrap();
        assert_eq!(page.next_token.as_deref(), Some("n"));
        let expected = Event {
            name: "DeactivateRouterInterface".into(),
            at: "2026-01-01T00:00:00Z".parse().unwrap(),
            request_id: Some(RequestId("REQ".into())),
            error_code: None,
            identity_type: Some("ram-user".into()),
            principal_id: Some("28815334868278".into()),
            user_name: Some("alice".into()),
            user_agent: Some("curl".into()),
            source_ip: Some("10.0.0.1".into()),
        };
        assert_eq!(page.events, [expected]);
    }

    #[test]
    fn what_ignored_attributes_let_through_is_left_out() {
        let event =
            |name: &str, more: &str| format!(r#"{{"eventName":"{name}","eventTime":"2026-01-01T00:00:00Z"{more}}}"#);
        let events = [
            event("of-another", r#","resourceName":"ri-10""#),
            event("of-both", r#","resourceName":"ri-10,ri-1""#),
            event("by-reference", r#","resourceName":"vbr-1","referencedResources":{"a":["ri-1"]}"#),
            event("by-reference-of-another", r#","referencedResources":{"a":["ri-11"]}"#),
            event("of-nobody", r#","resourceName":"","referencedResources":{}"#),
            event("a-read", r#","eventRW":"Read""#),
        ];
        assert_eq!(names(&events.join(",")), ["of-both", "by-reference", "of-nobody"]);
    }

    #[test]
    fn an_event_needs_a_name_and_a_time_and_long_texts_are_cut() {
        assert!(read(r#"{"eventTime":"2026-01-01T00:00:00Z"}"#).is_err());
        assert!(read(r#"{"eventName":"x"}"#).is_err());
        assert!(read(r#"{"eventName":"x","eventTime":"yesterday"}"#).is_err());
        assert!(super::events(br#"{"RequestId":"R"}"#, &"ri-1".into()).is_err(), "no list is not an empty one");
        let long = "ü".repeat(bounds::EVENT_TEXT);
        let page =
            read(&format!(r#"{{"eventName":"x","eventTime":"2026-01-01T00:00:00Z","userAgent":"{long}"}}"#)).unwrap();
        assert_eq!(page.events[0].user_agent.as_ref().unwrap().len(), bounds::EVENT_TEXT);
    }
}

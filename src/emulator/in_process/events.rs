//! Who called what, straight from the world.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{InProcess, unexpected};
use crate::cloud::events::{ACTION, Event, EventsPage, EventsQuery, EventsRead, MAX_EVENTS};
use crate::cloud::{CloudError, RequestId};
use crate::emulator::answer::Answer;
use crate::emulator::request::TRAIL_VERSION;
use crate::emulator::trail::TrailRow;
use crate::resource::Scope;

impl EventsRead for InProcess {
    async fn events(&self, scope: &Scope, query: &EventsQuery) -> Result<EventsPage, CloudError> {
        let second = |instant: Timestamp| instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let mut parameters: BTreeMap<String, String> = [
            ("LookupAttribute.1.Key", "ResourceName"),
            ("LookupAttribute.1.Value", query.id.as_str()),
            ("LookupAttribute.2.Key", "EventRW"),
            ("LookupAttribute.2.Value", "Write"),
            ("StartTime", &second(query.from)),
            ("EndTime", &second(query.to)),
            ("MaxResults", &MAX_EVENTS.to_string()),
            ("Direction", "BACKWARD"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        parameters.extend(query.next_token.iter().map(|token| ("NextToken".to_owned(), token.to_string())));
        let (answer, request_id) = self.send(&scope.account, ACTION, TRAIL_VERSION, parameters).await?;
        let Answer::Events(page) = answer else { return Err(unexpected(ACTION, request_id)) };
        Ok(EventsPage {
            events: page.rows.into_iter().map(event).collect(),
            next_token: page.next_token.map(Box::from),
        })
    }
}

fn event(row: TrailRow) -> Event {
    let said = |text: String| Some(text).filter(|text| !text.is_empty()).map(Box::from);
    Event {
        // On the wire times are in whole seconds.
        at: Timestamp::from_second(row.at.as_second()).unwrap_or(row.at),
        name: row.name.into(),
        request_id: Some(RequestId(row.request_id.into())),
        error_code: row.deed.error.and_then(|error| said(error.code)),
        identity_type: said(row.deed.identity),
        principal_id: said(row.deed.principal),
        user_name: said(row.deed.user),
        user_agent: said(row.deed.user_agent),
        source_ip: said(row.deed.address),
    }
}

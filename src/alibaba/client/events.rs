//! Who called what, as ActionTrail tells it.

use jiff::Timestamp;

use super::{Body, Client, bad_region};
use crate::alibaba::endpoint::Endpoint;
use crate::alibaba::request::{Action, Service};
use crate::alibaba::source::CredentialSource;
use crate::alibaba::wire;
use crate::cloud::events::{ACTION, EventsPage, EventsQuery, EventsRead, MAX_EVENTS};
use crate::cloud::{CloudError, Receipt};
use crate::resource::Scope;

impl<S: CredentialSource> EventsRead for Client<S> {
    async fn events(&self, scope: &Scope, query: &EventsQuery) -> Result<EventsPage, CloudError> {
        let endpoint = self.settings.endpoint.clone();
        let endpoint = endpoint
            .or_else(|| Endpoint::of_trail(&scope.region, self.settings.network))
            .ok_or_else(|| bad_region(&scope.region, ACTION))?;
        // In this order: where only one attribute is heard, it is the interface (docs/reference/api.md#trail).
        let mut parameters: Vec<(String, String)> = [
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
        let action = Action::new(Service::ActionTrail, ACTION, parameters);
        let read = |body: Body<'_>, _: Receipt| wire::events::events(body.bytes, &query.id);
        self.ask(&scope.account, &endpoint, &action, read).await
    }
}

fn second(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

//! Points of CloudMonitor: a text that is JSON itself.

use serde_json::{Map, Value, json};

use super::fields::object;
use crate::emulator::answer::MetricPoints;

pub(super) fn points(page: &MetricPoints) -> Map<String, Value> {
    let points: Vec<Value> = page
        .points
        .iter()
        .map(|point| {
            json!({
                "timestamp": point.at.as_millisecond(),
                "userId": point.owner.as_str(),
                "instanceId": point.id.as_str(),
                "Value": point.value,
            })
        })
        .collect();
    let mut body = object(json!({
        "Code": "200",
        // The vendor's sample of a success says so too.
        "Message": "The specified resource is not found.",
        "Success": true,
        "Period": page.period,
        "Datapoints": Value::Array(points).to_string(),
    }));
    if let Some(token) = &page.next_token {
        body.insert("NextToken".to_owned(), json!(token));
    }
    body
}

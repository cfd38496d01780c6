//! What ActionTrail shows (docs/reference/api.md#trail): deeds, once they are old enough to be seen.

use jiff::{SignedDuration, Timestamp};

use super::World;
use super::reads::earlier;
use crate::emulator::answer::Answer;
use crate::emulator::caller::Caller;
use crate::emulator::faults::Strike;
use crate::emulator::paging::Mark;
use crate::emulator::refusal::Refusal;
use crate::emulator::request::Request;
use crate::emulator::timeline::Event;
use crate::emulator::trail::{CONSOLE, RESOURCE_TYPE, TrailRow, TrailRows, console_action, id_of};

/// How many attributes are heard; a third is ignored.
const ATTRIBUTES: usize = 2;
const DEFAULT_RESULTS: usize = 20;
const MAX_RESULTS: usize = 50;
/// How far back a request looks that does not say.
const DEFAULT_SPAN: SignedDuration = SignedDuration::from_hours(7 * 24);

impl World {
    /// Shows one page of events.
    pub(super) fn lookup_events(
        &self,
        now: Timestamp,
        caller: &Caller,
        request: &Request,
        strike: &Strike,
    ) -> Result<Answer, Refusal> {
        let attributes = attributes(request)?;
        let (start, end) = span(request, now)?;
        let results = match request.parameter("MaxResults") {
            None | Some("" | "0") => DEFAULT_RESULTS,
            Some(text) => {
                let results = text.parse().ok().filter(|results| (1..=MAX_RESULTS).contains(results));
                results.ok_or_else(|| Refusal::bad_query("MaxResults"))?
            }
        };
        let is_forward = match request.parameter("Direction") {
            None | Some("" | "BACKWARD") => false,
            Some("FORWARD") => true,
            Some(_) => return Err(Refusal::bad_query("Direction")),
        };
        let mark = Mark::of(caller, request);
        let begin = mark.begin(request).ok_or_else(|| Refusal::bad_query("NextToken"))?;
        let seen_until = earlier(earlier(now, strike.staleness()), self.lag.action_trail);
        let is_meant = |row: &TrailRow| {
            row.deed.account == caller.account
                && row.at <= seen_until
                && (start..=end).contains(&row.at)
                && attributes.iter().all(|(key, value)| has(row, key, value))
        };
        let mut found: Vec<TrailRow> = self.trail.iter().filter(|row| is_meant(row)).cloned().collect();
        found.sort_by_key(|row| row.at);
        if !is_forward {
            found.reverse();
        }
        let next_token = (begin.saturating_add(results) < found.len()).then(|| mark.token(begin + results));
        let rows = found.into_iter().skip(begin).take(results).collect();
        Ok(Answer::Events(TrailRows { rows, next_token, start, end }))
    }

    /// Keeps what an event says about who did it.
    pub(super) fn note(&mut self, event: &Event) {
        let Some(deed) = &event.deed else { return };
        let is_of_console = event.cause == CONSOLE;
        let last = event.moments.first();
        let name = match (is_of_console, last) {
            (true, Some(moment)) => console_action(&moment.status),
            _ => Some(event.cause.as_str()),
        };
        let Some(name) = name else { return };
        let at = last.map_or(event.at, |moment| moment.at);
        // Events are told in whole seconds.
        let at = Timestamp::from_second(at.as_second()).unwrap_or(at);
        let text = format!("{} {at} {name} {}", event.interface, self.trail.len());
        self.trail.push(TrailRow {
            id: id_of(&text),
            name: name.to_owned(),
            at,
            request_id: event.request_id.clone().unwrap_or_else(|| id_of(&format!("request {text}"))),
            interface: event.interface.clone(),
            is_of_console,
            deed: (**deed).clone(),
        });
    }
}

/// Returns the interface that a lookup names, if it names one.
pub(super) fn interface_of(request: &Request) -> Option<&str> {
    let name = |number: usize, part: &str| request.parameter(&format!("LookupAttribute.{number}.{part}"));
    let number = (1..=ATTRIBUTES).find(|number| name(*number, "Key") == Some("ResourceName"))?;
    name(number, "Value")
}

/// The attributes that can be asked for.
const KEYS: [&str; 12] = [
    "ServiceName",
    "EventName",
    "User",
    "EventId",
    "ResourceType",
    "ResourceName",
    "EventRW",
    "EventAccessKeyId",
    "SensitiveAction",
    "SourceIpAddress",
    "EventType",
    "RoleName",
];

fn attributes(request: &Request) -> Result<Vec<(&str, &str)>, Refusal> {
    let mut attributes = Vec::new();
    for number in 1..=ATTRIBUTES {
        let part = |part: &str| request.parameter(&format!("LookupAttribute.{number}.{part}"));
        match (part("Key"), part("Value")) {
            (None, None) => {}
            (Some(key), Some(value)) if KEYS.contains(&key) => attributes.push((key, value)),
            (Some(_), Some(_)) => return Err(Refusal::bad_query("LookupAttribute")),
            _ => return Err(Refusal::bad_combination("LookupAttribute")),
        }
    }
    Ok(attributes)
}

fn has(row: &TrailRow, key: &str, value: &str) -> bool {
    let of_role = row.deed.user.split_once(':').filter(|_| row.deed.identity == "assumed-role").map(|(role, _)| role);
    match key {
        "ServiceName" => value == "Vpc",
        "EventName" => value == row.name,
        "User" => value == row.deed.user,
        "EventId" => value == row.id,
        "ResourceType" => value == RESOURCE_TYPE,
        "ResourceName" => value == row.interface.as_str(),
        "EventRW" => value == "Write",
        "EventAccessKeyId" => value == row.deed.access_key_id,
        "SourceIpAddress" => value == row.deed.address,
        "EventType" => value == row.event_type(),
        "RoleName" => Some(value) == of_role,
        _ => false,
    }
}

fn span(request: &Request, now: Timestamp) -> Result<(Timestamp, Timestamp), Refusal> {
    let time = |name: &'static str| match request.parameter(name) {
        None | Some("") => Ok(None),
        Some(text) => {
            let has_form = text.len() == "2020-07-06T00:00:00Z".len() && text.ends_with('Z');
            text.parse::<Timestamp>().ok().filter(|_| has_form).map(Some).ok_or_else(|| Refusal::bad_trail_time(name))
        }
    };
    match (time("StartTime")?, time("EndTime")?) {
        (None, None) => Ok((now.checked_sub(DEFAULT_SPAN).unwrap_or(Timestamp::MIN), now)),
        (Some(start), Some(end)) if start <= end => Ok((start, end)),
        _ => Err(Refusal::bad_combination("StartTime and EndTime")),
    }
}

//! Who did what, as ActionTrail will tell it: one deed for every mutating call, refused ones included, and for every
//! move of a third party. A deed is part of the event that is written to a world's log.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::caller::{Caller, Principal};
use super::refusal::Refusal;
use super::request::Request;
use crate::resource::{AccountId, Region, RouterInterfaceId, Status};
use crate::signature::sha256_hex;

/// The cause of what a third party does.
pub(super) const CONSOLE: &str = "console";

/// What the service calls a router interface.
pub(super) const RESOURCE_TYPE: &str = "ACS::VPC::RouterInterface";

/// How much of a user agent is kept.
const LONGEST_AGENT: usize = 512;

/// Who did something, from where, and how that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deed {
    /// The account that did it, in whose trail it stands.
    pub account: AccountId,
    /// Where it was done.
    pub region: Region,
    /// The API's userIdentity.type: `root-account`, `ram-user`, `assumed-role`.
    pub identity: String,
    /// Who it was: the account, the user's number, or role and session.
    pub principal: String,
    /// The name of that.
    pub user: String,
    /// The key that signed; empty in the console.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub access_key_id: String,
    /// What sent the call.
    pub user_agent: String,
    /// Where it came from.
    pub address: String,
    /// Why the call was refused, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<DeedError>,
}

/// Why a call was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeedError {
    /// The code.
    pub code: String,
    /// The text.
    pub message: String,
}

impl Deed {
    /// Describes a call.
    pub(super) fn of_call(caller: &Caller, request: &Request, refusal: Option<&Refusal>) -> Self {
        let (identity, principal, user) = match &caller.principal {
            Principal::Root => ("root-account", caller.account.to_string(), "root".to_owned()),
            Principal::User(name) => ("ram-user", number_of(name), name.clone()),
            Principal::AssumedRole { role, session } => {
                ("assumed-role", format!("{}:{session}", number_of(role)), format!("{role}:{session}"))
            }
        };
        let mut user_agent = request.origin.user_agent.clone();
        user_agent.truncate(user_agent.floor_char_boundary(LONGEST_AGENT));
        Self {
            account: caller.account.clone(),
            region: Region::from(request.parameter("RegionId").unwrap_or_default()),
            identity: identity.to_owned(),
            principal,
            user,
            access_key_id: caller.access_key_id.clone(),
            user_agent,
            address: request.origin.address.clone(),
            error: refusal.map(|refusal| DeedError {
                code: refusal.code.as_ref().to_owned(),
                message: refusal.message.as_ref().to_owned(),
            }),
        }
    }

    /// Describes what somebody does in the console: the user of that name, or the account itself.
    pub(super) fn of_console(account: &AccountId, region: &Region, by: Option<&str>) -> Self {
        Self {
            account: account.clone(),
            region: region.clone(),
            identity: if by.is_some() { "ram-user" } else { "root-account" }.to_owned(),
            principal: by.map_or_else(|| account.to_string(), number_of),
            user: by.unwrap_or("root").to_owned(),
            access_key_id: String::new(),
            user_agent: "vpc.console.aliyun.com".to_owned(),
            address: "127.0.0.1".to_owned(),
            error: None,
        }
    }
}

/// Returns the number of a user or a role, always the same for the same name.
fn number_of(name: &str) -> String {
    let digest = sha256_hex(name.as_bytes());
    let number = u64::from_str_radix(&digest[..12], 16).unwrap_or_default();
    format!("2{:017}", number % 100_000_000_000_000_000)
}

/// Returns the action behind what somebody does in the console; none for a word that no action leads to.
pub(super) fn console_action(status: &Status) -> Option<&'static str> {
    Some(match status {
        Status::Inactive | Status::Deactivating => "DeactivateRouterInterface",
        Status::Active | Status::Activating => "ActivateRouterInterface",
        Status::Deleted | Status::Deleting => "DeleteRouterInterface",
        Status::Modifying => "ModifyRouterInterfaceSpec",
        Status::Connecting | Status::AcceptingConnecting => "ConnectRouterInterface",
        _ => return None,
    })
}

/// Makes an id of the form that the gateway's have, always the same for the same text.
pub(super) fn id_of(text: &str) -> String {
    let digest = sha256_hex(text.as_bytes()).to_uppercase();
    let part = |range: std::ops::Range<usize>| &digest[range];
    format!("{}-{}-{}-{}-{}", part(0..8), part(8..12), part(12..16), part(16..20), part(20..32))
}

/// One event as a read shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailRow {
    /// Its id.
    pub id: String,
    /// The action.
    pub name: String,
    /// When it was done.
    pub at: Timestamp,
    /// The RequestId of the answer.
    pub request_id: String,
    /// To which interface, as the caller named it.
    pub interface: RouterInterfaceId,
    /// Whether it was done in the console.
    pub is_of_console: bool,
    /// Who did it.
    pub deed: Deed,
}

impl TrailRow {
    /// Returns the API's eventType.
    pub(super) fn event_type(&self) -> &'static str {
        if self.is_of_console { "ConsoleOperation" } else { "ApiCall" }
    }
}

/// One page of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailRows {
    /// The page.
    pub rows: Vec<TrailRow>,
    /// Where the next page begins.
    pub next_token: Option<String>,
    /// From when events were looked for.
    pub start: Timestamp,
    /// Until when.
    pub end: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_ids_are_always_the_same() {
        assert_eq!(number_of("alice").len(), 18);
        assert_eq!(number_of("alice"), number_of("alice"));
        assert_ne!(number_of("alice"), number_of("bob"));
        assert_eq!(id_of("x").len(), 36);
    }
}

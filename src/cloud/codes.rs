//! The API's error codes, old and new spellings, and what each means for the caller.
//!
//! One table, from which the reference is generated too ([`all`]), and a short one of what means something else of some
//! actions ([`of_actions`]). Codes are the documented ones of the router-interface actions and of the gateway
//! (docs/reference/api.md#calls and docs/reference/api.md#errors), misspellings included. A code that neither holds is classified by its family, then by the HTTP status.
//! [`meaning`] is also the white list of refusals: what it does not know to be one leaves a mutating call in doubt.

use super::{Effect, ErrorKind};
use crate::language::sentence;

/// What a documented code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// What the caller can do.
    pub kind: ErrorKind,
    /// Whether a mutating call that got it may have had an effect.
    pub effect: Effect,
    /// What happened, in plain words.
    pub explanation: &'static str,
    /// What to do next.
    pub hint: &'static str,
}

/// Looks up what `code` means of `action`; one that no page documents is classified by its family, then by the HTTP
/// status alone. Blanks around the code count for nothing.
///
/// Only `InvalidRouterInterfaceId.NotFound` ever means absent: no family leads to [`ErrorKind::NotFound`].
///
/// Only a documented code that came with an HTTP status of 400 to 499 proves that nothing was done: whatever else is
/// answered, 408 included, may come from something in between while the call runs.
pub fn meaning(action: &str, http_status: u16, code: &str) -> Meaning {
    let meaning = documented(action, code.trim()).unwrap_or(match http_status {
        429 => Meaning { effect: Effect::InDoubt, ..THROTTLED },
        500.. => UNAVAILABLE,
        _ => UNDOCUMENTED,
    });
    match http_status {
        408 => Meaning { effect: Effect::InDoubt, ..meaning },
        400..500 => meaning,
        _ => Meaning { effect: Effect::InDoubt, ..meaning },
    }
}

fn documented(action: &str, code: &str) -> Option<Meaning> {
    let is_known = |known: &str| known.eq_ignore_ascii_case(code);
    let of_action = OF_ACTIONS.iter().find(|(actions, known, _)| is_known(known) && actions.contains(&action));
    if let Some((_, _, meaning)) = of_action {
        return Some(*meaning);
    }
    let of_any = TABLE.iter().find(|(known, _)| is_known(known));
    let by_start = || FAMILIES.iter().find(|(start, _)| starts_with_ignoring_case(code, start));
    let last = code.rsplit('.').next().unwrap_or_default();
    let by_end = || LAST_WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(last));
    of_any.or_else(by_end).or_else(by_start).map(|(_, meaning)| *meaning)
}

/// Returns every documented code with its meaning, grouped by what the caller can do.
pub fn all() -> &'static [(&'static str, Meaning)] {
    TABLE
}

/// Returns the codes that mean something else of some actions than [`all`] says: the actions, the code, the meaning.
pub fn of_actions() -> &'static [(&'static [&'static str], &'static str, Meaning)] {
    OF_ACTIONS
}

fn starts_with_ignoring_case(code: &str, prefix: &str) -> bool {
    code.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

const fn refused(kind: ErrorKind, explanation: &'static str, hint: &'static str) -> Meaning {
    Meaning { kind, effect: Effect::Refused, explanation, hint }
}

/// Refused before the API looked at the request.
const fn turned_away(kind: ErrorKind, explanation: &'static str, hint: &'static str) -> Meaning {
    Meaning { kind, effect: Effect::None, explanation, hint }
}

const fn in_doubt(kind: ErrorKind, explanation: &'static str, hint: &'static str) -> Meaning {
    Meaning { kind, effect: Effect::InDoubt, explanation, hint }
}

const THROTTLED: Meaning = turned_away(
    ErrorKind::Throttled,
    "the account's calls to this action in this region are used up for the moment",
    sentence!("wait; if other tools share the account, lower --quota"),
);
const UNAVAILABLE: Meaning = in_doubt(
    ErrorKind::Unavailable,
    "the API failed on its own side",
    sentence!("run again in a moment; if it stays, open a ticket with the RequestId"),
);
const UNDOCUMENTED: Meaning =
    in_doubt(ErrorKind::Other, "no page documents this code", sentence!("open a ticket with the RequestId"));
const WRONG_STATUS: Meaning = refused(
    ErrorKind::IncorrectStatus,
    "the interface's status does not allow this action now",
    sentence!("run rictl plan to see its status"),
);
const CONFLICT: Meaning = refused(
    ErrorKind::Conflict,
    "another operation holds the interface or its router for a moment",
    sentence!("run again in a moment"),
);
const FINANCIAL_LOCK: Meaning = refused(
    ErrorKind::FinancialLocked,
    "the interface is locked because of unpaid bills",
    sentence!("pay the account's bills, then run rictl plan again"),
);
const OPERATION_LOCK: Meaning = refused(
    ErrorKind::OperationLocked,
    "the vendor's staff or security team has locked the interface",
    sentence!("open a ticket with the RequestId"),
);
const PEER_GONE: Meaning = refused(
    ErrorKind::PeerGone,
    "the opposite interface has been deleted, so this side can never be activated again",
    sentence!("create a new pair of interfaces, and put the new id into the spec"),
);
const WRONG_OWNER: Meaning = refused(
    ErrorKind::WrongOwner,
    "the interface or its router belongs to another account",
    sentence!("check the id, or name the right account in the spec"),
);
const DENIED: Meaning = refused(
    ErrorKind::Denied,
    "RAM does not allow these credentials this action",
    sentence!("grant the action to the user or role, or use another profile"),
);
const NOT_ENTITLED: Meaning = refused(
    ErrorKind::NotEntitled,
    "the account lacks something that no RAM policy gives, such as a place on the vendor's white list",
    sentence!("read the API's own words; if they do not help, open a ticket with the RequestId"),
);
const RISK_CONTROL: Meaning = refused(
    ErrorKind::Denied,
    "the vendor's risk control has stopped the account",
    sentence!("open a ticket with the RequestId"),
);
const UNKNOWN_KEY: Meaning = refused(
    ErrorKind::Credentials,
    "the access key is unknown, disabled or deleted",
    sentence!("look the key up in the RAM console: it has to be there, enabled and of this account"),
);
const BAD_SIGNATURE: Meaning = refused(
    ErrorKind::Credentials,
    "the signature is not the one that the API computed",
    sentence!("check the access key secret"),
);
const TOKEN_EXPIRED: Meaning = turned_away(
    ErrorKind::TokenExpired,
    "the security token has expired or is not one",
    sentence!("sign in again, or let rictl take the credentials from a source that it can renew"),
);
const CLOCK_SKEW: Meaning = refused(
    ErrorKind::ClockSkew,
    "the request's time is too far from the API's",
    sentence!("set this machine's clock, for example with NTP"),
);
const UNKNOWN_REGION: Meaning = refused(
    ErrorKind::InvalidRegion,
    "the region is unknown, or the page number or size was wrong: the API says both with this code",
    sentence!(
        "check the region's spelling, and in an emulator's world its `regions`; a wrong page number or size gets this code as well"
    ),
);
const WRONG_ENDPOINT: Meaning = refused(
    ErrorKind::InvalidRegion,
    "the host that was asked does not serve the region",
    sentence!("check the region's spelling in the spec, or name the region's own host with --endpoint"),
);
const BAD_REQUEST: Meaning = refused(
    ErrorKind::Invalid,
    "the API does not accept the request",
    sentence!("this is likely a bug of rictl: report the code and the RequestId"),
);
const CANNOT_CONNECT: Meaning = refused(
    ErrorKind::Invalid,
    "the two sides of the link are not set up so that they can be connected",
    sentence!("finish the link's set-up in the console first"),
);
const STILL_ROUTED: Meaning = refused(
    ErrorKind::Conflict,
    "a route entry still has the interface as its next hop",
    sentence!("remove the route entry first"),
);

const PREPAID: Meaning = refused(
    ErrorKind::Invalid,
    "a prepaid interface cannot be deleted before its time is over",
    sentence!("wait for its end, or have it changed to pay-as-you-go in the console"),
);

const CURSOR_EXPIRED: Meaning = refused(
    ErrorKind::CursorExpired,
    "too much time has passed since the page before this one",
    sentence!("run again in a moment"),
);
const TABLE_GONE: Meaning = refused(
    ErrorKind::Other,
    "the route table is not there, or no more",
    sentence!("run again; if it stays, open a ticket with the RequestId"),
);
const GATEWAY_TABLE: Meaning = refused(
    ErrorKind::Invalid,
    "the route table is a gateway's, whose entries this action does not show",
    sentence!("look at its entries in the VPC console"),
);

/// Codes that mean something else of some actions (docs/reference/api.md#code-by-action).
static OF_ACTIONS: &[(&[&str], &str, Meaning)] = &[
    (&["ModifyRouterInterfaceAttribute", "DeleteExpressConnect"], "IncorrectStatus.RouterInterface", WRONG_STATUS),
    (&["DeleteRouterInterface", "DeleteExpressConnect"], "InvalidRouterInterfaceChargeType.Malformed", PREPAID),
    (&["DescribeRouteEntryList"], "InvalidRouteTable.NotFound", TABLE_GONE),
];

/// Codes by what the caller can do. Two spellings of one code stand together, the newer first.
static TABLE: &[(&str, Meaning)] = &[
    ("IncorrectRIStatus", WRONG_STATUS),
    ("IncorrectStatus", WRONG_STATUS),
    ("InvalidInstance.StatusError", WRONG_STATUS),
    (
        "InvalidRouterInterfaceId.NotFound",
        refused(
            ErrorKind::NotFound,
            "there is no such interface in this account and region",
            sentence!("check the id and the region, or remove the entry from the spec"),
        ),
    ),
    ("InvalidRegionId.NotFound", UNKNOWN_REGION),
    ("InvalidOperation.NotSupportedEndpoint", WRONG_ENDPOINT),
    ("Forbidden.FinancialLocked", FINANCIAL_LOCK),
    ("Forbidden.FinancileLocked", FINANCIAL_LOCK),
    ("Forbidden.BillsOutstanding", FINANCIAL_LOCK),
    ("OperationFailed.OperationLocked", OPERATION_LOCK),
    ("Forbidden.SecurityLocked", OPERATION_LOCK),
    ("OppositeRouterInterfaceIsDeleted", PEER_GONE),
    (
        "OperationFailed.PconnTrafficNotEnable",
        refused(
            ErrorKind::Invalid,
            "billing for outbound traffic is not enabled on the circuit",
            sentence!("enable it in the Express Connect console"),
        ),
    ),
    (
        "NotSupportLinkrole",
        refused(
            ErrorKind::Invalid,
            "this interface is not one that can be activated",
            sentence!("check the id: it is not a VLAN interface for a connection"),
        ),
    ),
    ("LinkRole.NotSupport", CANNOT_CONNECT),
    ("Forbbiden.InvaildOwner", WRONG_OWNER),
    ("Forbbiden", WRONG_OWNER),
    ("IllegalParam.InstanceOwner", WRONG_OWNER),
    ("InvalidInstanceOwner.Error", WRONG_OWNER),
    ("OperationConflict", CONFLICT),
    ("TaskConflict", CONFLICT),
    ("INSTANCE_IN_PROCESSIONG", CONFLICT),
    ("IncorrectVpcStatus", CONFLICT),
    ("IncorrectRouteEntryStatus", CONFLICT),
    ("IncorrectStatus.CenStatus", CONFLICT),
    ("IncorrectStatus.RouterInterface", CONFLICT),
    ("LastTokenProcessing", CONFLICT),
    ("SystemBusy", CONFLICT),
    ("OperationFailed.DistibuteLock", CONFLICT),
    ("RouterInterfaceReferredByRouteEntry", STILL_ROUTED),
    ("ReferredByRouteEntry.RouterInterface", STILL_ROUTED),
    ("DependencyViolation.RouterInterfaceReferedByRouteEntry", STILL_ROUTED),
    ("IncorrectRole.NotInitiatingSide", CANNOT_CONNECT),
    ("IncorrectOppositeInterfaceInfo.NotSet", CANNOT_CONNECT),
    ("IncorrectOppositeInterfaceInfo", CANNOT_CONNECT),
    ("Forbidden.OnlyOneConnection", CANNOT_CONNECT),
    ("Forbbiden.ModifyIdAndType", CANNOT_CONNECT),
    ("InvalidOpposite.NotFound", CANNOT_CONNECT),
    ("InvalidOppositeRegionId.NotFound", CANNOT_CONNECT),
    ("InvalidOppositeRouterType.ValueNotSupported", CANNOT_CONNECT),
    ("Throttling", THROTTLED),
    ("Throttling.User", THROTTLED),
    ("Throttling.Api", THROTTLED),
    ("Rejected.Throttling", THROTTLED),
    ("ServiceUnavailable", UNAVAILABLE),
    ("InternalError", UNAVAILABLE),
    ("UnknownError", UNAVAILABLE),
    ("OperationFailed.InternalError", UNAVAILABLE),
    (
        "SignatureNonceUsed",
        in_doubt(
            ErrorKind::NonceUsed,
            "the API has seen this very request before, so an earlier copy of it may have run",
            sentence!("run rictl plan to see the interface's status"),
        ),
    ),
    ("Forbidden.RAM", DENIED),
    ("Forbidden", DENIED),
    ("NoPermission", DENIED),
    ("AccessForbidden", DENIED),
    ("Forbidden.RiskControl", RISK_CONTROL),
    ("Forbidden.NotInRouterInterfaceCreateWhitelist", NOT_ENTITLED),
    ("Forbidden.CrossBorder", NOT_ENTITLED),
    ("Forbidden.AcceptRoleNotSupportPrePay", NOT_ENTITLED),
    ("Forbidden.TagKeys", NOT_ENTITLED),
    ("Forbidden.TagKey.Duplicated", NOT_ENTITLED),
    ("ForbiddenAction", NOT_ENTITLED),
    ("InvalidAccessKeyId.NotFound", UNKNOWN_KEY),
    ("InvalidAccessKeyId.Inactive", UNKNOWN_KEY),
    ("InvalidAccessKeyId", UNKNOWN_KEY),
    ("SignatureDoesNotMatch", BAD_SIGNATURE),
    ("IncompleteSignature", BAD_SIGNATURE),
    ("InvalidSecurityToken.Expired", TOKEN_EXPIRED),
    ("InvalidSecurityToken.Malformed", TOKEN_EXPIRED),
    ("InvalidSecurityToken.MismatchWithAccessKey", UNKNOWN_KEY),
    ("InvalidTimeStamp.Expired", CLOCK_SKEW),
    ("InvalidTimeStamp.Format", BAD_REQUEST),
    ("IllegalTimestamp", CLOCK_SKEW),
    ("InvalidAction", BAD_REQUEST),
    ("InvalidAction.NotFound", BAD_REQUEST),
    ("InvalidApi.NotFound", BAD_REQUEST),
    ("UnsupportedHTTPMethod", BAD_REQUEST),
    ("InvalidProtocol.NeedSsl", BAD_REQUEST),
    ("InvalidParam.NotNull", BAD_REQUEST),
    ("InvalidParam.NotFound", BAD_REQUEST),
    ("InvalidParam.ModifyRouterInterface", BAD_REQUEST),
    ("Parameter.Illegal", BAD_REQUEST),
    ("EndPoint.Empty", BAD_REQUEST),
    ("InvalidConnectionType.MalFormed", BAD_REQUEST),
    ("InvalidProductForm.MalFormed", BAD_REQUEST),
    ("InvalidRole.Malformed", BAD_REQUEST),
    ("IllegalParam.AliUid", BAD_REQUEST),
    ("InvalidFilterKey.ValueNotSupported", BAD_REQUEST),
    ("InvalidInstanceId.NotFound", BAD_REQUEST),
    ("InvalidRouteTable.NotFound", BAD_REQUEST),
    ("InvalidRouterInterfaceChargeType.Malformed", BAD_REQUEST),
    ("InvalidSpec.ValudNotSupported", BAD_REQUEST),
    ("InvalidName.Malformed", BAD_REQUEST),
    ("InvalidName.Malformd", BAD_REQUEST),
    ("InvalidDescription.Malformed", BAD_REQUEST),
    ("IllegalParam.HcThreshold", BAD_REQUEST),
    ("IllegalParam.HcRate", BAD_REQUEST),
    ("IllegalParam.HcSourceIp", BAD_REQUEST),
    ("InvalidHealthCheckIP.Malformd", BAD_REQUEST),
    ("COMMODITY.INVALID_COMPONENT", BAD_REQUEST),
    ("IllegalParam.NextTokenExpired", CURSOR_EXPIRED),
    ("IllegalParam.NextToken", BAD_REQUEST),
    ("IllegalParam.RouteEntryType", BAD_REQUEST),
    ("IllegalParam.IpVersion", BAD_REQUEST),
    ("InvalidNextHop.NotFound", BAD_REQUEST),
    ("OperationFailed.FilterParamUnderWrongRouteType", BAD_REQUEST),
    ("OperationFailed.QueryCenEntry", UNAVAILABLE),
    ("ParameterInvalid", BAD_REQUEST),
    ("ResourceNotFound", BAD_REQUEST),
    ("InvalidParameterCombination", BAD_REQUEST),
    ("InvalidQueryParameter", BAD_REQUEST),
    ("InvalidParameterStartTime", BAD_REQUEST),
    ("InvalidParameterEndTime", BAD_REQUEST),
    ("InvalidParameter", BAD_REQUEST),
    ("InvalidVersion", BAD_REQUEST),
    ("InvalidProduct.NotFound", BAD_REQUEST),
    ("OperationDenied.UseGatewayRouteEntryQueryInterface", GATEWAY_TABLE),
];

/// Beginnings of codes that the table does not hold, for variants that pages only hint at.
static FAMILIES: &[(&str, Meaning)] = &[
    ("Throttling.", THROTTLED),
    ("InvalidAccessKeyId.", UNKNOWN_KEY),
    ("InvalidSecurityToken.", TOKEN_EXPIRED),
    ("InvalidTimeStamp.", CLOCK_SKEW),
    ("Missing", BAD_REQUEST),
    ("Forbidden.RAM.", DENIED),
    ("Forbidden.", NOT_ENTITLED),
];

/// Last words of codes that the table does not hold: the API puts its troubles behind many first words.
static LAST_WORDS: &[(&str, Meaning)] = &[
    ("InternalError", UNAVAILABLE),
    ("UnknownError", UNAVAILABLE),
    ("ServiceUnavailable", UNAVAILABLE),
    ("Throttling", THROTTLED),
];

#[cfg(test)]
mod tests;

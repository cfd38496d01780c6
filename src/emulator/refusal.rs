//! What the API says when it says no: the documented codes, HTTP statuses and texts, misspellings kept.
//!
//! Sources: docs/reference/api.md#deactivate, docs/reference/api.md#activate, docs/reference/api.md#describe for the
//! actions, docs/reference/api.md#errors for the gateway. Where pages disagree about a status the newest one decides.

mod life;

use std::borrow::Cow;
use std::time::Duration;

use jiff::SignedDuration;

use super::caller::Caller;
use super::seed::ErrorCodes;

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub http_status: u16,
    /// The code, as the pages spell it.
    pub code: Cow<'static, str>,
    /// The text.
    pub message: Cow<'static, str>,
    /// What `x-acs-retry-after` asks for.
    pub retry_after: Option<Duration>,
    /// How far the caller's clock is ahead, for the Date header.
    pub ahead: SignedDuration,
    /// Who was denied what, for `AccessDeniedDetail`.
    pub denied: Option<Box<Denial>>,
}

/// Who was denied what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The caller.
    pub caller: Caller,
    /// As policies name the action: `vpc:ActivateRouterInterface`.
    pub action: String,
}

impl Refusal {
    /// Makes any error.
    pub fn new(http_status: u16, code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            http_status,
            code: code.into(),
            message: message.into(),
            retry_after: None,
            ahead: SignedDuration::ZERO,
            denied: None,
        }
    }

    pub(super) fn wrong_status(codes: ErrorCodes, wanted: &str) -> Self {
        let code = match codes {
            ErrorCodes::New => "IncorrectRIStatus",
            ErrorCodes::Old => "IncorrectStatus",
        };
        Self::new(
            400,
            code,
            format!("RouterInterface can be operated by this action only when it's status is {wanted}."),
        )
    }

    pub(super) fn financial_locked(codes: ErrorCodes) -> Self {
        let code = match codes {
            ErrorCodes::New => "Forbidden.FinancialLocked",
            ErrorCodes::Old => "Forbidden.FinancileLocked",
        };
        Self::new(400, code, "This RouterInterface is financiel locked because of bills outstanding.")
    }

    pub(super) fn operation_locked() -> Self {
        Self::new(400, "OperationFailed.OperationLocked", "Operation failed because OperationLocked.")
    }

    pub(super) fn wrong_owner_of_deactivated() -> Self {
        Self::new(400, "Forbbiden.InvaildOwner", "The RouterInterface owener error")
    }

    pub(super) fn wrong_owner_of_activated() -> Self {
        Self::new(400, "Forbbiden", "The router does not belong to your account.")
    }

    pub(super) fn opposite_deleted() -> Self {
        Self::new(400, "OppositeRouterInterfaceIsDeleted", "The opposite router interface is already deleted.")
    }

    pub(super) fn unknown_interface() -> Self {
        Self::new(
            404,
            "InvalidRouterInterfaceId.NotFound",
            "The specified RouterInterfaceId does not exist in our record.",
        )
    }

    pub(super) fn unknown_region() -> Self {
        Self::new(404, "InvalidRegionId.NotFound", "The RegionId provided does not exist in our records.")
    }

    /// A bad page has the code of an unknown region (docs/reference/api.md#bad-page).
    pub(super) fn bad_page() -> Self {
        Self::new(404, "InvalidRegionId.NotFound", "The parameter wrong, pageNum or pageSize.")
    }

    pub(super) fn unknown_route_table() -> Self {
        Self::new(400, "InvalidRouteTable.NotFound", "The specified RouteTableId does not exist.")
    }

    pub(super) fn unknown_next_hop() -> Self {
        Self::new(400, "InvalidNextHop.NotFound", "The specified NextHopId does not exist.")
    }

    pub(super) fn bad_route_token() -> Self {
        Self::bad_route_parameter("NextToken")
    }

    pub(super) fn bad_route_parameter(name: &str) -> Self {
        Self::new(400, format!("IllegalParam.{name}"), format!("The parameter {name} is illegal."))
    }

    pub(super) fn bad_metric_parameter(name: &str) -> Self {
        Self::new(400, "ParameterInvalid", format!("The parameter {name} is invalid."))
    }

    pub(super) fn unknown_metric() -> Self {
        Self::new(404, "ResourceNotFound", "The specified resource is not found.")
    }

    pub(super) fn bad_query(name: &str) -> Self {
        Self::new(400, "InvalidQueryParameter", format!("The specified query parameter {name} is invalid."))
    }

    pub(super) fn bad_combination(names: &str) -> Self {
        Self::new(400, "InvalidParameterCombination", format!("The combination of {names} is invalid."))
    }

    pub(super) fn bad_trail_time(name: &str) -> Self {
        Self::new(400, format!("InvalidParameter{name}"), format!("The specified parameter {name} is invalid."))
    }

    pub(super) fn unknown_filter_key(number: &str) -> Self {
        let text = format!("Specified filter key is not supported: Filter.{number}.key");
        Self::new(404, "InvalidFilterKey.ValueNotSupported", text)
    }

    pub(super) fn illegal_parameter() -> Self {
        Self::new(400, "Parameter.Illegal", "The parameter is illegal.")
    }

    pub(super) fn empty_parameter() -> Self {
        Self::new(400, "InvalidParam.NotNull", "The parameter must not be null.")
    }

    /// Words a refusal as the pages of an action do: two codes have texts of their own there.
    pub(super) fn worded_for(self, action: &str) -> Self {
        if action != "ActivateRouterInterface" {
            return self;
        }
        let message = match self.code.as_ref() {
            "InvalidRegionId.NotFound" => "The specified RegionId does not exist in our records.",
            "InvalidRouterInterfaceId.NotFound" => "The specified RouterInterfaceId does not exist in our records.",
            _ => return self,
        };
        Self { message: message.into(), ..self }
    }

    pub(super) fn missing(name: &str) -> Self {
        Self::new(400, format!("Missing{name}"), format!("{name} is mandatory for this action."))
    }

    pub(super) fn unknown_action() -> Self {
        Self::new(404, "InvalidAction.NotFound", "Specified api is not found, please check your url and method.")
    }

    pub(super) fn unknown_version() -> Self {
        Self::new(400, "InvalidVersion", "Specified parameter Version is not valid.")
    }

    pub(super) fn unknown_method() -> Self {
        Self::new(405, "UnsupportedHTTPMethod", "This http method is not supported.")
    }

    pub(super) fn bad_format() -> Self {
        Self::new(400, "InvalidParameter.Format", "Specified parameter Format is not valid.")
    }

    pub(super) fn denied() -> Self {
        Self::new(
            403,
            "Forbidden.RAM",
            "User not authorized to operate on the specified resource, or this API doesn't support RAM.",
        )
    }

    pub(super) fn denied_to(caller: &Caller, action: String) -> Self {
        Self { denied: Some(Box::new(Denial { caller: caller.clone(), action })), ..Self::denied() }
    }

    /// CloudMonitor has a code of its own for what RAM denies.
    pub(super) fn forbidden_to(caller: &Caller, action: String) -> Self {
        let text = "User not authorized to operate on the specified resource.";
        Self {
            denied: Some(Box::new(Denial { caller: caller.clone(), action })),
            ..Self::new(403, "AccessForbidden", text)
        }
    }

    pub(super) fn throttled(retry_after: Option<Duration>) -> Self {
        Self { retry_after, ..Self::new(400, "Throttling.User", "Request was denied due to user flow control.") }
    }

    pub(super) fn internal_error() -> Self {
        Self::new(500, "InternalError", "The request processing has failed due to some unknown error.")
    }

    pub(super) fn service_unavailable() -> Self {
        Self::new(503, "ServiceUnavailable", "The request has failed due to a temporary failure of the server.")
    }

    pub(super) fn nonce_used() -> Self {
        Self::new(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
    }

    pub(super) fn expired() -> Self {
        Self::new(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
    }

    pub(super) fn skewed(ahead: SignedDuration) -> Self {
        Self { ahead, ..Self::expired() }
    }

    pub(super) fn bad_timestamp() -> Self {
        Self::new(400, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted.")
    }

    pub(super) fn unknown_access_key() -> Self {
        Self::new(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
    }

    pub(super) fn wrong_signature(string_to_sign: &str) -> Self {
        Self::new(
            400,
            "SignatureDoesNotMatch",
            format!(
                "Specified signature is not matched with our calculation. server string to sign is:{string_to_sign}"
            ),
        )
    }

    pub(super) fn incomplete_signature(what: &str) -> Self {
        Self::new(
            400,
            "IncompleteSignature",
            format!("The request signature does not conform to Aliyun standards. {what}"),
        )
    }

    pub(super) fn bad_signature_method() -> Self {
        Self::new(400, "InvalidSignatureMethod", "Specified signature method is not valid.")
    }

    pub(super) fn bad_signature_version() -> Self {
        Self::new(400, "InvalidSignatureVersion", "Specified signature version is not valid.")
    }

    pub(super) fn token_expired() -> Self {
        Self::new(400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")
    }

    pub(super) fn token_malformed() -> Self {
        Self::new(400, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed.")
    }

    pub(super) fn token_of_another_key() -> Self {
        Self::new(
            400,
            "InvalidSecurityToken.MismatchWithAccessKey",
            "Specified SecurityToken mismatch with the AccessKey.",
        )
    }

    pub(super) fn unknown_role(arn: &str) -> Self {
        Self::new(404, "EntityNotExist.Role", format!("The role not exists: {arn}."))
    }

    pub(super) fn bad_sts_parameter(name: &'static str) -> Self {
        Self::new(400, format!("InvalidParameter.{name}"), format!("The parameter {name} is wrongly formed."))
    }
}

//! What the calls of an interface's life are refused with (docs/reference/api.md#other-calls).

use super::Refusal;
use crate::emulator::seed::ErrorCodes;

impl Refusal {
    /// Makes an error of the kind that most are: HTTP status 400.
    pub(in crate::emulator) fn bad(code: impl Into<std::borrow::Cow<'static, str>>, message: &str) -> Self {
        Self::new(400, code, message.to_owned())
    }

    pub(in crate::emulator) fn null(name: &str) -> Self {
        Self::new(400, "InvalidParams.NotNull", format!("The parameter {name} must not be null."))
    }

    pub(in crate::emulator) fn malformed_name() -> Self {
        Self::bad("InvalidName.Malformed", "The specified Name is not valid.")
    }

    pub(in crate::emulator) fn malformed_description() -> Self {
        Self::bad("InvalidDescription.Malformed", "The specified Description is not valid.")
    }

    pub(in crate::emulator) fn unknown_router() -> Self {
        Self::new(404, "InvalidRouterId.NotFound", "The specified RouterId does not exist in our records.")
    }

    pub(in crate::emulator) fn bills_outstanding() -> Self {
        Self::bad("Forbidden.BillsOutstanding", "You cannot use this action because you have bills outstanding.")
    }

    /// An attribute of the accepting side that the initiating side was told otherwise.
    pub(in crate::emulator) fn mismatch(attribute: &str) -> Self {
        Self::new(
            400,
            format!("AttrMismatching.AcceptingSide{attribute}"),
            format!("The {attribute} of the AcceptingSide does not match."),
        )
    }

    pub(in crate::emulator) fn opposite_not_set() -> Self {
        Self::bad(
            "IncorrectOppositeInterfaceInfo.NotSet",
            "OppositeInterfaceId/OppositeRouterId/OppositeRouterType/OppositeInterfaceOwnerId must be all set.",
        )
    }

    pub(in crate::emulator) fn wrong_status_to_modify(codes: ErrorCodes) -> Self {
        let code = match codes {
            ErrorCodes::New => "IncorrectStatus.RouterInterface",
            ErrorCodes::Old => "IncorrectStatus",
        };
        let text = "RouterInterface can be operated by this action only when the status is Active,idle or inactive.";
        Self::bad(code, text)
    }

    pub(in crate::emulator) fn wrong_status_to_delete(codes: ErrorCodes) -> Self {
        match codes {
            ErrorCodes::New => Self::wrong_instance_status(),
            ErrorCodes::Old => Self::bad(
                "IncorrectStatus",
                "This openeration would be allowed only when status of this RouterInterface is Idle/Inactive.",
            ),
        }
    }

    pub(in crate::emulator) fn wrong_instance_status() -> Self {
        Self::bad("InvalidInstance.StatusError", "The router instance status error.")
    }

    pub(in crate::emulator) fn wrong_status_of_pair() -> Self {
        Self::bad(
            "IncorrectStatus.RouterInterface",
            "The status of the RouterInterface does not support this operation.",
        )
    }

    pub(in crate::emulator) fn still_routed(codes: ErrorCodes) -> Self {
        match codes {
            ErrorCodes::New => {
                Self::bad("RouterInterfaceReferredByRouteEntry", "Router interface referred by route entry.")
            }
            ErrorCodes::Old => Self::pair_still_routed(),
        }
    }

    pub(in crate::emulator) fn pair_still_routed() -> Self {
        Self::bad(
            "DependencyViolation.RouterInterfaceReferedByRouteEntry",
            "RouterInterface cannot be deleted when it is refered by a route table entry as next hop.",
        )
    }

    pub(in crate::emulator) fn wrong_owner_of_deleted() -> Self {
        Self::bad("Forbbiden.InvaildOwner", "Incorrect RouterInterface owner.")
    }

    /// `whose` is empty, or `Opposite`.
    pub(in crate::emulator) fn prepaid(whose: &str) -> Self {
        let code = format!("InvalidRouterInterface{whose}ChargeType.Malformed");
        Self::bad(code, "The prepaid routerinterface can not delete.")
    }

    /// The VPC pages name no code for this: it is that of the vendor's other products.
    pub(in crate::emulator) fn other_request_of_token() -> Self {
        Self::bad(
            "IdempotentParameterMismatch",
            "The request uses the same client token as a previous, but non-identical request.",
        )
    }

    pub(in crate::emulator) fn unknown_resources(code: &'static str) -> Self {
        Self::bad(code, "The specified resource does not exist in our records.")
    }
}

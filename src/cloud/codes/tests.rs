use std::collections::BTreeSet;

use super::*;

const CALL: &str = "DeactivateRouterInterface";
const READ: &str = "DescribeRouterInterfaces";

#[test]
fn every_code_stands_once_with_words_and_a_next_step() {
    let mut seen = BTreeSet::new();
    for (code, meaning) in all() {
        assert!(seen.insert(code.to_ascii_lowercase()), "{code} stands twice");
        assert!(!meaning.explanation.is_empty() && !meaning.hint.is_empty(), "{code} says nothing");
        assert!(!meaning.explanation.ends_with('.') && !meaning.hint.ends_with('.'), "{code} ends with a full stop");
        assert_eq!(super::meaning(READ, 400, code), *meaning, "{code} is shadowed");
    }
}

#[test]
fn old_and_new_spellings_mean_the_same() {
    for (old, new) in [
        ("IncorrectStatus", "IncorrectRIStatus"),
        ("Forbidden.FinancileLocked", "Forbidden.FinancialLocked"),
        ("InvalidName.Malformd", "InvalidName.Malformed"),
        ("DependencyViolation.RouterInterfaceReferedByRouteEntry", "RouterInterfaceReferredByRouteEntry"),
    ] {
        assert_eq!(meaning(CALL, 400, old), meaning(CALL, 400, new), "{old} and {new}");
    }
}

#[test]
fn only_one_code_says_absent() {
    let absent: Vec<&str> =
        all().iter().filter(|(_, meaning)| meaning.kind == ErrorKind::NotFound).map(|(code, _)| *code).collect();
    assert_eq!(absent, ["InvalidRouterInterfaceId.NotFound"]);
    for code in ["InvalidRegionId.NotFound", "InvalidInstanceId.NotFound", "Anything.NotFound", "NotFound", ""] {
        assert_ne!(meaning(READ, 404, code).kind, ErrorKind::NotFound, "{code}");
    }
}

#[test]
fn classifies_what_matters_to_a_mutating_call() {
    use Effect::{InDoubt, None, Refused};
    for (status, code, kind, effect) in [
        (400, "IncorrectRIStatus", ErrorKind::IncorrectStatus, Refused),
        (400, "Throttling", ErrorKind::Throttled, None),
        (400, "Throttling.User", ErrorKind::Throttled, None),
        (503, "Throttling.Api", ErrorKind::Throttled, InDoubt),
        (400, "Throttling.Burst", ErrorKind::Throttled, None),
        (429, "TooMany", ErrorKind::Throttled, InDoubt),
        (400, "Rejected.Throttling", ErrorKind::Throttled, None),
        (503, "ServiceUnavailable", ErrorKind::Unavailable, InDoubt),
        (500, "InternalError", ErrorKind::Unavailable, InDoubt),
        (400, "InternalError", ErrorKind::Unavailable, InDoubt),
        (502, "Whatever", ErrorKind::Unavailable, InDoubt),
        (400, "SignatureNonceUsed", ErrorKind::NonceUsed, InDoubt),
        (400, "OperationConflict", ErrorKind::Conflict, Refused),
        (400, "TaskConflict", ErrorKind::Conflict, Refused),
        (400, "INSTANCE_IN_PROCESSIONG", ErrorKind::Conflict, Refused),
        (400, "IncorrectStatus.Whatever", ErrorKind::Other, InDoubt),
        (400, "InvalidSecurityToken.Expired", ErrorKind::TokenExpired, None),
        (403, "InvalidSecurityToken.Malformed", ErrorKind::TokenExpired, None),
        (400, "InvalidTimeStamp.Expired", ErrorKind::ClockSkew, Refused),
        (403, "Forbidden.RAM", ErrorKind::Denied, Refused),
        (403, "Forbidden.RAM.Whatever", ErrorKind::Denied, Refused),
        (403, "Forbidden.Whatever", ErrorKind::NotEntitled, Refused),
        (400, "Forbidden.NotInRouterInterfaceCreateWhitelist", ErrorKind::NotEntitled, Refused),
        (400, "Forbbiden.InvaildOwner", ErrorKind::WrongOwner, Refused),
        (400, "OppositeRouterInterfaceIsDeleted", ErrorKind::PeerGone, Refused),
        (400, "MissingRegionId", ErrorKind::Invalid, Refused),
        (404, "InvalidRegionId.NotFound", ErrorKind::InvalidRegion, Refused),
        (400, "InvalidOperation.NotSupportedEndpoint", ErrorKind::InvalidRegion, Refused),
        (400, "OperationFailed.InternalError", ErrorKind::Unavailable, InDoubt),
        (400, "Whatever.InternalError", ErrorKind::Unavailable, InDoubt),
        (400, "OperationFailed.Throttling", ErrorKind::Throttled, None),
        (400, "Brand.New", ErrorKind::Other, InDoubt),
    ] {
        let found = meaning(CALL, status, code);
        assert_eq!((found.kind, found.effect), (kind, effect), "{status} {code}");
    }
}

#[test]
fn only_a_documented_code_with_a_status_of_the_400s_proves_that_nothing_was_done() {
    for code in
        ["IncorrectRIStatus", "OperationConflict", "Throttling", "InvalidSecurityToken.Expired", "Forbidden.RAM"]
    {
        for status in [200, 302, 408, 500, 502, 503, 504] {
            assert_eq!(meaning(CALL, status, code).effect, Effect::InDoubt, "{status} {code}");
        }
        for status in [400, 403, 404, 409, 429] {
            assert_ne!(meaning(CALL, status, code).effect, Effect::InDoubt, "{status} {code}");
        }
    }
    for status in [200, 400, 403, 404, 408, 429, 500, 503] {
        for code in ["Brand.New", "", "RequestTimeout"] {
            assert_eq!(meaning(CALL, status, code).effect, Effect::InDoubt, "{status} {code}");
        }
    }
}

#[test]
fn what_a_code_means_depends_on_the_action() {
    const CODE: &str = "IncorrectStatus.RouterInterface";
    for (action, kind) in [
        ("ModifyRouterInterfaceAttribute", ErrorKind::IncorrectStatus),
        ("DeleteExpressConnect", ErrorKind::IncorrectStatus),
        ("CreateRouteEntry", ErrorKind::Conflict),
        (CALL, ErrorKind::Conflict),
    ] {
        assert_eq!(meaning(action, 400, CODE).kind, kind, "{action}");
    }
    for (actions, code, _) in of_actions() {
        assert!(all().iter().any(|(known, _)| known == code), "{code} of {actions:?} has no meaning of its own");
    }
}

#[test]
fn blanks_around_a_code_count_for_nothing() {
    assert_eq!(meaning(CALL, 400, " IncorrectRIStatus\n"), meaning(CALL, 400, "IncorrectRIStatus"));
}

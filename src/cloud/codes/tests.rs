use std::collections::BTreeSet;

use super::*;

#[test]
fn every_code_stands_once_with_words_and_a_next_step() {
    let mut seen = BTreeSet::new();
    for (code, meaning) in all() {
        assert!(seen.insert(code.to_ascii_lowercase()), "{code} stands twice");
        assert!(!meaning.explanation.is_empty() && !meaning.hint.is_empty(), "{code} says nothing");
        assert!(!meaning.explanation.ends_with('.') && !meaning.hint.ends_with('.'), "{code} ends with a full stop");
        assert_eq!(super::meaning(400, code), *meaning, "{code} is shadowed");
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
        assert_eq!(meaning(400, old), meaning(400, new), "{old} and {new}");
    }
}

#[test]
fn only_one_code_says_absent() {
    let absent: Vec<&str> =
        all().iter().filter(|(_, meaning)| meaning.kind == ErrorKind::NotFound).map(|(code, _)| *code).collect();
    assert_eq!(absent, ["InvalidRouterInterfaceId.NotFound"]);
    for code in ["InvalidRegionId.NotFound", "InvalidInstanceId.NotFound", "Anything.NotFound", "NotFound", ""] {
        assert_ne!(meaning(404, code).kind, ErrorKind::NotFound, "{code}");
    }
}

#[test]
fn classifies_what_matters_to_a_mutating_call() {
    use Effect::{InDoubt, None, Refused};
    for (status, code, kind, effect) in [
        (400, "IncorrectRIStatus", ErrorKind::IncorrectStatus, Refused),
        (400, "Throttling", ErrorKind::Throttled, None),
        (400, "Throttling.User", ErrorKind::Throttled, None),
        (503, "Throttling.Api", ErrorKind::Throttled, None),
        (400, "Throttling.Burst", ErrorKind::Throttled, None),
        (429, "TooMany", ErrorKind::Throttled, None),
        (400, "Rejected.Throttling", ErrorKind::Throttled, None),
        (503, "ServiceUnavailable", ErrorKind::Unavailable, InDoubt),
        (500, "InternalError", ErrorKind::Unavailable, InDoubt),
        (400, "InternalError", ErrorKind::Unavailable, InDoubt),
        (502, "Whatever", ErrorKind::Unavailable, InDoubt),
        (400, "SignatureNonceUsed", ErrorKind::NonceUsed, InDoubt),
        (400, "OperationConflict", ErrorKind::Conflict, Refused),
        (400, "TaskConflict", ErrorKind::Conflict, Refused),
        (400, "INSTANCE_IN_PROCESSIONG", ErrorKind::Conflict, Refused),
        (400, "IncorrectStatus.Whatever", ErrorKind::Conflict, Refused),
        (400, "InvalidSecurityToken.Expired", ErrorKind::TokenExpired, None),
        (403, "InvalidSecurityToken.Malformed", ErrorKind::TokenExpired, None),
        (400, "InvalidTimeStamp.Expired", ErrorKind::ClockSkew, Refused),
        (403, "Forbidden.RAM", ErrorKind::Denied, Refused),
        (403, "Forbidden.Whatever", ErrorKind::Denied, Refused),
        (400, "Forbbiden.InvaildOwner", ErrorKind::WrongOwner, Refused),
        (400, "OppositeRouterInterfaceIsDeleted", ErrorKind::PeerGone, Refused),
        (400, "MissingRegionId", ErrorKind::Invalid, Refused),
        (404, "InvalidRegionId.NotFound", ErrorKind::InvalidRegion, Refused),
        (400, "Brand.New", ErrorKind::Other, Refused),
    ] {
        let found = meaning(status, code);
        assert_eq!((found.kind, found.effect), (kind, effect), "{status} {code}");
    }
}

//! The fault classes: how the emulator is told to make each, and what must come of it.

/// What must come of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// The run ends as if nothing had happened.
    Absorbed,
    /// The call that met it is not made again, its step is not done, the rest goes on.
    Refused,
    /// As `Refused`, and nothing new is started.
    Stopped,
    /// The call may have been made, and no read can tell; the rest goes on.
    Doubtful,
    /// The call was made and did not end where it should.
    Unsettled,
    /// The call was made, ended where it should, and did not stay there.
    Unstable,
    /// A read shows what nobody understands: that interface is left alone from there on.
    Strange,
}

use Then::{Absorbed, Doubtful, Refused, Stopped, Strange, Unsettled, Unstable};

/// One class of faults, as a fault of the emulator.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Class {
    /// Its number and what it is.
    pub(crate) name: &'static str,
    /// The fault, with `GOAL` for the status that the struck interface is wanted in.
    pub(crate) fault: &'static str,
    /// What the output has to say where the class is not absorbed.
    pub(crate) says: &'static str,
    /// When one read meets it.
    pub(crate) read: Option<Then>,
    /// When one mutating call meets it, and when all do from then on.
    pub(crate) write: Option<(Then, Option<Then>)>,
}

const fn class(
    name: &'static str,
    fault: &'static str,
    says: &'static str,
    read: Option<Then>,
    write: Option<(Then, Option<Then>)>,
) -> Class {
    Class { name, fault, says, read, write }
}

/// Lost before it took effect: settled by reading, sent once more; for ever: in doubt.
const LOST: Option<(Then, Option<Then>)> = Some((Absorbed, Some(Doubtful)));
/// Lost after it took effect: a read finds the goal.
const DONE: Option<(Then, Option<Then>)> = Some((Absorbed, Some(Absorbed)));
const NEVER: Option<(Then, Option<Then>)> = Some((Refused, Some(Refused)));
const PASSES: Option<(Then, Option<Then>)> = Some((Absorbed, Some(Refused)));
const ABSORBED: Option<Then> = Some(Absorbed);
const REFUSED: Option<Then> = Some(Refused);

pub(crate) const CLASSES: &[Class] = &[
    class("N4 reset before effect", "fault: drop", "cut off", ABSORBED, LOST),
    class("N4 timeout before effect", "fault: hang, after_effect: false", "in time", ABSORBED, LOST),
    class("N5 reset after effect", "fault: drop, after_effect: true", "cut off", ABSORBED, DONE),
    class("N6 answer hangs", "fault: hang", "in time", ABSORBED, DONE),
    class("N6 answer comes late", "fault: {delay: 700ms}", "in time", ABSORBED, DONE),
    class("N7 slow-loris", "fault: {slow_body: 100ms}", "in time", ABSORBED, DONE),
    class("N8 truncated body", "fault: truncated_body", "cut off", ABSORBED, DONE),
    class("N9 garbage", "fault: garbage", "not JSON", ABSORBED, DONE),
    class("N9 HTML of a portal", "fault: html", "text/html", ABSORBED, DONE),
    class("N9 HTML, not passed on", "fault: html, after_effect: false", "text/html", ABSORBED, LOST),
    class("N10 empty body", "fault: empty_body", "empty body", ABSORBED, DONE),
    class("N10 empty object", "fault: empty_object", "without RequestId", ABSORBED, DONE),
    class("N10 empty object, not done", "fault: empty_object, after_effect: false", "without RequestId", None, LOST),
    class("N11 huge body", "fault: {huge_body: 9000000}", "8 MiB", ABSORBED, DONE),
    class("N12 500 before effect", "fault: {http_error: 500}", "InternalError", ABSORBED, LOST),
    class("N12 502 before effect", "fault: {http_error: 502}", "HTTP 502", ABSORBED, LOST),
    class("N12 503 before effect", "fault: {http_error: 503}", "ServiceUnavailable", ABSORBED, LOST),
    class("N12 504 before effect", "fault: {http_error: 504}", "HTTP 504", ABSORBED, LOST),
    class("N12 500 after effect", "fault: {http_error: 500}, after_effect: true", "InternalError", None, DONE),
    class("N12 504 after effect", "fault: {http_error: 504}, after_effect: true", "HTTP 504", None, DONE),
    class("N13 throttled, told", "fault: {throttled: 20ms}", "Throttling.User", ABSORBED, PASSES),
    class("N13 throttled, untold", "fault: {throttled: 0s}", "Throttling.User", ABSORBED, Some((Absorbed, None))),
    class("N13 429 of a gateway", "fault: {http_error: 429}", "HTTP 429", ABSORBED, Some((Absorbed, None))),
    class("N14 redirect", "fault: redirect", "never followed", ABSORBED, LOST),
    class("N16 delivered twice", "fault: nonce_used, after_effect: true", "SignatureNonceUsed", None, DONE),
    class("A1 reads 200 ms stale", "fault: {stale_reads: 200ms}", "", ABSORBED, None),
    class("A2 stuck in transition", "fault: stuck_transition", "still", None, Some((Unsettled, Some(Unsettled)))),
    // Seen or not before it flips back: both end the same.
    class(
        "A3 does not stay",
        "fault: {flapping: {period: 50ms, times: 1}}",
        "",
        None,
        Some((Unstable, Some(Unstable))),
    ),
    class("A4 IncorrectRIStatus", "fault: {error: {code: IncorrectRIStatus}}", "IncorrectRIStatus", None, LOST),
    class("A4 IncorrectStatus (old)", "fault: {error: {code: IncorrectStatus}}", "IncorrectStatus", None, LOST),
    class(
        "A4 OperationConflict",
        "fault: {error: {code: OperationConflict, status: 409}}",
        "OperationConflict",
        REFUSED,
        PASSES,
    ),
    class(
        "A5 gone, says the call",
        "fault: {error: {code: InvalidRouterInterfaceId.NotFound, status: 404}}",
        "InvalidRouterInterfaceId.NotFound",
        None,
        NEVER,
    ),
    class(
        "A5 gone at the call",
        "fault: {console: {interface: TARGET, status: Deleted}}",
        "InvalidRouterInterfaceId.NotFound",
        None,
        Some((Refused, None)),
    ),
    class(
        "A6 financial lock",
        "fault: {error: {code: Forbidden.FinancialLocked}}",
        "Forbidden.FinancialLocked",
        None,
        NEVER,
    ),
    class(
        "A6 financial lock (old)",
        "fault: {error: {code: Forbidden.FinancileLocked}}",
        "Forbidden.FinancileLocked",
        None,
        NEVER,
    ),
    class(
        "A6 operation lock",
        "fault: {error: {code: OperationFailed.OperationLocked}}",
        "OperationFailed.OperationLocked",
        None,
        NEVER,
    ),
    class("A7 denied by RAM", "fault: denied", "Forbidden.RAM", REFUSED, NEVER),
    class("A7 wrong owner", "fault: {error: {code: Forbbiden.InvaildOwner}}", "Forbbiden.InvaildOwner", None, NEVER),
    class(
        "A8 peer deleted",
        "fault: {error: {code: OppositeRouterInterfaceIsDeleted}}",
        "OppositeRouterInterfaceIsDeleted",
        None,
        NEVER,
    ),
    class("A9 a row twice", "fault: duplicate_row", "add up", ABSORBED, None),
    class("A10 a row is missing", "fault: {short_page: 1}", "add up", ABSORBED, None),
    class("A11 TotalCount lies", "fault: {total_count: 7}", "add up", ABSORBED, None),
    class(
        "A12 InvalidRegionId",
        "fault: {error: {code: InvalidRegionId.NotFound, status: 404}}",
        "InvalidRegionId.NotFound",
        REFUSED,
        NEVER,
    ),
    class("A13 unknown status word", "fault: {status_word: Frozen}", "Frozen", Some(Strange), None),
    class("A15 nonce used", "fault: nonce_used", "SignatureNonceUsed", ABSORBED, LOST),
    class("A16 clock skew", "fault: {clock_skew: 19m}", "19 min ahead of", REFUSED, Some((Stopped, Some(Stopped)))),
    class("A17 token expired", "fault: token_expired", "InvalidSecurityToken.Expired", ABSORBED, PASSES),
    class(
        "A19 200 with an error",
        "fault: {error: {code: Forbidden.RAM, status: 200}}",
        "Forbidden.RAM",
        REFUSED,
        LOST,
    ),
    class(
        "A20 done by others",
        "fault: {console: {interface: TARGET, status: GOAL}}",
        "",
        None,
        Some((Absorbed, None)),
    ),
    class("A21 another's id", "fault: other_id", "the answer", ABSORBED, None),
    class(
        "A22 quota used by others",
        "fault: {throttled: 10ms}, probability: 0.3, seed: 7",
        "Throttling.User",
        ABSORBED,
        DONE,
    ),
    class("-- code nobody knows", "fault: {error: {code: Strange.Thing, status: 409}}", "Strange.Thing", REFUSED, LOST),
];

use super::*;
use crate::render::markdown;
use crate::render::samples::{ticket, written};

#[test]
fn what_is_not_well_says_why_also_where_no_reason_is_recorded() {
    use RunOutcome::{Died, Incomplete, Interrupted, Refused, TakenBack};
    for outcome in [Died, Incomplete, Interrupted, Refused, TakenBack] {
        let mut ticket = ticket();
        ticket.parts.truncate(1);
        for run in &mut ticket.parts[0].runs {
            (run.report.end, run.report.became) = (None, Some(outcome));
        }
        let page = written(|out| markdown::ticket(out, &ticket, &Given::default()));
        assert!(page.contains("**Drained, returned in part; "), "{page}");
        assert!(page.contains("**Did not go well**"), "{page}");
        assert_eq!(page.contains("nobody confirmed it in time"), outcome == TakenBack, "{page}");
    }
}

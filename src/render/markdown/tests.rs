#![allow(clippy::panic, reason = "a test fails by panicking")]

use super::*;
use crate::render::samples::{
    HOSTILE, drift as sample_drift, empty_plan, hostile_drift, hostile_plan, hostile_report, hostile_ticket,
    large_plan, past, report, rich_plan, ticket as sample_ticket, written,
};

/// Returns what stands outside code spans, which end at the next run of as many backticks as they began with.
fn outside(markdown: &str) -> String {
    let mut outside = String::new();
    for line in markdown.lines() {
        let mut rest = line;
        while let Some(start) = rest.find('`') {
            outside.push_str(&rest[..start]);
            outside.push('`');
            let inside = rest[start..].trim_start_matches('`');
            let fence = rest.len() - start - inside.len();
            let mut runs = inside.match_indices('`').map(|(at, _)| at).filter(|at| !inside[..*at].ends_with('`'));
            let run = |at: &usize| inside[*at..].len() - inside[*at..].trim_start_matches('`').len();
            let end = runs.find(|at| run(at) == fence).unwrap_or_else(|| panic!("an open code span: {line}"));
            rest = &inside[end + fence..];
        }
        outside.push_str(rest);
        outside.push('\n');
    }
    outside
}

fn pages(text: &str) -> [String; 4] {
    [
        written(|out| plan(out, &hostile_plan(text), &Given::default())),
        written(|out| drift(out, &hostile_drift(text), &Given::default())),
        written(|out| run(out, &past(hostile_report(text)), &Given::default())),
        written(|out| ticket(out, &hostile_ticket(text), &Given::default())),
    ]
}

#[test]
fn shows_a_plan_a_drift_a_run_and_a_ticket() {
    insta::assert_snapshot!("plan", written(|out| plan(out, &rich_plan(), &Given::default())));
    insta::assert_snapshot!("drift", written(|out| drift(out, &sample_drift(), &Given::default())));
    insta::assert_snapshot!("run", written(|out| run(out, &past(report()), &Given::default())));
    insta::assert_snapshot!("ticket", written(|out| ticket(out, &sample_ticket(), &Given::default())));
    assert!(
        written(|out| plan(out, &empty_plan(), &Given::default()))
            .contains("**No changes. Your infrastructure matches the configuration.**")
    );
}

#[test]
fn hostile_text_stays_in_its_code_spans() {
    let plain = pages("x");
    for text in HOSTILE.iter().filter(|text| !text.is_empty()) {
        for (page, plain) in pages(text).iter().zip(&plain) {
            assert_eq!(outside(page), outside(plain), "{text:?}");
            for line in page.lines() {
                assert!(!line.starts_with("::") && !line.contains("##["), "{text:?}");
                assert!(!line.chars().any(char::is_control), "{text:?}");
            }
        }
    }
}

#[test]
fn our_own_words_keep_their_backticks() {
    assert_eq!(code("remove `protect`"), "`` remove `protect` ``");
    assert_eq!(code("``` x"), "```` ``` x ````");
    assert_eq!(code("plain"), "`plain`");
}

#[test]
fn fits_a_comment_and_says_what_it_left_out() {
    for count in [21, 1_000, 20_000] {
        let page = written(|out| plan(out, &large_plan(count), &Given::default()));
        assert!(page.chars().count() <= LIMIT);
        assert_eq!(page.matches("<details>").count(), page.matches("</details>").count());
        assert!(page.contains("<summary>Changes ("));
        assert_eq!(page.contains("lines are left out"), count > 21, "{count}");
    }
    let long = written(|out| plan(out, &hostile_plan(&"\u{202e}|`".repeat(100_000)), &Given::default()));
    assert!(long.chars().count() <= LIMIT, "{}", long.len());
}

#[test]
fn a_ticket_is_whole_however_long() {
    let mut long = sample_ticket();
    let run = long.parts[0].runs[0].clone();
    long.parts[0].runs = vec![run; 400];
    let page = written(|out| ticket(out, &long, &Given::default()));
    assert!(page.len() > LIMIT && !page.contains("left out"), "{}", page.len());
    assert_eq!(
        page.matches("4F7B2C9E-0001").count(),
        400 + 2 + 1,
        "each step, the two links that went down by it, and the other part"
    );
    assert!(page.contains("<details><summary>Steps (1200)</summary>"));
}

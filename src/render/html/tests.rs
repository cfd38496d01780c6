#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use super::*;
use crate::render::samples::{
    HOSTILE, drift as sample_drift, empty_plan, fleet as sample_fleet, hostile_drift, hostile_live_state, hostile_plan,
    hostile_report, hostile_ticket, large_plan, live_state, past, report, rich_plan, spec, ticket as sample_ticket,
    written,
};

/// Returns the elements of a page with their attributes, without their texts.
fn elements(html: &str) -> Vec<&str> {
    html.split('<').skip(1).map(|rest| rest.split_once('>').unwrap().0).collect()
}

/// Returns which elements a page has, with the names of their attributes.
fn skeleton(html: &str) -> BTreeSet<String> {
    // That a text is long may show.
    let plain = |element: &&str| element.replace("td class=\"long\"", "td");
    elements(html).iter().map(|element| plain(element).split('"').step_by(2).collect()).collect()
}

fn commit(id: &str) -> Commit {
    Commit { id: id.to_owned(), is_altered: Some(true) }
}

fn around<'a>(topology: &'a Topology, commit: &'a Commit) -> Around<'a> {
    Around { topology: Some(topology), commit: Some(commit) }
}

fn pages(text: &str) -> [String; 5] {
    let topology = Topology::new(&spec(), &hostile_live_state(text));
    [
        written(|out| plan(out, &hostile_plan(text), &Given::default(), around(&topology, &commit(text)))),
        written(|out| drift(out, &hostile_drift(text), &Given::default(), Some(&topology))),
        written(|out| run(out, &past(hostile_report(text)), &Given::default(), Some(&topology))),
        written(|out| ticket(out, &hostile_ticket(text), &Given::default())),
        written(|out| fleet(out, &sample_fleet(text))),
    ]
}

#[test]
fn shows_a_plan_a_drift_a_run_and_a_ticket() {
    let topology = Topology::new(&spec(), &live_state());
    insta::assert_snapshot!(
        "plan",
        written(|out| plan(out, &rich_plan(), &Given::default(), around(&topology, &commit("0123abc"))))
    );
    insta::assert_snapshot!("drift", written(|out| drift(out, &sample_drift(), &Given::default(), None)));
    insta::assert_snapshot!("run", written(|out| run(out, &past(report()), &Given::default(), None)));
    insta::assert_snapshot!("fleet", written(|out| fleet(out, &sample_fleet("net/site-d"))));
    let mut nothing = sample_fleet("net/site-d");
    nothing.states.truncate(1);
    nothing.states[0].name = "a".repeat(41);
    nothing.states[0].known_until = Some(nothing.timestamp);
    let page = written(|out| fleet(out, &nothing));
    assert!(page.contains("<td class=\"long\" data-head=\"State\">aaaa"), "{page}");
    assert!(page.contains("nothing is known from then on</td><td data-head=\"At\">2026-11-23 02:14"), "{page}");
    nothing.states.clear();
    let page = written(|out| fleet(out, &nothing));
    assert!(page.contains("<p class=\"change\"><strong>There is no state here"), "{page}");
    insta::assert_snapshot!("ticket", written(|out| ticket(out, &sample_ticket(), &Given::default())));
}

#[test]
fn hostile_text_adds_no_element_and_no_attribute() {
    let plain = pages("x");
    for text in HOSTILE {
        for (page, plain) in pages(text).iter().zip(&plain) {
            assert_eq!(skeleton(page), skeleton(plain), "{text:?}");
            assert!(page.chars().all(|character| character == '\n' || !character.is_control()), "{text:?}");
        }
    }
}

#[test]
fn closes_every_element_that_it_opens_and_says_what_a_browser_must_know() {
    for page in pages("<b>x</b>") {
        let mut open: Vec<&str> = Vec::new();
        for element in elements(&page).into_iter().filter(|element| !element.starts_with('!')) {
            let name = element.split(' ').next().unwrap();
            match name.strip_prefix('/') {
                Some(closed) => assert_eq!(open.pop(), Some(closed), "{page}"),
                None if name == "meta" || element.ends_with('/') => {}
                None => open.push(name),
            }
        }
        assert!(open.is_empty(), "{open:?} stays open");
        assert!(page.starts_with("<!doctype html>\n<html lang=\"en\">"), "{page}");
        for needed in ["<meta charset=\"utf-8\">", "name=\"viewport\"", "<title>rictl ", "</html>\n"] {
            assert_eq!(page.matches(needed).count(), 1, "{needed}");
        }
        assert!(!page.contains(" id=\""), "an id must be unique: {page}");
    }
}

#[test]
fn what_is_more_than_forty_rows_unfolds_and_what_may_not_be_overlooked_is_seen() {
    let folded = |plan: &Plan| {
        written(|out| super::plan(out, plan, &Given::default(), Around::default())).matches("<details>").count()
    };
    assert_eq!(folded(&large_plan(40)), 0);
    assert_eq!(folded(&large_plan(41)), 1, "the changes");
    let ticket = written(|out| ticket(out, &sample_ticket(), &Given::default()));
    assert!(!ticket.contains("<details>"));
}

#[test]
fn leaves_out_columns_that_have_nothing_to_say() {
    assert!(!written(|out| plan(out, &large_plan(3), &Given::default(), Around::default())).contains("Guards"));
    assert!(written(|out| plan(out, &rich_plan(), &Given::default(), Around::default())).contains("<th>Guards</th>"));
}

#[test]
fn asks_the_network_for_nothing() {
    for page in pages("https://evil.example/x.png") {
        assert!(page.contains("default-src 'none'"));
        for element in elements(&page) {
            let asks =
                ["script", "link", "img", "iframe", "object", "base"].iter().any(|name| element.starts_with(name))
                    || [" href=", " src=", " srcset=", "url("].iter().any(|attribute| element.contains(attribute));
            assert!(!asks, "{element}");
        }
    }
}

#[test]
fn says_that_nothing_is_to_be_done_and_where_a_table_was_cut() {
    assert!(written(|out| plan(out, &empty_plan(), &Given::default(), Around::default())).contains("No changes."));
    assert!(
        written(|out| plan(out, &large_plan(2_500), &Given::default(), Around::default()))
            .contains("… and 500 more; --json has everything.")
    );
}

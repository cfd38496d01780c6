#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::news::{Look, Standing, Told};
use crate::render::samples::{HOSTILE, at, drift as sample, hostile_drift};

fn check(spec: &str, outcome: Result<Drift, String>) -> DriftCheck {
    DriftCheck {
        spec: spec.to_owned(),
        path: format!("{spec}.yaml"),
        at: at("02:14:00"),
        declared: BTreeMap::new(),
        outcome,
    }
}

/// Judges that all of a drift check is found, and that what is called `gone` was.
fn judged(drift: &Drift) -> Judged {
    let found = |matter: Matter| (matter, Standing::Found("x".to_owned()));
    let items = drift.findings().map(|item| found(Matter::Interface(item.address.clone())));
    let groups = drift.broken_groups().map(|group| found(Matter::Group(group.name.clone())));
    let gone = Matter::Interface("gone".into());
    let first = Look { standing: [found(gone.clone())].into() };
    let before = Told::default().judge(&first, 1, at("01:00:00")).told(at("01:00:00"));
    let look = items.chain(groups).chain([(gone, Standing::Normal)]).collect();
    before.judge(&Look { standing: look }, 1, at("02:14:00"))
}

fn told(parts: &[Part<'_>]) -> String {
    let message = message(parts, false).unwrap();
    format!("{}\n{}\n", message.head, message.lines.join("\n"))
}

#[test]
fn says_what_is_down_then_what_is_news_then_what_is_over() {
    let (one, two) = (check("net-a", Ok(sample())), check("net-b", Err("there is no spec net-b.yaml".to_owned())));
    let judged_one = judged(&sample());
    let judged_two = Told::default().judge(&Look::unchecked([]), 1, at("02:14:00"));
    let parts = [Part { check: &two, judged: &judged_two }, Part { check: &one, judged: &judged_one }];
    insta::assert_snapshot!(told(&parts));
}

#[test]
fn is_one_line_an_item_and_one_document_whatever_anybody_wrote() {
    for text in HOSTILE {
        let drift = hostile_drift(text);
        let judged = judged(&drift);
        let check = check(text, Ok(drift));
        let message = message(&[Part { check: &check, judged: &judged }], false).unwrap();
        assert!(message.head.starts_with("rictl drift in "), "{}", message.head);
        for line in message.lines.iter().chain([&message.head]) {
            assert!(line.chars().all(|character| !character.is_control()), "{line:?}");
        }
        let document: serde_json::Value = serde_json::from_slice(&message.document).unwrap();
        assert_eq!(document["ended"][0]["address"], "gone");
        assert!(document["ended"][0]["text"].as_str().unwrap().contains("back to normal after 1h 14m"));
    }
}

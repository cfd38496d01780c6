//! What a robot hears of a run: its begin, that it awaits confirmation, its end.

use super::stub::{Mood, Stub};
use super::{SECRET, Site, TOKEN};

fn drain(site: &Site) {
    site.spec("bravo: {id: ri-bravo, status: Active", "bravo: {id: ri-bravo, status: Inactive");
}

fn apply(site: &Site, flags: &str) -> crate::harness::binary::Ran {
    site.desk.run(&super::words(&format!("apply --auto-approve --poll-interval 20ms {flags}")))
}

#[test]
fn a_run_says_that_it_begins_and_how_it_ended() {
    for kind in ["dingtalk", "feishu", "wecom", "slack"] {
        let stub = Stub::signed(kind);
        let site = Site::new().with_robot(&stub.url(), Some(SECRET));
        let flags = format!("--notify {kind} --log trace");
        assert_eq!((apply(&site, &flags).code, stub.received().len()), (0, 0), "nothing to do is no run");
        drain(&site);
        let ran = apply(&site, &flags);
        let told = stub.received();
        assert!(ran.code == 0 && told.iter().all(|received| received.was_taken), "{kind}: {ran:#?}");
        let texts: Vec<String> = told.iter().map(super::stub::Received::text).collect();
        assert_eq!(texts.len(), 2, "{texts:#?}");
        assert!(texts[0].starts_with("rictl apply of net-a begins: "), "{texts:#?}");
        assert!(texts[0].ends_with("\nbravo will be deactivated (CHG-7)"), "{texts:#?}");
        assert!(
            texts[1].starts_with("rictl apply of net-a has ended: Apply: complete (exit code 0), run 20"),
            "{texts:#?}"
        );
        assert!(texts[1].ends_with("Apply complete! Resources: 0 added, 1 changed, 0 destroyed."), "{texts:#?}");
        assert!(!ran.text().contains(TOKEN) && !ran.text().contains(SECRET), "{ran:#?}");
    }
}

#[test]
fn a_webhook_gets_the_lines_of_apply_json() {
    let stub = Stub::signed("webhook");
    let site = Site::new().with_robot(&stub.url(), Some(SECRET));
    drain(&site);
    let ran = apply(&site, "--notify webhook --json");
    assert_eq!(ran.code, 0, "{ran:#?}");
    let lines: Vec<serde_json::Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<serde_json::Value> = stub.received().iter().map(super::stub::Received::json).collect();
    assert_eq!(
        told.iter().map(|line| line["type"].as_str().unwrap()).collect::<Vec<_>>(),
        ["run_started", "run_finished"]
    );
    assert!(lines.contains(&told[0]), "{told:#?}");
    let last = lines.last().unwrap();
    assert_eq!((&told[1]["run_id"], &told[1]["report"]), (&last["run_id"], &last["report"]));
}

#[test]
fn an_awaited_confirmation_and_what_silence_takes_back_are_told() {
    let stub = Stub::new("slack");
    let site = Site::new().with_robot(&stub.url(), None);
    drain(&site);
    let ran = apply(&site, "--notify slack --confirm-within 1s");
    assert_eq!(ran.code, 5, "{ran:#?}");
    let texts: Vec<String> = stub.received().iter().map(super::stub::Received::text).collect();
    let heads: Vec<&str> = texts.iter().map(|text| text.lines().next().unwrap()).collect();
    assert_eq!(heads.len(), 5, "{texts:#?}");
    assert!(heads[1].starts_with("rictl apply of net-a: Applied; awaits confirmation until "), "{texts:#?}");
    assert!(texts[1].contains("confirm 20") && texts[1].contains("takes it back; so does silence."), "{texts:#?}");
    assert!(heads[2].starts_with("rictl rollback of net-a begins"), "{texts:#?}");
    assert!(heads[3].starts_with("rictl rollback of net-a has ended: Rollback: complete"), "{texts:#?}");
    assert!(
        heads[4].starts_with("rictl apply of net-a has ended: ") && heads[4].contains("(exit code 5)"),
        "{texts:#?}"
    );
}

#[test]
fn what_a_robot_refuses_of_a_run_is_a_warning_and_alters_nothing() {
    let stub = Stub::new("dingtalk");
    let site = Site::new().with_robot(&stub.url(), None);
    stub.mood(Mood::Always("200 OK", String::new(), r#"{"errcode":310000,"errmsg":"keywords not in content"}"#));
    drain(&site);
    let ran = apply(&site, "--notify dingtalk");
    assert!(ran.code == 0 && ran.out.contains("Apply complete!"), "{ran:#?}");
    assert_eq!(ran.err.matches("warning: dingtalk at 127.0.0.1").count(), 2, "{ran:#?}");
    assert!(ran.err.contains("310000 keywords not in content"), "{ran:#?}");
    let away = Site::new().with_robot("http://127.0.0.1:1/hook", None);
    drain(&away);
    let ran = apply(&away, "--notify webhook");
    assert!(ran.code == 0 && ran.err.contains("cannot be reached"), "{ran:#?}");
}

#[test]
fn what_was_approved_says_so_too() {
    let stub = Stub::new("wecom");
    let site = Site::new().with_robot(&stub.url(), None);
    drain(&site);
    assert_eq!(site.desk.run(&["plan", "--out", "p"]).code, 0);
    assert_eq!(site.desk.run(&["approve", "p"]).code, 0);
    let ran = site.desk.run(&["apply", "--approved", "--notify", "wecom", "--poll-interval", "20ms"]);
    assert_eq!((ran.code, stub.received().len()), (0, 2), "{ran:#?}");
}

//! Each robot: what it is sent, what its refusals come to, and what nobody gets to see.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::stub::{Mood, Stub};
use super::{SECRET, SPEC, Site, TOKEN, items};

const ROBOTS: [&str; 5] = ["dingtalk", "feishu", "wecom", "slack", "webhook"];

/// Insists that neither token nor secret stands in a text.
fn assert_secretless(text: &str, what: &str) {
    for secret in [TOKEN, SECRET] {
        assert!(!text.contains(secret), "{what} shows {secret}: {text}");
    }
}

/// Insists that no file below a directory holds token or secret.
fn assert_secretless_files(directory: &Path) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_secretless_files(&path);
        } else {
            assert_secretless(&String::from_utf8_lossy(&fs::read(&path).unwrap()), &path.display().to_string());
        }
    }
}

#[test]
fn each_is_told_once_in_its_own_words_signed_as_it_wants() {
    for kind in ROBOTS {
        let stub = Stub::signed(kind);
        let site = Site::new().with_robot(&stub.url(), Some(SECRET));
        let drift = format!("--notify {kind} --log trace");
        assert_eq!(site.drift(&drift).code, 0);
        assert_eq!(stub.received().len(), 0, "{kind}: that all is well is no news");
        site.console(&["alfa", "bravo"]);
        let ran = site.drift(&drift);
        let told = stub.received();
        assert!(ran.code == 2 && told.len() == 1 && told[0].was_taken, "{kind}: {ran:#?} {told:#?}");
        assert_secretless(&ran.text(), kind);
        if kind == "webhook" {
            assert_eq!(items(&told[0].json()), ["group idc", "drift alfa", "drift bravo"], "what is down comes first");
        } else {
            let text = told[0].text();
            let lines: Vec<&str> = text.lines().collect();
            assert_eq!(lines[0], "rictl drift in net-a: 1 site down, 2 found", "{kind}");
            assert!(lines[1].starts_with("group idc: 0 of 2 up, floor 1: DOWN, below its floor"), "{kind}: {text}");
            assert!(lines[2].starts_with("alfa: drifted") && lines[3].ends_with("; CHG-7"), "{kind}: {text}");
        }
        assert_eq!(site.drift(&drift).code, 2);
        assert_eq!(stub.received().len(), 0, "{kind}: it was told");
        site.console(&[]);
        assert_eq!(site.drift(&drift).code, 0);
        let over = String::from_utf8(stub.received().remove(0).body).unwrap();
        assert!(over.contains("back to normal") && over.contains("rictl"), "{kind}: {over}");
        assert_eq!(site.drift(&drift).code, 0);
        assert_eq!(stub.received().len(), 0, "{kind}: its end is told once");
        assert_secretless_files(site.desk.path());
    }
}

#[test]
fn what_it_refuses_is_said_in_its_words_and_told_at_the_next_run() {
    let refusals = [
        (
            "dingtalk",
            "200 OK",
            r#"{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}"#,
            "130101 send too fast",
        ),
        ("feishu", "200 OK", r#"{"code":11232,"msg":"frequency limited","data":{}}"#, "11232 frequency limited"),
        ("wecom", "200 OK", r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#, "93000 invalid webhook url"),
        ("slack", "410 Gone", "channel_is_archived", "410 Gone: channel_is_archived"),
        ("webhook", "503 Service Unavailable", "later, please", "503 Service Unavailable: later, please"),
    ];
    for (kind, status, body, said) in refusals {
        let stub = Stub::new(kind);
        let site = Site::new().with_robot(&stub.url(), None);
        site.console(&["bravo"]);
        stub.mood(Mood::Always(status, String::new(), body));
        let drift = format!("--notify {kind}");
        let ran = site.drift(&drift);
        assert_eq!(ran.code, 1, "{kind}: {ran:#?}");
        assert!(ran.err.contains(&format!("{kind} at 127.0.0.1")) && ran.err.contains(said), "{kind}: {ran:#?}");
        assert!(ran.out.contains("Drift: 1 of 2 moved"), "what was found is printed all the same: {ran:#?}");
        assert_secretless(&ran.text(), kind);
        stub.mood(Mood::Strict);
        let before = stub.received().len();
        assert_eq!((before, site.drift(&drift).code), (1, 2), "{kind}");
        assert_eq!(stub.received().iter().filter(|received| received.was_taken).count(), 1, "{kind}");
        assert_eq!((site.drift(&drift).code, stub.received().len()), (2, 0), "{kind}");
    }
}

#[test]
fn a_wrong_secret_names_both_clocks() {
    for (kind, code) in [("dingtalk", "310000"), ("feishu", "19021")] {
        let stub = Stub::signed(kind);
        let site = Site::new().with_robot(&stub.url(), Some("SECwrongwrong"));
        site.console(&["bravo"]);
        let ran = site.drift(&format!("--notify {kind}"));
        assert!(ran.code == 1 && ran.err.contains(&format!("{code} sign not match")), "{ran:#?}");
        assert!(ran.err.contains("this machine's clock says 20") && ran.err.contains("the robot's 20"), "{ran:#?}");
        assert!(!ran.text().contains("SECwrongwrong"), "{ran:#?}");
    }
}

#[test]
fn an_answer_that_repeats_the_token_is_shown_without_it() {
    let stub = Stub::new("webhook");
    let site = Site::new().with_robot(&stub.url(), Some(SECRET));
    site.console(&["bravo"]);
    let body: &'static str =
        Box::leak(format!("no hook {TOKEN}, signed with {SECRET}, at {}", stub.url()).into_boxed_str());
    stub.mood(Mood::Always("404 Not Found", String::new(), body));
    let ran = site.drift("--notify webhook");
    assert!(ran.code == 1 && ran.err.contains("404 Not Found: no hook ***, signed with ***, at ***"), "{ran:#?}");
    assert_secretless(&ran.text(), "an echo");
}

#[test]
fn no_redirect_is_followed() {
    for (kind, status) in
        [("dingtalk", "302 Found"), ("slack", "307 Temporary Redirect"), ("webhook", "308 Permanent Redirect")]
    {
        let (stub, elsewhere) = (Stub::new(kind), Stub::new(kind));
        let site = Site::new().with_robot(&stub.url(), None);
        site.console(&["bravo"]);
        stub.mood(Mood::Always(status, format!("Location: {}\r\n", elsewhere.url()), ""));
        let ran = site.drift(&format!("--notify {kind}"));
        assert!(ran.code == 1 && ran.err.contains("no redirect is followed"), "{ran:#?}");
        assert_eq!((stub.received().len(), elsewhere.received().len()), (1, 0), "{kind}");
        assert_secretless(&ran.text(), kind);
    }
}

#[test]
fn an_address_that_nothing_may_be_sent_to_is_refused_before_anything_is_read() {
    let site = Site::new();
    let log = |site: &Site| fs::read_to_string(site.desk.path().join("world.yaml.log.jsonl")).unwrap();
    let before = log(&site);
    let missing = site.drift("--notify dingtalk");
    assert!(missing.code == 1 && missing.err.contains("needs RICTL_NOTIFY_URL"), "{missing:#?}");
    let mut site = site;
    for (url, why) in [
        (format!("http://oapi.dingtalk.com/robot/send?access_token={TOKEN}"), "plain http goes to this machine alone"),
        (format!("https://ann:{TOKEN}@oapi.dingtalk.com/"), "must not hold a user name"),
        (format!("ftp://127.0.0.1/{TOKEN}"), "does not begin with https://"),
        (TOKEN.to_owned(), "is not a URL"),
    ] {
        site = site.with_robot(&url, None);
        for command in [vec!["drift", "--notify", "dingtalk"], vec!["apply", "--auto-approve", "--notify", "dingtalk"]]
        {
            let ran = site.desk.run(&command);
            assert!(ran.code == 1 && ran.err.contains(why), "{url}: {ran:#?}");
            assert_secretless(&ran.text(), &url);
        }
    }
    assert_eq!(log(&site), before, "nothing was asked of the cloud");
    let nobody = site.with_robot(&format!("http://127.0.0.1:1/{TOKEN}"), None);
    nobody.console(&["bravo"]);
    let ran = nobody.drift("--notify slack");
    assert!(ran.code == 1 && ran.err.contains("slack at 127.0.0.1:1 cannot be reached: "), "{ran:#?}");
    assert_secretless(&ran.text(), "nobody listens");
}

#[test]
fn a_spec_says_nothing_of_the_robot() {
    let site = Site::new();
    site.spec("name: net-a\n", "name: net-a\nnotify: {url: \"https://evil.example/\"}\n");
    let ran = site.drift("");
    assert!(ran.code == 1 && ran.err.contains("unknown key `notify`"), "{ran:#?}");
}

#[test]
fn whatever_is_found_fits_whole_lines_and_the_rest_is_counted() {
    let many = 1200;
    let reason = "线路维护：上海—北京 专线割接 <!channel> \\\"x\\\"";
    let interfaces: String = (0..many)
        .map(|number| format!("  link-{number:04}: {{id: ri-{number:04}, status: Active, reason: \"{reason}\"}}\n"))
        .collect();
    let world: String = (0..many).map(|number| format!("  - {{id: ri-{number:04}, status: Inactive}}\n")).collect();
    let head = SPEC.split("groups:").next().unwrap();
    let desk = crate::harness::binary::Desk::new(&format!("{head}interfaces:\n{interfaces}"));
    desk.file("world.yaml", &format!("regions: [cn-shanghai]\ninterfaces:\n{world}"));
    let mut site = Site { desk };
    for kind in ROBOTS {
        let stub = Stub::signed(kind);
        site = site.with_robot(&stub.url(), Some(SECRET));
        let ran = site.drift(&format!("--notify {kind}"));
        let told = stub.received();
        assert!(ran.code == 2 && told.len() == 1 && told[0].was_taken, "{kind}: {ran:#?}");
        if kind == "webhook" {
            assert_eq!(told[0].json()["items"].as_array().unwrap().len(), many);
            continue;
        }
        let text = told[0].text();
        let (shown, last) = (text.lines().count() - 2, text.lines().last().unwrap());
        assert_eq!(last, format!("… and {} more", many - shown), "{kind}");
        assert!(shown > 5 && text.starts_with("rictl drift in net-a: 1200 found\nlink-0000: "), "{kind}: {text}");
        assert!(text.contains("专线割接") && (kind != "slack" || !text.contains("<!channel>")), "{kind}");
    }
}

#[test]
fn a_webhook_gets_the_very_document_of_the_command() {
    let stub = Stub::signed("webhook");
    let site = Site::new().with_robot(&stub.url(), Some(SECRET));
    site.console(&["bravo"]);
    assert_eq!(site.drift("--notify webhook --notify-command ./tell").code, 2);
    let (posted, told): (Value, Vec<Value>) = (stub.received()[0].json(), site.told());
    assert_eq!(told, std::slice::from_ref(&posted));
    assert_eq!((items(&posted), &posted["ended"]), (vec!["drift bravo".to_owned()], &serde_json::json!([])));
}

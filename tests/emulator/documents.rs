//! World files and schedules as documents: what is understood, what is refused and where, what is generated.

use std::error::Error as _;
use std::time::Duration;

use jiff::SignedDuration;
use rictl::duration;
use rictl::emulator::{Fault, FaultKind, Format, GenerateOptions, Pairs, World, WorldSeed, generate};
use rictl::resource::Region;
use rictl::spec::{self, SpecFile};

use super::support::{epoch, seed};

fn why_not(text: &str) -> String {
    let error = match WorldSeed::parse(text, Format::Yaml) {
        Ok(seed) => World::new(seed, epoch()).unwrap_err(),
        Err(error) => error,
    };
    format!("{error}: {}", error.source().map(ToString::to_string).unwrap_or_default())
}

#[test]
fn an_unknown_key_is_refused_with_its_place() {
    let text = "interfaces:\n  - id: ri-a\n    stat: Active\n";
    let message = why_not(text);
    assert!(
        message.contains("unknown key, expected one of `id`, ") && message.contains("line 3, column 5"),
        "{message}"
    );
    let message = why_not("faults:\n  - fault: {explode: 1}\ninterfaces: []\n");
    assert!(message.contains("unknown word, expected one of `drop`, ") && message.contains("line 2"), "{message}");
    assert!(why_not("interfaces: [{id: a, opposite: [1]}]").contains("the id of an interface of this world"));
}

/// The hint of every such error is that the page has them all.
#[test]
fn the_page_of_worlds_has_every_key() {
    let page = std::fs::read_to_string("docs/reference/emulator.md").unwrap();
    let texts = [
        "x: 1",
        "settle: {x: 1}",
        "latency_tail: {x: 1}",
        "quota: {x: 1}",
        "lag: {x: 1}",
        "metadata: {x: 1}",
        "accounts: [{x: 1}]",
        "accounts: [{id: '1', access_keys: [{x: 1}]}]",
        "interfaces: [{x: 1}]",
        "routes: [{x: 1}]",
        "routes: [{next_hops: [{x: 1}]}]",
        "traffic: {ri-a: {x: 1}}",
        "faults: [{x: 1}]",
    ];
    for text in texts {
        let message = why_not(text);
        // The word of a fault has a table of its own.
        let keys: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
        assert!(keys.len() > 1 || message.contains("expected `"), "{text}: {message}");
        for key in keys {
            assert!(
                page.contains(&format!("{key}:")) || page.contains(&format!("`{key}`")) || key == "fault",
                "{key} of {text}"
            );
        }
    }
}

#[test]
fn every_contradiction_is_named_at_once() {
    let message = why_not(
        "
account: '1'
accounts: [{id: '1', access_keys: [{id: k}, {id: k, deny: [Vanish]}]}, {id: '1'}]
quota: {limit: 0, burst: 3}
max_filter_values: 0
faults: [{fault: {console: {interface: ri-gone, status: Inactive}}, action: Activate, region: cn-none, account: '9'}]
interfaces:
  - {id: ri-a, opposite: ri-a}
  - {id: ri-a, opposite: ri-none, account: '2'}
",
    );
    for part in [
        "exclude each other",
        "an access key of account 1 is given twice",
        "account 1 is described twice",
        "a limit of at least 1",
        "a burst is of `kind: bucket`",
        "max_filter_values and latency_tail.every are at least 1",
        "interface ri-gone, which the world does not have",
        "action Activate, which",
        "region cn-none, which",
        "account 9, which",
        "account 1 denies Vanish",
        "ri-a is described twice",
        "ri-a is its own opposite",
        "opposite ri-none of interface ri-a is not in this world",
        "belongs to account 2",
    ] {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
}

#[test]
fn an_account_number_needs_no_quotes() {
    assert_eq!(seed("account: 1234567890123456").account, Some("1234567890123456".into()));
}

#[test]
fn an_empty_file_is_an_empty_world() {
    assert_eq!(seed("# nothing yet\n"), WorldSeed::default());
    World::new(WorldSeed::default(), epoch()).unwrap();
}

#[test]
fn generated_worlds_repeat_themselves_and_read_back() {
    let options =
        GenerateOptions { interfaces: 101, regions: vec!["a".into(), "b".into(), "c".into()], routes: 5, seed: 7 };
    let generated = generate(&options);
    assert_eq!(generated, generate(&options));
    assert_ne!(generated, generate(&GenerateOptions { seed: 8, ..options.clone() }));
    for format in [Format::Yaml, Format::Json] {
        assert_eq!(WorldSeed::parse(&generated.to_text(format), format).unwrap(), generated);
    }
    let world = World::new(generated, epoch()).unwrap();
    let statuses = world.statuses(epoch());
    let active = statuses.values().filter(|status| status.as_str() == "Active").count();
    assert!(statuses.len() == 101 && (80..101).contains(&active), "{active} of {}", statuses.len());
}

#[test]
fn a_generated_world_needs_no_regions() {
    let generated = generate(&GenerateOptions { interfaces: 3, regions: vec![], routes: 0, seed: 0 });
    assert_eq!(generated.regions, [Region::from("cn-hangzhou")]);
    assert!(generated.routes.is_empty() && generated.traffic.is_empty());
}

#[test]
fn every_kind_of_fault_has_a_name_in_files() {
    let text = "
faults:
  - {fault: drop, after_effect: true, action: DeactivateRouterInterface, nth: 1}
  - {fault: hang, account: '1', region: cn-shanghai, interface: ri-a, every: 2, from: 3, until: 9}
  - {fault: {delay: 1s}, probability: 0.5, seed: 4}
  - {fault: {slow_body: 500ms}}
  - {fault: truncated_body}
  - {fault: garbage}
  - {fault: html}
  - {fault: empty_body}
  - {fault: empty_object}
  - {fault: {huge_body: 1000000000}}
  - {fault: {http_error: 502}}
  - {fault: redirect}
  - {fault: {throttled: 0s}}
  - {fault: {error: {code: OperationConflict, status: 409, message: busy}}}
  - {fault: denied}
  - {fault: nonce_used}
  - {fault: {clock_skew: 19m}}
  - {fault: token_expired}
  - {fault: {stale_reads: 10s}}
  - {fault: {status_word: Frozen}}
  - {fault: {health_check: Abnormal}}
  - {fault: other_id}
  - {fault: {total_count: 0}}
  - {fault: {short_page: 3}}
  - {fault: duplicate_row}
  - {fault: stuck_transition}
  - {fault: {flapping: {period: 2s, times: 4}}}
  - {fault: {console: {interface: ri-a, status: Inactive, at: 1m30s, by: alice}}}
";
    let faults = Fault::parse_schedule(text).unwrap();
    assert_eq!(faults.len(), 28);
    assert!(matches!(faults[16].fault, FaultKind::ClockSkew(ahead) if ahead.as_mins() == 19));
    let written = WorldSeed { faults: faults.clone(), ..WorldSeed::default() };
    for format in [Format::Yaml, Format::Json] {
        assert_eq!(WorldSeed::parse(&written.to_text(format), format).unwrap().faults, faults);
    }
}

/// Worlds and specs share one grammar, and say the same of what is not in it.
#[test]
fn durations_are_written_as_in_the_spec() {
    let read = seed("{settle: {activate: 1h30m, deactivate: 500ms}, latency: 0s, quota: {window: 1m1ms}}");
    assert_eq!(read.settle.activate, Duration::from_secs(5400));
    assert_eq!(read.settle.deactivate, Duration::from_millis(500));
    assert_eq!(read.quota.window, Duration::from_millis(60_001));
    for text in ["1 second", "1m 30s", "-5s", "5", "5.5", "PT5S", "1s1h"] {
        let spec = duration::parse(text).unwrap_err().to_string();
        for world in [
            format!("latency: {text}\n"),
            format!("settle:\n  activate: {text}\n"),
            format!("quota: {{window: {text}}}\n"),
            format!("faults: [{{fault: {{throttled: {text}}}}}]\n"),
            format!(
                "interfaces: [{{id: a}}]\nfaults: [{{fault: {{console: {{interface: a, status: Idle, at: {text}}}}}}}]\n"
            ),
        ] {
            let message = why_not(&world);
            assert!(message.contains(&spec) && message.contains("line "), "{world}: {message}");
        }
    }
    for (text, seconds) in [("-1h30m", -5400), ("19m", 1140)] {
        let faults = Fault::parse_schedule(&format!("faults: [{{fault: {{clock_skew: {text}}}}}]")).unwrap();
        assert!(matches!(faults[0].fault, FaultKind::ClockSkew(ahead) if ahead.as_secs() == seconds), "{text}");
    }
    assert!(why_not("faults: [{fault: {clock_skew: 1 second}}]").contains("whole numbers with the units"));
}

/// What a spec says of a timeout that is written so; empty where it takes it.
fn spec_says(text: &str) -> String {
    let spec = format!(
        "version: 1\ncloud: {{provider: emulator, region: cn-shanghai, world: w.yaml}}\ninterfaces:\n  a: {{id: ri-a, status: Active, timeouts: {{activate: {text}}}}}\n"
    );
    let parsed = spec::parse(vec![SpecFile { name: "rictl.yaml".to_owned(), bytes: spec.into_bytes() }]);
    parsed.err().map(|found| format!("{:?}", found.findings)).unwrap_or_default()
}

#[test]
fn a_spec_and_a_world_take_the_same_durations() {
    for (text, taken) in [("1 second", false), ("1h30m", true), ("500ms", true), ("1m 30s", false), ("90", false)] {
        let world = WorldSeed::parse(&format!("latency: {text}\n"), Format::Yaml);
        assert_eq!((spec_says(text).is_empty(), world.is_ok()), (taken, taken), "{text}: {}", spec_says(text));
        if let Err(error) = duration::parse(text) {
            let error = error.to_string();
            assert!(
                spec_says(text).contains(&error) && why_not(&format!("latency: {text}\n")).contains(&error),
                "{text}"
            );
        }
    }
}

#[test]
fn durations_that_a_world_writes_are_read_back() {
    for millis in [0, 1, 999, 60_000, 5_400_000, 90_061_001, u64::from(u32::MAX)] {
        let length = Duration::from_millis(millis);
        let ahead = SignedDuration::from_millis(i64::try_from(millis).unwrap());
        let kinds = [FaultKind::Delay(length), FaultKind::ClockSkew(ahead), FaultKind::ClockSkew(-ahead)];
        let mut written = WorldSeed { latency: length, ..WorldSeed::default() };
        written.settle.activate = length;
        written.quota.window = length;
        written.faults = kinds.map(Fault::new).to_vec();
        for format in [Format::Yaml, Format::Json] {
            assert_eq!(WorldSeed::parse(&written.to_text(format), format).unwrap(), written);
        }
    }
}

#[test]
fn pairs_are_apart_or_together_and_nothing_else() {
    assert_eq!(seed("pairs: together").pairs, Pairs::Together);
    assert_eq!(seed("pairs: apart"), WorldSeed::default());
    assert!(seed("pairs: together").to_text(Format::Yaml).contains("pairs: together"));
    let message = why_not("regions: [cn-shanghai]\npairs: both\n");
    assert!(message.contains("unknown word, expected `apart` or `together`"), "{message}");
    assert!(message.contains("line 2, column 8"), "{message}");
}

#[test]
fn what_routes_and_traffic_get_wrong_is_told_with_its_place() {
    let route = |more: &str| {
        format!("interfaces:\n  - {{id: ri-a, router: vrt-1}}\nroutes:\n  - {{table: vtb-1, router: vrt-1, {more}}}\n")
    };
    for (text, expected) in [
        (route("prefix: 10.8.0.1/16, next_hops: []"), "expected a destination such as `10.8.0.0/16`"),
        (route("prefix: 10.8.0.0/16, next_hops: [{id: ri-a, weight: 256}]"), "expected a whole number, not negative"),
        (route("prefix: 10.8.0.0/16, next_hops: [{id: ri-a, share: 1}]"), "unknown key, expected one of `id`, `type`"),
        (
            route("prefix: 10.8.0.0/16, next_hops: [{id: ri-a, type: Carrier}]"),
            "unknown word, expected one of `RouterInterface`",
        ),
        (route("prefix: 10.8.0.0/16"), "the key `next_hops` is missing"),
        ("interfaces:\n  - {id: ri-a}\ntraffic:\n  ri-a: {in: 1}\n".to_owned(), "the key `out` is missing"),
        ("interfaces:\n  - {id: ri-a}\ntraffic:\n  ri-a: {in: -1, out: 1}\n".to_owned(), "expected a whole number"),
        (
            "interfaces:\n  - {id: ri-a}\ntraffic:\n  ri-a: {in: 1, out: 1}\n  ri-a: {in: 2, out: 2}\n".to_owned(),
            "an id stands here for the second time",
        ),
        ("interfaces: []\n\n\ninactive_next_hops: gone\n".to_owned(), "unknown word, expected `enabled` or `disabled`"),
        ("interfaces: []\n\n\nlag: {cloud_monitor: 3}\n".to_owned(), "a duration needs a unit"),
    ] {
        let message = why_not(&text);
        assert!(message.contains(expected) && message.contains("line "), "{text}: {message}");
    }
}

#[test]
fn every_contradiction_of_routes_and_traffic_is_named_at_once() {
    let message = why_not(
        "
regions: [cn-a, cn-b]
interfaces: [{id: ri-a, router: vrt-1}, {id: ri-b, router: vrt-2}, {id: ri-c, router: vrt-3}, {id: ri-d, router: vrt-3, region: cn-b}]
routes:
  - {table: vtb-1, router: vrt-9, prefix: 10.1.0.0/16, next_hops: [{id: ri-a}]}
  - {table: vtb-1, router: vrt-1, prefix: 10.2.0.0/16, next_hops: [{id: ri-b}]}
  - {table: vtb-1, router: vrt-1, prefix: 10.2.0.0/16, next_hops: [{id: ri-none}, {id: ri-a}, {id: ri-a}]}
  - {table: vtb-1, router: vrt-2, prefix: 10.3.0.0/16, next_hops: []}
  - {table: vtb-1, router: vrt-1, prefix: 10.4.0.0/16, next_hops: [{id: i-1, type: Instance, weight: 1}]}
  - {table: vtb-3, router: vrt-3, prefix: 10.5.0.0/16, next_hops: [{id: ri-c}]}
traffic: {ri-none: {in: 0, out: 0}}
",
    );
    for part in [
        "the route to 10.1.0.0/16 in table vtb-1 names router vrt-9, of which the world has no interface",
        "the route to 10.2.0.0/16 in table vtb-1 is of router vrt-1, and its next hop ri-b is an interface of router vrt-2",
        "the route to 10.2.0.0/16 in table vtb-1 is described twice",
        "names next hop ri-none, which the world does not have",
        "names next hop ri-a twice",
        "table vtb-1 is of router vrt-1 and of router vrt-2",
        "the route to 10.3.0.0/16 in table vtb-1 has no next hop",
        "weight and enabled are of router interfaces, not of i-1",
        "names router vrt-3, whose interfaces are in several accounts or regions",
        "traffic names interface ri-none, which the world does not have",
    ] {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
}

#[test]
fn routes_and_traffic_that_a_world_writes_are_read_back() {
    let written = seed(
        "
interfaces: [{id: ri-a, router: vrt-1}]
inactive_next_hops: disabled
lag: {cloud_monitor: 3m, action_trail: 90s}
routes:
  - {table: vtb-1, router: vrt-1, prefix: 10.8.0.0/16, next_hops: [{id: ri-a, weight: 0, enabled: false}]}
  - {table: vtb-1, router: vrt-1, prefix: 0.0.0.0/0, next_hops: [{id: i-1, type: Instance}]}
traffic: {ri-a: {in: 18446744073709551615, out: 0, age: 30m}}
",
    );
    for format in [Format::Yaml, Format::Json] {
        assert_eq!(WorldSeed::parse(&written.to_text(format), format).unwrap(), written);
    }
}

#[test]
fn the_worlds_that_the_page_shows_are_worlds() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference/emulator.md")).unwrap();
    let blocks: Vec<&str> = page.split("```yaml\n").skip(1).map(|block| block.split("```").next().unwrap()).collect();
    assert!(!blocks.is_empty());
    for block in blocks {
        World::new(seed(block), epoch()).unwrap();
    }
}

//! The state's format: round trip, every kind of damage, older and newer versions.

use proptest::prelude::*;
use rictl::resource::Status;
use rictl::state::{FORMAT_VERSION, Unreadable, decode, encode, version};

use super::arrange::{at, state_of};

#[test]
fn equal_states_give_equal_bytes_and_come_back() {
    for count in [0, 1, 2, 30] {
        let state = state_of(count);
        let bytes = encode(&state);
        assert_eq!(decode(&bytes), Ok(state.clone()));
        assert_eq!(encode(&state.clone()), bytes);
    }
}

#[test]
fn writes_one_interface_a_line() {
    let text = String::from_utf8(encode(&state_of(2))).unwrap();
    insta::assert_snapshot!(text, @r#"
        {
          "format_version": 3,
          "lineage": "lineage-1",
          "serial": 7,
          "target": {"provider":"emulator","account_id":"1234567890123456","endpoint":"http://127.0.0.1:4020"},
          "last_run": "20261123T120000.001Z-1a2b3c",
          "interfaces": [
            {"address": "link-000000","id":"ri-2zeo3xzyf38r4urlink-000000","region":"cn-shanghai","declared":"Inactive","observed":{"status":"Inactive","since":"2026-11-23T12:00:05.25Z","at":"2026-11-23T12:00:06.25Z"},"protected":true,"group":"idc-shanghai","last_action":{"run_id":"20261123T120000.001Z-1a2b3c","step":"link-000000/deactivate","action":"DeactivateRouterInterface","request_id":"4EC47282-1B74-4534-BD0E-403F3EE64CAF","started_at":"2026-11-23T12:00:00.26Z","finished_at":"2026-11-23T12:00:05.25Z","outcome":"done","found":"Inactive","uptime":{"boot":"7f0a3f0e-5a3c-4d53-9f0a-0d3c1b2a4e5f","ms":86400000},"has_moved_since":true},"straggler":{"action":"DeactivateRouterInterface","at":"2026-11-23T12:00:04.25Z"}},
            {"address": "link-000001","id":"ri-2zeo3xzyf38r4urlink-000001","region":"cn-shanghai","declared":"Inactive","observed":{"status":"Inactive","since":"2026-11-23T12:00:05.25Z","at":"2026-11-23T12:00:06.25Z"}}
          ],
          "checksum": "sha256:1c500bed9b556fb5db4a0c79234f220e05f475c7476f7c13cbf234b3807dae03"
        }
        "#);
}

#[test]
fn every_truncation_is_damage() {
    let bytes = encode(&state_of(2));
    for length in 0..bytes.len() {
        let result = decode(&bytes[..length]);
        assert!(matches!(result, Err(Unreadable::Damaged(_))), "cut at {length}: {result:?}");
    }
}

#[test]
fn no_flipped_bit_passes() {
    let bytes = encode(&state_of(2));
    for position in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[position] ^= 1 << bit;
            assert!(decode(&flipped).is_err(), "bit {bit} of byte {position}");
        }
    }
}

#[test]
fn nothing_is_not_a_new_state() {
    for bytes in [&b""[..], b" \n\t ", &[0; 4096], b"\n\0\0"] {
        assert!(matches!(decode(bytes), Err(Unreadable::Damaged(_))), "{bytes:?}");
    }
}

#[test]
fn an_edit_by_hand_is_told_from_a_cut_file() {
    let text = String::from_utf8(encode(&state_of(2))).unwrap();
    let edited = text.replace("\"declared\":\"Inactive\"", "\"declared\":\"Active\"");
    let Err(Unreadable::Damaged(detail)) = decode(edited.as_bytes()) else { panic!("an edit passed") };
    assert_eq!(detail.english(), "its checksum does not fit its content: it was edited by hand, or damaged");

    let Err(Unreadable::Damaged(detail)) = decode(&text.as_bytes()[..text.len() / 2]) else { panic!("a cut passed") };
    assert!(detail.english().starts_with("it ends too early"), "{detail}");
}

#[test]
fn a_newer_version_is_refused_by_both_numbers() {
    let newer = br#"{"format_version": 9, "anything": {"else": [1, 2]}}"#;
    assert_eq!(decode(newer), Err(Unreadable::Newer { found: 9, supported: FORMAT_VERSION }));
}

#[test]
fn wrong_types_and_duplicate_keys_are_damage() {
    let v1 = include_str!("../fixtures/state/v1.json");
    for (from, to) in [
        ("\"format_version\": 1", "\"format_version\": \"1\""),
        ("\"format_version\": 1", "\"format_version\": 0"),
        ("\"format_version\": 1", "\"format_version\": 1, \"format_version\": 1"),
        ("\"serial\": 4", "\"serial\": -4"),
        ("\"serial\": 4", "\"serial\": 4, \"surprise\": 1"),
        ("\"sh-primary\": {", "\"sh-backup\": {"),
        ("\"declared\": \"Inactive\"", "\"declared\": \"Idle\""),
        ("{", "["),
    ] {
        let broken = v1.replacen(from, to, 1);
        assert_ne!(broken, v1);
        assert!(matches!(decode(broken.as_bytes()), Err(Unreadable::Damaged(_))), "{from} -> {to}");
    }
}

#[test]
fn version_1_is_upgraded() {
    let state = decode(include_bytes!("../fixtures/state/v1.json")).unwrap();
    let upgraded = include_str!("../fixtures/state/v1-upgraded.json");
    assert_eq!(String::from_utf8(encode(&state)).unwrap(), upgraded);
    assert_eq!(decode(upgraded.as_bytes()), Ok(state));
}

#[test]
fn version_2_is_upgraded() {
    let state = decode(include_bytes!("../fixtures/state/v2.json")).unwrap();
    let upgraded = include_str!("../fixtures/state/v2-upgraded.json");
    assert_eq!(String::from_utf8(encode(&state)).unwrap(), upgraded);
    assert_eq!(decode(upgraded.as_bytes()), Ok(state));
    assert_eq!(version(include_bytes!("../fixtures/state/v2.json")), 2);
}

#[test]
fn what_the_release_before_wrote_is_upgraded() {
    let state = decode(include_bytes!("../fixtures/state/killed/rictl.json")).unwrap();
    let record = &state.interfaces["a"];
    assert_eq!(record.last_action.as_ref().unwrap().outcome, Some(rictl::journal::Outcome::Done));
    assert_eq!(record.observed.at, record.observed.since, "the last time that was recorded stands in");
    assert!(state.anchor.is_none() && record.durations.is_empty());
}

#[test]
fn an_interface_that_stands_twice_is_damage() {
    let text = String::from_utf8(encode(&state_of(2))).unwrap();
    let twice = text.replace("ri-2zeo3xzyf38r4urlink-000001", "ri-2zeo3xzyf38r4urlink-000000");
    let (content, _) = twice.rsplit_once("\n  \"checksum\"").unwrap();
    let sealed = format!("{content}\n  \"checksum\": \"sha256:{}\"\n}}\n", sha256(content.as_bytes()));
    let Err(Unreadable::Damaged(detail)) = decode(sealed.as_bytes()) else { panic!("it passed") };
    assert!(detail.english().contains("stands twice: link-000000, link-000001"), "{detail}");
}

fn sha256(content: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn an_unknown_status_and_hostile_text_come_back_as_they_were() {
    let mut state = state_of(1);
    let record = state.interfaces.values_mut().next().unwrap();
    record.observed.status = Some(Status::Unknown("Wob\"bling\u{202e}\n".into()));
    record.group = Some("\\\u{1b}[31m".into());
    assert_eq!(decode(&encode(&state)), Ok(state));
}

#[test]
fn the_same_status_keeps_its_since() {
    let mut state = state_of(1);
    let observed = &mut state.interfaces.values_mut().next().unwrap().observed;
    observed.update(Some(Status::Inactive), at(9_000), None);
    assert_eq!(observed.since, at(5_000));
    observed.update(Some(Status::Active), at(9_001), None);
    assert_eq!(observed.since, at(9_001));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decode(&bytes).is_err());
    }

    #[test]
    fn any_mutation_is_noticed(position: prop::sample::Index, byte: u8, delete in 0_usize..40) {
        let bytes = encode(&state_of(3));
        let start = position.index(bytes.len());
        let end = (start + delete).min(bytes.len());
        let mutated = [&bytes[..start], &[byte], &bytes[end..]].concat();
        prop_assume!(mutated != bytes);
        prop_assert!(decode(&mutated).is_err());
    }
}

/// Looked at by hand (`--ignored --nocapture`, release); what is asserted is only that it is whole.
#[test]
#[ignore = "a measurement"]
fn measures_a_large_state() {
    for count in [1_000, 10_000, 100_000] {
        let state = state_of(count);
        let begin = std::time::Instant::now();
        let bytes = encode(&state);
        let encoded = begin.elapsed();
        let begin = std::time::Instant::now();
        assert_eq!(decode(&bytes).unwrap().interfaces.len(), count);
        eprintln!("{count} records, {} bytes: encode {encoded:?}, decode {:?}", bytes.len(), begin.elapsed());
    }
}

#[test]
fn a_file_of_nothing_is_damaged_and_says_of_what() {
    for (bytes, what) in [
        (&b""[..], "it is empty"),
        (b" \n\t", "it holds nothing but blanks or NUL bytes"),
        (b"\0\0\n", "it holds nothing but blanks or NUL bytes"),
    ] {
        assert_eq!(decode(bytes), Err(Unreadable::Damaged(what.into())));
    }
}

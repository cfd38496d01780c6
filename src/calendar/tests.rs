#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::duration::DurationError;

const NOW: &str = "2026-11-29T15:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn zone(name: &str) -> Zone {
    Zone::named(name).unwrap()
}

fn read_in(text: &str, name: &str) -> Result<Timestamp, TimeError> {
    read(text, &zone(name), at(NOW), Toward::Future)
}

#[test]
fn reads_a_time_with_its_offset_a_local_one_and_a_bare_date() {
    for (text, name, wanted) in [
        ("2026-12-02T01:00:00+08:00", "Europe/Berlin", "2026-12-01T17:00:00Z"),
        ("2026-12-02T01:00:00Z", "Asia/Shanghai", "2026-12-02T01:00:00Z"),
        ("2026-12-02t01:00:00.25z", "Asia/Shanghai", "2026-12-02T01:00:00.250Z"),
        ("2026-12-02T01:00:00", "Asia/Shanghai", "2026-12-01T17:00:00Z"),
        ("2026-12-02 01:00", "Asia/Shanghai", "2026-12-01T17:00:00Z"),
        ("2026-12-02T01:00-03:30", "UTC", "2026-12-02T04:30:00Z"),
        ("2026-12-02", "Asia/Shanghai", "2026-12-01T16:00:00Z"),
        ("2026-12-02", "UTC", "2026-12-02T00:00:00Z"),
        // Brazil's daylight saving began at midnight: that day's first moment was one o'clock.
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00Z"),
        // Samoa left out a whole day.
        ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00Z"),
    ] {
        assert_eq!(read_in(text, name), Ok(at(wanted)), "{text} in {name}");
    }
}

#[test]
fn a_duration_counts_from_now_and_takes_days() {
    for (text, toward, wanted) in [
        ("7d", Toward::Past, "2026-11-22T15:00:00Z"),
        ("1d12h", Toward::Future, "2026-12-01T03:00:00Z"),
        ("90m", Toward::Past, "2026-11-29T13:30:00Z"),
        ("0s", Toward::Future, NOW),
        ("250ms", Toward::Future, "2026-11-29T15:00:00.250Z"),
    ] {
        assert_eq!(read(text, &Zone::utc(), at(NOW), toward), Ok(at(wanted)), "{text}");
    }
    assert_eq!(read_in("7w", "UTC"), Err(TimeError::NotADuration(DurationError::Malformed { days: true })));
    assert_eq!(read_in("12h1d", "UTC"), Err(TimeError::NotADuration(DurationError::Disordered { days: true })));
    assert_eq!(read_in("99999999999d", "UTC"), Err(TimeError::TooFar));
}

#[test]
fn a_local_time_that_is_skipped_is_the_first_after_it_and_one_that_occurs_twice_asks_for_its_offset() {
    // At two o'clock the clocks of Berlin go to three.
    for text in ["2026-03-29T02:00", "2026-03-29T02:30", "2026-03-29T02:59:59.999"] {
        assert_eq!(read_in(text, "Europe/Berlin"), Ok(at("2026-03-29T01:00:00Z")), "{text}");
    }
    assert_eq!(read_in("2026-03-29T03:00", "Europe/Berlin"), Ok(at("2026-03-29T01:00:00Z")));
    let twice = ["2026-10-25T02:30:00+02:00".to_owned(), "2026-10-25T02:30:00+01:00".to_owned()];
    assert_eq!(read_in("2026-10-25T02:30", "Europe/Berlin"), Err(TimeError::Twice(twice.clone())));
    assert_eq!(read_in(&twice[0], "Europe/Berlin"), Ok(at("2026-10-25T00:30:00Z")));
    assert_eq!(read_in(&twice[1], "Europe/Berlin"), Ok(at("2026-10-25T01:30:00Z")));
    assert_eq!(read_in("2026-10-25T03:00", "Europe/Berlin"), Ok(at("2026-10-25T02:00:00Z")));
}

#[test]
fn a_duration_has_no_sign_and_what_begins_as_a_time_is_none() {
    assert_eq!(read_in("-1h", "UTC"), Err(TimeError::Signed(Toward::Future)));
    assert_eq!(read_in("+90m", "UTC"), Err(TimeError::Signed(Toward::Future)));
    assert_eq!(read_in("-1", "UTC"), Err(TimeError::Neither));
    assert_eq!(read_in("2026-12-01T10:00 CST", "UTC"), Err(TimeError::NotATime(WrittenError::ZoneName)));
    assert_eq!(read_in("2027-13-01", "UTC"), Err(TimeError::NotATime(WrittenError::NoSuchDay)));
}

#[test]
fn what_is_no_time_is_refused() {
    for text in
        ["", "tomorrow", "2026-12-2", "2026/12/02", "2026-12-02T", "2026-12-02T1:00", "2026-12-02T01:00:00+8", "12:00"]
    {
        assert_eq!(Written::parse(text), Err(WrittenError::Malformed), "{text:?}");
    }
    for text in ["2026-02-29", "2026-13-01"] {
        assert_eq!(Written::parse(text), Err(WrittenError::NoSuchDay), "{text:?}");
    }
    for text in ["2026-12-02T24:00", "2026-12-02T23:60", "2026-12-02T01:00:00+24:00"] {
        assert_eq!(Written::parse(text), Err(WrittenError::NoSuchTime), "{text:?}");
    }
    for text in ["2026-12-02T01:00 CST", "2026-12-02 01:00:00 Europe/Berlin", "2026-12-02T01:00PDT"] {
        assert_eq!(Written::parse(text), Err(WrittenError::ZoneName), "{text:?}");
    }
    assert_eq!(Zone::named("Asia/Beijing"), None);
    assert_eq!(Zone::named("asia/shanghai"), None);
    assert_eq!(Zone::near("asia/shanghai").as_deref(), Some("Asia/Shanghai"));
    for name in ["Beijing", "beijng", "China", "PRC", "CST", "Asia/Beijing"] {
        assert_eq!(Zone::near(name).as_deref(), Some("Asia/Shanghai"), "{name}");
    }
    assert_eq!(Zone::near("Europe/Berln").as_deref(), Some("Europe/Berlin"));
    assert_eq!(Zone::near("IST"), None);
    assert_eq!(Zone::near("Shanghai").as_deref(), Some("Asia/Shanghai"));
}

#[test]
fn a_time_is_shown_in_its_zone_with_the_offset() {
    let moment = at("2026-12-01T17:00:00Z");
    let shown = |name: &str, at: Timestamp| (zone(name).shown(at), zone(name).stamp(at));
    let told = |shown: &str, stamp: &str| (shown.to_owned(), stamp.to_owned());
    assert_eq!(shown("Asia/Shanghai", moment), told("2026-12-02 01:00 +08:00", "2026-12-02T01:00:00+08:00"));
    assert_eq!(shown("UTC", moment), told("2026-12-01 17:00 +00:00", "2026-12-01T17:00:00Z"));
    let odd = at("2026-12-01T17:00:05.007Z");
    assert_eq!(shown("America/St_Johns", odd), told("2026-12-01 13:30:05.007 -03:30", "2026-12-01T13:30:05-03:30"));
}

proptest! {
    /// Whatever the zone: a moment's local time, written with its offset, means that moment.
    #[test]
    fn what_is_shown_means_what_it_says(second in 1_500_000_000i64..2_500_000_000, which in 0usize..6) {
        let names = ["UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"];
        let zone = zone(names[which]);
        let moment = Timestamp::from_second(second).unwrap();
        prop_assert_eq!(Written::parse(&zone.stamp(moment)).unwrap().at(&zone), Ok(moment));
        let instants = zone.instants(zone.local(moment));
        prop_assert!(instants.earlier() == moment || instants.later() == moment);
    }
}

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

fn read(body: &str) -> Result<Page, serde_json::Error> {
    page(body.as_bytes(), &Region::from("cn-shanghai"), RequestId("R".into()), BootTime::now())
}

fn listing(interface: &str) -> String {
    format!(r#"{{"RequestId":"R","TotalCount":1,"RouterInterfaceSet":{{"RouterInterfaceType":[{interface}]}}}}"#)
}

fn only(interface: &str) -> Observed {
    let mut page = read(&listing(interface)).unwrap();
    assert_eq!(page.interfaces.len(), 1);
    page.interfaces.remove(0)
}

#[test]
fn reads_a_real_initiator() {
    let found = only(
        r#"{"BusinessStatus":"Normal","CreationTime":"2019-06-03T08:20:08Z","AccessPointId":"ap-cn","Role":"InitiatingSide",
            "OppositeRouterId":"vrt-2","Spec":"Large.2","Status":"Idle","EndTime":"2999-09-08T16:00:00Z",
            "OppositeInterfaceSpec":"Negative","RouterInterfaceId":"ri-1","RouterType":"VBR","OppositeBandwidth":0,
            "OppositeVpcInstanceId":"vpc-1","HasReservationData":"false","OppositeInterfaceBusinessStatus":"Normal",
            "OppositeRouterType":"VRouter","OppositeRegionId":"cn-beijing","RouterId":"vbr-1","CrossBorder":false,
            "OppositeInterfaceOwnerId":"","Bandwidth":2048,"OppositeInterfaceId":"ri-2","ChargeType":"AfterPay"}"#,
    );
    assert_eq!(
        found,
        Observed {
            id: "ri-1".into(),
            region: "cn-shanghai".into(),
            status: Status::Idle,
            business_status: BusinessStatus::Normal,
            role: Some(Role::InitiatingSide),
            name: None,
            description: None,
            router_id: Some("vbr-1".into()),
            router_type: Some("VBR".into()),
            specification: Some("Large.2".into()),
            opposite: Opposite {
                interface_id: Some("ri-2".into()),
                region: Some("cn-beijing".into()),
                router_id: Some("vrt-2".into()),
                router_type: Some("VRouter".into()),
                owner_id: None,
                status: None,
                business_status: Some(BusinessStatus::Normal),
            },
        }
    );
}

#[test]
fn scalars_may_be_of_any_type_and_keep_every_digit() {
    let found = only(
        r#"{"RouterInterfaceId":"ri-1","Status":"ACTIVE","OppositeInterfaceOwnerId":123456789012345678901234567890,
            "Name":12,"Description":true,"Spec":1e3}"#,
    );
    assert_eq!(found.status, Status::Active);
    assert_eq!(found.opposite.owner_id, Some("123456789012345678901234567890".into()));
    assert_eq!(found.name.as_deref(), Some("12"));
    assert_eq!(found.description.as_deref(), Some("true"));
    assert_eq!(found.specification.as_deref(), Some("1e3"));
}

#[test]
fn unset_fields_are_nothing_whether_left_out_null_or_empty() {
    let bare = only(r#"{"RouterInterfaceId":"ri-1","Status":"Active"}"#);
    let empty = only(
        r#"{"RouterInterfaceId":"ri-1","Status":"Active","Name":"","Description":null,"Role":"","BusinessStatus":"",
            "OppositeInterfaceId":"","OppositeInterfaceStatus":"","OppositeInterfaceBusinessStatus":null}"#,
    );
    assert_eq!(bare, empty);
    assert_eq!(bare.opposite, Opposite::default());
    assert!(bare.counts_as_up());
}

#[test]
fn unknown_words_are_kept_and_unknown_fields_ignored() {
    let found = only(
        r#"{"RouterInterfaceId":"ri-1","Status":"Frozen","BusinessStatus":"Odd","Role":"ThirdSide","New":{"a":[1]},
            "Name":"\u001b[2J\u202e"}"#,
    );
    assert_eq!(found.status, Status::Unknown("Frozen".into()));
    assert_eq!(found.business_status, BusinessStatus::Unknown("Odd".into()));
    assert_eq!(found.role, None);
    assert_eq!(found.name.as_deref(), Some("\u{1b}[2J\u{202e}"));
}

#[test]
fn what_decides_must_be_there() {
    for body in [
        "{}",
        r#"{"RequestId":"R"}"#,
        r#"{"RequestId":"R","TotalCount":0}"#,
        r#"{"RequestId":"R","TotalCount":0,"RouterInterfaceSet":{}}"#,
        r#"{"RequestId":"R","RouterInterfaceSet":{"RouterInterfaceType":[]}}"#,
        r#"{"RequestId":"R","TotalCount":"many","RouterInterfaceSet":{"RouterInterfaceType":[]}}"#,
        r#"{"RequestId":"R","TotalCount":-1,"RouterInterfaceSet":{"RouterInterfaceType":[]}}"#,
        &listing(r#"{"Status":"Active"}"#),
        &listing(r#"{"RouterInterfaceId":"","Status":"Active"}"#),
        &listing(r#"{"RouterInterfaceId":"ri-1"}"#),
        &listing(r#"{"RouterInterfaceId":"ri-1","Status":""}"#),
        &listing(r#"{"RouterInterfaceId":"ri-1","Status":{}}"#),
        &listing("null"),
    ] {
        assert!(read(body).is_err(), "{body}");
    }
}

#[test]
fn an_empty_listing_is_a_page() {
    let page = read(r#"{"TotalCount":"0","RouterInterfaceSet":{"RouterInterfaceType":[]}}"#).unwrap();
    assert_eq!((page.total_count, page.interfaces.len()), (0, 0));
}

#[test]
fn reads_who_signs_whatever_the_type_of_the_number() {
    for account in [r#""1234567890123456""#, "1234567890123456"] {
        let body = format!(r#"{{"AccountId":{account},"Arn":"acs:ram::1:user/u"}}"#);
        assert_eq!(identity(body.as_bytes()).unwrap().account_id, "1234567890123456".into());
    }
    assert!(identity(b"{}").is_err());
    assert!(identity(br#"{"AccountId":"","Arn":""}"#).is_err());
}

#[test]
fn an_envelope_says_success_in_any_type_and_case() {
    for (body, success) in [
        (r#"{"Success":true}"#, Some(true)),
        (r#"{"Success":"True"}"#, Some(true)),
        (r#"{"success":false}"#, Some(false)),
        (r#"{"Success":"FALSE"}"#, Some(false)),
        ("{}", None),
    ] {
        assert_eq!(envelope(body.as_bytes()).unwrap().success, success, "{body}");
    }
    let lower = envelope(br#"{"requestId":"R","code":200,"message":"m"}"#).unwrap();
    assert_eq!((lower.request_id, lower.code.as_deref()), (Some(RequestId("R".into())), Some("200")));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, cases: 4096, ..Default::default() })]

    /// Whatever is cut out of an answer or put into it: no panic, and an id that nobody wrote is never read.
    #[test]
    fn a_mangled_answer_is_read_or_refused(
        cut in 0_usize..200,
        length in 0_usize..40,
        word in proptest::sample::select(vec!["", "{", "}", "]", "\"", "null", "[]", "{}", "-1", "1e999", "\\u0000", "\u{0}", ","]),
    ) {
        let body = listing(r#"{"RouterInterfaceId":"ri-1","Status":"Active","BusinessStatus":"Normal","Role":"InitiatingSide"}"#);
        let cut = cut.min(body.len());
        let end = (cut + length).min(body.len());
        let mangled = format!("{}{word}{}", &body[..cut], &body[end..]);
        if let Ok(page) = read(&mangled) {
            for observed in page.interfaces {
                // What is put in may be an escape, which the decoder turns into what it stands for.
                let written = mangled.replace("\\u0000", "\u{0}");
                proptest::prop_assert!(written.contains(observed.id.as_str()));
            }
        }
        envelope(mangled.as_bytes()).ok();
        identity(mangled.as_bytes()).ok();
    }
}

//! The cloud's own hosts, no endpoint given: through a proxy that leads to the emulator, with TLS and the real names.

use std::collections::BTreeSet;

use super::{APPLY, WORLD, spec};
use crate::harness::binary::Desk;
use crate::harness::emulator::{ACCOUNT, Emulator};
use crate::harness::relay::{AUTHORITY, Face, Relay, Script, Trouble};

const PASSWORD: &str = "pr0xy-p4ssword";

fn behind(emulator: &Emulator, script: Option<Script>) -> (Desk, Relay) {
    let relay = Relay::before(emulator.address(), Face::Proxy, script);
    let desk = Desk::new(&spec())
        .with_the_usual_key()
        .variable("SSL_CERT_FILE", AUTHORITY)
        .variable("HTTPS_PROXY", &format!("http://net:{PASSWORD}@{}", relay.address()));
    (desk, relay)
}

/// Returns which hosts were asked, and checks that each request named the host that it was sent to.
fn hosts(relay: &Relay) -> BTreeSet<String> {
    for seen in relay.seen() {
        assert_eq!(seen.connect.as_deref(), Some(format!("{}:443", seen.host).as_str()));
    }
    relay.seen().into_iter().map(|seen| format!("{} {}", seen.host, seen.action)).collect()
}

fn set<const N: usize>(hosts: [&str; N]) -> BTreeSet<String> {
    hosts.map(str::to_owned).into()
}

#[test]
fn every_service_is_asked_at_its_own_host() {
    let emulator = Emulator::serve(WORLD);
    let (desk, relay) = behind(&emulator, None);
    let ran = desk.quick_cloud(&APPLY);
    assert_eq!(ran.code, 0, "{}", ran.text());
    assert!(
        ran.out.contains("Target: alibaba account 1234567890123456 (https://vpc.cn-shanghai.aliyuncs.com)"),
        "{}",
        ran.out
    );
    let expected = set([
        "sts.aliyuncs.com GetCallerIdentity",
        "vpc.cn-shanghai.aliyuncs.com DeactivateRouterInterface",
        "vpc.cn-shanghai.aliyuncs.com DescribeRouteEntryList",
        "vpc.cn-shanghai.aliyuncs.com DescribeRouteTableList",
        "vpc.cn-shanghai.aliyuncs.com DescribeRouterInterfaces",
    ]);
    assert_eq!(hosts(&relay), expected);
}

#[test]
fn inside_a_vpc_the_internal_hosts_are_asked() {
    let emulator = Emulator::serve(WORLD);
    let (desk, relay) = behind(&emulator, None);
    let ran = desk.variable("ALIBABA_CLOUD_ENDPOINT_TYPE", "vpc").quick_cloud(&["plan"]);
    assert_eq!(ran.code, 0, "{}", ran.text());
    let expected = set([
        "sts-vpc.cn-shanghai.aliyuncs.com GetCallerIdentity",
        "vpc-vpc.cn-shanghai.aliyuncs.com DescribeRouteEntryList",
        "vpc-vpc.cn-shanghai.aliyuncs.com DescribeRouteTableList",
        "vpc-vpc.cn-shanghai.aliyuncs.com DescribeRouterInterfaces",
    ]);
    assert_eq!(hosts(&relay), expected);
}

#[test]
fn sts_may_be_elsewhere_and_roles_are_asked_there_too() {
    let emulator = Emulator::serve(WORLD);
    let (desk, relay) = behind(&emulator, None);
    let desk = desk.variable("ALIBABA_CLOUD_STS_ENDPOINT", "sts.cn-beijing.aliyuncs.com");
    let config = serde_json::json!({"current": "role", "profiles": [{
        "name": "role", "mode": "RamRoleArn", "access_key_id": "emulator", "access_key_secret": "emulator-secret",
        "ram_role_arn": format!("acs:ram::{ACCOUNT}:role/net-ops"), "ram_session_name": "rictl",
    }]});
    desk.file(".aliyun/config.json", &config.to_string());
    let ran = desk.quick_cloud(&["plan", "--profile", "role"]);
    assert_eq!(ran.code, 0, "{}", ran.text());
    let expected = set([
        "sts.cn-beijing.aliyuncs.com ",
        "sts.cn-beijing.aliyuncs.com GetCallerIdentity",
        "vpc.cn-shanghai.aliyuncs.com DescribeRouteEntryList",
        "vpc.cn-shanghai.aliyuncs.com DescribeRouteTableList",
        "vpc.cn-shanghai.aliyuncs.com DescribeRouterInterfaces",
    ]);
    assert_eq!(hosts(&relay), expected);
}

#[test]
fn sts_is_asked_where_the_variable_or_the_profile_says() {
    let emulator = Emulator::serve(WORLD);
    let profile = |place: [&str; 2]| {
        let mut profile = serde_json::json!({"name": "own", "mode": "AK",
            "access_key_id": "emulator", "access_key_secret": "emulator-secret"});
        profile[place[0]] = place[1].into();
        serde_json::json!({"current": "own", "profiles": [profile]}).to_string()
    };
    for (variable, place, host) in [
        (Some("cn-shanghai"), None, "sts.cn-shanghai.aliyuncs.com"),
        (None, Some(["sts_region", "cn-shanghai"]), "sts.cn-shanghai.aliyuncs.com"),
        (Some("cn-beijing"), Some(["sts_region", "cn-shanghai"]), "sts.cn-shanghai.aliyuncs.com"),
        (Some("cn-beijing"), Some(["sts_endpoint", "sts.cn-shanghai.aliyuncs.com"]), "sts.cn-shanghai.aliyuncs.com"),
    ] {
        let (mut desk, relay) = behind(&emulator, None);
        if let Some(region) = variable {
            desk = desk.variable("ALIBABA_CLOUD_STS_REGION", region);
        }
        let ran = match place {
            Some(place) => {
                desk.file(".aliyun/config.json", &profile(place));
                desk.quick_cloud(&["plan", "--profile", "own"])
            }
            None => desk.quick_cloud(&["plan"]),
        };
        assert_eq!(ran.code, 0, "{}", ran.text());
        assert!(hosts(&relay).contains(&format!("{host} GetCallerIdentity")), "{:?}", hosts(&relay));
    }
}

#[test]
fn sts_is_never_asked_in_plain_text() {
    let emulator = Emulator::serve(WORLD);
    let (desk, relay) = behind(&emulator, None);
    let ran = desk.variable("ALIBABA_CLOUD_STS_ENDPOINT", "http://sts.example.com").quick_cloud(&["plan"]);
    assert_eq!(ran.code, 1, "{}", ran.text());
    assert!(ran.flat().contains("ALIBABA_CLOUD_STS_ENDPOINT must be a host or an https:// URL"), "{}", ran.text());
    assert!(relay.seen().is_empty());
}

#[test]
fn a_proxy_that_wants_a_login_is_named_without_the_one_that_was_given() {
    let emulator = Emulator::serve(WORLD);
    let script = Script { after: None, trouble: Trouble::ProxySays(407), lasts: None };
    let (desk, relay) = behind(&emulator, Some(script));
    let ran = desk.quick_cloud(&["plan", "--log", "trace"]);
    assert_eq!(ran.code, 1, "{}", ran.text());
    let said = format!("cannot connect to sts.aliyuncs.com through the proxy {} (HTTPS_PROXY)", relay.address());
    assert!(ran.flat().contains(&said), "{}", ran.text());
    assert!(!ran.text().contains(PASSWORD), "{}", ran.text());
}

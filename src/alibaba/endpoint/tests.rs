#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

fn vpc(region: &str, network: Network) -> Option<String> {
    Endpoint::of_vpc(&Region::from(region), network).map(|endpoint| endpoint.to_string())
}

#[test]
fn every_region_has_its_own_host_but_the_documented_exceptions() {
    assert_eq!(vpc("cn-shanghai", Network::Public).as_deref(), Some("https://vpc.cn-shanghai.aliyuncs.com"));
    assert_eq!(vpc("cn-hangzhou", Network::Public).as_deref(), Some("https://vpc.cn-hangzhou.aliyuncs.com"));
    for region in ["cn-beijing-finance-1", "cn-shanghai-finance-1", "cn-shenzhen-finance-1"] {
        assert_eq!(vpc(region, Network::Public), Some(format!("https://vpc.{region}.aliyuncs.com")));
    }
    assert_eq!(vpc("cn-beijing-gov-1", Network::Public).as_deref(), Some("https://vpc.aliyuncs.com"));
    assert_eq!(vpc("cn-shanghai", Network::Vpc).as_deref(), Some("https://vpc-vpc.cn-shanghai.aliyuncs.com"));
}

#[test]
fn sts_is_central_except_inside_a_vpc() {
    let region = Region::from("cn-shanghai");
    let sts = |region, network| Endpoint::of_sts(region, network).map(|endpoint| endpoint.to_string());
    assert_eq!(sts(Some(&region), Network::Public).as_deref(), Some("https://sts.aliyuncs.com"));
    assert_eq!(sts(Some(&region), Network::Vpc).as_deref(), Some("https://sts-vpc.cn-shanghai.aliyuncs.com"));
    assert_eq!(sts(None, Network::Vpc).as_deref(), Some("https://sts.aliyuncs.com"));
}

#[test]
fn metrics_and_events_have_hosts_of_their_own() {
    let hosts = |region: &str, network| {
        let region = Region::from(region);
        let of = |endpoint: Option<Endpoint>| endpoint.unwrap().authority().to_owned();
        [of(Endpoint::of_metrics(&region, network)), of(Endpoint::of_trail(&region, network))]
    };
    for (region, network, metrics, trail) in [
        ("cn-shanghai", Network::Public, "metrics.cn-shanghai.aliyuncs.com", "actiontrail.cn-shanghai.aliyuncs.com"),
        (
            "cn-shanghai",
            Network::Vpc,
            "metrics-vpc.cn-shanghai.aliyuncs.com",
            "actiontrail-vpc.cn-shanghai.aliyuncs.com",
        ),
        ("cn-hangzhou-finance", Network::Public, "cms.cn-hangzhou-finance.aliyuncs.com", "actiontrail.aliyuncs.com"),
        (
            "cn-shenzhen-finance-1",
            Network::Public,
            "metrics.cn-shenzhen-finance-1.aliyuncs.com",
            "actiontrail.aliyuncs.com",
        ),
        (
            "cn-shanghai-finance-1",
            Network::Public,
            "metrics.cn-shanghai-finance-1.aliyuncs.com",
            "actiontrail.cn-shanghai-finance-1.aliyuncs.com",
        ),
    ] {
        assert_eq!(hosts(region, network), [metrics, trail], "{region}");
    }
    for region in ["", "evil.com/", "a@evil", "A"] {
        assert_eq!(Endpoint::of_metrics(&Region::from(region), Network::Public), None);
        assert_eq!(Endpoint::of_trail(&Region::from(region), Network::Vpc), None);
    }
}

#[test]
fn a_region_cannot_smuggle_a_host() {
    for region in ["", "evil.com/", "evil.com#", "a@evil", "a.b", "a b", "A", "a\n", "ü", &"a".repeat(64)] {
        assert_eq!(vpc(region, Network::Public), None, "{region:?}");
    }
}

#[test]
fn an_override_is_a_scheme_a_host_and_a_port() {
    for (text, shown, authority) in [
        ("https://vpc.example.com", "https://vpc.example.com", "vpc.example.com"),
        ("https://vpc.example.com:443/", "https://vpc.example.com", "vpc.example.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080", "[::1]:8080"),
        ("http://2130706433", "http://127.0.0.1", "127.0.0.1"),
    ] {
        let endpoint: Endpoint = text.parse().unwrap();
        assert_eq!((endpoint.to_string().as_str(), endpoint.authority()), (shown, authority), "{text}");
    }
}

#[test]
fn without_a_scheme_it_is_https_but_plain_http_to_this_machine() {
    for (text, shown) in [
        ("vpc.example.com", "https://vpc.example.com"),
        ("vpc.example.com:8443", "https://vpc.example.com:8443"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("localhost:8080", "http://localhost:8080"),
        ("[::1]:8080", "http://[::1]:8080"),
    ] {
        assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), shown);
    }
}

#[test]
fn an_override_with_anything_else_is_refused_without_quoting_it() {
    for (text, error) in [
        ("", EndpointError::NotAUrl),
        ("two words", EndpointError::NotAUrl),
        ("example.com:port", EndpointError::NotAUrl),
        ("user@example.com", EndpointError::UserInfo),
        ("example.com/path", EndpointError::MoreThanAHost),
        ("https://", EndpointError::NotAUrl),
        ("https://vpc.\texample.com", EndpointError::NotAUrl),
        ("file:///etc/passwd", EndpointError::Scheme),
        ("gopher://example.com", EndpointError::Scheme),
        ("https://user:hunter2@example.com", EndpointError::UserInfo),
        ("https://user@example.com", EndpointError::UserInfo),
        ("https://example.com/path", EndpointError::MoreThanAHost),
        ("https://example.com\\path", EndpointError::MoreThanAHost),
        ("https://example.com?query", EndpointError::MoreThanAHost),
        ("https://example.com#fragment", EndpointError::MoreThanAHost),
    ] {
        let refused = text.parse::<Endpoint>().unwrap_err();
        assert_eq!(refused, error, "{text}");
        assert!(!refused.to_string().contains("hunter2"));
    }
}

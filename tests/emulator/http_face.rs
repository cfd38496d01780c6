//! The wire: signatures, clock, nonces and keys, JSON and XML, the metadata service.

use std::time::Duration;

use rictl::clock::Clock;
use rictl::emulator::http::{ServeOptions, serve};
use rictl::emulator::{CallLog, Host, STS_VERSION};
use rictl::resource::RouterInterfaceId;

use super::support::{KEY, PAIR, REGION, SECRET, Server, after, authorize, epoch, form, pass, sign, world};

const LIST: &str = "DescribeRouterInterfaces";
const HERE: (&str, &str) = ("RegionId", REGION);

fn pretty(json: &str) -> String {
    serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(json).unwrap()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_listing_has_the_forms_of_the_real_one() {
    let server = Server::of(
        "{account: '1', regions: [cn-shanghai], interfaces: [{id: ri-a, name: \"<a>&b\", tags: {k: v}, opposite: {id: ri-z, region: cn-beijing, status: Active, account: '9007199254740993'}}]}",
    )
    .await;
    let received = server.call(LIST, &[HERE]).await;
    assert_eq!((received.status, received.headers["content-type"].as_str()), (200, "application/json;charset=utf-8"));
    assert_eq!(received.headers["date"], "Thu, 01 Jan 2026 00:00:00 GMT");
    let body = received.json();
    let request_id = body["RequestId"].as_str().unwrap();
    assert_eq!((request_id.len(), request_id), (36, received.headers["x-acs-request-id"].as_str()));
    let shown = received.body.replace(request_id, "[id]");
    insta::assert_snapshot!(pretty(&shown), @r#"
    {
      "PageNumber": 1,
      "PageSize": 10,
      "RequestId": "[id]",
      "RouterInterfaceSet": {
        "RouterInterfaceType": [
          {
            "AccessPointId": "ap-cn-shanghai-1",
            "Bandwidth": 1000,
            "BusinessStatus": "Normal",
            "ChargeType": "AfterPay",
            "ConnectedTime": "2024-01-01T00:00:00Z",
            "CreationTime": "2024-01-01T00:00:00Z",
            "CrossBorder": false,
            "EndTime": "2999-09-08T16:00:00Z",
            "FastLinkMode": false,
            "HasReservationData": false,
            "Ipv6Status": "off",
            "Name": "<a>&b",
            "OppositeInterfaceBusinessStatus": "Normal",
            "OppositeInterfaceId": "ri-z",
            "OppositeInterfaceOwnerId": 9007199254740993,
            "OppositeInterfaceStatus": "Active",
            "OppositeRegionId": "cn-beijing",
            "Role": "InitiatingSide",
            "RouterId": "vbr-a",
            "RouterInterfaceId": "ri-a",
            "RouterType": "VBR",
            "Spec": "Large.1",
            "Status": "Active",
            "Tags": {
              "Tags": [
                {
                  "Key": "k",
                  "Value": "v"
                }
              ]
            }
          }
        ]
      },
      "TotalCount": 1
    }
    "#);

    let xml = server.get(server.v1(LIST, &[HERE, ("Format", "XML")])).await;
    assert_eq!(xml.headers["content-type"], "text/xml;charset=utf-8");
    assert!(xml.body.contains("<DescribeRouterInterfacesResponse>"));
    assert!(xml.body.contains("<RouterInterfaceSet><RouterInterfaceType><AccessPointId>ap-cn-shanghai-1</AccessPointId><Bandwidth>1000</Bandwidth>"), "{}", xml.body);
    assert!(xml.body.contains("<Name>&lt;a&gt;&amp;b</Name>"));
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_a_format_is_xml() {
    let server = Server::of(PAIR).await;
    let mut parameters = server.v1("DeactivateRouterInterface", &[HERE, ("RouterInterfaceId", "ri-a")]);
    parameters.retain(|(name, _)| name != "Format");
    let received = server.get(parameters.clone()).await;
    let start = "<?xml version='1.0' encoding='UTF-8'?><DeactivateRouterInterfaceResponse><RequestId>";
    assert!(received.status == 200 && received.body.starts_with(start), "{}", received.body);
    let again = server.get(parameters).await;
    assert!(again.status == 400 && again.body.contains("<Error><Code>SignatureNonceUsed</Code>"), "{}", again.body);
}

#[tokio::test(start_paused = true)]
async fn an_error_body_has_all_documented_fields() {
    let server = Server::of(PAIR).await;
    let received = server.call("DeactivateRouterInterface", &[HERE, ("RouterInterfaceId", "ri-none")]).await;
    assert_eq!(received.status, 404);
    let body = received.json();
    assert_eq!(body["Code"], "InvalidRouterInterfaceId.NotFound");
    assert_eq!(body["Message"], "The specified RouterInterfaceId does not exist in our record.");
    assert_eq!(body["HostId"], server.address.to_string());
    let recommend = body["Recommend"].as_str().unwrap();
    assert!(recommend.starts_with("https://api.aliyun.com/troubleshoot?q=InvalidRouterInterfaceId.NotFound"));
    assert!(recommend.ends_with(body["RequestId"].as_str().unwrap()));
}

#[tokio::test(start_paused = true)]
async fn attributes_regions_and_identities_are_answered() {
    let server = Server::of(PAIR).await;
    let attribute = server.call("DescribeRouterInterfaceAttribute", &[HERE, ("InstanceId", "ri-a")]).await.json();
    assert_eq!((attribute["Status"].as_str(), attribute["Success"].as_bool()), (Some("Active"), Some(true)));
    assert_eq!((attribute["Code"].as_u64(), attribute["FastLinkMode"].as_str()), (Some(200), Some("false")));
    let unknown = server.call("DescribeRouterInterfaceAttribute", &[HERE, ("InstanceId", "ri-none")]).await;
    assert_eq!((unknown.status, unknown.json().as_object().unwrap().len()), (200, 1), "only the RequestId");
    let regions = server.call("DescribeRegions", &[]).await.json();
    assert_eq!(regions["Regions"]["Region"][0]["RegionId"], "cn-beijing");
    let identity = server.call("GetCallerIdentity", &[("Version", STS_VERSION)]).await.json();
    assert_eq!(
        (identity["AccountId"].as_str(), identity["IdentityType"].as_str()),
        (Some("1234567890123456"), Some("Account"))
    );
    assert_eq!(identity["Arn"], "acs:ram::1234567890123456:root");
}

#[tokio::test(start_paused = true)]
async fn v1_signs_query_and_form_together_and_keeps_empty_values() {
    let server = Server::of(PAIR).await;
    let mut parameters = server.v1(LIST, &[HERE, ("SignatureType", ""), ("Filter.1.Key", "Name")]);
    parameters.push(("Filter.1.Value.1".to_owned(), "a b+c*~/é".to_owned()));
    sign(&mut parameters, "POST", SECRET);
    let (query, body) = parameters.split_at(5);
    // An `x-acs-action` header alone does not make it V3.
    let head = format!(
        "POST /?{} HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded; charset=utf-8\r\nx-acs-action: {LIST}\r\n",
        form(query)
    );
    let received = server.raw(&head, &form(body)).await.unwrap();
    assert_eq!((received.status, received.json()["TotalCount"].as_u64()), (200, Some(0)), "{}", received.body);
}

#[tokio::test(start_paused = true)]
async fn v1_refuses_what_the_gateway_refuses() {
    let server = Server::of(PAIR).await;
    let with = |name: &str, value: &str| server.v1(LIST, &[HERE, (name, value)]);
    let cases = [
        (with("AccessKeyId", "nobody"), 404, "InvalidAccessKeyId.NotFound"),
        (with("Timestamp", "2025-12-31T23:44:59Z"), 400, "InvalidTimeStamp.Expired"),
        (with("Timestamp", "2026-01-01T00:15:01Z"), 400, "InvalidTimeStamp.Expired"),
        (with("Timestamp", "2026-01-01 00:00:00Z"), 400, "InvalidTimeStamp.Format"),
        (with("Timestamp", "now"), 400, "InvalidTimeStamp.Format"),
        (with("SignatureMethod", "HMAC-MD5"), 400, "InvalidSignatureMethod"),
        (with("SignatureVersion", "2.0"), 400, "InvalidSignatureVersion"),
        (with("Version", "2000-01-01"), 400, "InvalidVersion"),
        (with("Action", "DeleteVpc"), 404, "InvalidAction.NotFound"),
        (with("SecurityToken", "t"), 400, "InvalidSecurityToken.MismatchWithAccessKey"),
    ];
    for (parameters, http_status, code) in cases {
        let received = server.get(parameters).await;
        assert_eq!((received.status, received.code().as_str()), (http_status, code));
    }
    for name in
        ["Action", "Version", "AccessKeyId", "Timestamp", "SignatureNonce", "SignatureMethod", "SignatureVersion"]
    {
        let received = server.get(with(name, "")).await;
        assert_eq!((received.status, received.code()), (400, format!("Missing{name}")));
    }
    assert_eq!(server.get(with("Format", "YAML")).await.status, 400);
    let unsigned = server.raw(&format!("GET /?{} HTTP/1.1\r\n", form(&with("x", "y"))), "").await.unwrap();
    assert_eq!(unsigned.code(), "MissingSignature");
    assert_eq!(server.raw("DELETE /?Format=JSON HTTP/1.1\r\n", "").await.unwrap().code(), "UnsupportedHTTPMethod");
    assert_eq!(server.raw("GET /x?Format=JSON HTTP/1.1\r\n", "").await.unwrap().status, 404);
    let edge = server.get(with("Timestamp", "2026-01-01T00:15:00Z")).await;
    assert_eq!(edge.status, 200, "fifteen minutes are still inside the window");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_signature_shows_what_the_server_signed() {
    let server = Server::of(PAIR).await;
    let mut parameters = server.v1(LIST, &[HERE]);
    let expected = rictl::signature::v1::string_to_sign("GET", &parameters);
    sign(&mut parameters, "GET", "not the secret");
    let received = server.raw(&format!("GET /?{} HTTP/1.1\r\n", form(&parameters)), "").await.unwrap();
    assert_eq!((received.status, received.code().as_str()), (400, "SignatureDoesNotMatch"));
    let message = received.json()["Message"].as_str().unwrap().to_owned();
    assert_eq!(message.split_once("server string to sign is:").unwrap().1, expected);
}

#[tokio::test(start_paused = true)]
async fn a_nonce_is_refused_for_31_minutes_and_only_after_a_right_signature() {
    let server = Server::of(PAIR).await;
    let with_nonce = || server.v1(LIST, &[HERE, ("SignatureNonce", "same")]);
    let mut forged = with_nonce();
    forged.push(("Signature".to_owned(), "x".to_owned()));
    let received = server.raw(&format!("GET /?{} HTTP/1.1\r\n", form(&forged)), "").await.unwrap();
    assert_eq!(received.code(), "SignatureDoesNotMatch");
    assert_eq!(server.get(with_nonce()).await.status, 200);
    assert_eq!(server.get(with_nonce()).await.code(), "SignatureNonceUsed");
    pass(Duration::from_secs(31 * 60)).await;
    assert_eq!(server.get(with_nonce()).await.code(), "SignatureNonceUsed");
    pass(Duration::from_secs(1)).await;
    assert_eq!(server.get(with_nonce()).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn v3_answers_in_json_and_refuses_what_was_tampered_with() {
    let server = Server::of(PAIR).await;
    let query = [HERE, ("Filter.1.Key", "Status"), ("Filter.1.Value.1", "Active"), ("Empty", "")];
    let received = server.v3(LIST, &query, |_| {}).await;
    assert_eq!((received.status, received.json()["TotalCount"].as_u64()), (200, Some(1)), "{}", received.body);

    let set = |name: &'static str, value: &'static str| {
        move |headers: &mut std::collections::BTreeMap<String, String>| {
            headers.insert(name.to_owned(), value.to_owned());
        }
    };
    let cases: [(&str, &str, u16, &str); 8] = [
        ("x-acs-action", "DescribeRegions", 400, "SignatureDoesNotMatch"),
        ("x-acs-date", "2025-12-31T23:00:00Z", 400, "InvalidTimeStamp.Expired"),
        ("x-acs-date", "", 400, "MissingTimestamp"),
        ("x-acs-signature-nonce", "", 400, "MissingSignatureNonce"),
        ("x-acs-version", "", 400, "MissingVersion"),
        ("x-acs-security-token", "unsigned", 400, "InvalidSecurityToken.MismatchWithAccessKey"),
        ("authorization", "ACS3-HMAC-SHA256 Credential=emulator", 400, "IncompleteSignature"),
        ("authorization", "Bearer me", 400, "InvalidSignatureMethod"),
    ];
    for (name, value, http_status, code) in cases {
        let received = server.v3(LIST, &query, set(name, value)).await;
        assert_eq!((received.status, received.code().as_str()), (http_status, code), "{name}: {value}");
    }
    let partly = server
        .v3(LIST, &query, |headers| {
            headers.remove("authorization");
            let nonce = headers.remove("x-acs-signature-nonce").unwrap();
            let authorization = authorize(&query, headers, KEY, SECRET);
            headers.insert("authorization".to_owned(), authorization);
            headers.insert("x-acs-signature-nonce".to_owned(), nonce);
        })
        .await;
    assert_eq!(partly.code(), "IncompleteSignature");
    let xml = server.v3(LIST, &[HERE, ("Format", "xml")], |_| {}).await;
    assert!(xml.body.contains("<TotalCount>1</TotalCount>"));
}

#[tokio::test(start_paused = true)]
async fn temporary_keys_work_in_both_signatures_until_they_expire() {
    let server = Server::of(PAIR).await;
    let role = [
        ("Version", STS_VERSION),
        ("RoleArn", "acs:ram::1234567890123456:role/ops"),
        ("RoleSessionName", "test"),
        ("DurationSeconds", "900"),
    ];
    let issued = server.call("AssumeRole", &role).await.json()["Credentials"].clone();
    let text = |name: &str| issued[name].as_str().unwrap().to_owned();
    let (key, secret, token) = (text("AccessKeyId"), text("AccessKeySecret"), text("SecurityToken"));
    assert_eq!(issued["Expiration"], "2026-01-01T00:15:00Z");

    let v1 = async |token: Option<&str>, secret: &str| {
        let mut parameters = server.v1(LIST, &[HERE, ("AccessKeyId", &key)]);
        parameters.extend(token.map(|token| ("SecurityToken".to_owned(), token.to_owned())));
        sign(&mut parameters, "GET", secret);
        server.raw(&format!("GET /?{} HTTP/1.1\r\n", form(&parameters)), "").await.unwrap()
    };
    assert_eq!(v1(Some(&token), &secret).await.status, 200);
    assert_eq!(v1(Some(&token), SECRET).await.code(), "SignatureDoesNotMatch");
    assert_eq!(v1(None, &secret).await.code(), "MissingSecurityToken");
    assert_eq!(v1(Some("x"), &secret).await.code(), "InvalidSecurityToken.Malformed");
    assert_eq!(v1(Some(&secret), &secret).await.code(), "InvalidSecurityToken.MismatchWithAccessKey");
    let v3 = server
        .v3(LIST, &[HERE], |headers| {
            headers.remove("authorization");
            headers.insert("x-acs-accesskey-id".to_owned(), key.clone());
            headers.insert("x-acs-security-token".to_owned(), token.clone());
            let authorization = authorize(&[HERE], headers, &key, &secret);
            headers.insert("authorization".to_owned(), authorization);
        })
        .await;
    assert_eq!(v3.status, 200, "{}", v3.body);
    pass(Duration::from_secs(900)).await;
    assert_eq!(v1(Some(&token), &secret).await.code(), "InvalidSecurityToken.Expired");
}

#[tokio::test(start_paused = true)]
async fn a_role_is_assumed_with_oidc_without_a_signature() {
    let server = Server::of(PAIR).await;
    let role = "Version=2015-04-01&Format=JSON&RoleArn=acs:ram::1234567890123456:role/pod&RoleSessionName=pod&OIDCProviderArn=p&OIDCToken=t";
    let query = server.raw(&format!("POST /?Action=AssumeRoleWithOIDC&{role} HTTP/1.1\r\n"), "").await.unwrap();
    assert!(query.json()["Credentials"]["SecurityToken"].is_string());
    let head = "POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let body = server.raw(head, &format!("Action=AssumeRoleWithOIDC&{role}")).await.unwrap();
    assert_eq!(body.json()["AssumedRoleUser"]["Arn"], "acs:sts::1234567890123456:assumed-role/pod/pod");
    let other = server.raw("GET /?Action=GetCallerIdentity&Version=2015-04-01&Format=JSON HTTP/1.1\r\n", "").await;
    assert_eq!(other.unwrap().code(), "MissingAccessKeyId");
}

#[tokio::test(start_paused = true)]
async fn the_metadata_service_gives_the_role_its_keys() {
    let server = Server::of("{metadata: {role: ops, hardened: true}, regions: [cn-shanghai]}").await;
    let root = "/latest/meta-data/ram/security-credentials/";
    let refused = server.raw(&format!("GET {root} HTTP/1.1\r\n"), "").await.unwrap();
    assert_eq!(refused.status, 403);
    let without_ttl = server.raw("PUT /latest/api/token HTTP/1.1\r\n", "").await.unwrap();
    assert_eq!(without_ttl.status, 400);
    let ttl = "X-aliyun-ecs-metadata-token-ttl-seconds: 60\r\n";
    let token = server.raw(&format!("PUT /latest/api/token HTTP/1.1\r\n{ttl}"), "").await.unwrap().body;
    let get = async |path: &str| {
        let head = format!("GET {path} HTTP/1.1\r\nX-aliyun-ecs-metadata-token: {token}\r\n");
        server.raw(&head, "").await.unwrap()
    };
    assert_eq!(get(root).await.body, "ops");
    let issued = get(&format!("{root}ops")).await.json();
    assert_eq!(
        (issued["Code"].as_str(), issued["Expiration"].as_str()),
        (Some("Success"), Some("2026-01-01T01:00:00Z"))
    );
    assert_eq!(get(&format!("{root}other")).await.status, 404);
    pass(Duration::from_secs(60)).await;
    assert_eq!(get(root).await.status, 403);
}

#[tokio::test(start_paused = true)]
async fn transitions_show_on_the_wire_as_time_passes() {
    let server = Server::of(PAIR).await;
    server.call("DeactivateRouterInterface", &[HERE, ("RouterInterfaceId", "ri-a")]).await;
    let status = async || {
        let body = server.call(LIST, &[HERE]).await.json();
        body["RouterInterfaceSet"]["RouterInterfaceType"][0]["Status"].as_str().unwrap().to_owned()
    };
    assert_eq!(status().await, "Deactivating");
    pass(Duration::from_secs(2)).await;
    assert_eq!(status().await, "Inactive");
    assert_eq!(server.host.lock().unwrap().world().count(LIST).received, 2);
}

#[tokio::test(start_paused = true)]
async fn the_call_log_tells_everything_but_secrets() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("calls.jsonl");
    let faulty = PAIR.to_owned() + "faults: [{fault: drop, nth: 4}]";
    let server = Server::start(Host::in_memory(world(&faulty)), Some(CallLog::open(&path).unwrap())).await;
    let filter = [HERE, ("Filter.1.Key", "Name"), ("Filter.1.Value.1", "left"), ("PageSize", "50")];
    server.call(LIST, &filter).await;
    server.call("DeactivateRouterInterface", &[HERE, ("RouterInterfaceId", "ri-a")]).await;
    server.call("DeactivateRouterInterface", &[HERE, ("RouterInterfaceId", "ri-a")]).await;
    assert!(server.try_get(server.v1(LIST, &[HERE])).await.is_none());
    server.call(LIST, &[HERE, ("AccessKeyId", "nobody")]).await;
    server.v3("DescribeRegions", &[], |_| {}).await;
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains(SECRET));
    let records: Vec<&str> = text.lines().map(|line| line.rsplit_once(",\"request_id\":").unwrap().0).collect();
    insta::assert_snapshot!(records.join("\n"), @r#"
    {"time":"2026-01-01T00:00:00Z","signature":"V1","account":"1234567890123456","region":"cn-shanghai","action":"DescribeRouterInterfaces","query":{"Filter.1.Key":"Name","Filter.1.Value.1":"left","PageSize":"50"},"http_status":200,"mutated":false
    {"time":"2026-01-01T00:00:00Z","signature":"V1","account":"1234567890123456","region":"cn-shanghai","action":"DeactivateRouterInterface","interface":"ri-a","http_status":200,"mutated":true
    {"time":"2026-01-01T00:00:00Z","signature":"V1","account":"1234567890123456","region":"cn-shanghai","action":"DeactivateRouterInterface","interface":"ri-a","http_status":400,"code":"IncorrectRIStatus","mutated":false
    {"time":"2026-01-01T00:00:00Z","signature":"V1","account":"1234567890123456","region":"cn-shanghai","action":"DescribeRouterInterfaces","mutated":false,"spoiled":"Dropped"
    {"time":"2026-01-01T00:00:00Z","signature":"V1","action":"DescribeRouterInterfaces","http_status":404,"code":"InvalidAccessKeyId.NotFound","mutated":false
    {"time":"2026-01-01T00:00:00Z","signature":"V3","account":"1234567890123456","action":"DescribeRegions","http_status":200,"mutated":false
    "#);
}

#[tokio::test(start_paused = true)]
async fn only_loopback_is_served() {
    let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
    let host = std::sync::Arc::new(std::sync::Mutex::new(Host::in_memory(world(PAIR))));
    let options = ServeOptions { clock: Clock::starting_at(epoch()), call_log: None };
    let error = serve(host, listener, options, std::future::pending()).await.unwrap_err();
    assert!(error.to_string().contains("loopback"));
}

#[tokio::test(start_paused = true)]
async fn the_server_ends_when_it_is_told_to() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let host = Host::in_memory(world(&(PAIR.to_owned() + "faults: [{fault: hang}]")));
    let host = std::sync::Arc::new(std::sync::Mutex::new(host));
    let clock = Clock::starting_at(epoch());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let shutdown = async move { stopped.await.unwrap() };
    let serving = tokio::spawn(serve(host.clone(), listener, ServeOptions { clock, call_log: None }, shutdown));
    let server = Server::beside(address, host.clone(), clock);
    let hung = server.try_get(server.v1(LIST, &[HERE]));
    let ended = async {
        while host.lock().unwrap().world().count(LIST).received == 0 {
            tokio::task::yield_now().await;
        }
        stop.send(()).unwrap();
        serving.await.unwrap().unwrap();
    };
    let (answer, ()) = tokio::join!(hung, ended);
    assert!(answer.is_none(), "a hung answer is cut, not kept");
    let id = RouterInterfaceId::from("ri-a");
    assert_eq!(host.lock().unwrap().world().status(&id, after(0)).unwrap().as_str(), "Active");
}

#[tokio::test(start_paused = true)]
async fn a_denial_says_who_was_denied_what() {
    let server = Server::of(
        "accounts: [{id: '1', access_keys: [{id: emulator, user: eve, deny: [DescribeRegions]}]}]\ninterfaces: []",
    )
    .await;
    let answer = server.call("DescribeRegions", &[]).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "Forbidden.RAM"));
    let expected = serde_json::json!({
        "AuthAction": "vpc:DescribeRegions",
        "AuthPrincipalType": "SubUser",
        "AuthPrincipalOwnerId": "1",
        "AuthPrincipalDisplayName": "eve",
        "NoPermissionType": "ImplicitDeny",
        "PolicyType": "AccountLevelIdentityBasedPolicy",
    });
    assert_eq!(answer.json()["AccessDeniedDetail"], expected);
}

use super::*;

#[test]
fn plain_http_goes_only_to_this_machine_and_the_metadata_address() {
    for (text, allowed) in [
        ("https://sts.aliyuncs.com/", true),
        ("https://169.254.169.254/", true),
        ("http://127.0.0.1:8080/x", true),
        ("http://127.8.9.1/", true),
        ("http://[::1]:80/", true),
        ("http://localhost:80/", true),
        ("http://100.100.100.200/latest", true),
        ("http://2130706433/", true),
        ("http://100.100.100.201/", false),
        ("http://169.254.169.254/", false),
        ("http://10.0.0.1/", false),
        ("http://[::ffff:10.0.0.1]/", false),
        ("http://0.0.0.0/", false),
        ("http://example.com/", false),
        ("http://localhost.example.com/", false),
        ("http://127.0.0.1.nip.io/", false),
        ("http://127.0.0.1@example.com/", false),
        ("https://user@sts.aliyuncs.com/", false),
        ("https://:password@sts.aliyuncs.com/", false),
        ("file:///etc/passwd", false),
        ("gopher://127.0.0.1/", false),
        ("ftp://127.0.0.1/", false),
        ("data:,x", false),
        ("127.0.0.1", false),
        ("", false),
    ] {
        assert_eq!(checked_url(text).is_ok(), allowed, "{text}");
    }
}

#[tokio::test]
async fn a_closed_port_is_unreachable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let address = listener.local_addr().expect("a bound socket has an address");
    drop(listener);
    let url = checked_url(&format!("http://{address}/?secret=x")).expect("loopback is allowed");
    let client = client(&url, METADATA, None).expect("a client can be made");
    let failure = send(client.get(url)).await.err();
    assert!(
        matches!(&failure, Some(NoAnswer::Unreachable(text)) if text.contains("refused") && !text.contains("secret")),
        "{failure:?}"
    );
}

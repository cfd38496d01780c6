use super::*;

fn proxy(variables: &[(&str, &str)]) -> Option<Proxy> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Proxy::of(&Environment::new(variables, None))
}

#[test]
fn is_named_without_its_login() {
    for address in ["http://user:p@ss@proxy.corp:3128/", "user:pass@proxy.corp:3128", "proxy.corp:3128"] {
        let named = proxy(&[("https_proxy", address)]).expect("a variable names it");
        assert_eq!(named.describe(), "the proxy proxy.corp:3128 (https_proxy)");
        assert!(!format!("{named:?}").contains("ss@"), "{named:?}");
    }
    assert!(proxy(&[("HTTP_PROXY", "proxy.corp:3128")]).is_none());
}

#[test]
fn gets_the_login_of_its_address() {
    for (address, login) in [
        ("http://user:pass@proxy.corp:3128", Some("Basic dXNlcjpwYXNz")),
        ("http://user:p%40ss@proxy.corp:3128", Some("Basic dXNlcjpwQHNz")),
        ("http://user:p@ss@proxy.corp:3128", Some("Basic dXNlcjpwQHNz")),
        ("http://proxy.corp:3128", None),
    ] {
        let proxy = proxy(&[("HTTPS_PROXY", address)]).expect("a variable names it");
        assert_eq!(proxy.0.login.as_ref().and_then(|login| login.to_str().ok()), login, "{address}");
    }
}

#[test]
fn an_address_that_is_none_is_no_proxy() {
    for address in ["ftp://proxy.corp", "http://", "//", "not a url"] {
        assert!(proxy(&[("HTTPS_PROXY", address)]).is_none(), "{address}");
    }
}

#[test]
fn exceptions_are_read_as_other_tools_read_them() {
    const DOMAIN: &str = "https://vpc.shop.invalid";
    for (exceptions, url, is_direct) in [
        ("shop.invalid", DOMAIN, true),
        ("SHOP.invalid", DOMAIN, true),
        (".shop.invalid", DOMAIN, true),
        ("*.shop.invalid", DOMAIN, true),
        ("*.SHOP.invalid", "https://a.b.shop.invalid", true),
        ("shop.invalid.", DOMAIN, true),
        ("vpc.shop.invalid:443", DOMAIN, true),
        ("*.shop.invalid:443", DOMAIN, true),
        ("vpc.shop.invalid:8443", DOMAIN, false),
        ("vpc.shop.invalid:8443", "https://vpc.shop.invalid:8443", true),
        ("other.invalid:8443, shop.invalid", "https://vpc.shop.invalid:8443", true),
        ("other.invalid,vpc.shop.invalid", DOMAIN, true),
        ("other.invalid  vpc.shop.invalid", DOMAIN, true),
        (" , ,vpc.shop.invalid,", DOMAIN, true),
        ("op.invalid", DOMAIN, false),
        ("hop.invalid:443", DOMAIN, false),
        ("vpc.shop", DOMAIN, false),
        ("shop.*", DOMAIN, false),
        ("10.0.0.0/8", "https://10.1.2.3", true),
        ("10.0.0.0/8", "https://11.1.2.3", false),
        ("10.1.2.3", "https://10.1.2.3", true),
        ("10.1.2.3:443", "https://10.1.2.3", true),
        ("10.1.2.3:80", "https://10.1.2.3", false),
        ("2001:db8::/32", "https://[2001:db8::1]", true),
        ("2001:db8::1", "https://[2001:db8::1]", true),
        ("[2001:db8::1]", "https://[2001:db8::1]", true),
        ("[2001:db8::1]:443", "https://[2001:db8::1]", true),
        ("[2001:db8::1]:80", "https://[2001:db8::1]", false),
        ("", DOMAIN, false),
    ] {
        let proxy = proxy(&[("ALL_PROXY", "proxy:1"), ("NO_PROXY", exceptions)]).expect("a variable names it");
        let url = url.parse().expect("a URL");
        assert_eq!(proxy.serves(&url), !is_direct, "NO_PROXY={exceptions}: {url}");
    }
}

#[test]
fn a_star_leaves_no_proxy() {
    for exceptions in ["*", "shop.invalid, *"] {
        assert!(proxy(&[("HTTPS_PROXY", "proxy:1"), ("no_proxy", exceptions)]).is_none(), "{exceptions}");
    }
}

#[test]
fn neither_this_machine_nor_the_metadata_service_is_ever_proxied() {
    let proxy = proxy(&[("HTTPS_PROXY", "proxy:1")]).expect("a variable names it");
    for url in
        ["https://localhost", "https://127.0.0.9:1", "https://[::1]", "https://100.100.100.200", "http://shop.invalid"]
    {
        assert!(!proxy.serves(&url.parse().expect("a URL")), "{url}");
    }
}

#[test]
fn a_mutated_proxy_is_one_or_none_and_is_named_without_its_login() {
    let variables = b"http://ann:zzqx@proxy.example.com:3128\n.local, 10.0.0.0/8 *.example.com host:443 [::1]:80";
    let url = "https://vpc.cn-shanghai.aliyuncs.com/".parse().unwrap();
    crate::feed::feed("proxy", &[variables.to_vec()], |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return false };
        let (address, exceptions) = text.split_once('\n').unwrap_or((text, ""));
        let variables = [("HTTPS_PROXY", address), ("NO_PROXY", exceptions)];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let Some(proxy) = Proxy::of(&Environment::new(variables, None)) else { return false };
        // What a change copied elsewhere is no login.
        let is_login = address.contains("//ann:zzqx@") && address.matches("zzqx").count() == 1;
        assert!(!is_login || !proxy.describe().contains("zzqx"), "{}: {address}", proxy.describe());
        proxy.serves(&url)
    });
}

use proptest::prelude::*;

use super::*;

fn environment(variables: &[(&str, &str)]) -> Environment {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Environment::new(variables, Some(PathBuf::from("/home/u")))
}

fn no_file(_: &Path) -> Result<Option<SecretString>, String> {
    Ok(None)
}

#[test]
fn only_the_steps_of_files_read_files() {
    let environment = environment(&[]);
    for step in Step::DEFAULT {
        let read = std::cell::RefCell::new(Vec::new());
        let note = |path: &Path| {
            read.borrow_mut().push(path.display().to_string());
            Ok(None)
        };
        resolve(step, &environment, None, &note).ok();
        let expected: &[&str] = match step {
            Step::Config => &["/home/u/.aliyun/config.json"],
            Step::Ini => &["/home/u/.alibabacloud/credentials", "/home/u/.alibabacloud/credentials.ini"],
            _ => &[],
        };
        assert_eq!(*read.borrow(), expected);
    }
}

#[test]
fn without_a_home_the_files_are_absent() {
    let homeless = Environment::new([], None);
    for step in Step::NAMED {
        assert!(matches!(resolve(step, &homeless, None, &no_file), Err(Skipped::Absent { .. })));
    }
}

#[test]
fn the_sts_host_is_explicit_or_regional_or_central() {
    let host = |variables: &[(&str, &str)]| role_of("acs:ram::1:role/r", &environment(variables)).sts_endpoint;
    let region = ("ALIBABA_CLOUD_STS_REGION", "cn-beijing");
    assert_eq!(host(&[]), "sts.aliyuncs.com");
    assert_eq!(host(&[region]), "sts.cn-beijing.aliyuncs.com");
    assert_eq!(host(&[region, ("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED", "true")]), "sts-vpc.cn-beijing.aliyuncs.com");
    assert_eq!(host(&[region, ("ALIBABA_CLOUD_STS_ENDPOINT", "sts.example.com")]), "sts.example.com");
}

fn resolved(step: Step, variables: &[(&str, &str)], named: Option<&str>, text: &str) -> Result<Candidate, Skipped> {
    let read = |_: &Path| Ok(Some(SecretString::from(text)));
    resolve(step, &environment(variables), named, &read)
}

fn reason<T>(resolved: Result<T, Skipped>) -> String {
    match resolved.err().expect("it cannot be used") {
        Skipped::Absent { reason, .. } | Skipped::Unusable { reason, .. } => reason.to_string(),
        Skipped::Faulty { source, reason, .. } => format!("{source}: {reason}"),
    }
}

#[test]
fn what_stands_in_a_variable_or_a_profile_chooses_where_sts_is_asked() {
    let keys = [("ALIBABA_CLOUD_ACCESS_KEY_ID", "id"), ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "secret")];
    let chosen = |found: Result<Candidate, Skipped>| found.expect("it can be used").sts_endpoint;
    assert_eq!(chosen(resolved(Step::Environment, &keys, None, "")), None);
    let regional = [keys[0], keys[1], ("ALIBABA_CLOUD_STS_REGION", "cn-beijing")];
    let beijing = Some("sts.cn-beijing.aliyuncs.com");
    assert_eq!(chosen(resolved(Step::Environment, &regional, None, "")).as_deref(), beijing);
    let profile = r#"{"current":"p","profiles":[{"name":"p","mode":"AK","access_key_id":"i","access_key_secret":"s",
        "sts_region":"cn-hongkong"}]}"#;
    let hongkong = Some("sts.cn-hongkong.aliyuncs.com");
    assert_eq!(chosen(resolved(Step::Config, &regional, None, profile)).as_deref(), hongkong);
}

#[test]
fn one_badly_typed_profile_spoils_no_other() {
    let text = "{\"current\":\"good\",\"profiles\":[\n\
        {\"name\":\"bad\",\"mode\":\"AK\",\n\"access_key_id\":7},\n\
        3, {\"name\":[]},\n\
        {\"name\":\"good\",\"mode\":\"AK\",\"access_key_id\":\"i\",\"access_key_secret\":\"s\"}]}";
    assert!(resolved(Step::Config, &[], None, text).is_ok());
    let refusal = reason(resolved(Step::Config, &[], Some("bad"), text));
    assert_eq!(refusal, "line 3 column 17 is not what belongs there");
    let refusal = reason(resolved(Step::Config, &[], Some("gone"), text));
    assert!(refusal.starts_with("line 4 "), "{refusal}");
}

#[test]
fn json_under_the_variable_of_the_ini_file_is_read_as_config() {
    let variables = [("ALIBABA_CLOUD_CREDENTIALS_FILE", "/etc/keys.json")];
    let text = "\u{feff}\n {\"current\":\"prod\",\"profiles\":[\
        {\"name\":\"prod\",\"mode\":\"AK\",\"access_key_id\":\"i\",\"access_key_secret\":\"s\"}]}";
    let found = resolved(Step::Ini, &variables, None, text).expect("it is read");
    assert_eq!(found.source, "profile prod of /etc/keys.json");
}

#[test]
fn a_variable_that_is_no_text_is_named_and_ends_the_search() {
    for name in ["ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_PROFILE"] {
        let environment = environment(&[]).with_illegible([name.to_owned()]);
        let found = resolve(Step::Environment, &environment, None, &no_file);
        assert_eq!(reason(found), format!("environment variable {name}: it is not UTF-8 text"));
    }
    let elsewhere = environment(&[]).with_illegible(["PATH".to_owned(), "ALIBABA_CLOUD_REGION_ID".to_owned()]);
    assert!(matches!(resolve(Step::Environment, &elsewhere, None, &no_file), Err(Skipped::Absent { .. })));
}

#[test]
fn a_section_that_is_not_enabled_is_not_used() {
    let section = |enable: &str| {
        let text = format!("[default]\n{enable}type = access_key\naccess_key_id = i\naccess_key_secret = s\n");
        resolved(Step::Ini, &[], None, &text)
    };
    assert!(section("").is_ok() && section("enable = true\n").is_ok());
    assert_eq!(reason(section("enable = false\n")), "it is not enabled: `enable` is not true");
}

#[test]
fn keys_that_hold_what_no_key_holds_are_named_and_end_the_search() {
    const ID: &str = "ALIBABA_CLOUD_ACCESS_KEY_ID";
    const SECRET: &str = "ALIBABA_CLOUD_ACCESS_KEY_SECRET";
    for (id, secret, said) in [
        ("id\n", "secret", "environment variable ALIBABA_CLOUD_ACCESS_KEY_ID: it ends in a line end"),
        ("id", "secret\r\n", "environment variable ALIBABA_CLOUD_ACCESS_KEY_SECRET: it ends in a line end"),
        ("id", " secret", "environment variable ALIBABA_CLOUD_ACCESS_KEY_SECRET: it begins or ends with a blank"),
        ("id", "\"secret\"", "environment variable ALIBABA_CLOUD_ACCESS_KEY_SECRET: it stands in quotes"),
        ("\u{201c}id\u{201d}", "secret", "environment variable ALIBABA_CLOUD_ACCESS_KEY_ID: it stands in quotes"),
        ("i d", "secret", "environment variable ALIBABA_CLOUD_ACCESS_KEY_ID: it holds a blank"),
        ("id", "se\u{a0}cret", "environment variable ALIBABA_CLOUD_ACCESS_KEY_SECRET: it holds a blank"),
    ] {
        let found = resolved(Step::Environment, &[(ID, id), (SECRET, secret)], None, "");
        assert!(matches!(&found, Err(Skipped::Faulty { .. })), "{found:?}");
        assert!(reason(found).starts_with(said));
        let text = serde_json::json!({"current": "p", "profiles": [
            {"name": "p", "mode": "AK", "access_key_id": id, "access_key_secret": secret}]});
        let refusal = reason(resolved(Step::Config, &[], None, &text.to_string()));
        assert!(refusal.starts_with("access_key_"), "{refusal}");
    }
}

proptest! {
    #[test]
    fn no_file_makes_a_step_panic_or_quote_it(
        text in prop_oneof![
            ".{0,80}",
            "[\\[\\]{}\":,=#;a-z_ \n]{0,120}",
            r#"\{"current":"p","profiles":\[\{"name":"p","mode":"[A-Za-z]{0,12}","source_profile":"[pq]"\}\]\}"#,
        ],
    ) {
        let text = format!("{text}\nplanted-secret");
        let read = |_: &Path| Ok(Some(SecretString::from(text.as_str())));
        for step in Step::NAMED {
            let resolved = format!("{:?}", resolve(step, &environment(&[]), Some("p"), &read));
            prop_assert!(!resolved.contains("planted-secret"), "{}", resolved);
        }
    }
}

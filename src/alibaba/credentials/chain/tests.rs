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

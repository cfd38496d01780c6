//! What the profile in use names beside keys: region and endpoint, where the vendor's CLI looks when nothing else says one.

use secrecy::{ExposeSecret as _, SecretString};

use super::chain::{self, ReadFile, Step, config_path, profile_of};
use super::environment::Environment;
use super::file::{self, Privacy};
use super::profile::{Config, Profile};

/// Returns `region_id` of the profile `named`, of the one that the environment names, or of the current one.
///
/// What cannot be read names none: whoever uses the profile says why.
pub fn region_of_profile(environment: &Environment, named: Option<&str>) -> Option<String> {
    of_profile(environment, named, &mounted, |profile| profile.region_id.clone())
}

/// Returns `endpoint` of the same profile, likewise; none where keys of the environment are used instead of it.
pub fn endpoint_of_profile(environment: &Environment, named: Option<&str>) -> Option<String> {
    if named.is_none() && chain::resolve(Step::Environment, environment, None, &mounted).is_ok() {
        return None;
    }
    of_profile(environment, named, &mounted, |profile| profile.endpoint.clone())
}

/// A file that others can read is warned about where its keys are used.
fn mounted(path: &std::path::Path) -> Result<Option<SecretString>, String> {
    file::read(path, Privacy::Mounted)
}

fn of_profile(
    environment: &Environment,
    named: Option<&str>,
    read: ReadFile<'_>,
    value: impl Fn(&Profile) -> Option<String>,
) -> Option<String> {
    let other = environment.get("ALIBABA_CLOUD_CREDENTIALS_FILE").map(Into::into);
    config_path(environment).into_iter().chain(other).find_map(|path| {
        let text: SecretString = read(&path).ok()??;
        let config = Config::parse(text.expose_secret()).ok()?;
        let name = profile_of(environment, named).or(config.current.as_deref())?;
        value(config.find(name)?.ok()?).filter(|value| !value.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = r#"{"current": "prod", "profiles": [
        {"name": "prod", "mode": "AK", "region_id": "cn-beijing", "endpoint": "vpc-vpc.cn-beijing.aliyuncs.com"},
        {"name": "lab", "mode": "AK", "region_id": "cn-shenzhen"},
        {"name": "bare", "mode": "AK", "region_id": ""}]}"#;

    fn of(variables: &[(&str, &str)], named: Option<&str>) -> (Option<String>, Option<String>) {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let environment = Environment::new(variables, Some("/home/ann".into()));
        let read: ReadFile<'_> = &|path| Ok(path.ends_with(".aliyun/config.json").then(|| SecretString::from(CONFIG)));
        let of = |value: fn(&Profile) -> Option<String>| of_profile(&environment, named, read, value);
        (of(|profile| profile.region_id.clone()), of(|profile| profile.endpoint.clone()))
    }

    #[test]
    fn region_and_endpoint_are_those_of_the_profile_in_use() {
        let region = |variables, named| of(variables, named).0;
        assert_eq!(region(&[], None).as_deref(), Some("cn-beijing"));
        assert_eq!(region(&[("ALIBABA_CLOUD_PROFILE", "lab")], None).as_deref(), Some("cn-shenzhen"));
        assert_eq!(region(&[("ALIBABA_CLOUD_PROFILE", "lab")], Some("prod")).as_deref(), Some("cn-beijing"));
        assert_eq!(of(&[], Some("bare")), (None, None));
        assert_eq!(of(&[], Some("none")), (None, None));
        assert_eq!(of(&[("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "true")], None), (None, None));
        assert_eq!(of(&[], None).1.as_deref(), Some("vpc-vpc.cn-beijing.aliyuncs.com"));
        assert_eq!(of(&[], Some("lab")).1, None);
    }
}

//! The region that the profile in use names: where the vendor's CLI looks when nothing else says one.

use secrecy::{ExposeSecret as _, SecretString};

use super::chain::{ReadFile, config_path, profile_of};
use super::environment::Environment;
use super::file::{self, Privacy};
use super::profile::Config;

/// Returns `region_id` of the profile `named`, of the one that the environment names, or of the current one.
///
/// What cannot be read names none: whoever uses the profile says why.
pub fn region_of_profile(environment: &Environment, named: Option<&str>) -> Option<String> {
    // A file that others can read is warned about where its keys are used.
    region(environment, named, &|path| file::read(path, Privacy::Mounted))
}

fn region(environment: &Environment, named: Option<&str>, read: ReadFile<'_>) -> Option<String> {
    let other = environment.get("ALIBABA_CLOUD_CREDENTIALS_FILE").map(Into::into);
    config_path(environment).into_iter().chain(other).find_map(|path| {
        let text: SecretString = read(&path).ok()??;
        let config = Config::parse(text.expose_secret()).ok()?;
        let name = profile_of(environment, named).or(config.current.as_deref())?;
        let region = config.find(name)?.ok()?.region_id.clone()?;
        Some(region).filter(|region| !region.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = r#"{"current": "prod", "profiles": [
        {"name": "prod", "mode": "AK", "region_id": "cn-beijing"},
        {"name": "lab", "mode": "AK", "region_id": "cn-shenzhen"},
        {"name": "bare", "mode": "AK", "region_id": ""}]}"#;

    fn of(variables: &[(&str, &str)], named: Option<&str>) -> Option<String> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let environment = Environment::new(variables, Some("/home/ann".into()));
        region(&environment, named, &|path| {
            Ok(path.ends_with(".aliyun/config.json").then(|| SecretString::from(CONFIG)))
        })
    }

    #[test]
    fn is_that_of_the_profile_in_use() {
        assert_eq!(of(&[], None).as_deref(), Some("cn-beijing"));
        assert_eq!(of(&[("ALIBABA_CLOUD_PROFILE", "lab")], None).as_deref(), Some("cn-shenzhen"));
        assert_eq!(of(&[("ALIBABA_CLOUD_PROFILE", "lab")], Some("prod")).as_deref(), Some("cn-beijing"));
        assert_eq!(of(&[], Some("bare")), None);
        assert_eq!(of(&[], Some("none")), None);
        assert_eq!(of(&[("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "true")], None), None);
    }
}

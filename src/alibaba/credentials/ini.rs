//! `~/.alibabacloud/credentials`: ini sections, read as profiles.
//!
//! `key = value` or `key: value`, keys in any case, `#` starts a comment anywhere and `;` at the start of a
//! line, as the official libraries read it. An error names the line and never quotes it.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretString};

use super::profile::Profile;

type Section = BTreeMap<String, SecretString>;

/// The file.
pub(super) struct Ini(BTreeMap<String, Section>);

impl Ini {
    /// Reads the file's text.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut sections = BTreeMap::new();
        let mut current: Option<(String, Section)> = None;
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let wrong = |what: &str| format!("line {}: {what}", index + 1);
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() || line.starts_with(';') {
                continue;
            }
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                sections.extend(current.take());
                if sections.contains_key(name) {
                    return Err(wrong("this section appears twice"));
                }
                current = Some((name.to_owned(), Section::new()));
                continue;
            }
            let (key, value) =
                line.split_once(['=', ':']).ok_or_else(|| wrong("neither a section nor `key = value`"))?;
            let (_, section) = current.as_mut().ok_or_else(|| wrong("a key before the first section"))?;
            if section.insert(key.trim().to_ascii_lowercase(), value.trim().into()).is_some() {
                return Err(wrong("this key appears twice in its section"));
            }
        }
        sections.extend(current);
        Ok(Self(sections))
    }

    /// Returns the names of all sections.
    pub(super) fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    /// Returns a section as the profile that means the same; `Err` where its type cannot be used.
    pub(super) fn profile(&self, name: &str) -> Option<Result<Profile, String>> {
        let section = self.0.get(name)?;
        let text = |key: &str| section.get(key).map(|value| value.expose_secret().to_owned());
        let secret = |key: &str| section.get(key).cloned();
        // The official libraries load only what is enabled.
        if text("enable").is_some_and(|enable| !enable.eq_ignore_ascii_case("true") && enable != "1") {
            return Some(Err("it is not enabled: `enable` is not true".to_owned()));
        }
        let kind = text("type").unwrap_or_default();
        let mode = match kind.as_str() {
            "access_key" => "AK",
            "sts" => "StsToken",
            "ram_role_arn" => "RamRoleArn",
            "ecs_ram_role" => "EcsRamRole",
            "oidc_role_arn" => "OIDC",
            "" => return Some(Err("it has no type".to_owned())),
            "rsa_key_pair" | "bearer" => return Some(Err(format!("its type {kind} cannot sign these calls"))),
            _ => return Some(Err(format!("its type {kind} is not known"))),
        };
        Some(Ok(Profile {
            name: Some(name.to_owned()),
            mode: Some(mode.to_owned()),
            access_key_id: text("access_key_id"),
            access_key_secret: secret("access_key_secret"),
            sts_token: secret("security_token"),
            ram_role_name: text("role_name"),
            ram_role_arn: text("role_arn"),
            ram_session_name: text("role_session_name"),
            policy: text("policy"),
            external_id: text("external_id"),
            oidc_provider_arn: text("oidc_provider_arn"),
            oidc_token_file: text("oidc_token_file_path"),
            ..Profile::default()
        }))
    }
}

//! Which variables are nobody else's business. The list stands in SECURITY.md too.

use std::ffi::OsStr;

/// The variables of this program.
const OURS: &str = "RICTL_";

/// Beginnings of the names of credentials and of what leads to them: the vendor's, other stores', a CI's identity tokens.
const BEGINNINGS: [&str; 8] =
    ["ALIBABA_CLOUD_", "ALIBABACLOUD_", "ALICLOUD_", "ALIYUN_", "AWS_", "OSS_", "ACTIONS_ID_TOKEN_", "CI_JOB_JWT"];

/// Names of credentials.
const NAMES: [&str; 10] = [
    "ACCESS_KEY_ID",
    "ACCESS_KEY_SECRET",
    "SECURITY_TOKEN",
    "PGPASSWORD",
    "PGPASSFILE",
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "ACTIONS_RUNTIME_TOKEN",
    "CI_JOB_TOKEN",
    "SYSTEM_ACCESSTOKEN",
];

/// Returns whether a variable is this program's own.
pub(super) fn is_ours(name: &OsStr) -> bool {
    upper(name).starts_with(OURS)
}

/// Returns whether a variable is a credential, or leads to one. A proxy is one if it has a user in it.
pub(super) fn is_credential(name: &OsStr, value: &OsStr) -> bool {
    let name = upper(name);
    let has_user = name.ends_with("_PROXY") && value.as_encoded_bytes().contains(&b'@');
    has_user || NAMES.contains(&name.as_str()) || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

fn upper(name: &OsStr) -> String {
    name.to_string_lossy().to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_known_by_their_names_and_proxies_by_their_users() {
        let is = |name: &str, value: &str| is_credential(name.as_ref(), value.as_ref());
        for name in [
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
            "ALICLOUD_SECRET_KEY",
            "alibaba_cloud_security_token",
            "ALIBABA_CLOUD_CREDENTIALS_URI",
            "ALIBABACLOUD_X",
            "ALIYUN_X",
            "OSS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "PGPASSWORD",
            "GITHUB_TOKEN",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        ] {
            assert!(is(name, "x"), "{name}");
        }
        for name in ["PATH", "HOME", "LANG", "PROMETHEUS_URL", "GITHUB_ACTOR", "REGION_ID", "PGHOST"] {
            assert!(!is(name, "a@b"), "{name}");
        }
        assert!(is("https_proxy", "http://ann:pw@proxy:3128") && !is("https_proxy", "http://proxy:3128"));
        assert!(is_ours("RICTL_STATE".as_ref()) && !is_ours("RICTLX".as_ref()));
    }
}

//! What an entry of `interfaces` asks for, as one word.

use serde::Serialize;

use super::Interface;
use crate::resource::{Address, DesiredStatus, GroupName, RouterInterfaceId, Scope};
use crate::signature::sha256_hex;

/// The meaning of an entry: all of it but its name and its places.
#[derive(Serialize)]
struct Meaning<'a> {
    id: &'a RouterInterfaceId,
    scope: &'a Scope,
    status: DesiredStatus,
    group: Option<&'a GroupName>,
    depends_on: Vec<&'a Address>,
    reason: Option<&'a str>,
    protect: bool,
    hands_off: Option<(&'a str, Option<jiff::civil::Date>)>,
    activate_timeout_ms: Option<u128>,
    deactivate_timeout_ms: Option<u128>,
}

impl Interface {
    /// Returns a digest of what the entry means: comments, blanks, places and what it is called do not count. It is kept
    /// in journals and states, so that what is hashed is part of their format.
    pub fn digest(&self) -> String {
        let meaning = Meaning {
            id: &self.id.value,
            scope: &self.scope,
            status: self.status.value,
            group: self.group.as_ref().map(|group| &group.value),
            depends_on: self.needed().collect(),
            reason: self.reason.as_deref(),
            protect: self.protect.is_some(),
            hands_off: self.hands_off.as_ref().map(|hands_off| (hands_off.reason.as_str(), hands_off.until)),
            activate_timeout_ms: self.activate_timeout.map(|timeout| timeout.as_millis()),
            deactivate_timeout_ms: self.deactivate_timeout.map(|timeout| timeout.as_millis()),
        };
        let bytes = serde_json::to_vec(&meaning).expect("an entry has only string keys and finite numbers");
        format!("sha256:{}", sha256_hex(&bytes))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use crate::spec::{SpecFile, parse};

    fn digest(entry: &str) -> String {
        let text = format!("version: 1\ncloud: {{ provider: emulator, region: cn-shanghai }}\ninterfaces:\n{entry}");
        let spec = parse(vec![SpecFile { name: "rictl.yaml".to_owned(), bytes: text.into_bytes() }]).unwrap();
        spec.interfaces.values().next().unwrap().digest()
    }

    #[test]
    fn comments_blanks_places_and_names_do_not_count_and_everything_else_does() {
        let entry = digest("  a: { id: ri-a, status: Inactive, reason: works }\n");
        let alike = [
            "  # drained for the carrier\n  a:   { id: ri-a,   status: Inactive, reason: works }   # until Friday\n",
            "  a:\n    reason: works\n    status: Inactive\n    id: ri-a\n    region: cn-shanghai\n",
            "  other-name: { id: ri-a, status: Inactive, reason: works }\n",
        ];
        alike.iter().for_each(|text| assert_eq!(digest(text), entry, "{text}"));
        let different = [
            "  a: { id: ri-a, status: Active, reason: works }\n",
            "  a: { id: ri-a, status: Inactive, reason: other works }\n",
            "  a: { id: ri-a, status: Inactive }\n",
            "  a: { id: ri-a, status: Inactive, reason: works, region: cn-beijing }\n",
            "  a: { id: ri-a, status: Inactive, reason: works, timeouts: { deactivate: 5m } }\n",
            "  a: { id: ri-a, status: Inactive, reason: works, hands_off: { reason: test } }\n",
        ];
        different.iter().for_each(|text| assert_ne!(digest(text), entry, "{text}"));
    }
}

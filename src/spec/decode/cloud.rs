//! The section `cloud`: who answers the calls, and as whom.

use std::collections::BTreeMap;

use crate::diagnostic::Place;
use crate::resource::{AccountName, Provider};
use crate::spec::decode::{insert_once, name};
use crate::spec::fields::{self, DIGITS, Fields, NAME, Path, REGION};
use crate::spec::findings::Findings;
use crate::spec::syntax::Node;
use crate::spec::{Account, CloudSettings, SignatureVersion};

/// Reads the section.
pub(super) fn decode(fields: Fields<'_, 7>, findings: &mut Findings) -> CloudSettings {
    const PROVIDERS: [(&str, Provider); 2] = [("alibaba", Provider::Alibaba), ("emulator", Provider::Emulator)];
    const SIGNATURES: [(&str, SignatureVersion); 2] = [("v1", SignatureVersion::V1), ("v3", SignatureVersion::V3)];
    let path = Path::root("cloud");
    let [provider, region, profile, signature, account_id, world, accounts] = fields.take();
    let provider = provider.and_then(|node| fields::choice(path.then("provider"), node, &PROVIDERS, &[], findings));
    let settings = CloudSettings {
        provider: provider.as_ref().map_or(Provider::Alibaba, |provider| provider.value),
        region: region.map(|node| name(REGION, path.then("region"), node, findings)),
        profile: profile.and_then(|node| fields::line(path.then("profile"), node, findings)),
        signature: signature
            .and_then(|node| fields::choice(path.then("signature"), node, &SIGNATURES, &[], findings))
            .map(|signature| signature.value),
        account_id: account_id.and_then(|node| DIGITS.read(path.then("account_id"), node, findings)),
        world: world.and_then(|node| fields::line(path.then("world"), node, findings)),
        accounts: accounts.map(|node| accounts_of(path.then("accounts"), node, findings)).unwrap_or_default(),
    };
    if let (Provider::Alibaba, Some(world)) = (settings.provider, &settings.world) {
        let hint = "write `provider: emulator`, or remove `world`";
        fields::bad_value(path.then("world"), world.place, "is only for the emulator", hint, findings);
    }
    settings
}

fn accounts_of(path: Path<'_>, node: Node<'_>, findings: &mut Findings) -> BTreeMap<AccountName, Account> {
    let mut accounts = BTreeMap::new();
    match node {
        Node::Mapping(_, entries) => {
            for (key, node) in entries {
                let place = key.place;
                let account = account(path.then(&key.text), place, node, findings);
                let name = NAME.read_key::<AccountName>(path, key, findings);
                if name.as_ref().is_some_and(|name| name.value.is_default_account()) {
                    let problem = "has an entry `default`, the name of the spec's own account";
                    fields::bad_value(path, place, problem, "choose another name", findings);
                }
                insert_once(&mut accounts, name, account, |account| account.place, path, findings);
            }
        }
        other if other.is_null() => {}
        other => fields::wrong_type(path, &other, "a mapping", findings),
    }
    accounts
}

fn account(path: Path<'_>, place: Place, node: Node<'_>, findings: &mut Findings) -> Account {
    let fields = Fields::of(path, node, ["profile", "role_arn", "account_id"], findings);
    let [profile, role_arn, account_id] = fields.take();
    if profile.is_some() == role_arn.is_some() {
        let problem = if profile.is_some() { "has both `profile` and `role_arn`" } else { "names no credentials" };
        let hint = "give either `profile`, of the credential files, or `role_arn`, a role to assume";
        fields::bad_value(path, place, problem, hint, findings);
    }
    let role_arn = role_arn.and_then(|node| fields::line(path.then("role_arn"), node, findings)).filter(|arn| {
        let is_arn = arn.value.starts_with("acs:ram::") && arn.value.contains(":role/");
        if !is_arn {
            let hint = "a role is written acs:ram::ACCOUNT_ID:role/NAME";
            fields::bad_value(path.then("role_arn"), arn.place, "is not a role's ARN", hint, findings);
        }
        is_arn
    });
    Account {
        profile: profile.and_then(|node| fields::line(path.then("profile"), node, findings)),
        role_arn,
        account_id: account_id.and_then(|node| DIGITS.read(path.then("account_id"), node, findings)),
        place,
    }
}

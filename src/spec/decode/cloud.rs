//! The section `cloud`: who answers the calls, and as whom.

use std::collections::BTreeMap;

use crate::diagnostic::Place;
use crate::resource::{AccountName, Provider};
use crate::spec::decode::insert_once;
use crate::spec::fields::{Fields, Path};
use crate::spec::finding::{CloudFault, ValueFault};
use crate::spec::findings::Findings;
use crate::spec::keys::{self, Type};
use crate::spec::read;
use crate::spec::syntax::Node;
use crate::spec::{Account, CloudSettings, SignatureVersion};

/// The section, as far as it could be read.
pub(super) struct Decoded {
    pub(super) settings: CloudSettings,
    /// Whether the accounts that it has are all of those that it names.
    pub(super) knows_accounts: bool,
}

/// Reads the section.
pub(super) fn decode(mut fields: Fields<'_>, findings: &mut Findings) -> Decoded {
    let path = Path::root("cloud");
    let names_provider = fields.place_of("provider").is_some();
    let provider = fields.choice(path, "provider", provider, findings);
    // What it is would be a guess where it could not be read.
    let knows_provider = (provider.is_some() || !names_provider) && !fields.misspelt.may_mean("provider");
    let knows_accounts = !fields.misspelt.may_mean("accounts")
        && !matches!(fields.node_of("accounts"), Some(node) if !matches!(node, Node::Mapping(..)) && !node.is_null());
    let settings = CloudSettings {
        provider: provider.map_or(Provider::Alibaba, |provider| provider.value),
        region: fields.name_or_misspelt(path, "region", Place::default(), findings),
        profile: fields.line(path, "profile", findings),
        signature: fields.choice(path, "signature", signature, findings),
        account_id: fields.word(path, "account_id", findings),
        world: fields.line(path, "world", findings),
        accounts: match fields.take("accounts") {
            Some((key, node)) => accounts(path.then(key.name), node, findings),
            None => BTreeMap::new(),
        },
    };
    if let (Provider::Alibaba, Some(world), true) = (settings.provider, &settings.world, knows_provider) {
        refuse(path.then("world"), world.place, CloudFault::WorldWithoutEmulator, findings);
    }
    Decoded { settings, knows_accounts }
}

fn provider(word: &str) -> Option<Provider> {
    match word {
        "alibaba" => Some(Provider::Alibaba),
        "emulator" => Some(Provider::Emulator),
        _ => None,
    }
}

fn signature(word: &str) -> Option<SignatureVersion> {
    match word {
        "v1" => Some(SignatureVersion::V1),
        "v3" => Some(SignatureVersion::V3),
        _ => None,
    }
}

fn accounts(path: Path<'_>, node: Node<'_>, findings: &mut Findings) -> BTreeMap<AccountName, Account> {
    let mut accounts = BTreeMap::new();
    match node {
        Node::Mapping(_, entries) => {
            for (key, node) in entries {
                let place = key.place;
                let account = account(path.then(&key.text), place, node, findings);
                let name = read::name_of_entry::<AccountName>(path, key, findings);
                if name.as_ref().is_some_and(|name| name.value.is_default_account()) {
                    refuse(path, place, CloudFault::ReservedName, findings);
                }
                insert_once(&mut accounts, name, account, |account| account.place, path, findings);
            }
        }
        other if other.is_null() => {}
        other => read::wrong_type(path, &other, Type::Mapping, findings),
    }
    accounts
}

fn account(path: Path<'_>, place: Place, node: Node<'_>, findings: &mut Findings) -> Account {
    let mut fields = Fields::of(path, place, node, keys::ACCOUNT, findings);
    match (fields.place_of("profile"), fields.place_of("role_arn")) {
        (Some(_), Some(_)) => refuse(path, place, CloudFault::TwoCredentials, findings),
        (None, None) if fields.misspelt.may_mean("profile") || fields.misspelt.may_mean("role_arn") => {}
        (None, None) => refuse(path, place, CloudFault::NoCredentials, findings),
        (Some(_), None) | (None, Some(_)) => {}
    }
    let role_arn = fields.line(path, "role_arn", findings).filter(|arn| {
        let is_arn = arn.value.starts_with("acs:ram::") && arn.value.contains(":role/");
        if !is_arn {
            refuse(path.then("role_arn"), arn.place, CloudFault::NotARole, findings);
        }
        is_arn
    });
    Account {
        profile: fields.line(path, "profile", findings),
        role_arn,
        account_id: fields.word(path, "account_id", findings),
        place,
    }
}

fn refuse(path: Path<'_>, place: Place, fault: CloudFault, findings: &mut Findings) {
    read::refuse(path, place, ValueFault::Cloud(fault), findings);
}

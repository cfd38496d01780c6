//! The accounts and access keys of a world, built from their seeds with the defaults.

use std::collections::BTreeMap;

use super::caller::{Caller, Principal};
use super::request::ACTIONS;
use super::seed::{AccessKeySeed, AccountSeed, DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCOUNT, Secret};
use crate::resource::AccountId;

/// One access key.
#[derive(Clone, Debug)]
pub(super) struct AccessKey {
    pub(super) secret: Secret,
    pub(super) caller: Caller,
    /// The actions that it may not call.
    pub(super) deny: Vec<String>,
}

/// Returns the accounts that a seed means: those that it lists, or the only one.
pub(super) fn account_seeds(
    single: Option<AccountId>,
    several: Vec<AccountSeed>,
    problems: &mut Vec<String>,
) -> Vec<AccountSeed> {
    if single.is_some() && !several.is_empty() {
        problems.push("`account` and `accounts` exclude each other".to_owned());
    }
    if several.is_empty() {
        let id = single.unwrap_or_else(|| AccountId::from(DEFAULT_ACCOUNT));
        return vec![AccountSeed { id, access_keys: Vec::new(), deny: Vec::new() }];
    }
    several
}

/// The denied actions of each account, and the keys of all.
pub(super) type Accounts = (BTreeMap<AccountId, Vec<String>>, BTreeMap<String, AccessKey>);

/// Builds accounts and keys; what contradicts itself is added to `problems`.
pub(super) fn accounts(seeds: Vec<AccountSeed>, problems: &mut Vec<String>) -> Accounts {
    let mut accounts = BTreeMap::new();
    let mut keys = BTreeMap::new();
    for (index, mut account) in seeds.into_iter().enumerate() {
        if account.access_keys.is_empty() {
            let id = match index {
                0 => DEFAULT_ACCESS_KEY_ID.to_owned(),
                _ => format!("{DEFAULT_ACCESS_KEY_ID}-{}", account.id),
            };
            account.access_keys.push(AccessKeySeed { id, secret: Secret::default(), user: None, deny: Vec::new() });
        }
        for action in account.access_keys.iter().flat_map(|key| &key.deny).chain(&account.deny) {
            if action != "*" && !ACTIONS.contains(&action.as_str()) {
                problems.push(format!("account {} denies {action}, which is no action here", account.id));
            }
        }
        for key in account.access_keys {
            let principal = key.user.map_or(Principal::Root, Principal::User);
            let caller = Caller { account: account.id.clone(), access_key_id: key.id.clone(), principal };
            if keys.insert(key.id.clone(), AccessKey { secret: key.secret, caller, deny: key.deny }).is_some() {
                problems.push(format!("an access key of account {} is given twice", account.id));
            }
        }
        if accounts.insert(account.id.clone(), account.deny).is_some() {
            problems.push(format!("account {} is described twice", account.id));
        }
    }
    (accounts, keys)
}

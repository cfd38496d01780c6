//! What a shared store knows interfaces by: provider, account, region and id, whatever a spec calls the account. So that two specs
//! of which one has an account as its own and the other under a name mean one interface.

use std::collections::BTreeMap;

use super::project::Project;
use crate::resource::{AccountId, AccountName, Provider, RouterInterfaceId, Scope, Target};
use crate::signature::sha256_hex;

/// Whose account each name of a spec is, as far as that is known.
pub(super) type Accounts = BTreeMap<AccountName, AccountId>;

/// Returns what the spec says of its accounts; nobody is asked.
pub(super) fn declared_accounts(project: &Project, target: &Target) -> Accounts {
    let named = project.spec.cloud.accounts.iter();
    let named = named.filter_map(|(name, account)| Some((name.clone(), account.account_id.as_ref()?.value.clone())));
    named.chain([(AccountName::default_account(), target.account_id.clone())]).collect()
}

/// Returns the name of an interface in a store. An account of which only the name is known goes by that.
pub(super) fn key(provider: Provider, accounts: &Accounts, scope: &Scope, id: &RouterInterfaceId) -> String {
    let account = accounts.get(&scope.account).map_or(scope.account.as_str(), AccountId::as_str);
    sha256_hex(format!("{provider}/{account}/{}/{id}", scope.region).as_bytes())
}

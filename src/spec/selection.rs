//! What a spec declares, as selectors see it.

use std::collections::BTreeMap;

use crate::resource::{AccountId, Address, GroupName, LabelKey, LabelValue};
use crate::selector::{BadChoice, Candidate, Choice, Chosen, Field};
use crate::spec::{CloudSettings, Group, Interface, Placed, Spec};

impl Spec {
    /// Returns the declared interfaces as selectors see them.
    pub fn field(&self) -> Field<'_> {
        let changes = self.changes.iter().map(|(name, change)| (name.as_str(), &*change.selected));
        field(&self.interfaces, &self.groups, &self.cloud).with_changes(changes)
    }

    /// Returns the same with more interfaces, under addresses that it does not declare, and with what changes were about, those
    /// that it does not declare any more included.
    pub fn field_of_past<'s>(
        &'s self,
        more: impl IntoIterator<Item = Candidate<'s>>,
        changes: impl IntoIterator<Item = (&'s str, &'s [Address])>,
    ) -> Field<'s> {
        field(&self.interfaces, &self.groups, &self.cloud).with(more).with_changes(changes)
    }

    /// Returns which interfaces a choice means, by their place in the order of addresses.
    ///
    /// # Errors
    /// Every selector that means nothing, and a choice of which nothing is left.
    pub fn choose(&self, choice: Choice<'_>) -> Result<Chosen, Vec<BadChoice>> {
        if choice.targets.is_empty() && choice.excludes.is_empty() {
            return Ok(Chosen::default());
        }
        self.field().choose(choice)
    }

    /// Lists the labels of an interface, those that it inherits included: key, value, and whether it inherits it.
    pub fn labels_of<'s>(
        &'s self,
        interface: &'s Interface,
    ) -> impl Iterator<Item = (&'s LabelKey, &'s Placed<LabelValue>, bool)> {
        labels(interface, &self.groups)
    }
}

/// Arranges what is declared for selectors.
pub(super) fn field<'s>(
    interfaces: &'s BTreeMap<Address, Interface>,
    groups: &'s BTreeMap<GroupName, Group>,
    cloud: &'s CloudSettings,
) -> Field<'s> {
    let candidate = |(address, interface): (&'s Address, &'s Interface)| Candidate {
        address,
        id: &interface.id.value,
        group: interface.group.as_ref().map(|group| group.value.as_str()),
        labels: labels(interface, groups).map(|(key, value, _)| (key.as_str(), value.value.as_str())).collect(),
        region: interface.scope.region.as_str(),
        accounts: [Some(interface.scope.account.as_str()), account_id(interface, cloud).map(AccountId::as_str)],
    };
    Field::new(interfaces.iter().map(candidate).collect())
}

fn labels<'s>(
    interface: &'s Interface,
    groups: &'s BTreeMap<GroupName, Group>,
) -> impl Iterator<Item = (&'s LabelKey, &'s Placed<LabelValue>, bool)> {
    let group = interface.group.as_ref().and_then(|group| groups.get(&group.value));
    let inherited = group.into_iter().flat_map(|group| &group.labels);
    let inherited = inherited.filter(|(key, _)| !interface.labels.contains_key(*key));
    let own = interface.labels.iter().map(|(key, value)| (key, value, false));
    own.chain(inherited.map(|(key, value)| (key, value, true)))
}

/// Returns the number of the account that an interface is of, where the spec says it.
fn account_id<'s>(interface: &Interface, cloud: &'s CloudSettings) -> Option<&'s AccountId> {
    let account = &interface.scope.account;
    let said = match cloud.accounts.get(account) {
        Some(account) => account.account_id.as_ref(),
        None => cloud.account_id.as_ref().filter(|_| account.is_default_account()),
    };
    said.map(|said| &said.value)
}

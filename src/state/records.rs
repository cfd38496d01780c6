//! The records: each belongs to an interface, and is found by that or by the address that the spec gives it.

use std::borrow::{Borrow, Cow};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Index;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use super::Record;
use crate::resource::{Address, RouterInterfaceId, Scope};

/// What an interface is, whatever a spec calls it: its account, its region, its id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// Where it lives.
    pub scope: Scope,
    /// The cloud's id.
    pub id: RouterInterfaceId,
}

impl Identity {
    /// Returns what an interface is that lives in `scope`.
    pub fn of(scope: &Scope, id: &RouterInterfaceId) -> Self {
        Self { scope: scope.clone(), id: id.clone() }
    }
}

/// The records of a state. An address names one interface, and an interface has one record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    by_address: BTreeMap<Address, Record>,
    addresses: BTreeMap<Identity, Address>,
}

impl Record {
    /// Returns what the record belongs to.
    pub fn identity(&self) -> Identity {
        Identity::of(&self.scope, &self.id)
    }
}

impl Records {
    /// Returns how many records there are.
    pub fn len(&self) -> usize {
        self.by_address.len()
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_address.is_empty()
    }

    /// Returns the record of the interface that is called so.
    pub fn get<Q: Ord + ?Sized>(&self, address: &Q) -> Option<&Record>
    where
        Address: Borrow<Q>,
    {
        self.by_address.get(address)
    }

    /// Returns the record of the interface that is called so, to write into.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, address: &Q) -> Option<&mut Record>
    where
        Address: Borrow<Q>,
    {
        self.by_address.get_mut(address)
    }

    /// Returns the record of an interface, and what it is called.
    pub fn of(&self, identity: &Identity) -> Option<(&Address, &Record)> {
        let address = self.addresses.get(identity)?;
        Some((address, self.by_address.get(address)?))
    }

    /// Returns the record of an interface, to write into.
    pub fn of_mut(&mut self, identity: &Identity) -> Option<&mut Record> {
        self.by_address.get_mut(self.addresses.get(identity)?)
    }

    /// Returns whether an interface is called so.
    pub fn contains_key<Q: Ord + ?Sized>(&self, address: &Q) -> bool
    where
        Address: Borrow<Q>,
    {
        self.by_address.contains_key(address)
    }

    /// Puts a record under an address. Under what the interface was known before goes; another one that the address named is
    /// known by its id from then on.
    pub fn insert(&mut self, address: Address, record: Record) {
        let identity = record.identity();
        if let Some(before) =
            self.addresses.insert(identity.clone(), address.clone()).filter(|before| *before != address)
        {
            self.by_address.remove(&before);
        }
        if let Some(before) = self.by_address.insert(address, record)
            && before.identity() != identity
        {
            self.set_aside(before);
        }
    }

    /// Keeps a record whose address another interface has taken.
    fn set_aside(&mut self, record: Record) {
        let identity = record.identity();
        let address = Address::from(identity.id.as_str());
        self.addresses.remove(&identity);
        if !self.by_address.contains_key(&address) {
            self.addresses.insert(identity, address.clone());
            self.by_address.insert(address, record);
        }
    }

    /// Takes the record under an address out.
    pub fn remove(&mut self, address: &Address) -> Option<Record> {
        let record = self.by_address.remove(address)?;
        self.addresses.remove(&record.identity());
        Some(record)
    }

    /// Gives the interface the address that the spec now calls it by, and returns its record.
    pub fn rename(&mut self, identity: &Identity, address: &Address) -> Option<&mut Record> {
        let before = self.addresses.get(identity)?.clone();
        if before != *address {
            let record = self.by_address.remove(&before)?;
            self.insert(address.clone(), record);
        }
        self.by_address.get_mut(address)
    }

    /// Keeps the records that `keep` wants.
    pub fn retain(&mut self, mut keep: impl FnMut(&Address, &Record) -> bool) {
        let addresses = &mut self.addresses;
        self.by_address.retain(|address, record| {
            let kept = keep(address, record);
            if !kept {
                addresses.remove(&record.identity());
            }
            kept
        });
    }

    /// Returns the records by what the spec calls their interfaces.
    pub fn by_address(&self) -> &BTreeMap<Address, Record> {
        &self.by_address
    }

    /// Returns every record with its address, by address.
    pub fn iter(&self) -> impl Iterator<Item = (&Address, &Record)> {
        self.by_address.iter()
    }

    /// Returns every address.
    pub fn keys(&self) -> impl Iterator<Item = &Address> {
        self.by_address.keys()
    }

    /// Returns every record, by address.
    pub fn values(&self) -> impl Iterator<Item = &Record> {
        self.by_address.values()
    }

    /// Returns every record to write into; none of them may become another interface's.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Record> {
        self.by_address.values_mut()
    }
}

impl<Q: Ord + ?Sized> Index<&Q> for Records
where
    Address: Borrow<Q>,
{
    type Output = Record;

    fn index(&self, address: &Q) -> &Record {
        &self.by_address[address]
    }
}

impl<'a> IntoIterator for &'a Records {
    type Item = (&'a Address, &'a Record);
    type IntoIter = std::collections::btree_map::Iter<'a, Address, Record>;

    fn into_iter(self) -> Self::IntoIter {
        self.by_address.iter()
    }
}

impl FromIterator<(Address, Record)> for Records {
    fn from_iter<I: IntoIterator<Item = (Address, Record)>>(records: I) -> Self {
        let mut all = Self::default();
        records.into_iter().for_each(|(address, record)| all.insert(address, record));
        all
    }
}

impl<const N: usize> From<[(Address, Record); N]> for Records {
    fn from(records: [(Address, Record); N]) -> Self {
        records.into_iter().collect()
    }
}

/// A record as it is written: with its address as one fact among others.
#[derive(Serialize, JsonSchema)]
struct Named<'a> {
    /// What the spec calls it.
    address: &'a Address,
    #[serde(flatten)]
    record: &'a Record,
}

#[derive(Deserialize)]
struct Owned {
    address: Address,
    #[serde(flatten)]
    record: Record,
}

impl Serialize for Records {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|(address, record)| Named { address, record }))
    }
}

impl<'de> Deserialize<'de> for Records {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        distinct(deserializer, |Owned { address, record }| (address, record))
    }
}

impl JsonSchema for Records {
    fn schema_name() -> Cow<'static, str> {
        "Records".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        <Vec<Named<'static>> as JsonSchema>::json_schema(generator)
    }
}

/// Reads a list of records, refusing the second of two that have one address or are of one interface.
pub(super) fn distinct<'de, D, W, F>(deserializer: D, convert: F) -> Result<Records, D::Error>
where
    D: Deserializer<'de>,
    W: Deserialize<'de>,
    F: FnMut(W) -> (Address, Record),
{
    struct Distinct<W, F>(F, std::marker::PhantomData<W>);

    impl<'de, W: Deserialize<'de>, F: FnMut(W) -> (Address, Record)> Visitor<'de> for Distinct<W, F> {
        type Value = Records;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list with one record per interface")
        }

        fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Records, A::Error> {
            let mut records = Records::default();
            while let Some(wire) = list.next_element::<W>()? {
                let (address, record) = (self.0)(wire);
                if let Some(twice) = records.get(&address) {
                    return Err(A::Error::custom(format_args!("address {address} ({}) stands twice", twice.id)));
                }
                if let Some((other, _)) = records.of(&record.identity()) {
                    return Err(A::Error::custom(format_args!("{} stands twice: {other}, {address}", record.id)));
                }
                records.insert(address, record);
            }
            Ok(records)
        }
    }

    deserializer.deserialize_seq(Distinct(convert, std::marker::PhantomData))
}

#[cfg(test)]
mod tests;

//! Which state has which interface: an object each, `STORE/ids/KEY`, that whoever comes first makes. Whoever takes one over stands
//! before whoever had it.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::bucket::Put;
use super::remote::Objects;
use crate::store::StoreError;
use crate::store::remote::StateName;

/// Under which every interface has an object.
const IDS: &str = "STORE/ids/";

/// How many are made at once.
const ABREAST: usize = 16;

impl Objects {
    /// Says of interfaces that this state has them, where nothing is said yet or `anyway`; returns what is said of others.
    pub(super) async fn say_own(&self, keys: &[String], anyway: bool) -> Result<Vec<(String, StateName)>, StoreError> {
        let said = stream::iter(keys).map(|key| self.say_one(key, anyway)).buffered(ABREAST);
        Ok(said.try_collect::<Vec<_>>().await?.into_iter().flatten().collect())
    }

    async fn say_one(&self, key: &str, anyway: bool) -> Result<Option<(String, StateName)>, StoreError> {
        let (object, bucket) = (format!("{IDS}{key}"), &self.log.bucket);
        let failed = |error: super::ObjectError| error.at("write", bucket.path(&object));
        let own = self.name();
        if let (Put::Done, _) = bucket.create(&object, own.as_str().as_bytes()).await.map_err(failed)? {
            return Ok(None);
        }
        let mut there = self.said_of_one(key).await?.map(|(_, names)| names).unwrap_or_default();
        if anyway {
            there.retain(|name| name != own);
            there.insert(0, own.clone());
            bucket.put(&object, &StateName::lines(&there)).await.map_err(failed)?;
            return Ok(None);
        }
        Ok(there.into_iter().next().filter(|name| name != own).map(|name| (key.to_owned(), name)))
    }

    /// Returns what is said of interfaces.
    pub(super) async fn said_of(&self, keys: &[String]) -> Result<Vec<(String, Vec<StateName>)>, StoreError> {
        let said = stream::iter(keys).map(|key| self.said_of_one(key)).buffered(ABREAST);
        Ok(said.try_collect::<Vec<_>>().await?.into_iter().flatten().collect())
    }

    async fn said_of_one(&self, key: &str) -> Result<Option<(String, Vec<StateName>)>, StoreError> {
        let (object, bucket) = (format!("{IDS}{key}"), &self.log.bucket);
        let there = bucket.get(&object).await.map_err(|error| error.at("read", bucket.path(&object)))?;
        Ok(there.map(|answer| (key.to_owned(), StateName::parse_lines(&answer.body))))
    }
}

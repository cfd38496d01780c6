//! Which state has which interface: an object each, `STORE/ids/KEY`, that whoever comes first makes.

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
        let own = self.name().as_str().as_bytes();
        if anyway {
            bucket.put(&object, own).await.map_err(failed)?;
            return Ok(None);
        }
        if let (Put::Done, _) = bucket.create(&object, own).await.map_err(failed)? {
            return Ok(None);
        }
        let there = bucket.get(&object).await.map_err(|error| error.at("read", bucket.path(&object)))?;
        let name = there.and_then(|answer| StateName::parse(&String::from_utf8_lossy(&answer.body)).ok());
        Ok(name.filter(|name| name != self.name()).map(|name| (key.to_owned(), name)))
    }
}

//! Which states have or had which interface: an object each, `STORE/ids/KEY`, that whoever comes first makes and puts its name into; whoever
//! comes later has one beside it, `STORE/later/KEY/NAME`. Nothing is ever written over, so that nobody's word is lost to another's.

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::bucket::Put;
use super::remote::Objects;
use crate::store::StoreError;
use crate::store::remote::StateName;

/// Under which every interface has an object.
const IDS: &str = "STORE/ids/";

/// Under which every interface has an object of each state that came later.
const LATER: &str = "STORE/later/";

/// How many are asked for at once.
const ABREAST: usize = 16;

/// Which states have or had an interface.
type Said = (String, Vec<StateName>);

impl Objects {
    /// Says of interfaces that this state is one of those that have or had them; returns which others are.
    pub(super) async fn say_own(&self, keys: &[String]) -> Result<Vec<Said>, StoreError> {
        let said = stream::iter(keys).map(|key| self.say_one(key)).buffered(ABREAST);
        let said = said.try_collect::<Vec<_>>().await?.into_iter().flatten().collect();
        Ok(StateName::but_for(self.name(), said))
    }

    async fn say_one(&self, key: &str) -> Result<Option<Said>, StoreError> {
        let object = format!("{IDS}{key}");
        // Whoever comes after this one finds it, and its note: there is nobody to look for.
        if self.make(&object).await? == Put::Done {
            return Ok(None);
        }
        let first = self.first_of(&object).await?;
        if !first.contains(self.name()) {
            self.make(&format!("{LATER}{key}/{}", flat(self.name()))).await?;
        }
        self.all_of(key, first).await.map(Some)
    }

    /// Puts this state's name where nothing stands.
    async fn make(&self, object: &str) -> Result<Put, StoreError> {
        let bucket = &self.log.bucket;
        let put = bucket.create(object, self.name().as_str().as_bytes()).await;
        Ok(put.map_err(|error| error.at("write", bucket.path(object)))?.0)
    }

    /// Returns what is said of interfaces.
    pub(super) async fn said_of(&self, keys: &[String]) -> Result<Vec<Said>, StoreError> {
        let said = stream::iter(keys).map(|key| self.said_of_one(key)).buffered(ABREAST);
        Ok(said.try_collect::<Vec<_>>().await?.into_iter().flatten().collect())
    }

    async fn said_of_one(&self, key: &str) -> Result<Option<Said>, StoreError> {
        let first = self.first_of(&format!("{IDS}{key}")).await?;
        if first.is_empty() { Ok(None) } else { self.all_of(key, first).await.map(Some) }
    }

    /// Returns who was there first: of older versions whoever had it then and before.
    async fn first_of(&self, object: &str) -> Result<BTreeSet<StateName>, StoreError> {
        let bucket = &self.log.bucket;
        let there = bucket.get(object).await.map_err(|error| error.at("read", bucket.path(object)))?;
        Ok(there.map(|answer| StateName::parse_lines(&answer.body).into_iter().collect()).unwrap_or_default())
    }

    /// Adds who came later.
    async fn all_of(&self, key: &str, mut names: BTreeSet<StateName>) -> Result<Said, StoreError> {
        let (bucket, prefix) = (&self.log.bucket, format!("{LATER}{key}/"));
        let later =
            bucket.list(&prefix, None, usize::MAX).await.map_err(|error| error.at("list", bucket.path(&prefix)))?;
        names.extend(
            later.iter().filter_map(|key| StateName::parse(&key.strip_prefix(&prefix)?.replace('~', "/")).ok()),
        );
        Ok((key.to_owned(), names.into_iter().collect()))
    }
}

/// Writes a name as one part of a key: some stores have no object below another.
fn flat(name: &StateName) -> String {
    name.as_str().replace('/', "~")
}

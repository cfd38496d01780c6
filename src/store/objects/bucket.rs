//! What is asked of a bucket: a handful of operations, in the words of OSS and of S3. Each asks once.

use reqwest::Method;

use super::error::ObjectError;
use super::wire::{Answer, Ask, Wire};
use super::xml;
use crate::bounds;
use crate::signature::v4::Dialect;

/// What became of a write that is done only where nothing stands in its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// It is done.
    Done,
    /// Something stands there.
    Taken,
}

/// Objects under one prefix; keys are given without it.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    wire: Wire,
}

impl Bucket {
    pub(super) fn new(wire: Wire) -> Self {
        Self { wire }
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.wire.site.dialect
    }

    /// Names an object for people.
    pub(super) fn path(&self, key: &str) -> String {
        format!("{}/{key}", self.wire.site.address())
    }

    fn whole(&self, key: &str) -> String {
        format!("{}{key}", self.wire.site.prefix)
    }

    /// Reads an object; `None` where there is none.
    pub(super) async fn get(&self, key: &str) -> Result<Option<Answer>, ObjectError> {
        match self.wire.ask(&read(&self.whole(key))).await {
            Err(error) if error.is_absent() => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// Puts an object in the place of what stands there.
    pub(super) async fn put(&self, key: &str, bytes: &[u8]) -> Result<Answer, ObjectError> {
        self.wire.ask(&written(Method::PUT, &self.whole(key), bytes)).await
    }

    /// Puts an object where nothing stands. In OSS it is made by appending at 0, which a bucket with versions does not take for
    /// leave to write over what is there, as it does `x-oss-forbid-overwrite`; so nothing that is empty is put.
    pub(super) async fn create(&self, key: &str, bytes: &[u8]) -> Result<(Put, Option<Answer>), ObjectError> {
        match self.dialect() {
            Dialect::Oss => self.append(key, 0, bytes).await,
            Dialect::Aws => {
                let whole = self.whole(key);
                let ask = Ask { headers: vec![("if-none-match", "*")], ..written(Method::PUT, &whole, bytes) };
                unless_taken(self.wire.ask(&ask).await)
            }
        }
    }

    /// Appends to an object that is `position` bytes long; one of 0 bytes is made. OSS alone.
    pub(super) async fn append(
        &self,
        key: &str,
        position: u64,
        bytes: &[u8],
    ) -> Result<(Put, Option<Answer>), ObjectError> {
        let whole = self.whole(key);
        let query = vec![("append", String::new()), ("position", position.to_string())];
        unless_taken(self.wire.ask(&Ask { query, ..written(Method::POST, &whole, bytes) }).await)
    }

    /// Lists the keys that begin with `prefix` and come after `after`, at most `most` of them, in the order of their bytes.
    pub(super) async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<String>, ObjectError> {
        self.listed(prefix, after.map(|after| ("start-after", self.whole(after))), most).await
    }

    /// Lists what stands directly below a prefix that ends a folder, at most `most`: keys, and of folders the name with the slash that
    /// ends it.
    pub(super) async fn children(&self, prefix: &str, most: usize) -> Result<Vec<String>, ObjectError> {
        let keys = self.listed(prefix, Some(("delimiter", "/".to_owned())), most).await?;
        Ok(keys.into_iter().filter_map(|key| key.strip_prefix(prefix).map(str::to_owned)).collect())
    }

    async fn listed(
        &self,
        prefix: &str,
        asked: Option<(&'static str, String)>,
        most: usize,
    ) -> Result<Vec<String>, ObjectError> {
        let own = &self.wire.site.prefix;
        let mut keys = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let left = most - keys.len();
            let mut query = vec![
                ("list-type", "2".to_owned()),
                ("prefix", self.whole(prefix)),
                ("max-keys", left.min(PAGE_KEYS).to_string()),
            ];
            // Where a listing begins is told once, how it is told each time.
            query.extend(asked.clone().filter(|(name, _)| next.is_none() || *name == "delimiter"));
            query.extend(next.clone().map(|token| ("continuation-token", token)));
            let answer = self.wire.ask(&Ask { query, most: PAGE_BYTES, ..read("") }).await?;
            let page = xml::page(&answer.body).map_err(|detail| self.strange(detail))?;
            for key in page.keys.into_iter().chain(page.folders) {
                let key = key.strip_prefix(own.as_str()).filter(|key| key.starts_with(prefix));
                keys.push(key.ok_or_else(|| self.strange("a key that was not asked for".to_owned()))?.to_owned());
            }
            match page.next {
                Some(token) if keys.len() < most && next.as_ref() != Some(&token) => next = Some(token),
                _ => break,
            }
        }
        keys.truncate(most);
        Ok(keys)
    }

    /// Takes an object of a probe away: nothing else is ever removed.
    pub(super) async fn remove_probe(&self, key: &str) -> Result<(), ObjectError> {
        debug_assert!(key.contains("/probe/"), "{key} is no probe");
        let whole = self.whole(key);
        let ask = Ask { method: Method::DELETE, ..read(&whole) };
        self.wire.ask(&ask).await.map(drop)
    }

    fn strange(&self, detail: String) -> ObjectError {
        ObjectError::Strange { host: self.wire.site.host(), detail }
    }
}

/// As many keys as a page has.
const PAGE_KEYS: usize = 1000;

/// More than a thousand keys take.
const PAGE_BYTES: usize = 8 << 20;

/// What is answered to a write.
const ANSWER_BYTES: usize = 64 << 10;

fn read(key: &str) -> Ask<'_> {
    Ask { method: Method::GET, key, query: Vec::new(), headers: Vec::new(), body: None, most: bounds::STATE_BYTES }
}

fn written<'a>(method: Method, key: &'a str, bytes: &'a [u8]) -> Ask<'a> {
    Ask { method, body: Some(bytes), most: ANSWER_BYTES, ..read(key) }
}

fn unless_taken(answer: Result<Answer, ObjectError>) -> Result<(Put, Option<Answer>), ObjectError> {
    match answer {
        Err(error) if error.is_taken() => Ok((Put::Taken, None)),
        answer => answer.map(|answer| (Put::Done, Some(answer))),
    }
}

//! Every state of a bucket, each in as few requests as can be: where its log ends and what it says, the state, the row of its checks and
//! the approvals that wait. What has to be asked one after the other is; all else is asked at once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::{join3, try_join};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio::time::timeout;

use super::Way;
use super::bucket::Bucket;
use super::remote::{Objects, content, moved_from, states_in};
use super::unmarked::unmarked;
use super::wire::Wire;
use crate::duration;
use crate::store::StoreError;
use crate::store::approvals::Waiting;
use crate::store::findings;
use crate::store::glance::{Glance, Listed, holder, words};
use crate::store::memory::Disk;
use crate::store::remote::{Folder, NoteName, Prefix, Remote as _, StateName};

/// How many notes of one state are read at once.
const ABREAST: usize = 8;

impl Way {
    /// Lists the states that are there and have not moved away: in two requests a thousand, one for the folders of the store and of each
    /// name that several begin with, and one for each that ever moved. A state whose mark was lost is found by what it holds.
    ///
    /// # Errors
    /// A bucket that cannot be listed.
    pub async fn states(&self) -> Result<Vec<Listed>, StoreError> {
        let Self { site, http, keys, clock } = self.clone();
        let bucket = Bucket::new(Wire { http, site, keys, clock });
        let marked: BTreeSet<StateName> = states_in(&bucket).await?.into_iter().collect();
        let (moved, unmarked) = try_join(moved_from(&bucket), unmarked(&bucket, &marked)).await?;
        let marked = marked.into_iter().map(|name| Listed { name, lost: None });
        let mut states: Vec<Listed> = marked.chain(unmarked).collect();
        let may_be_away = |state: &Listed| state.lost.is_some() || moved.contains(&state.name);
        for state in states.clone().into_iter().filter(may_be_away) {
            if self.state(state.name.clone())?.is_away().await? {
                states.retain(|other| *other != state);
            }
        }
        Ok(states)
    }

    /// Reads what is held of a state, each part within such a time. Of runs that have to be confirmed what was noted since `since` is
    /// read, which is the beginning of a run's id: what was decided before that is in the state.
    ///
    /// # Errors
    /// A name that is no name in a bucket; what of it cannot be read stands in its part.
    pub async fn glance(&self, name: StateName, since: &str, within: Duration) -> Result<Glance, StoreError> {
        let mut state = self.state(name)?;
        let side = self.state(state.name().clone())?;
        let path = state.label();
        let (disk, finding, approvals) = join3(
            in_time(within, &path, disk(&mut state, &side, since)),
            in_time(within, &path, finding(&side)),
            in_time(within, &path, side.waiting_approvals()),
        )
        .await;
        let (finding, age) = match finding {
            Ok(Some((finding, age))) => (Ok(Some(finding)), age),
            Ok(None) => (Ok(None), None),
            Err(error) => (Err(error), None),
        };
        Ok(Glance { disk, finding, age, approvals })
    }
}

async fn in_time<T>(
    within: Duration,
    path: &str,
    read: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    timeout(within, read).await.unwrap_or_else(|_| {
        let source = format!("there was no answer within {}", duration::format(within)).into();
        Err(StoreError::Unreachable { doing: "read", path: path.to_owned(), source })
    })
}

/// Reads the log of a state, what is recorded, and what is noted of runs that have to be confirmed.
async fn disk(state: &mut Objects, side: &Objects, since: &str) -> Result<Disk, StoreError> {
    let Prefix { tip, journal, state: recorded } = state.read().await?;
    let journal = journal.unwrap_or_default();
    let texts = [journal.as_slice(), recorded.as_deref().unwrap_or_default()].map(String::from_utf8_lossy);
    let noted = side.words_about(&texts, since).await?;
    Ok(Disk { journal, state: recorded, running: holder(tip), words: words(noted).into(), ..Disk::default() })
}

/// Reads the row of a state's checks, and how old it is by the store's clock.
async fn finding(state: &Objects) -> Result<Option<(Vec<u8>, Option<jiff::SignedDuration>)>, StoreError> {
    let answer = state.ask_for(&findings::name()).await?;
    Ok(answer.map(|answer| {
        let age = answer.modified.zip(answer.date).map(|(modified, date)| date.duration_since(modified));
        (content(answer), age)
    }))
}

impl Objects {
    async fn waiting_approvals(&self) -> Result<Vec<Waiting>, StoreError> {
        let kept = self.names_from(Folder::Approvals, None).await?;
        if kept.is_empty() {
            return Ok(Vec::new());
        }
        let over = self.names_from(Folder::Over, None).await?;
        let is_over = |name: &NoteName| over.iter().any(|over| over.name() == name.name());
        let waiting = kept.into_iter().filter(|name| !is_over(name)).collect();
        Ok(self.contents(waiting).await?.into_iter().map(|(name, bytes)| (name, Ok(bytes))).collect())
    }

    /// Reads what was noted of the runs that texts name and that have to be confirmed; asks nothing where there is none.
    async fn words_about(
        &self,
        texts: &[std::borrow::Cow<'_, str>],
        since: &str,
    ) -> Result<BTreeMap<String, Vec<u8>>, StoreError> {
        if !texts.iter().any(|text| text.contains("\"awaiting\"") || text.contains("\"confirm")) {
            return Ok(BTreeMap::new());
        }
        let named = |name: &NoteName| {
            let run = name.name().rsplit_once('.').map_or("", |(run, _)| run);
            texts.iter().any(|text| text.contains(run))
        };
        let names = self.names_from(Folder::Words, Some(since)).await?;
        self.contents(names.into_iter().filter(named).collect()).await
    }

    /// Reads what stands under names; what was taken away meanwhile is left out.
    async fn contents(&self, names: Vec<NoteName>) -> Result<BTreeMap<String, Vec<u8>>, StoreError> {
        let read = |name: NoteName| async move {
            let answer = self.ask_for(&name).await?;
            Ok::<_, StoreError>(answer.map(|answer| (name.name().to_owned(), content(answer))))
        };
        let read = stream::iter(names).map(read).buffered(ABREAST);
        Ok(read.try_collect::<Vec<_>>().await?.into_iter().flatten().collect())
    }
}

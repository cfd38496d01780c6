//! Every state of a bucket, each in as few requests as can be: where its log ends and what it says, the state, the row of its checks and
//! the approvals that wait. What has to be asked one after the other is; all else is asked at once.

use std::collections::BTreeMap;

use futures_util::future::try_join3;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::Way;
use super::bucket::Bucket;
use super::remote::{Objects, content, moved_from, states_in};
use super::wire::Wire;
use crate::store::StoreError;
use crate::store::approvals::Waiting;
use crate::store::findings;
use crate::store::glance::{Glance, holder, words};
use crate::store::memory::Disk;
use crate::store::remote::{Folder, NoteName, Prefix, Remote as _, StateName};

/// How many notes of one state are read at once.
const ABREAST: usize = 8;

impl Way {
    /// Lists the states that are there and have not moved away, in two requests a thousand, and one for each that ever moved.
    ///
    /// # Errors
    /// A bucket that cannot be listed.
    pub async fn states(&self) -> Result<Vec<StateName>, StoreError> {
        let Self { site, http, keys, clock } = self.clone();
        let bucket = Bucket::new(Wire { http, site, keys, clock });
        let mut states = states_in(&bucket).await?;
        for moved in moved_from(&bucket).await? {
            if self.state(moved.clone())?.is_away().await? {
                states.retain(|state| *state != moved);
            }
        }
        Ok(states)
    }

    /// Reads what is held of a state. Of runs that have to be confirmed what was noted since `since` is read, which is the beginning of
    /// a run's id: what was decided before that is in the state.
    ///
    /// # Errors
    /// A bucket that cannot be read, and what in it cannot be trusted.
    pub async fn glance(&self, name: StateName, since: &str) -> Result<Glance, StoreError> {
        let mut state = self.state(name)?;
        let side = self.state(state.name().clone())?;
        let (read, finding, approvals) = try_join3(state.read(), finding(&side), side.waiting_approvals()).await?;
        let Prefix { tip, journal, state: recorded } = read;
        let journal = journal.unwrap_or_default();
        let texts = [journal.as_slice(), recorded.as_deref().unwrap_or_default()].map(String::from_utf8_lossy);
        let noted = side.words_about(&texts, since).await?;
        let disk =
            Disk { journal, state: recorded, running: holder(tip), words: words(noted).into(), ..Disk::default() };
        let (finding, age) = finding.unzip();
        Ok(Glance { disk, finding, age: age.flatten(), approvals })
    }
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

//! Reading many interfaces of one scope in the fewest calls: pages of 50, or filters of 5 ids, whichever is less.
//!
//! The refresh goes through [`read`], the executor's polls through [`poll_into`], `init` through [`read_all`]. A listing is only believed about an interface
//! it names: one that is missing from the pages is asked for by id before it is called absent, since pages shift
//! while interfaces come and go.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::time::Instant;

use super::{
    CONNECTIONS, CloudError, CloudRead, DescribeQuery, Effect, ErrorKind, MAX_FILTER_VALUES, MAX_PAGE_SIZE, Page,
    Selection,
};
use crate::clock::BootTime;
use crate::resource::{Observed, RouterInterfaceId, Scope, Status};

/// The action behind every listing.
const ACTION: &str = "DescribeRouterInterfaces";

/// How often a listing whose pages shift is begun anew before that is an error.
const LISTINGS: u32 = 3;

/// How many pages of one scope are asked for at once; how many of them leave is for connections and the quota to say.
const CONCURRENT_PAGES: usize = 2 * CONNECTIONS;

/// What a scope said about the interfaces that were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The interfaces that were seen, those not asked for included.
    pub interfaces: BTreeMap<RouterInterfaceId, Row>,
    /// How many interfaces the scope has, where a page told.
    pub total: Option<u32>,
    /// Those of which answers said two things, and that were not asked for again since: nothing of them is believed.
    pub contradicted: BTreeSet<RouterInterfaceId>,
}

impl Listing {
    /// Begins a listing of a scope that was last known to have `total` interfaces.
    pub fn of(total: Option<u32>) -> Self {
        Self { total, ..Self::default() }
    }
}

/// A listing that was made, with what it was asked for and when.
#[derive(Clone, Debug)]
pub struct ScopeRead {
    /// Where.
    pub scope: Scope,
    /// What was asked for.
    pub ids: BTreeSet<RouterInterfaceId>,
    /// When it was begun: what it shows is no newer.
    pub begun: Instant,
    /// What it showed.
    pub listing: Listing,
}

/// One interface of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What its page showed.
    pub observed: Observed,
    /// When that page was asked for: what it shows is no newer.
    pub asked: BootTime,
    /// When it arrived; other pages of the listing may have come long after.
    pub arrived: Instant,
}

/// Reads `ids`. One that is not in the answer does not exist in this scope: the API said so.
///
/// `known_total` is how many interfaces the scope was last known to have; without it a first page finds out, if
/// the ids do not fit one filter.
///
/// # Errors
/// The first call that fails fails the listing; nothing is then known of any of `ids`.
pub async fn read(
    cloud: &impl CloudRead,
    scope: &Scope,
    ids: &BTreeSet<RouterInterfaceId>,
    known_total: Option<u32>,
) -> Result<Listing, CloudError> {
    let mut listing = Listing::of(known_total);
    read_into(cloud, scope, ids, &mut listing).await?;
    Ok(listing)
}

/// Reads `ids` as [`read`] does, into a listing that is empty but for its total. What it holds after a failure is what the
/// answers before that showed: good for bad news, and for nothing else.
///
/// # Errors
/// As [`read`].
pub async fn read_into(
    cloud: &impl CloudRead,
    scope: &Scope,
    ids: &BTreeSet<RouterInterfaceId>,
    listing: &mut Listing,
) -> Result<(), CloudError> {
    if ids.is_empty() {
        return Ok(());
    }
    let filters = filters(ids.len());
    if filters == 1 || listing.total.is_some_and(|total| filters <= pages(total)) {
        return read_by_id(cloud, scope, ids, listing).await;
    }
    let first = page(cloud, scope, Selection::All, 1).await?;
    let total = first.total_count;
    listing.total = Some(total);
    take(listing, first);
    if missing(ids, listing).len().div_ceil(MAX_FILTER_VALUES) >= pages(total).saturating_sub(1) {
        read_pages(cloud, scope, &Selection::All, 2..=pages(total), listing).await?;
    }
    let missing = missing(ids, listing);
    read_by_id(cloud, scope, &missing, listing).await
}

/// Reads `ids`, of which some are on their way to a status, most of them to `goal`. Where that is fewer calls, asks what
/// is in transition, then what is at the goal, and by id only for what is in neither.
///
/// # Errors
/// As [`read_into`].
pub async fn poll_into(
    cloud: &impl CloudRead,
    scope: &Scope,
    ids: &BTreeSet<RouterInterfaceId>,
    goal: &Status,
    listing: &mut Listing,
) -> Result<(), CloudError> {
    let whole = filters(ids.len()).min(listing.total.map_or(usize::MAX, pages));
    if whole <= ids.len().div_ceil(MAX_PAGE_SIZE as usize) {
        return read_into(cloud, scope, ids, listing).await;
    }
    for selection in [Selection::InTransition, Selection::At(goal.clone())] {
        let left = filters(missing(ids, listing).len());
        if left > 1 {
            read_if_shorter(cloud, scope, &selection, left, listing).await?;
        }
    }
    let mut rest = Listing::of(listing.total);
    let outcome = read_into(cloud, scope, &missing(ids, listing), &mut rest).await;
    listing.total = rest.total;
    listing.contradicted.extend(rest.contradicted);
    listing.contradicted.retain(|id| !rest.interfaces.contains_key(id));
    listing.interfaces.extend(rest.interfaces);
    outcome
}

/// Reads the pages of a selection, unless the first says that there are more of them than `most`: then so much else is
/// selected that the ids are the shorter list.
async fn read_if_shorter(
    cloud: &impl CloudRead,
    scope: &Scope,
    selection: &Selection,
    most: usize,
    listing: &mut Listing,
) -> Result<(), CloudError> {
    let first = page(cloud, scope, selection.clone(), 1).await?;
    let count = pages(first.total_count);
    take(listing, first);
    if count <= most {
        read_pages(cloud, scope, selection, 2..=count, listing).await?;
    }
    Ok(())
}

/// Reads every interface of a scope. Pages disagree whether TotalCount can be trusted: a page that is full may have
/// another one behind it, whatever the count says. A row that stands on two pages says that they shifted while they were read,
/// and that another may stand on none: the listing is begun anew.
///
/// # Errors
/// A failed call, or pages that keep shifting.
pub async fn read_all(cloud: &impl CloudRead, scope: &Scope) -> Result<Listing, CloudError> {
    let mut wrong = Wrong::Short;
    for _ in 0..LISTINGS {
        let first = page(cloud, scope, Selection::All, 1).await?;
        let total = first.total_count;
        let mut listing = Listing::of(Some(total));
        let mut taken = take(&mut listing, first);
        // A count below one page lies; where that page was short, all may be shorter than was asked for.
        let has_short_pages = taken.rows < MAX_PAGE_SIZE as usize && taken.rows > total as usize;
        let mut number = pages(total).max(1);
        taken.add(read_pages(cloud, scope, &Selection::All, 2..=number, &mut listing).await?);
        while taken.rows == number * MAX_PAGE_SIZE as usize || has_short_pages {
            number += 1;
            let more = read_pages(cloud, scope, &Selection::All, number..=number, &mut listing).await?;
            if more.new == 0 {
                // Past the end some answer with the last page again.
                break;
            }
            taken.add(more);
        }
        let found = u32::try_from(listing.interfaces.len()).unwrap_or(u32::MAX);
        wrong = if taken.rows > taken.new { Wrong::Repeated } else { Wrong::Short };
        if found >= total && taken.rows == taken.new {
            return Ok(Listing { total: Some(found), ..listing });
        }
    }
    let message = match wrong {
        Wrong::Short => format!("the pages of {scope} do not add up to the count they give, {LISTINGS} times in a row"),
        Wrong::Repeated => {
            format!(
                "pages of {scope} repeat a row of others, so that another may be on none, {LISTINGS} times in a row"
            )
        }
    };
    Err(CloudError::new(ErrorKind::Malformed, Effect::None, ACTION, message))
}

/// Why a listing is not the whole of a scope.
enum Wrong {
    /// It is shorter than it says.
    Short,
    /// A row of it stands on two pages.
    Repeated,
}

/// What pages brought.
#[derive(Clone, Copy, Default)]
struct Taken {
    rows: usize,
    /// How many of them no page before had.
    new: usize,
}

impl Taken {
    fn add(&mut self, more: Self) {
        self.rows += more.rows;
        self.new += more.new;
    }
}

fn pages(total: u32) -> usize {
    total.div_ceil(MAX_PAGE_SIZE) as usize
}

fn filters(ids: usize) -> usize {
    ids.div_ceil(MAX_FILTER_VALUES)
}

fn missing(ids: &BTreeSet<RouterInterfaceId>, listing: &Listing) -> BTreeSet<RouterInterfaceId> {
    ids.iter().filter(|id| !listing.interfaces.contains_key(*id)).cloned().collect()
}

/// Takes in one page of several. Of an interface that two rows show differently neither is believed, nor a third: it
/// changed, or moved, while they were read, and is left to be asked for again.
fn take(listing: &mut Listing, page: Page) -> Taken {
    let mut taken = Taken::default();
    for row in arrived(page) {
        let id = row.observed.id.clone();
        taken.rows += 1;
        if listing.contradicted.contains(&id) {
            continue;
        }
        taken.new += usize::from(!listing.interfaces.contains_key(&id));
        match listing.interfaces.entry(id.clone()) {
            Entry::Occupied(known) if known.get().observed != row.observed => {
                known.remove();
                listing.contradicted.insert(id);
            }
            place => drop(place.insert_entry(row)),
        }
    }
    taken
}

/// The rows of a page that has just arrived.
fn arrived(page: Page) -> impl Iterator<Item = Row> {
    let (asked, arrived) = (page.asked, Instant::now());
    page.interfaces.into_iter().map(move |observed| Row { observed, asked, arrived })
}

async fn page(cloud: &impl CloudRead, scope: &Scope, selection: Selection, number: u32) -> Result<Page, CloudError> {
    let query = DescribeQuery { selection, page_number: number, page_size: MAX_PAGE_SIZE };
    cloud.describe(scope, &query).await
}

async fn read_pages(
    cloud: &impl CloudRead,
    scope: &Scope,
    selection: &Selection,
    numbers: std::ops::RangeInclusive<usize>,
    listing: &mut Listing,
) -> Result<Taken, CloudError> {
    let mut taken = Taken::default();
    let mut waiting = numbers.map(|number| u32::try_from(number).unwrap_or(u32::MAX));
    let mut asked: FuturesUnordered<_> =
        waiting.by_ref().take(CONCURRENT_PAGES).map(|number| page(cloud, scope, selection.clone(), number)).collect();
    while let Some(answer) = asked.next().await {
        taken.add(take(listing, answer?));
        if let Some(number) = waiting.next() {
            asked.push(page(cloud, scope, selection.clone(), number));
        }
    }
    Ok(taken)
}

async fn read_by_id(
    cloud: &impl CloudRead,
    scope: &Scope,
    ids: &BTreeSet<RouterInterfaceId>,
    listing: &mut Listing,
) -> Result<(), CloudError> {
    let ids: Vec<RouterInterfaceId> = ids.iter().cloned().collect();
    let mut waiting = ids.chunks(MAX_FILTER_VALUES);
    let mut asked: FuturesUnordered<_> =
        waiting.by_ref().take(CONCURRENT_PAGES).map(|chunk| filter(cloud, scope, chunk)).collect();
    while let Some(answer) = asked.next().await {
        let page = match answer? {
            Filtered::Clear(page) => page,
            Filtered::Unclear { contradicted, error } => {
                listing.contradicted.extend(contradicted);
                return Err(error);
            }
        };
        // What other rows said before does not count any more: this was asked for by its id.
        for row in arrived(page) {
            listing.contradicted.remove(&row.observed.id);
            listing.interfaces.insert(row.observed.id.clone(), row);
        }
        if let Some(chunk) = waiting.next() {
            asked.push(filter(cloud, scope, chunk));
        }
    }
    Ok(())
}

/// What an answer to a question for ids was worth.
enum Filtered {
    /// It says one thing of each id.
    Clear(Page),
    /// Its answers were no answers, several times in a row.
    Unclear {
        /// Of which it said two things.
        contradicted: BTreeSet<RouterInterfaceId>,
        error: CloudError,
    },
}

/// Asks for at most five ids. An answer whose count and rows disagree says nothing about what is missing from it, and one
/// that says two things of one id says nothing of it.
async fn filter(cloud: &impl CloudRead, scope: &Scope, ids: &[RouterInterfaceId]) -> Result<Filtered, CloudError> {
    let query = DescribeQuery { selection: Selection::Ids(ids.to_vec()), page_number: 1, page_size: MAX_PAGE_SIZE };
    let mut unclear = BTreeSet::new();
    for _ in 0..LISTINGS {
        let page = cloud.describe(scope, &query).await?;
        let contradicted = page.contradicted();
        if !contradicted.is_empty() {
            unclear.extend(contradicted);
            continue;
        }
        // One that is listed twice has taken another one's place.
        let seen: BTreeSet<_> =
            page.interfaces.iter().map(|observed| &observed.id).filter(|id| ids.contains(id)).collect();
        let seen = seen.len();
        // Some pages call TotalCount the total, some the number returned; for one page the two are equal.
        if seen == ids.len() || page.total_count as usize == seen {
            return Ok(Filtered::Clear(page));
        }
    }
    let message = match unclear.first() {
        Some(id) => format!("the answers for {id} in {scope} say two things of it, {LISTINGS} times in a row"),
        None => format!("the answers for {} ids in {scope} do not add up to the count they give", ids.len()),
    };
    let error = CloudError::new(ErrorKind::Malformed, Effect::None, ACTION, message);
    Ok(Filtered::Unclear { contradicted: unclear, error })
}

#[cfg(test)]
mod tests;

//! What the route tables of routers say of router interfaces: per router one call per 50 tables, per table one per 100
//! entries, the routers at once. A router that cannot be read is kept as data; a list that does not add up is begun
//! anew before it is believed.

use std::collections::BTreeSet;

use futures_util::future::{join_all, try_join_all};

use super::{ENTRIES_ACTION, RoutesRead, TABLES_ACTION};
use crate::bounds;
use crate::cloud::{CloudError, Effect, ErrorKind};
use crate::resource::{Route, Router};

/// How often a list is begun before what is wrong with it is an error.
const LISTS: u32 = 3;

/// What the tables of one router said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouterRead {
    /// The router.
    pub router: Router,
    /// Every entry over router interfaces of all its tables, or why that is not known.
    pub routes: Result<Vec<Route>, CloudError>,
}

/// Reads the routes of every router of `routers`, in their order.
pub async fn routes(cloud: &impl RoutesRead, routers: &BTreeSet<Router>) -> Vec<RouterRead> {
    let reads =
        routers.iter().map(async |router| RouterRead { router: router.clone(), routes: of(cloud, router).await });
    join_all(reads).await
}

/// Reads the routes of one router.
///
/// # Errors
/// A call that fails, or a list that does not add up.
pub async fn of(cloud: &impl RoutesRead, router: &Router) -> Result<Vec<Route>, CloudError> {
    let tables = tables(cloud, router).await?;
    let entries = try_join_all(tables.iter().map(|table| entries(cloud, router, table))).await?;
    Ok(entries.into_iter().flatten().collect())
}

/// Lists the tables of a router. Pages shift while tables come and go: what was listed has to be as much as the API counts.
async fn tables(cloud: &impl RoutesRead, router: &Router) -> Result<BTreeSet<Box<str>>, CloudError> {
    for _ in 0..LISTS {
        let mut tables = BTreeSet::new();
        for page_number in 1.. {
            let page = cloud.route_tables(router, page_number).await?;
            let is_last = page.tables.is_empty() || tables.len() + page.tables.len() >= page.total_count as usize;
            tables.extend(page.tables);
            if tables.len() > bounds::ROUTE_TABLES {
                return Err(too_many(TABLES_ACTION, router, bounds::ROUTE_TABLES, "route tables"));
            }
            if !is_last {
                continue;
            }
            if tables.len() == page.total_count as usize {
                return Ok(tables);
            }
            break;
        }
    }
    let message = format!("{} lists another number of route tables than it counts", router.id);
    Err(CloudError::new(ErrorKind::Malformed, Effect::None, TABLES_ACTION, message))
}

/// Lists the entries of a table, anew where the API has forgotten where a page begins, or lists another number than it counts.
async fn entries(cloud: &impl RoutesRead, router: &Router, table: &str) -> Result<Vec<Route>, CloudError> {
    let mut begun = 1;
    loop {
        match entries_once(cloud, router, table).await {
            Err(error) if error.kind == ErrorKind::CursorExpired && begun < LISTS => begun += 1,
            Ok(None) if begun < LISTS => begun += 1,
            Ok(None) => {
                let message = format!("{table} lists another number of entries than it counts");
                return Err(CloudError::new(ErrorKind::Malformed, Effect::None, ENTRIES_ACTION, message));
            }
            Ok(Some(routes)) => return Ok(routes),
            Err(error) => return Err(error),
        }
    }
}

/// Lists them once; `None` where that is another number than the API counts.
async fn entries_once(cloud: &impl RoutesRead, router: &Router, table: &str) -> Result<Option<Vec<Route>>, CloudError> {
    let mut routes: Vec<Route> = Vec::new();
    let mut listed = 0;
    let mut seen = BTreeSet::new();
    let mut next_token: Option<Box<str>> = None;
    loop {
        let page = cloud.routes(router, table, next_token.as_deref()).await?;
        routes.extend(page.routes);
        listed += page.listed;
        if routes.len() > bounds::ROUTES {
            return Err(too_many(
                ENTRIES_ACTION,
                router,
                bounds::ROUTES,
                "entries over router interfaces in one table",
            ));
        }
        let Some(token) = page.next_token else {
            return Ok(page.total_count.is_none_or(|count| count == listed).then_some(routes));
        };
        // A page may be empty and not the last: what ends a list that never ends is that a page is begun twice.
        if seen.len() > bounds::ROUTES || !seen.insert(token.clone()) {
            let message = format!("the pages of {table} go round in a circle");
            return Err(CloudError::new(ErrorKind::Malformed, Effect::None, ENTRIES_ACTION, message));
        }
        next_token = Some(token);
    }
}

fn too_many(action: &'static str, router: &Router, most: usize, what: &str) -> CloudError {
    let message = format!("{} has more than {} {what}", router.id, bounds::grouped(most as u64));
    CloudError::new(ErrorKind::Malformed, Effect::None, action, message)
}

#[cfg(test)]
mod tests;

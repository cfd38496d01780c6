//! Pages, handed on as they arrive: a step that rests on the first page of a long listing need not wait for the last, by
//! which time the first is too old.

use std::collections::BTreeSet;

use tokio::sync::mpsc::UnboundedSender;

use crate::cloud::{CloudError, CloudRead, DescribeQuery, Health, Identity, Page, Selection};
use crate::executor::machine::port::Input;
use crate::executor::machine::sightings::ReadNumber;
use crate::resource::{AccountName, RouterInterfaceId, Scope};

/// A cloud that hands on a copy of every page that says one thing of each interface that it was asked for, and of any other
/// of which it said two.
pub(super) struct Watched<'a, C> {
    pub(super) cloud: &'a C,
    pub(super) read: ReadNumber,
    pub(super) told: UnboundedSender<Input>,
}

impl<C: CloudRead> CloudRead for Watched<'_, C> {
    async fn describe(&self, scope: &Scope, query: &DescribeQuery) -> Result<Page, CloudError> {
        let page = self.cloud.describe(scope, query).await?;
        let (read, scope) = (self.read, scope.clone());
        let news = if is_plain(query, &page) {
            Input::Page { read, scope, page: page.clone() }
        } else {
            Input::Contradicted { read, scope, ids: page.contradicted() }
        };
        // Nobody listens any more where the run is over.
        drop(self.told.send(news));
        Ok(page)
    }

    async fn health(&self, scope: &Scope, id: &RouterInterfaceId) -> Result<Health, CloudError> {
        self.cloud.health(scope, id).await
    }

    async fn identity(&self, account: &AccountName) -> Result<Identity, CloudError> {
        self.cloud.identity(account).await
    }
}

/// Returns whether a page can be believed by itself: no interface stands twice, and a filter's count is that of its rows.
fn is_plain(query: &DescribeQuery, page: &Page) -> bool {
    let ids: BTreeSet<_> = page.interfaces.iter().map(|row| &row.id).collect();
    let adds_up = match &query.selection {
        Selection::Ids(wanted) => {
            ids.iter().all(|id| wanted.contains(id))
                && (ids.len() == wanted.len() || page.total_count as usize == ids.len())
        }
        Selection::All | Selection::InTransition | Selection::At(_) => true,
    };
    adds_up && ids.len() == page.interfaces.len()
}

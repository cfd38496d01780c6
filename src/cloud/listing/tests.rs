use std::cell::RefCell;
use std::collections::VecDeque;

use super::*;
use crate::cloud::{Health, Identity};
use crate::resource::{AccountName, RequestId, Status};

/// Answers with its pages one after the other, and keeps what it was asked.
struct Pages {
    left: RefCell<VecDeque<Page>>,
    asked: RefCell<Vec<Selection>>,
}

impl Pages {
    fn new<const N: usize>(pages: [(u32, &[Observed]); N]) -> Self {
        let page = |(total_count, rows): (u32, &[Observed])| Page {
            interfaces: rows.to_vec(),
            total_count,
            request_id: RequestId("R".into()),
            asked: BootTime::now(),
        };
        Self { left: RefCell::new(pages.map(page).into()), asked: RefCell::default() }
    }
}

impl CloudRead for Pages {
    async fn describe(&self, _: &Scope, query: &DescribeQuery) -> Result<Page, CloudError> {
        self.asked.borrow_mut().push(query.selection.clone());
        Ok(self.left.borrow_mut().pop_front().unwrap())
    }

    async fn health(&self, _: &Scope, _: &RouterInterfaceId) -> Result<Health, CloudError> {
        unreachable!("a listing asks for no health")
    }

    async fn identity(&self, _: &AccountName) -> Result<Identity, CloudError> {
        unreachable!("a listing asks for no identity")
    }
}

fn scope() -> Scope {
    Scope { account: AccountName::default_account(), region: "cn-shanghai".into() }
}

fn row(number: usize, status: Status) -> Observed {
    Observed::of(format!("ri-{number:03}").as_str().into(), "cn-shanghai".into(), status)
}

fn rows(numbers: std::ops::Range<usize>) -> Vec<Observed> {
    numbers.map(|number| row(number, Status::Active)).collect()
}

fn ids(rows: &[Observed]) -> BTreeSet<RouterInterfaceId> {
    rows.iter().map(|row| row.id.clone()).collect()
}

#[tokio::test]
async fn a_row_that_two_pages_show_differently_is_asked_for_by_id() {
    let (first, all) = (rows(0..50), rows(0..99));
    let mut second = rows(50..99);
    second.insert(0, row(49, Status::Deactivating));
    let now = [row(49, Status::Inactive)];
    let cloud = Pages::new([(100, &first), (100, &second), (1, &now)]);
    let listing = read(&cloud, &scope(), &ids(&all), None).await.unwrap();
    assert_eq!(listing.interfaces[&now[0].id].observed.status, Status::Inactive);
    assert_eq!(cloud.asked.borrow().last(), Some(&Selection::Ids(vec![now[0].id.clone()])));
}

#[tokio::test]
async fn a_row_that_slipped_between_two_pages_is_asked_for_by_id() {
    // While the first page was read, one of its rows was deleted: the first of the second page moved up.
    let (first, second, slipped) = (rows(0..50), rows(51..99), rows(50..51));
    let cloud = Pages::new([(99, &first), (98, &second), (1, &slipped)]);
    let listing = read(&cloud, &scope(), &ids(&rows(0..99)), None).await.unwrap();
    assert_eq!(listing.interfaces.len(), 99);
    assert_eq!(cloud.asked.borrow().last(), Some(&Selection::Ids(vec![slipped[0].id.clone()])));
}

#[tokio::test]
async fn a_whole_listing_whose_pages_shift_is_begun_anew_and_then_given_up() {
    let (first, second) = (rows(0..50), rows(50..60));
    let shifted = rows(49..59);
    let cloud = Pages::new([(60, &first), (60, &shifted), (60, &first), (60, &second)]);
    assert_eq!(read_all(&cloud, &scope()).await.unwrap().interfaces.len(), 60);
    let cloud = Pages::new([(60, &first), (60, &shifted), (60, &first), (60, &shifted), (60, &first), (60, &shifted)]);
    let error = read_all(&cloud, &scope()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Malformed, "{error}");
}

#[tokio::test]
async fn a_whole_listing_goes_on_while_pages_are_full_whatever_the_count_says() {
    let (first, second, third) = (rows(0..50), rows(50..100), rows(100..120));
    for counts in [[50, 50, 50], [50, 50, 20], [0, 0, 0], [99, 99, 99], [120, 120, 120]] {
        let cloud = Pages::new([(counts[0], &first), (counts[1], &second), (counts[2], &third)]);
        let listing = read_all(&cloud, &scope()).await.unwrap();
        assert_eq!((listing.interfaces.len(), listing.total), (120, Some(120)), "{counts:?}");
        assert_eq!(cloud.asked.borrow().len(), 3);
    }
    let cloud = Pages::new([(50, &first), (50, &[])]);
    assert_eq!(read_all(&cloud, &scope()).await.unwrap().interfaces.len(), 50);
    // A row was inserted while they were read: the last of the first page stands on the second too, and one may be on none.
    let shifted: Vec<Observed> = rows(49..99);
    let (rest, again) = (rows(99..120), [rows(0..50), rows(50..100), rows(100..120)]);
    let cloud =
        Pages::new([(50, &first), (50, &shifted), (50, &rest), (50, &again[0]), (50, &again[1]), (50, &again[2])]);
    assert_eq!(read_all(&cloud, &scope()).await.unwrap().interfaces.len(), 120);
    let three = [(50, first.as_slice()), (50, &shifted), (50, &rest)];
    let cloud = Pages::new(std::array::from_fn::<_, 9, _>(|number| three[number % 3]));
    let error = read_all(&cloud, &scope()).await.unwrap_err();
    assert!(error.message.english().contains("repeat a row"), "{error}");
    let ignores_the_page_number = Pages::new([(50, &first), (50, &first)]);
    assert_eq!(read_all(&ignores_the_page_number, &scope()).await.unwrap().interfaces.len(), 50);
}

#[tokio::test]
async fn a_count_below_what_was_found_ends_no_listing_however_short_its_pages() {
    let (first, second) = (rows(0..10), rows(10..17));
    let cloud = Pages::new([(0, &first), (0, &second), (0, &[])]);
    let listing = read_all(&cloud, &scope()).await.unwrap();
    assert_eq!((listing.interfaces.len(), cloud.asked.borrow().len()), (17, 3));
}

#[tokio::test]
async fn an_answer_that_says_two_things_of_one_id_is_asked_for_again() {
    let (up, down) = (row(1, Status::Active), row(1, Status::Inactive));
    let pages = Pages::new([
        (1, &[up.clone(), down.clone()]),
        (1, &[down.clone(), up.clone()]),
        (1, std::slice::from_ref(&down)),
    ]);
    let listing = read(&pages, &scope(), &BTreeSet::from([up.id.clone()]), None).await.unwrap();
    assert_eq!(listing.interfaces[&up.id].observed, down);
    assert_eq!(listing.contradicted, BTreeSet::new());
}

#[tokio::test]
async fn an_answer_that_goes_on_saying_two_things_says_nothing() {
    let (up, down) = (row(1, Status::Active), row(1, Status::Inactive));
    let both = [up.clone(), down];
    let pages = Pages::new([(1, &both), (1, &both), (1, &both)]);
    let mut listing = Listing::of(None);
    let error = read_into(&pages, &scope(), &BTreeSet::from([up.id.clone()]), &mut listing).await.unwrap_err();
    assert!(error.message.english().contains("say two things of it"), "{error}");
    assert_eq!(listing.interfaces.len(), 0);
    assert_eq!(listing.contradicted, BTreeSet::from([up.id]));
}

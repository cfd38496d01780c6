#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_796_000_000 + 60 * minute).unwrap()
}

fn matter() -> Matter {
    Matter::Interface("a".into())
}

fn found(how: &str) -> Standing {
    Standing::Found(how.to_owned())
}

/// One interface, looked at again and again, ten minutes apart, by a channel that takes everything.
struct Watch {
    told: Told,
    settle: u32,
    minute: i64,
}

impl Watch {
    fn new(settle: u32) -> Self {
        Self { told: Told::default(), settle, minute: 0 }
    }

    /// Looks once more, and returns what is news and since when it is away.
    fn sees(&mut self, standing: Standing) -> (Option<News>, Option<i64>) {
        let look = Look { standing: [(matter(), standing)].into() };
        let now = at(self.minute);
        self.minute += 10;
        let judged = self.told.judge(&look, self.settle, now);
        let since = judged.first_seen().get(&matter()).map(|at| (at.as_second() - 1_796_000_000) / 60);
        let news = judged.news.get(&matter()).copied();
        self.told = if judged.news.is_empty() { judged.untold() } else { judged.told(now) };
        (news, since)
    }
}

fn over(minute: i64) -> Option<News> {
    Some(News::Over { first_seen: at(minute), is_declared: true })
}

#[test]
fn a_finding_its_change_and_its_end_are_news_once() {
    let mut watch = Watch::new(1);
    assert_eq!(watch.sees(Standing::Normal), (None, None));
    assert_eq!(watch.sees(found("x")), (Some(News::New), Some(10)));
    assert_eq!(watch.sees(found("x")), (None, Some(10)));
    assert_eq!(watch.sees(found("y")), (Some(News::Changed), Some(10)), "it has not ended");
    assert_eq!(watch.sees(Standing::Normal), (over(10), None));
    assert_eq!(watch.sees(Standing::Normal), (None, None));
    assert_eq!(watch.sees(found("x")), (Some(News::New), Some(60)), "another one");
}

#[test]
fn what_settles_is_told_after_equal_runs_and_so_is_its_end() {
    let mut watch = Watch::new(3);
    let mut seen = Vec::new();
    for standing in ["x", "x", "y", "y", "y", "", "y", "", "", "", ""] {
        let standing = if standing.is_empty() { Standing::Normal } else { found(standing) };
        seen.push(watch.sees(standing).0);
    }
    let mut expected = vec![None; 11];
    expected[4] = Some(News::New);
    expected[9] = over(0);
    assert_eq!(seen, expected, "what comes back before its end was told is no news");
}

#[test]
fn what_was_never_told_has_no_end_to_tell() {
    let mut watch = Watch::new(2);
    for _ in 0..4 {
        assert_eq!(watch.sees(found("x")).0, None);
        assert_eq!(watch.sees(Standing::Normal), (None, None));
    }
    assert_eq!(watch.told.matters, [], "and nothing of it is remembered");
}

#[test]
fn what_was_hidden_is_news_once_it_no_longer_is() {
    let mut watch = Watch::new(1);
    assert_eq!(watch.sees(Standing::Hidden), (None, Some(0)));
    assert_eq!(watch.sees(found("x")), (Some(News::New), Some(0)));
    assert_eq!(watch.sees(Standing::Hidden), (None, Some(0)), "it is not back to normal");
    assert_eq!(watch.sees(found("x")), (Some(News::New), Some(0)));
    assert_eq!(watch.sees(Standing::Hidden).0, None);
    assert_eq!(watch.sees(Standing::Normal).0, over(0), "somebody was told that it was away");
    let mut untold = Watch::new(1);
    assert_eq!([untold.sees(Standing::Hidden).0, untold.sees(Standing::Normal).0], [None, None]);
}

#[test]
fn what_cannot_be_seen_or_is_on_its_way_has_neither_come_nor_ended() {
    let mut watch = Watch::new(1);
    assert_eq!(watch.sees(Standing::Unknown), (None, None));
    assert_eq!(watch.sees(found("x")).0, Some(News::New));
    for standing in [Standing::Unknown, Standing::Aside, Standing::Unknown, found("x")] {
        assert_eq!(watch.sees(standing), (None, Some(10)));
    }
    assert_eq!(watch.sees(Standing::Normal).0, over(10));
    let mut settling = Watch::new(2);
    let seen = [found("x"), Standing::Unknown, found("x")].map(|standing| settling.sees(standing).0);
    assert_eq!(seen, [None, None, Some(News::New)]);
}

#[test]
fn what_is_declared_no_more_has_ended_and_is_not_back() {
    let mut watch = Watch::new(1);
    watch.sees(found("x"));
    let judged = watch.told.judge(&Look::default(), 1, at(10));
    assert_eq!(judged.news[&matter()], News::Over { first_seen: at(0), is_declared: false });
    assert_eq!(judged.told(at(10)).matters, []);
}

#[test]
fn what_was_refused_is_news_again_and_keeps_when_it_was_seen_first() {
    let mut watch = Watch::new(1);
    let look = |standing: Standing| Look { standing: [(matter(), standing)].into() };
    let refused = watch.told.judge(&look(found("x")), 1, at(0)).untold();
    assert_eq!(refused.said_at, None);
    watch.told = refused;
    watch.minute = 10;
    assert_eq!(watch.sees(found("x")), (Some(News::New), Some(0)));
    let refused = watch.told.judge(&look(Standing::Normal), 1, at(20)).untold();
    assert_eq!(refused.judge(&look(Standing::Normal), 1, at(30)).news[&matter()], over(0).unwrap());
}

#[test]
fn a_spec_that_cannot_be_checked_is_a_matter_and_hides_what_it_declares() {
    let mut watch = Watch::new(1);
    watch.sees(found("x"));
    let known: Vec<Matter> = watch.told.matters.iter().map(|kept| kept.matter.clone()).collect();
    let judged = watch.told.judge(&Look::unchecked(&known), 1, at(10));
    assert_eq!(judged.news, [(Matter::Check, News::New)].into());
    assert!(judged.open.contains_key(&matter()));
}

#[test]
fn a_reminder_comes_once_a_period_however_the_timer_wavers() {
    let day = Duration::from_secs(24 * 60 * 60);
    let is_due = |said: Timestamp, now: Timestamp| Told::is_reminder_due(Some(said), day, now);
    let a_day_later = at(24 * 60);
    assert!(!is_due(at(0), at(24 * 60 - 1)));
    let early = a_day_later.checked_sub(Duration::from_secs(3)).unwrap();
    assert!(is_due(at(0), early) && is_due(at(0), a_day_later));
    assert!(is_due(at(0), at(-10)), "a clock that was set back silences nobody");
    assert!(!Told::is_reminder_due(Some(at(0)), Duration::from_secs(10), at(0)));
}

#[test]
fn what_is_remembered_is_read_as_it_was_written() {
    let mut watch = Watch::new(1);
    watch.sees(found("x"));
    let text = serde_json::to_string(&watch.told).unwrap();
    assert_eq!(serde_json::from_str::<Told>(&text).unwrap(), watch.told);
    assert!(text.starts_with(r#"{"format_version":1,"said_at":""#), "{text}");
}

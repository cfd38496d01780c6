use super::bench::{Scene, drain};
use crate::cloud::ErrorKind;
use crate::resource::Status;

const REFUSED: [&str; 3] = ["free a/deactivate", "told a/deactivate Guarded", "append closed a/deactivate Guarded"];

#[test]
fn nothing_goes_down_before_its_routes_were_heard_and_another_next_hop_was_seen_up() {
    let mut run = Scene::of([drain("a")]).routed(&["a"]).begin();
    run.show("b", Status::Active);
    assert_eq!(run.permit(0), ["ask routes vrt", "read a"]);
    assert!(run.read().is_empty(), "nobody has heard of its routes");
    assert_eq!(run.routes(&[&["a", "b"]]), ["read b"]);
    assert_eq!(run.read(), ["append intent a/deactivate"]);
    assert_eq!(run.appended(), ["send a/deactivate until 2000 ms"]);
}

#[test]
fn what_has_no_route_over_it_goes_down() {
    let mut run = Scene::of([drain("a")]).routed(&["a"]).begin();
    run.permit(0);
    run.read();
    assert_eq!(run.routes(&[&["b"]]), ["append intent a/deactivate"]);
}

#[test]
fn the_last_next_hop_of_a_route_stays() {
    let mut run = Scene::of([drain("a")]).routed(&["a"]).begin();
    run.permit(0);
    run.read();
    assert_eq!(run.routes(&[&["a"]]), REFUSED);
}

#[test]
fn a_next_hop_that_is_not_up_keeps_nothing() {
    let mut run = Scene::of([drain("a")]).routed(&["a"]).begin();
    run.show("b", Status::Inactive);
    run.permit(0);
    run.read();
    run.routes(&[&["a", "b"]]);
    assert_eq!(run.read(), REFUSED);
}

#[test]
fn routes_that_cannot_be_read_count_as_lost() {
    let mut run = Scene::of([drain("a")]).routed(&["a"]).begin();
    run.permit(0);
    run.read();
    assert_eq!(run.no_routes(ErrorKind::Denied), REFUSED);
}

#[test]
fn what_rides_on_the_other_end_of_its_link_stays_too() {
    let scene = || Scene::of([drain("a")]).routed(&["a"]).routed_beyond("a", "far");
    let mut run = scene().begin();
    assert_eq!(run.permit(0), ["ask routes vrt", "ask routes beyond", "read a"]);
    run.read();
    assert!(run.routes(&[&["b"]]).is_empty(), "the other router has not answered");
    assert_eq!(run.routes_of("beyond", &[&["a"]]), ["append intent a/deactivate"], "it knows the link as far");
    let mut run = scene().begin();
    run.permit(0);
    run.read();
    run.routes(&[&["b"]]);
    assert_eq!(run.routes_of("beyond", &[&["far"]]), REFUSED);
}

#[test]
fn steps_that_go_together_share_an_answer_and_the_second_counts_the_first_as_down() {
    let mut run = Scene::of([drain("a"), drain("b")]).routed(&["a", "b"]).begin();
    assert!(run.permit(0).contains(&"ask routes vrt".to_owned()));
    assert!(!run.permit(1).contains(&"ask routes vrt".to_owned()), "one question a router");
    let mut words = Vec::new();
    let mut news = run.routes(&[&["a", "b"]]);
    for _ in 0..8 {
        let appends = news.iter().any(|word| word.starts_with("append"));
        words.append(&mut news);
        news = if appends { run.appended() } else { [run.read(), run.routes(&[&["a", "b"]])].concat() };
    }
    assert!(words.iter().any(|word| word.starts_with("append intent a/deactivate")), "{words:?}");
    assert!(words.contains(&"told b/deactivate Guarded".to_owned()), "{words:?}");
}

#[test]
fn an_answer_that_has_grown_too_old_is_asked_for_again() {
    let mut run = Scene::of([drain("a")]).routed(&["a"]).begin();
    run.show("b", Status::Active);
    run.permit(0);
    run.read();
    run.routes(&[&["a", "b"]]);
    run.pass(2.5);
    let words = run.read();
    assert!(words.contains(&"ask routes vrt".to_owned()), "{words:?}");
}

#[test]
fn a_next_hop_that_cannot_be_read_where_it_is_counts_as_lost() {
    let mut run = Scene::of([drain("a")]).routed(&["a"]).routed_beyond("a", "far").begin();
    run.permit(0);
    run.read();
    run.routes(&[]);
    assert_eq!(run.routes_of("beyond", &[&["far", "b"]]), ["read b"]);
    let words = run.fail_reads(&[]);
    assert!(words.ends_with(&REFUSED.map(str::to_owned)), "{words:?}");
}

use super::*;
use crate::plan::{Action, BlockReason, Floor, FloorLink, FloorMember, Goal, Guard};
use crate::render::samples::{
    HOSTILE, assert_inert, change, empty_plan, hostile_plan, large_plan, rich_plan, scope, small_plan, step, view,
    written,
};
use crate::resource::{Call, Status};
use crate::selector::Selector;

fn show(plan: &Plan, view: View) -> String {
    written(|out| text(out, plan, &Given::default(), view))
}

#[test]
fn shows_one_drain() {
    insta::assert_snapshot!(show(&small_plan(), view(80)));
}

#[test]
fn shows_every_section_on_a_narrow_screen() {
    insta::assert_snapshot!("rich_plan_60", show(&rich_plan(), view(60)));
}

#[test]
fn says_that_nothing_is_to_be_done() {
    insta::assert_snapshot!(show(&empty_plan(), view(80)));
}

#[test]
fn never_says_no_changes_where_something_could_not_be_read() {
    let mut plan = empty_plan();
    plan.failures = rich_plan().failures;
    assert!(!show(&plan, view(80)).contains("No changes."));
}

#[test]
fn tells_a_plan_of_many_deactivations_as_one_row_a_group() {
    let shown = show(&large_plan(1000), view(80));
    assert!(!shown.contains("router_interface"), "{shown}");
    assert!(shown.contains("without a block of their own (--full shows all)"), "{shown}");
    assert_eq!(shown.matches("spec changed (1000)").count(), 1, "{shown}");
    assert!(shown.contains("\n  wave 1: 40 to deactivate\n"), "{shown}");
    assert!(shown.contains("Plan: 0 to add, 1000 to change, 0 to destroy.\n"));
    let row = shown.lines().find(|line| line.contains(" down ri00000, ri00001, ")).unwrap_or_default();
    assert!(row.ends_with(" 997 more"), "{shown}");
    // A hundred are all named: there is room.
    let shown = show(&large_plan(100), view(80));
    assert!((0..100).all(|number| shown.contains(&format!("ri{number:05}"))), "{shown}");
}

#[test]
fn keeps_the_blocks_of_deactivations_among_many_changes() {
    let shown = show(&sites(20, 15), view(100));
    assert_eq!(shown.matches("will be deactivated").count(), 15);
    assert_eq!(shown.matches("# guard: ").count(), 15);
    assert!(!shown.contains("will be activated"));
    insta::assert_snapshot!("many_changes", show(&sites(12, 10), view(80)));
    insta::assert_snapshot!("many_deactivations", show(&sites(22, 22), view(80)));
}

#[test]
fn shows_everything_where_nothing_is_folded() {
    let shown = show(&sites(30, 30), View { folds: false, width: u16::MAX, ..view(80) });
    assert_eq!(shown.matches("router_interface \"").count(), 60);
    assert_eq!(shown.matches("# guard: ").count(), 30);
    let longest = shown.lines().filter(|line| line.contains("guard")).count();
    assert_eq!(longest, 30, "no line is wrapped: {shown}");
}

#[test]
fn never_cuts_what_is_blocked() {
    assert_eq!(show(&large_plan(50), view(80)).matches(": protected: ").count(), 50);
}

#[test]
fn says_what_to_run_next() {
    let mut plan = small_plan();
    let next = |plan: &Plan, file: Option<&str>| {
        let given = Given { saved: file.map(str::to_owned), ..Given::default() };
        let shown = written(|out| text(out, plan, &given, view(200)));
        shown.lines().last().map(str::to_owned).unwrap_or_default()
    };
    assert_eq!(next(&plan, None), "Next: `rictl apply` does this");
    plan.basis.spec = Some("sites/a b.yaml".to_owned());
    plan.inputs.target.push(Selector::of(&"sh-primary".into()));
    assert_eq!(next(&plan, None), "Next: `rictl -f 'sites/a b.yaml' apply --target sh-primary` does this");
    assert_eq!(next(&plan, Some("p")), "Next: `rictl -f 'sites/a b.yaml' apply p` does exactly this");
    plan.blocked = rich_plan().blocked;
    let shown = next(&plan, Some("p"));
    assert_eq!(shown, "Next: `rictl -f 'sites/a b.yaml' apply p` does exactly this, and nothing of what is blocked");
    plan.steps.clear();
    plan.basis.spec = None;
    assert_eq!(next(&plan, None), "Next: lift what is blocked, then `rictl plan --target sh-primary`");
    let opens = BlockReason::Window { window: "night".to_owned(), opens_at: Some(plan.timestamp) };
    plan.blocked.iter_mut().for_each(|blocked| blocked.reason = opens.clone());
    let opened = "Next: `rictl plan --target sh-primary --at open` plans for when the windows let all of it through";
    assert_eq!(next(&plan, None), opened);
}

/// A plan for `count` sites: in each a backup comes up, and in `drained` of them the primary goes down.
fn sites(count: u32, drained: u32) -> Plan {
    let mut plan = empty_plan();
    plan.resource_changes.clear();
    let member = |address: &str, up| FloorLink {
        sides: vec![FloorMember {
            address: address.into(),
            interface_id: format!("ri-{address}").into(),
            scope: scope("cn-shanghai"),
        }],
        up,
        rises: !up,
        out: false,
        check: None,
    };
    for number in 0..count {
        let (group, backup, primary) =
            (format!("site-{number:02}"), format!("backup-{number:02}"), format!("primary-{number:02}"));
        plan.resource_changes.push(change(&backup, "cn-shanghai", Status::Inactive, Status::Active));
        let up = Action::Call(Call::Activate);
        plan.steps.push(step(&backup, "cn-shanghai", up, Status::Inactive, Goal::Active, 1));
        plan.floors.push(Floor {
            group: group.as_str().into(),
            links: vec![member(&backup, false), member(&primary, true)],
            min_up: 1,
            knob: None,
        });
        if number < drained {
            let mut change = change(&primary, "cn-shanghai", Status::Active, Status::Inactive);
            change.reason = Some("CHG-1042 fibre splice".to_owned());
            plan.resource_changes.push(change);
            let down = Action::Call(Call::Deactivate);
            let mut step = step(&primary, "cn-shanghai", down, Status::Active, Goal::Inactive, 2);
            step.guards = vec![Guard {
                group: group.as_str().into(),
                lowest: Some(1),
                of: 2,
                end: 1,
                floor: 1,
                takes_nothing: false,
            }];
            plan.steps.push(step);
        }
    }
    plan.resource_changes.sort_by(|one, other| one.address.cmp(&other.address));
    plan
}

#[test]
fn keeps_the_lines_that_tools_parse_at_any_width() {
    let shown = show(&large_plan(1000), view(20));
    assert!(shown.ends_with(
        "Plan: 0 to add, 1000 to change, 0 to destroy.\n1000 to deactivate, 0 to activate, 0 to wait for; 1000 blocked.\nNext: `rictl apply`\n  does this, and\n  nothing of what is\n  blocked\n"
    ));
}

#[test]
fn shows_hostile_text_without_obeying_it() {
    for text in HOSTILE {
        for width in [60, 120] {
            assert_inert(&show(&hostile_plan(text), view(width)), text);
        }
    }
}

use super::*;
use crate::render::samples::{HOSTILE, hostile_plan, rich_plan, spec, written};

#[test]
fn writes_dependencies_groups_and_steps_in_each_format() {
    let (spec, plan) = (spec(), rich_plan());
    let graph = Graph::new(&spec, Some(&plan));
    for (name, format) in
        [("dot", Format::Dot), ("mermaid", Format::Mermaid), ("svg", Format::Svg), ("json", Format::Json)]
    {
        insta::assert_snapshot!(name, written(|out| graph.write(out, format)));
    }
}

#[test]
fn a_chain_is_as_deep_as_it_is_long() {
    assert_eq!(depths(4, &[(2, 1), (1, 0), (2, 0)]), [2, 1, 0, 0]);
    assert_eq!(depths(2, &[(0, 1), (1, 0)]), [0, 0]);
}

#[test]
fn hostile_names_stay_labels() {
    for text in HOSTILE {
        let (spec, plan) = (spec(), hostile_plan(text));
        let graph = Graph::new(&spec, Some(&plan));
        for line in written(|out| graph.write(out, Format::Dot)).lines() {
            let unquoted = line.replace("\\\\", "").replace("\\\"", "");
            assert_eq!(unquoted.matches('"').count() % 2, 0, "{line}");
        }
        let lines = written(|out| graph.write(out, Format::Mermaid)).lines().count();
        assert_eq!(lines, 1 + 4 + (1 + 2 + 1) + 2 + 3, "{text:?}");
    }
}

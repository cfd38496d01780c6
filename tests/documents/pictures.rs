//! The recording in README.md shows what the binary prints today.

use std::fs;
use std::process::Command;

use quick_xml::events::Event;

use super::transcript::Reader;
use super::{golden, repository};

/// The lines of a picture, as they are read by whoever sees it without its animation.
fn lines(picture: &str) -> Vec<String> {
    let mut reader = quick_xml::Reader::from_str(picture);
    let (mut lines, mut is_line) = (Vec::new(), false);
    loop {
        match reader.read_event().expect("the picture is XML") {
            Event::Start(element) if element.name().as_ref() == "text" => {
                is_line = true;
                lines.push(String::new());
            }
            Event::End(element) if element.name().as_ref() == "text" => is_line = false,
            Event::Text(text) if is_line => append(&mut lines, &text),
            Event::GeneralRef(reference) if is_line => {
                append(&mut lines, quick_xml::escape::resolve_predefined_entity(&reference).expect("an entity of XML"));
            }
            Event::Eof => return lines,
            _ => {}
        }
    }
}

fn append(lines: &mut [String], text: &str) {
    lines.last_mut().expect("a line is open").push_str(text);
}

/// The commands of a picture and what they print, as a document shows them; a blank line stands before each command.
fn document(picture: &str) -> String {
    format!("```console\n{}\n```\n", lines(picture).join("\n"))
}

#[test]
fn the_recording_is_what_the_binary_prints() {
    let path = repository().join("docs/pictures/drain.svg");
    if golden::updates() {
        let recorder = repository().join("docs/pictures/record.py");
        let status = Command::new(recorder).arg(env!("CARGO_BIN_EXE_rictl")).status().expect("Python 3");
        assert!(status.success(), "the recording failed");
    }
    let picture = fs::read_to_string(&path).expect("a picture");
    let document = document(&picture);
    assert!(document.matches("\n$ rictl ").count() >= 2, "the picture shows no commands:\n{document}");
    let (differences, _) = Reader::in_copy_of(&repository().join("examples/maintenance-drain")).follow(&document);
    assert!(differences.is_empty(), "docs/pictures/drain.svg shows what is not so:\n{}", differences.join("\n"));
}

#[test]
fn the_recording_is_readable_light_dark_and_still() {
    let picture = fs::read_to_string(repository().join("docs/pictures/drain.svg")).expect("a picture");
    let (still, moving) = picture.split_once("@media (prefers-reduced-motion: no-preference)").expect("motion apart");
    assert!(still.contains("@media (prefers-color-scheme: dark)"), "the picture has no dark side");
    let (_, drawn) = moving.split_once("</style>").expect("a style");
    assert!(!still.contains("opacity") && !drawn.contains("opacity"), "something is hidden without motion");
    assert!(!picture.contains("href") && !picture.contains("url("), "the picture loads something");
}

//! What a key of the spec means, from the table of keys.

use std::io::{self, Write};

use serde::Serialize;

use super::json;
use super::text::{Line, Screen, Tone, View};
use crate::spec::keys::{Key, Presence};

/// The version of the document.
const FORMAT_VERSION: &str = "1.0";

/// Writes what keys mean, each with the keys right below it.
pub fn text<W: Write + ?Sized>(out: &mut W, keys: &[&'static Key], view: View) -> io::Result<()> {
    let mut screen = Screen::new(out, view);
    for (number, key) in keys.iter().enumerate() {
        if number > 0 {
            screen.blank()?;
        }
        screen.line(&Line::at(0).with(Tone::Strong, key.path).text(format!(": {}", key.kind)))?;
        screen.line(&Line::at(2).hang(2).text(key.meaning))?;
        if let Some(presence) = presence(key) {
            screen.line(&Line::at(2).hang(2).text(presence))?;
        }
        if !key.example.is_empty() && !matches!(key.presence, Presence::Default(_)) {
            screen.line(&Line::at(2).hang(2).text(format!("for example: `{}: {}`", key.name, key.example)))?;
        }
        let below: Vec<&str> = key.children().map(|child| child.name).collect();
        if !below.is_empty() {
            screen.line(&Line::at(2).hang(2).text(format!("below it: {}", below.join(", "))))?;
        }
    }
    Ok(())
}

/// Writes the same as one JSON document, on one line.
pub fn document<W: Write + ?Sized>(out: &mut W, keys: &[&'static Key]) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document {
        format_version: &'static str,
        keys: Vec<Told>,
    }
    let keys = keys.iter().map(|key| Told::of(key)).collect();
    json::line(out, &Document { format_version: FORMAT_VERSION, keys })
}

#[derive(Serialize)]
struct Told {
    path: &'static str,
    holds: String,
    required: bool,
    default: Option<&'static str>,
    means: &'static str,
    example: Option<&'static str>,
    below: Vec<&'static str>,
}

impl Told {
    fn of(key: &'static Key) -> Self {
        let default = match key.presence {
            Presence::Default(value) | Presence::Otherwise(value) => Some(value),
            Presence::Required(_) | Presence::Optional => None,
        };
        Self {
            path: key.path,
            holds: key.kind.to_string(),
            required: matches!(key.presence, Presence::Required(_)),
            default,
            means: key.meaning,
            example: (!key.example.is_empty()).then_some(key.example),
            below: key.children().map(|child| child.path).collect(),
        }
    }
}

fn presence(key: &Key) -> Option<String> {
    match key.presence {
        Presence::Required(how) => Some(format!("it must be there: {how}")),
        Presence::Default(value) => Some(format!("without it: `{value}`")),
        Presence::Otherwise(what) => Some(format!("without it: {what}")),
        Presence::Optional => None,
    }
}

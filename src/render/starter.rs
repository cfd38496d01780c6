//! A first spec, with comments, from what is live: `rictl init`.
//!
//! What is certain is declared; what is only likely stands beside it as a comment, so that the text as it is plans to
//! no changes. Names come from the cloud: inside a comment they are escaped, anywhere else they do not stand.

use std::io::{self, Write};

use super::escape::escape_terminal;
use crate::resource::{Address, DesiredStatus, Observed, Provider, Region, Status};
use crate::survey::{Entry, LikelyGroup, Survey};

pub mod json;

/// The file beside the spec that its first line names.
pub const SCHEMA_FILE: &str = "rictl.schema.json";

/// How much of a spec a plan may change.
const MAX_CHANGES_PERCENT: u8 = 30;

/// What the spec says apart from the interfaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The credentials profile.
    pub profile: Option<String>,
    /// The emulator's world, relative to the spec.
    pub world: Option<String>,
    /// The schema stands beside it.
    pub has_schema: bool,
    /// Only what others name is in it, not all that is live.
    pub is_part: bool,
}

/// Writes the spec.
pub fn write<W: Write + ?Sized>(out: &mut W, survey: &Survey, settings: &Settings) -> io::Result<()> {
    let home = home(survey);
    head(out, survey, settings)?;
    cloud(out, survey, settings, home)?;
    writeln!(out, "\n# Blast radius: a plan beyond a limit is refused.")?;
    writeln!(out, "limits:\n  max_changes_percent: {MAX_CHANGES_PERCENT}\n  # max_changes: 4")?;
    groups(out, survey)?;
    writeln!(out, "\ninterfaces:")?;
    if survey.entries.is_empty() {
        let nothing = match settings.is_part {
            true => "Nothing that was asked for is live in these regions.",
            false => "Nothing is live in these regions.",
        };
        comment(out, "  ", nothing)?;
    }
    for (number, (address, entry)) in survey.entries.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        interface(out, survey, address, entry, home)?;
    }
    Ok(())
}

/// Writes the entries alone, for a spec that is there: `indent` columns in, each with the line that says what it links.
pub fn entries<W: Write + ?Sized>(
    out: &mut W,
    survey: &Survey,
    home: Option<&Region>,
    indent: usize,
) -> io::Result<()> {
    let margin = " ".repeat(indent);
    for (address, entry) in &survey.entries {
        let Ok(status) = entry.status() else { continue };
        let observed = &entry.observed;
        comment(out, &margin, &link(observed, entry.peer.as_ref(), survey))?;
        writeln!(out, "{margin}{}:", quoted(address.as_str()))?;
        writeln!(out, "{margin}  id: {}", quoted(observed.id.as_str()))?;
        if home != Some(&observed.region) {
            writeln!(out, "{margin}  region: {}", quoted(observed.region.as_str()))?;
        }
        writeln!(out, "{margin}  status: {status}")?;
    }
    Ok(())
}

fn head<W: Write + ?Sized>(out: &mut W, survey: &Survey, settings: &Settings) -> io::Result<()> {
    writeln!(out, "# yaml-language-server: $schema={SCHEMA_FILE}")?;
    let about = if settings.has_schema {
        "(That file, beside this one, gives an editor completion and checks; `rictl schema spec` prints it.)"
    } else {
        "(`rictl schema spec > rictl.schema.json` makes that file: completion and checks in an editor.)"
    };
    comment(out, "", about)?;
    comment(out, "", "")?;
    let regions: Vec<&str> = survey.regions.iter().map(Region::as_str).collect();
    let count = survey.entries.len();
    let interfaces = if count == 1 { "interface" } else { "interfaces" };
    let line = format!("{count} {interfaces}, live at {} in {}.", survey.read_at, regions.join(", "));
    comment(out, "", &line)?;
    comment(
        out,
        "",
        "As it stands, `rictl plan` says \"No changes.\"; a status that you change is a change it plans.",
    )?;
    survey.notes.iter().try_for_each(|note| comment(out, "", note))?;
    writeln!(out, "version: 1")
}

/// Returns the region that most interfaces live in, the first that was read among equals.
fn home(survey: &Survey) -> Option<&Region> {
    let count = |region: &Region| survey.entries.values().filter(|entry| entry.observed.region == *region).count();
    // The last of equal maxima wins, so the order is turned.
    survey.regions.iter().rev().max_by_key(|region| count(region))
}

fn cloud<W: Write + ?Sized>(
    out: &mut W,
    survey: &Survey,
    settings: &Settings,
    home: Option<&Region>,
) -> io::Result<()> {
    writeln!(out, "\ncloud:\n  provider: {}", survey.target.provider)?;
    if let Some(region) = home {
        writeln!(out, "  region: {}", quoted(region.as_str()))?;
    }
    if let Some(profile) = &settings.profile {
        writeln!(out, "  profile: {}", quoted(profile))?;
    }
    if let Some(world) = &settings.world {
        writeln!(out, "  world: {}", quoted(world))?;
    }
    if survey.target.provider == Provider::Alibaba {
        writeln!(out, "  account_id: \"{}\"   # apply refuses any other account", survey.target.account_id)?;
    }
    Ok(())
}

fn groups<W: Write + ?Sized>(out: &mut W, survey: &Survey) -> io::Result<()> {
    writeln!(out, "\n# Redundancy: a floor that no step may break. Interfaces join a group with `group`.")?;
    let is_real = |group: &&LikelyGroup| group.is_certain;
    let any_real = survey.groups.values().any(|group| is_real(&group));
    if !any_real {
        writeln!(out, "# groups:")?;
    } else {
        writeln!(out, "groups:")?;
    }
    for (name, group) in &survey.groups {
        let name = quoted(name.as_str());
        if group.is_certain {
            comment(out, "  ", &format!("{}.", group.why))?;
            writeln!(out, "  {name}:")?;
            writeln!(out, "    min_active: {}", group.floor())?;
        } else {
            let LikelyGroup { why, links, up, .. } = group;
            let up = if up == links { String::new() } else { format!(", {up} of them up") };
            // Whoever takes away one `# ` has the group, and this as the comment of it.
            comment(out, "", &format!("  # {why}{up}; if one can do the work of another, this is a group"))?;
            writeln!(out, "#   {name}:\n#     min_active: {}", group.floor())?;
        }
    }
    if survey.groups.is_empty() {
        writeln!(out, "#   idc-shanghai:\n#     min_active: 1")?;
    }
    Ok(())
}

fn interface<W: Write + ?Sized>(
    out: &mut W,
    survey: &Survey,
    address: &Address,
    entry: &Entry,
    home: Option<&Region>,
) -> io::Result<()> {
    let observed = &entry.observed;
    comment(out, "  ", &link(observed, entry.peer.as_ref(), survey))?;
    entry.notes.iter().try_for_each(|note| comment(out, "  ", &format!("Note: {note}.")))?;
    let status = entry.status();
    let mark = match &status {
        Ok(_) => "  ",
        Err(why) => {
            comment(out, "  ", &format!("Left out: {why}."))?;
            "  # "
        }
    };
    writeln!(out, "{mark}{}:", quoted(address.as_str()))?;
    writeln!(out, "{mark}  id: {}", quoted(observed.id.as_str()))?;
    if home != Some(&observed.region) {
        writeln!(out, "{mark}  region: {}", quoted(observed.region.as_str()))?;
    }
    writeln!(out, "{mark}  status: {}", status.unwrap_or(DesiredStatus::Active))?;
    if let Some((name, group)) = entry.group.as_ref().and_then(|name| survey.groups.get_key_value(name)) {
        let mark = if group.is_certain { mark } else { "  # " };
        writeln!(out, "{mark}  group: {}", quoted(name.as_str()))?;
    }
    Ok(())
}

/// Says in one line what an interface is called and what it links.
fn link(observed: &Observed, peer: Option<&Address>, survey: &Survey) -> String {
    let opposite = &observed.opposite;
    let name = observed.name.as_deref().map(|name| format!("\"{name}\": ")).unwrap_or_default();
    let near = observed.router_id.as_deref().unwrap_or("a router");
    let far = opposite.router_id.as_deref().unwrap_or("a router that is not reported");
    let place = opposite.region.as_ref().filter(|region| **region != observed.region);
    let place = place.map(|region| format!(" in {region}")).unwrap_or_default();
    let other = match (peer, &opposite.interface_id) {
        (Some(peer), _) => peer.to_string(),
        (None, Some(id)) => format!("{id}, {}", unread(observed, survey)),
        (None, None) => return format!("{name}{near} to {far}{place}; no other side is reported"),
    };
    let status = opposite.status.as_ref().map_or("its status is not reported", Status::as_str);
    format!("{name}{near} to {far}{place}; the other side is {other}, {status}")
}

/// Says why the other side of a link is not in the spec.
fn unread(observed: &Observed, survey: &Survey) -> String {
    let opposite = &observed.opposite;
    match (&opposite.owner_id, &opposite.region) {
        (Some(owner), _) if *owner != survey.target.account_id => format!("of account {owner}"),
        (_, Some(region)) if !survey.regions.contains(region) => format!("not read here (--region {region})"),
        _ => "not in this spec".to_owned(),
    }
}

/// Writes one line of comment.
fn comment<W: Write + ?Sized>(out: &mut W, indent: &str, text: &str) -> io::Result<()> {
    writeln!(out, "{}", format!("{indent}# {}", escape_terminal(text)).trim_end())
}

/// Writes a string so that every YAML reader takes it for one.
fn quoted(text: &str) -> String {
    const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let is_plain = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/'))
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(text));
    // JSON's strings are YAML's.
    if is_plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

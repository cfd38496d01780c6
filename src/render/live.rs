//! A run as a table that is redrawn in place, for a terminal that a person watches.
//!
//! Finished steps scroll away above as ordinary lines; the table keeps what is in flight, the wave, and how much
//! headroom each touched group has by what this run has read.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::time::Duration;

use jiff::Timestamp;

use super::duration;
use super::frame::{self, Frame};
use super::progress::Progress;
use super::text::{Line, Tone, View, and_more, columns_of, shortened};
use crate::language::{self, say};
use crate::plan::{Floor, Plan, Step, StepId};
use crate::resource::{RouterInterfaceId, Status};
use crate::run::Event;

/// The columns that an address may take at most; on a narrow screen it is two fifths of it.
const WIDEST: usize = 32;

/// The most groups whose headroom is shown.
const MOST_FLOORS: usize = 4;

/// The table of one run.
#[derive(Debug)]
pub struct Table {
    steps: BTreeMap<StepId, Step>,
    waves: u32,
    lines: Progress,
    floors: Vec<Floor>,
    view: View,
    typical: BTreeMap<StepId, Duration>,
    in_flight: BTreeMap<StepId, Flight>,
    statuses: BTreeMap<RouterInterfaceId, Status>,
    finished: usize,
    frame: Frame,
}

#[derive(Debug)]
struct Flight {
    since: Timestamp,
    status: Option<Status>,
}

impl Table {
    /// Starts the table of a run of `plan`. `typical` says how long a step took in the past, where that is known.
    pub fn new(plan: &Plan, typical: BTreeMap<StepId, Duration>, view: View) -> Self {
        let live = plan.resource_changes.iter();
        let statuses =
            live.filter_map(|change| Some((change.id.clone(), change.change.before.as_ref()?.status.clone())));
        let touched: BTreeSet<_> = plan.steps.iter().map(|step| &step.interface_id).collect();
        let is_touched = |floor: &&Floor| {
            floor.links.iter().flat_map(|link| &link.sides).any(|side| touched.contains(&side.interface_id))
        };
        Self {
            floors: plan.floors.iter().filter(is_touched).take(MOST_FLOORS).cloned().collect(),
            steps: plan.steps.iter().map(|step| (step.id.clone(), step.clone())).collect(),
            waves: plan.steps.iter().map(|step| step.wave).max().unwrap_or(1),
            lines: Progress::new(plan, view).wrapped(),
            view,
            typical,
            in_flight: BTreeMap::new(),
            statuses: statuses.collect(),
            finished: 0,
            frame: Frame::default(),
        }
    }

    /// Takes in that the terminal is `columns` wide now.
    pub fn resize(&mut self, columns: u16) {
        self.view.width = columns;
        self.lines.resize(columns);
    }

    /// Takes an event in, and lets what is not in the table scroll away above it.
    pub fn event<W: Write + ?Sized>(&mut self, out: &mut W, at: Timestamp, event: &Event) -> io::Result<()> {
        match event {
            Event::CallSent { step } => self.depart(step, at, None),
            Event::StepWaiting { step, status } => self.depart(step, at, Some(status.clone())),
            Event::Progress { step, status, .. } => self.seen(step, status.as_ref()),
            Event::CallAccepted { .. } => {}
            Event::StepFinished { step, status, .. } => {
                self.seen(step, status.as_ref());
                self.in_flight.remove(step);
                self.finished += 1;
                self.clear(out)?;
                self.lines.event(out, event)?;
            }
            _ => {
                self.clear(out)?;
                self.lines.event(out, event)?;
            }
        }
        Ok(())
    }

    /// Draws the table over the last one, in at most `rows` rows; nothing where it would look the same.
    pub fn draw<W: Write + ?Sized>(&mut self, out: &mut W, now: Timestamp, rows: u16) -> io::Result<()> {
        language::speak(self.view.language, || {
            let lines = self.table(now, frame::room(rows));
            self.frame.draw(out, &lines, self.view)
        })
    }

    fn table(&self, now: Timestamp, most: usize) -> Vec<Line<'static>> {
        let mut lines = vec![self.header()];
        lines.extend(self.floors.iter().map(|floor| self.headroom(floor)));
        lines.truncate(most);
        lines.extend(self.flights(most - lines.len(), now));
        lines
    }

    /// Takes the table away.
    pub fn clear<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.frame.clear(out, self.view.width)
    }

    fn depart(&mut self, id: &StepId, since: Timestamp, status: Option<Status>) {
        if self.steps.contains_key(id) {
            self.in_flight.insert(id.clone(), Flight { since, status });
        }
    }

    fn seen(&mut self, id: &StepId, status: Option<&Status>) {
        let Some(status) = status else { return };
        if let Some(flight) = self.in_flight.get_mut(id) {
            flight.status = Some(status.clone());
        }
        if let Some(step) = self.steps.get(id) {
            self.statuses.insert(step.interface_id.clone(), status.clone());
        }
    }

    fn header(&self) -> Line<'static> {
        let (finished, total, waves) = (self.finished, self.steps.len(), self.waves);
        let wave = self.in_flight.keys().filter_map(|id| self.steps.get(id)).map(|step| step.wave).max();
        let in_flight = self.in_flight.len();
        let line = Line::at(0).with(
            Tone::Strong,
            say!("{finished} of {total} finished, {in_flight} in flight", finished, total, in_flight),
        );
        match wave {
            Some(wave) => line.text(" ").whole(Tone::Strong, say!("(wave {wave} of {waves})", wave, waves)),
            None => line,
        }
    }

    /// Says how many links of a group may still go; what is in flight counts as down, as it does for the floors.
    fn headroom(&self, floor: &Floor) -> Line<'static> {
        let in_flight: BTreeSet<&RouterInterfaceId> =
            self.in_flight.keys().filter_map(|id| Some(&self.steps.get(id)?.interface_id)).collect();
        let is_active = |id| self.statuses.get(id).is_some_and(|status: &Status| *status == Status::Active);
        let is_up = |id| is_active(id) && !in_flight.contains(id);
        let links = floor.links.iter();
        let up = links.filter(|link| link.sides.iter().all(|member| is_up(&member.interface_id))).count();
        let spare = up.saturating_sub(floor.min_up as usize);
        let tone = if spare == 0 { Tone::Change } else { Tone::Good };
        let text = say!(
            "{up} of {links} up, floor {floor}, {spare} to spare",
            up,
            links = floor.links.len(),
            floor = floor.min_up,
            spare
        );
        let room = usize::from(self.view.width).saturating_sub(columns_of(&text) + "  : ".len() + 1);
        let group = shortened(floor.group.as_str(), room, self.view.ellipsis());
        Line::at(2).text(format!("{group}: ")).with(tone, text)
    }

    /// Shows what is in flight in at most `room` rows; the last one counts what has no row of its own.
    fn flights(&self, room: usize, now: Timestamp) -> Vec<Line<'static>> {
        let all: Vec<_> =
            self.in_flight.iter().filter_map(|(id, flight)| Some((self.steps.get(id)?, flight))).collect();
        let shown = if all.len() > room { room.saturating_sub(1) } else { all.len() };
        let most = WIDEST.min(usize::from(self.view.width) * 2 / 5);
        let name = |step: &Step| shortened(step.address.as_str(), most, self.view.ellipsis());
        let names = all[..shown].iter().map(|(step, _)| columns_of(&name(step))).max().unwrap_or(0);
        let paths = all[..shown].iter().map(|(step, flight)| columns_of(&flight.path(step))).max().unwrap_or(0);
        let mut lines: Vec<_> = all[..shown]
            .iter()
            .map(|(step, flight)| self.row(step, flight, now, (&name(step), names, paths)))
            .collect();
        let left_out = if room > 0 { all.len() - shown } else { 0 };
        let more = and_more(left_out, say!("in flight"), self.view.ellipsis());
        lines.extend(more.map(|text| Line::at(2).with(Tone::Faint, text)));
        lines
    }

    fn row(&self, step: &Step, flight: &Flight, now: Timestamp, cells: (&str, usize, usize)) -> Line<'static> {
        let (name, names, paths) = cells;
        let elapsed = now.duration_since(flight.since).try_into().unwrap_or_default();
        let typical =
            self.typical.get(&step.id).map(|typical| say!(" of about {typical}", typical = duration(*typical)));
        let padding = " ".repeat(paths.saturating_sub(columns_of(&flight.path(step))));
        Line::at(2)
            .cell(Tone::Plain, name, names)
            .with(Tone::Wait, flight.status().to_owned())
            .with(Tone::Change, " -> ")
            .text(format!("{}{padding}  ", step.goal))
            .text(say!(
                "{elapsed}{typical}  wave {wave}",
                elapsed = duration(elapsed),
                typical = typical.unwrap_or_default(),
                wave = step.wave
            ))
    }
}

impl Flight {
    fn status(&self) -> &str {
        self.status.as_ref().map_or(say!("sent"), Status::as_str)
    }

    /// Returns what the columns of a row are aligned by.
    fn path(&self, step: &Step) -> String {
        format!("{} -> {}", self.status(), step.goal)
    }
}

#[cfg(test)]
mod tests;

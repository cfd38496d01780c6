//! One entry of a route table, or several with the same next hops: what remains of it when something goes down.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::plan::{HealthEnd, HopLeft, LostPrefix};
use crate::resource::{Route, Router, RouterInterfaceId};

use super::super::floors::Matching;
use super::super::subject::SubjectNumber;
use super::Scene;
use super::link::{Link, Links};

/// Entries of one router with the same next hops.
pub(super) struct Entry<'a> {
    /// The router.
    pub(super) router: Router,
    /// The entries.
    pub(super) routes: Vec<&'a Route>,
    hops: Vec<Hop>,
}

/// One of its next hops.
struct Hop {
    id: RouterInterfaceId,
    weight: Option<u32>,
    is_enabled: bool,
    link: Rc<Link>,
}

/// What remains of an entry without one of its next hops.
pub(super) struct Verdict {
    pub(super) remains: Vec<HopLeft>,
    /// Whether that is so only if something is Enabled once it is up that is not now.
    pub(super) is_unproven: bool,
}

/// What goes down, and in which order.
#[derive(Clone, Copy)]
struct Moves<'s> {
    down: &'s BTreeSet<SubjectNumber>,
    scene: &'s Scene<'s, 's>,
    /// What is not Enabled while it is down counts once it is up.
    takes_unproven: bool,
}

impl Hop {
    /// Returns whether traffic goes over it, as far as its own Enabled says.
    fn is_usable(&self) -> bool {
        self.is_enabled && self.link.up
    }

    fn falls(&self, moves: Moves<'_>) -> bool {
        self.is_usable() && self.link.is_any_of(moves.down)
    }

    fn stays(&self, moves: Moves<'_>) -> bool {
        self.is_usable() && !self.link.is_any_of(moves.down)
    }

    /// Returns whether the plan brings it up, and nothing of it goes down. While it is down its Enabled may say no.
    fn rises(&self, moves: Moves<'_>) -> bool {
        self.link.comes_up && !self.link.is_any_of(moves.down) && (self.is_enabled || moves.takes_unproven)
    }

    /// Returns whether anything is lost when it goes down.
    fn carries(&self) -> bool {
        !self.link.out && (self.is_enabled || !self.link.up)
    }

    fn left(&self, unproven: bool) -> HopLeft {
        HopLeft { id: self.id.clone(), address: self.link.address.clone(), weight: self.weight, unproven }
    }
}

impl<'a> Entry<'a> {
    pub(super) fn of(router: &Router, route: &'a Route, links: &mut Links<'_, '_>) -> Self {
        let hop = |hop: &crate::resource::NextHop| Hop {
            id: hop.id.clone(),
            weight: hop.weight,
            is_enabled: hop.is_enabled,
            link: links.of(&router.scope, &hop.id),
        };
        Self { router: router.clone(), routes: vec![route], hops: route.next_hops.iter().map(hop).collect() }
    }

    /// Lists the interfaces that are sides of the links of its next hops.
    pub(super) fn sides(&self) -> impl Iterator<Item = SubjectNumber> + '_ {
        self.hops.iter().flat_map(|hop| hop.link.sides.iter().copied())
    }

    /// Returns whether an interface is one of its next hops.
    pub(super) fn leads_over(&self, id: &RouterInterfaceId) -> bool {
        self.hops.iter().any(|hop| hop.id == *id)
    }

    /// Lists its destinations.
    pub(super) fn prefixes(&self) -> impl Iterator<Item = LostPrefix> + '_ {
        self.routes.iter().map(|route| LostPrefix::of(route))
    }

    /// Lists the next hops of which nobody knows whether they are up.
    pub(super) fn unread_hops(&self) -> impl Iterator<Item = RouterInterfaceId> + '_ {
        self.hops.iter().filter(|hop| hop.is_enabled && hop.link.unread).map(|hop| hop.id.clone())
    }

    /// Lists the health checks of the next hops that may keep it while another one goes down.
    pub(super) fn checks<'s>(&'s self, falling: &'s BTreeSet<SubjectNumber>) -> impl Iterator<Item = HealthEnd> + 's {
        let goes_down = |hop: &Hop| hop.link.is_any_of(falling);
        let keeps =
            move |hop: &&Hop| hop.is_enabled && self.hops.iter().any(|other| other.id != hop.id && goes_down(other));
        self.hops.iter().filter(keeps).filter_map(|hop| hop.link.check.clone())
    }

    /// Returns whether it can be without a next hop, in some order, when one goes down that is among `guarded`.
    pub(super) fn loses(
        &self,
        guarded: &BTreeSet<SubjectNumber>,
        down: &BTreeSet<SubjectNumber>,
        scene: &Scene<'_, '_>,
    ) -> bool {
        let moves = Moves { down, scene, takes_unproven: true };
        self.hops.iter().any(|hop| hop.link.is_any_of(guarded) && self.is_lost_with(hop, moves))
    }

    /// Says what remains when the next hop `id` goes down.
    pub(super) fn verdict(
        &self,
        id: &RouterInterfaceId,
        down: &BTreeSet<SubjectNumber>,
        scene: &Scene<'_, '_>,
    ) -> Verdict {
        let (moves, proven) =
            (Moves { down, scene, takes_unproven: true }, Moves { down, scene, takes_unproven: false });
        let Some(own) = self.hops.iter().find(|hop| hop.id == *id) else {
            return Verdict { remains: Vec::new(), is_unproven: false };
        };
        let before = self.before(own, moves);
        let others = || self.hops.iter().filter(|hop| hop.id != *id);
        let stays = others().filter(|hop| hop.stays(moves)).map(|hop| hop.left(false));
        let comes = others().filter(|hop| hop.rises(moves) && is_up_by(hop, &before, scene));
        let mut remains: Vec<HopLeft> = stays.chain(comes.map(|hop| hop.left(!hop.is_enabled))).collect();
        let is_kept = own.carries() && !self.hops.iter().any(|hop| self.is_lost_with(hop, moves));
        if remains.is_empty() && is_kept {
            // Others go down behind what comes up, and keep it until then.
            remains = others().filter(|hop| hop.rises(moves)).map(|hop| hop.left(!hop.is_enabled)).collect();
        }
        let is_unproven =
            !remains.is_empty() && remains.iter().any(|hop| hop.unproven) && self.is_lost_with(own, proven);
        Verdict { remains, is_unproven }
    }

    /// Returns whether some order sends the call that takes a next hop down while no other one is up.
    ///
    /// What can have gone down before is found as for a floor: each that goes down behind something that comes up has that to
    /// give for itself, and a largest matching leaves the fewest.
    fn is_lost_with(&self, own: &Hop, moves: Moves<'_>) -> bool {
        let others: Vec<&Hop> = self.hops.iter().filter(|hop| !Rc::ptr_eq(&hop.link, &own.link)).collect();
        if !own.carries() || !own.link.is_any_of(moves.down) || others.iter().any(|hop| hop.stays(moves)) {
            return false;
        }
        let rising: Vec<&Hop> = others.iter().copied().filter(|hop| hop.rises(moves)).collect();
        let falling: Vec<&Hop> = others.iter().copied().filter(|hop| hop.falls(moves)).collect();
        if rising.is_empty() {
            // Whatever is up beside it may be down already, but for what surely goes down later.
            return !falling.iter().any(|hop| self.is_behind(hop, own, moves));
        }
        let scene = moves.scene;
        let risen = |hop: &Hop| -> Vec<usize> {
            let before = self.before(hop, moves);
            (0..rising.len()).filter(|number| is_up_by(rising[*number], &before, scene)).collect()
        };
        let has_risen = risen(own);
        let rivals = falling.iter().filter(|hop| !self.is_behind(hop, own, moves));
        let needed: Vec<Vec<usize>> = rivals
            .map(|rival| risen(rival).into_iter().filter(|number| !has_risen.contains(number)).collect())
            .collect();
        let mut matching = Matching::new(rising.len());
        let matched = needed.iter().filter(|needed| matching.add(needed)).count();
        falling.len() + has_risen.len() + matched == needed.len()
    }

    /// Returns everything that is done before the call that takes a link down.
    fn before(&self, hop: &Hop, moves: Moves<'_>) -> Vec<SubjectNumber> {
        call_of(&hop.link, moves).map(|call| moves.scene.graph.before(call)).unwrap_or_default()
    }

    /// Returns whether a link surely goes down after another one.
    fn is_behind(&self, hop: &Hop, own: &Hop, moves: Moves<'_>) -> bool {
        let (Some(first), Some(then)) = (call_of(&own.link, moves), call_of(&hop.link, moves)) else { return false };
        moves.scene.graph.is_before(first, then)
    }
}

/// Returns the deactivation that takes a link down: the first of its sides.
fn call_of(link: &Link, moves: Moves<'_>) -> Option<SubjectNumber> {
    let sides = || link.sides.iter().copied().filter(|side| moves.down.contains(side));
    sides().find(|side| !sides().any(|other| moves.scene.graph.is_before(other, *side)))
}

/// Returns whether a link that rises is surely up once some steps are done.
fn is_up_by(hop: &Hop, done: &[SubjectNumber], scene: &Scene<'_, '_>) -> bool {
    hop.link.sides.iter().all(|side| !scene.draft.activates(*side) || done.binary_search(side).is_ok())
}

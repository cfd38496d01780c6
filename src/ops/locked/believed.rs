//! Reads right after a call of ours: what shows the past is not believed.

use crate::clock::BootTime;
use crate::cloud::acting::Acting;
use crate::journal::Outcome;
use crate::ops::session::Front;
use crate::refresh::Refresh;
use crate::render::words;
use crate::resource::{Address, Reading, Status};
use crate::spec::Spec;
use crate::state::{Identity, LastAction, State};
use crate::store::Store;

use super::Locked;

impl<C: Acting, S: Store> Locked<'_, C, S> {
    /// Reads everything that a spec declares. A read may show the past: that somebody else has already brought where it is wanted
    /// what a call of ours has just left elsewhere is believed only from a doubt window after that call on. Who believes it does
    /// nothing, and says or records that nothing is left.
    pub(super) async fn read_believed(&self, wanted: &Spec, state: Option<&State>, front: &mut impl Front) -> Refresh {
        let settings = &self.session.settings;
        let mut is_told = false;
        loop {
            let refresh = self.refresh(wanted).await;
            let (now, uptime) = (self.session.clock.now(), BootTime::now().uptime());
            let is_too_soon = |(address, reading): (&Address, &Reading)| {
                let declared = wanted.interfaces.get(address)?;
                let live = &reading.found()?.status;
                let identity = Identity::of(&declared.scope, &declared.id.value);
                let last = state?.interfaces.of(&identity)?.1.last_action.as_ref()?;
                // What has to be confirmed is taken back otherwise: also what it would do again has to be there to be done.
                let is_wanted = *live == declared.status.value.status() || self.session.confirm_within.is_some();
                let is_back = is_wanted && left_at(last).is_some_and(|left| left != live);
                Some(is_back && last.age(now, uptime.as_ref()) < settings.doubt_window)
            };
            let mut readings = refresh.live.readings.iter();
            let Some((address, _)) = readings.find(|reading| is_too_soon(*reading).unwrap_or(false)) else {
                return refresh;
            };
            if !std::mem::replace(&mut is_told, true) {
                front.note(&|| words::report::read_again(address, settings.doubt_window));
            }
            tokio::time::sleep(settings.poll_interval).await;
        }
    }
}

/// Returns where a call has left its interface: where it leads, if it was accepted and nobody has seen its end, whatever a read has
/// shown of it.
fn left_at(last: &LastAction) -> Option<&Status> {
    let is_open = last.request_id.is_some() && !last.outcome.is_some_and(Outcome::is_at_goal);
    if is_open { Some(last.action.transition().to) } else { last.found.as_ref() }
}

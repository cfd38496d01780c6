//! Worlds of any size for trials: pairs of interfaces across regions, mostly up. Equal options, equal world.

use super::seed::{InterfaceSeed, OppositeSeed, WorldSeed};
use crate::dice::Dice;
use crate::resource::{BusinessStatus, Region, RouterInterfaceId, Status};

/// What a generated world looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenerateOptions {
    /// How many interfaces; an odd one out has its other side elsewhere.
    pub interfaces: usize,
    /// Where; pairs join neighbouring regions of this list. Empty means one default region.
    pub regions: Vec<Region>,
    /// What makes two worlds differ.
    pub seed: u64,
}

/// Generates a world.
pub fn generate(options: &GenerateOptions) -> WorldSeed {
    let regions = match options.regions.as_slice() {
        [] => vec![Region::from("cn-hangzhou")],
        regions => regions.to_vec(),
    };
    let mut dice = Dice::new(options.seed);
    let interfaces: Vec<InterfaceSeed> = (0..options.interfaces)
        .map(|index| {
            let pair = index / 2;
            let accepts = index % 2 == 1;
            let region = &regions[(pair + index % 2) % regions.len()];
            let mut interface = InterfaceSeed::new(id(options.seed, index));
            interface.region = Some(region.clone());
            interface.name = Some(format!("link-{pair:05}-{}", if accepts { "b" } else { "a" }));
            if accepts {
                interface.opposite = Some(OppositeSeed::Here(id(options.seed, index - 1)));
            }
            interface.status = status(&mut dice);
            interface.business_status = (dice.roll(200) == 0).then_some(BusinessStatus::FinancialLocked);
            interface
        })
        .collect();
    WorldSeed { regions, interfaces, ..WorldSeed::default() }
}

/// Ids look like the cloud's: `ri-` and 21 characters.
fn id(seed: u64, index: usize) -> RouterInterfaceId {
    let mut dice = Dice::new(seed ^ (index as u64).wrapping_mul(0xD1B5_4A32_D192_ED03));
    let alphabet = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let noise: String = (0..16).map(|_| char::from(alphabet[dice.roll(36) as usize])).collect();
    RouterInterfaceId::from(format!("ri-{noise}{index:05}"))
}

/// Nine in ten are Active, which a world file need not say.
fn status(dice: &mut Dice) -> Option<Status> {
    match dice.roll(100) {
        0..7 => Some(Status::Inactive),
        7 => Some(Status::Idle),
        8 => Some(Status::Activating),
        9 => Some(Status::Deactivating),
        _ => None,
    }
}

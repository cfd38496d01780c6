//! Worlds of any size for trials: pairs of interfaces across regions, mostly up. Equal options, equal world.

use std::collections::BTreeMap;
use std::time::Duration;

use super::seed::{InterfaceSeed, NextHopKind, NextHopSeed, OppositeSeed, Prefix, RouteSeed, TrafficSeed, WorldSeed};
use crate::dice::Dice;
use crate::resource::{BusinessStatus, Region, RouterInterfaceId, Status};

/// What a generated world looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenerateOptions {
    /// How many interfaces; an odd one out has its other side elsewhere.
    pub interfaces: usize,
    /// Where; pairs join neighbouring regions of this list. Empty means one default region.
    pub regions: Vec<Region>,
    /// How many entries the route table of each VPC has, and whether there is traffic. With any, the accepting sides in a
    /// region share routers two by two.
    pub routes: usize,
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
    let mut interfaces: Vec<InterfaceSeed> = (0..options.interfaces)
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
    let mut world = WorldSeed { regions, ..WorldSeed::default() };
    if options.routes > 0 {
        world.routes = routes(&mut interfaces, options.routes);
        world.traffic = interfaces.iter().map(|interface| (interface.id.clone(), traffic(&mut dice))).collect();
    }
    world.interfaces = interfaces;
    world
}

/// Puts the accepting sides of each region behind routers, two by two, and writes entries of every kind into their tables.
fn routes(interfaces: &mut [InterfaceSeed], count: usize) -> Vec<RouteSeed> {
    let mut accepting: BTreeMap<Option<Region>, Vec<&mut InterfaceSeed>> = BTreeMap::new();
    for interface in interfaces.iter_mut().filter(|interface| interface.opposite.is_some()) {
        accepting.entry(interface.region.clone()).or_default().push(interface);
    }
    let mut routes = Vec::new();
    for (region, mut sides) in accepting {
        let region = region.map(|region| region.to_string()).unwrap_or_default();
        for (group, members) in sides.chunks_mut(2).enumerate() {
            let name = format!("{region}-{group:05}");
            members.iter_mut().for_each(|member| member.router = Some(format!("vrt-{name}")));
            let ids: Vec<&RouterInterfaceId> = members.iter().map(|member| &member.id).collect();
            routes.extend((0..count).map(|number| RouteSeed {
                table: format!("vtb-{name}"),
                router: format!("vrt-{name}"),
                prefix: prefix(number),
                next_hops: next_hops(&ids, number),
            }));
        }
    }
    routes
}

/// Returns the `number`th destination of a table.
fn prefix(number: usize) -> Prefix {
    let text = format!("10.{}.{}.0/24", number / 256 % 256, number % 256);
    Prefix::parse(&text).expect("a network of 256 addresses")
}

/// Returns where an entry leads: to one and a standby, to both evenly, or to one alone.
fn next_hops(ids: &[&RouterInterfaceId], number: usize) -> Vec<NextHopSeed> {
    let weights: &[Option<u8>] = match (ids.len(), number % 3) {
        (2, 0) => &[Some(100), Some(0)],
        (2, 1) => &[Some(100), Some(100)],
        _ => &[None],
    };
    let hops = ids.iter().zip(weights).map(|(id, weight)| NextHopSeed {
        id: id.to_string(),
        kind: NextHopKind::default(),
        weight: *weight,
        enabled: None,
    });
    hops.collect()
}

/// Some carry up to a gigabit, some nothing.
fn traffic(dice: &mut Dice) -> TrafficSeed {
    let mut rate = || if dice.roll(5) == 0 { 0 } else { dice.roll(1_000_000) * 1000 };
    TrafficSeed { inward: rate(), outward: rate(), age: Duration::ZERO }
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

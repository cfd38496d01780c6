//! Every state of a Postgres at once, in one statement.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::link::{Link, Parameter, Unanswered};
use super::{Address, Login, Postgres, Standing, length, schema};
use crate::store::StoreError;
use crate::store::glance::{Glance, Glanced, holder, words};
use crate::store::memory::Disk;
use crate::store::remote::StateName;
use crate::store::{About, approvals::Waiting};

/// Names and bytes of notes, as two columns have them.
type Notes = Vec<(String, Vec<u8>)>;

/// Reads what is held of every state, by name, within such a time. Of runs that have to be confirmed what was noted since `since`
/// is read, which is the beginning of a run's id: what was decided before that is in the states.
///
/// # Errors
/// A server that cannot be reached, and a schema of a newer version.
pub async fn fleet(
    address: &Address,
    login: &Login,
    since: &str,
    within: Duration,
) -> Result<Vec<Glanced>, StoreError> {
    let mut link = Link::new(address.clone(), login.clone());
    link.limit_exactly_to(within);
    let parameters: [Parameter<'_>; 1] = [(&since, Type::TEXT)];
    let rows = match link.ask("read", schema::FLEET, &parameters).await {
        // Nobody has claimed or checked anything; or somebody has made the schema in between, or taken a part of it away.
        Err(Unanswered::NoSchema) if !link.has_schema().await? => return Ok(Vec::new()),
        Err(Unanswered::NoSchema) => link.ask("read", schema::FLEET, &parameters).await?,
        rows => rows?,
    };
    if let Some(found) = rows.first().map(|row| row.get::<_, i64>(12)).filter(|found| *found > schema::VERSION) {
        return Err(newer(address, found));
    }
    let state = |row: &Row| {
        let name = StateName::parse(row.get(11)).ok()?;
        let state = Postgres::new(address.clone(), login.clone(), name.clone());
        Some((name, glance(&state, row)))
    };
    Ok(rows.iter().filter_map(state).collect())
}

/// Says that a newer version has made the schema.
pub(super) fn newer(address: &Address, found: i64) -> StoreError {
    StoreError::Newer {
        path: format!("the schema rictl in {address}"),
        found: found.unsigned_abs(),
        supported: schema::VERSION.unsigned_abs(),
    }
}

fn glance(state: &Postgres, row: &Row) -> Result<Glance, StoreError> {
    let finding: Option<Vec<u8>> = row.get(13);
    let age = row.get::<_, Option<i64>>(14).map(SignedDuration::from_millis);
    let approvals: Vec<Waiting> =
        notes(row.get(15), row.get(16)).into_iter().map(|(name, bytes)| (name, Ok(bytes))).collect();
    let words: BTreeMap<(_, About), _> = words(notes(row.get(17), row.get(18)));
    let Standing { tip, position, .. } = state.read_standing(row)?;
    let journal: Vec<u8> = row.get::<_, Option<Vec<u8>>>(10).unwrap_or_default();
    if length(&journal) != position {
        return Err(state.lacks(&journal, position));
    }
    let disk = Disk { journal, state: row.get(9), running: holder(tip), words: words.into(), ..Disk::default() };
    Ok(Glance { disk, finding, age, approvals })
}

fn notes(names: Option<Vec<String>>, bytes: Option<Vec<Vec<u8>>>) -> Notes {
    names.unwrap_or_default().into_iter().zip(bytes.unwrap_or_default()).collect()
}

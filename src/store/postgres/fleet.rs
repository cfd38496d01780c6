//! Every state of a Postgres at once, in one statement.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::link::{Link, Parameter, Unanswered};
use super::{Address, Login, Postgres, Standing, length, schema};
use crate::store::StoreError;
use crate::store::glance::{Glance, holder, words};
use crate::store::memory::Disk;
use crate::store::remote::StateName;
use crate::store::{About, approvals::Waiting};

/// Names and bytes of notes, as two columns have them.
type Notes = Vec<(String, Vec<u8>)>;

/// Reads what is held of every state, by name, within such a time. Of runs that have to be confirmed what was noted since `since`
/// is read, which is the beginning of a run's id: what was decided before that is in the states.
///
/// # Errors
/// A server that cannot be reached, a schema of a newer version, and one that does not say of which it is.
pub async fn fleet(
    address: &Address,
    login: &Login,
    since: &str,
    within: Duration,
) -> Result<Vec<(StateName, Glance)>, StoreError> {
    let mut link = Link::new(address.clone(), login.clone());
    link.limit_exactly_to(within);
    let parameters: [Parameter<'_>; 1] = [(&since, Type::TEXT)];
    let rows = match link.ask("read", schema::FLEET, &parameters).await {
        // Nobody has claimed or checked anything; or somebody has made the schema in between, or taken a part of it away.
        Err(Unanswered::NoSchema) if !link.has_schema().await? => return Ok(Vec::new()),
        Err(Unanswered::NoSchema) => link.ask("read", schema::FLEET, &parameters).await?,
        rows => rows?,
    };
    match rows.first() {
        Some(row) => check_format(address, row.get(12))?,
        None => check_format(address, link.ask("read", schema::FORMAT, &[]).await?.first().map(|row| row.get(0)))?,
    }
    let state = |row: &Row| {
        let name = StateName::parse(row.get(11)).ok()?;
        let state = Postgres::new(address.clone(), login.clone(), name.clone());
        Some((name, glance(&state, row)))
    };
    Ok(rows.iter().filter_map(state).collect())
}

/// Refuses a schema that a newer version has made, and one that does not say which has: its row is written with its tables.
pub(super) fn check_format(address: &Address, found: Option<i64>) -> Result<(), StoreError> {
    let path = format!("the schema rictl in {address}");
    match found {
        Some(found) if found <= schema::VERSION => Ok(()),
        Some(found) => {
            Err(StoreError::Newer { path, found: found.unsigned_abs(), supported: schema::VERSION.unsigned_abs() })
        }
        None => {
            let detail = "its table format is empty: nobody knows of which version it is".into();
            Err(StoreError::Damaged { path, detail, hint: super::link::LOST.into() })
        }
    }
}

fn glance(state: &Postgres, row: &Row) -> Glance {
    let approvals: Vec<Waiting> =
        notes(row.get(15), row.get(16)).into_iter().map(|(name, bytes)| (name, Ok(bytes))).collect();
    Glance {
        disk: disk(state, row),
        finding: Ok(row.get(13)),
        age: row.get::<_, Option<i64>>(14).map(SignedDuration::from_millis),
        approvals: Ok(approvals),
    }
}

/// Takes apart what is held of a state; nothing of one that something was only approved for.
fn disk(state: &Postgres, row: &Row) -> Result<Disk, StoreError> {
    let (is_there, is_lost): (bool, bool) = (row.get(19), row.get(20));
    if is_lost {
        return Err(state.damaged("its row is missing, and what was noted of it is there".to_owned()));
    }
    if !is_there {
        return Ok(Disk::default());
    }
    let words: BTreeMap<(_, About), _> = words(notes(row.get(17), row.get(18)));
    let Standing { tip, position, .. } = state.read_standing(row)?;
    let journal: Vec<u8> = row.get::<_, Option<Vec<u8>>>(10).unwrap_or_default();
    if length(&journal) != position {
        return Err(state.lacks(&journal, position));
    }
    Ok(Disk { journal, state: row.get(9), running: holder(tip), words: words.into(), ..Disk::default() })
}

fn notes(names: Option<Vec<String>>, bytes: Option<Vec<Vec<u8>>>) -> Notes {
    names.unwrap_or_default().into_iter().zip(bytes.unwrap_or_default()).collect()
}

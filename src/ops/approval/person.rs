//! Who is somebody else.

/// What stands between a login name and the actor that CI names.
const FOR: &str = " for ";

/// Names whoever is logged in and speaks for an actor.
pub fn speaking_for(login: &str, actor: &str) -> String {
    format!("{login}{FOR}{actor}")
}

/// Returns whether two of those who act are the same person: the actor where CI names one, else whoever is logged in. A
/// login that speaks for nobody is the same as that login speaking for somebody.
pub fn is_same_person(one: &str, other: &str) -> bool {
    let (login, actor) = parts(one);
    let (other_login, other_actor) = parts(other);
    let both_name_an_actor = actor.is_some() && other_actor.is_some();
    let is_one_login = login == other_login && !both_name_an_actor;
    is_one_login || actor.unwrap_or(login) == other_actor.unwrap_or(other_login)
}

/// Returns a login, and for whom it speaks.
pub fn parts(who: &str) -> (&str, Option<&str>) {
    who.split_once(FOR).map_or((who, None), |(login, actor)| (login, Some(actor)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_the_actor_of_ci_or_the_login() {
        for (one, other, is_same) in [
            ("alice", "alice", true),
            ("alice", "rictl", false),
            ("alice", "runner for alice", true),
            ("runner for alice", "runner for bob", false),
            ("runner for bob", "other for bob", true),
            ("runner", "runner for bob", true),
            ("alice for bob", "alice", true),
        ] {
            assert_eq!(is_same_person(one, other), is_same, "{one} and {other}");
            assert_eq!(is_same_person(other, one), is_same, "{other} and {one}");
        }
    }
}

//! The contract of every store that many share, and of every medium, on both kinds of bucket and on moto.

use rictl::store::objects::{Objects, Way};
use rictl::store::remote::StateName;

use super::DIALECTS;
use super::mock::Mock;
use super::official::Moto;
use crate::store::remotes::{self, Place};

impl Place for Way {
    type Remote = Objects;
    fn remote(&self, name: &StateName) -> Objects {
        self.state(name.clone()).unwrap()
    }
}

#[tokio::test]
async fn a_bucket_of_either_kind_keeps_the_contract_of_remotes_and_of_media() {
    for dialect in DIALECTS {
        let mock = Mock::start(dialect);
        remotes::keeps_the_contract(&mock.way(), "remote").await;
        remotes::is_a_medium(&mock.way(), "medium", true).await;
    }
}

#[test]
#[ignore = "installs from a registry: cargo test -- --ignored sdk:: official moto"]
fn moto_keeps_the_contract_of_remotes_and_of_media() {
    let Some(moto) = Moto::start() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        remotes::keeps_the_contract(&moto.way(), "remote").await;
        remotes::is_a_medium(&moto.way(), "medium", true).await;
    });
}

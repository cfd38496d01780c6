//! One world behind both faces, and what is asked of both: whatever the one says the other says too.

use std::cell::RefCell;
use std::fmt::Debug;
use std::rc::Rc;

use rictl::alibaba::{Client, Credentials, Settings, StaticCredentials};
use rictl::clock::Clock;
use rictl::cloud::routes::{RouteTablesPage, RoutesPage, RoutesRead};
use rictl::cloud::{CloudError, ErrorKind, RequestId};
use rictl::emulator::{InProcess, World};
use rictl::resource::Router;

use super::support::{KEY, SECRET, Server, epoch, world};

/// A world that is asked in process, and its twin behind the signed client.
pub(crate) struct Faces {
    pub(crate) inside: Rc<RefCell<World>>,
    pub(crate) server: Server,
    face: Face,
    client: Face,
}

/// Either face.
pub(crate) enum Face {
    Inside(InProcess),
    Signed(Box<Client<StaticCredentials>>),
}

impl Faces {
    pub(crate) async fn of(text: &str) -> Self {
        let inside = Rc::new(RefCell::new(world(text)));
        let clock = Clock::starting_at(epoch());
        let face = Face::Inside(InProcess::new(Rc::clone(&inside), clock));
        let server = Server::of(text).await;
        let credentials = Credentials {
            access_key_id: KEY.to_owned(),
            access_key_secret: SECRET.into(),
            security_token: None,
            expires_at: None,
        };
        let settings =
            Settings { endpoint: Some(format!("http://{}", server.address).parse().unwrap()), ..Settings::default() };
        let client = Face::Signed(Box::new(Client::new(StaticCredentials(credentials), settings, clock)));
        Self { inside, server, face, client }
    }

    /// Asks both faces and returns what they agree on.
    pub(crate) async fn same<T: PartialEq + Debug>(&self, ask: impl AsyncFn(&Face) -> T) -> T {
        let (inside, signed) = (ask(&self.face).await, ask(&self.client).await);
        assert_eq!(inside, signed, "in process, and over HTTP");
        inside
    }
}

/// What an error is to whoever decides: each face words it in its own way.
pub(crate) fn known(error: CloudError) -> (ErrorKind, Option<Box<str>>) {
    (error.kind, error.code)
}

/// Tells nothing of which answer it was.
fn nameless() -> RequestId {
    RequestId("".into())
}

impl RoutesRead for Face {
    async fn route_tables(&self, router: &Router, page_number: u32) -> Result<RouteTablesPage, CloudError> {
        let page = match self {
            Self::Inside(face) => face.route_tables(router, page_number).await,
            Self::Signed(client) => client.route_tables(router, page_number).await,
        };
        page.map(|page| RouteTablesPage { request_id: nameless(), ..page })
    }

    async fn routes(&self, router: &Router, table: &str, next_token: Option<&str>) -> Result<RoutesPage, CloudError> {
        let page = match self {
            Self::Inside(face) => face.routes(router, table, next_token).await,
            Self::Signed(client) => client.routes(router, table, next_token).await,
        };
        page.map(|page| RoutesPage { request_id: nameless(), ..page })
    }
}

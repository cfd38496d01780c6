//! One world behind both faces, and what is asked of both: whatever the one says the other says too.

use std::cell::RefCell;
use std::fmt::Debug;
use std::rc::Rc;
use std::time::Duration;

use rictl::alibaba::{Client, Credentials, Settings, StaticCredentials};
use rictl::clock::Clock;
use rictl::cloud::events::{Event, EventsPage, EventsQuery, EventsRead};
use rictl::cloud::routes::{RouteTablesPage, RoutesPage, RoutesRead};
use rictl::cloud::traffic::{Direction, TrafficPoint, TrafficRead};
use rictl::cloud::{Cloud as _, CloudError, ErrorKind, Mutation, Permit, RequestId, Stamped as _};
use rictl::emulator::{InProcess, World};
use rictl::resource::{Router, RouterInterfaceId, Scope};

use super::support::{KEY, SECRET, Server, epoch, world};

/// A world that is asked in process, and its twin behind the signed client.
pub(crate) struct Faces {
    pub(crate) inside: Rc<RefCell<World>>,
    pub(crate) server: Server,
    face: Face,
    client: Face,
    /// While this is there, time stands still: a paused clock would else run on whenever a socket is waited for, and
    /// timeouts with it.
    _still: std::sync::mpsc::Sender<()>,
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
        let (still, moves_on) = std::sync::mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || moves_on.recv());
        Self { inside, server, face, client, _still: still }
    }

    /// Asks both faces and returns what they agree on.
    pub(crate) async fn same<T: PartialEq + Debug>(&self, ask: impl AsyncFn(&Face) -> T) -> T {
        let (inside, signed) = (ask(&self.face).await, ask(&self.client).await);
        assert_eq!(inside, signed, "in process, and over HTTP");
        inside
    }
}

impl Faces {
    /// Returns the signed client.
    pub(crate) fn signed(&self) -> &Client<StaticCredentials> {
        match &self.client {
            Face::Signed(client) => client,
            Face::Inside(_) => unreachable!("it was made signed"),
        }
    }
}

impl Face {
    /// Asks whether a request that was signed so long ago is answered.
    pub(crate) async fn takes_stamp(&self, scope: &Scope, back: Duration) -> Result<bool, ErrorKind> {
        match self {
            Self::Inside(face) => face.takes_stamp(scope, back).await,
            Self::Signed(client) => client.takes_stamp(scope, back).await,
        }
        .map_err(|error| error.kind)
    }

    /// Sends a mutating call; of the receipt nothing is kept that only one face has.
    pub(crate) async fn call(&self, scope: &Scope, mutation: &Mutation) -> Result<(), CloudError> {
        let receipt = match self {
            Self::Inside(face) => face.call(scope, mutation, Permit::free()).await,
            Self::Signed(client) => client.call(scope, mutation, Permit::free()).await,
        };
        receipt.map(|_| ())
    }
}

impl TrafficRead for Face {
    async fn traffic(
        &self,
        scope: &Scope,
        direction: Direction,
        ids: &[RouterInterfaceId],
    ) -> Result<Vec<TrafficPoint>, CloudError> {
        match self {
            Self::Inside(face) => face.traffic(scope, direction, ids).await,
            Self::Signed(client) => client.traffic(scope, direction, ids).await,
        }
    }
}

impl EventsRead for Face {
    async fn events(&self, scope: &Scope, query: &EventsQuery) -> Result<EventsPage, CloudError> {
        let page = match self {
            Self::Inside(face) => face.events(scope, query).await,
            Self::Signed(client) => client.events(scope, query).await,
        };
        // Each face makes ids of its own.
        page.map(|page| EventsPage {
            events: page.events.into_iter().map(|event| Event { request_id: None, ..event }).collect(),
            ..page
        })
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

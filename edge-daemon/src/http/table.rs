//! How an endpoint is declared.
//!
//! **Invariant:** nothing is served that was not declared with who may call it; `routes` is the one
//! list, and a test walks all of it.

use std::fmt;

use axum::{Router, http::Method, routing::MethodRouter};
use utoipa::openapi::{OpenApi, PathItem};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use super::App;

/// Who may call an endpoint. A handler names the same in its arguments (`caller`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anyone who reaches the address; the answer has nothing that is not everybody's.
    Anyone,
    /// A program on this box; from elsewhere the path does not exist.
    Machine,
    /// Anyone, at a pace.
    Visitor,
    /// Anyone, on the LAN's door too.
    Lan,
    /// A manager signed in to the console, on the LAN's door too.
    Console,
    /// The paired screen of the kiosk that the path names.
    Kiosk,
    /// Anyone, on the phones' door too.
    Shopper,
    /// A shopper's phone that has joined by a screen of the store, on the phones' door too.
    Phone,
    /// A customer display: on this box, or on the LAN where the boot file lets them.
    Display,
    /// The operator signed in at the workstation that the path names.
    Operator,
    /// A manager signed in there; where it names none, at any workstation.
    Manager,
    /// Somebody signed in at any workstation.
    Staff,
    /// This box, in a store whose devices are simulated; elsewhere the path does not exist.
    Simulated,
}

impl Access {
    /// As tables for people say it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Anyone => "anybody",
            Self::Machine => "machine",
            Self::Visitor => "visitor",
            Self::Lan => "lan",
            Self::Console => "console",
            Self::Kiosk => "kiosk",
            Self::Shopper => "shopper",
            Self::Phone => "phone",
            Self::Display => "display",
            Self::Operator => "operator",
            Self::Manager => "manager",
            Self::Staff => "staff",
            Self::Simulated => "simulated",
        }
    }
}

/// A door of the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// `listen`: the screens of this box.
    Box,
    /// `listen_lan`: other devices of the store.
    Lan,
    /// `listen_phones`: shoppers' own phones.
    Phones,
}

impl Access {
    /// Whether what it is for may come through a door; elsewhere the path does not exist.
    pub(crate) const fn is_at(self, door: Door) -> bool {
        match door {
            Door::Box => true,
            Door::Lan => matches!(self, Self::Lan | Self::Console),
            Door::Phones => matches!(self, Self::Shopper | Self::Phone),
        }
    }
}

/// An endpoint as it was declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// Its path, with names in braces.
    pub(crate) path: String,
    /// `GET`, `POST` …
    pub(crate) method: Method,
    /// Who may call it.
    pub(crate) access: Access,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<10} {:<7} {}", self.access.word(), self.method.as_str(), self.path)
    }
}

/// Every endpoint, and the router made of them.
pub(crate) struct Table {
    door: Door,
    endpoints: Vec<Endpoint>,
    router: OpenApiRouter<App>,
}

impl Table {
    /// An empty table over a document without paths.
    pub(super) fn new(door: Door, document: OpenApi) -> Self {
        Self { door, endpoints: Vec::new(), router: OpenApiRouter::with_openapi(document) }
    }

    /// Adds an endpoint, or several of one path, with its description.
    pub(super) fn api(mut self, access: Access, routes: UtoipaMethodRouter<App>) -> Self {
        for (path, item) in &routes.1.paths {
            let found = methods(item).into_iter();
            let found = found.map(|method| Endpoint { path: path.clone(), method, access });
            self.endpoints.extend(found);
        }
        if access.is_at(self.door) {
            self.router = self.router.routes(routes);
        }
        self
    }

    /// Adds something to `GET` that stands in no description: a page, a file, a health check.
    pub(super) fn page(mut self, access: Access, path: &str, route: MethodRouter<App>) -> Self {
        if access.is_at(self.door) {
            self.router = self.router.route(path, route);
        }
        self.endpoints.push(Endpoint { path: path.to_owned(), method: Method::GET, access });
        self
    }

    /// The router, the description and the list of endpoints.
    pub(super) fn finish(self) -> (Router<App>, OpenApi, Vec<Endpoint>) {
        let (router, document) = self.router.split_for_parts();
        (router, document, self.endpoints)
    }
}

fn methods(item: &PathItem) -> Vec<Method> {
    [
        (Method::GET, item.get.is_some()),
        (Method::PUT, item.put.is_some()),
        (Method::POST, item.post.is_some()),
        (Method::DELETE, item.delete.is_some()),
        (Method::PATCH, item.patch.is_some()),
    ]
    .into_iter()
    .filter_map(|(method, is_there)| is_there.then_some(method))
    .collect()
}

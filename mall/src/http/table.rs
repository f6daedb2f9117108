//! How an endpoint is declared, guarded and documented.
//!
//! **Invariant:** the declaration is the guard: what the table says of an endpoint is what runs in
//! front of it.

use std::fmt;

use axum::{Router, http::Method, middleware::from_fn_with_state, routing::MethodRouter};
use utoipa::openapi::{OpenApi, PathItem};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use super::guard::{require_edge, require_shop, require_staff};
use crate::{context::Context, db::staff::Right};

/// Who may call an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anyone who reaches the address.
    Anyone,
    /// An enrolled edge node, by its signature.
    Edge,
    /// HQ, by a token; what only reads, or tries and keeps nothing.
    Staff,
    /// HQ, by a token whose holder was given this right.
    Keeper(Right),
    /// An online shop, by a token of its own.
    Shop,
}

impl Access {
    /// As tables for people say it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Anyone => "anybody",
            Self::Edge => "edge",
            Self::Staff => "staff",
            Self::Keeper(Right::SaveRules) => "rules",
            Self::Keeper(Right::SaveSettings) => "settings",
            Self::Keeper(Right::ManageMembers) => "members",
            Self::Shop => "shop",
        }
    }
}

/// An endpoint as it was declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// `GET`, `POST` …
    pub(crate) method: Method,
    /// Its path, with names in braces.
    pub(crate) path: String,
    /// Who may call it.
    pub(crate) access: Access,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<9} {:<7} {}", self.access.word(), self.method.as_str(), self.path)
    }
}

/// Every endpoint, and the router made of them.
pub(crate) struct Table {
    context: Context,
    endpoints: Vec<Endpoint>,
    router: OpenApiRouter<Context>,
}

impl Table {
    /// An empty table over a document without paths.
    pub(super) fn new(context: Context, document: OpenApi) -> Self {
        let router = OpenApiRouter::with_openapi(document);
        Self { context, endpoints: Vec::new(), router }
    }

    fn guarded(&self, access: Access, route: MethodRouter<Context>) -> MethodRouter<Context> {
        let state = self.context.clone();
        match access {
            Access::Anyone => route,
            Access::Edge => route.route_layer(from_fn_with_state(state, require_edge)),
            Access::Staff => {
                route.route_layer(from_fn_with_state((state, None::<Right>), require_staff))
            }
            Access::Keeper(right) => {
                route.route_layer(from_fn_with_state((state, Some(right)), require_staff))
            }
            Access::Shop => route.route_layer(from_fn_with_state(state, require_shop)),
        }
    }

    /// Adds an endpoint that stands in no document: its shape is the `sync` crate's.
    pub(super) fn plain(
        mut self,
        access: Access,
        method: Method,
        path: &str,
        route: MethodRouter<Context>,
    ) -> Self {
        let route = self.guarded(access, route);
        self.router = self.router.route(path, route);
        self.endpoints.push(Endpoint { method, path: path.to_owned(), access });
        self
    }

    /// Adds an endpoint with its documentation.
    pub(super) fn documented(
        mut self,
        access: Access,
        routes: UtoipaMethodRouter<Context>,
    ) -> Self {
        let (schemas, paths, route) = routes;
        for (path, item) in &paths.paths {
            let methods = methods(item);
            let found =
                methods.into_iter().map(|method| Endpoint { method, path: path.clone(), access });
            self.endpoints.extend(found);
        }
        let route = self.guarded(access, route);
        self.router = self.router.routes((schemas, paths, route));
        self
    }

    /// The router, the document and the list of endpoints.
    pub(super) fn finish(self) -> (Router<Context>, OpenApi, Vec<Endpoint>) {
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

//! Which role each route needs: one table, so that everything that can be asked for can be read in one place.
//!
//! What is not in it needs the highest role, and a test holds that every route of the API is.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::http::Method;

use crate::model::role::Role;

/// Methods, paths as the router knows them, and the least role.
const ROUTES: &[(&str, &str, Role)] = &[
    ("GET", "/", Role::Read),
    ("GET", "/-/healthy", Role::Read),
    ("GET", "/-/health", Role::Read),
    ("GET", "/-/ready", Role::Read),
    // Asking with GET is a mistake that the handler explains.
    ("GET", "/-/reload", Role::Read),
    ("POST", "/-/reload", Role::Admin),
    ("PUT", "/-/reload", Role::Admin),
    ("GET", "/-/quit", Role::Read),
    ("POST", "/-/quit", Role::Admin),
    ("PUT", "/-/quit", Role::Admin),
    ("GET", "/errors", Role::Read),
    ("GET", "/metrics", Role::Read),
    ("GET", "/services/", Role::Read),
    ("GET", "/services/{service}/errors/", Role::Read),
    ("DELETE", "/services/{service}/errors/{*key}", Role::Triage),
    // A browser's question before the call above; it is about nothing yet.
    ("OPTIONS", "/services/{service}/errors/{*key}", Role::Read),
    ("GET", "/targets/", Role::Read),
    ("GET", "/charts/range.png", Role::Read),
    ("GET", "/charts/range.svg", Role::Read),
    ("GET", "/charts/reports/labels.png", Role::Read),
    ("GET", "/charts/reports/labels.svg", Role::Read),
    ("GET", "/api/v1/activity", Role::Read),
    ("GET", "/api/v1/activity/{id}", Role::Read),
    ("POST", "/api/v1/activity/{id}/undo", Role::Triage),
    ("POST", "/api/v1/admin/backup", Role::Admin),
    ("POST", "/api/v1/admin/verify", Role::Admin),
    ("GET", "/api/v1/aggregates", Role::Read),
    ("POST", "/api/v1/aggregates/bulk", Role::Triage),
    ("POST", "/api/v1/aggregates/bulk/undo", Role::Triage),
    ("GET", "/api/v1/aggregates/{id}", Role::Read),
    ("PATCH", "/api/v1/aggregates/{id}", Role::Triage),
    ("GET", "/api/v1/aggregates/{id}/activity", Role::Read),
    ("GET", "/api/v1/aggregates/{id}/distribution", Role::Read),
    ("GET", "/api/v1/aggregates/{id}/occurrences", Role::Read),
    ("GET", "/api/v1/config", Role::Read),
    ("GET", "/api/v1/facets", Role::Read),
    ("GET", "/api/v1/labels", Role::Read),
    ("GET", "/api/v1/labels/{name}/values", Role::Read),
    ("GET", "/api/v1/occurrences", Role::Read),
    ("GET", "/api/v1/occurrences/{id}", Role::Read),
    ("GET", "/api/v1/openapi.json", Role::Read),
    ("GET", "/api/v1/query/complete", Role::Read),
    ("GET", "/api/v1/range", Role::Read),
    ("GET", "/api/v1/reports/labels", Role::Read),
    ("GET", "/api/v1/services", Role::Read),
    ("GET", "/api/v1/status", Role::Read),
    ("GET", "/api/v1/targets", Role::Read),
    ("GET", "/api/v1/targets/{id}/history", Role::Read),
    ("GET", "/api/v1/top", Role::Read),
    ("GET", "/api/v1/views", Role::Read),
    ("POST", "/api/v1/views", Role::Triage),
    ("GET", "/api/v1/views/{name}", Role::Read),
    ("PUT", "/api/v1/views/{name}", Role::Triage),
    ("DELETE", "/api/v1/views/{name}", Role::Triage),
    ("GET", "/api/v1/whoami", Role::Read),
];

/// The role that `method` needs at the route `matched`, which is relative to the external URL's path; `None` is no route at
/// all: the pages, or an answer that says so.
pub(super) fn role(method: &Method, matched: Option<&str>) -> Role {
    static TABLE: LazyLock<HashMap<(&str, &str), Role>> =
        LazyLock::new(|| ROUTES.iter().map(|(method, path, role)| ((*method, *path), *role)).collect());
    let Some(path) = matched else { return Role::Read };
    // HEAD is GET without the body.
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    TABLE.get(&(method, if path.is_empty() { "/" } else { path })).copied().unwrap_or(Role::Admin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_call_of_the_api_has_its_role_in_the_table() {
        let document = serde_json::to_value(crate::api::v1::document()).unwrap();
        let documented: BTreeSet<(String, String)> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, item)| {
                let methods = item.as_object().unwrap().keys();
                methods.map(|method| (method.to_uppercase(), path.clone())).collect::<Vec<_>>()
            })
            .collect();
        let is_documented = |path: &str| path.starts_with("/api/") || path.starts_with("/charts/");
        let listed: BTreeSet<(String, String)> = ROUTES
            .iter()
            .filter(|(_, path, _)| is_documented(path))
            .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()))
            .collect();
        assert_eq!(listed, documented, "the table in src/api/route.rs says which role each route needs");
    }

    #[test]
    fn reading_changes_nothing_and_what_changes_something_needs_more() {
        for (method, path, role) in ROUTES {
            let reads = ["GET", "OPTIONS"].contains(method);
            assert!(!reads || *role == Role::Read || path.starts_with("/api/v1/admin/"), "{method} {path}");
            assert!(reads || *role > Role::Read, "{method} {path}");
        }
        let unique: BTreeSet<_> = ROUTES.iter().map(|(method, path, _)| (method, path)).collect();
        assert_eq!(unique.len(), ROUTES.len());
    }

    #[test]
    fn what_is_not_listed_needs_the_highest_role() {
        assert_eq!(role(&Method::POST, Some("/api/v1/new")), Role::Admin);
        assert_eq!(role(&Method::DELETE, Some("/api/v1/services")), Role::Admin);
        assert_eq!(role(&Method::HEAD, Some("/metrics")), Role::Read);
        assert_eq!(role(&Method::GET, Some("")), Role::Read);
        assert_eq!(role(&Method::GET, None), Role::Read);
    }
}

//! The dozen services of the fleet: who owns them, what they are written in and about, and whom they call.

use super::catalog::Language;

/// How a service's processes come and go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hosting {
    /// A release replaces the pod: another instance name each time.
    Pods,
    /// A release restarts the process on the same host: the instance keeps its name.
    Hosts,
}

/// A request a service serves.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    /// The request's body; empty where there is none.
    pub(crate) body: &'static str,
}

/// A piece of the service's own code: module, type, function.
pub(crate) type Code = (&'static str, &'static str, &'static str);

/// One service.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) name: &'static str,
    pub(crate) language: Language,
    pub(crate) team: &'static str,
    pub(crate) hosting: Hosting,
    pub(crate) replicas: usize,
    /// What it is about; singular, lower case.
    pub(crate) entity: &'static str,
    pub(crate) table: &'static str,
    pub(crate) topic: &'static str,
    pub(crate) upstreams: &'static [&'static str],
    pub(crate) routes: &'static [Route],
    /// Its own code, callers last.
    pub(crate) code: &'static [Code],
    /// Its share of trouble; 1 is average.
    pub(crate) scale: f64,
    /// Hour of the day, UTC, at which it is busiest.
    pub(crate) busy_hour: f64,
    /// Traffic on a weekend day against a working day.
    pub(crate) weekend: f64,
    /// First number of its versions.
    pub(crate) major: u32,
}

const ZONES: [&str; 3] = ["eu-west-1a", "eu-west-1b", "eu-west-1c"];

/// The zone of a service's replica.
pub(crate) fn zone(replica: usize) -> &'static str {
    ZONES.get(replica % ZONES.len()).copied().unwrap_or_default()
}

const fn get(path: &'static str) -> Route {
    Route { method: "GET", path, body: "" }
}

const fn post(path: &'static str, body: &'static str) -> Route {
    Route { method: "POST", path, body }
}

/// All services, in the order of the configuration.
pub(crate) const SERVICES: &[Service] = &[
    Service {
        name: "checkout",
        language: Language::Scala,
        team: "payments",
        hosting: Hosting::Pods,
        replicas: 5,
        entity: "order",
        table: "orders",
        topic: "orders.placed",
        upstreams: &["payments-api", "pricing", "inventory"],
        routes: &[
            post("/v2/carts/{id}/checkout", "{\"cart\":{id},\"shipping\":\"standard\",\"country\":\"{country}\"}"),
            get("/v2/carts/{id}"),
            Route { method: "PUT", path: "/v2/carts/{id}/items/{sku}", body: "{\"quantity\":{n}}" },
        ],
        code: &[
            ("cart", "CartRepository", "load_cart"),
            ("payment", "PaymentGateway", "authorize"),
            ("tax", "TaxCalculator", "rates_for"),
            ("order", "OrderPlacement", "place_order"),
            ("order", "OrderValidator", "validate"),
            ("http", "CheckoutRoutes", "submit"),
        ],
        scale: 1.3,
        busy_hour: 18.5,
        weekend: 1.15,
        major: 4,
    },
    Service {
        name: "payments-api",
        language: Language::Scala,
        team: "payments",
        hosting: Hosting::Pods,
        replicas: 4,
        entity: "payment",
        table: "payments",
        topic: "payments.settled",
        upstreams: &["ledger", "acquirer-gateway", "fraud-score"],
        routes: &[
            post("/v1/payments", "{\"order\":{id},\"amount\":\"{amount}\",\"currency\":\"EUR\",\"method\":\"card\"}"),
            post("/v1/payments/{uuid}/capture", "{\"amount\":\"{amount}\"}"),
            get("/v1/payments/{uuid}"),
        ],
        code: &[
            ("store", "PaymentStore", "update_status"),
            ("acquirer", "AcquirerClient", "authorize"),
            ("risk", "RiskCheck", "score"),
            ("settlement", "SettlementService", "settle"),
            ("http", "PaymentRoutes", "create_payment"),
        ],
        scale: 0.9,
        busy_hour: 18.5,
        weekend: 1.1,
        major: 2,
    },
    Service {
        name: "ledger",
        language: Language::Go,
        team: "payments",
        hosting: Hosting::Hosts,
        replicas: 3,
        entity: "posting",
        table: "postings",
        topic: "ledger.postings",
        upstreams: &["payments-api", "fx-rates"],
        routes: &[post("/v1/postings", ""), get("/v1/accounts/{id}/balance")],
        code: &[
            ("store", "PostingStore", "insert"),
            ("store", "AccountStore", "lock_account"),
            ("journal", "Journal", "append"),
            ("api", "PostingHandler", "create_posting"),
        ],
        scale: 0.5,
        busy_hour: 19.0,
        weekend: 0.9,
        major: 1,
    },
    Service {
        name: "catalog",
        language: Language::Go,
        team: "discovery",
        hosting: Hosting::Pods,
        replicas: 4,
        entity: "product",
        table: "products",
        topic: "catalog.changes",
        upstreams: &["inventory", "pricing", "image-proxy"],
        routes: &[get("/v3/products/{id}"), get("/v3/products?sku={sku}&locale={locale}"), get("/v3/categories/{n}")],
        code: &[
            ("store", "ProductStore", "find_by_id"),
            ("cache", "ProductCache", "fetch"),
            ("enrich", "Enricher", "with_prices"),
            ("api", "ProductHandler", "get_product"),
        ],
        scale: 1.0,
        busy_hour: 19.0,
        weekend: 1.2,
        major: 3,
    },
    Service {
        name: "search",
        language: Language::Scala,
        team: "discovery",
        hosting: Hosting::Hosts,
        replicas: 4,
        entity: "index",
        table: "synonyms",
        topic: "catalog.changes",
        upstreams: &["catalog", "recommendations", "opensearch"],
        routes: &[get("/v1/search?q={query}&page={n}"), get("/v1/suggest?q={query}"), get("/v1/facets?category={n}")],
        code: &[
            ("query", "QueryParser", "parse"),
            ("query", "QueryRewriter", "expand_synonyms"),
            ("engine", "SearchEngine", "execute"),
            ("rank", "Ranker", "rescore"),
            ("http", "SearchRoutes", "search"),
        ],
        scale: 1.1,
        busy_hour: 19.5,
        weekend: 1.2,
        major: 7,
    },
    Service {
        name: "recommendations",
        language: Language::Python,
        team: "discovery",
        hosting: Hosting::Pods,
        replicas: 4,
        entity: "profile",
        table: "user_vectors",
        topic: "events.views",
        upstreams: &["catalog", "feature-store"],
        routes: &[get("/v2/users/{id}/recommendations"), get("/v2/products/{id}/similar?limit={n}")],
        code: &[
            ("vectors/store", "VectorStore", "load_vectors"),
            ("vectors/nearest", "Nearest", "top_k"),
            ("ranking/blend", "Blender", "blend"),
            ("api/views", "Views", "recommend"),
        ],
        scale: 0.8,
        busy_hour: 20.0,
        weekend: 1.2,
        major: 1,
    },
    Service {
        name: "pricing",
        language: Language::Python,
        team: "commerce",
        hosting: Hosting::Pods,
        replicas: 3,
        entity: "quote",
        table: "price_rules",
        topic: "prices.changed",
        upstreams: &["catalog", "fx-rates", "ledger"],
        routes: &[
            post("/v2/quotes", "{\"items\":[{\"sku\":\"{sku}\",\"quantity\":{n}}],\"country\":\"{country}\"}"),
            get("/v2/prices/{sku}?country={country}"),
        ],
        code: &[
            ("money/rounding", "Rounding", "to_cents"),
            ("rules/discounts", "Discounts", "percentage_of"),
            ("rules/engine", "Engine", "apply_rules"),
            ("api/quotes", "Quotes", "create_quote"),
        ],
        scale: 0.9,
        busy_hour: 18.5,
        weekend: 1.1,
        major: 5,
    },
    Service {
        name: "inventory",
        language: Language::Go,
        team: "logistics",
        hosting: Hosting::Pods,
        replicas: 4,
        entity: "reservation",
        table: "stock_levels",
        topic: "stock.moved",
        upstreams: &["warehouse-gateway", "catalog"],
        routes: &[
            post("/v1/reservations", ""),
            get("/v1/stock/{sku}"),
            Route { method: "DELETE", path: "/v1/reservations/{uuid}", body: "" },
        ],
        code: &[
            ("store", "StockStore", "decrement"),
            ("reserve", "Reserver", "reserve"),
            ("warehouse", "WarehouseClient", "confirm"),
            ("api", "ReservationHandler", "create"),
        ],
        scale: 0.8,
        busy_hour: 18.0,
        weekend: 0.9,
        major: 2,
    },
    Service {
        name: "shipping",
        language: Language::Ruby,
        team: "logistics",
        hosting: Hosting::Hosts,
        replicas: 3,
        entity: "shipment",
        table: "shipments",
        topic: "shipments.created",
        upstreams: &["carrier-gateway", "inventory"],
        routes: &[
            post("/api/v1/shipments", "{\"order_id\":{id},\"carrier\":\"dhl\",\"country\":\"{country}\"}"),
            get("/api/v1/shipments/{id}/tracking"),
        ],
        code: &[
            ("services/label_printer", "LabelPrinter", "print"),
            ("services/carrier_client", "CarrierClient", "quote"),
            ("jobs/tracking_job", "TrackingJob", "perform"),
            ("controllers/shipments_controller", "ShipmentsController", "create"),
        ],
        scale: 0.6,
        busy_hour: 13.0,
        weekend: 0.35,
        major: 9,
    },
    Service {
        name: "storefront",
        language: Language::Ruby,
        team: "web",
        hosting: Hosting::Pods,
        replicas: 6,
        entity: "product",
        table: "sessions",
        topic: "events.views",
        upstreams: &["catalog", "search", "checkout", "recommendations"],
        routes: &[
            get("/products/{id}?utm_source=newsletter"),
            get("/search?q={query}"),
            get("/account/orders"),
            post("/cart/items", "sku={sku}&quantity=1&authenticity_token={hex}"),
        ],
        code: &[
            ("helpers/price_helper", "PriceHelper", "price_tag"),
            ("models/basket", "Basket", "total"),
            ("services/catalog_client", "CatalogClient", "product"),
            ("controllers/products_controller", "ProductsController", "show"),
        ],
        scale: 1.5,
        busy_hour: 19.5,
        weekend: 1.25,
        major: 24,
    },
    Service {
        name: "notifications",
        language: Language::Python,
        team: "messaging",
        hosting: Hosting::Pods,
        replicas: 3,
        entity: "message",
        table: "outbox",
        topic: "notifications.sent",
        upstreams: &["mail-relay", "push-gateway", "checkout"],
        routes: &[
            post(
                "/v1/messages",
                "{\"to\":\"{user}@example.com\",\"template\":\"order-shipped\",\"locale\":\"{locale}\"}",
            ),
            get("/v1/messages/{uuid}"),
        ],
        code: &[
            ("outbox/claim", "Claim", "claim_batch"),
            ("channels/mail", "Mail", "deliver"),
            ("templates/render", "Render", "render_subject"),
            ("tasks/send", "Send", "send_message"),
        ],
        scale: 0.7,
        busy_hour: 9.5,
        weekend: 0.6,
        major: 3,
    },
    Service {
        name: "media-transcoder",
        language: Language::Go,
        team: "media",
        hosting: Hosting::Hosts,
        replicas: 3,
        entity: "rendition",
        table: "jobs",
        topic: "media.uploaded",
        upstreams: &["object-store", "catalog"],
        routes: &[post("/v1/jobs", ""), get("/v1/jobs/{uuid}")],
        code: &[
            ("segment", "Splitter", "split"),
            ("encode", "Encoder", "run"),
            ("queue", "Consumer", "handle"),
            ("api", "JobHandler", "submit"),
        ],
        scale: 0.5,
        busy_hour: 15.0,
        weekend: 0.8,
        major: 0,
    },
];

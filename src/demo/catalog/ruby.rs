//! Errors of services in Ruby. Frames are innermost first, as `Exception#backtrace` has them.

use super::{Link, PLAIN, Place, Shape, Template};

pub(super) const WEB: &[&str] = &[
    "/usr/local/bundle/gems/actionpack-7.1.4/lib/action_controller/metal/basic_implicit_render.rb:6:in `send_action'",
    "/usr/local/bundle/gems/actionpack-7.1.4/lib/abstract_controller/base.rb:224:in `process_action'",
    "/usr/local/bundle/gems/actionpack-7.1.4/lib/action_controller/metal/rescue.rb:25:in `process_action'",
    "/usr/local/bundle/gems/activesupport-7.1.4/lib/active_support/notifications.rb:208:in `instrument'",
    "/usr/local/bundle/gems/actionpack-7.1.4/lib/action_dispatch/routing/route_set.rb:882:in `call'",
    "/usr/local/bundle/gems/rack-3.1.7/lib/rack/etag.rb:29:in `call'",
    "/usr/local/bundle/gems/railties-7.1.4/lib/rails/engine.rb:536:in `call'",
    "/usr/local/bundle/gems/puma-6.4.2/lib/puma/request.rb:100:in `block in handle_request'",
    "/usr/local/bundle/gems/puma-6.4.2/lib/puma/thread_pool.rb:155:in `block in spawn_thread'",
];

pub(super) const WORKER: &[&str] = &[
    "/usr/local/bundle/gems/sidekiq-7.3.2/lib/sidekiq/processor.rb:220:in `execute_job'",
    "/usr/local/bundle/gems/sidekiq-7.3.2/lib/sidekiq/middleware/chain.rb:180:in `traverse'",
    "/usr/local/bundle/gems/sidekiq-7.3.2/lib/sidekiq/processor.rb:185:in `block in process'",
    "/usr/local/bundle/gems/sidekiq-7.3.2/lib/sidekiq/component.rb:10:in `watchdog'",
];

const NET_READ: &[&str] = &[
    "/usr/local/lib/ruby/3.3.0/net/protocol.rb:229:in `rbuf_fill'",
    "/usr/local/lib/ruby/3.3.0/net/protocol.rb:199:in `readuntil'",
    "/usr/local/lib/ruby/3.3.0/net/http/response.rb:158:in `read_status_line'",
    "/usr/local/lib/ruby/3.3.0/net/http.rb:2356:in `block in transport_request'",
];

pub(super) const TEMPLATES: &[Template] = &[
    Template {
        class: "Faraday::TimeoutError",
        message: "Net::ReadTimeout with #<TCPSocket:(closed)>",
        frames: &[
            "/usr/local/bundle/gems/faraday-net_http-3.3.0/lib/faraday/adapter/net_http.rb:74:in `rescue in call'",
            "/usr/local/bundle/gems/faraday-2.12.0/lib/faraday/rack_builder.rb:153:in `build_response'",
            "{app}",
            "{web}",
        ],
        causes: &[Link {
            class: "Net::ReadTimeout",
            message: "Net::ReadTimeout with #<TCPSocket:(closed)>",
            frames: NET_READ,
        }],
        rate: 0.9,
        ..PLAIN
    },
    Template {
        class: "Faraday::ConnectionFailed",
        message: "Failed to open TCP connection to {upstream}.internal:8080 (Connection refused - connect(2) for \"{upstream}.internal\" port 8080)",
        frames: &[
            "/usr/local/bundle/gems/faraday-net_http-3.3.0/lib/faraday/adapter/net_http.rb:66:in `call'",
            "{app}",
            "{web}",
        ],
        causes: &[Link {
            class: "Errno::ECONNREFUSED",
            message: "Connection refused - connect(2) for \"{upstream}.internal\" port 8080",
            frames: &[
                "/usr/local/lib/ruby/3.3.0/net/http.rb:1603:in `initialize'",
                "/usr/local/lib/ruby/3.3.0/net/http.rb:1603:in `open'",
            ],
        }],
        shape: Shape::Bursts,
        rate: 0.25,
        ..PLAIN
    },
    Template {
        class: "ActiveRecord::RecordNotFound",
        message: "Couldn't find {Entity} with 'id'={id}",
        frames: &[
            "/usr/local/bundle/gems/activerecord-7.1.4/lib/active_record/core.rb:253:in `find'",
            "{app}",
            "{web}",
        ],
        severity: "info",
        rate: 1.3,
        ..PLAIN
    },
    Template {
        class: "ActiveRecord::ConnectionTimeoutError",
        message: "could not obtain a connection from the pool within 5.000 seconds (waited 5.00{n} seconds); all pooled connections were in use",
        frames: &[
            "/usr/local/bundle/gems/activerecord-7.1.4/lib/active_record/connection_adapters/abstract/connection_pool/queue.rb:119:in `block in wait_poll'",
            "{app}",
            "{web}",
        ],
        shape: Shape::Bursts,
        rate: 0.2,
        ..PLAIN
    },
    Template {
        class: "ActiveRecord::StaleObjectError",
        message: "Attempted to update a stale object: {Entity}.",
        frames: &[
            "/usr/local/bundle/gems/activerecord-7.1.4/lib/active_record/locking/optimistic.rb:115:in `_update_row'",
            "{app}",
            "{web}",
        ],
        severity: "warning",
        rate: 0.12,
        ..PLAIN
    },
    Template {
        class: "ActiveRecord::RecordNotUnique",
        message: "PG::UniqueViolation: ERROR:  duplicate key value violates unique constraint \"index_{table}_on_token\"\nDETAIL:  Key (token)=({hex}) already exists.",
        frames: &[
            "/usr/local/bundle/gems/activerecord-7.1.4/lib/active_record/connection_adapters/postgresql_adapter.rb:894:in `exec_params'",
            "{app}",
            "{worker}",
        ],
        causes: &[Link {
            class: "PG::UniqueViolation",
            message: "ERROR:  duplicate key value violates unique constraint \"index_{table}_on_token\"",
            frames: &[
                "/usr/local/bundle/gems/activerecord-7.1.4/lib/active_record/connection_adapters/postgresql_adapter.rb:894:in `exec_params'",
            ],
        }],
        place: Place::Job,
        rate: 0.08,
        ..PLAIN
    },
    Template {
        class: "ActionController::ParameterMissing",
        message: "param is missing or the value is empty: {entity}",
        frames: &[
            "/usr/local/bundle/gems/actionpack-7.1.4/lib/action_controller/metal/strong_parameters.rb:527:in `require'",
            "{app}",
            "{web}",
        ],
        severity: "warning",
        rate: 0.45,
        ..PLAIN
    },
    Template {
        class: "ActionView::Template::Error",
        message: "undefined method `formatted_price' for nil",
        frames: &[
            "app/views/{entity}s/_line.html.erb:14",
            "/usr/local/bundle/gems/actionview-7.1.4/lib/action_view/base.rb:264:in `_run'",
            "/usr/local/bundle/gems/actionview-7.1.4/lib/action_view/renderer/partial_renderer.rb:267:in `block in render_partial_template'",
            "{app}",
            "{web}",
        ],
        causes: &[Link {
            class: "NoMethodError",
            message: "undefined method `formatted_price' for nil",
            frames: &["app/views/{entity}s/_line.html.erb:14:in `_app_views_{entity}s__line_html_erb'"],
        }],
        rate: 0.1,
        ..PLAIN
    },
    Template {
        class: "NoMethodError",
        message: "undefined method `price_cents' for nil",
        frames: &["{app}", "{web}"],
        rate: 0.14,
        ..PLAIN
    },
    Template {
        class: "Redis::CannotConnectError",
        message: "Connection refused - connect(2) for {ip}:6379 (redis://redis-{entity}.internal:6379/0)",
        frames: &[
            "/usr/local/bundle/gems/redis-client-0.22.2/lib/redis_client/ruby_connection.rb:76:in `rescue in connect'",
            "{app}",
            "{worker}",
        ],
        place: Place::Job,
        shape: Shape::Bursts,
        rate: 0.15,
        ..PLAIN
    },
    Template {
        class: "Rack::Timeout::RequestTimeoutException",
        message: "Request ran for longer than 15000ms",
        frames: &["{app}", "{web}"],
        rate: 0.2,
        ..PLAIN
    },
    Template {
        class: "JSON::ParserError",
        message: "unexpected token at '<html><head><title>502 Bad Gateway</title></head>'",
        frames: &["/usr/local/lib/ruby/3.3.0/json/common.rb:219:in `parse'", "{app}", "{web}"],
        rate: 0.12,
        ..PLAIN
    },
    Template {
        class: "OpenSSL::SSL::SSLError",
        message: "SSL_connect returned=1 errno=0 peeraddr={ip}:443 state=error: certificate verify failed (certificate has expired)",
        frames: &["/usr/local/lib/ruby/3.3.0/net/protocol.rb:46:in `connect_nonblock'", "{app}", "{worker}"],
        place: Place::Job,
        shape: Shape::Steady,
        rate: 0.015,
        ..PLAIN
    },
    Template {
        class: "Stripe::CardError",
        message: "(Status 402) (Request req_{hex}) Your card was declined.",
        frames: &[
            "/usr/local/bundle/gems/stripe-12.6.0/lib/stripe/stripe_client.rb:780:in `handle_error_response'",
            "{app}",
            "{web}",
        ],
        severity: "warning",
        rate: 0.6,
        ..PLAIN
    },
    Template {
        class: "Encoding::UndefinedConversionError",
        message: "\"\\xE2\" from ASCII-8BIT to UTF-8",
        frames: &["{app}", "{worker}"],
        place: Place::Job,
        shape: Shape::Nightly,
        rate: 0.3,
        ..PLAIN
    },
    Template {
        message: "carrier answered late for {entity} {id}, label was taken from the cache",
        severity: "info",
        only: "shipping",
        rate: 0.3,
        ..PLAIN
    },
    Template {
        message: "session of customer {id} was rebuilt from the cookie",
        severity: "info",
        only: "storefront",
        rate: 0.4,
        ..PLAIN
    },
    Template {
        class: "ActionController::UrlGenerationError",
        message: "No route matches {:action=>\"show\", :controller=>\"{entity}s\", :id=>nil}, missing required keys: [:id]",
        frames: &[
            "/usr/local/bundle/gems/actionpack-7.1.4/lib/action_dispatch/journey/formatter.rb:49:in `generate'",
            "{app}",
            "{web}",
        ],
        only: "storefront",
        rate: 0.0,
        bad_release: true,
        ..PLAIN
    },
];

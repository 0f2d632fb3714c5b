//! Errors of services in Python. Frames are outermost first, each with its source line, as `traceback` prints them; the
//! client sends no causes, so a chained exception stands in the trace itself.

use super::{PLAIN, Place, Shape, Template};

pub(super) const WEB: &[&str] = &[
    "  File \"/usr/local/lib/python3.12/site-packages/flask/app.py\", line 1473, in wsgi_app\n    response = self.full_dispatch_request()\n",
    "  File \"/usr/local/lib/python3.12/site-packages/flask/app.py\", line 880, in full_dispatch_request\n    rv = self.dispatch_request()\n",
    "  File \"/usr/local/lib/python3.12/site-packages/flask/app.py\", line 865, in dispatch_request\n    return self.ensure_sync(self.view_functions[rule.endpoint])(**view_args)\n",
];

pub(super) const WORKER: &[&str] = &[
    "  File \"/usr/local/lib/python3.12/site-packages/celery/app/trace.py\", line 453, in trace_task\n    R = retval = fun(*args, **kwargs)\n",
    "  File \"/usr/local/lib/python3.12/site-packages/celery/app/trace.py\", line 736, in __protected_call__\n    return self.run(*args, **kwargs)\n",
];

const CHAINED: &str = "\nDuring handling of the above exception, another exception occurred:\n\n";
const HEAD: &str = "Traceback (most recent call last):\n";

pub(super) const TEMPLATES: &[Template] = &[
    Template {
        class: "requests.exceptions.ConnectionError",
        message: "HTTPConnectionPool(host='{upstream}.internal', port=8080): Max retries exceeded with url: /v2/{entity}s/{id} (Caused by NewConnectionError('<urllib3.connection.HTTPConnection object at {addr}>: Failed to establish a new connection: [Errno 111] Connection refused'))",
        frames: &[
            HEAD,
            "{web}",
            "{app}",
            "  File \"/usr/local/lib/python3.12/site-packages/requests/sessions.py\", line 602, in get\n    return self.request(\"GET\", url, **kwargs)\n",
            "  File \"/usr/local/lib/python3.12/site-packages/requests/sessions.py\", line 703, in send\n    r = adapter.send(request, **kwargs)\n",
            "  File \"/usr/local/lib/python3.12/site-packages/requests/adapters.py\", line 700, in send\n    raise ConnectionError(e, request=request)\n",
        ],
        rate: 0.8,
        ..PLAIN
    },
    Template {
        class: "requests.exceptions.ReadTimeout",
        message: "HTTPConnectionPool(host='{upstream}.internal', port=8080): Read timed out. (read timeout=3.0)",
        frames: &[
            HEAD,
            "{web}",
            "{app}",
            "  File \"/usr/local/lib/python3.12/site-packages/requests/api.py\", line 59, in request\n    return session.request(method=method, url=url, **kwargs)\n",
            "  File \"/usr/local/lib/python3.12/site-packages/requests/adapters.py\", line 713, in send\n    raise ReadTimeout(e, request=request)\n",
        ],
        severity: "warning",
        rate: 0.9,
        ..PLAIN
    },
    Template { class: "KeyError", message: "'{entity}_id'", frames: &[HEAD, "{web}", "{app}"], rate: 0.22, ..PLAIN },
    Template {
        class: "ValueError",
        message: "could not convert string to float: '{n},{n}0'",
        frames: &[HEAD, "{web}", "{app}"],
        severity: "",
        rate: 0.3,
        ..PLAIN
    },
    Template {
        class: "AttributeError",
        message: "'NoneType' object has no attribute 'locale'",
        frames: &[HEAD, "{web}", "{app}"],
        rate: 0.06,
        ..PLAIN
    },
    Template {
        class: "TypeError",
        message: "unsupported operand type(s) for *: 'decimal.Decimal' and 'NoneType'",
        frames: &[HEAD, "{web}", "{app}"],
        rate: 0.04,
        ..PLAIN
    },
    Template {
        class: "sqlalchemy.exc.OperationalError",
        message: "(psycopg2.OperationalError) server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally\n\tbefore or while processing the request.\n\n[SQL: SELECT {table}.id, {table}.payload FROM {table} WHERE {table}.id = %(id)s]\n[parameters: {'id': {id}}]\n(Background on this error at: https://sqlalche.me/e/20/e3q8)",
        frames: &[
            HEAD,
            "  File \"/usr/local/lib/python3.12/site-packages/sqlalchemy/engine/base.py\", line 1967, in _exec_single_context\n    self.dialect.do_execute(\n",
            "  File \"/usr/local/lib/python3.12/site-packages/sqlalchemy/engine/default.py\", line 941, in do_execute\n    cursor.execute(statement, parameters)\n",
            "psycopg2.OperationalError: server closed the connection unexpectedly\n",
            CHAINED,
            HEAD,
            "{web}",
            "{app}",
            "  File \"/usr/local/lib/python3.12/site-packages/sqlalchemy/engine/base.py\", line 2355, in _handle_dbapi_exception\n    raise sqlalchemy_exception.with_traceback(exc_info[2]) from e\n",
        ],
        shape: Shape::Bursts,
        rate: 0.15,
        ..PLAIN
    },
    Template {
        class: "sqlalchemy.exc.IntegrityError",
        message: "(psycopg2.errors.UniqueViolation) duplicate key value violates unique constraint \"{table}_external_id_key\"\nDETAIL:  Key (external_id)=({uuid}) already exists.",
        frames: &[
            HEAD,
            "{web}",
            "{app}",
            "  File \"/usr/local/lib/python3.12/site-packages/sqlalchemy/orm/session.py\", line 4353, in flush\n    self._flush(objects)\n",
        ],
        severity: "warning",
        rate: 0.18,
        ..PLAIN
    },
    Template {
        class: "json.decoder.JSONDecodeError",
        message: "Expecting value: line 1 column 1 (char 0)",
        frames: &[
            HEAD,
            "{web}",
            "{app}",
            "  File \"/usr/local/lib/python3.12/json/__init__.py\", line 346, in loads\n    return _default_decoder.decode(s)\n",
            "  File \"/usr/local/lib/python3.12/json/decoder.py\", line 355, in raw_decode\n    raise JSONDecodeError(\"Expecting value\", s, err.value) from None\n",
        ],
        rate: 0.11,
        ..PLAIN
    },
    Template {
        class: "redis.exceptions.TimeoutError",
        message: "Timeout reading from redis-{entity}.internal:6379",
        frames: &[
            HEAD,
            "{web}",
            "{app}",
            "  File \"/usr/local/lib/python3.12/site-packages/redis/client.py\", line 559, in execute_command\n    return self._execute_command(*args, **options)\n",
            "  File \"/usr/local/lib/python3.12/site-packages/redis/_parsers/socket.py\", line 92, in _read_from_socket\n    raise TimeoutError(\"Timeout reading from socket\")\n",
        ],
        rate: 0.13,
        ..PLAIN
    },
    Template {
        class: "celery.exceptions.SoftTimeLimitExceeded",
        message: "SoftTimeLimitExceeded()",
        frames: &[HEAD, "{worker}", "{app}"],
        severity: "warning",
        place: Place::Job,
        shape: Shape::Nightly,
        rate: 0.5,
        ..PLAIN
    },
    Template {
        class: "botocore.exceptions.ClientError",
        message: "An error occurred (SlowDown) when calling the PutObject operation (reached max retries: 4): Please reduce your request rate.",
        frames: &[
            HEAD,
            "{worker}",
            "{app}",
            "  File \"/usr/local/lib/python3.12/site-packages/botocore/client.py\", line 1021, in _make_api_call\n    raise error_class(parsed_response, operation_name)\n",
        ],
        place: Place::Job,
        shape: Shape::Bursts,
        rate: 0.2,
        ..PLAIN
    },
    Template {
        class: "UnicodeDecodeError",
        message: "'utf-8' codec can't decode byte 0xe9 in position {n}: invalid continuation byte",
        frames: &[HEAD, "{worker}", "{app}"],
        place: Place::Job,
        shape: Shape::Steady,
        rate: 0.03,
        ..PLAIN
    },
    Template {
        class: "pydantic_core._pydantic_core.ValidationError",
        message: "2 validation errors for {Entity}Request\ncurrency\n  Field required [type=missing, input_value={'id': {id}}, input_type=dict]\ncountry\n  Input should be 'DE', 'FR' or 'NL' [type=enum, input_value='{country}', input_type=str]",
        frames: &[
            HEAD,
            "{web}",
            "{app}",
            "  File \"/usr/local/lib/python3.12/site-packages/pydantic/main.py\", line 214, in __init__\n    validated_self = self.__pydantic_validator__.validate_python(data, self_instance=self)\n",
        ],
        severity: "warning",
        rate: 0.7,
        ..PLAIN
    },
    Template {
        class: "MemoryError",
        message: "Unable to allocate {n}.2 MiB for an array with shape ({id}, 128) and data type float32",
        frames: &[
            HEAD,
            "{worker}",
            "{app}",
            "  File \"/usr/local/lib/python3.12/site-packages/numpy/core/shape_base.py\", line 289, in vstack\n    return _nx.concatenate(arrs, 0, dtype=dtype, casting=casting)\n",
        ],
        place: Place::Job,
        shape: Shape::Steady,
        rate: 0.006,
        ..PLAIN
    },
    Template {
        class: "ZeroDivisionError",
        message: "division by zero",
        frames: &[HEAD, "{web}", "{app}"],
        rate: 0.01,
        ..PLAIN
    },
    Template {
        class: "DeprecationWarning",
        message: "client {user} still calls /v1/{entity}s, which ends with the year",
        frames: &[HEAD, "{web}", "{app}"],
        severity: "info",
        rate: 0.25,
        ..PLAIN
    },
];

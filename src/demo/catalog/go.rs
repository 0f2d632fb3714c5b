//! Errors of services in Go. The client writes `file:line`, then the function with its source line; a recovered panic
//! has the runtime's own format with goroutine ids and addresses. The message is part of the key, so a message that
//! names an address or a shard makes an aggregate of its own each time.

use super::{Link, PLAIN, Place, Shape, Template};

pub(super) const WEB: &[&str] = &[
    "/go/pkg/mod/github.com/go-chi/chi/v5@v5.1.0/mux.go:459",
    "\t(*Mux).routeHTTP: h.ServeHTTP(w, r)",
    "/usr/local/go/src/net/http/server.go:2220",
    "\tHandlerFunc.ServeHTTP: f(w, r)",
    "/usr/local/go/src/net/http/server.go:2092",
    "\t(*conn).serve: serverHandler{c.server}.ServeHTTP(w, w.req)",
    "/usr/local/go/src/runtime/asm_amd64.s:1700",
    "\tgoexit: BYTE\t$0x90\t// NOP",
];

pub(super) const WORKER: &[&str] = &[
    "/go/pkg/mod/golang.org/x/sync@v0.8.0/errgroup/errgroup.go:78",
    "\t(*Group).Go.func1: if err := f(); err != nil {",
    "/usr/local/go/src/runtime/asm_amd64.s:1700",
    "\tgoexit: BYTE\t$0x90\t// NOP",
];

const PANIC: &[&str] = &[
    "goroutine {id} [running]:",
    "runtime/debug.Stack()",
    "\t/usr/local/go/src/runtime/debug/stack.go:26 +0x5e",
    "github.com/acme/{pkg}/internal/middleware.Recover.func1.1()",
    "\t/src/{pkg}/internal/middleware/recover.go:31 +0x8b",
    "panic({0xb2f3a0?, {addr}?})",
    "\t/usr/local/go/src/runtime/panic.go:785 +0x132",
    "{panicking}",
    "net/http.(*conn).serve(0xc000{hex}, {0xd0a2b8, 0xc00012e0f0})",
    "\t/usr/local/go/src/net/http/server.go:2092 +0x5d0",
    "created by net/http.(*Server).Serve in goroutine 1",
    "\t/usr/local/go/src/net/http/server.go:3360 +0x485",
];

pub(super) const TEMPLATES: &[Template] = &[
    Template {
        class: "*net.OpError",
        message: "dial tcp {ip}:5432: connect: connection refused",
        frames: &[
            "/go/pkg/mod/github.com/jackc/pgx/v5@v5.6.0/pgconn/pgconn.go:186",
            "\tConnectConfig: return nil, err",
            "{app}",
            "{web}",
        ],
        causes: &[
            Link { class: "*os.SyscallError", message: "connect: connection refused", frames: &[] },
            Link { class: "syscall.Errno", message: "connection refused", frames: &[] },
        ],
        shape: Shape::Bursts,
        rate: 0.15,
        variants: 3,
        ..PLAIN
    },
    Template {
        class: "*url.Error",
        message: "Get \"http://{upstream}.internal:8080/v1/{entity}s\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
        frames: &[
            "/usr/local/go/src/net/http/client.go:607",
            "\t(*Client).do: return nil, uerr(err)",
            "{app}",
            "{web}",
        ],
        causes: &[Link {
            class: "*http.timeoutError",
            message: "context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
            frames: &[],
        }],
        rate: 1.0,
        ..PLAIN
    },
    Template {
        class: "*json.SyntaxError",
        message: "invalid character '<' looking for beginning of value",
        frames: &[
            "/usr/local/go/src/encoding/json/decode.go:101",
            "\tUnmarshal: err := checkValid(data, &d.scan)",
            "{app}",
            "{web}",
        ],
        rate: 0.12,
        ..PLAIN
    },
    Template {
        class: "*json.UnmarshalTypeError",
        message: "json: cannot unmarshal string into Go struct field {Entity}.quantity of type int64",
        frames: &[
            "/usr/local/go/src/encoding/json/decode.go:105",
            "\tUnmarshal: return d.unmarshal(v)",
            "{app}",
            "{web}",
        ],
        severity: "warning",
        rate: 0.5,
        ..PLAIN
    },
    Template {
        class: "*errors.errorString",
        message: "sql: no rows in result set",
        frames: &["/usr/local/go/src/database/sql/sql.go:3431", "\t(*Row).Scan: return ErrNoRows", "{app}", "{web}"],
        severity: "info",
        rate: 0.6,
        ..PLAIN
    },
    Template {
        class: "*fmt.wrapError",
        message: "load {entity}: lock row in {table}: context canceled",
        frames: &["{app}", "{web}"],
        causes: &[
            Link { class: "*fmt.wrapError", message: "lock row in {table}: context canceled", frames: &[] },
            Link { class: "*errors.errorString", message: "context canceled", frames: &[] },
        ],
        severity: "warning",
        rate: 0.8,
        ..PLAIN
    },
    Template {
        class: "*pgconn.PgError",
        message: "ERROR: could not serialize access due to concurrent update (SQLSTATE 40001)",
        frames: &[
            "/go/pkg/mod/github.com/jackc/pgx/v5@v5.6.0/pgconn/pgconn.go:1402",
            "\t(*ResultReader).readUntilRowDescription: return err",
            "{app}",
            "{web}",
        ],
        rate: 0.1,
        ..PLAIN
    },
    Template {
        class: "context.deadlineExceededError",
        message: "context deadline exceeded",
        frames: &["{app}", "{web}"],
        rate: 0.7,
        ..PLAIN
    },
    Template {
        class: "runtime.boundsError",
        message: "runtime error: index out of range [{n}] with length 2",
        frames: PANIC,
        rate: 0.015,
        variants: 2,
        ..PLAIN
    },
    Template {
        class: "runtime.errorString",
        message: "runtime error: invalid memory address or nil pointer dereference",
        frames: PANIC,
        rate: 0.04,
        ..PLAIN
    },
    Template {
        class: "*status.Error",
        message: "rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing: dial tcp {ip}:9090: connect: connection refused\"",
        frames: &[
            "/go/pkg/mod/google.golang.org/grpc@v1.66.0/clientconn.go:1310",
            "\tinvoke: return cs.RecvMsg(reply)",
            "{app}",
            "{web}",
        ],
        rate: 0.2,
        variants: 2,
        ..PLAIN
    },
    Template {
        class: "*strconv.NumError",
        message: "strconv.ParseInt: parsing \"{sku}\": invalid syntax",
        frames: &["/usr/local/go/src/strconv/atoi.go:204", "\tParseInt: return 0, err", "{app}", "{web}"],
        severity: "warning",
        rate: 0.12,
        variants: 4,
        ..PLAIN
    },
    Template {
        class: "*fs.PathError",
        message: "open /tmp/{pkg}/segment-{n}.tmp: no space left on device",
        frames: &[
            "/usr/local/go/src/os/file.go:397",
            "\tOpenFile: f, err := openFileNolog(name, flag, perm)",
            "{app}",
            "{worker}",
        ],
        causes: &[Link { class: "syscall.Errno", message: "no space left on device", frames: &[] }],
        place: Place::Job,
        shape: Shape::Bursts,
        rate: 0.06,
        variants: 2,
        ..PLAIN
    },
    Template {
        class: "*errors.errorString",
        message: "redis: connection pool timeout",
        frames: &[
            "/go/pkg/mod/github.com/redis/go-redis/v9@v9.6.1/internal/pool/pool.go:289",
            "\t(*ConnPool).waitTurn: return ErrPoolTimeout",
            "{app}",
            "{web}",
        ],
        shape: Shape::Bursts,
        rate: 0.2,
        ..PLAIN
    },
    Template {
        class: "*tls.CertificateVerificationError",
        message: "tls: failed to verify certificate: x509: certificate is valid for {upstream}.internal, not {upstream}.svc.cluster.local",
        frames: &[
            "/usr/local/go/src/crypto/tls/handshake_client.go:1102",
            "\t(*Conn).verifyServerCertificate: return &CertificateVerificationError{UnverifiedCertificates: certs, Err: err}",
            "{app}",
            "{worker}",
        ],
        place: Place::Job,
        shape: Shape::Steady,
        rate: 0.01,
        ..PLAIN
    },
    Template {
        class: "sarama.KError",
        message: "kafka server: Request exceeded the user-specified time limit in the request ({topic})",
        frames: &[
            "/go/pkg/mod/github.com/!i!b!m/sarama@v1.43.3/async_producer.go:1219",
            "\t(*asyncProducer).returnError: pErr := &ProducerError{Msg: msg, Err: err}",
            "{app}",
            "{worker}",
        ],
        place: Place::Job,
        shape: Shape::Steady,
        rate: 0.05,
        ..PLAIN
    },
    Template {
        class: "*exec.ExitError",
        message: "exit status 1: [libx264 @ 0x55d0c] malloc of size 3110400 failed",
        frames: &[
            "/usr/local/go/src/os/exec/exec.go:914",
            "\t(*Cmd).Wait: return &ExitError{ProcessState: state}",
            "{app}",
            "{worker}",
        ],
        place: Place::Job,
        rate: 0.3,
        only: "media-transcoder",
        ..PLAIN
    },
];

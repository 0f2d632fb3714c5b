//! Errors of services on the JVM. Frames are innermost first, as `Throwable.getStackTrace` has them.

use super::{Link, PLAIN, Place, Shape, Template};

pub(super) const WEB: &[&str] = &[
    "akka.http.scaladsl.server.directives.FutureDirectives.$anonfun$onComplete$1(FutureDirectives.scala:37)",
    "scala.concurrent.impl.Promise$Transformation.run(Promise.scala:484)",
    "akka.dispatch.BatchingExecutor$AbstractBatch.processBatch(BatchingExecutor.scala:63)",
    "akka.dispatch.BatchingExecutor$BlockableBatch.$anonfun$run$1(BatchingExecutor.scala:100)",
    "scala.concurrent.BlockContext$.withBlockContext(BlockContext.scala:94)",
    "akka.dispatch.ForkJoinExecutorConfigurator$AkkaForkJoinTask.exec(ForkJoinExecutorConfigurator.scala:48)",
    "java.base/java.util.concurrent.ForkJoinTask.doExec(ForkJoinTask.java:387)",
    "java.base/java.util.concurrent.ForkJoinPool$WorkQueue.topLevelExec(ForkJoinPool.java:1312)",
    "java.base/java.util.concurrent.ForkJoinPool.runWorker(ForkJoinPool.java:1843)",
    "java.base/java.util.concurrent.ForkJoinWorkerThread.run(ForkJoinWorkerThread.java:188)",
];

pub(super) const WORKER: &[&str] = &[
    "java.base/java.util.concurrent.Executors$RunnableAdapter.call(Executors.java:572)",
    "java.base/java.util.concurrent.FutureTask.run(FutureTask.java:317)",
    "java.base/java.util.concurrent.ScheduledThreadPoolExecutor$ScheduledFutureTask.run(ScheduledThreadPoolExecutor.java:304)",
    "java.base/java.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1144)",
    "java.base/java.util.concurrent.ThreadPoolExecutor$Worker.run(ThreadPoolExecutor.java:642)",
    "java.base/java.lang.Thread.run(Thread.java:1583)",
];

const SOCKET_READ: &[&str] = &[
    "java.base/sun.nio.ch.NioSocketImpl.timedRead(NioSocketImpl.java:278)",
    "java.base/sun.nio.ch.NioSocketImpl.implRead(NioSocketImpl.java:304)",
    "java.base/sun.nio.ch.NioSocketImpl.read(NioSocketImpl.java:346)",
    "java.base/java.net.Socket$SocketInputStream.read(Socket.java:1099)",
    "okio.InputStreamSource.read(JvmOkio.kt:94)",
    "okhttp3.internal.http1.HeadersReader.readLine(HeadersReader.kt:29)",
    "okhttp3.internal.http1.Http1ExchangeCodec.readResponseHeaders(Http1ExchangeCodec.kt:180)",
];

pub(super) const TEMPLATES: &[Template] = &[
    Template {
        class: "com.acme.http.UpstreamException",
        message: "call to {upstream} failed after {ms} ms: POST /v2/{entity}s/{id}",
        frames: &[
            "com.acme.http.UpstreamClient.fail(UpstreamClient.scala:88)",
            "com.acme.http.UpstreamClient.$anonfun$execute$3(UpstreamClient.scala:61)",
            "scala.util.Failure.recover(Try.scala:240)",
            "{app}",
            "{web}",
        ],
        causes: &[
            Link {
                class: "java.io.InterruptedIOException",
                message: "timeout",
                frames: &[
                    "okhttp3.internal.connection.RealCall.timeoutExit(RealCall.kt:398)",
                    "okhttp3.internal.connection.RealCall.callDone(RealCall.kt:360)",
                    "okhttp3.internal.connection.RealCall.getResponseWithInterceptorChain$okhttp(RealCall.kt:212)",
                    "okhttp3.internal.connection.RealCall.execute(RealCall.kt:154)",
                    "com.acme.http.UpstreamClient.$anonfun$execute$2(UpstreamClient.scala:52)",
                ],
            },
            Link { class: "java.net.SocketTimeoutException", message: "Read timed out", frames: SOCKET_READ },
        ],
        rate: 1.1,
        ..PLAIN
    },
    Template {
        class: "java.util.concurrent.TimeoutException",
        message: "Future timed out after [3 seconds]",
        frames: &[
            "scala.concurrent.impl.Promise$DefaultPromise.tryAwait0(Promise.scala:248)",
            "scala.concurrent.impl.Promise$DefaultPromise.result(Promise.scala:261)",
            "scala.concurrent.Await$.$anonfun$result$1(package.scala:201)",
            "{app}",
            "{web}",
        ],
        severity: "warning",
        rate: 0.6,
        ..PLAIN
    },
    Template {
        class: "java.lang.NullPointerException",
        message: "Cannot invoke \"com.acme.{pkg}.model.Address.country()\" because the return value of \"com.acme.{pkg}.model.{Entity}.billingAddress()\" is null",
        frames: &["{app}", "{web}"],
        rate: 0.09,
        ..PLAIN
    },
    Template {
        class: "java.sql.SQLTransientConnectionException",
        message: "HikariPool-1 - Connection is not available, request timed out after 30001ms (total=20, active=20, idle=0, waiting={n})",
        frames: &[
            "com.zaxxer.hikari.pool.HikariPool.createTimeoutException(HikariPool.java:696)",
            "com.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:197)",
            "com.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:162)",
            "com.zaxxer.hikari.HikariDataSource.getConnection(HikariDataSource.java:128)",
            "slick.jdbc.hikaricp.HikariCPJdbcDataSource.createConnection(HikariCPJdbcDataSource.scala:17)",
            "slick.jdbc.JdbcBackend$BaseSession.<init>(JdbcBackend.scala:494)",
            "{app}",
            "{web}",
        ],
        shape: Shape::Bursts,
        rate: 0.12,
        ..PLAIN
    },
    Template {
        class: "org.postgresql.util.PSQLException",
        message: "ERROR: deadlock detected\n  Detail: Process {id} waits for ShareLock on transaction {id}; blocked by process {id}.\n  Hint: See server log for query details.\n  Where: while updating tuple ({n},{n}) in relation \"{table}\"",
        frames: &[
            "org.postgresql.core.v3.QueryExecutorImpl.receiveErrorResponse(QueryExecutorImpl.java:2725)",
            "org.postgresql.core.v3.QueryExecutorImpl.processResults(QueryExecutorImpl.java:2412)",
            "org.postgresql.core.v3.QueryExecutorImpl.execute(QueryExecutorImpl.java:371)",
            "org.postgresql.jdbc.PgStatement.executeInternal(PgStatement.java:502)",
            "org.postgresql.jdbc.PgPreparedStatement.executeUpdate(PgPreparedStatement.java:155)",
            "{app}",
            "{web}",
        ],
        rate: 0.07,
        ..PLAIN
    },
    Template {
        class: "com.fasterxml.jackson.databind.exc.MismatchedInputException",
        message: "Cannot deserialize value of type `com.acme.{pkg}.model.{Entity}` from Array value (token `JsonToken.START_ARRAY`)\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: {n}]",
        frames: &[
            "com.fasterxml.jackson.databind.exc.MismatchedInputException.from(MismatchedInputException.java:59)",
            "com.fasterxml.jackson.databind.DeserializationContext.reportInputMismatch(DeserializationContext.java:1794)",
            "com.fasterxml.jackson.databind.deser.BeanDeserializerBase._deserializeFromArray(BeanDeserializerBase.java:1570)",
            "com.fasterxml.jackson.databind.ObjectMapper.readValue(ObjectMapper.java:3777)",
            "{app}",
            "{web}",
        ],
        severity: "warning",
        rate: 0.4,
        ..PLAIN
    },
    Template {
        class: "scala.MatchError",
        message: "PartiallyRefunded({id},{amount},EUR) (of class com.acme.{pkg}.model.{Entity}State$PartiallyRefunded)",
        frames: &["{app}", "{web}"],
        rate: 0.03,
        ..PLAIN
    },
    Template {
        class: "java.util.NoSuchElementException",
        message: "None.get",
        frames: &["scala.None$.get(Option.scala:627)", "scala.None$.get(Option.scala:626)", "{app}", "{web}"],
        rate: 0.16,
        ..PLAIN
    },
    Template {
        class: "java.lang.IllegalStateException",
        message: "{entity} {id} is already in state COMPLETED",
        frames: &["com.acme.{pkg}.model.{Entity}State$.transition({Entity}State.scala:41)", "{app}", "{web}"],
        severity: "warning",
        rate: 0.25,
        ..PLAIN
    },
    Template {
        class: "java.lang.IllegalArgumentException",
        message: "requirement failed: amount must be positive, was -{amount}",
        frames: &["scala.Predef$.require(Predef.scala:337)", "{app}", "{web}"],
        rate: 0.02,
        ..PLAIN
    },
    Template {
        class: "akka.pattern.AskTimeoutException",
        message: "Ask timed out on [Actor[akka://{pkg}/user/{entity}-shard-{n}#-{id}]] after [5000 ms]. Message of type [com.acme.{pkg}.actor.{Entity}Query]. A typical reason for `AskTimeoutException` is that the recipient actor didn't send a reply.",
        frames: &[
            "akka.pattern.PromiseActorRef$.$anonfun$defaultOnTimeout$1(AskSupport.scala:655)",
            "akka.pattern.PromiseActorRef$.$anonfun$apply$1(AskSupport.scala:680)",
            "akka.actor.Scheduler$$anon$7.run(Scheduler.scala:479)",
            "scala.concurrent.ExecutionContext$parasitic$.execute(ExecutionContext.scala:222)",
            "akka.actor.LightArrayRevolverScheduler$TaskHolder.executeTask(LightArrayRevolverScheduler.scala:365)",
            "akka.actor.LightArrayRevolverScheduler$$anon$3.nextTick(LightArrayRevolverScheduler.scala:314)",
            "akka.actor.LightArrayRevolverScheduler$$anon$3.run(LightArrayRevolverScheduler.scala:289)",
            "java.base/java.lang.Thread.run(Thread.java:1583)",
        ],
        rate: 0.3,
        ..PLAIN
    },
    Template {
        class: "redis.clients.jedis.exceptions.JedisConnectionException",
        message: "Unexpected end of stream.",
        frames: &[
            "redis.clients.jedis.util.RedisInputStream.ensureFill(RedisInputStream.java:199)",
            "redis.clients.jedis.util.RedisInputStream.readByte(RedisInputStream.java:43)",
            "redis.clients.jedis.Protocol.process(Protocol.java:132)",
            "redis.clients.jedis.Connection.readProtocolWithCheckingBroken(Connection.java:352)",
            "redis.clients.jedis.UnifiedJedis.get(UnifiedJedis.java:688)",
            "{app}",
            "{web}",
        ],
        shape: Shape::Bursts,
        rate: 0.15,
        ..PLAIN
    },
    Template {
        class: "org.apache.kafka.common.errors.TimeoutException",
        message: "Expiring {n} record(s) for {topic}-{n}:120001 ms has passed since batch creation",
        frames: &[],
        place: Place::Job,
        shape: Shape::Steady,
        rate: 0.02,
        ..PLAIN
    },
    Template {
        class: "java.lang.OutOfMemoryError",
        message: "Java heap space",
        frames: &[
            "java.base/java.util.Arrays.copyOf(Arrays.java:3540)",
            "java.base/java.io.ByteArrayOutputStream.ensureCapacity(ByteArrayOutputStream.java:100)",
            "java.base/java.io.ByteArrayOutputStream.write(ByteArrayOutputStream.java:132)",
            "{app}",
            "{worker}",
        ],
        place: Place::Job,
        shape: Shape::Bursts,
        rate: 0.004,
        ..PLAIN
    },
    Template {
        class: "com.acme.batch.ReconciliationException",
        message: "{n} of {id} {entity}s differ from {upstream} for day {n}",
        frames: &["com.acme.batch.Reconciliation.compare(Reconciliation.scala:133)", "{app}", "{worker}"],
        severity: "warning",
        place: Place::Job,
        shape: Shape::Nightly,
        rate: 0.8,
        ..PLAIN
    },
    Template {
        message: "{entity} {id} was retried {n} times before it succeeded",
        severity: "info",
        rate: 0.35,
        ..PLAIN
    },
    Template {
        class: "java.lang.NoSuchMethodError",
        message: "'com.acme.{pkg}.model.Money com.acme.{pkg}.tax.TaxCalculator.ratesFor(com.acme.{pkg}.model.Address, java.lang.String)'",
        frames: &["{app}", "{web}"],
        only: "checkout",
        rate: 0.0,
        bad_release: true,
        ..PLAIN
    },
];

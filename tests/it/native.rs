//! The native API: every call, its failures and its forms.

use hydrophone::model::time::Millis;
use serde_json::{Value, json};

use crate::harness::{INTERVAL, START, Server, exposed, target};

/// Two services over two minutes: checkout counts 30 timeouts and 5 refusals, search 7 timeouts; one target is down.
async fn shop() -> Server {
    let server = Server::start().await;
    let (checkout, other) = (target("checkout", "10.0.0.1:80", "1.0"), target("checkout", "10.0.0.2:80", "2.0"));
    let search = target("search", "10.0.0.3:80", "1.0");
    let idle = target("idle", "10.0.0.4:80", "1.0");
    server.discover(&[checkout.clone(), other.clone(), search.clone(), idle]);
    for round in 1..=8u64 {
        server.clock.advance(INTERVAL);
        let now = server.clock.now();
        let exposed = |key, count| exposed(key, count, if round == 1 { now.minus(Millis(1)) } else { now });
        match round {
            // Ten more in the third round, ten more in the sixth.
            1 | 2 => server.scrape(&checkout, &[exposed("Timeout@1", 10)]),
            3..=5 => server.scrape(&checkout, &[exposed("Timeout@1", 20)]),
            _ => server.scrape(&checkout, &[exposed("Timeout@1", 30), exposed("Refused@2", 5)]),
        }
        server.scrape(&search, &[exposed("Timeout@1", 7)]);
        server.scrape_fails(&other);
    }
    // A round later, so that the last scrapes lie before now.
    server.clock.advance(INTERVAL);
    server
}

async fn ok(server: &Server, path: &str) -> Value {
    let answer = server.get(path).await;
    assert_eq!((answer.status, answer.content_type.as_str()), (200, "application/json"), "{path}: {}", answer.body);
    answer.json()
}

#[tokio::test]
async fn services_are_told_at_one_glance() {
    let server = shop().await;
    let answer = ok(&server, "/api/v1/services").await;
    assert_eq!(answer["end"], "2026-11-20T10:02:15Z");
    let names: Vec<&Value> = answer["services"].as_array().unwrap().iter().map(|service| &service["name"]).collect();
    assert_eq!(names, ["checkout", "idle", "search"]);
    let checkout = &answer["services"][0];
    assert_eq!(checkout["targets"], json!({"up": 1, "total": 2}));
    assert_eq!(checkout["aggregates"], json!({"total": 2, "open": 2, "new": 2, "regressed": 0}));
    assert_eq!((&checkout["count"], &checkout["estimated"]), (&json!(35), &json!(0)));
    assert_eq!(checkout["last_scrape"], "2026-11-20T10:02:00Z");
    let counts = checkout["sparkline"]["counts"].as_array().unwrap();
    assert_eq!(counts.iter().map(|count| count.as_u64().unwrap()).sum::<u64>(), 35);
    assert_eq!(answer["services"][1]["last_scrape"], Value::Null);
}

#[tokio::test]
async fn queries_are_completed_at_the_cursor() {
    let server = shop().await;
    let answer = ok(&server, "/api/v1/query/complete?q=is:open%20service:che%20x&cursor=19").await;
    let checkout = json!({"name": "checkout", "text": "checkout", "count": 2, "counted": "errors"});
    let expected = json!({"start": 16, "end": 19, "key": "service", "items": [checkout], "truncated": false});
    assert_eq!(answer, expected);
    let keys = ok(&server, "/api/v1/query/complete").await;
    assert_eq!((&keys["key"], &keys["items"][0]["text"]), (&Value::Null, &json!("service:")));
    let outside = server.get("/api/v1/query/complete?q=a&cursor=2").await;
    assert_eq!((outside.status, &outside.json()["param"]), (400, &json!("cursor")));
}

#[tokio::test]
async fn errors_are_listed_filtered_sorted_and_paged() {
    let server = shop().await;
    let answer = ok(&server, "/api/v1/aggregates?sort=count&sparkline=24&start=now-1h").await;
    assert_eq!((&answer["total"], &answer["next_cursor"]), (&json!(3), &Value::Null));
    let first = &answer["aggregates"][0];
    assert_eq!(
        (&first["aggregation_key"], &first["service"], &first["class"], &first["message"]),
        (&json!("Timeout@1"), &json!("checkout"), &json!("Timeout"), &json!("it, \"went\" wrong"))
    );
    assert_eq!((&first["count"], &first["total_count"], &first["state"]), (&json!(30), &json!(30), &json!("open")));
    assert_eq!((&first["new"], &first["regressed"], &first["labels"]), (&json!(true), &json!(false), &json!({})));
    assert!(first["sparkline"]["counts"].as_array().unwrap().len() <= 24);
    let none = ok(&server, "/api/v1/aggregates?q=service:checkout%20-Timeout&sort=trend").await;
    assert_eq!((&none["total"], &none["aggregates"][0]["class"]), (&json!(1), &json!("Refused")));
    assert!(none["aggregates"][0].get("sparkline").is_none());

    let either =
        ok(&server, "/api/v1/aggregates?q=class:refused%20OR%20(service:search%20count:%3E5)&sort=count").await;
    let classes: Vec<&Value> = either["aggregates"].as_array().unwrap().iter().map(|error| &error["class"]).collect();
    assert_eq!(classes, ["Timeout", "Refused"]);

    let mut keys = Vec::new();
    let mut path = "/api/v1/aggregates?sort=count&limit=1".to_owned();
    loop {
        let page = ok(&server, &path).await;
        keys.push((page["aggregates"][0]["service"].clone(), page["aggregates"][0]["count"].clone()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/api/v1/aggregates?sort=count&limit=1&cursor={cursor}");
    }
    assert_eq!(keys, [(json!("checkout"), json!(30)), (json!("search"), json!(7)), (json!("checkout"), json!(5))]);

    let whole = ok(&server, "/api/v1/aggregates?sort=count&limit=1&order=true").await;
    let order: Vec<u64> = whole["order"].as_array().unwrap().iter().map(|id| id.as_u64().unwrap()).collect();
    assert_eq!((order.len(), &whole["aggregates"][0]["id"]), (3, &json!(order[0])));
    let some = ok(&server, &format!("/api/v1/aggregates?sort=count&ids={},{},4000000000", order[2], order[1])).await;
    let ids: Vec<u64> = some["aggregates"].as_array().unwrap().iter().map(|one| one["id"].as_u64().unwrap()).collect();
    assert_eq!((ids, some.get("order")), (order[1..].to_vec(), None));
}

#[tokio::test]
async fn one_error_has_its_samples_and_where_it_happens() {
    let server = shop().await;
    let list = ok(&server, "/api/v1/aggregates?sort=count&limit=1").await;
    let id = list["aggregates"][0]["id"].as_u64().unwrap();
    let detail = ok(&server, &format!("/api/v1/aggregates/{id}")).await;
    assert_eq!(detail["aggregation_key"], "Timeout@1");
    let samples = ok(&server, &format!("/api/v1/aggregates/{id}/occurrences?limit=2")).await;
    let newest = &samples["occurrences"][0];
    assert_eq!(newest["id"], detail["last_occurrence"]);
    assert_eq!(newest["timestamp"], "2026-11-20T10:02:00Z");
    assert_eq!(newest["stacktrace"], json!(["at Timeout.go(Main.java:7)"]));
    assert_eq!(newest["http"]["headers"], json!({"accept": "a, b"}));
    assert_eq!(newest["target"], json!({"instance": "10.0.0.1:80", "version": "1.0"}));
    assert_eq!((&newest["causes"], &newest["http"]["body"]), (&json!([]), &Value::Null));
    let mut same = ok(&server, &format!("/api/v1/occurrences/{}", newest["id"].as_str().unwrap())).await;
    for (beside, place) in
        [("first", "first_occurrence"), ("last", "last_occurrence"), ("aggregation_key", "aggregation_key")]
    {
        assert_eq!(same.as_object_mut().unwrap().remove(beside).as_ref(), Some(&detail[place]));
    }
    for beside in ["previous", "next"] {
        same.as_object_mut().unwrap().remove(beside);
    }
    assert_eq!(&same, newest);
    let cursor = samples["next_cursor"].as_str().unwrap();
    let older = ok(&server, &format!("/api/v1/aggregates/{id}/occurrences?limit=100&cursor={cursor}")).await;
    let oldest = older["occurrences"].as_array().unwrap().last().unwrap();
    assert_eq!((&oldest["id"], &older["next_cursor"]), (&detail["first_occurrence"], &Value::Null));
    let distribution = ok(&server, &format!("/api/v1/aggregates/{id}/distribution")).await;
    assert_eq!(
        distribution,
        json!({"total": 30, "dimensions": [
            {"label": "target.instance", "values": [{"value": "10.0.0.1:80", "count": 30}], "other": 0},
            {"label": "target.version", "values": [{"value": "1.0", "count": 30}], "other": 0}
        ]})
    );
}

#[tokio::test]
async fn a_range_has_columns_that_add_up() {
    let server = shop().await;
    let start = START.seconds();
    for by in ["", "service", "severity", "state", "aggregate", "target.version"] {
        let answer = ok(&server, &format!("/api/v1/range?by={by}&start={start}&step=15s")).await;
        assert_eq!((&answer["by"], &answer["step_seconds"]), (&json!(by), &json!(15.0)));
        assert_eq!(answer["total"]["total"], 42, "{by}");
        assert_eq!(answer["timestamps"].as_array().unwrap().len(), 9);
        assert_eq!(answer["timestamps"][0], json!(START.seconds() as f64));
        let sum: u64 = answer["series"].as_array().unwrap().iter().map(|one| one["total"].as_u64().unwrap()).sum();
        assert_eq!((sum, &answer["other"]), (42, &Value::Null), "{by}");
    }
    let top = ok(&server, &format!("/api/v1/range?by=aggregate&top=1&start={start}&step=15s")).await;
    assert_eq!(
        top["series"][0]["labels"],
        json!({"aggregate": "0", "service": "checkout", "class": "Timeout", "message": "it, \"went\" wrong"})
    );
    assert_eq!(top["other"]["total"], 12);
    assert_eq!(top["series"][0]["estimated"], json!([]));
    let chosen = ok(&server, "/api/v1/range").await;
    assert_eq!((&chosen["step_seconds"], &chosen["start"]), (&json!(600.0), &json!("2026-11-19T10:00:00Z")));
}

#[tokio::test]
async fn coverage_tells_nobody_looked_from_nothing_happened() {
    let server = shop().await;
    let start = START.minus(Millis::from_seconds(3600)).seconds();
    let answer = ok(&server, &format!("/api/v1/range?q=service:search&start={start}&step=60s")).await;
    let coverage: Vec<f64> =
        answer["coverage"].as_array().unwrap().iter().map(|share| share.as_f64().unwrap()).collect();
    assert_eq!(coverage[0], 0.0);
    assert_eq!(coverage[61], 1.0, "{coverage:?}");
    assert_eq!(coverage[62], 1.0, "the bucket of now is judged by what could be watched: {coverage:?}");
    let half = ok(&server, &format!("/api/v1/range?q=service:checkout&start={start}&step=60s")).await;
    assert_eq!(half["coverage"][61], 0.5);
}

#[tokio::test]
async fn tops_are_the_most_frequent() {
    let server = shop().await;
    let answer = ok(&server, "/api/v1/top?by=service&limit=1").await;
    assert_eq!((&answer["total"], &answer["other"]), (&json!(42), &json!(7)));
    assert_eq!(answer["groups"], json!([{"labels": {"service": "checkout"}, "count": 35, "estimated": 0}]));
}

#[tokio::test]
async fn targets_are_told_with_their_health_and_history() {
    let server = shop().await;
    let answer = ok(&server, "/api/v1/targets?service=checkout").await;
    let [up, down] = answer["targets"].as_array().unwrap().as_slice() else { panic!("{answer}") };
    assert_eq!((&up["health"], &up["last_error"], &up["scrape_interval"]), (&json!("up"), &Value::Null, &json!("15s")));
    assert_eq!((&down["health"], &down["last_error"]), (&json!("down"), &json!("connection refused")));
    assert_eq!(up["last_scrape_duration_seconds"], 0.012);
    let idle = ok(&server, "/api/v1/targets?service=idle&state=active").await;
    assert_eq!((&idle["targets"][0]["health"], &idle["targets"][0]["id"]), (&json!("unknown"), &Value::Null));
    let history = ok(&server, &format!("/api/v1/targets/{}/history", down["id"])).await;
    assert_eq!((&history["service"], &history["spans"][0]["up"]), (&json!("checkout"), &json!(false)));
    assert_eq!(history["spans"][0]["error"], "connection refused");
}

#[tokio::test]
async fn labels_are_told_with_their_values() {
    let server = shop().await;
    assert_eq!(ok(&server, "/api/v1/labels").await, json!({"labels": ["target.instance", "target.version"]}));
    let values = ok(&server, "/api/v1/labels/target.version/values").await;
    assert_eq!(values, json!({"values": ["1.0", "2.0"], "truncated": false}));
}

#[tokio::test]
async fn the_server_tells_about_itself() {
    let server = shop().await;
    let status = ok(&server, "/api/v1/status").await;
    assert_eq!((&status["version"], &status["revision"]), (&json!("1.2.3"), &json!("abc")));
    assert_eq!((&status["uptime_seconds"], &status["config_reload_success"]), (&json!(135.0), &json!(true)));
    assert_eq!((&status["storage"]["aggregates"], &status["data_path"]), (&json!(3), &json!("data")));
    assert_eq!(status["limits_hit"], json!({}));
    assert_eq!(ok(&server, "/api/v1/config").await, json!({"yaml": "services: []\n"}));
    let document = ok(&server, "/api/v1/openapi.json").await;
    assert!(document["paths"]["/api/v1/range"]["get"].is_object());
}

#[tokio::test]
async fn mistakes_are_problems_that_name_the_parameter() {
    let server = shop().await;
    for (path, status, param, position, says) in [
        ("/api/v1/range?step=0", 400, json!("step"), Value::Null, "step \"0\" is not above zero"),
        ("/api/v1/range?step=fast", 400, json!("step"), Value::Null, "neither a duration (10m, 1h30m) nor"),
        (
            "/api/v1/range?step=1s&start=0",
            400,
            json!("step"),
            Value::Null,
            "exceeded maximum resolution of 11,000 points",
        ),
        (
            "/api/v1/range?step=1ms&start=0&end=253402300799",
            400,
            json!("step"),
            Value::Null,
            "exceeded maximum resolution",
        ),
        ("/api/v1/range?start=now&end=now-1h", 400, json!("end"), Value::Null, "is not after start"),
        ("/api/v1/range?start=noon", 400, json!("start"), Value::Null, "start \"noon\" is no time"),
        ("/api/v1/range?by=colour", 400, json!("by"), Value::Null, "nothing like \"colour\" to group by"),
        ("/api/v1/range?by=target.colour", 400, json!("by"), Value::Null, "known: instance, version"),
        ("/api/v1/range?top=101", 400, json!("top"), Value::Null, "from 1 to 100"),
        ("/api/v1/range?align=Berlin", 400, json!("align"), Value::Null, "no offset from UTC"),
        ("/api/v1/top?q=target.colour:red", 400, json!("q"), json!(0), "no target has a label \"colour\""),
        ("/api/v1/top?q=a%20class:%22x", 400, json!("q"), json!(8), "this quote is not closed"),
        ("/api/v1/top?limit=x", 400, json!("limit"), Value::Null, "not \"x\""),
        ("/api/v1/aggregates?sort=size", 400, json!("sort"), Value::Null, "known: last_seen, first_seen, count, trend"),
        ("/api/v1/aggregates?cursor=zz", 400, json!("cursor"), Value::Null, "is no cursor of this server"),
        ("/api/v1/aggregates?all=maybe", 400, json!("all"), Value::Null, "true or false"),
        ("/api/v1/aggregates?ids=1,-2", 400, json!("ids"), Value::Null, "with commas between, not \"1,-2\""),
        ("/api/v1/aggregates?serch=x", 400, json!("serch"), Value::Null, "there is no parameter \"serch\""),
        ("/api/v1/aggregates/99", 404, Value::Null, Value::Null, "there is no aggregate 99"),
        ("/api/v1/aggregates/x/occurrences", 404, Value::Null, Value::Null, "there is no aggregate x"),
        ("/api/v1/aggregates/-1/distribution", 404, Value::Null, Value::Null, "there is no aggregate -1"),
        ("/api/v1/occurrences/1-2-3", 404, Value::Null, Value::Null, "there is no occurrence 1-2-3"),
        ("/api/v1/targets?state=lost", 400, json!("state"), Value::Null, "known: active, dropped, any"),
        ("/api/v1/targets?service=chekout", 400, json!("service"), Value::Null, "did you mean \"checkout\""),
        ("/api/v1/targets/99/history", 404, Value::Null, Value::Null, "there is no target 99"),
        ("/api/v1/labels/colour/values", 404, Value::Null, Value::Null, "there is no label \"colour\""),
        ("/api/v1/labels?x=1", 400, json!("x"), Value::Null, "there are none here"),
        ("/api/v1/nothing", 404, Value::Null, Value::Null, ""),
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.content_type, "application/problem+json", "{path}: {}", answer.body);
        let problem = answer.json();
        assert_eq!((answer.status, &problem["status"]), (status, &json!(status)), "{path}: {problem}");
        assert_eq!((&problem["param"], &problem["position"]), (&param, &position), "{path}: {problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(says), "{path}: {detail}");
    }
}

#[tokio::test]
async fn lists_are_also_csv_and_json_lines() {
    let server = shop().await;
    let csv = server.get_as("/api/v1/aggregates?sort=count&limit=1", "text/csv").await;
    assert_eq!(csv.content_type, "text/csv; charset=utf-8; header=present");
    let mut lines = csv.body.split("\r\n");
    assert_eq!(
        lines.next().unwrap(),
        "id,service,aggregation_key,class,message,severity,state,new,regressed,escalating,first_seen,last_seen,count,\
         estimated,total_count,labels,assignee"
    );
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("0,checkout,Timeout@1,Timeout,\"it, \"\"went\"\" wrong\",error,open,true,false,false,"),
        "{}",
        csv.body
    );
    assert_eq!(lines.collect::<Vec<_>>(), [""]);
    let cursor = csv.next_cursor.unwrap();
    let next = server.get_as(&format!("/api/v1/aggregates?sort=count&cursor={cursor}"), "application/x-ndjson").await;
    assert_eq!((next.content_type.as_str(), next.next_cursor), ("application/x-ndjson", None));
    let services: Vec<Value> =
        next.body.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["service"].clone()).collect();
    assert_eq!(services, ["search", "checkout"]);

    let start = START.seconds();
    let range = server.get_as(&format!("/api/v1/range?by=service&top=1&step=5m&start={start}"), "text/csv").await;
    let mut lines = range.body.split("\r\n");
    assert_eq!(lines.next().unwrap(), "time,kind,service,count,estimated,coverage");
    assert!(lines.next().unwrap().starts_with("2026-11-20T10:00:00Z,group,checkout,35,0,"), "{}", range.body);
    assert!(lines.next().unwrap().starts_with("2026-11-20T10:00:00Z,other,,7,0,"), "{}", range.body);
    let top = server.get_as("/api/v1/top?by=target.version", "text/csv").await;
    assert_eq!(top.body, "target.version,count,estimated\r\n1.0,42,0\r\n");
    let targets = server.get_as("/api/v1/targets", "text/csv").await;
    assert_eq!(targets.body.lines().count(), 5, "{}", targets.body);
    let samples = server.get_as("/api/v1/aggregates/0/occurrences?limit=1", "text/csv").await;
    assert!(samples.body.contains(",http://shop/pay?x=1,"), "{}", samples.body);
    assert!(samples.next_cursor.is_some());
}

#[tokio::test]
async fn bytes_that_are_no_text_are_read_as_text_that_nobody_wrote() {
    let server = shop().await;
    let answer = ok(&server, "/api/v1/aggregates?q=nobody%F0%9F").await;
    assert_eq!(answer["total"], 0);
    assert_eq!(server.get("/api/v1/aggregates/%FF").await.status, 400);
}

#[tokio::test]
async fn a_server_that_has_seen_nothing_answers_all_the_same() {
    let server = Server::start().await;
    for path in [
        "/api/v1/services",
        "/api/v1/aggregates?sparkline=10",
        "/api/v1/range?by=service",
        "/api/v1/range",
        "/api/v1/top",
        "/api/v1/targets",
        "/api/v1/labels",
        "/api/v1/status",
    ] {
        ok(&server, path).await;
    }
}

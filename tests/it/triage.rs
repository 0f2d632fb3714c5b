//! Triage over HTTP: states, labels, assignees and notes, bulk changes and their undo, activity, views, facets and reports.

use hydrophone::model::time::Millis;
use serde_json::{Value, json};

use crate::harness::{Answer, INTERVAL, Server, exposed, target};
use crate::kill::Chance;
use crate::process::{self, Place, hydrophone};

/// Two services: checkout with two errors at two versions, search with one.
async fn shop() -> Server {
    let server = Server::start().await;
    let (old, new) = (target("checkout", "10.0.0.1:80", "1.9.0"), target("checkout", "10.0.0.2:80", "1.10.0"));
    let search = target("search", "10.0.0.3:80", "1.0");
    server.discover(&[old.clone(), new, search.clone()]);
    server.clock.advance(INTERVAL);
    let just_now = server.clock.now().minus(Millis(1));
    server.scrape(&old, &[exposed("Timeout@1", 10, just_now), exposed("Refused@2", 5, just_now)]);
    server.scrape(&search, &[exposed("Timeout@1", 7, just_now)]);
    server.clock.advance(INTERVAL);
    server
}

async fn ok(server: &Server, path: &str) -> Value {
    let answer = server.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.json()
}

async fn change(server: &Server, id: u32, body: Value) -> Value {
    let answer = server.send("PATCH", &format!("/api/v1/aggregates/{id}"), "ada", &body).await;
    assert_eq!(answer.status, 200, "{body}: {}", answer.body);
    answer.json()
}

fn refused(answer: &Answer, status: u16, param: Option<&str>) -> Value {
    let problem = answer.json();
    assert_eq!((answer.status, answer.content_type.as_str()), (status, "application/problem+json"), "{problem}");
    assert_eq!(problem["param"].as_str(), param, "{problem}");
    problem
}

/// Keys of the errors that a query lists.
async fn listed(server: &Server, q: &str) -> Vec<String> {
    let q: String = url::form_urlencoded::byte_serialize(q.as_bytes()).collect();
    let answer = ok(server, &format!("/api/v1/aggregates?all=true&sort=first_seen&q={q}")).await;
    let mut keys: Vec<String> = answer["aggregates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{} {}", one["service"].as_str().unwrap(), one["aggregation_key"].as_str().unwrap()))
        .collect();
    keys.sort();
    keys
}

#[tokio::test]
async fn a_resolved_error_stays_resolved_until_it_happens_again() {
    let server = shop().await;
    let target = target("checkout", "10.0.0.1:80", "1.9.0");
    let resolved = change(&server, 0, json!({"state": "resolved"})).await;
    assert_eq!(
        (&resolved["state"], &resolved["revision"], &resolved["activity"]),
        (&json!("resolved"), &json!(1), &json!(1))
    );
    for _ in 0..20 {
        server.clock.advance(INTERVAL);
        let now = server.clock.now();
        server.scrape(&target, &[exposed("Timeout@1", 10, now), exposed("Refused@2", 5, now)]);
    }
    assert_eq!(ok(&server, "/api/v1/aggregates/0").await["state"], "resolved");
    server.clock.advance(INTERVAL);
    let again = server.clock.now();
    server.scrape(&target, &[exposed("Timeout@1", 11, again), exposed("Refused@2", 5, again)]);
    let reopened = ok(&server, "/api/v1/aggregates/0").await;
    assert_eq!(
        (&reopened["state"], &reopened["regressed"], &reopened["revision"]),
        (&json!("open"), &json!(true), &json!(2))
    );
    assert_eq!(reopened["standing"]["regressed_at"], again.to_string());
    let activity = ok(&server, "/api/v1/aggregates/0/activity").await;
    let entries = activity["activities"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!((&entries[0]["reason"], &entries[0]["actor"]), (&json!("regression"), &Value::Null));
    assert_eq!(entries[0]["changes"][0]["detail"], "happened at 10.0.0.1:80");
    let state = &entries[0]["changes"][0]["fields"][0];
    assert_eq!(
        (&state["field"], &state["from"]["state"], &state["to"]["state"]),
        (&json!("state"), &json!("resolved"), &json!("open"))
    );
    assert_eq!((&entries[1]["reason"], &entries[1]["actor"]), (&json!("edit"), &json!("ada")));
    assert_eq!(listed(&server, "is:regressed").await, ["checkout Timeout@1"]);
    // Opening it says that this was seen.
    let seen = change(&server, 0, json!({"state": "open"})).await;
    assert_eq!((&seen["regressed"], &seen["revision"]), (&json!(false), &json!(3)));
    assert_eq!(change(&server, 0, json!({"state": "open"})).await["activity"], Value::Null);
}

#[tokio::test]
async fn resolved_in_a_version_only_a_later_one_reopens_it() {
    let server = shop().await;
    let (old, new) = (target("checkout", "10.0.0.1:80", "1.9.0"), target("checkout", "10.0.0.2:80", "1.10.0"));
    let resolved = change(&server, 0, json!({"state": "resolved", "resolved_in": {}})).await;
    assert_eq!(resolved["standing"]["resolved_in"], json!({"label": "version", "version": "1.9.0"}));
    // A rolling deploy: both versions run, and the old one still fails.
    for round in 1..=3u64 {
        server.clock.advance(INTERVAL);
        let now = server.clock.now();
        server.scrape(&old, &[exposed("Timeout@1", 10 + round, now)]);
        server.scrape(&new, &[exposed("Refused@2", round, now)]);
        assert_eq!(ok(&server, "/api/v1/aggregates/0").await["state"], "resolved");
    }
    server.clock.advance(INTERVAL);
    server.scrape(&new, &[exposed("Timeout@1", 1, server.clock.now())]);
    let reopened = ok(&server, "/api/v1/aggregates/0").await;
    assert_eq!((&reopened["state"], &reopened["regressed"]), (&json!("open"), &json!(true)));
    let activity = ok(&server, "/api/v1/activity?reason=regression").await;
    let detail = activity["activities"][0]["changes"][0]["detail"].as_str().unwrap();
    assert_eq!(detail, "happened at 10.0.0.2:80 in version 1.10.0, which is later than 1.9.0");
    let wrong = json!({"state": "resolved", "resolved_in": {"label": "release"}});
    let answer = server.send("PATCH", "/api/v1/aggregates/0", "", &wrong).await;
    let problem = refused(&answer, 400, Some("resolved_in"));
    assert!(problem["detail"].as_str().unwrap().contains("\"release\""), "{problem}");
}

#[tokio::test]
async fn mutes_end_when_they_should_and_once() {
    let server = shop().await;
    let target = target("checkout", "10.0.0.1:80", "1.9.0");
    let until = server.clock.now().plus(Millis::from_seconds(3600));
    change(&server, 0, json!({"state": "muted", "muted_until": {"time": until.to_string()}})).await;
    let counted = change(&server, 1, json!({"state": "muted", "muted_until": {"count": 3}})).await;
    assert_eq!(counted["standing"]["muted_until"], json!({"total_count": 8}));
    server.clock.advance(INTERVAL);
    let now = server.clock.now();
    server.scrape(&target, &[exposed("Timeout@1", 12, now), exposed("Refused@2", 7, now)]);
    assert_eq!(listed(&server, "is:muted").await, ["checkout Refused@2", "checkout Timeout@1"]);
    server.clock.advance(INTERVAL);
    let now = server.clock.now();
    server.scrape(&target, &[exposed("Timeout@1", 12, now), exposed("Refused@2", 8, now)]);
    assert_eq!(listed(&server, "is:muted").await, ["checkout Timeout@1"]);
    server.clock.advance(until.since(server.clock.now()).max(Millis(0)));
    while !listed(&server, "is:muted").await.is_empty() {
        tokio::task::yield_now().await;
    }
    let opened = ok(&server, "/api/v1/aggregates/0").await;
    assert_eq!((&opened["state_since"], &opened["regressed"]), (&json!(until.to_string()), &json!(false)));
    server.clock.advance(Millis::from_seconds(7200));
    server
        .scrape(&target, &[exposed("Timeout@1", 13, server.clock.now()), exposed("Refused@2", 9, server.clock.now())]);
    for (id, reason) in [(0, "mute_time"), (1, "mute_count")] {
        let activity = ok(&server, &format!("/api/v1/aggregates/{id}/activity")).await;
        let reasons: Vec<&str> =
            activity["activities"].as_array().unwrap().iter().map(|one| one["reason"].as_str().unwrap()).collect();
        assert_eq!(reasons, [reason, "edit"]);
    }
}

#[tokio::test]
async fn of_two_who_change_the_same_error_one_is_told_what_it_is_now() {
    let server = shop().await;
    let tag = server.get("/api/v1/aggregates/0").await.etag.unwrap();
    assert_eq!(tag, "\"0\"");
    let path = "/api/v1/aggregates/0";
    let first = server.send_with("PATCH", path, &[("if-match", &tag)], &json!({"assignee": "ada"})).await;
    assert_eq!((first.status, first.etag.as_deref()), (200, Some("\"1\"")));
    let second = server.send_with("PATCH", path, &[("if-match", &tag)], &json!({"assignee": "bob"})).await;
    let problem = refused(&second, 412, None);
    assert_eq!((&problem["current"]["assignee"], second.etag.as_deref()), (&json!("ada"), Some("\"1\"")));
    for anything in ["*", "\"9\", \"2\""] {
        let answer = server.send_with("PATCH", path, &[("if-match", anything)], &json!({"note": anything})).await;
        assert_eq!(answer.status, 200, "{anything}");
    }
    let weak = server.send_with("PATCH", path, &[("if-match", "W/\"3\"")], &json!({"note": "x"})).await;
    refused(&weak, 412, None);
    // Many at once, all for the same revision: one wins.
    let tag = server.get(path).await.etag.unwrap();
    let bodies: Vec<Value> = (0..8).map(|number| json!({"note": format!("mine {number}")})).collect();
    let header = [("if-match", tag.as_str())];
    let answers =
        futures_util::future::join_all(bodies.iter().map(|body| server.send_with("PATCH", path, &header, body)));
    let mut statuses: Vec<u16> = answers.await.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412]);
}

#[tokio::test]
async fn many_errors_are_changed_at_once_and_back() {
    let server = shop().await;
    let bulk = "/api/v1/aggregates/bulk";
    let asked = json!({"query": "service:checkout", "dry_run": true, "change": {"labels": {"team": "payments"}}});
    let dry = server.send("POST", bulk, "ada", &asked).await.json();
    assert_eq!(dry, json!({"matched": 2, "changed": null, "activity": null, "dry_run": true}));
    assert_eq!(ok(&server, "/api/v1/activity").await["activities"], json!([]));
    change(&server, 0, json!({"labels": {"team": "search"}, "assignee": "me"})).await;
    let asked = json!({"ids": [0, 1, 2], "change": {"labels": {"team": "payments"}, "state": "resolved"}});
    let done = server.send("POST", bulk, "ada", &asked).await.json();
    assert_eq!((&done["matched"], &done["changed"]), (&json!(3), &json!(3)));
    assert_eq!(listed(&server, "label.team:payments is:resolved").await.len(), 3);
    assert_eq!(listed(&server, "assignee:ada").await, ["checkout Timeout@1"]);
    // What is changed meanwhile stays.
    change(&server, 2, json!({"labels": {"team": "infra"}})).await;
    let undone = server.send("POST", "/api/v1/aggregates/bulk/undo", "bob", &json!({})).await.json();
    assert_eq!((&undone["undoes"], &undone["changed"]), (&done["activity"], &json!(3)));
    assert_eq!(listed(&server, "is:resolved").await, Vec::<String>::new());
    assert_eq!(listed(&server, "label.team:search").await, ["checkout Timeout@1"]);
    assert_eq!(listed(&server, "label.team:infra").await, ["search Timeout@1"]);
    assert_eq!(listed(&server, "-has:label").await, ["checkout Refused@2"]);
    let nothing = server.send("POST", "/api/v1/aggregates/bulk/undo", "bob", &json!({})).await;
    assert_eq!(nothing.status, 404);
    let one = ok(&server, &format!("/api/v1/activity/{}?limit=2", done["activity"])).await;
    assert_eq!((&one["reason"], &one["aggregates"], &one["next_cursor"]), (&json!("bulk"), &json!(3), &json!("1")));
    let rest = ok(&server, &format!("/api/v1/activity/{}?limit=2&cursor=1", done["activity"])).await;
    assert_eq!(rest["changes"][0]["aggregate"], 2);
    let mine = server.send("POST", bulk, "", &json!({"query": "assignee:me", "change": {"state": "open"}})).await;
    refused(&mine, 400, Some("q"));
    let unknown = server.send("POST", bulk, "ada", &json!({"ids": [0, 99], "change": {"state": "muted"}})).await;
    assert_eq!(unknown.status, 404);
    assert_eq!(listed(&server, "is:muted").await, Vec::<String>::new());
}

#[tokio::test]
async fn views_are_saved_shown_and_removed() {
    let server = shop().await;
    let all = ok(&server, "/api/v1/views").await;
    let names: Vec<&str> = all["views"].as_array().unwrap().iter().map(|view| view["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["open", "new", "regressed", "escalating", "muted", "resolved", "mine", "unlabelled"]);
    assert_eq!((&all["views"][0]["errors"], &all["views"][6]["errors"]), (&json!(3), &Value::Null));
    let view = json!({"name": "timeouts / week", "query": "class:Timeout", "start": "now-7d", "sort": "count"});
    let saved = server.send("POST", "/api/v1/views", "ada", &view).await;
    assert_eq!(saved.status, 201, "{}", saved.body);
    assert_eq!((&saved.json()["errors"], &saved.json()["saved_by"]), (&json!(2), &json!("ada")));
    refused(&server.send("POST", "/api/v1/views", "ada", &view).await, 409, None);
    let path = "/api/v1/views/timeouts%20%2F%20week";
    let changed = server.send("PUT", path, "bob", &json!({"query": "class:Refused"})).await;
    assert_eq!((changed.status, &changed.json()["errors"], &changed.json()["sort"]), (200, &json!(1), &Value::Null));
    let wrong = server.send("PUT", path, "bob", &json!({"query": "clss:x (", "sort": "count"})).await;
    assert_eq!(refused(&wrong, 400, Some("query"))["position"], 0);
    refused(&server.send("PUT", "/api/v1/views/open", "bob", &json!({"query": ""})).await, 400, Some("name"));
    let removed = server.send("DELETE", path, "bob", &Value::Null).await;
    assert_eq!((removed.status, server.get(path).await.status), (204, 404));
}

#[tokio::test]
async fn facets_count_errors_and_events_by_value() {
    let server = shop().await;
    change(&server, 0, json!({"labels": {"team": "payments"}, "assignee": "ada"})).await;
    change(&server, 2, json!({"labels": {"team": "search"}, "state": "muted"})).await;
    let answer = ok(&server, "/api/v1/facets").await;
    assert_eq!((&answer["errors"], &answer["events"]), (&json!(3), &json!(22)));
    let facet = |key: &str| {
        let facets = answer["facets"].as_array().unwrap();
        facets.iter().find(|facet| facet["key"] == key).unwrap_or(&Value::Null).clone()
    };
    let checkout = json!({"value": "checkout", "errors": 2, "events": 15});
    assert_eq!(facet("service")["values"][0], checkout);
    assert_eq!(facet("label.team")["without"], 1);
    assert_eq!(facet("label.team")["values"][1], json!({"value": "search", "errors": 1, "events": 7}));
    assert_eq!(facet("assignee")["values"], json!([{"value": "ada", "errors": 1, "events": 10}]));
    assert_eq!(facet("is")["values"], json!([{"value": "new", "errors": 3, "events": 22}]));
    let open = ok(&server, "/api/v1/facets?q=is:open%20-has:assignee").await;
    assert_eq!((&open["errors"], &open["events"]), (&json!(1), &json!(5)));
}

#[tokio::test]
async fn a_report_tells_what_came_and_went_by_team() {
    let server = shop().await;
    let target = target("checkout", "10.0.0.1:80", "1.9.0");
    change(&server, 0, json!({"labels": {"team": "payments"}})).await;
    change(&server, 2, json!({"labels": {"team": "search"}})).await;
    server.clock.advance(Millis::from_seconds(585));
    change(&server, 0, json!({"state": "resolved"})).await;
    server.clock.advance(INTERVAL);
    let now = server.clock.now();
    server.scrape(&target, &[exposed("Timeout@1", 12, now), exposed("Refused@2", 5, now)]);
    server.clock.advance(Millis::from_seconds(1000));
    change(&server, 0, json!({"state": "resolved"})).await;
    server.clock.advance(INTERVAL);
    let report = ok(&server, "/api/v1/reports/labels?by=team&start=now-1h").await;
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.iter().map(|row| row["value"].as_str().unwrap()).collect::<Vec<_>>(), ["payments", "search", ""]);
    let payments = &rows[0];
    assert_eq!((&payments["count"], &payments["errors"], &payments["new"]), (&json!(12), &json!(1), &json!(1)));
    assert_eq!((&payments["resolved"], &payments["regressed"], &payments["open"]), (&json!(2), &json!(1), &json!(0)));
    // Open for 600 seconds and a millisecond at first, then for 1,000.
    assert_eq!(payments["time_to_resolve_median_seconds"], 800.0);
    assert_eq!((&report["total"]["count"], &report["total"]["new"]), (&json!(24), &json!(3)));
    let csv = server.get_as("/api/v1/reports/labels?by=label.team&start=now-1h", "text/csv").await;
    assert!(csv.body.starts_with("team,errors,count,"), "{}", csv.body);
    let picture = server.get("/charts/reports/labels.svg?by=team&start=now-1h").await;
    assert_eq!((picture.status, picture.content_type.as_str()), (200, "image/svg+xml"));
    assert!(picture.body.contains("payments"), "{}", picture.body);
    refused(&server.get("/api/v1/reports/labels").await, 400, Some("by"));
    refused(&server.get("/api/v1/reports/labels?by=teem").await, 400, Some("by"));
}

#[tokio::test]
async fn wrong_changes_name_their_field_and_change_nothing() {
    let server = shop().await;
    let many: serde_json::Map<String, Value> = (0..10_000).map(|number| (format!("l{number}"), json!("x"))).collect();
    for (body, field) in [
        (json!({"labels": {"": "x"}}), "labels"),
        (json!({"labels": {"team": "x".repeat(10_240)}}), "labels.team"),
        (json!({"labels": many}), "labels"),
        (json!({"labels": {"__meta": "x"}}), "labels.__meta"),
        (json!({"state": "done"}), "state"),
        (json!({"state": "muted", "muted_until": {"time": "now-1m"}}), "muted_until.time"),
        (json!({"colour": "red"}), "colour"),
    ] {
        refused(&server.send("PATCH", "/api/v1/aggregates/0", "ada", &body).await, 400, Some(field));
    }
    // Not in one request, and not in many.
    for round in 0..2 {
        let some: serde_json::Map<String, Value> =
            (0..64).map(|number| (format!("l{round}-{number}"), json!("x"))).collect();
        let answer = server.send("PATCH", "/api/v1/aggregates/1", "ada", &json!({"labels": some})).await;
        assert_eq!(answer.status, if round == 0 { 200 } else { 400 }, "{}", answer.body);
    }
    assert_eq!(server.send("PATCH", "/api/v1/aggregates/77", "ada", &json!({"note": "x"})).await.status, 404);
    let form = [("content-type", "text/plain")];
    let answer = server.send_with("PATCH", "/api/v1/aggregates/0", &form, &json!({"note": "x"})).await;
    refused(&answer, 415, None);
    let who = "x".repeat(300);
    refused(&server.send("PATCH", "/api/v1/aggregates/0", &who, &json!({"note": "x"})).await, 400, None);
    let answer = ok(&server, "/api/v1/aggregates/0").await;
    assert_eq!((&answer["revision"], &answer["note"], &answer["labels"]), (&json!(0), &Value::Null, &json!({})));
}

#[tokio::test]
async fn activity_is_told_by_person_reason_query_and_time() {
    let server = shop().await;
    change(&server, 0, json!({"note": "see the runbook"})).await;
    server.clock.advance(Millis::from_seconds(60));
    let muted = server.send("PATCH", "/api/v1/aggregates/2", "bob", &json!({"state": "muted"})).await;
    assert_eq!(muted.status, 200);
    let ids = async |path: &str| {
        let answer = ok(&server, path).await;
        let entries = answer["activities"].as_array().unwrap().clone();
        entries.iter().map(|entry| entry["id"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(ids("/api/v1/activity").await, [2, 1]);
    assert_eq!(ids("/api/v1/activity?limit=1").await, [2]);
    assert_eq!(ids("/api/v1/activity?limit=1&cursor=2").await, [1]);
    assert_eq!(ids("/api/v1/activity?actor=bob").await, [2]);
    assert_eq!(ids("/api/v1/activity?q=service:checkout").await, [1]);
    assert_eq!(ids("/api/v1/activity?start=now-30s").await, [2]);
    assert_eq!(ids("/api/v1/activity?reason=bulk").await, Vec::<u64>::new());
    refused(&server.get("/api/v1/activity?reason=because").await, 400, Some("reason"));
    let lines = server.get_as("/api/v1/activity", "application/x-ndjson").await;
    assert_eq!(lines.body.lines().count(), 2);
    assert_eq!(listed(&server, "note:*runbook*").await, ["checkout Timeout@1"]);
    let undone = server.send("POST", "/api/v1/activity/2/undo", "bob", &json!({})).await.json();
    assert_eq!((&undone["changed"], &undone["activity"]), (&json!(1), &json!(3)));
    assert_eq!(ok(&server, "/api/v1/activity/3").await["undoes"], 2);
    assert_eq!(listed(&server, "is:muted").await, Vec::<String>::new());
}

/// How often the server is killed while it is asked to change errors.
const KILLS: u32 = 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_a_kill_and_what_was_not_is_whole_or_not_there() {
    let place = Place::new("services: []\n");
    let file = place.path().join("deltas.jsonl");
    let mut lines = vec![json!({"kind": "header", "format": "hydrophone deltas", "version": 1}).to_string()];
    for key in 0..3 {
        let labels = json!({"instance": "10.0.0.1:80"});
        let delta =
            json!({"service": "shop", "key": format!("E@{key}"), "labels": labels, "t": 1_795_168_800, "count": 2});
        lines.push(delta.to_string());
    }
    hydrophone::fs::rewrite_atomic(&file, lines.join("\n").as_bytes()).unwrap();
    let mut command = hydrophone();
    command.args(["import", "deltas"]).arg(&file).arg("--storage.path").arg(place.data());
    let imported = process::run(command);
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));

    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut chance = Chance(7);
    // Of each error: the note that was answered last, and the one that was asked for last.
    let mut notes: Vec<(Option<String>, Option<String>)> = vec![(None, None); 3];
    for life in 0..=KILLS {
        let mut server = place.start();
        server.ready().await;
        let url = server.url().await;
        let errors = format!("{url}/api/v1/aggregates");
        let ask = async |path: &str| -> Value {
            let body = client.get(format!("{errors}/{path}")).send().await.unwrap().text().await.unwrap();
            serde_json::from_str(&body).unwrap()
        };
        for (id, (known, asked)) in notes.iter_mut().enumerate() {
            let error = ask(&id.to_string()).await;
            let note = error["note"].as_str().map(str::to_owned);
            assert!(
                note == *known || note == *asked,
                "life {life}, error {id}: {note:?} is neither {known:?} nor {asked:?}"
            );
            let activity = ask(&format!("{id}/activity?limit=1000")).await;
            let entries = activity["activities"].as_array().unwrap();
            assert_eq!(entries.len() as u64, error["revision"].as_u64().unwrap());
            let newest = entries.first().map(|entry| entry["changes"][0]["fields"][0]["to"].clone());
            assert_eq!(newest.unwrap_or(Value::Null), error["note"]);
            (*known, *asked) = (note.clone(), note);
        }
        if life == KILLS {
            break;
        }
        // However slow the machine is: some answers, and then at any moment of the next.
        let (wanted, enough) = (1 + chance.below(8), tokio::sync::Notify::new());
        let pause = std::time::Duration::from_millis(chance.below(12));
        let moment = async {
            enough.notified().await;
            tokio::time::sleep(pause).await;
        };
        let mut answered = 0;
        let change = async {
            for step in 0.. {
                let note = format!("life {life}, step {step}");
                let id = step % 3;
                notes[id].1 = Some(note.clone());
                let request = client.patch(format!("{errors}/{id}")).header("content-type", "application/json");
                let body = json!({ "note": note }).to_string();
                if request.body(body).send().await.is_ok_and(|answer| answer.status() == 200) {
                    notes[id].0 = Some(note);
                    answered += 1;
                    if answered == wanted {
                        enough.notify_one();
                    }
                }
            }
        };
        tokio::select! { () = moment => {}, () = change => {} }
        server.kill();
    }
}

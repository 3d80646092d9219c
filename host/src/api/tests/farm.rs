//! The API over a real farm: what each endpoint answers, and what it answers when the farm refuses. Nothing renders
//! here; `tests/e2e` does that with the real binary.

use crate::api::{ApiSettings, openapi, router, serve};
use crate::cleanup::CleanupPolicy;
use crate::farm::{
    Farm, FarmSettings, GpuSettings, HookSettings, InteractiveSettings, ProcessSettings, ShimCommand,
};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use farmhand_model::{PathMap, Seconds};
use farmhand_plugin::{PluginSettings, WatchMode};
use farmhand_runner::LogLimits;
use farmhand_scheduler::{NodeCapacity, Policy};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

const NOOP: &[u8] = include_bytes!("../../../../plugins/prebuilt/noop.wasm");

/// A farm in a directory of its own, with the plugin that renders nothing and a scene for it.
struct Bench {
    dir: TempDir,
    farm: Farm,
    app: Router,
}

impl Bench {
    async fn start() -> Self {
        Self::confined_to(&[]).await
    }

    /// The same with roots, which are directories of its own.
    async fn confined_to(roots: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let roots: Vec<_> = roots.iter().map(|root| dir.path().join(root)).collect();
        roots.iter().for_each(|root| std::fs::create_dir_all(root).unwrap());
        let plugins = dir.path().join("plugins");
        std::fs::create_dir(&plugins).unwrap();
        std::fs::write(plugins.join("noop.wasm"), NOOP).unwrap();
        std::fs::write(dir.path().join("shot.noop"), "a scene").unwrap();
        let settings = FarmSettings {
            data_dir: dir.path().join("data"),
            capacity: NodeCapacity::of_threads(1, 1, 1),
            interactive: InteractiveSettings::default(),
            policy: Policy::default(),
            plugins: PluginSettings {
                dir: Some(plugins),
                watch: WatchMode::Off,
                ..PluginSettings::new(dir.path().join("cache"))
            },
            gates: BTreeMap::new(),
            tools: BTreeMap::new(),
            gpus: GpuSettings::default(),
            roots,
            path_map: PathMap::default(),
            hooks: HookSettings { dir: None, limit: Duration::from_secs(60) },
            webhooks: BTreeMap::new(),
            cleanup: CleanupPolicy::default(),
            // Every job here is paused, so that no shim is ever started.
            shim: ShimCommand { program: "no-shim".into(), args: Vec::new() },
            process: ProcessSettings::new(LogLimits::default(), Seconds(1.0)),
        };
        let farm = Farm::start(settings).await.unwrap();
        let app = router(farm.clone(), &ApiSettings::new("127.0.0.1:7070".parse().unwrap())).unwrap();
        Self { dir, farm, app }
    }

    /// A submission that is right, with these fields besides.
    fn submission(&self, more: &Value) -> Value {
        let mut submission =
            json!({ "scene": self.dir.path().join("shot.noop"), "frames": "1-10", "paused": true });
        for (name, value) in more.as_object().unwrap() {
            submission[name] = value.clone();
        }
        submission
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost:7070");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let response = self.app.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 1 << 24).await.unwrap();
        let text = String::from_utf8_lossy(&body).into_owned();
        Answer { status: parts.status, headers: parts.headers, body: serde_json::from_str(&text).ok(), text }
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], None).await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, &[], Some(body)).await
    }
}

#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Option<Value>,
    text: String,
}

impl Answer {
    #[track_caller]
    fn json(&self) -> &Value {
        assert!(self.status.is_success(), "{self:?}");
        self.body.as_ref().expect("JSON")
    }

    #[track_caller]
    fn problem(&self, status: u16, slug: &str) -> &Value {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        let body = self.body.as_ref().expect("JSON");
        assert_eq!(body["type"], format!("/problems/{slug}"), "{self:?}");
        body
    }

    /// The pointers of what is wrong.
    fn pointers(&self) -> Vec<&str> {
        let errors = self.body.as_ref().and_then(|body| body["errors"].as_array());
        errors.into_iter().flatten().filter_map(|error| error["pointer"].as_str()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_submitted_listed_changed_and_ended() {
    let bench = Bench::start().await;
    let submission = bench.submission(&json!({ "name": "first" }));
    let keyed = async |key: &str, body: &Value| {
        bench.ask("POST", "/api/v1/jobs", &[("idempotency-key", key)], Some(body)).await
    };

    let made = keyed("one", &submission).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let location = made.headers[header::LOCATION].to_str().unwrap().to_owned();
    assert_eq!(location, format!("/api/v1/jobs/{}", made.json()["id"]));
    assert_eq!(made.json()["frames"]["total"], 10);
    let again = keyed("one", &submission).await;
    assert_eq!((again.status, &again.json()["id"]), (StatusCode::OK, &made.json()["id"]));
    keyed("one", &bench.submission(&json!({ "name": "other" }))).await.problem(422, "idempotency-key-reused");
    keyed("", &submission).await.problem(400, "bad-parameter");
    assert_eq!(bench.get(&location).await.json()["name"], "first");

    for name in ["second", "third"] {
        let made = bench.post("/api/v1/jobs", &bench.submission(&json!({ "name": name }))).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    }
    let names = |page: &Answer| -> Vec<String> {
        let items = page.json()["items"].as_array().unwrap().iter();
        items.map(|job| job["name"].as_str().unwrap().to_owned()).collect()
    };
    let page = bench.get("/api/v1/jobs?state=paused,running&limit=2").await;
    assert_eq!(names(&page), ["third", "second"]);
    let next = page.json()["next"].as_str().unwrap();
    let rest = bench.get(&format!("/api/v1/jobs?state=paused&limit=2&cursor={next}")).await;
    assert_eq!(names(&rest), ["first"]);
    assert_eq!(rest.json()["next"], Value::Null);
    assert_eq!(names(&bench.get("/api/v1/jobs?state=done").await), [""; 0]);
    let wrong = bench.get("/api/v1/jobs?cursor=x").await;
    assert_eq!(wrong.problem(400, "bad-parameter")["errors"][0]["in"], "query");

    let edited = bench
        .ask("PATCH", &location, &[], Some(&json!({ "priority": 80, "limits": { "max_tasks": 2 } })))
        .await;
    assert_eq!(
        (&edited.json()["priority"], &edited.json()["spec"]["limits"]["max_tasks"]),
        (&json!(80), &json!(2))
    );
    let refused = bench.ask("PATCH", &location, &[], Some(&json!({ "priority": 101 }))).await;
    refused.problem(422, "invalid");
    assert_eq!(refused.pointers(), ["/priority"]);

    let why = bench.get(&format!("{location}/why")).await;
    assert_eq!(why.json()["reason"]["kind"], "paused");
    assert_eq!(why.json()["remedy"], "`farmhand resume` lets it go on");
    assert_eq!(why.json()["status"], "paused");
    for seen in [&why, &bench.get(&location).await] {
        assert!(seen.json()["time"]["waiting"].as_f64().unwrap() >= 0.0, "{seen:?}");
        assert_eq!(seen.json()["time"]["rendering"], 0.0);
    }
    let frames = bench.get(&format!("{location}/frames")).await;
    assert_eq!(frames.json()["runs"], json!([{ "layer": null, "state": "pending", "frames": "1-10" }]));
    assert_eq!(bench.get(&format!("{location}/images")).await.json(), &json!([]));
    assert_eq!(bench.get(&format!("{location}/attempts")).await.json()["items"], json!([]));
    bench.get(&format!("{location}/image?frame=1")).await.problem(404, "no-image");
    assert_eq!(
        bench.get(&format!("{location}/image")).await.problem(400, "bad-parameter")["errors"][0]["pointer"],
        "/frame"
    );

    let times = bench.get(&format!("{location}/times?from=2&to=5&limit=10")).await;
    assert_eq!((&times.json()["frames"], &times.json()["seconds"]), (&json!(""), &json!([])));
    let no_layer = bench.get(&format!("{location}/times?layer=fog")).await;
    assert_eq!(no_layer.problem(400, "bad-parameter")["errors"][0]["pointer"], "/layer");
    bench.get(&format!("{location}/times?limit=200001")).await.problem(400, "bad-parameter");
    assert_eq!(bench.get(&format!("{location}/timeline")).await.json()["spans"], json!([]));
    assert_eq!(bench.get(&format!("{location}/trouble")).await.json()["groups"], json!([]));

    let no_frames = bench.post(&format!("{location}/retry"), &json!({ "layer": "fog" })).await;
    no_frames.problem(422, "invalid");
    assert_eq!(no_frames.pointers(), ["/frames"]);
    let no_layer = bench.post(&format!("{location}/retry"), &json!({ "layer": "fog", "frames": "1" })).await;
    no_layer.problem(422, "invalid");
    assert_eq!(no_layer.pointers(), ["/layer"]);
    let bad = bench.post(&format!("{location}/retry"), &json!({ "frames": "9-1" })).await;
    bad.problem(422, "invalid");
    assert_eq!(bad.pointers(), ["/frames"]);
    bench.post(&format!("{location}/retry"), &json!({ "frames": "99" })).await.problem(409, "conflict");
    bench.post(&format!("{location}/cancel"), &json!({ "why": "x" })).await.problem(422, "invalid");
    let cancelled = bench.ask("POST", &format!("{location}/cancel"), &[], None).await;
    assert_eq!(cancelled.json()["status"], "cancelled");
    let ended = bench.ask("POST", &format!("{location}/pause"), &[], None).await;
    ended.problem(409, "conflict");
    assert_eq!(bench.get(&format!("{location}/why")).await.json()["reason"]["kind"], "ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_jobs_are_acted_on_and_each_answers_for_itself() {
    let bench = Bench::start().await;
    for _ in 0..3 {
        bench.post("/api/v1/jobs", &bench.submission(&json!({}))).await.json();
    }
    let act = async |body: Value| bench.post("/api/v1/jobs/actions", &body).await;
    let raised = act(json!({ "jobs": [2, 1, 2], "action": "priority", "priority": 80 })).await;
    let paused = |job: u64| json!({ "job": job, "status": "paused" });
    assert_eq!(*raised.json(), json!({ "done": 2, "refused": 0, "results": [paused(2), paused(1)] }));
    assert_eq!(bench.get("/api/v1/jobs/2").await.json()["priority"], 80);
    assert_eq!(bench.get("/api/v1/jobs/3").await.json()["priority"], 50);

    act(json!({ "jobs": [2], "action": "cancel" })).await.json();
    let mixed = act(json!({ "jobs": [1, 2, 999, 3], "action": "cancel" })).await;
    let results = &mixed.json()["results"];
    assert_eq!((&mixed.json()["done"], &mixed.json()["refused"]), (&json!(2), &json!(2)), "{mixed:?}");
    assert_eq!(results[0], json!({ "job": 1, "status": "cancelled" }));
    assert_eq!(results[1]["problem"]["type"], "/problems/conflict");
    assert_eq!(results[1]["problem"]["detail"], "job 2 has ended; only a retry brings it back");
    assert_eq!(results[2]["problem"]["type"], "/problems/no-job");
    assert_eq!(results[3], json!({ "job": 3, "status": "cancelled" }));
    for (job, status) in [(1, "cancelled"), (2, "cancelled"), (3, "cancelled")] {
        assert_eq!(bench.get(&format!("/api/v1/jobs/{job}")).await.json()["status"], status);
    }

    let refused = async |body: Value, expect: &[&str]| {
        let refused = act(body).await;
        refused.problem(422, "invalid");
        assert_eq!(refused.pointers(), expect, "{refused:?}");
    };
    refused(json!({ "jobs": [], "action": "pause" }), &["/jobs"]).await;
    refused(json!({ "jobs": (1..=1001).collect::<Vec<_>>(), "action": "pause" }), &["/jobs"]).await;
    refused(json!({ "jobs": [1], "action": "pause", "priority": 5 }), &["/priority"]).await;
    refused(json!({ "jobs": [], "action": "priority" }), &["/jobs", "/priority"]).await;
    refused(json!({ "jobs": [1], "action": "priority", "priority": 101 }), &["/priority"]).await;
    refused(json!({ "jobs": [1], "action": "stop" }), &["/action"]).await;
    refused(json!({ "jobs": ["x"], "action": "pause" }), &["/jobs/0"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_found_by_what_they_have() {
    let bench = Bench::start().await;
    for (name, user) in [("sq010_sh0040", "anna"), ("sq010_sh0050", "bo"), ("turntable", "anna")] {
        let job = bench.submission(&json!({ "name": name, "user": user }));
        bench.post("/api/v1/jobs", &job).await.json();
    }
    let found = async |query: &str| -> Vec<u64> {
        let page = bench.get(&format!("/api/v1/jobs?{query}")).await;
        page.json()["items"].as_array().unwrap().iter().map(|job| job["id"].as_u64().unwrap()).collect()
    };
    assert_eq!(found("user=anna").await, [3, 1]);
    assert_eq!(found("search=SQ010%20sh").await, [2, 1]);
    assert_eq!(found("search=shot.noop&user=bo&state=paused").await, [2]);
    assert_eq!(found("plugin=noop&limit=1").await, [3]);
    assert_eq!(found("plugin=maya").await, [0_u64; 0]);
    assert_eq!(found("user=anna&state=done").await, [0_u64; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_submission_is_pointed_at() {
    let bench = Bench::start().await;
    let check = async |more: Value, expect: &[&str]| {
        let refused = bench.post("/api/v1/jobs", &bench.submission(&more)).await;
        refused.problem(422, "invalid");
        assert_eq!(refused.pointers(), expect, "{more}: {refused:?}");
    };
    check(json!({ "plugin": "nope" }), &["/plugin"]).await;
    check(json!({ "plugin": "noop@new" }), &["/plugin"]).await;
    check(json!({ "scene": "shot.noop" }), &["/scene"]).await;
    check(json!({ "scene": "/nowhere/shot.noop" }), &["/scene"]).await;
    check(json!({ "frames": "10-1" }), &["/frames"]).await;
    check(json!({ "frames": null }), &["/frames"]).await;
    check(json!({ "priority": 101, "threads": 0 }), &["/priority", "/threads"]).await;
    check(json!({ "options": { "program": "perl" } }), &["/options/program"]).await;
    check(json!({ "options": { "program": "sh" } }), &["/options/script"]).await;
    check(json!({ "after": [999, 998], "priority": 101 }), &["/priority", "/after/0", "/after/1"]).await;
    check(json!({ "plugin": { "digest": "0000" } }), &["/plugin/digest"]).await;
    check(json!({ "licences": ["nobody"] }), &["/licences/0"]).await;
    check(json!({ "notify": [{ "webhook": "nobody" }] }), &["/notify/0/webhook"]).await;
    // A dry run finds the same.
    let dry = bench.post("/api/v1/jobs?dry_run=true", &bench.submission(&json!({ "after": [999] }))).await;
    dry.problem(422, "invalid");
    assert_eq!(dry.pointers(), ["/after/0"]);
    assert_eq!(bench.get("/api/v1/jobs").await.json()["items"], json!([]), "nothing was kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_file_is_checked_shown_and_submitted() {
    let bench = Bench::start().await;
    let scene = bench.dir.path().join("shot.noop").display().to_string();
    let file = |text: String| json!({ "text": text, "language": "yaml", "name": "seq.yaml", "user": "ada" });
    let post = async |path: &str, text: &str| bench.post(path, &file(text.to_owned())).await;

    // All that is wrong, with its place: what only the file's reader sees, and what only the farm sees.
    let refused = post("/api/v1/batches/file?dry_run=true", "name: seq\njobs:\n  - {scen: a}\n").await;
    let wrong = refused.problem(422, "invalid")["errors"].as_array().unwrap();
    let places: Vec<_> =
        wrong.iter().map(|one| json!([one["pointer"], one["line"], one["column"]])).collect();
    assert_eq!(places, [json!(["/text", 3, 5]), json!(["/text", 3, 6])], "{wrong:?}");
    let text = format!("name: seq\njobs:\n  - scene: {scene}\n    frames: 1-4\n    plugin: nope\n");
    let refused = post("/api/v1/batches/file", &text).await;
    let wrong = refused.problem(422, "invalid")["errors"][0].clone();
    assert_eq!((&wrong["line"], &wrong["column"]), (&json!(5), &json!(13)), "{wrong}");
    assert_eq!(bench.get("/api/v1/batches").await.json()["items"], json!([]), "nothing was kept");

    let text = format!("name: seq\njobs:\n  - {{scene: {scene}, frames: 1-4, paused: true}}\n");
    let plan = post("/api/v1/batches/file?dry_run=true", &text).await.json().clone();
    assert_eq!((&plan["name"], &plan["jobs"][0]["standing"]), (&json!("seq"), &json!("new")), "{plan}");
    let made = post("/api/v1/batches/file", &text).await;
    assert_eq!(made.status.as_u16(), 201, "{made:?}");
    let batch = made.json();
    assert_eq!((&batch["source"], &batch["user"]), (&json!("seq.yaml"), &json!("ada")), "{batch}");
    let plan = post("/api/v1/batches/file?dry_run=true", &text).await.json().clone();
    assert_eq!(plan["jobs"][0]["standing"], "continued", "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_said_so_everywhere() {
    let bench = Bench::start().await;
    let past = ["/times", "/timeline", "/trouble"];
    for path in [["", "/why", "/frames"], ["/images", "/image?frame=1", "/attempts"], past].as_flattened() {
        bench.get(&format!("/api/v1/jobs/999{path}")).await.problem(404, "no-job");
    }
    for control in ["pause", "resume", "cancel", "retry"] {
        bench.ask("POST", &format!("/api/v1/jobs/999/{control}"), &[], None).await.problem(404, "no-job");
    }
    bench.ask("PATCH", "/api/v1/jobs/999", &[], Some(&json!({ "priority": 1 }))).await.problem(404, "no-job");
    for path in ["", "/log", "/log?follow=1"] {
        bench.get(&format!("/api/v1/attempts/999{path}")).await.problem(404, "no-attempt");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_and_the_router_have_the_same_routes() {
    let bench = Bench::start().await;
    let document = serde_json::to_value(openapi()).unwrap();
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    for (path, item) in document["paths"].as_object().unwrap() {
        let address = path.replace("{id}", "999");
        for method in methods {
            // The stream does not end by itself; that it answers is tested with a real connection.
            if address.ends_with("/events") && method == "GET" {
                continue;
            }
            let answer = bench.ask(method, &address, &[], None).await;
            let is_documented = item.get(method.to_lowercase()).is_some();
            assert_eq!(answer.status != StatusCode::METHOD_NOT_ALLOWED, is_documented, "{method} {path}");
            let kind = answer.body.as_ref().map_or(Value::Null, |body| body["type"].clone());
            assert_ne!(kind, "/problems/no-route", "{method} {path}");
        }
    }
    assert_eq!(bench.get("/openapi.json").await.json(), &document);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_shows_itself() {
    let bench = Bench::start().await;
    let plugins = bench.get("/api/v1/plugins").await;
    let noop = plugins.json().as_array().unwrap().iter().find(|plugin| plugin["name"] == "noop").unwrap();
    assert_eq!((&noop["state"], &noop["options_schema"]["type"]), (&json!("serving"), &json!("object")));
    assert_eq!(bench.get("/api/v1/node").await.json()["slots"], 1);
    assert_eq!(bench.get("/healthz").await.json()["status"], "ok");
    bench.post("/api/v1/jobs", &bench.submission(&json!({}))).await.json();
    // The metrics follow the events, so they may be a moment behind.
    loop {
        let metrics = bench.get("/metrics").await;
        assert_eq!(metrics.status, StatusCode::OK);
        let serving = format!("farmhand_plugins{{state=\"serving\"}} {}", crate::farm::builtins().len() + 1);
        assert!(metrics.text.contains(&serving), "{}", metrics.text);
        let route = "farmhand_http_requests_total{method=\"POST\",route=\"/api/v1/jobs\",status=\"201\"} 1";
        assert!(metrics.text.contains(route), "{}", metrics.text);
        if metrics.text.contains("farmhand_jobs{state=\"paused\"} 1") {
            assert!(metrics.text.contains("farmhand_frames{state=\"pending\"} 10"), "{}", metrics.text);
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_is_shown_in_full_without_its_secrets() {
    let bench = Bench::start().await;
    bench.post("/api/v1/jobs", &bench.submission(&json!({}))).await.json();
    let noop = bench.get("/api/v1/plugins/noop").await;
    let noop = noop.json();
    assert_eq!(
        (&noop["name"], &noop["state"], &noop["language"]),
        (&json!("noop"), &json!("serving"), &Value::Null)
    );
    assert_eq!(noop["grants"], json!({ "read": [], "env": [], "config": {} }));
    assert_eq!((&noop["limits"]["call_seconds"], &noop["rollback_after"]), (&json!(2.0), &json!(3)));
    let calls = noop["calls"].as_array().unwrap();
    let validate = calls.iter().find(|figures| figures["function"] == "validate").unwrap();
    assert_eq!(
        (&validate["calls"], &validate["failures"], &validate["of_last"]),
        (&json!(1), &json!(0), &json!(1))
    );
    assert!(validate["p99_seconds"].as_f64().unwrap() > 0.0, "{validate}");
    assert_eq!((&noop["attempts_seen"], &noop["faults"]), (&json!(0), &json!([])));
    bench.get("/api/v1/plugins/nope").await.problem(404, "no-plugin");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_is_listed_and_filtered() {
    let bench = Bench::start().await;
    let made = bench.post("/api/v1/jobs", &bench.submission(&json!({ "name": "first" }))).await;
    let job = made.json()["id"].as_u64().unwrap();
    bench.ask("POST", &format!("/api/v1/jobs/{job}/cancel"), &[], None).await.json();
    let listed = async |query: &str| {
        let answer = bench.get(&format!("/api/v1/notices{query}")).await;
        let items = answer.json()["items"].as_array().unwrap().clone();
        items.iter().map(|notice| notice["message"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let started = format!("farmhand {} started", env!("CARGO_PKG_VERSION"));
    // It is told after the answer, which is given as soon as the cancel is durable.
    while listed(&format!("?job={job}")).await != ["first was cancelled"] {
        tokio::task::yield_now().await;
    }
    assert_eq!(listed("").await, ["first was cancelled", started.as_str()]);
    assert_eq!(listed("?plugin=noop&severity=info,error&text=FIRST").await, ["first was cancelled"]);
    assert_eq!(listed("?severity=error").await, [""; 0]);
    let page = bench.get("/api/v1/notices?limit=1").await;
    assert_eq!(page.json()["items"][0]["severity"], "info");
    let next = page.json()["next"].as_str().unwrap().to_owned();
    assert_eq!(listed(&format!("?before={next}")).await, [started.as_str()]);
    let wrong = bench.get("/api/v1/notices?severity=fatal&before=x").await;
    wrong.problem(400, "bad-parameter");
    assert_eq!(wrong.pointers(), ["/severity", "/before"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_machine_tells_what_it_did_lately() {
    let bench = Bench::start().await;
    let history = loop {
        let answer = bench.get("/api/v1/node/history").await;
        if answer.json()["samples"].as_array().is_some_and(|samples| !samples.is_empty()) {
            break answer;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(history.json()["interval_seconds"], 2.0);
    let sample = &history.json()["samples"][0];
    assert!(sample["at"].is_string() && sample["gpus"].is_array(), "{sample}");
    assert_eq!(sample["cpu"], Value::Null, "the first has nothing to be held against");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_connection_sees_events_and_ends_with_the_daemon() {
    let bench = Bench::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = router(bench.farm.clone(), &ApiSettings::new(address)).unwrap();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(serve(listener, app, stop.clone()));

    let mut client = tokio::task::spawn_blocking(move || {
        let mut client = TcpStream::connect(address).unwrap();
        write!(client, "GET /api/v1/events HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
        read_until(&mut client, "retry: 1000");
        client
    })
    .await
    .unwrap();
    bench.post("/api/v1/jobs", &bench.submission(&json!({ "name": "seen" }))).await.json();
    let client = tokio::task::spawn_blocking(move || {
        let seen = read_until(&mut client, "\"name\":\"seen\"");
        assert!(seen.contains("event: job\n"), "{seen}");
        client
    })
    .await
    .unwrap();

    let stopping = Instant::now();
    stop.cancel();
    serving.await.unwrap().unwrap();
    // The promise is two seconds for the whole daemon.
    assert!(stopping.elapsed() < Duration::from_secs(2));
    let mut rest = String::new();
    (&client).read_to_string(&mut rest).unwrap();
}

fn read_until(client: &mut TcpStream, wanted: &str) -> String {
    let mut seen = Vec::new();
    let mut block = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&seen).into_owned();
        if text.contains(wanted) {
            return text;
        }
        let count = client.read(&mut block).unwrap();
        assert!(count > 0, "the stream ended after {text}");
        seen.extend_from_slice(&block[..count]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scenes_are_found_inside_the_roots_and_looked_into() {
    let bench = Bench::confined_to(&["shows", "shows/inner"]).await;
    let shows = bench.dir.path().canonicalize().unwrap().join("shows");
    std::fs::write(shows.join("shot.noop"), "a scene").unwrap();
    std::fs::write(shows.join("notes.txt"), "no scene").unwrap();
    std::fs::write(shows.join("broken.blend"), "BLENDER-v300, and no more").unwrap();
    let layers = include_bytes!("../../../fixtures/layers-3.4.blend");
    std::fs::write(shows.join("layers.blend"), layers).unwrap();
    let escaped = |path: &std::path::Path| path.to_str().unwrap().replace('/', "%2F");

    let roots = bench.get("/api/v1/files").await;
    assert_eq!((&roots.json()["confined"], &roots.json()["found"]), (&json!(true), &json!(2)));
    assert_eq!(roots.json()["entries"][0]["path"], json!(shows));
    let listed = bench.get(&format!("/api/v1/files?path={}&search=NOOP&limit=5", escaped(&shows))).await;
    let entry = &listed.json()["entries"][0];
    assert_eq!(
        (&entry["kind"], &entry["plugins"], &entry["bytes"]),
        (&json!("scene"), &json!(["noop"]), &json!(7))
    );
    let inner = bench.get(&format!("/api/v1/files?path={}", escaped(&shows.join("inner")))).await;
    assert_eq!(inner.json()["root"], json!(shows.join("inner")), "the nearest root");
    for path in ["%2Fetc", "shows", "%2Fno%2Fsuch"] {
        let refused = bench.get(&format!("/api/v1/files?path={path}")).await;
        assert_eq!(refused.problem(400, "bad-parameter")["errors"][0]["pointer"], "/path");
    }
    bench.get("/api/v1/files?limit=0").await.problem(400, "bad-parameter");

    let inspect = async |name: &str| {
        let path = escaped(&shows.join(name));
        bench.get(&format!("/api/v1/scenes/inspect?path={path}")).await
    };
    let scene = inspect("layers.blend").await;
    assert_eq!(
        scene.json()["scenes"][0],
        json!({
            "name": "Schuß 010",
            "frames": "101-146x3",
            "layers": [
                { "name": "Beauty", "enabled": true },
                { "name": "Shadow", "enabled": true },
                { "name": "Off", "enabled": false },
            ],
        })
    );
    assert_eq!((&scene.json()["unread"], &scene.json()["plugins"]), (&json!([]), &json!(["blender"])));
    let scene = inspect("broken.blend").await;
    assert!(scene.json()["unread"][0]["why"].as_str().unwrap().contains("damaged"), "{scene:?}");
    let scene = inspect("shot.noop").await;
    assert!(
        scene.json()["unread"][0]["why"].as_str().unwrap().starts_with("noop does not tell"),
        "{scene:?}"
    );
    let comp =
        "Root {\n first_frame 3\n last_frame 9\n}\nWrite {\n file /renders/a.%04d.exr\n name Beauty\n}\n";
    std::fs::write(shows.join("comp.nk"), comp).unwrap();
    let scene = inspect("comp.nk").await;
    assert_eq!(
        scene.json()["scenes"],
        json!([{ "name": null, "frames": "3-9", "layers": [{ "name": "Beauty", "enabled": true }] }]),
        "{scene:?}"
    );
    let scene = inspect("notes.txt").await;
    assert!(scene.json()["unread"][0]["why"].as_str().unwrap().contains("no plugin takes"), "{scene:?}");
    inspect("nothing.blend").await.problem(400, "bad-parameter");
    inspect("inner").await.problem(400, "bad-parameter");
    let outside = bench.get("/api/v1/scenes/inspect?path=%2Fetc%2Fpasswd").await;
    assert!(outside.problem(400, "bad-parameter")["detail"].as_str().unwrap().contains("outside"));
    bench.get("/api/v1/scenes/inspect").await.problem(400, "bad-parameter");

    let free = Bench::start().await;
    assert_eq!(free.get("/api/v1/files").await.json()["confined"], false);
}

//! The plugins directory: what a save, a broken save, a rename and a removal do to what serves.

use crate::support::{Bench, GUEST, assert_fine, guest, task, version};
use farmhand_model::dcc::{Fact, ReaderEvent};
use farmhand_plugin::{Builtin, SelectError, WatchMode};
use std::path::Path;
use std::time::Duration;

fn builtin() -> Vec<Builtin> {
    vec![Builtin { name: "fixture", bytes: GUEST }]
}

/// A plugin's name, and the version that is asked for.
type Choice<'a> = Option<(&'a str, Option<&'a str>)>;

async fn serving_version(bench: &Bench) -> String {
    let plugin = bench.host.get("fixture").unwrap();
    plugin.build_command(&task("")).await.unwrap().args[1].clone()
}

#[tokio::test]
async fn a_saved_plugin_takes_over_and_a_removed_one_gives_back() {
    let bench = Bench::watching_with(&[], builtin()).await;
    let mut events = bench.host.subscribe();
    let view = bench.view("fixture").unwrap();
    assert_eq!((view.source.as_str(), view.serving.unwrap().generation), ("built-in", 1));

    bench.save("my-fixture.wasm", &version("2.0.0"));
    bench.until_serving(&mut events, "fixture", "2.0.0").await;
    let view = bench.view("fixture").unwrap();
    assert_eq!((view.source.as_str(), view.serving.unwrap().generation), ("my-fixture.wasm", 2));
    assert_eq!(serving_version(&bench).await, "2.0.0");

    bench.save("my-fixture.wasm", &version("2.1.0"));
    bench.until_serving(&mut events, "fixture", "2.1.0").await;
    assert_eq!(bench.view("fixture").unwrap().serving.unwrap().generation, 3);

    std::fs::remove_file(bench.plugin_file("my-fixture.wasm")).unwrap();
    bench.until_serving(&mut events, "fixture", "1.0.0").await;
    let view = bench.view("fixture").unwrap();
    assert_eq!((view.source.as_str(), view.serving.unwrap().generation), ("built-in", 4));
    assert_eq!(serving_version(&bench).await, "1.0.0");
}

#[tokio::test]
async fn a_broken_save_leaves_the_last_good_one_serving_and_says_why() {
    let bench = Bench::watching_with(&[("fixture.wasm", &version("1.1.0"))], vec![]).await;
    let mut events = bench.host.subscribe();
    let degraded = |words: &'static str| {
        move |view: Option<&farmhand_model::view::PluginView>| {
            view.is_some_and(|view| {
                view.state == "degraded"
                    && view.failure.as_ref().is_some_and(|failure| failure.contains(words))
            })
        }
    };
    let broken = guest("mode=no-levels;name=fixture;version=1.2.0;ext=fix");
    for (bytes, words) in [
        (broken.as_slice(), "there is no level"),
        (b"not a component", "is no WebAssembly"),
        // Still being written, as far as anyone can tell; it is reported when nothing more comes.
        (&GUEST[..1000], "ends in the middle"),
    ] {
        bench.save("fixture.wasm", bytes);
        let view = bench.until(&mut events, "fixture", degraded(words)).await.unwrap();
        assert_eq!(view.serving.unwrap().version, "1.1.0");
        assert_eq!(serving_version(&bench).await, "1.1.0");
    }
    // The good one again is no swap.
    bench.save("fixture.wasm", &version("1.1.0"));
    bench.until_serving(&mut events, "fixture", "1.1.0").await;
    assert_eq!(bench.view("fixture").unwrap().serving.unwrap().generation, 1);
    bench.save("fixture.wasm", &version("1.2.0"));
    bench.until_serving(&mut events, "fixture", "1.2.0").await;
    assert_eq!(bench.view("fixture").unwrap().serving.unwrap().generation, 2);
}

#[tokio::test]
async fn a_reader_finishes_on_the_version_it_began_with() {
    let bench = Bench::watching_with(&[("fixture.wasm", &version("1.1.0"))], vec![]).await;
    let mut events = bench.host.subscribe();
    let mut reader = bench.host.get("fixture").unwrap().reader(&task("")).await.unwrap();
    reader.read(&["one".to_owned()]).await.unwrap();
    bench.save("fixture.wasm", &version("1.2.0"));
    bench.until_serving(&mut events, "fixture", "1.2.0").await;
    reader.read(&["two".to_owned()]).await.unwrap();
    let fact = |name: &str, value: &str| ReaderEvent::Fact(Fact { name: name.into(), value: value.into() });
    assert_eq!(reader.finish().await.unwrap(), [fact("lines", "2"), fact("version", "1.1.0")]);
    assert_eq!(serving_version(&bench).await, "1.2.0");
}

#[tokio::test]
async fn a_save_by_renaming_is_seen_again_and_again() {
    let bench = Bench::watching().await;
    let mut events = bench.host.subscribe();
    for number in 1..=3 {
        let number = format!("1.{number}.0");
        bench.save("fixture.wasm.tmp", &version(&number));
        std::fs::rename(bench.plugin_file("fixture.wasm.tmp"), bench.plugin_file("fixture.wasm")).unwrap();
        bench.until_serving(&mut events, "fixture", &number).await;
    }
    assert_eq!(bench.host.views().len(), 1, "a temporary file became a plugin");
}

#[tokio::test]
async fn two_files_cannot_have_one_name_and_the_second_gets_it_when_the_first_goes() {
    let files = [("a.wasm", version("1.1.0")), ("b.wasm", version("1.2.0"))];
    let files = files.each_ref().map(|(name, bytes)| (*name, bytes.as_slice()));
    let bench = Bench::watching_with(&files, vec![]).await;
    let mut events = bench.host.subscribe();
    assert_eq!(serving_version(&bench).await, "1.1.0");
    let refused = bench.view("b").unwrap();
    assert_eq!(refused.state, "failed");
    let failure = refused.failure.unwrap();
    assert!(failure.contains("plugin b.wasm") && failure.contains("a.wasm already serves"), "{failure}");

    std::fs::remove_file(bench.plugin_file("a.wasm")).unwrap();
    bench.until_serving(&mut events, "fixture", "1.2.0").await;
    assert!(bench.view("b").is_none());
}

#[tokio::test]
async fn a_file_that_changes_its_name_leaves_the_old_one_behind() {
    let bench = Bench::watching_with(&[("one.wasm", &version("2.0.0"))], builtin()).await;
    let mut events = bench.host.subscribe();
    assert_eq!(serving_version(&bench).await, "2.0.0");
    bench.save("one.wasm", &guest("mode=normal;name=other;version=3.0.0;ext=oth"));
    bench.until_serving(&mut events, "other", "3.0.0").await;
    assert_eq!(serving_version(&bench).await, "1.0.0");
    std::fs::remove_file(bench.plugin_file("one.wasm")).unwrap();
    bench.until(&mut events, "other", |view| view.is_none()).await;
    assert_eq!(serving_version(&bench).await, "1.0.0");
}

#[tokio::test]
async fn what_is_broken_from_the_start_is_shown_and_can_be_mended() {
    let bench = Bench::watching_with(&[("fixture.wasm", b"\0asm"), ("x.wasm", b"x")], builtin()).await;
    let mut events = bench.host.subscribe();
    // A file that is named like a built-in plugin is taken to be meant for it.
    let view = bench.view("fixture").unwrap();
    assert_eq!((view.state.as_str(), view.source.as_str()), ("degraded", "built-in"));
    assert_eq!(bench.view("x").unwrap().state, "failed");
    assert!(matches!(bench.host.get("x"), Err(SelectError::Failed { .. })));
    assert_fine(&bench.host.get("fixture").unwrap()).await;

    bench.save("x.wasm", &guest("mode=normal;name=xray;version=1.0.0;ext=xr"));
    bench.until_serving(&mut events, "xray", "1.0.0").await;
    assert!(bench.view("x").is_none());
    std::fs::remove_file(bench.plugin_file("fixture.wasm")).unwrap();
    bench.until_serving(&mut events, "fixture", "1.0.0").await;
}

#[tokio::test]
async fn a_directory_that_is_not_there_is_made_and_found_again_after_it_was_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let plugins = dir.path().join("deep/plugins");
    let bench = Bench::start(|settings| settings.dir = Some(plugins.clone()), vec![]).await;
    let mut events = bench.host.subscribe();
    std::fs::write(plugins.join("fixture.wasm"), version("1.1.0")).unwrap();
    bench.until_serving(&mut events, "fixture", "1.1.0").await;
    std::fs::remove_dir_all(&plugins).unwrap();
    bench.until(&mut events, "fixture", |view| view.is_none()).await;
    std::fs::create_dir_all(&plugins).unwrap();
    std::fs::write(plugins.join("fixture.wasm"), version("1.2.0")).unwrap();
    bench.until_serving(&mut events, "fixture", "1.2.0").await;
    assert!(bench.view("fixture").unwrap().serving.unwrap().generation > 1, "a generation came twice");
}

#[tokio::test]
async fn polling_sees_saves_too() {
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::start(
        |settings| {
            settings.dir = Some(dir.path().to_path_buf());
            settings.watch = WatchMode::Poll(Duration::from_millis(50));
        },
        vec![],
    )
    .await;
    let mut events = bench.host.subscribe();
    for number in ["1.1.0", "1.2.0"] {
        std::fs::write(dir.path().join("fixture.wasm"), version(number)).unwrap();
        bench.until_serving(&mut events, "fixture", number).await;
    }
}

#[tokio::test]
async fn plugins_are_chosen_by_extension_or_by_name_and_version() {
    let other = guest("mode=normal;name=other;version=3.1.4;ext=fix");
    let third = guest("mode=normal;name=third;version=1.0.0;ext=usd.gz");
    let files: [(&str, &[u8]); 3] = [("a.wasm", GUEST), ("c.wasm", &third), ("d.wasm", b"x")];
    let bench = Bench::watching_with(&files, vec![]).await;
    let mut events = bench.host.subscribe();
    let choose = |scene: &str, choice: Choice<'_>| {
        let wanted = choice.map(|(name, wanted)| (name, wanted.map(|wanted| wanted.parse().unwrap())));
        let choice = wanted.as_ref().map(|(name, wanted)| (*name, wanted.as_ref()));
        match bench.host.select(Path::new(scene), choice) {
            Ok(plugin) => plugin.stamp().name.clone(),
            Err(error) => error.to_string(),
        }
    };
    let check = |cases: &[(&str, Choice<'_>, &str)]| {
        for (scene, choice, expect) in cases {
            assert_eq!(choose(scene, *choice), *expect, "{scene} {choice:?}");
        }
    };
    check(&[
        ("/show/a.fix", None, "fixture"),
        ("/show/A.FIX", None, "fixture"),
        ("/show/a.usd.gz", None, "third"),
        ("/show/a.fix", Some(("third", None)), "third"),
        ("/show/a.fix", Some(("fixture", Some("^1"))), "fixture"),
        (
            "/show/a.fix",
            Some(("fixture", Some(">=2"))),
            "plugin `fixture` serves in version 1.0.0, and >=2 is asked for; install that version, or ask for another",
        ),
        (
            "a.fix",
            Some(("fixtur", None)),
            "there is no plugin `fixtur`; is `fixture` meant?; there are fixture, third",
        ),
        (
            "/show/a.gz",
            None,
            "no plugin takes `a.gz`; extensions that are taken: fix, usd.gz; d did not load",
        ),
    ]);
    bench.save("b.wasm", &other);
    bench.until_serving(&mut events, "other", "3.1.4").await;
    check(&[
        (
            "/show/a.fix",
            None,
            "plugins fixture and other all take `a.fix`; name one of them in the job's `plugin`",
        ),
        ("/show/a.fix", Some(("other", Some("3"))), "other"),
    ]);
}

#[tokio::test]
#[cfg(unix)]
async fn a_file_that_becomes_readable_is_read() {
    // Nobody keeps root from reading, so a link to a directory stands in for what cannot be read as a file.
    let bench = Bench::watching().await;
    let mut events = bench.host.subscribe();
    let target = bench.path("target");
    std::fs::create_dir(&target).unwrap();
    std::os::unix::fs::symlink(&target, bench.plugin_file("fixture.wasm")).unwrap();
    let unread = |view: Option<&farmhand_model::view::PluginView>| {
        view.and_then(|view| view.failure.as_ref()).is_some_and(|failure| failure.contains("cannot be read"))
    };
    bench.until(&mut events, "fixture", unread).await;
    // No event comes of this: it happens elsewhere.
    std::fs::remove_dir(&target).unwrap();
    std::fs::write(&target, version("1.3.0")).unwrap();
    bench.until_serving(&mut events, "fixture", "1.3.0").await;
}

//! The keys that seal secrets: they are changed while serving, and a wrong one is told at the start.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use calsync_testing::{eventually, on_both_databases};
use serde_json::{Value, json};

use crate::world::{Service, World};

const KEYS: &str = "CALSYNC_SECURITY__ENCRYPTION_KEYS";

fn key(id: &str, letter: &str) -> String {
    format!("{id}:{}A=", letter.repeat(42))
}

/// The service's own key.
fn k1() -> String {
    key("k1", "A")
}

fn task(title: &str) -> Value {
    json!({"user_ids": ["ana"], "title": title, "due_at": "2031-03-09T10:00:00Z", "status": "active"})
}

async fn synced(world: &World, title: &str) {
    world.service.put("/items/task/t1", &task(title)).await;
    eventually(format!("{title:?} in Google"), async || {
        let events = world.google.our_events().await;
        events.iter().any(|event| event["summary"] == title).then_some(()).ok_or(events)
    })
    .await;
}

async fn restart(service: &mut Service, keys: &[String]) {
    service.set(KEYS, &keys.join(","));
    service.kill().await;
    service.run().await;
}

fn rotate(service: &Service) -> Value {
    let output = service.command().args(["encryption", "rotate", "--json"]).output().unwrap();
    assert!(output.status.success(), "{}", complaint(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What is said at a start that is refused as wrong configuration.
fn refused(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", complaint(&output));
    complaint(&output)
}

on_both_databases! {
    async fn a_key_is_changed_while_serving(database: TestDatabase) {
        let mut world = World::start(database).await;
        world.connect("ana", &json!({"email": "ana@example.org"})).await;
        synced(&world, "Sealed with the old key").await;
        let k2 = key("k2", "B");
        restart(&mut world.service, &[k2.clone(), k1()]).await;

        let first = rotate(&world.service);
        assert_eq!(first, json!({"key": "k2", "resealed": 2, "already_newest": 0, "unreadable": 0,
            "unreadable_places": []}));
        let again = rotate(&world.service);
        assert_eq!((&again["resealed"], &again["already_newest"]), (&json!(0), &json!(2)), "nothing is left");
        synced(&world, "While it served").await;

        restart(&mut world.service, &[k2]).await;
        synced(&world, "With the new key alone").await;
        world.wait_until_synced("ana").await;
    }

    async fn a_wrong_key_is_refused_at_the_start(database: TestDatabase) {
        let mut world = World::start(database).await;
        world.service.kill().await;
        for (given, wanted) in [
            (key("k1", "C"), "security.encryption_keys: the key k1 is not the one"),
            (key("k3", "C"), "security.encryption_keys: the key k1 is missing"),
        ] {
            world.service.set(KEYS, &given);
            let mut command = world.service.command();
            command.arg("serve");
            let message = refused(command);
            assert!(message.contains(wanted), "{message}");
            assert!(message.contains(&format!("keys given: {}", &given[..2])), "{message}");
            assert!(!message.contains(&"C".repeat(42)), "{message}");
        }
        world.service.set(KEYS, &k1());
        world.service.run().await;
    }
}

/// `calsync migrate` on a database in `folder`, without keys.
fn migrate(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_calsync"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CALSYNC_")) {
        command.env_remove(name);
    }
    command.current_dir(folder).args(["migrate", "--set", "database.url=sqlite:own.db"]);
    command
}

#[test]
fn the_key_file_is_its_owners_alone_and_never_made_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (file, elsewhere) = (folder.path().join("own.db.key"), folder.path().join("elsewhere"));
    let done = || {
        let output = migrate(folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", complaint(&output));
    };
    done();
    let mode = || file.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    done();
    assert_eq!(mode(), 0o600, "made right again");

    std::fs::rename(&file, &elsewhere).unwrap();
    let message = refused(migrate(folder.path()));
    assert!(message.contains("without its key file own.db.key. Put the file back"), "{message}");
    assert!(!file.exists(), "no new key was made");
    std::fs::write(&file, key("another", "B")).unwrap();
    let message = refused(migrate(folder.path()));
    assert!(
        message.contains("the key file is missing") && message.contains("keys given: another"),
        "{message}"
    );

    let both = format!("{}\n{}", key("another", "B"), std::fs::read_to_string(&elsewhere).unwrap());
    std::fs::write(&file, both).unwrap();
    done();
}

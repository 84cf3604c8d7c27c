//! The helpers themselves: what they start works, waits are bounded, and nothing is left behind.

use std::process::Command;

use calsync_testing::{DatabaseKind, Program, eventually, on_both_databases};

on_both_databases! {
    async fn each_test_gets_its_own_database(db: TestDatabase) {
        let other = calsync_testing::TestDatabase::new(db.kind);
        assert_ne!(db.url, other.url);
        match db.kind {
            DatabaseKind::Sqlite => assert!(db.url.starts_with("sqlite:/")),
            DatabaseKind::Postgres => assert_eq!(ask(&db.url, "SHOW fsync"), "on"),
        }
    }
}

fn ask(url: &str, sql: &str) -> String {
    let output = Command::new("psql").args([url, "--tuples-only", "--no-align", "-c", sql]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Starts itself in a process that ends by `abort`: nothing is dropped there.
#[tokio::test]
async fn the_cluster_ends_with_the_process() {
    const ABORT: &str = "ABORT_WITH_A_RUNNING_CLUSTER";
    if std::env::var_os(ABORT).is_some() {
        println!("\nurl: {}", calsync_testing::Postgres::database());
        std::process::abort();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "--nocapture", "helpers::the_cluster_ends_with_the_process"]).env(ABORT, "1");
    let mut program = Program::start(command);
    let line = program.line("url: ").await;
    let (_, address) = line.split_once('@').unwrap();
    let (address, _) = address.split_once('/').unwrap();

    let gone = async || tokio::net::TcpStream::connect(address).await.is_err().then_some(());
    eventually("the end of the cluster", gone).await;
}

#[tokio::test]
async fn a_program_is_heard_asked_and_ended() {
    let mut program =
        shell("trap 'echo bye; exit 7' TERM; echo at http://127.0.0.1:4300/; while :; do sleep 0.1; done");
    assert_eq!(program.address("at").await, "http://127.0.0.1:4300");
    assert_eq!(program.terminate().await.code(), Some(7));
}

#[tokio::test]
async fn a_program_ends_when_it_is_dropped() {
    let mut program = shell("echo started; exec sleep 600");
    program.line("started").await;
    let process = format!("/proc/{}", program.id());
    drop(program);
    let gone = async || (!std::path::Path::new(&process).exists()).then_some(());
    eventually("the end of the process", gone).await;
}

#[tokio::test]
#[should_panic(expected = "what went wrong")]
async fn a_program_that_ends_early_is_quoted() {
    shell("echo what went wrong >&2").line("ready").await;
}

#[tokio::test]
async fn only_the_tests_own_configuration_reaches_a_program() {
    let mut command = Command::new("sh");
    command
        .args(["-c", "echo \"given=$CALSYNC_GIVEN inherited=$CALSYNC_PYTHON.\""])
        .env("CALSYNC_GIVEN", "yes");
    assert_eq!(Program::start(command).line("given").await, "given=yes inherited=.");
}

fn shell(script: &str) -> Program {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    Program::start(command)
}

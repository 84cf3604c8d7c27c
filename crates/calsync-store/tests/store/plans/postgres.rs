//! Postgres' plans, as it tells them of the statements that it really ran (`auto_explain`). Few rows are made out to be
//! many, or it would rightly read whole tables.

use calsync_store::Tx;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::FEW_ROWS;

/// Rows that one step may read at most: what a search looks at, or a month of tries to connect.
const ROWS_MAX: f64 = 40_000.0;

/// Lets every session of the database tell its plans.
pub(super) async fn tell_plans(url: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let name = url.rsplit('/').next().unwrap();
    for (setting, value) in [
        ("session_preload_libraries", "auto_explain"),
        ("auto_explain.log_min_duration", "0"),
        ("auto_explain.log_analyze", "on"),
        ("auto_explain.log_timing", "off"),
        ("auto_explain.log_format", "json"),
        ("auto_explain.log_level", "notice"),
        ("jit", "off"),
    ] {
        let sql = AssertSqlSafe(format!("ALTER DATABASE {name} SET {setting} = {value}"));
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    }
}

/// Makes the planner believe that each table has a thousand times as many rows.
pub(super) async fn seem_big(url: &str, schema: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let sql = format!(
        "UPDATE pg_class SET reltuples = reltuples * 1000
         WHERE relnamespace = '{schema}'::regnamespace AND relkind IN ('r', 'i') AND reltuples > 0"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
}

/// Lets the plans of a transaction be untold, which takes longer than most statements.
pub(super) async fn be_silent(tx: &mut Tx) {
    if let Tx::Postgres(tx, _) = tx {
        let sql = "SET LOCAL auto_explain.log_min_duration = -1";
        sqlx::raw_sql(sql).execute(&mut **tx).await.unwrap();
    }
}

/// What is wrong with the plans in `notices`.
pub(super) fn bad_plans(notices: &[String], is_small: bool) -> Vec<String> {
    let plans = notices.iter().filter_map(|notice| notice.split_once("plan:")).map(|(_, plan)| plan);
    let plans: Vec<Value> = plans.map(|plan| serde_json::from_str(plan).unwrap()).collect();
    assert!(!plans.is_empty(), "Postgres tells its plans: {notices:?}");
    plans.iter().filter_map(|plan| bad_plan(plan, is_small)).collect()
}

fn bad_plan(told: &Value, is_small: bool) -> Option<String> {
    let step = bad_step(&told["Plan"], is_small)?;
    Some(format!("{step}\n{}\n{:#}", told["Query Text"].as_str().unwrap_or_default(), told["Plan"]))
}

fn bad_step(node: &Value, is_small: bool) -> Option<String> {
    let number = |name: &str| node[name].as_f64().unwrap_or_default();
    let removed = number("Rows Removed by Filter") + number("Rows Removed by Index Recheck");
    let rows = (number("Actual Rows") + removed) * number("Actual Loops").max(1.0);
    let kind = node["Node Type"].as_str().unwrap_or_default();
    let table = node["Relation Name"].as_str().unwrap_or_default();
    let is_whole = kind == "Seq Scan" && !FEW_ROWS.contains(&table);
    if (is_whole && (is_small || rows > 10_000.0)) || (kind.contains("Scan") && rows > ROWS_MAX) {
        return Some(format!("{kind} of {table} reads {rows} rows"));
    }
    let children = node["Plans"].as_array().into_iter().flatten();
    children.filter_map(|child| bad_step(child, is_small)).next()
}

#[test]
fn a_plan_that_reads_too_much_is_known() {
    let plan = |kind: &str, rows: u64| {
        serde_json::json!({"Plan": {"Node Type": "Limit", "Plans": [
        {"Node Type": kind, "Relation Name": "users", "Actual Rows": rows, "Actual Loops": 1}]}})
    };
    assert!(
        bad_plan(&plan("Seq Scan", 5), true).is_some_and(|bad| bad.starts_with("Seq Scan of users reads 5"))
    );
    assert!(bad_plan(&plan("Seq Scan", 5), false).is_none());
    assert!(bad_plan(&plan("Index Scan", 50_000), false).is_some());
    assert!(bad_plan(&plan("Index Scan", 20_000), true).is_none());
}

//! SQLite's plans: they don't depend on how much there is, as long as nobody lets it count.

use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};

use super::FEW_ROWS;

/// Indexes that hold only what is to be done or under way: to read them as a whole is their purpose.
const TO_DO: [&str; 4] = [
    "disconnects_leased",
    "user_integrations_due",
    "user_integrations_leased",
    "user_integrations_uncounted",
];
/// What has few rows of any table: they may be sorted.
const OF_ONE: [&str; 4] = [
    "WHERE user_id = $1",
    "WHERE user_id = $2 OR email = $2 LIMIT 50",
    "WHERE g.account_sub = $1",
    "WHERE m.kind = $1 AND m.item_id = $2",
];

async fn plan(url: &str, sql: &str) -> Vec<String> {
    let mut connection = SqliteConnection::connect(url).await.unwrap();
    let sql = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
    let rows = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>("detail")).collect()
}

/// What a step of a plan reads as a whole, if it does: a table, or an index without an end.
fn whole(step: &str, has_limit: bool) -> Option<&str> {
    let mut words = step.strip_prefix("SCAN ")?.split_whitespace();
    let table = words.next()?;
    let index = words.skip_while(|word| *word != "INDEX").nth(1);
    let is_asked_for = index.is_some_and(|index| has_limit || TO_DO.contains(&index));
    Some(table).filter(|_| !is_asked_for)
}

/// What is wrong with the plan of `sql`, if anything is.
pub(super) async fn bad_plan(url: &str, sql: &str) -> Option<String> {
    let plan = plan(url, sql).await;
    let has_limit = sql.contains("LIMIT");
    let is_sub_select = |name: &str| {
        let made = [format!("CO-ROUTINE {name}"), format!("MATERIALIZE {name}")];
        plan.iter().any(|step| made.contains(step)) || name.starts_with(['(', 'C']) || name.ends_with("-ROW")
    };
    let is_whole = |step: &&String| {
        whole(step, has_limit).is_some_and(|name| !FEW_ROWS.contains(&name) && !is_sub_select(name))
    };
    let is_sort = |step: &&String| {
        has_limit && step.contains("TEMP B-TREE FOR ORDER BY") && !OF_ONE.iter().any(|one| sql.contains(one))
    };
    let step = plan.iter().find(is_whole).or_else(|| plan.iter().find(is_sort))?;
    Some(format!("{step}\n{sql}\n{plan:#?}"))
}

#[test]
fn a_step_that_reads_a_whole_table_is_known() {
    assert_eq!(whole("SCAN users", true), Some("users"));
    assert_eq!(whole("SCAN u USING COVERING INDEX users_by_email", false), Some("u"));
    assert_eq!(whole("SCAN u USING INDEX users_by_email", true), None);
    assert_eq!(whole("SCAN user_integrations USING INDEX user_integrations_uncounted", false), None);
    assert_eq!(whole("SEARCH users USING INDEX users_by_email (email=?)", false), None);
}

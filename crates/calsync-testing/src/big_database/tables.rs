//! What the tables hold: for each a number of rows, and an expression for each column.

use super::Sizes;
use super::sql::{DAY, Sql};

/// Groups of errors; each concerns a tenth of all users.
const GROUPS: i64 = 40;
/// One attempt of so many failed.
const FAILED: i64 = 10;
/// Workspace domains.
const DOMAINS: i64 = 100;

/// A table's rows.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) rows: i64,
    pub(super) columns: Vec<(&'static str, String)>,
}

macro_rules! table {
    ($name:literal, $rows:expr, [$($column:ident: $value:expr,)*]) => {
        Table { name: $name, rows: $rows, columns: vec![$((stringify!($column), $value.to_string())),*] }
    };
}

/// Every table that grows with a deployment, those first that others refer to.
pub(super) fn all(sql: &Sql, sizes: Sizes) -> Vec<Table> {
    let mut tables = platform(sql, sizes);
    tables.push(integrations(sql, sizes));
    tables.extend(of_integrations(sql, sizes));
    tables.push(sync_mappings(sql, sizes));
    tables.push(remote_events(sql, sizes));
    tables.push(user_edits(sql, sizes));
    tables.extend(consents(sql, sizes));
    tables.extend(disconnects(sql, sizes));
    tables.extend(attempts(sql, sizes));
    tables.extend(feed(sql, sizes));
    tables
}

/// Users, of whom one in a thousand is being deleted and has no connection any more, and items, of which one in twenty is deleted.
fn platform(sql: &Sql, Sizes { connections, mappings, .. }: Sizes) -> Vec<Table> {
    let user = format!("i % {connections}");
    vec![
        table!("users", connections, [
            user_id: sql.user("i"),
            email: "'user' || i || '@example.org'",
            name: "'User Number ' || i",
            created_at: sql.ago(200),
            updated_at: sql.spread(100, connections),
            deleting_since: format!("CASE WHEN i % 1000 = 951 THEN {} END", sql.ago(0)),
        ]),
        table!("items", mappings, [
            kind: KIND,
            item_id: sql.item("i"),
            body: format!(
                "'{{\"user_ids\": [\"' || {} || '\"], \"title\": \"Item ' || i || '\", \"due_on\": \"2031-03-09\", \"status\": \"active\"}}'",
                sql.user(&user)
            ),
            revision: "1 + i % 5",
            deleted: "i % 20 = 19",
            created_at: sql.ago(150),
            updated_at: sql.spread(100, mappings),
        ]),
        table!("item_users", mappings, [kind: KIND, item_id: sql.item("i"), user_id: sql.user(&user),]),
        table!("refusals", connections, [
            id: sql.id(&sql.spread(30, connections)),
            at: sql.spread(30, connections),
            key_name: "'platform'",
            kind: KIND,
            item_id: sql.item("i"),
            user_id: sql.user(&sql.random(1, connections)),
            status: "422",
            errors: "'[]'",
        ]),
        table!("idempotency_keys", connections / 10, [
            api_key_id: "'key-1'",
            idempotency_key: format!("'key-' || {}", sql.hex("i", 8)),
            request_hash: "'hash'",
            status: "202",
            created_at: sql.spread(1, connections / 10),
            body: sql.bytes("'a sealed answer'"),
        ]),
    ]
}

const KIND: &str = "CASE i % 3 WHEN 0 THEN 'session' WHEN 1 THEN 'task' ELSE 'deadline' END";

/// Connections: the dead ones; one in 50 of the others is disconnected, one in 200 has no calendar yet. Of those that
/// work, one in 100 is due and one in 100 waits for a pause to end.
fn integrations(sql: &Sql, Sizes { connections, dead, .. }: Sizes) -> Table {
    let state = format!(
        "CASE WHEN i < {dead} THEN 'needs_action' WHEN i % 50 = 1 THEN 'disconnected'
              WHEN i % 200 = 3 THEN 'connecting' ELSE 'active' END"
    );
    let sealed = |column: &str| format!("CASE WHEN {state} <> 'disconnected' THEN {} END", sql.bytes(column));
    table!("user_integrations", connections, [
        id: sql.integration("i"),
        user_id: sql.user("i"),
        provider: "'google'",
        state: state,
        reason: format!("CASE WHEN i < {dead} THEN 'grant_revoked' END"),
        access_token: sealed("'a sealed access token'"),
        refresh_token: sealed("'a sealed refresh token'"),
        expires_at: sql.ago(0),
        token_version: "1",
        account_sub: "'account-' || i",
        account_email: "'user' || i || '@gmail.com'",
        account_domain: format!("CASE WHEN i % 2 = 0 THEN 'school' || (i % {DOMAINS}) || '.example' END"),
        scopes: "'calendar openid'",
        calendar_choice: "CASE WHEN i % 4 = 3 THEN 'existing' ELSE 'new' END",
        target_calendar_id: "'calendar-' || i",
        disabled_kinds: "''",
        epoch: "1",
        wake_seq: "10",
        seen_seq: format!("CASE WHEN i < {dead} OR i % 50 = 0 THEN 9 ELSE 10 END"),
        due_at: format!("CASE WHEN i < {dead} THEN {} ELSE {} END", sql.ago(20), sql.spread(1, connections)),
        not_before: format!("CASE WHEN i % 100 = 50 THEN {} ELSE 0 END", sql.ago(-1)),
        failures: "0",
        lease_until: "0",
        fence: "10",
        connected_at: sql.ago(100),
        last_success_at: sql.spread(1, connections),
        created_at: sql.ago(100),
        updated_at: sql.spread(1, connections),
        client_id: "'client-1'",
        refresh_issued_at: sql.ago(100),
        refresh_used_at: sql.spread(90, connections),
        refresh_due_at: format!("{} + {}", sql.spread(30, connections), 30 * DAY),
        grant_number: "1",
        needs_action_at: format!("CASE WHEN i < {dead} THEN {} END", sql.spread(20, dead)),
        counted_state: state,
    ])
}

/// What hangs on connections.
fn of_integrations(sql: &Sql, Sizes { connections, .. }: Sizes) -> Vec<Table> {
    vec![
        table!("connection_counts", 4, [
            provider: "'google'",
            state: "CASE i WHEN 0 THEN 'needs_action' WHEN 1 THEN 'disconnected' WHEN 2 THEN 'connecting' ELSE 'active' END",
            connections: connections / 4,
        ]),
        table!("calendars", connections, [
            integration_id: sql.integration("i"),
            epoch: "1",
            calendar_id: "'calendar-' || i",
            is_ours: "i % 4 <> 3",
            summary: "'Mentoring'",
        ]),
        table!("grant_counts", connections, [
            account_sub: "'account-' || i",
            client_id: "'client-1'",
            issued: "1",
        ]),
    ]
}

/// Mappings: those of the dead connections and one of each that is due wait; one in twenty is of a deleted item.
fn sync_mappings(sql: &Sql, Sizes { connections, dead, mappings, .. }: Sizes) -> Table {
    let of = format!("(i % {connections})");
    let there = |value: &str| format!("CASE WHEN i % 20 <> 19 THEN {value} END");
    let waits = format!("({of} < {dead} OR ({of} % 100 = 0 AND i < {connections}))");
    let parked = "i % 500 = 7";
    table!("sync_mappings", mappings, [
        integration_id: sql.integration(&of),
        kind: KIND,
        item_id: sql.item("i"),
        desired_revision: "3",
        synced_desired_revision: format!("CASE WHEN {waits} OR {parked} THEN 2 ELSE 3 END"),
        due_at: sql.ago(1),
        incarnation: "0",
        generation: there("1"),
        last_generation: "1",
        event_state: "CASE WHEN i % 20 = 19 THEN 'deleted' ELSE 'present' END",
        google_id: there("'event' || i"),
        etag: there("'\"' || i || '\"'"),
        sync_state: format!("CASE WHEN {waits} THEN 'waiting' WHEN {parked} THEN 'parked' ELSE 'synced' END"),
        failures: "0",
        last_synced_at: sql.spread(90, mappings),
        verified_at: sql.spread(90, mappings),
        created_at: sql.ago(100),
        updated_at: sql.spread(20, mappings),
        calendar_id: there(&format!("'calendar-' || {of}")),
    ])
}

/// What Google showed of each mapping's event that is there.
fn remote_events(sql: &Sql, Sizes { connections, mappings, .. }: Sizes) -> Table {
    let of = "(i / 19 * 20 + i % 19)";
    table!("remote_events", mappings / 20 * 19, [
        integration_id: sql.integration(&format!("({of} % {connections})")),
        kind: KIND.replace("i %", &format!("{of} %")),
        item_id: sql.item(of),
        google_id: format!("'event' || {of}"),
        event: format!(
            "'{{\"id\": \"event' || {of} || '\", \"etag\": \"\\\"' || {of} || '\\\"\", \"summary\": \"Item ' || {of}
                || '\", \"description\": \"A description of some length, as a mentor writes one before a session.\"}}'"
        ),
    ])
}

/// What users made of every tenth item and lost.
fn user_edits(sql: &Sql, Sizes { connections, mappings, .. }: Sizes) -> Table {
    let of = "(i * 10)";
    table!("user_edits", mappings / 10, [
        integration_id: sql.integration(&format!("({of} % {connections})")),
        kind: KIND.replace("i %", &format!("{of} %")),
        item_id: sql.item(of),
        id: "'edit'",
        field: "'title'",
        before: "'\"Item ' || i || '\"'",
        after: "'\"Mine ' || i || '\"'",
        verdict: "'undone'",
        seen_at: sql.spread(90, mappings / 10),
    ])
}

/// Links and ways to Google and back; one in ten never came back.
fn consents(sql: &Sql, Sizes { connections, .. }: Sizes) -> Vec<Table> {
    let started = sql.spread(90, connections);
    vec![
        table!("connect_links", connections, [
            token_hash: format!("'link-' || {}", sql.hex("i", 8)),
            user_id: sql.user("i"),
            created_at: sql.spread(30, connections),
            expires_at: format!("{} + {}", sql.spread(30, connections), 900_000_000),
        ]),
        table!("connect_attempts", connections, [
            id: sql.id(&started),
            user_id: sql.user("i"),
            state_hash: format!("'state-' || {}", sql.hex("i", 8)),
            browser_hash: "'browser'",
            verifier: format!("CASE WHEN i % 10 = 0 THEN {} END", sql.bytes("'a sealed verifier'")),
            calendar_choice: "'new'",
            scopes: "'calendar openid'",
            started_at: started,
            expires_at: format!("{started} + {}", 900_000_000),
            ended_at: format!("CASE WHEN i % 10 <> 0 THEN {started} + {} END", 60_000_000),
            outcome: "CASE WHEN i % 10 = 0 THEN NULL WHEN i % 10 = 1 THEN 'denied' ELSE 'connected' END",
            reason: "CASE WHEN i % 10 = 1 THEN 'consent_denied' END",
        ]),
    ]
}

/// Disconnects of the last 90 days: of the newest twentieth of the connections one after the other. One in 20 runs, one
/// in 20 left something.
fn disconnects(sql: &Sql, Sizes { connections, .. }: Sizes) -> Vec<Table> {
    let rows = connections / 5;
    let state =
        "CASE WHEN i % 20 = 0 THEN 'running' WHEN i % 20 = 1 THEN 'done_with_leftovers' ELSE 'done' END";
    vec![
        table!("disconnects", rows, [
            id: sql.disconnect("i"),
            integration_id: sql.integration("i"),
            user_id: sql.user("i"),
            provider: "'google'",
            remote_items: "'remove'",
            state: state,
            requested_by: "'user'",
            tries: "0",
            removed: "10",
            due_at: sql.spread(90, rows),
            lease_until: "0",
            fence: "1",
            created_at: sql.spread(90, rows),
            ended_at: format!("CASE WHEN i % 20 <> 0 THEN {} END", sql.spread(90, rows)),
            account_sub: "'account-' || i",
            account_email: "'user' || i || '@gmail.com'",
            target_calendar_id: "'calendar-' || i",
        ]),
        table!("disconnect_steps", rows * 5, [
            disconnect_id: sql.disconnect("i / 5"),
            name: "CASE i % 5 WHEN 0 THEN 'freeze' WHEN 1 THEN 'remove_items' WHEN 2 THEN 'revoke' WHEN 3 THEN 'verify' ELSE 'wipe' END",
            outcome: "'done'",
            receipt: "'What this step did, in a sentence for people.'",
            at: sql.ago(1),
        ]),
        table!("clean_ups", rows / 20, [
            id: format!("'clean-up-' || {}", sql.hex("i", 8)),
            disconnect_id: sql.disconnect("(i * 20 + 1)"),
            user_id: sql.user("i * 20 + 1"),
            link_hash: format!("'clean-up-' || {}", sql.hex("i", 8)),
            expires_at: sql.spread(90, rows / 20),
            created_at: sql.ago(90),
        ]),
        table!("disconnect_leftovers", rows, [
            disconnect_id: sql.disconnect("(i / 20 * 20 + 1)"),
            google_id: "'event' || i",
            kind: "'task'",
            item_id: sql.item("i"),
            calendar_id: "'calendar'",
        ]),
    ]
}

/// Attempts of the last 30 days, one in [`FAILED`] of them an error, and what the roll-up counted of them.
fn attempts(sql: &Sql, Sizes { connections, attempts, mappings, .. }: Sizes) -> Vec<Table> {
    let at = sql.spread(30, attempts);
    let connection = sql.random(2, connections);
    let failed = |then: &str| format!("CASE WHEN i % {FAILED} = 0 THEN {then} END");
    let group = format!("(i / {FAILED} % {GROUPS})");
    vec![
        table!("calendar_sync_logs", attempts, [
            id: sql.id(&at),
            at: at,
            user_id: sql.user(&connection),
            integration_id: sql.integration(&connection),
            provider: "'google'",
            kind: "'task'",
            item_id: sql.item(&sql.random(3, mappings)),
            operation: "CASE i % 3 WHEN 0 THEN 'insert' WHEN 1 THEN 'update' ELSE 'get' END",
            outcome: format!("CASE WHEN i % {FAILED} = 0 THEN 'unknown' ELSE 'done' END"),
            reason: failed("'google_unavailable'"),
            http_status: failed("503"),
            provider_reason: failed("'backendError'"),
            provider_message: failed("'Backend error ' || (i % 97) || ', please try again later.'"),
            group_id: failed(&sql.group(&group)),
            trace_id: format!("'trace-' || {}", sql.hex("i / 8", 30)),
        ]),
        table!("uncounted_attempts", 200, [
            id: sql.id(&sql.ago(0)),
            user_id: sql.user("i"),
            operation: "'insert'",
            outcome: "'unknown'",
            reason: "'google_unavailable'",
            group_id: sql.group("i % 40"),
            attempts: "3",
            first_at: sql.ago(0),
            last_at: sql.ago(0),
        ]),
        table!("hourly_attempts", 90 * 24 * 10, [
            hour: format!("{} / 3600000000 * 3600000000 + i / 10 * 3600000000", sql.ago(90)),
            operation: "'insert'",
            outcome: "'unknown'",
            reason: "'reason-' || (i % 10)",
            attempts: "i % 1000",
        ]),
        table!("error_groups", GROUPS, [
            id: sql.group("i"),
            provider: "'google'",
            operation: "'insert'",
            reason: "'google_unavailable'",
            http_status: "503",
            state: "'open'",
            errors: attempts / FAILED / GROUPS,
            affected_users: connections / 10,
            first_seen: sql.ago(30),
            last_seen: sql.spread(30, GROUPS),
        ]),
        table!("error_group_users", GROUPS * (connections / 10), [
            group_id: sql.group(&format!("i % {GROUPS}")),
            user_id: sql.user(&format!("i / {GROUPS} * 10")),
        ]),
    ]
}

/// What the platform is told, and what admins did; of the deliveries one in 50 waits.
fn feed(sql: &Sql, Sizes { connections, .. }: Sizes) -> Vec<Table> {
    let (rows, user) = (connections * 2, sql.user(&sql.random(4, connections)));
    let at = sql.spread(30, rows);
    vec![
        table!("changes", rows, [
            id: sql.id(&at),
            position: "i + 1",
            at: format!("{at} + i"),
            user_id: user,
            change: "'connected'",
            outcome: "'accepted'",
            before: "'{}'",
            after: "'{\"provider\": \"google\", \"state\": \"active\"}'",
        ]),
        table!("webhook_deliveries", rows, [
            id: sql.id(&at),
            at: format!("{at} + i"),
            type: "'connection.connected'",
            stream: format!("'google:' || {user}"),
            user_id: user,
            state: "CASE WHEN i % 50 = 0 THEN 'waiting' WHEN i % 50 = 1 THEN 'failed' ELSE 'delivered' END",
            is_replay: "FALSE",
            due_at: at,
            attempts: "1",
            attempted_at: at,
            http_status: "200",
            failures: "0",
            lease_until: "0",
            fence: "1",
        ]),
        table!("webhook_endpoint", 1, [id: "1", url_hash: "'hash'",]),
        table!("admin_audit_logs", connections, [
            id: sql.id(&sql.spread(90, connections)),
            admin_id: "'kim'",
            action: "'integration.disconnect'",
            target_id: sql.user(&sql.random(5, connections)),
            note: "'Asked for by mail.'",
            metadata: "'{}'",
            created_at: sql.spread(90, connections),
        ]),
    ]
}

//! Many rows in one statement. What a statement costs is the way to the database and back, on
//! SQLite's thread as on Postgres' socket; the rows themselves are cheap.

/// Lengths of runs, longest first. Few lengths make few texts, so that each stays prepared; the
/// longest keeps a statement's values well under what either database takes.
const LENGTHS: [usize; 7] = [64, 32, 16, 8, 4, 2, 1];

/// Cuts `rows` into runs of those lengths, in order.
pub(crate) fn runs<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let length = LENGTHS.into_iter().find(|length| *length <= rows.len())?;
        let (run, rest) = rows.split_at(length);
        rows = rest;
        Some(run)
    })
}

/// Runs a statement for a run of rows: `start`, a list of values for each row, `end`.
macro_rules! execute_rows {
    ($tx:expr, $start:expr, $run:expr, |$values:ident, $row:pat_param| $bind:expr, $end:expr $(,)?) => {
        $crate::db::on!($tx, |c| {
            let mut query = sqlx::QueryBuilder::new($start);
            query.push_values($run, |mut $values, $row| {
                $bind;
            });
            query.push($end);
            query.build().execute(c).await.map(drop)
        })
    };
}
pub(crate) use execute_rows;

#[cfg(test)]
mod tests {
    use super::runs;

    #[test]
    fn runs_hold_all_rows_in_order() {
        let rows: Vec<usize> = (0..2 * 64 + 32 + 4 + 3).collect();
        let lengths: Vec<usize> = runs(&rows).map(<[_]>::len).collect();
        assert_eq!(lengths, [64, 64, 32, 4, 2, 1]);
        assert_eq!(runs(&rows).flatten().copied().collect::<Vec<_>>(), rows);
        assert_eq!(runs::<usize>(&[]).count(), 0);
    }
}

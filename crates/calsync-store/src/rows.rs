//! Rows: how one is read into a struct, and how many are written in one statement. What a statement
//! costs is the way to the database and back, on SQLite's thread as on Postgres' socket; the rows
//! themselves are cheap.

use crate::{Result, StoreError};

/// Lengths of batches, longest first: up to 16 rows take two statements at most. Few lengths make few texts, so
/// that each stays prepared; the longest keeps a statement's values well under what either database takes.
const LENGTHS: [usize; 10] = [64, 32, 16, 12, 8, 6, 4, 3, 2, 1];

/// Cuts `rows` into batches of those lengths, in order.
pub(crate) fn batches<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let length = LENGTHS.into_iter().find(|length| *length <= rows.len())?;
        let (batch, rest) = rows.split_at(length);
        rows = rest;
        Some(batch)
    })
}

/// Runs a statement for a batch of rows: `start`, a list of values for each row, `end`. Answers the number of
/// rows that it changed.
macro_rules! execute_rows {
    ($tx:expr, $start:expr, $batch:expr, |$values:ident, $row:pat_param| $bind:expr, $end:expr $(,)?) => {
        $crate::db::on!($tx, |c| {
            let mut query = sqlx::QueryBuilder::new($start);
            query.push_values($batch, |mut $values, $row| {
                $bind;
            });
            query.push($end);
            query.build().execute(c).await.map(|done| done.rows_affected())
        })
    };
}

/// Defines a struct that is read from a row by the names of its columns, on both databases. The
/// fields after `..` are such structs themselves and take their columns from the same row.
///
/// sqlx's `FromRow` derive does the same, but its proc macro links both database drivers: whoever
/// builds calsync would compile them twice.
macro_rules! row {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $($(#[$field_meta:meta])* $field_vis:vis $field:ident: $type:ty,)*
            $(.. $($part:ident: $part_type:ty,)*)?
        }
    ) => {
        $(#[$meta])*
        $vis struct $name {
            $($(#[$field_meta])* $field_vis $field: $type,)*
            $($($part: $part_type,)*)?
        }

        impl<'r, R: sqlx::Row> sqlx::FromRow<'r, R> for $name
        where
            &'static str: sqlx::ColumnIndex<R>,
            $($type: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,)*
            $($($part_type: sqlx::FromRow<'r, R>,)*)?
        {
            fn from_row(row: &'r R) -> std::result::Result<Self, sqlx::Error> {
                Ok(Self {
                    $($field: row.try_get(stringify!($field))?,)*
                    $($($part: sqlx::FromRow::from_row(row)?,)*)?
                })
            }
        }
    };
}
pub(crate) use {execute_rows, row};

/// That a statement changed each of the `wanted` rows that it was for. Whoever finds fewer must not go on as if
/// all were written.
pub(crate) fn all_changed(table: &'static str, changed: u64, wanted: usize) -> Result<()> {
    match u64::try_from(wanted) == Ok(changed) {
        true => Ok(()),
        false => Err(StoreError::RowsMissing { table, changed, wanted }),
    }
}

/// A stored value, or `instead` where it can't be read: that is told in the log, and takes nothing else of
/// its row, and no other row, with it.
pub(crate) fn or_else<T>(value: Option<T>, corrupt: StoreError, instead: T) -> T {
    value.unwrap_or_else(|| {
        corrupt.log();
        instead
    })
}

/// Reads each of `rows`. One that can't be read is told in the log and left out.
pub(crate) fn readable<R, T>(rows: Vec<R>, read: impl Fn(R) -> Result<T>) -> Result<Vec<T>> {
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        match read(row) {
            Ok(one) => found.push(one),
            Err(error @ StoreError::Corrupt { .. }) => error.log(),
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::batches;

    #[test]
    fn batches_hold_all_rows_in_order() {
        let rows: Vec<usize> = (0..2 * 64 + 32 + 12 + 3).collect();
        let lengths: Vec<usize> = batches(&rows).map(<[_]>::len).collect();
        assert_eq!(lengths, [64, 64, 32, 12, 3]);
        assert_eq!(batches(&rows).flatten().copied().collect::<Vec<_>>(), rows);
        assert_eq!(batches::<usize>(&[]).count(), 0);
        assert!((1..=16).all(|rows| batches(&vec![(); rows]).count() <= 2));
    }
}

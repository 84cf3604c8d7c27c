//! The system's limit on open files, which connections share with the database and with the calls to
//! Google: it is raised as far as it goes, and so many stay out of the connections' reach.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is kept for all but connections: 100 calls at once, the databases' connections and files, logs.
const KEPT: u64 = 512;

/// How many connections may be open: `wanted`, or as many as the system leaves room for.
pub(crate) fn connections_max(wanted: usize) -> usize {
    let limit = raise();
    let room = limit.map_or(usize::MAX, room);
    if room < wanted {
        tracing::warn!(
            limit,
            connections = room,
            "the limit on open files is low: fewer connections are taken; raise it with ulimit -n or LimitNOFILE"
        );
    }
    wanted.min(room)
}

/// Raises the soft limit to the hard one; answers what holds then, none if nothing does.
fn raise() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    if raised.is_ok() { maximum } else { current }
}

/// The part of `limit` that connections may take: at least half of a limit that is very low.
fn room(limit: u64) -> usize {
    usize::try_from(limit.saturating_sub(KEPT).max(limit / 2)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_kept_for_the_worker() {
        assert_eq!(room(4_096), 3_584);
        assert_eq!(room(1_024), 512);
        assert_eq!(room(256), 128);
        assert!(connections_max(64) <= 64);
    }
}

# Keeps a throwaway Postgres cluster running until standard input closes, then
# removes it: the kernel closes that pipe however the test process ends.
# $1: folder of Postgres' programs. $2: empty folder for the cluster. $3: port.
# Prints "ready" when connections are accepted, else the reason.

programs=$1 folder=$2 port=$3
cd "$folder" || exit 1

as_postgres() { "$@"; }
if [ "$(id -u)" = 0 ]; then # Postgres refuses to run as root
    chown postgres "$folder"
    as_postgres() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }
fi

create() {
    # --no-sync only hurries the making; the server itself runs with fsync on
    as_postgres "$programs/initdb" --pgdata=data --username=postgres --auth=trust \
        --locale=C.UTF-8 --encoding=UTF8 --no-sync >initdb.log 2>&1 &&
        cat >>data/postgresql.conf <<END
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = ''
max_connections = 200
END
}

start() {
    as_postgres "$programs/pg_ctl" start --pgdata=data --log=data/server.log --wait >pg_ctl.log 2>&1
}

if create && start; then echo ready; else tail -n 20 ./*.log data/server.log; fi
cat >/dev/null
as_postgres "$programs/pg_ctl" stop --pgdata=data --mode=immediate >/dev/null 2>&1
rm -rf "$folder"

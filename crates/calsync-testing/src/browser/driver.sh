# Runs chromedriver, and the Chromium that it starts, until standard input closes:
# the kernel closes that pipe however the test process ends. What they wrote goes too.
# $1: chromedriver. $2: an empty folder for profiles and the like.
# Prints what chromedriver prints.

export HOME="$2" TMPDIR="$2"
setsid "$1" --port=0 &
driver=$! # also the id of its process group, in which Chromium is
exec >/dev/null # what it prints ends with it
cat
kill -s KILL -- "-$driver"
until rm -rf "$2" 2>/dev/null; do sleep 0.1; done

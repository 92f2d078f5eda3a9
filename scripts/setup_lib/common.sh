# Shared by all scripts (sourced): where things are, and how to say what happens.
# Written for bash 3.2 on, so that the bash of macOS will do.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CACHE=${VTRACK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vtrack-nvr}
LIB=$ROOT/scripts/setup_lib
TEST_PYTHON=$ROOT/.venv/bin/python
PYTHON_WANTED='>=3.14.2,<3.15'

mkdir -p "$CACHE/bin" "$CACHE/log"
# A stand-in for a missing program (ffmpeg from a wheel) comes last on the path.
PATH=$PATH:$CACHE/bin
export PATH ROOT CACHE
unset VIRTUAL_ENV CONDA_PREFIX PYTHONHOME PYTHONPATH
# Home Assistant takes seconds to compile. Each of hundreds of processes would do so anew
# where the environment says that nothing is to be written.
unset PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX=$CACHE/bytecode

say() { printf '%s\n' "· $*" >&2; }
fail() {
  printf '%s\n' "✗ $*" >&2
  exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" = 0 ]; }

# quietly LOG COMMAND...: run with output into a log; show its end if it fails.
quietly() {
  local log=$1 status=0
  shift
  mkdir -p "$(dirname "$log")"
  "$@" >"$log" 2>&1 || status=$?
  if [ "$status" != 0 ]; then
    say "failed ($status): $1; the end of $log:"
    tail -n 15 "$log" >&2
  fi
  return "$status"
}

. "$LIB/apt.sh"
. "$LIB/python.sh"
. "$LIB/ffmpeg.sh"
. "$LIB/environment.sh"
. "$LIB/frontend.sh"

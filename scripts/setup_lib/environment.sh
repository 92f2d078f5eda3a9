# The two environments (sourced): .venv for tests, and one outside the clone for the demo.

# What is installed has the hashes in pinned/*.txt; scripts/pin makes them from requirements_*.txt.
PINNED=$LIB/pinned

# ensure_test_environment: .venv with exactly what requirements_test.txt says.
ensure_test_environment() {
  local stamp=$ROOT/.venv/requirements.installed
  if [ -x "$TEST_PYTHON" ] && cmp -s "$PINNED/test.txt" "$stamp" &&
    "$TEST_PYTHON" -c '' 2>/dev/null; then
    have ffmpeg || find_ffmpeg || fail "ffmpeg is needed and could not be had"
    return 0
  fi
  find_python
  find_ffmpeg || fail "ffmpeg is needed and could not be had"
  say "Preparing .venv ($("$PYTHON" --version))"
  "$TEST_PYTHON" -c '' 2>/dev/null ||
    quietly "$CACHE/log/venv.log" "$UV" venv --clear --python "$PYTHON" "$ROOT/.venv" ||
    fail "the environment for tests could not be made"
  CPATH=$(python_headers "$PYTHON")${CPATH:+:$CPATH} \
    quietly "$CACHE/log/requirements.log" "$UV" pip install --python "$TEST_PYTHON" \
    --require-hashes -r "$PINNED/test.txt" || fail "the packages for tests could not be installed"
  cp "$PINNED/test.txt" "$stamp"
}

# ensure_core_environment: set CORE_PYTHON; what the core needs, and no Home Assistant.
ensure_core_environment() {
  local folder=$CACHE/core stamp=$CACHE/core/requirements.installed
  CORE_PYTHON=$folder/bin/python
  if [ -x "$CORE_PYTHON" ] && "$CORE_PYTHON" -c '' 2>/dev/null &&
    cmp -s "$PINNED/core.txt" "$stamp"; then
    return 0
  fi
  find_python
  find_ffmpeg || fail "ffmpeg is needed and could not be had"
  say "Preparing an environment without Home Assistant"
  quietly "$CACHE/log/core-venv.log" "$UV" venv --clear --python "$PYTHON" "$folder" &&
    quietly "$CACHE/log/core.log" "$UV" pip install --python "$CORE_PYTHON" \
      --require-hashes -r "$PINNED/core.txt" || fail "the packages for the core could not be installed"
  cp "$PINNED/core.txt" "$stamp"
}

# newest_home_assistant: print the newest version; asked once a day, the last answer if offline.
newest_home_assistant() {
  local answer=$CACHE/home-assistant.version version
  if [ -z "$(find "$answer" -mtime -1 2>/dev/null)" ]; then
    version=$(echo homeassistant | "$UV" pip compile - --no-deps --no-header -q \
      --python "$PYTHON" 2>/dev/null | sed -n 's/^homeassistant==//p')
    [ -n "$version" ] && echo "$version" >"$answer"
  fi
  cat "$answer" 2>/dev/null
}

# ensure_demo_environment: set DEMO_PYTHON; the newest HA and all it would fetch at its start.
ensure_demo_environment() {
  local version folder manifest=$ROOT/custom_components/vtrack_nvr/manifest.json
  find_python
  version=${VTRACK_HA_VERSION:-$(newest_home_assistant)}
  [ -n "$version" ] || fail "no version of Home Assistant could be found"
  folder=$CACHE/demo-$version
  DEMO_PYTHON=$folder/bin/python
  export DEMO_PYTHON
  if [ -x "$DEMO_PYTHON" ] && "$DEMO_PYTHON" -c '' 2>/dev/null &&
    [ "$(first_start_stamp)" = "$(cat "$folder/first-start.installed" 2>/dev/null)" ]; then
    return 0
  fi
  say "Preparing an environment with Home Assistant $version (once)"
  "$DEMO_PYTHON" -c '' 2>/dev/null ||
    quietly "$CACHE/log/demo-venv.log" "$UV" venv --clear --python "$PYTHON" "$folder" ||
    fail "the environment for the demo could not be made"
  quietly "$CACHE/log/demo-ha.log" "$UV" pip install --python "$DEMO_PYTHON" \
    "homeassistant==$version" || fail "Home Assistant could not be installed"
  say "Installing what Home Assistant would fetch at its first start"
  quietly "$CACHE/log/demo-list.log" "$DEMO_PYTHON" "$LIB/first_start.py" "$manifest" \
    "$folder/first-start.txt" || fail "the packages of the first start are not known"
  quietly "$CACHE/log/demo-first-start.log" "$UV" pip install --python "$DEMO_PYTHON" \
    --constraint "$("$DEMO_PYTHON" -c 'import homeassistant, pathlib
print(pathlib.Path(homeassistant.__file__).parent / "package_constraints.txt")')" \
    -r "$folder/first-start.txt" || fail "the packages of the first start could not be installed"
  install_speech_packages "$folder"
  first_start_stamp >"$folder/first-start.installed"
}

# What decides which packages the first start would fetch; our version does not.
first_start_stamp() {
  grep -v '"version"' "$ROOT/custom_components/vtrack_nvr/manifest.json"
  cat "$LIB/first_start.py"
}

# Two packages that compile. Without them the frontend never leaves its loading screen.
install_speech_packages() {
  say "Building the two speech packages"
  if CPATH=$(python_headers "$PYTHON")${CPATH:+:$CPATH} quietly "$CACHE/log/demo-speech.log" \
    "$UV" pip install --python "$1/bin/python" -r "$1/first-start-compiled.txt"; then
    return 0
  fi
  say "They did not build (no compiler?): stand-ins take their place; voice is off in the demo"
  "$1/bin/python" "$LIB/speech_stand_ins.py"
}

# ensure_newest_environment: set NEWEST_PYTHON; the tests' packages with the newest HA.
# The package of Home Assistant's own tests wants an older one: what it pins of HA is overridden.
ensure_newest_environment() {
  local version folder wanted
  ensure_demo_environment
  version=$("$DEMO_PYTHON" -c 'import homeassistant.const as c; print(c.__version__)')
  folder=$CACHE/newest-$version
  NEWEST_PYTHON=$folder/bin/python
  wanted=$(cat "$ROOT/requirements_test.txt" "$CACHE/demo-$version/first-start.txt")
  if [ -x "$NEWEST_PYTHON" ] && "$NEWEST_PYTHON" -c '' 2>/dev/null &&
    [ "$wanted" = "$(cat "$folder/requirements.installed" 2>/dev/null)" ]; then
    return 0
  fi
  say "Preparing an environment for tests with Home Assistant $version (once)"
  quietly "$CACHE/log/newest-venv.log" "$UV" venv --clear --python "$PYTHON" "$folder" ||
    fail "the environment for tests could not be made"
  grep -Ev '^(homeassistant|home-assistant-frontend|mypy|ruff)==' "$ROOT/requirements_test.txt" \
    >"$folder/requirements.txt"
  cat "$CACHE/demo-$version/first-start.txt" >>"$folder/requirements.txt"
  { echo "homeassistant==$version"; grep '^aiohasupervisor==' "$folder/requirements.txt"; } \
    >"$folder/overrides.txt"
  CPATH=$(python_headers "$PYTHON")${CPATH:+:$CPATH} \
    quietly "$CACHE/log/newest.log" "$UV" pip install --python "$NEWEST_PYTHON" \
    -r "$folder/requirements.txt" --override "$folder/overrides.txt" ||
    fail "the packages for tests could not be installed"
  printf '%s\n' "$wanted" >"$folder/requirements.installed"
}

# ensure_browser_environment: set BROWSER_PYTHON, which drives a browser with Playwright.
ensure_browser_environment() {
  BROWSER=$CACHE/browser
  BROWSER_PYTHON=$BROWSER/bin/python
  if ! cmp -s "$PINNED/browser.txt" "$BROWSER/requirements.installed"; then
    find_python
    say "Preparing an environment for the browser (once)"
    quietly "$CACHE/log/browser.log" "$UV" venv --clear --python "$PYTHON" "$BROWSER" &&
      quietly "$CACHE/log/browser.log" "$UV" pip install --python "$BROWSER_PYTHON" \
        --require-hashes -r "$PINNED/browser.txt" ||
      fail "the environment for the browser could not be made"
    cp "$PINNED/browser.txt" "$BROWSER/requirements.installed"
  fi
  export BROWSER_PYTHON
}

# install_peers: what benchmarks measure beside ours, if it is there.
install_peers() {
  is_root && have apt-get || fail "needs apt-get and the rights of root"
  quietly "$CACHE/log/peers.log" env DEBIAN_FRONTEND=noninteractive apt-get install -y \
    --no-install-recommends chromium nginx-light gstreamer1.0-tools gstreamer1.0-rtsp \
    gstreamer1.0-plugins-good gstreamer1.0-plugins-bad || fail "they could not be installed"
}

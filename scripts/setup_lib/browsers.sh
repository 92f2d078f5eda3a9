# Browsers that show clips, and the tests that watch them (sourced).
# Debian's packages; WebKitGTK with libav's decoders is the nearest to Safari that runs on Linux.
BROWSER_PACKAGES="chromium firefox-esr webkit2gtk-driver xvfb gstreamer1.0-libav gstreamer1.0-plugins-good"

# watch_playback [--install] [chromium|firefox|webkit]...: all that are named, or all there are.
watch_playback() {
  if [ "${1:-}" = --install ]; then
    shift
    have apt-get || fail "--install needs apt-get: install $BROWSER_PACKAGES"
    is_root || fail "--install needs the rights of root: install $BROWSER_PACKAGES"
    # shellcheck disable=SC2086  # names of packages
    quietly "$CACHE/log/browsers.log" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $BROWSER_PACKAGES ||
      fail "the browsers could not be installed"
  fi
  ensure_test_environment
  local chosen=$*
  [ -n "$chosen" ] || chosen=$(PYTHONPATH=$ROOT "$TEST_PYTHON" -m scripts.browser_lib.engines)
  [ -n "$chosen" ] || fail "no browser here: scripts/browser --playback --install"
  say "Watching clips in $chosen"
  cd "$ROOT"
  BROWSERS=$chosen "$TEST_PYTHON" -m pytest -q -rA -m browser tests/browser
}

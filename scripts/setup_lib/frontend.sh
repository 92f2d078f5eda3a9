# The frontend's packages, from package-lock.json; the download cache lies outside the clone.

FRONTEND=$ROOT/frontend
export npm_config_cache=$CACHE/npm
export npm_config_update_notifier=false

ensure_frontend_environment() {
  have npm || fail "Node.js 20.19 or newer with npm is needed for frontend/ (nodejs.org)"
  local wanted installed
  wanted=$(node --version)-$(cksum <"$FRONTEND/package-lock.json")
  installed=$(cat "$FRONTEND/node_modules/.vtrack-nvr" 2>/dev/null || true)
  [ "$wanted" = "$installed" ] && return
  say "installing the frontend's packages"
  (cd "$FRONTEND" && quietly "$CACHE/log/npm-ci.log" npm ci --prefer-offline) || fail "npm ci failed"
  printf '%s\n' "$wanted" >"$FRONTEND/node_modules/.vtrack-nvr"
}

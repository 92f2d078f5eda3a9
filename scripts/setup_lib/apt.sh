# Packages of a newer Debian suite, unpacked into a folder of ours (sourced).
# Nothing is installed into the system, so no rights of root are needed.

# Print the mirrors the system itself uses, one a line.
apt_mirrors() {
  {
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
      awk '$1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /^https?:/) { print $i; break } }'
    cat /etc/apt/sources.list.d/*.sources 2>/dev/null |
      awk '$1 == "URIs:" { for (i = 2; i <= NF; i++) print $i }'
  } | grep -v -i security | awk '!seen[$0]++'
}

# apt_unpack SUITE FOLDER PACKAGE...: unpack these packages of that suite into FOLDER.
apt_unpack() {
  local suite=$1 target=$2 mirror key work options deb
  shift 2
  have apt-get && have dpkg-deb || return 1
  key=$(ls /usr/share/keyrings/debian-archive-keyring.* 2>/dev/null | head -n 1)
  [ -n "$key" ] || return 1
  work=$(mktemp -d "$CACHE/apt.XXXXXX")
  mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/debs"
  options=(
    -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State=$work/state" -o Dir::State::status=/var/lib/dpkg/status
    -o "Dir::Cache=$work/cache" -o Debug::NoLocking=1
    -o Acquire::Languages=none -o Acquire::Check-Valid-Until=false -o Acquire::Retries=3
    -o APT::Update::Error-Mode=any
  )
  # As root, apt would drop to a user who may not write into our folder.
  is_root && options+=(-o APT::Sandbox::User=root)
  for mirror in $(apt_mirrors); do
    echo "deb [signed-by=$key] $mirror $suite main" >"$work/sources.list"
    apt-get "${options[@]}" update || continue
    (cd "$work/debs" && apt-get "${options[@]}" download "$@") || continue
    mkdir -p "$target"
    for deb in "$work/debs"/*.deb; do dpkg-deb -x "$deb" "$target" || return 1; done
    rm -rf "$work"
    return 0
  done
  rm -rf "$work"
  return 1
}

# ffmpeg (sourced): the system's, else installed by root, else one from a wheel.

find_ffmpeg() {
  local binary
  have ffmpeg && return 0
  if is_root && have apt-get; then
    say "Installing ffmpeg"
    quietly "$CACHE/log/ffmpeg-apt.log" install_ffmpeg_with_apt && have ffmpeg && return 0
  fi
  say "Fetching ffmpeg from a wheel"
  find_python
  quietly "$CACHE/log/ffmpeg-wheel.log" "$UV" pip install --python "$PYTHON" \
    --target "$CACHE/ffmpeg" \
    --require-hashes -r "$LIB/pinned/imageio-ffmpeg.txt" || return 1
  binary=$(find "$CACHE/ffmpeg/imageio_ffmpeg/binaries" -name 'ffmpeg-*' -type f | head -n 1)
  [ -n "$binary" ] || return 1
  chmod +x "$binary"
  ln -sf "$binary" "$CACHE/bin/ffmpeg"
  have ffmpeg
}

install_ffmpeg_with_apt() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get install -y --no-install-recommends ffmpeg ||
    { apt-get update && apt-get install -y --no-install-recommends ffmpeg; }
}

#!/usr/bin/env bash
# Install tinydigits as a service on Raspberry Pi OS or Debian 12, whose own ONNX Runtime is missing;
# on Debian 13 take the .deb, but on a Raspberry Pi 3, 4 or Zero 2 W. docs/install.md has the rest.
#
#   sudo ./install.sh [--with mqtt,web] [--wheels FOLDER] [WHEEL]
#                                                 install, or upgrade: it may be run again at any time
#   sudo ./install.sh --uninstall                 remove it, but keep what was configured and learned
#   sudo ./install.sh --purge                     remove that too
#
# WHEEL is a file of dist/; without it one is made of this folder. What it needs comes from the package
# index, or from FOLDER alone, where there is no network. What these outputs need is installed only
# --with them; upgrades keep it until they are told otherwise, as --with none.
set -euo pipefail
umask 022

here=$(cd "$(dirname "$0")" && pwd)
home=/opt/tinydigits
unit=/etc/systemd/system/tinydigits.service
command=/usr/local/bin/tinydigits
config=/etc/tinydigits/config.toml
state=(/var/lib/tinydigits /var/lib/private/tinydigits) # the first may be a link to the second

say() { echo "install.sh: $*"; }
fail() { say "$*" >&2; exit 2; }

remove() {
  say "removing the service and $home"
  if [ -e "$unit" ]; then
    systemctl --quiet disable --now tinydigits.service || true
  fi
  rm -rf "$unit" "$home" "$command"
  systemctl daemon-reload
  systemctl reset-failed tinydigits.service 2> /dev/null || true
}

check_machine() {
  [ "$(id -u)" = 0 ] || fail "it needs root: sudo $0"
  [ -d /run/systemd/system ] || fail "systemd doesn't run here"
  [ "$(getconf LONG_BIT)" = 64 ] || fail "this system has 32 bits, for which there is no ONNX Runtime"
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Python 3.11 is needed, which comes with Debian 12"
}

install_packages() {
  local package wanted=() missing=()
  wanted=(python3-venv python3-numpy python3-pil)
  # Picamera2 is only in the archive of Raspberry Pi OS
  if apt-cache show python3-picamera2 > /dev/null 2>&1; then
    wanted+=(python3-picamera2)
  fi
  for package in "${wanted[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null)" = installed ] ||
      missing+=("$package")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    say "installing ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
  fi
}

# beside the one in use, which goes on until the new one is whole
install_program() { # WHAT EXTRAS PIP-OPTION...
  local new old what=$1 extras=$2
  shift 2
  mkdir -p "$home"
  new=$(mktemp -d "$home/venv-XXXXXX")
  chmod 755 "$new"
  trap 'rm -rf "$new"' EXIT
  if [ -z "$extras" ]; then extras=$(cat "$home/venv/with" 2> /dev/null || true); fi
  if [ "$extras" = none ]; then extras=; fi
  say "installing ${what##*/}${extras:+ with $extras} into $new"
  python3 -m venv --system-site-packages "$new"
  # other ones than the system's would break its Picamera2
  /usr/bin/python3 -c 'import numpy, PIL
print(f"numpy=={numpy.__version__}\npillow=={PIL.__version__}")' > "$new/system.txt"
  # 1.21, which may be the system's, doesn't run on processors without half-precision arithmetic
  if grep -q '^Features' /proc/cpuinfo && ! grep -q '^Features.* asimdhp' /proc/cpuinfo; then
    echo 'onnxruntime>=1.22' >> "$new/system.txt"
  fi
  "$new/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir \
    --root-user-action ignore --constraint "$new/system.txt" "$@" "$what${extras:+[$extras]}"
  echo "$extras" > "$new/with"
  install -D -m 755 -t "$new/libexec" "$here/systemd/pause"
  say "installed $("$new/bin/tinydigits" --version)"
  ln -s "${new##*/}" "$home/venv.new"
  mv --no-target-directory "$home/venv.new" "$home/venv"
  trap - EXIT
  for old in "$home"/venv-*; do
    [ "$old" = "$new" ] || rm -rf "$old"
  done
  ln -sf "$home/venv/bin/tinydigits" "$command"
}

install_service() {
  sed -e "s:/usr/bin/tinydigits:$home/venv/bin/tinydigits:" \
    -e "s:/usr/libexec/tinydigits:$home/venv/libexec:" \
    "$here/systemd/tinydigits.service" > "$unit.new"
  mv "$unit.new" "$unit"
  if [ -e "$config" ]; then
    say "$config stays as it is"
  else
    install -D -m 644 "$here/packaging/config.toml" "$config"
    say "$config says what is read: this computer's own camera"
  fi
  systemctl daemon-reload
  systemctl --quiet enable tinydigits.service
  # without a camera it goes on trying, which nobody has to wait for
  if timeout 10 systemctl restart tinydigits.service; then
    say "the service is reading"
  else
    say "tinydigits reads no frame yet: journalctl -u tinydigits says why"
  fi
}

wheel=$here
sources=()
extras=
while [ $# -gt 0 ]; do
  case $1 in
    --uninstall)
      check_machine
      remove
      say "kept: ${config%/*} and ${state[0]}"
      exit 0
      ;;
    --purge)
      check_machine
      remove
      rm -rf "${config%/*}" "$unit.d" "${state[@]}"
      exit 0
      ;;
    --wheels)
      [ $# -gt 1 ] || fail "--wheels takes a folder"
      sources=(--no-index --find-links "$2")
      shift
      ;;
    --with)
      [[ ,${2:-}, =~ ^(,(mqtt|web))+,$ || ${2:-} = none ]] || fail "--with takes mqtt, web, mqtt,web or none"
      extras=$2
      shift
      ;;
    -*)
      sed -n '2,/^set/{s/^# \?//p}' "$0"
      exit 2
      ;;
    *) wheel=$1 ;;
  esac
  shift
done
[ -e "$wheel" ] || fail "there is no $wheel"
check_machine
install_packages
install_program "$wheel" "$extras" "${sources[@]}"
install_service
